//! CRC32c (RFC 4960, appendix B), bit by bit: a header is short and comes once a connection.

/// The polynomial, reflected.
const POLYNOMIAL: u32 = 0x82f6_3b78;

/// A checksum under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Crc(u32);

impl Crc {
    pub(super) const fn new() -> Crc {
        Crc(!0)
    }

    pub(super) fn add(self, bytes: &[u8]) -> Crc {
        let bits = bytes.iter().fold(self.0, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
                crc >> 1 ^ if crc & 1 == 1 { POLYNOMIAL } else { 0 }
            })
        });
        Crc(bits)
    }

    pub(super) const fn sum(self) -> u32 {
        !self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 3720, B.4, and the check value that every catalogue has.
    #[test]
    fn published_sums() {
        for (bytes, sum) in [
            (&b"123456789"[..], 0xe306_9283),
            (&[0; 32], 0x8a91_36aa),
            (&[0xff; 32], 0x62a8_ab43),
        ] {
            assert_eq!(Crc::new().add(bytes).sum(), sum);
            let (a, b) = bytes.split_at(5);
            assert_eq!(Crc::new().add(a).add(b).sum(), sum);
        }
    }
}

//! Slices cut into records: what lies in one piece is taken as it lies, small pieces are joined.

use std::io::IoSlice;

/// The most plaintext a record carries.
pub(super) const RECORD_BYTES: usize = 16 * 1024;

/// What is left of the caller's slices.
#[derive(Debug)]
pub(super) struct Chunks<'a> {
    bufs: &'a [IoSlice<'a>],
    /// Bytes of the first that are gone.
    gone: usize,
}

impl<'a> Chunks<'a> {
    pub(super) fn new(bufs: &'a [IoSlice<'a>]) -> Chunks<'a> {
        Chunks { bufs, gone: 0 }
    }

    /// The plaintext of the next record; empty at the end. `joined` is where pieces are put
    /// together.
    pub(super) fn next<'b>(&mut self, joined: &'b mut Vec<u8>) -> &'b [u8]
    where
        'a: 'b,
    {
        joined.clear();
        loop {
            let piece = self.piece(RECORD_BYTES - joined.len());
            let more = self.bufs.iter().any(|buf| buf.len() > self.gone);
            if joined.is_empty() && (piece.len() == RECORD_BYTES || !more) {
                return piece;
            }
            joined.extend_from_slice(piece);
            if joined.len() == RECORD_BYTES || !more {
                return joined;
            }
        }
    }

    /// At most `most` bytes that lie in one piece; none at the end.
    fn piece(&mut self, most: usize) -> &'a [u8] {
        while let [first, rest @ ..] = self.bufs {
            let left = &first[self.gone..];
            if left.is_empty() {
                (self.bufs, self.gone) = (rest, 0);
                continue;
            }
            let piece = &left[..left.len().min(most)];
            self.gone += piece.len();
            if self.gone == first.len() {
                (self.bufs, self.gone) = (rest, 0);
            }
            return piece;
        }
        &[]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(sizes: &[usize]) -> Vec<usize> {
        let bytes: Vec<u8> = (0..200_000_u32).map(|n| n.to_le_bytes()[0]).collect();
        let mut rest = &bytes[..];
        let mut bufs = Vec::new();
        for size in sizes {
            let (buf, behind) = rest.split_at(*size);
            bufs.push(IoSlice::new(buf));
            rest = behind;
        }
        let (mut chunks, mut joined) = (Chunks::new(&bufs), Vec::new());
        let (mut lengths, mut seen) = (Vec::new(), Vec::new());
        loop {
            let chunk = chunks.next(&mut joined);
            if chunk.is_empty() {
                break;
            }
            lengths.push(chunk.len());
            seen.extend_from_slice(chunk);
        }
        assert_eq!(seen, bytes[..seen.len()], "every byte once, in order");
        assert_eq!(seen.len(), sizes.iter().sum::<usize>());
        lengths
    }

    #[test]
    fn records_are_full_but_for_the_last() {
        assert_eq!(cut(&[]), [0; 0]);
        assert_eq!(cut(&[0, 0]), [0; 0]);
        assert_eq!(cut(&[5, 0, 4]), [9]);
        assert_eq!(cut(&[16_384]), [16_384]);
        assert_eq!(cut(&[0, 16_385]), [16_384, 1]);
        assert_eq!(cut(&[100, 40_000]), [16_384, 16_384, 7_332]);
        assert_eq!(cut(&[40_000, 100]), [16_384, 16_384, 7_332]);
        assert_eq!(cut(&[1, 16_383, 1]), [16_384, 1]);
    }
}

//! Small text: the end of a section of lines, lists and numbers in, numbers out.
//!
//! Owns nothing. Never knows which message it works on.

use super::reject::Fault;
use alloc::vec::Vec;
use core::{fmt, net::IpAddr};

/// Where a section of lines ends: behind its empty line, or nowhere yet.
///
/// RFC 9112, 2.2 lets a recipient take a single LF for a line's end. Two recipients that differ
/// on it see two different messages: here it is refused.
pub(super) fn section_end(input: &[u8]) -> Result<Option<usize>, Fault> {
    let mut line = 0;
    while let Some(length) = memchr::memchr(b'\n', &input[line..]) {
        let lf = line + length;
        if length == 0 || input[lf - 1] != b'\r' {
            return Err(Fault::BareLf);
        }
        if length == 1 {
            return Ok(Some(lf + 1));
        }
        line = lf + 1;
    }
    Ok(None)
}

/// How many line feeds `text` has.
pub(super) fn line_feeds(text: &[u8]) -> usize {
    // Most heads are over before a search with wide registers has begun; a byte counts them.
    if text.len() > 192 {
        return memchr::memchr_iter(b'\n', text).count();
    }
    let count = |sum: u8, byte: &u8| sum + u8::from(*byte == b'\n');
    usize::from(text.iter().fold(0, count))
}

/// The elements of a comma-separated list, trimmed; empty ones too (RFC 9110, 5.6.1).
pub(super) fn elements(value: &[u8]) -> impl Iterator<Item = &[u8]> + Clone {
    value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii)
}

/// Whether `text` is a token: the form of names and methods (RFC 9110, 5.6.2).
#[must_use]
pub fn is_token(text: &[u8]) -> bool {
    let tchar = |b: &u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(b);
    !text.is_empty() && text.iter().all(tchar)
}

/// A number of decimal digits and nothing else: no sign, no space, no overflow.
pub(super) fn decimal(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_u64, |value, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        value.checked_mul(10)?.checked_add(digit)
    })
}

/// A limit as a count of bytes in memory.
pub(super) fn size(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}

/// Appends `number` in decimal.
pub(super) fn put_decimal(number: u64, out: &mut Vec<u8>) {
    // Most numbers are small, and have their place at once.
    match number {
        0..10 => out.push(digit(number)),
        10..100 => out.extend_from_slice(&[digit(number / 10), digit(number % 10)]),
        100..1000 => out.extend_from_slice(&[
            digit(number / 100),
            digit(number / 10 % 10),
            digit(number % 10),
        ]),
        1000.. => put_large(number, out),
    }
}

fn put_large(mut number: u64, out: &mut Vec<u8>) {
    let mut text = [0; 20];
    let mut at = text.len();
    while number > 0 {
        at -= 1;
        text[at] = digit(number % 10);
        number /= 10;
    }
    out.extend_from_slice(&text[at..]);
}

/// Appends `number` in hexadecimal.
pub(super) fn put_hex(mut number: usize, out: &mut Vec<u8>) {
    let start = out.len();
    loop {
        out.push(b"0123456789abcdef"[number & 15]);
        number >>= 4;
        if number == 0 {
            break;
        }
    }
    out[start..].reverse();
}

/// Appends one field line.
#[inline]
pub(super) fn put_field(name: &str, value: &[u8], out: &mut Vec<u8>) {
    out.reserve(name.len() + value.len() + 4);
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

/// Each number of an address with the dot behind it, and how many bytes that is.
static OCTETS: [([u8; 4], usize); 256] = {
    let mut all = [([b'.'; 4], 0); 256];
    let mut number = 0_u8;
    loop {
        let digits = [number / 100, number / 10 % 10, number % 10];
        let mut unit = match number {
            0..10 => 2,
            10..100 => 1,
            100.. => 0,
        };
        let (text, length) = &mut all[number as usize];
        while unit < digits.len() {
            text[*length] = b'0' + digits[unit];
            *length += 1;
            unit += 1;
        }
        *length += 1;
        if number == u8::MAX {
            break;
        }
        number += 1;
    }
    all
};

/// Appends an address: most are of four numbers, and those cost no formatting.
pub(super) fn put_address(address: IpAddr, out: &mut Vec<u8>) {
    match address {
        IpAddr::V4(address) => {
            let mut text = [0; b"255.255.255.255.".len()];
            let mut at = 0;
            for number in address.octets() {
                let (digits, length) = &OCTETS[usize::from(number)];
                text[at..at + 4].copy_from_slice(digits);
                at += length;
            }
            // Behind the last there is no dot.
            out.extend_from_slice(&text[..at - 1]);
        }
        IpAddr::V6(_) => put_display(address, out),
    }
}

/// Appends what has a written form.
fn put_display(what: impl fmt::Display, out: &mut Vec<u8>) {
    struct Text<'a>(&'a mut Vec<u8>);
    impl fmt::Write for Text<'_> {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0.extend_from_slice(text.as_bytes());
            Ok(())
        }
    }
    fmt::write(&mut Text(out), format_args!("{what}")).expect("memory takes every byte");
}

fn digit(below_ten: u64) -> u8 {
    b'0' + u8::try_from(below_ten).expect("a remainder of ten is below ten")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_survive_the_way_there_and_back() {
        let large = [4096, u64::from(u32::MAX), u64::MAX];
        for number in (0..2000).chain(large) {
            let mut text = Vec::new();
            put_decimal(number, &mut text);
            assert_eq!(decimal(&text), Some(number));
            assert_eq!(text, alloc::format!("{number}").as_bytes());
        }
        let mut text = Vec::new();
        put_hex(0, &mut text);
        put_hex(0xf00, &mut text);
        assert_eq!(text, b"0f00");
    }

    #[test]
    fn rfc9110_8_6_a_length_is_digits_only() {
        for text in [
            "",
            "+1",
            "-1",
            " 1",
            "1 ",
            "0x1",
            "1_0",
            "1.0",
            "18446744073709551616",
        ] {
            assert_eq!(decimal(text.as_bytes()), None, "{text:?}");
        }
        assert_eq!(decimal(b"007"), Some(7));
    }

    #[test]
    fn an_address_reads_as_it_always_does() {
        for text in [
            "127.0.0.1",
            "192.0.2.255",
            "10.20.0.9",
            "2001:db8::1",
            "::ffff:192.0.2.1",
        ] {
            let address: IpAddr = text.parse().unwrap();
            let mut out = Vec::new();
            put_address(address, &mut out);
            assert_eq!(out, text.as_bytes());
        }
        for number in 0..=255_u8 {
            let address = IpAddr::from([number, 255 - number, number, 255 - number]);
            let mut out = Vec::new();
            put_address(address, &mut out);
            assert_eq!(out, alloc::format!("{address}").as_bytes());
        }
    }

    #[test]
    fn line_feeds_are_counted_wherever_they_are() {
        let letters: Vec<u8> = (0..10_000_u32).map(|n| (n * n / 7 % 13) as u8).collect();
        for length in (0..300).chain([4096, 9999]) {
            for text in [&letters[..length], &letters[17..17 + length.min(9000)]] {
                let naive = text.iter().filter(|byte| **byte == b'\n').count();
                assert_eq!(line_feeds(text), naive, "{length}");
            }
        }
        let every = [b'\n'; 1000];
        for length in 0..=every.len() {
            assert_eq!(line_feeds(&every[..length]), length);
        }
    }

    #[test]
    fn rfc9112_2_2_a_section_ends_with_its_empty_line() {
        assert_eq!(section_end(b"a\r\n\r\nb"), Ok(Some(5)));
        assert_eq!(section_end(b"\r\n"), Ok(Some(2)));
        assert_eq!(section_end(b"a\r\n\r"), Ok(None));
        assert_eq!(section_end(b"a\n"), Err(Fault::BareLf));
        assert_eq!(section_end(b"a\r\n\n"), Err(Fault::BareLf));
    }
}

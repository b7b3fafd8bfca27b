//! How bytes from outside are written, so that no peer can forge a line, a field, or move a cursor.

use std::io::Write;

/// Inside a JSON string (RFC 8259, 7). What is not UTF-8 becomes U+FFFD.
pub(crate) fn json(bytes: &[u8], out: &mut Vec<u8>) {
    for chunk in bytes.utf8_chunks() {
        for sign in chunk.valid().chars() {
            match sign {
                '"' => out.extend_from_slice(b"\\\""),
                '\\' => out.extend_from_slice(b"\\\\"),
                // Not only the C0 controls: C1 and line separators move some terminals too.
                sign if sign.is_control() || matches!(sign, '\u{2028}' | '\u{2029}') => {
                    let _ = write!(out, "\\u{:04x}", u32::from(sign));
                }
                sign => out.extend_from_slice(sign.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        if !chunk.invalid().is_empty() {
            out.extend_from_slice("\u{fffd}".as_bytes());
        }
    }
}

/// Inside quotes of any other format: graphic ASCII and the space as they are, the rest as `\xNN`.
pub(super) fn quoted(bytes: &[u8], out: &mut Vec<u8>) {
    for byte in bytes {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', *byte]),
            b' '..=b'~' => out.push(*byte),
            _ => {
                let _ = write!(out, "\\x{byte:02x}");
            }
        }
    }
}

/// A value of logfmt: in quotes where it could be taken for something else.
pub(super) fn logfmt(bytes: &[u8], out: &mut Vec<u8>) {
    let plain = |byte: &u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\' | b'=');
    if !bytes.is_empty() && bytes.iter().all(plain) {
        out.extend_from_slice(bytes);
        return;
    }
    out.push(b'"');
    quoted(bytes, out);
    out.push(b'"');
}

/// A word among words: no space, no quotes; a dash for nothing.
pub(super) fn word(bytes: &[u8], out: &mut Vec<u8>) {
    if bytes.is_empty() {
        out.push(b'-');
    }
    for byte in bytes {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', *byte]),
            b'!'..=b'~' => out.push(*byte),
            _ => {
                let _ = write!(out, "\\x{byte:02x}");
            }
        }
    }
}

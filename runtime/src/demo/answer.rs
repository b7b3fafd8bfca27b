//! Whether an answer is whole, found out by other means than the proxy's own.

use super::origin::letter;

/// The body of an answer of known length, once all of it is there.
pub(super) fn counted(raw: &[u8]) -> Option<&[u8]> {
    let (head, body) = split(raw)?;
    let length: usize = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse().ok())?;
    (body.len() >= length).then_some(body)
}

/// Whether `raw` is an answer in chunks, with its last chunk, and its body the first `total`
/// letters.
pub(super) fn chunked_is_whole(raw: &[u8], total: usize) -> bool {
    let Some((head, mut rest)) = split(raw) else {
        return false;
    };
    if !head.starts_with("HTTP/1.1 200 ") {
        return false;
    }
    let mut seen = 0;
    loop {
        let Some((size, data)) = chunk(rest) else {
            return false;
        };
        if size == 0 {
            return seen == total && data == b"\r\n";
        }
        let (bytes, after) = data.split_at(size);
        let expected = (seen..seen + size).map(letter);
        if !bytes.iter().map(|byte| char::from(*byte)).eq(expected) {
            return false;
        }
        seen += size;
        rest = &after[2..];
    }
}

/// The size of the next chunk and what follows its first line, once all of the chunk is there.
fn chunk(rest: &[u8]) -> Option<(usize, &[u8])> {
    let end = rest.windows(2).position(|two| two == b"\r\n")?;
    let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).ok()?, 16).ok()?;
    let data = &rest[end + 2..];
    let closed = data.get(size..size.checked_add(2)?)? == b"\r\n";
    closed.then_some((size, data))
}

fn split(raw: &[u8]) -> Option<(&str, &[u8])> {
    let end = raw.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&raw[..end]).ok()?;
    Some((head, &raw[end + 4..]))
}

//! What an origin sends: heads and bodies that are ready before anyone asks.

use std::io;

/// What is kept of a body with its head, and what of the rest is sent at once.
const BLOCK: usize = 256 * 1024;

/// One answer.
struct Page {
    body: u64,
    /// Its first bytes, so that a small answer is one write.
    first: Vec<u8>,
    total: u64,
}

/// Every answer that was asked for so far.
pub(super) struct Pages {
    pages: Vec<Page>,
    block: Vec<u8>,
}

impl Pages {
    /// The answer without a head, and without an end: the bytes of a source.
    pub(super) const BARE: usize = 0;

    pub(super) fn new() -> Pages {
        let bare = Page {
            body: 0,
            first: Vec::new(),
            total: u64::MAX,
        };
        Pages {
            pages: vec![bare],
            block: vec![b'x'; BLOCK],
        }
    }

    /// The answer to an HTTP request: where it is, and how long.
    pub(super) fn find(&mut self, request: &[u8]) -> io::Result<(usize, u64)> {
        let body = number(request)?;
        let known = self.pages[1..].iter().position(|page| page.body == body);
        let at = known.map_or_else(|| self.make(body), |at| at + 1);
        Ok((at, self.pages[at].total))
    }

    fn make(&mut self, body: u64) -> usize {
        let head = format!(
            "HTTP/1.1 200 OK\r\nServer: origin\r\nDate: Mon, 01 Jan 2024 00:00:00 GMT\r\n\
             Content-Type: application/octet-stream\r\nContent-Length: {body}\r\n\r\n"
        );
        let mut first = head.into_bytes();
        let total = first.len() as u64 + body;
        first.extend_from_slice(self.bare(body));
        self.pages.push(Page { body, first, total });
        self.pages.len() - 1
    }

    fn bare(&self, bytes: u64) -> &[u8] {
        let count = usize::try_from(bytes).unwrap_or(BLOCK).min(BLOCK);
        &self.block[..count]
    }

    /// What comes next of an answer of which `left` bytes are still to be sent.
    pub(super) fn next(&self, at: usize, left: u64) -> &[u8] {
        let page = &self.pages[at];
        let sent = usize::try_from(page.total - left).unwrap_or(usize::MAX);
        page.first
            .get(sent..)
            .filter(|rest| !rest.is_empty())
            .unwrap_or_else(|| self.bare(left))
    }
}

/// The number in `GET /N`.
fn number(request: &[u8]) -> io::Result<u64> {
    let path = request
        .strip_prefix(b"GET /")
        .ok_or(io::ErrorKind::InvalidData)?;
    let digits = path.iter().take_while(|byte| byte.is_ascii_digit());
    Ok(digits.fold(0_u64, |sum, digit| {
        sum.saturating_mul(10)
            .saturating_add(u64::from(digit - b'0'))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_its_head_and_so_many_bytes() {
        let mut pages = Pages::new();
        for body in [0, 64, 1_000_000] {
            let request = format!("GET /{body} HTTP/1.1\r\n\r\n");
            let (at, total) = pages.find(request.as_bytes()).expect("a request");
            let mut sent = Vec::new();
            while (sent.len() as u64) < total {
                sent.extend_from_slice(pages.next(at, total - sent.len() as u64));
            }
            assert_eq!(sent.len() as u64, total);
            let head = sent.len() - usize::try_from(body).expect("it fits");
            assert!(sent[..head].ends_with(b"\r\n\r\n") && sent[head..].iter().all(|b| *b == b'x'));
        }
    }
}

//! What goes on as it came: written as one, not line by line.
//!
//! Owns the proof that what was received is what would be written: that the parts which were
//! understood stand in the text where a writer would have put them, with nothing else between. Never
//! decides what goes on.

use super::fields::{Field, Fields};
use super::room::{Block, place};
use super::text::put_field;
use super::{Forwarded, RequestHead, ResponseHead};
use alloc::vec::Vec;

/// What a request line ends with.
pub(super) const VERSION: &[u8] = b" HTTP/1.1\r\n";

/// Lines that go on as they came, one behind the other.
pub(super) struct Run<'a> {
    fields: &'a Fields<'a>,
    /// All fields are one block: what goes on is known by what does not.
    is_block: bool,
    from: usize,
    to: usize,
}

impl<'a> Run<'a> {
    /// Fields, of which the first is the next.
    pub(super) fn of(fields: &'a Fields<'a>) -> Self {
        let block = fields.block();
        let Block { from, to } = block.unwrap_or(Block { from: 0, to: 0 });
        Run {
            fields,
            is_block: block.is_some(),
            from,
            to,
        }
    }

    /// A whole request, and which of its fields is the next: request line and Host came as they would be
    /// written.
    pub(super) fn of_request(
        head: &'a RequestHead<'_>,
        forwarded: &Forwarded<'_>,
    ) -> Option<(Self, &'a [Field<'a>])> {
        let (first, rest) = head.fields.all().split_first()?;
        // RFC 9112, 3.2.2: the authority of a target would be written in place of Host.
        let same_host =
            first.name == "Host" && forwarded.host.is_none() && head.parts.authority.is_none();
        if !same_host || line_length(head, forwarded)? != head.fields.block()?.from {
            return None;
        }
        let run = Run::of(&head.fields);
        Some((Run { from: 0, ..run }, rest))
    }

    /// A whole response: its status line came as it would be written.
    pub(super) fn of_response(head: &'a ResponseHead<'_>) -> Option<Self> {
        let (text, reason) = (head.fields.text(), head.reason().as_bytes());
        let from = head.fields.block()?.from;
        // The status is three digits, or it would not have been understood.
        let at = b"HTTP/1.1 200 ".len();
        let same = text.starts_with(b"HTTP/1.1 ")
            && !reason.is_empty()
            && place(text, reason) == Some(at)
            && text[at - 1] == b' '
            && from == at + reason.len() + b"\r\n".len()
            && text[..from].ends_with(b"\r\n");
        same.then(|| Run {
            from: 0,
            ..Run::of(&head.fields)
        })
    }

    /// The next field goes on.
    #[inline]
    pub(super) fn add(&mut self, field: &Field<'_>, out: &mut Vec<u8>) {
        if !self.is_block {
            self.add_line(field, out);
        }
    }

    fn add_line(&mut self, field: &Field<'_>, out: &mut Vec<u8>) {
        match self.fields.line(field) {
            Some((from, to)) if from == self.to => self.to = to,
            Some(line) => {
                self.end(out);
                (self.from, self.to) = line;
            }
            None => {
                self.end(out);
                put_field(field.name, field.value, out);
            }
        }
    }

    /// The next field does not go on.
    pub(super) fn leave(&mut self, field: &Field<'_>, out: &mut Vec<u8>) {
        if self.is_block {
            self.put_before(field, out);
            self.from += field.name.len() + b": ".len() + field.value.len() + b"\r\n".len();
        }
    }

    /// Writes what goes on of all that is before the next field.
    pub(super) fn put_before(&mut self, field: &Field<'_>, out: &mut Vec<u8>) {
        if !self.is_block {
            return self.end(out);
        }
        let text = self.fields.text();
        let at = place(text, field.name.as_bytes()).expect("bug: a field outside its block");
        if at > self.from {
            out.extend_from_slice(&text[self.from..at]);
        }
        self.from = at;
    }

    /// Writes what has not been written.
    pub(super) fn end(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.fields.text()[self.from..self.to]);
        self.from = self.to;
    }
}

/// How long the request line is, if it came as it would be written.
fn line_length(head: &RequestHead<'_>, forwarded: &Forwarded<'_>) -> Option<usize> {
    let (text, path) = (head.fields.text(), head.path());
    let (method, target) = (head.method().as_bytes(), head.target().as_bytes());
    let (front, rest) = forwarded.path.unwrap_or(("", path));
    // Another form than the origin's has its path, if it has one, elsewhere.
    let same_path = front.is_empty()
        && core::ptr::eq(rest, path)
        && core::ptr::eq(path.as_ptr(), target.as_ptr());
    let at = method.len() + 1;
    let version = at + target.len();
    let same = same_path
        && place(text, method) == Some(0)
        && place(text, target) == Some(at)
        && text[at - 1] == b' '
        && text[version..].starts_with(VERSION);
    same.then_some(version + VERSION.len())
}

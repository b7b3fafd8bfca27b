//! What the parser finds in a head: the start line, and the fields behind it.
//!
//! Owns the room for what is found, and the versions: a later minor version than ours is read as
//! ours (RFC 9110, 2.5), another major version is none of ours. Never judges what a field says.

use super::Version;
use super::reject::Fault;
use super::room::Room;
use alloc::{vec, vec::Vec};
use core::mem::MaybeUninit;
use httparse::Status::{self, Complete, Partial};

/// The most fields that are looked for without asking for memory.
const INLINE_FIELDS: usize = 128;

/// A head whose parts are where they should be.
pub(super) struct Start<Line> {
    /// How many bytes it has.
    pub(super) length: usize,
    pub(super) version: Version,
    pub(super) line: Line,
}

/// The rest of a request line.
#[derive(Clone, Copy)]
pub(super) struct RequestLine<'a> {
    pub(super) method: &'a str,
    pub(super) target: &'a str,
}

/// The rest of a status line.
#[derive(Clone, Copy)]
pub(super) struct StatusLine<'a> {
    pub(super) status: u16,
    pub(super) reason: &'a str,
}

/// Where the parser puts what it finds.
struct Found<'a> {
    inline: [MaybeUninit<httparse::Header<'a>>; INLINE_FIELDS],
    beyond: Vec<MaybeUninit<httparse::Header<'a>>>,
}

impl<'a> Found<'a> {
    fn new() -> Self {
        Found {
            inline: [const { MaybeUninit::uninit() }; INLINE_FIELDS],
            beyond: Vec::new(),
        }
    }

    /// Room for so many fields and no more.
    fn most(&mut self, fields: usize) -> &mut [MaybeUninit<httparse::Header<'a>>] {
        if fields > INLINE_FIELDS {
            self.beyond.resize(fields, MaybeUninit::uninit());
            return &mut self.beyond;
        }
        &mut self.inline[..fields]
    }
}

/// Takes a request head apart, of at most so many fields.
pub(super) fn request<'a>(
    text: &'a [u8],
    most: usize,
    room: &mut Room<'a>,
) -> Result<Status<Start<RequestLine<'a>>>, Fault> {
    let mut found = Found::new();
    let mut head = httparse::Request::new(&mut []);
    let length = match head.parse_with_uninit_headers(text, found.most(most)) {
        Ok(Complete(length)) => length,
        Ok(Partial) => return Ok(Partial),
        Err(httparse::Error::Version) => return later_request(text, most, room),
        Err(error) => return Err(fault(error, Fault::RequestLine)),
    };
    let (Some(method), Some(target), Some(minor)) = (head.method, head.path, head.version) else {
        return Err(Fault::RequestLine);
    };
    room.fill(text, head.headers);
    Ok(Complete(Start {
        length,
        version: version(minor),
        line: RequestLine { method, target },
    }))
}

/// Takes a response head apart, of at most so many fields.
pub(super) fn response<'a>(
    text: &'a [u8],
    most: usize,
    room: &mut Room<'a>,
) -> Result<Status<Start<StatusLine<'a>>>, Fault> {
    let mut found = Found::new();
    let mut head = httparse::Response::new(&mut []);
    let parsed = httparse::ParserConfig::default().parse_response_with_uninit_headers(
        &mut head,
        text,
        found.most(most),
    );
    let length = match parsed {
        Ok(Complete(length)) => length,
        Ok(Partial) => return Ok(Partial),
        Err(httparse::Error::Version) => return later_response(text, most, room),
        Err(error) => return Err(fault(error, Fault::StatusLine)),
    };
    let (Some(minor), Some(status), Some(reason)) = (head.version, head.code, head.reason) else {
        return Err(Fault::StatusLine);
    };
    room.fill(text, head.headers);
    Ok(Complete(Start {
        length,
        version: version(minor),
        line: StatusLine { status, reason },
    }))
}

/// A request in no version that the parser knows. 505 is for what is a version (RFC 9112, 2.3), 400
/// for what is none.
fn later_request<'a>(
    text: &'a [u8],
    most: usize,
    room: &mut Room<'a>,
) -> Result<Status<Start<RequestLine<'a>>>, Fault> {
    let line = first_line(text);
    let whole = line.ends_with(b"\n");
    let word = line.splitn(3, |byte| *byte == b' ').nth(2);
    let word = word.unwrap_or_default();
    let word = word.strip_suffix(b"\n").unwrap_or(word);
    let word = word.strip_suffix(b"\r").unwrap_or(word);
    let shape = b"HTTP/0.0";
    let alike = |(byte, shape): (&u8, &u8)| match shape {
        b'0' => byte.is_ascii_digit(),
        other => byte == other,
    };
    if word.len() > shape.len() || !word.iter().zip(shape).all(alike) {
        return Err(Fault::RequestLine);
    }
    if !whole {
        // What looks like a version so far may turn out to be none: the line has to end first.
        return Ok(Partial);
    }
    if word.len() < shape.len() {
        return Err(Fault::RequestLine);
    }
    if !is_later(word) {
        return Err(Fault::Version);
    }
    let restated = restated(line, line.len() - b"1\r\n".len());
    let mut head = httparse::Request::new(&mut []);
    let Ok(Complete(_)) = head.parse(&restated) else {
        return Err(Fault::RequestLine);
    };
    let (method, target) = (
        head.method.unwrap_or_default(),
        head.path.unwrap_or_default(),
    );
    // The same bytes, where they stay.
    let found = RequestLine {
        method: word_at(line, 0, method.len())?,
        target: word_at(line, method.len() + 1, target.len())?,
    };
    behind(text, line.len(), most, (found, room))
}

/// A response in no version that the parser knows.
fn later_response<'a>(
    text: &'a [u8],
    most: usize,
    room: &mut Room<'a>,
) -> Result<Status<Start<StatusLine<'a>>>, Fault> {
    let line = first_line(text);
    if !is_later(line) {
        return Err(Fault::Version);
    }
    if !line.ends_with(b"\n") {
        return Ok(Partial);
    }
    let restated = restated(line, b"HTTP/1.".len());
    let mut head = httparse::Response::new(&mut []);
    match head.parse(&restated) {
        Ok(Complete(_)) => {}
        Ok(Partial) => return Err(Fault::StatusLine),
        Err(error) => return Err(fault(error, Fault::StatusLine)),
    }
    let (status, reason) = (
        head.code.unwrap_or_default(),
        head.reason.unwrap_or_default(),
    );
    let found = StatusLine {
        status,
        reason: match reason {
            "" => "",
            reason => word_at(line, b"HTTP/1.1 200 ".len(), reason.len())?,
        },
    };
    behind(text, line.len(), most, (found, room))
}

/// The fields behind a start line of so many bytes, which was in a later version.
fn behind<'a, L>(
    text: &'a [u8],
    line: usize,
    most: usize,
    (found, room): (L, &mut Room<'a>),
) -> Result<Status<Start<L>>, Fault> {
    let mut fields = vec![httparse::EMPTY_HEADER; most];
    match httparse::parse_headers(&text[line..], &mut fields) {
        Ok(Complete((length, fields))) => {
            room.fill(text, fields);
            Ok(Complete(Start {
                length: line + length,
                version: Version::Http11,
                line: found,
            }))
        }
        Ok(Partial) => Ok(Partial),
        Err(error) => Err(fault(error, Fault::FieldName)),
    }
}

/// With its line end, if that is here.
fn first_line(text: &[u8]) -> &[u8] {
    let end = memchr::memchr(b'\n', text).map_or(text.len(), |lf| lf + 1);
    &text[..end]
}

/// It begins with a minor version of HTTP/1 that is later than ours.
fn is_later(text: &[u8]) -> bool {
    let digit = text.strip_prefix(b"HTTP/1.").and_then(<[u8]>::first);
    digit.is_some_and(|digit| matches!(digit, b'2'..=b'9'))
}

/// The start line as it reads in our version, with an empty line behind it. `minor`: where its
/// version's last digit stands.
fn restated(line: &[u8], minor: usize) -> Vec<u8> {
    let mut text = line.to_vec();
    text[minor] = b'1';
    text.extend_from_slice(b"\r\n");
    text
}

fn word_at(line: &[u8], at: usize, length: usize) -> Result<&str, Fault> {
    let word = line.get(at..at + length).ok_or(Fault::RequestLine)?;
    core::str::from_utf8(word).map_err(|_| Fault::RequestLine)
}

fn version(minor: u8) -> Version {
    match minor {
        0 => Version::Http10,
        1 => Version::Http11,
        other => panic!("bug: version 1.{other} passed the parser"),
    }
}

fn fault(error: httparse::Error, line: Fault) -> Fault {
    match error {
        httparse::Error::HeaderName => Fault::FieldName,
        httparse::Error::HeaderValue => Fault::FieldValue,
        httparse::Error::TooManyHeaders => Fault::TooManyFields,
        httparse::Error::Version => Fault::Version,
        httparse::Error::NewLine | httparse::Error::Status | httparse::Error::Token => line,
    }
}

//! The responses of our own.
//!
//! Owns their words. Never an error that an origin could have sent: Proxy-Status tells them apart
//! (RFC 9209). What only a driver has, the id of a request, a place to be redirected to, a page, is
//! counted here and handed in when it is written.

mod parts;
mod phrase;
mod words;

pub use self::parts::{Added, Content, Detail, Wording};

use self::phrase::phrase;
use super::Method;
use super::framing::bodyless;
use super::reject::{Fault, Reject};
use super::text::put_decimal;
use crate::lookup::{Rcode, Unresolved};
use alloc::vec::Vec;

/// An interim response of our own, to see whether a client is still there (H07b). RFC 9110, 15.2: a
/// client of HTTP/1.1 reads past one that it did not expect. It is the 100, for there are clients
/// that take every other one for the answer.
pub const PROBE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// A response of our own: what it says, and how long that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Reply {
    /// The status code, 200 to 999.
    pub status: u16,
    /// The proxy error type (RFC 9209, 2.3), a token; none if nothing went wrong.
    pub cause: Option<&'static str>,
    /// What there is to say beyond that.
    pub detail: Option<Detail>,
    /// What a DNS server has answered in place of an address.
    pub rcode: Option<Rcode>,
    /// After how many seconds the client may ask again (RFC 9110, 10.2.3); 0 for not a word of it.
    pub retry_after: u32,
    /// How many bytes of field lines the driver adds.
    pub fields: u32,
    /// What is behind the head.
    pub content: Content,
    /// How its request wants it worded.
    pub wording: Wording,
    /// The connection closes behind it (H12).
    pub close: bool,
    /// It answers HEAD: the head alone.
    pub head_only: bool,
}

/// As long as the longest id.
const SOME_ID: [u8; 255] = [b'0'; 255];

impl Reply {
    /// 400: the request is malformed or was cut off (H05, H06).
    #[must_use]
    pub const fn bad_request() -> Self {
        Self::new(400, "http_request_error").closing()
    }

    /// 403: the client may not ask this here.
    #[must_use]
    pub const fn forbidden() -> Self {
        Self::new(403, "http_request_denied")
    }

    /// 404: no route leads to an origin.
    #[must_use]
    pub const fn not_found() -> Self {
        Self::new(404, "destination_not_found")
    }

    /// 408: a request began and did not come to the end of its head (H04).
    #[must_use]
    pub const fn request_timeout() -> Self {
        Self::new(408, "http_request_error").closing()
    }

    /// 413: the content is above its limit.
    #[must_use]
    pub const fn content_too_large() -> Self {
        Self::new(413, "http_request_denied").closing()
    }

    /// 414: the target is too long.
    #[must_use]
    pub const fn target_too_long() -> Self {
        Self::new(414, "http_request_error").closing()
    }

    /// 429: this client asks too often (RFC 6585, 4). It may ask again after so many seconds; 0 for
    /// not a word of it.
    #[must_use]
    pub const fn too_many_requests(retry_after: u32) -> Self {
        Self::new(429, "http_request_denied").after(retry_after)
    }

    /// 431: the head is too large.
    #[must_use]
    pub const fn head_too_large() -> Self {
        Self::new(431, "http_request_error").closing()
    }

    /// 501: what is asked for is not built.
    #[must_use]
    pub const fn not_implemented() -> Self {
        Self::new(501, "http_request_error").closing()
    }

    /// 502: the origin failed (U03, U05).
    #[must_use]
    pub const fn bad_gateway(cause: &'static str) -> Self {
        Self::new(502, cause)
    }

    /// 503: no origin to ask.
    #[must_use]
    pub const fn unavailable(cause: &'static str) -> Self {
        Self::new(503, cause)
    }

    /// 503: the names of its origins have no address (RFC 9209, 2.3.2 and 2.3.3).
    #[must_use]
    pub const fn unresolved(why: Unresolved) -> Self {
        let (cause, rcode) = match why {
            Unresolved::Late => ("dns_timeout", None),
            Unresolved::Failed(rcode) => ("dns_error", rcode),
        };
        Reply {
            rcode,
            ..Self::unavailable(cause)
        }
    }

    /// 503: no endpoint had room for it within the queue's deadline. Where others wait, it is worth
    /// coming back after so many seconds.
    #[must_use]
    pub const fn overdue(retry_after: u32) -> Self {
        Reply {
            detail: Some(Detail::QueueDeadline),
            ..Self::unavailable("connection_limit_reached").after(retry_after)
        }
    }

    /// 504: the origin was silent (U14).
    #[must_use]
    pub const fn gateway_timeout(cause: &'static str) -> Self {
        Self::new(504, cause)
    }

    /// 505: a version that we do not speak.
    #[must_use]
    pub const fn version_not_supported() -> Self {
        Self::new(505, "http_request_error").closing()
    }

    /// What the configuration answers in an origin's stead, a redirect or a page: so many bytes of
    /// field lines, the content's type among them, and so many of content. It is no error.
    #[must_use]
    pub const fn configured(status: u16, fields: u32, content: u32) -> Self {
        let reply = Self::new(status, "");
        Reply {
            cause: None,
            fields,
            content: Content::Added(content),
            ..reply
        }
    }

    /// The answer to a refused message. A request's closes: nobody knows where the next begins.
    #[must_use]
    pub fn refusing(reject: Reject) -> Self {
        let reply = match reject {
            Reject::Request(_) | Reject::Body(_) => {
                Self::new(reject.status(), "http_request_error").closing()
            }
            Reject::Response(fault) => Self::bad_gateway(match fault {
                Fault::HeadTooLong => "http_response_header_section_size",
                Fault::CodingTooOld | Fault::CodingUnknown | Fault::CodingInvalid => {
                    "http_response_transfer_coding"
                }
                Fault::BareLf
                | Fault::EmptyLines
                | Fault::RequestLine
                | Fault::StatusLine
                | Fault::Version
                | Fault::FieldName
                | Fault::FieldValue
                | Fault::TooManyFields
                | Fault::TooManyOptions
                | Fault::TargetTooLong
                | Fault::Target
                | Fault::PathDots
                | Fault::PathByte
                | Fault::HostMissing
                | Fault::HostTwice
                | Fault::HostInvalid
                | Fault::LengthInvalid
                | Fault::LengthTwice
                | Fault::LengthAndCoding
                | Fault::ConnectContent
                | Fault::BodyTooLong
                | Fault::ChunkSize
                | Fault::ChunkExtension
                | Fault::ChunkEnd
                | Fault::Trailer
                | Fault::TrailerTooLong => "http_protocol_error",
            }),
        };
        Reply {
            detail: Some(Detail::Fault(reject.fault())),
            ..reply
        }
    }

    /// The same, saying after how many seconds the client may ask again.
    #[must_use]
    pub const fn after(self, seconds: u32) -> Self {
        Reply {
            retry_after: seconds,
            ..self
        }
    }

    /// What is wrong with the message that it refuses, if it refuses one.
    #[must_use]
    pub const fn fault(&self) -> Option<Fault> {
        match self.detail {
            Some(Detail::Fault(fault)) => Some(fault),
            Some(Detail::QueueDeadline) | None => None,
        }
    }

    /// The same, with the connection closed behind it.
    #[must_use]
    pub const fn closing(self) -> Self {
        Reply {
            close: true,
            ..self
        }
    }

    /// The same, to a HEAD request.
    #[must_use]
    pub const fn to_head(self) -> Self {
        Reply {
            head_only: true,
            ..self
        }
    }

    /// Exactly as many bytes as [`write`](Self::write) appends.
    ///
    /// # Panics
    /// On four gigabytes.
    #[must_use]
    pub fn len(&self) -> u32 {
        let added = Added {
            id: &SOME_ID[..usize::from(self.wording.id_bytes)],
            ..Added::default()
        };
        let mut bytes = 0;
        self.compose(&added, &mut |text| bytes += text.len());
        let written = u32::try_from(bytes).expect("bug: an endless cause");
        let content = match self.content {
            Content::Added(bytes) if self.has_content() => bytes,
            Content::Added(_) | Content::Words => 0,
        };
        let added = self.fields.checked_add(content);
        let all = added.and_then(|added| added.checked_add(written));
        all.expect("bug: an endless reply")
    }

    /// Never: a response has a status line.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        false
    }

    /// Appends the response, head and body.
    ///
    /// # Panics
    /// If what is added is not as long as was said: only we can get that wrong.
    pub fn write(&self, added: &Added<'_>, out: &mut Vec<u8>) {
        let content = match self.content {
            Content::Added(bytes) => bytes,
            Content::Words => 0,
        };
        assert!(
            added.id.len() == usize::from(self.wording.id_bytes)
                && u32::try_from(added.fields.len()) == Ok(self.fields)
                && u32::try_from(added.content.len()) == Ok(content),
            "bug: a reply that is not as long as was said"
        );
        self.compose(added, &mut |text| out.extend_from_slice(text));
    }

    const fn new(status: u16, cause: &'static str) -> Self {
        Reply {
            status,
            cause: Some(cause),
            detail: None,
            rcode: None,
            retry_after: 0,
            fields: 0,
            content: Content::Words,
            wording: Wording::TEXT,
            close: false,
            head_only: false,
        }
    }

    fn has_content(&self) -> bool {
        // RFC 9110, 9.3.2: to HEAD the same head, and nothing behind it.
        !self.head_only && !bodyless(self.status, Method::Get)
    }

    fn compose(&self, added: &Added<'_>, put: &mut dyn FnMut(&[u8])) {
        put(b"HTTP/1.1 ");
        put(&decimal(self.status.into()));
        put(b" ");
        put(phrase(self.status).as_bytes());
        put(b"\r\n");
        // RFC 9110, 8.6: 204 and 304 are without a length of our making.
        if !bodyless(self.status, Method::Get) {
            self.describe(added, put);
        }
        if self.retry_after > 0 {
            put(b"Retry-After: ");
            put(&decimal(self.retry_after.into()));
            put(b"\r\n");
        }
        if let Some(cause) = self.cause {
            // What went wrong a moment ago is no news for others, nor for later.
            put(b"Cache-Control: no-store\r\nProxy-Status: tidegate; error=");
            put(cause.as_bytes());
            if let Some(detail) = self.detail {
                put(b"; details=\"");
                put(detail.words().as_bytes());
                put(b"\"");
            }
            if let Some(rcode) = self.rcode {
                put(b"; rcode=\"");
                put(rcode.word().as_bytes());
                put(b"\"");
            }
            put(b"\r\n");
        }
        if !added.id.is_empty() {
            put(b"X-Request-Id: ");
            put(added.id);
            put(b"\r\n");
        }
        put(added.fields);
        if self.close {
            // RFC 9112, 9.6.
            put(b"Connection: close\r\n");
        }
        put(b"\r\n");
        if self.has_content() {
            match self.content {
                Content::Words => self.words(added.id, put),
                Content::Added(_) => put(added.content),
            }
        }
    }

    /// The length and, where it is ours to say, the type of the content.
    fn describe(&self, added: &Added<'_>, put: &mut dyn FnMut(&[u8])) {
        let bytes = match self.content {
            Content::Added(bytes) => u64::from(bytes),
            Content::Words => {
                put(match self.wording.json {
                    true => b"Content-Type: application/json\r\n",
                    false => b"Content-Type: text/plain\r\n",
                });
                let mut bytes = 0;
                self.words(added.id, &mut |text| bytes += text.len());
                u64::try_from(bytes).expect("bug: an endless cause")
            }
        };
        put(b"Content-Length: ");
        put(&decimal(bytes));
        put(b"\r\n");
    }
}

fn decimal(number: u64) -> Vec<u8> {
    let mut text = Vec::new();
    put_decimal(number, &mut text);
    text
}

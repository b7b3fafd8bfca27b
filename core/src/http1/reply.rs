//! The responses of our own.
//!
//! Owns their words. Never a response that an origin could have sent: Proxy-Status tells them
//! apart (RFC 9209).

use super::reject::{Fault, Reject};
use super::text::put_decimal;
use alloc::vec::Vec;

/// An interim response of our own, to see whether a client is still there (H07b). RFC 9110, 15.2: a
/// client of HTTP/1.1 reads past one that it did not expect. It is the 100, for there are clients
/// that take every other one for the answer.
pub const PROBE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// A response of our own, all of it known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// The proxy error type (RFC 9209, 2.3), a token.
    pub cause: &'static str,
    /// The connection closes behind it (H12).
    pub close: bool,
    /// It answers HEAD: the head alone.
    pub head_only: bool,
}

impl Reply {
    /// 400: the request is malformed or was cut off (H05, H06).
    #[must_use]
    pub const fn bad_request() -> Self {
        Self::new(400, "http_request_error").closing()
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

    /// 414: the target is too long.
    #[must_use]
    pub const fn target_too_long() -> Self {
        Self::new(414, "http_request_error").closing()
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

    /// The answer to a refused message. A request's closes: nobody knows where the next begins.
    #[must_use]
    pub fn refusing(reject: Reject) -> Self {
        match reject {
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
                | Fault::HostMissing
                | Fault::HostTwice
                | Fault::HostInvalid
                | Fault::LengthInvalid
                | Fault::LengthTwice
                | Fault::LengthAndCoding
                | Fault::ConnectContent
                | Fault::ChunkSize
                | Fault::ChunkExtension
                | Fault::ChunkEnd
                | Fault::Trailer
                | Fault::TrailerTooLong => "http_protocol_error",
            }),
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
    /// On a cause of four gigabytes.
    #[must_use]
    pub fn len(&self) -> u32 {
        let mut bytes = 0;
        self.compose(&mut |text| bytes += text.len());
        u32::try_from(bytes).expect("bug: an endless cause")
    }

    /// Never: a response has a status line.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        false
    }

    /// Appends the response, head and body.
    pub fn write(&self, out: &mut Vec<u8>) {
        self.compose(&mut |text| out.extend_from_slice(text));
    }

    const fn new(status: u16, cause: &'static str) -> Self {
        Reply {
            status,
            cause,
            close: false,
            head_only: false,
        }
    }

    fn compose(&self, put: &mut dyn FnMut(&[u8])) {
        let (status, reason) = (decimal(u64::from(self.status)), reason(self.status));
        let body: [&[u8]; 6] = [
            &status,
            b" ",
            reason.as_bytes(),
            b": ",
            self.cause.as_bytes(),
            b"\n",
        ];
        let length: usize = body.iter().map(|text| text.len()).sum();
        put(b"HTTP/1.1 ");
        put(&status);
        put(b" ");
        put(reason.as_bytes());
        put(b"\r\nContent-Type: text/plain\r\nContent-Length: ");
        put(&decimal(
            u64::try_from(length).expect("bug: an endless cause"),
        ));
        put(b"\r\nProxy-Status: tidegate; error=");
        put(self.cause.as_bytes());
        if self.close {
            // RFC 9112, 9.6.
            put(b"\r\nConnection: close");
        }
        put(b"\r\n\r\n");
        if !self.head_only {
            // RFC 9110, 9.3.2: to HEAD the same head, and nothing behind it.
            body.iter().for_each(|text| put(text));
        }
    }
}

fn decimal(number: u64) -> Vec<u8> {
    let mut text = Vec::new();
    put_decimal(number, &mut text);
    text
}

fn reason(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        404 => "Not Found",
        408 => "Request Timeout",
        414 => "URI Too Long",
        431 => "Request Header Fields Too Large",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        _ => "Error",
    }
}

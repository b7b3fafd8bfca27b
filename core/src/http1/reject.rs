//! Why a message is refused.
//!
//! Owns the reasons, their words and the status that answers each. Never decides whether the
//! connection survives: after a refusal nobody knows where the next message begins, so it does not.

use core::fmt;

/// What is wrong with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// A line that ends in LF without CR.
    BareLf,
    /// More than one empty line before the request line.
    EmptyLines,
    /// The request line is not method, target, version with one space between.
    RequestLine,
    /// The status line is not version, status, reason.
    StatusLine,
    /// A version other than 1.0 and 1.1.
    Version,
    /// A field name that is no token: empty, folded, or with a space before the colon.
    FieldName,
    /// A control byte in a field value.
    FieldValue,
    /// The head is above its limit of bytes.
    HeadTooLong,
    /// The head is above its limit of fields.
    TooManyFields,
    /// The Connection field names more options than anybody needs.
    TooManyOptions,
    /// The request target is above its limit.
    TargetTooLong,
    /// The request target is in no form that its method may have.
    Target,
    /// A path with `.` or `..` as a segment: what it leads to depends on who reads it.
    PathDots,
    /// A path with a backslash or NUL: some take them for a slash, or for the end.
    PathByte,
    /// An HTTP/1.1 request without Host.
    HostMissing,
    /// More than one Host.
    HostTwice,
    /// A Host, or an authority, that is not host and port.
    HostInvalid,
    /// A Content-Length that is not one decimal number.
    LengthInvalid,
    /// More than one Content-Length, equal or not.
    LengthTwice,
    /// Both Content-Length and Transfer-Encoding.
    LengthAndCoding,
    /// Transfer-Encoding in an HTTP/1.0 message.
    CodingTooOld,
    /// A transfer coding besides the final chunked.
    CodingUnknown,
    /// A Transfer-Encoding whose final coding is not chunked, or that is malformed.
    CodingInvalid,
    /// A CONNECT with content: what follows its head belongs to the tunnel.
    ConnectContent,
    /// The body is above its limit.
    BodyTooLong,
    /// A chunk size that is not 1 to 16 hexadecimal digits.
    ChunkSize,
    /// A chunk extension that is none, or that is above its limit.
    ChunkExtension,
    /// A chunk line or chunk data without CRLF behind it.
    ChunkEnd,
    /// A malformed trailer field.
    Trailer,
    /// The trailer section is above its limits.
    TrailerTooLong,
}

/// Of several faults the one that came first: what the shortest beginning of `input` is refused for,
/// however the bytes were cut. `found` is that of the whole, `fault` tells that of a beginning; what
/// is behind one that is refused mends nothing.
pub(super) fn earliest(
    input: &[u8],
    found: Fault,
    fault: impl Fn(&[u8]) -> Option<Fault>,
) -> Fault {
    // So much is in order; so much is not, for this reason.
    let (mut good, mut bad, mut first) = (0, input.len(), found);
    while bad - good > 1 {
        let middle = good + (bad - good) / 2;
        match fault(&input[..middle]) {
            Some(fault) => (bad, first) = (middle, fault),
            None => good = middle,
        }
    }
    first
}

/// A refused message: of which kind, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reject {
    /// A request head.
    Request(Fault),
    /// A response head.
    Response(Fault),
    /// A body, which may be of either. The head of a response is on its way by now, so that U06
    /// answers there, not a status.
    Body(Fault),
}

impl Reject {
    /// What is wrong.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match *self {
            Reject::Request(fault) | Reject::Response(fault) | Reject::Body(fault) => fault,
        }
    }

    /// The status that tells the client: always 502 for a response.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Reject::Request(fault) | Reject::Body(fault) => fault.status(),
            // RFC 9110, 15.6.3: an invalid response from the inbound server.
            Reject::Response(_) => 502,
        }
    }

    /// The reason in a few words, for the log.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        self.fault().reason()
    }
}

impl fmt::Display for Reject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason())
    }
}

impl Fault {
    fn status(self) -> u16 {
        match self {
            Fault::BareLf
            | Fault::EmptyLines
            | Fault::RequestLine
            | Fault::StatusLine
            | Fault::FieldName
            | Fault::FieldValue
            | Fault::Target
            | Fault::PathDots
            | Fault::PathByte
            | Fault::HostMissing
            | Fault::HostTwice
            | Fault::HostInvalid
            | Fault::LengthInvalid
            | Fault::LengthTwice
            | Fault::LengthAndCoding
            | Fault::CodingTooOld
            | Fault::CodingInvalid
            | Fault::ConnectContent
            | Fault::ChunkSize
            | Fault::ChunkExtension
            | Fault::ChunkEnd
            | Fault::Trailer => 400,
            // RFC 9110, 15.5.14.
            Fault::BodyTooLong => 413,
            // RFC 9112, 3: a target longer than any URI the server wishes to parse.
            Fault::TargetTooLong => 414,
            // RFC 6585, 5.
            Fault::HeadTooLong
            | Fault::TooManyFields
            | Fault::TooManyOptions
            | Fault::TrailerTooLong => 431,
            // RFC 9112, 6.1: a transfer coding it does not understand.
            Fault::CodingUnknown => 501,
            // RFC 9110, 15.6.6.
            Fault::Version => 505,
        }
    }

    pub(super) fn reason(self) -> &'static str {
        match self {
            Fault::BareLf => "bare LF",
            Fault::EmptyLines => "empty lines before the request",
            Fault::RequestLine => "malformed request line",
            Fault::StatusLine => "malformed status line",
            Fault::Version => "unsupported version",
            Fault::FieldName => "malformed field name",
            Fault::FieldValue => "malformed field value",
            Fault::HeadTooLong => "head too long",
            Fault::TooManyFields => "too many fields",
            Fault::TooManyOptions => "too many connection options",
            Fault::TargetTooLong => "target too long",
            Fault::Target => "malformed target",
            Fault::PathDots => "dot segment in the path",
            Fault::PathByte => "backslash or NUL in the path",
            Fault::HostMissing => "no Host",
            Fault::HostTwice => "more than one Host",
            Fault::HostInvalid => "malformed Host",
            Fault::LengthInvalid => "malformed Content-Length",
            Fault::LengthTwice => "more than one Content-Length",
            Fault::LengthAndCoding => "both Content-Length and Transfer-Encoding",
            Fault::CodingTooOld => "Transfer-Encoding in HTTP/1.0",
            Fault::CodingUnknown => "unknown transfer coding",
            Fault::CodingInvalid => "malformed Transfer-Encoding",
            Fault::ConnectContent => "content in a CONNECT",
            Fault::BodyTooLong => "body too long",
            Fault::ChunkSize => "malformed chunk size",
            Fault::ChunkExtension => "malformed chunk extension",
            Fault::ChunkEnd => "no CRLF after a chunk",
            Fault::Trailer => "malformed trailer",
            Fault::TrailerTooLong => "trailers too long",
        }
    }
}

//! The numbers of values in an entry. They are what a file of today means tomorrow: a new value gets a
//! new number, and none is given twice.

use super::entry::Coded;
use crate::{
    ending::{Cause, Rejection},
    event::{Call, Kill, Origin, Peeked, Want},
    http1::{self, Detail, Fault, Method},
    lookup::{Rcode, Unresolved},
    session::Rest,
    side::Side,
    timer::Timer,
    tls::{self, HalfClose},
};

macro_rules! coded {
    ($($type:ty, $bits:literal bits: $($value:path = $code:literal),+ $(,)?;)+) => { $(
        impl Coded for $type {
            const BITS: u32 = $bits;

            #[inline]
            fn code(self) -> u32 {
                match self { $($value => $code),+ }
            }

            fn decoded(code: u32) -> Option<Self> {
                Some(match code { $($code => $value,)+ _ => return None })
            }
        }
    )+ };
}

coded! {
    Side, 1 bits: Side::Down = 0, Side::Up = 1;
    tls::Version, 1 bits: tls::Version::V12 = 0, tls::Version::V13 = 1;
    http1::Version, 1 bits: http1::Version::Http10 = 0, http1::Version::Http11 = 1;
    Origin, 1 bits: Origin::Fresh = 0, Origin::Reused = 1;
    Call, 2 bits: Call::Read = 0, Call::Write = 1, Call::Poll = 2, Call::Finish = 3;
    HalfClose, 1 bits: HalfClose::Deliver = 0, HalfClose::Strict = 1;
    Rest, 1 bits: Rest::Idle = 0, Rest::Tunnel = 1;
    Kill, 1 bits: Kill::Last = 0, Kill::Reset = 1;
    Want, 2 bits: Want::Bytes = 0, Want::Room = 1, Want::Turn = 2;
    Peeked, 2 bits: Peeked::Routed = 0, Peeked::Unroutable = 1, Peeked::Alien = 2;
    Method, 3 bits:
        Method::Get = 0, Method::Head = 1, Method::Post = 2, Method::Connect = 3, Method::Other = 4;
    Rejection, 3 bits:
        Rejection::LimitConnections = 0, Rejection::AccessDenied = 1,
        Rejection::ProxyHeaderMissing = 2, Rejection::ProxyHeaderUntrusted = 3;
    Rcode, 3 bits:
        Rcode::FormErr = 1, Rcode::ServFail = 2, Rcode::NxDomain = 3, Rcode::NotImp = 4,
        Rcode::Refused = 5;
    Timer, 5 bits:
        Timer::Tls = 0, Timer::Head = 1, Timer::Idle = 2, Timer::Queue = 3, Timer::Connect = 4,
        Timer::TlsUp = 5, Timer::Request = 6, Timer::Pace = 7, Timer::Response = 8, Timer::Body = 9,
        Timer::Tunnel = 10, Timer::WriteDown = 11, Timer::WriteUp = 12, Timer::Linger = 13,
        Timer::FlushDown = 14, Timer::FlushUp = 15, Timer::FlushTotal = 16;
    Fault, 5 bits:
        Fault::BareLf = 0, Fault::EmptyLines = 1, Fault::RequestLine = 2, Fault::StatusLine = 3,
        Fault::Version = 4, Fault::FieldName = 5, Fault::FieldValue = 6, Fault::HeadTooLong = 7,
        Fault::TooManyFields = 8, Fault::TooManyOptions = 9, Fault::TargetTooLong = 10,
        Fault::Target = 11, Fault::PathDots = 12, Fault::PathByte = 13, Fault::HostMissing = 14,
        Fault::HostTwice = 15, Fault::HostInvalid = 16, Fault::LengthInvalid = 17,
        Fault::LengthTwice = 18, Fault::LengthAndCoding = 19, Fault::CodingTooOld = 20,
        Fault::CodingUnknown = 21, Fault::CodingInvalid = 22, Fault::ConnectContent = 23,
        Fault::BodyTooLong = 24, Fault::ChunkSize = 25, Fault::ChunkExtension = 26,
        Fault::ChunkEnd = 27, Fault::Trailer = 28, Fault::TrailerTooLong = 29;
}

macro_rules! number {
    ($($type:ty),+) => { $(
        impl Coded for $type {
            const BITS: u32 = <$type>::BITS;

            #[inline]
            fn code(self) -> u32 {
                self.into()
            }

            fn decoded(code: u32) -> Option<Self> {
                <$type>::try_from(code).ok()
            }
        }
    )+ };
}

number!(u8, u16);

impl Coded for bool {
    const BITS: u32 = 1;

    #[inline]
    fn code(self) -> u32 {
        self.into()
    }

    fn decoded(code: u32) -> Option<Self> {
        Some(code == 1)
    }
}

/// A timer's and a rejection's numbers begin here.
const EXPIRED: u32 = 32;
const REJECTED: u32 = 64;

impl Coded for Cause {
    const BITS: u32 = 7;

    fn code(self) -> u32 {
        match self {
            Cause::Reset => 0,
            Cause::TimedOut => 1,
            Cause::Unreachable => 2,
            Cause::Refused => 3,
            Cause::Tls => 4,
            Cause::Certificate => 5,
            Cause::Cancelled => 6,
            Cause::Protocol => 7,
            Cause::Deadline => 8,
            Cause::Local => 9,
            Cause::Killed => 10,
            Cause::Expired(timer) => EXPIRED + timer.code(),
            Cause::Rejected(rejection) => REJECTED + rejection.code(),
        }
    }

    fn decoded(code: u32) -> Option<Self> {
        Some(match code {
            0 => Cause::Reset,
            1 => Cause::TimedOut,
            2 => Cause::Unreachable,
            3 => Cause::Refused,
            4 => Cause::Tls,
            5 => Cause::Certificate,
            6 => Cause::Cancelled,
            7 => Cause::Protocol,
            8 => Cause::Deadline,
            9 => Cause::Local,
            10 => Cause::Killed,
            REJECTED.. => Cause::Rejected(Rejection::decoded(code - REJECTED)?),
            EXPIRED.. => Cause::Expired(Timer::decoded(code - EXPIRED)?),
            11..EXPIRED => return None,
        })
    }
}

impl Coded for Option<Rcode> {
    const BITS: u32 = 3;

    fn code(self) -> u32 {
        self.map_or(0, Rcode::code)
    }

    fn decoded(code: u32) -> Option<Self> {
        match code {
            0 => Some(None),
            code => Rcode::decoded(code).map(Some),
        }
    }
}

impl Coded for Unresolved {
    const BITS: u32 = 3;

    fn code(self) -> u32 {
        match self {
            Unresolved::Late => 7,
            Unresolved::Failed(rcode) => rcode.code(),
        }
    }

    fn decoded(code: u32) -> Option<Self> {
        match code {
            7 => Some(Unresolved::Late),
            code => Option::decoded(code).map(Unresolved::Failed),
        }
    }
}

impl Coded for Option<Detail> {
    const BITS: u32 = 6;

    fn code(self) -> u32 {
        match self {
            None => 63,
            Some(Detail::QueueDeadline) => 62,
            Some(Detail::Fault(fault)) => fault.code(),
        }
    }

    fn decoded(code: u32) -> Option<Self> {
        match code {
            63 => Some(None),
            62 => Some(Some(Detail::QueueDeadline)),
            code => Fault::decoded(code).map(|fault| Some(Detail::Fault(fault))),
        }
    }
}

/// The proxy error type of a response of our own, if it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token(pub(super) Option<&'static str>);

/// All that are said; the number is the place in this list, and one more than it.
const TOKENS: [&str; 22] = [
    "http_request_error",
    "http_request_denied",
    "http_protocol_error",
    "http_response_header_section_size",
    "http_response_transfer_coding",
    "http_upgrade_failed",
    "http_response_incomplete",
    "http_response_timeout",
    "destination_not_found",
    "destination_unavailable",
    "destination_ip_unroutable",
    "connection_limit_reached",
    "connection_terminated",
    "connection_timeout",
    "connection_refused",
    "connection_read_timeout",
    "connection_write_timeout",
    "tls_protocol_error",
    "tls_certificate_error",
    "dns_timeout",
    "dns_error",
    "proxy_internal_error",
];

impl Coded for Token {
    const BITS: u32 = 5;

    fn code(self) -> u32 {
        let Some(token) = self.0 else { return 0 };
        let place = TOKENS.iter().position(|known| *known == token);
        debug_assert!(place.is_some(), "{token} has no number");
        // A number that is no token's: such an entry is not read again.
        place.map_or(31, |place| u32::try_from(place + 1).unwrap_or(31))
    }

    fn decoded(code: u32) -> Option<Self> {
        match usize::try_from(code).ok()?.checked_sub(1) {
            None => Some(Token(None)),
            Some(place) => TOKENS.get(place).map(|token| Token(Some(token))),
        }
    }
}

/// A status code, of three digits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Status(pub(super) u16);

impl Coded for Status {
    const BITS: u32 = 10;

    #[inline]
    fn code(self) -> u32 {
        debug_assert!(self.0 < 1 << Self::BITS, "{} is no status", self.0);
        u32::from(self.0) & ((1 << Self::BITS) - 1)
    }

    fn decoded(code: u32) -> Option<Self> {
        u16::try_from(code).ok().map(Status)
    }
}

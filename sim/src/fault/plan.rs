//! What goes wrong, and at which call: the faults of a schedule by site and ordinal.
//!
//! It owns the words (`proxy.down.write#2 pend`) and the look-up. A site counts its own calls, so
//! taking one fault away never moves another; no fault at a call means that it behaves.

use crate::errno::Errno;
use std::{collections::BTreeMap, fmt, str::FromStr};
use tidegate_core::side::Side;

/// A call on a stream that can go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Call {
    /// A read.
    Read,
    /// A write.
    Write,
    /// A FIN.
    Finish,
}

/// Where a decision is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Site {
    /// The proxy dials.
    Dial,
    /// The proxy accepts.
    Accept,
    /// The proxy asks for a pipe.
    Pipe,
    /// A call on one of its streams.
    Stream {
        /// Which leg of the proxy.
        side: Side,
        /// Which one: connections accepted, or dials begun, from 1.
        number: u32,
        /// The call.
        call: Call,
    },
}

/// One decision: a site's k-th call that came to something, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Point {
    /// The site.
    pub site: Site,
    /// Which of its calls.
    pub ordinal: u32,
}

/// What a call does instead of behaving.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// It moves at most this many bytes (at least 1).
    Cut(u32),
    /// It is late by this many milliseconds (at least 1), once.
    Pend(u32),
    /// It fails, and the stream with it.
    Fail(Errno),
}

/// The faults of one run; absent is benign.
pub type Plan = BTreeMap<Point, Fault>;

impl Fault {
    /// Whether this fault means anything at `site`.
    #[must_use]
    pub fn fits(self, site: Site) -> bool {
        match (self, site) {
            (Fault::Cut(n), Site::Stream { call, .. }) => n > 0 && call != Call::Finish,
            (Fault::Cut(_), Site::Dial | Site::Accept | Site::Pipe) => false,
            (Fault::Pend(_), Site::Pipe) => false,
            (Fault::Pend(ms), _) => ms > 0,
            (Fault::Fail(_), _) => true,
        }
    }
}

fn word(side: Side) -> &'static str {
    match side {
        Side::Down => "down",
        Side::Up => "up",
    }
}

impl Call {
    fn word(self) -> &'static str {
        match self {
            Call::Read => "read",
            Call::Write => "write",
            Call::Finish => "finish",
        }
    }
}

impl fmt::Display for Site {
    /// The first connection of a kind needs no number: `proxy.down.read`, `proxy.down2.read`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Site::Dial => f.write_str("dial"),
            Site::Accept => f.write_str("accept"),
            Site::Pipe => f.write_str("pipe"),
            Site::Stream { side, number, call } => {
                write!(f, "proxy.{}", word(*side))?;
                if *number != 1 {
                    write!(f, "{number}")?;
                }
                write!(f, ".{}", call.word())
            }
        }
    }
}

impl FromStr for Site {
    type Err = ();
    fn from_str(text: &str) -> Result<Site, ()> {
        match text {
            "dial" => return Ok(Site::Dial),
            "accept" => return Ok(Site::Accept),
            "pipe" => return Ok(Site::Pipe),
            _ => {}
        }
        let mut parts = text.splitn(3, '.');
        let (Some("proxy"), Some(leg), Some(call)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(());
        };
        let mut sides = Side::BOTH.into_iter();
        let (side, digits) = sides
            .find_map(|side| Some((side, leg.strip_prefix(word(side))?)))
            .ok_or(())?;
        let number = match digits {
            "" => 1,
            _ => natural(digits).filter(|n| *n > 1).ok_or(())?,
        };
        let mut calls = [Call::Read, Call::Write, Call::Finish].into_iter();
        let call = calls.find(|kind| kind.word() == call).ok_or(())?;
        Ok(Site::Stream { side, number, call })
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.site, self.ordinal)
    }
}

impl FromStr for Point {
    type Err = ();
    fn from_str(text: &str) -> Result<Point, ()> {
        let (site, ordinal) = text.split_once('#').ok_or(())?;
        Ok(Point {
            site: site.parse()?,
            ordinal: natural(ordinal).ok_or(())?,
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Cut(n) => write!(f, "cut {n}"),
            Fault::Pend(1) => f.write_str("pend"),
            Fault::Pend(ms) => write!(f, "pend {ms}ms"),
            Fault::Fail(errno) => write!(f, "fail {errno}"),
        }
    }
}

impl FromStr for Fault {
    type Err = ();
    fn from_str(text: &str) -> Result<Fault, ()> {
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        match (word, rest) {
            ("cut", n) => natural(n).map(Fault::Cut).ok_or(()),
            ("pend", "") => Ok(Fault::Pend(1)),
            ("pend", span) => {
                let ms = span.strip_suffix("ms").and_then(natural);
                ms.filter(|ms| *ms > 1).map(Fault::Pend).ok_or(())
            }
            ("fail", name) => name.parse().map(Fault::Fail),
            _ => Err(()),
        }
    }
}

/// A number from 1 as we write it: no sign, no leading zero.
fn natural(text: &str) -> Option<u32> {
    let plain = !text.is_empty()
        && !text.starts_with('0')
        && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_as_they_are_written() {
        for text in [
            "dial#1",
            "accept#12",
            "pipe#2",
            "proxy.down.read#3",
            "proxy.up2.finish#1",
            "proxy.down17.write#40",
        ] {
            assert_eq!(text.parse::<Point>().unwrap().to_string(), text);
        }
        for text in ["cut 1", "pend", "pend 7ms", "fail ETIMEDOUT"] {
            assert_eq!(text.parse::<Fault>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_not_written_so_is_not_read() {
        for text in [
            "dial",
            "dial#0",
            "dial#01",
            "dial#+1",
            "proxy.down1.read#1",
            "proxy.down.shut#1",
            "down.read#1",
            "proxy.side.read#1",
            "proxy.up.read",
            "proxy.up.read.x#1",
        ] {
            assert!(text.parse::<Point>().is_err(), "{text}");
        }
        for text in [
            "cut",
            "cut 0",
            "pend 1ms",
            "pend 7",
            "fail",
            "fail EWHAT",
            "",
            "cut 1 ",
        ] {
            assert!(text.parse::<Fault>().is_err(), "{text}");
        }
    }
}

//! What a peer did and saw, with times: the only thing a verdict is made from.
//!
//! It owns the events of one connection and the bytes it brought. It waits for nothing and never
//! judges.

use std::{fmt, time::Duration};

/// Something a peer did, or something that came to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// The connection is there.
    Connected,
    /// It never was; why.
    Unconnected(String),
    /// The TLS handshake is complete, in this version.
    Secured(&'static str),
    /// It wrote so many bytes.
    Sent(usize),
    /// What it wrote was not taken; why.
    NotSent(String),
    /// It said close_notify.
    SentNotify,
    /// It said FIN.
    SentFin,
    /// It closed the connection.
    Closed,
    /// It reset the connection.
    SentReset,
    /// So many bytes came.
    Got(usize),
    /// close_notify came.
    GotNotify,
    /// FIN came.
    GotFin,
    /// RST came.
    GotReset,
    /// Something came that is no TLS, or a fatal alert.
    GotNonsense(String),
    /// The connection reported an error without being read.
    GotError(String),
    /// From here on it dropped whatever came, unseen.
    Deafened,
    /// From here on it did so no more.
    Undeafened,
    /// Nothing came for as long as it was patient.
    Waited,
}

impl What {
    /// Whether nothing can be read behind it.
    #[must_use]
    pub fn is_end(&self) -> bool {
        matches!(self, What::GotFin | What::GotReset | What::GotNonsense(_))
    }
}

/// How what a peer read ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// There was no connection.
    None,
    /// It did not end while the peer looked.
    Open,
    /// FIN.
    Fin,
    /// RST: ECONNRESET, or EPIPE behind a FIN.
    Reset,
    /// A fatal alert, or no TLS at all.
    Nonsense,
}

/// An event and its time since the play began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When, since the play began.
    pub at: Duration,
    /// What.
    pub what: What,
}

/// What one peer did and saw on one connection.
#[derive(Clone, Debug, Default)]
pub struct Transcript {
    /// In order.
    pub events: Vec<Event>,
    /// All that came, as the application has it: over TLS, the plaintext.
    pub bytes: Vec<u8>,
    /// How many came that are not kept any more.
    pub forgotten: usize,
    /// Whether it spoke TLS.
    pub tls: bool,
}

impl Transcript {
    /// Notes `what`. Bytes that come or go in several pieces without anything between are one
    /// event, with the time of the first.
    pub fn note(&mut self, at: Duration, what: What) {
        if let Some(last) = self.events.last_mut() {
            match (&mut last.what, &what) {
                (What::Got(n), What::Got(more)) | (What::Sent(n), What::Sent(more)) => {
                    *n += more;
                    return;
                }
                _ => {}
            }
        }
        self.events.push(Event { at, what });
    }

    /// When `what` happened first.
    #[must_use]
    pub fn when(&self, what: &What) -> Option<Duration> {
        let found = self.events.iter().find(|event| event.what == *what);
        found.map(|event| event.at)
    }

    /// Whether close_notify came.
    #[must_use]
    pub fn notified(&self) -> bool {
        self.when(&What::GotNotify).is_some()
    }

    /// How many bytes came.
    #[must_use]
    pub fn count(&self) -> usize {
        self.bytes.len() + self.forgotten
    }

    /// Lets go of the bytes, and keeps their number.
    pub fn forget_bytes(&mut self) {
        self.forgotten += std::mem::take(&mut self.bytes).len();
    }

    /// Why there was no connection, if there was none.
    #[must_use]
    pub fn unconnected(&self) -> Option<&str> {
        self.events.iter().find_map(|event| {
            if let What::Unconnected(why) = &event.what {
                Some(why.as_str())
            } else {
                None
            }
        })
    }

    /// What came in place of a TLS handshake, if there was to be one and was not.
    #[must_use]
    pub fn unsecured(&self) -> Option<String> {
        let secured = |event: &Event| matches!(event.what, What::Secured(_));
        let lacks = self.tls && self.unconnected().is_none() && !self.events.iter().any(secured);
        let instead = || self.nonsense().map(str::to_owned);
        lacks.then(|| instead().unwrap_or_else(|| self.ended().to_string()))
    }

    /// What was no TLS, or which alert came, if one did.
    #[must_use]
    pub fn nonsense(&self) -> Option<&str> {
        self.events.iter().find_map(|event| {
            if let What::GotNonsense(why) = &event.what {
                Some(why.as_str())
            } else {
                None
            }
        })
    }

    /// How what it read ended, and when.
    #[must_use]
    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "only these end what is read"
    )]
    pub fn end(&self) -> (End, Option<Duration>) {
        if self.when(&What::Connected).is_none() {
            return (End::None, None);
        }
        let ends = self.events.iter().rev().find_map(|event| match event.what {
            What::GotFin => Some((End::Fin, Some(event.at))),
            What::GotReset => Some((End::Reset, Some(event.at))),
            What::GotNonsense(_) => Some((End::Nonsense, Some(event.at))),
            _ => None,
        });
        ends.unwrap_or((End::Open, None))
    }

    /// What came, in a few words: `10 kB, FIN`.
    #[must_use]
    pub fn saw(&self) -> String {
        let end = self.end().0;
        if end == End::None {
            return "no connection".to_owned();
        }
        let is_over = |what: &What| matches!(what, What::SentReset | What::Closed);
        let left = self.events.iter().any(|event| is_over(&event.what));
        let waited = self.when(&What::Waited).is_some();
        let bytes = (self.count() > 0).then(|| size(self.count()));
        // Whoever has left, or had all it wanted, did not wait for an end.
        let watched = end != End::Open || waited && !left;
        let end = watched.then(|| self.ended().to_string());
        let error = |event: &Event| matches!(event.what, What::GotError(_));
        let error = self.events.iter().any(error).then(|| "RST".to_owned());
        let parts: Vec<String> = [bytes, end, error].into_iter().flatten().collect();
        if parts.is_empty() {
            return "-".to_owned();
        }
        parts.join(", ")
    }

    /// The end as it is spoken of.
    pub(crate) fn ended(&self) -> Ended {
        Ended {
            end: self.end().0,
            tls: self.tls,
            notified: self.notified(),
        }
    }
}

/// An end as it is spoken of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended {
    pub(crate) end: End,
    pub(crate) tls: bool,
    pub(crate) notified: bool,
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (self.end, self.notified, self.tls) {
            (End::None, ..) => "no connection",
            (End::Open, true, _) => "close_notify, no FIN",
            (End::Open, false, _) => "no end",
            (End::Fin, true, _) => "close_notify + FIN",
            (End::Fin, false, true) => "FIN without close_notify",
            (End::Fin, false, false) => "FIN",
            (End::Reset, true, _) => "close_notify, RST",
            (End::Reset, false, _) => "RST",
            (End::Nonsense, ..) => "TLS alert or no TLS",
        })
    }
}

/// A count of bytes as people say it; exact up to a thousand and where it is round.
#[must_use]
pub fn size(bytes: usize) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000.. if bytes.is_multiple_of(1_000_000) => format!("{} MB", bytes / 1_000_000),
        1_000..1_000_000 if bytes.is_multiple_of(1_000) => format!("{} kB", bytes / 1_000),
        1_000..1_000_000 => format!("{}.{} kB", bytes / 1_000, bytes % 1_000 / 100),
        1_000_000.. => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}

/// A length of time as people say it.
#[must_use]
pub fn span(span: Duration) -> String {
    let us = span.as_micros();
    match us {
        0..1_000_000 => format!("{}.{} ms", us / 1_000, us % 1_000 / 100),
        1_000_000.. => format!("{}.{} s", us / 1_000_000, us % 1_000_000 / 100_000),
    }
}

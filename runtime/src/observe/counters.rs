//! How legs have ended, counted.

use super::label;
use std::{collections::BTreeMap, fmt};
use tidegate_core::{
    ending::{Cause, End, Rejection},
    report::{LegReport, Parting},
    side::Side,
    timer::Timer,
};

/// What has happened to a worker's legs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Legs that have ended: sessions' and those without one.
    pub ends: BTreeMap<LegEnd, u64>,
    /// Legs that were reset before all that was inside had left: T_abort_flush ran out (R11).
    pub abort_flush_expired: u64,
    /// TLS legs whose FIN came without close_notify (T05), whatever it meant.
    pub bare_fin: u64,
    /// Legs whose peer acknowledged nothing for T_write_stall after our FIN (H12).
    pub linger_stall: u64,
    /// Connections that were not let in: by listener, in the order of [`Rejection::ALL`].
    pub rejected: BTreeMap<Box<str>, [u64; Rejection::ALL.len()]>,
    /// Calls of `accept` that failed for want of descriptors or memory (R25).
    pub accept_failures: u64,
}

/// How a leg has ended, as it is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LegEnd {
    /// Whose leg.
    pub leg: Side,
    /// How.
    pub kind: Kind,
    /// Why, in a word.
    pub cause: &'static str,
}

/// The kinds of a leg's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Its peer ended clean, or had our FIN and all before it and said nothing for T_linger_ack.
    Clean,
    /// Its peer cut it short: a bare FIN, or a FIN inside the handshake.
    Truncated,
    /// It failed, or was given up.
    Abort,
    /// The connect came to nothing.
    Unconnected,
}

impl LegEnd {
    /// How a leg has ended; nothing if it goes on without its session, or was recalled before it
    /// came to be.
    #[must_use]
    pub fn of(side: Side, leg: &LegReport) -> Option<LegEnd> {
        let over = leg.over?;
        let (kind, cause) = match (over.parting, over.end) {
            (Parting::Parked | Parting::Retired | Parting::Recalled, _)
            | (Parting::Unconnected, None | Some(End::Clean | End::Truncated)) => return None,
            (Parting::Unconnected, Some(End::Abort(cause))) => (Kind::Unconnected, word(cause)),
            (Parting::Closed, Some(End::Clean) | None) if leg.heard.is_none() => {
                (Kind::Clean, "linger")
            }
            (Parting::Closed, Some(End::Abort(Cause::Local))) if leg.heard.is_none() => {
                (Kind::Clean, "evicted")
            }
            (Parting::Closed, Some(End::Abort(cause))) if leg.heard.is_none() => {
                (Kind::Clean, word(cause))
            }
            (_, Some(End::Clean) | None) => (Kind::Clean, "fin"),
            (_, Some(End::Truncated)) if leg.bare_fin => (Kind::Truncated, "bare_fin"),
            (_, Some(End::Truncated)) => (Kind::Truncated, "early_fin"),
            (_, Some(End::Abort(cause))) => (Kind::Abort, word(cause)),
        };
        Some(LegEnd {
            leg: side,
            kind,
            cause,
        })
    }
}

impl Counters {
    pub(super) fn count(&mut self, side: Side, leg: &LegReport) {
        if let Some(end) = LegEnd::of(side, leg) {
            *self.ends.entry(end).or_default() += 1;
        }
        self.abort_flush_expired += u64::from(leg.flush_expired);
        self.bare_fin += u64::from(leg.bare_fin);
        self.linger_stall += u64::from(leg.linger_stalled);
    }

    pub(super) fn count_dropped(&mut self, side: Side) {
        let end = LegEnd {
            leg: side,
            kind: Kind::Abort,
            cause: word(Cause::Local),
        };
        *self.ends.entry(end).or_default() += 1;
    }

    /// There is a listener of this name: its series begin with 0.
    pub(super) fn begin(&mut self, listener: &str) {
        if !self.rejected.contains_key(listener) {
            self.rejected.insert(listener.into(), Default::default());
        }
    }

    /// Keeps the listeners that are counted.
    pub(super) fn forget_gone(&mut self, is_counted: impl Fn(&str) -> bool) {
        self.rejected.retain(|listener, _| is_counted(listener));
    }

    pub(super) fn count_rejected(&mut self, listener: &str, why: Rejection, count: u64) {
        self.begin(listener);
        if let Some(counts) = self.rejected.get_mut(listener) {
            counts[why as usize] += count;
        }
    }

    pub(super) fn add(&mut self, other: &Counters) {
        for (listener, counts) in &other.rejected {
            for (why, count) in Rejection::ALL.into_iter().zip(counts) {
                self.count_rejected(listener, why, *count);
            }
        }
        self.accept_failures += other.accept_failures;
        for (end, count) in &other.ends {
            *self.ends.entry(*end).or_default() += count;
        }
        self.abort_flush_expired += other.abort_flush_expired;
        self.bare_fin += other.bare_fin;
        self.linger_stall += other.linger_stall;
    }
}

/// A cause as a label has it: one of a closed set.
const fn word(cause: Cause) -> &'static str {
    match cause {
        Cause::Reset => "reset",
        Cause::TimedOut => "timed_out",
        Cause::Unreachable => "unreachable",
        Cause::Refused => "refused",
        Cause::Tls => "tls",
        Cause::Certificate => "certificate",
        Cause::Cancelled => "cancelled",
        Cause::Protocol => "protocol",
        Cause::Local => "local",
        Cause::Rejected(rejection) => rejection.word(),
        Cause::Deadline => "deadline",
        Cause::Killed => "killed",
        Cause::Expired(timer) => match timer {
            Timer::Tls | Timer::TlsUp => "expired_tls",
            Timer::Head => "expired_head",
            Timer::Idle => "expired_idle",
            // PRODUCT section 5.
            Timer::Queue => "queue_timeout",
            Timer::Connect => "expired_connect",
            Timer::Request => "expired_request",
            Timer::Pace => "expired_pace",
            Timer::Response => "expired_response",
            Timer::Body => "expired_body",
            Timer::Tunnel => "expired_tunnel",
            Timer::WriteDown | Timer::WriteUp => "expired_write",
            Timer::Linger => "expired_linger",
            Timer::FlushDown | Timer::FlushUp | Timer::FlushTotal => "expired_flush",
        },
    }
}

const fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Clean => "clean",
        Kind::Truncated => "truncated",
        Kind::Abort => "abort",
        Kind::Unconnected => "unconnected",
    }
}

impl fmt::Display for Counters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        head(f, "ends_total", "Legs that have ended, by how and why.")?;
        for (end, count) in &self.ends {
            let (leg, kind, cause) = (label(end.leg), kind(end.kind), end.cause);
            writeln!(
                f,
                r#"tidegate_ends_total{{leg="{leg}",kind="{kind}",cause="{cause}"}} {count}"#
            )?;
        }
        head(
            f,
            "connections_rejected_total",
            "Connections that were not let in.",
        )?;
        for (listener, counts) in &self.rejected {
            for (why, count) in Rejection::ALL.into_iter().zip(counts) {
                writeln!(
                    f,
                    r#"tidegate_connections_rejected_total{{listener={listener:?},reason="{why}"}} {count}"#
                )?;
            }
        }
        let single = [
            (
                "accept_failures_total",
                "Calls of accept that failed for want of descriptors or memory.",
                self.accept_failures,
            ),
            (
                "abort_flush_expired_total",
                "Legs reset before all that was inside had left.",
                self.abort_flush_expired,
            ),
            (
                "bare_fin_total",
                "TLS legs whose FIN came without close_notify.",
                self.bare_fin,
            ),
            (
                "linger_stall_total",
                "Legs whose peer acknowledged nothing after our FIN, and were reset.",
                self.linger_stall,
            ),
        ];
        for (name, help, count) in single {
            head(f, name, help)?;
            writeln!(f, "tidegate_{name} {count}")?;
        }
        Ok(())
    }
}

fn head(f: &mut fmt::Formatter<'_>, name: &str, help: &str) -> fmt::Result {
    writeln!(f, "# HELP tidegate_{name} {help}")?;
    writeln!(f, "# TYPE tidegate_{name} counter")
}

//! Why each session was closed, held against what the peers did and saw (PRODUCT section 7).
//!
//! It owns what each cause implies, and which cause a peer's deed implies. From inside it asks only what
//! the session was told when it took its last word: a wait that ran out then, or something else.

#[cfg(test)]
mod tests;

use super::{Court, Ended, Invariant, ended};
use crate::{
    fault::Timers,
    peer::Log,
    schedule::{Carrier, Schedule, Step, Traffic},
    world::{Net, Outcome},
};
use tidegate_core::{
    close::CloseCause,
    ending::How,
    event::Event,
    report::Report,
    side::Side,
    time::{Span, Time},
    timer::Timer,
};

/// When a session took its last word, and what it was told then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastWord {
    /// When.
    pub at: Time,
    /// Of what.
    pub event: Event,
    /// The wait that ran out, if one did, and when it was due.
    pub ran_out: Option<(Time, Timer)>,
}

/// T_tunnel_idle of a relay (LIFECYCLE section 3).
const TUNNEL_IDLE: Span = Span::from_secs(3_600);

impl Court<'_> {
    /// Each session has a cause, and it is what happened.
    pub(super) fn judge_cause(
        &mut self,
        cause: Option<CloseCause>,
        report: &Report,
        word: Option<LastWord>,
    ) {
        let (Some(cause), Some(word)) = (cause, word) else {
            return self.cause(false, || format!("{cause:?} and {word:?}: no cause"));
        };
        let of = Case {
            schedule: self.schedule,
            outcome: self.outcome,
            report,
            word,
        };
        let (entitled, due) = (of.allows(cause), of.due());
        self.cause(entitled, || {
            let ending = report
                .ending
                .map_or_else(String::new, |ending| format!(" ({ending})"));
            let LastWord { at, event, .. } = word;
            format!(
                "{cause}{ending} behind {event:?} at {}ms, and the peers did otherwise",
                at.as_ms()
            )
        });
        self.cause(due.is_none_or(|due| due == cause), || {
            format!("{cause}, and the peers made it {due:?}")
        });
    }

    fn cause(&mut self, holds: bool, what: impl FnOnce() -> String) {
        self.unless(holds, Invariant::Cause, what);
    }
}

/// One session's end.
struct Case<'a> {
    schedule: &'a Schedule,
    outcome: &'a Outcome,
    report: &'a Report,
    word: LastWord,
}

impl Case<'_> {
    /// Whether what the peers did allows for this cause.
    fn allows(&self, cause: CloseCause) -> bool {
        let client = &self.outcome.client;
        let [tls, up_tls] =
            [self.schedule.carrier, self.schedule.upstream].map(|carrier| carrier != Carrier::Tcp);
        let fails = self.outcome.failures > 0;
        // A wait that runs out is no peer's end.
        let told = self.word.event != Event::Fired;
        match cause {
            CloseCause::Completed => told && self.is_told_in_order() && self.is_complete(),
            CloseCause::ClientFin => told && self.has_said_end(client) && self.is_told_in_order(),
            CloseCause::UpstreamFin => told && self.of_origins(|origin| self.has_said_end(origin)),
            CloseCause::ClientReset => fails || self.had(client.sent.reset_at),
            CloseCause::UpstreamReset => {
                fails || self.of_origins(|origin| self.had(origin.sent.reset_at))
            }
            CloseCause::ClientTlsTruncated => tls && self.is_bare(client),
            CloseCause::UpstreamTlsTruncated => {
                up_tls && self.of_origins(|origin| self.is_bare(origin))
            }
            CloseCause::ClientTlsError => tls && (fails || self.ran_out(&[Timer::Tls])),
            CloseCause::UpstreamTlsError => up_tls && (fails || self.ran_out(&[Timer::TlsUp])),
            CloseCause::UpstreamRefused
            | CloseCause::UpstreamUnreachable
            | CloseCause::PeerDead
            | CloseCause::Internal => fails,
            CloseCause::UpstreamConnectTimeout => fails || self.ran_out(&[Timer::Connect]),
            CloseCause::ClientIdle => self.ran_out(&[Timer::Idle, Timer::Head]),
            CloseCause::ClientHeaderTimeout => self.ran_out(&[Timer::Head]),
            CloseCause::ClientBodyStalled => self.ran_out(&[Timer::Request, Timer::Pace]),
            CloseCause::ClientWriteStalled => self.ran_out(&[Timer::WriteDown]),
            CloseCause::UpstreamHeaderTimeout => self.ran_out(&[Timer::Response]),
            CloseCause::UpstreamBodyStalled => self.ran_out(&[Timer::Body, Timer::WriteUp]),
            CloseCause::HalfCloseTimeout => self.ran_out(&[Timer::Tunnel]) && self.has_ended(),
            CloseCause::TunnelIdle => self.ran_out(&[Timer::Tunnel]) && self.is_quiet(),
            // The client's own drain comes once it has gone.
            CloseCause::DrainIdle => self.schedule.drain_ms.is_some() || self.had(client.done_at),
            // It has said a tunnel's bytes, and there was none.
            CloseCause::ClientProtocolError => {
                self.schedule.traffic.switches() && self.outcome.http.switched[0].is_none()
            }
            // Nobody else says what is no protocol, nor is anybody limited, killed or sent away.
            CloseCause::UpstreamProtocolError
            | CloseCause::MaxAge
            | CloseCause::DrainDeadline
            | CloseCause::AdminKill
            | CloseCause::LimitConnections
            | CloseCause::LimitRate
            | CloseCause::QueueTimeout
            | CloseCause::NoRoute
            | CloseCause::NoEndpoints
            | CloseCause::ProxyHeaderMissing
            | CloseCause::ProxyHeaderUntrusted
            | CloseCause::AccessDenied
            | CloseCause::HandedOver => false,
        }
    }

    /// The cause that the peers of a relay have made by themselves, where nothing else was in the way.
    fn due(&self) -> Option<CloseCause> {
        let relay = matches!(self.schedule.traffic, Traffic::Relay);
        let alone = self.outcome.failures == 0 && !self.schedule.falls_silent();
        let [origin] = &self.outcome.origins[..] else {
            return None;
        };
        if !relay || !alone || self.schedule.drain_ms.is_some() || !self.outcome.is_over() {
            return None;
        }
        let ends = [
            ended(&self.outcome.client, self.schedule.carrier != Carrier::Tcp),
            ended(origin, self.schedule.upstream != Carrier::Tcp),
        ];
        // K11: who resets behind its own end has two; which of them counts is who came first (R12, R13).
        let twice = |log: &Log| {
            let sent = &log.sent;
            sent.reset_at.is_some() && (sent.notify_at.is_some() || sent.fin_at.is_some())
        };
        let [client_twice, origin_twice] = [twice(&self.outcome.client), twice(origin)];
        match ends {
            [Ended::Clean(_), Ended::No] if client_twice => Some(CloseCause::ClientReset),
            [Ended::No, Ended::Clean(_)] if origin_twice => Some(CloseCause::UpstreamReset),
            _ if client_twice || origin_twice => None,
            [Ended::Clean(_), Ended::Clean(_)] => Some(CloseCause::Completed),
            [Ended::Reset, Ended::No | Ended::Clean(_)] => Some(CloseCause::ClientReset),
            [Ended::No | Ended::Clean(_), Ended::Reset] => Some(CloseCause::UpstreamReset),
            [Ended::Truncated, Ended::No] => Some(CloseCause::ClientTlsTruncated),
            [Ended::No, Ended::Truncated] => Some(CloseCause::UpstreamTlsTruncated),
            _ => None,
        }
    }

    /// Whether a peer had done something when the last word was taken. Where hosts share no clock, whether
    /// it ever did.
    fn had(&self, at: Option<Time>) -> bool {
        let clock = self.outcome.net == Net::Fast;
        at.is_some_and(|at| !clock || at <= self.word.at)
    }

    fn of_origins(&self, did: impl Fn(&Log) -> bool) -> bool {
        self.outcome.origins.iter().any(did)
    }

    /// A FIN without the close_notify that is due.
    fn is_bare(&self, log: &Log) -> bool {
        log.sent.notify_at.is_none() && self.had(log.sent.fin_at)
    }

    /// Whether one of these waits ran out at that very moment, and no sooner than it was due.
    fn ran_out(&self, timers: &[Timer]) -> bool {
        let fired = self.word.event == Event::Fired;
        let due = |(at, timer): (Time, Timer)| timers.contains(&timer) && at <= self.word.at;
        fired && self.outcome.timers != Timers::Frozen && self.word.ran_out.is_some_and(due)
    }

    /// Where the last word is a clean end, no peer was reset before it was told so.
    fn is_told_in_order(&self) -> bool {
        let clean = self
            .report
            .ending
            .is_some_and(|ending| ending.how == How::Clean);
        let torn = |log: &Log| {
            let reset = log.seen.reset_at.map(|(at, _)| at);
            let gone = log.sent.reset_at.is_some() || self.outcome.failures > 0;
            !gone && reset.is_some_and(|at| log.seen.fin_at.is_none_or(|fin| fin > at))
        };
        let relay = matches!(self.schedule.traffic, Traffic::Relay);
        // H12: who never takes an answer is given up behind the end of its connection, and that is why it closes.
        let told_all = self.report.legs[Side::Down as usize].said.finish.is_some();
        let deaf = !relay && told_all && self.schedule.client.reader.stop.is_some();
        let client = !deaf && torn(&self.outcome.client);
        !clean || !(client || relay && self.of_origins(torn))
    }

    /// Whether a peer has ended its direction: over TLS the word for it comes before the FIN.
    fn has_said_end(&self, log: &Log) -> bool {
        self.had(log.sent.notify_at) || self.had(log.sent.fin_at)
    }

    /// Of a relay: both peers have ended it.
    fn is_complete(&self) -> bool {
        let relay = matches!(self.schedule.traffic, Traffic::Relay);
        let client = self.has_said_end(&self.outcome.client);
        !relay || client && self.of_origins(|origin| self.has_said_end(origin))
    }

    /// One peer at least has ended.
    fn has_ended(&self) -> bool {
        let client = self.has_said_end(&self.outcome.client);
        client || self.of_origins(|origin| self.has_said_end(origin))
    }

    /// Neither peer had said anything for as long as a relay may be idle, or had said it where it could not
    /// be heard.
    fn is_quiet(&self) -> bool {
        let Schedule {
            client,
            origin,
            faults,
            links,
            traffic,
            ..
        } = self.schedule;
        let stops = [client, origin]
            .iter()
            .any(|peer| peer.reader.stop.is_some());
        let hangs = [client, origin]
            .iter()
            .any(|peer| peer.writer.contains(&Step::Hang));
        let free = links.is_empty() && faults.is_empty() && *traffic == Traffic::Relay && !stops;
        let clock = self.outcome.net == Net::Fast && self.outcome.timers == Timers::Running;
        let last = self.of_all(|log| log.sent.last_at).max();
        let long = last.is_none_or(|last| self.word.at >= last + TUNNEL_IDLE);
        (hangs || stops || !free) && (!free || !clock || long && !self.was_heard())
    }

    /// Whether a peer's end has come across with all that was before it.
    fn was_heard(&self) -> bool {
        let client = &self.outcome.client;
        let across =
            |from: &Log, to: &Log| self.has_said_end(from) && to.seen.bytes == from.sent.bytes;
        self.of_origins(|origin| across(client, origin) || across(origin, client))
    }

    fn of_all(&self, at: impl Fn(&Log) -> Option<Time>) -> impl Iterator<Item = Time> {
        let logs = self.outcome.origins.iter().chain([&self.outcome.client]);
        logs.filter_map(at)
    }
}

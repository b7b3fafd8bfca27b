//! The judge: what the peers saw, held against what they did.
//!
//! It owns the verdict on a relay, and what holds of every run; exchanges are judged in [`http`].
//! It knows nothing of the proxy: a verdict follows from the schedule and the peers' logs alone,
//! so no proxy can talk it round.

mod abort;
mod cause;
mod descriptors;
mod drain;
mod http;
mod invariant;
pub mod report;
mod silence;

pub use self::{
    cause::LastWord,
    invariant::{Invariant, Violation},
};
use crate::{
    fault::Fault,
    peer::{Begun, Log},
    schedule::{Carrier, Schedule, Traffic},
    tls::Version,
    world::Outcome,
};
use tidegate_core::time::{Span, Time};

/// How a peer ended its direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    /// Not yet.
    No,
    /// With FIN, over TLS with close_notify, at this time.
    Clean(Time),
    /// With FIN and no close_notify.
    Truncated,
    /// With RST.
    Reset,
}

/// One direction of the relay.
struct Direction<'a> {
    name: &'static str,
    from: &'a Log,
    to: &'a Log,
    ended: Ended,
    /// The receiver speaks TLS.
    to_tls: bool,
    /// What its handshake still takes after its own last word.
    handshake_ms: u64,
}

/// Judges a run; nothing is a good one.
#[must_use]
pub fn judge(schedule: &Schedule, outcome: &Outcome) -> Vec<Violation> {
    let mut court = Court {
        schedule,
        outcome,
        violations: Vec::new(),
    };
    court.judge();
    court.judge_kept_back();
    court.violations
}

struct Court<'a> {
    schedule: &'a Schedule,
    outcome: &'a Outcome,
    violations: Vec<Violation>,
}

impl<'a> Court<'a> {
    fn unless(&mut self, holds: bool, invariant: Invariant, what: impl FnOnce() -> String) {
        if !holds {
            let what = what();
            self.violations.push(Violation { invariant, what });
        }
    }

    fn judge(&mut self) {
        let outcome = self.outcome;
        if let Some(panic) = &outcome.panic {
            return self.unless(false, Invariant::NoPanic, || panic.clone());
        }
        self.judge_end();
        if self.came_too_late() {
            return self.judge_refused();
        }
        let tls = self.schedule.carrier != Carrier::Tcp;
        let up_tls = self.schedule.upstream != Carrier::Tcp;
        if let Traffic::Http { exchanges, .. } = &self.schedule.traffic {
            return self.judge_exchanges(exchanges);
        }
        let aborted = self.is_aborted();
        let [origin] = &outcome.origins[..] else {
            return self.judge_alone(aborted);
        };
        for direction in &self.directions(origin) {
            self.judge_direction(direction, None);
        }
        if !tls && !up_tls && !aborted {
            self.judge_bounds();
        }
    }

    /// Both directions between the client and this connection of the origin's.
    fn directions<'b>(&self, origin: &'b Log) -> [Direction<'b>; 2]
    where
        'a: 'b,
    {
        let [tls, up_tls] =
            [self.schedule.carrier, self.schedule.upstream].map(|carrier| carrier != Carrier::Tcp);
        let client: &'b Log = &self.outcome.client;
        let from_client = Direction {
            name: "client to origin",
            from: client,
            to: origin,
            ended: ended(client, tls),
            to_tls: up_tls,
            handshake_ms: self.last_flight_ms(),
        };
        let from_origin = Direction {
            name: "origin to client",
            from: origin,
            to: client,
            ended: ended(origin, up_tls),
            to_tls: tls,
            handshake_ms: 0,
        };
        [from_client, from_origin]
    }

    /// No end of it is due before `earliest`.
    fn judge_direction(&mut self, direction: &Direction<'_>, earliest: Option<Time>) {
        self.judge_bytes(direction);
        self.judge_clean_end(direction);
        self.judge_abort(direction);
        self.judge_abort_behind_end(direction);
        self.judge_latency(direction, earliest);
        self.judge_stopped(direction);
    }

    /// Whether anything happened that entitles the proxy to reset.
    fn is_aborted(&self) -> bool {
        let Outcome {
            client,
            origins,
            failures,
            ..
        } = self.outcome;
        let tls = self.schedule.carrier != Carrier::Tcp;
        let up_tls = self.schedule.upstream != Carrier::Tcp;
        let aborts = |log: &Log, tls| {
            let broken = matches!(ended(log, tls), Ended::Reset | Ended::Truncated);
            broken || log.sent.reset_at.is_some()
        };
        self.schedule.falls_silent()
            || *failures > 0
            || aborts(client, tls)
            || origins.iter().any(|log| aborts(log, up_tls))
    }

    fn judge_end(&mut self) {
        let outcome = self.outcome;
        self.judge_descriptors();
        if self.schedule.falls_silent() {
            return self.judge_patience();
        }
        self.unless(outcome.peers_done, Invariant::Ends, || {
            let stuck = |log: &Log| log.begun.is_some() && log.done_at.is_none();
            let origins = outcome.origins.iter().filter(|log| stuck(log)).count();
            let client = if outcome.client.done_at.is_none() {
                "the client"
            } else {
                "not the client"
            };
            format!("{client} and {origins} of the origin's connections wait for ever")
        });
        let (proxy, peers) = (outcome.proxy_sockets, outcome.peer_sockets);
        let left = outcome.peers_done && !outcome.is_over();
        self.unless(!left, Invariant::NoLeak, || {
            format!("{proxy} sockets of the proxy's and {peers} of the peers' are left")
        });
    }

    /// In TLS 1.2 the origin's word is the handshake's last: the proxy has to hear it first.
    fn last_flight_ms(&self) -> u64 {
        match self.schedule.upstream {
            Carrier::Tls(Version::Tls12) => 2 * u64::from(self.schedule.latencies.proxy_origin_ms),
            Carrier::Tcp | Carrier::Tls(Version::Tls13) => 0,
        }
    }

    /// The origin has seen no connection, or more than one.
    fn judge_alone(&mut self, aborted: bool) {
        let (client, origins) = (&self.outcome.client, self.outcome.origins.len());
        self.unless(origins == 0, Invariant::NoLeak, || {
            format!("one client made {origins} connections to the origin")
        });
        self.unless(client.seen.bytes == 0, Invariant::Prefix, || {
            "the client received what nobody sent".to_owned()
        });
        let clean = client.seen.fin_at.or(client.seen.notify_at);
        self.unless(clean.is_none(), Invariant::EndOnlyIfClean, || {
            "the client saw an end, and there was no origin".to_owned()
        });
        self.unless(aborted, Invariant::NoOwnReset, || {
            "the origin was never reached, and nobody aborted".to_owned()
        });
    }

    fn judge_bytes(&mut self, direction: &Direction<'_>) {
        let (seen, sent, name) = (&direction.to.seen, &direction.from.sent, direction.name);
        self.unless(seen.differs_at.is_none(), Invariant::Prefix, || {
            format!("{name}: byte {:?} is another", seen.differs_at)
        });
        self.unless(seen.bytes <= sent.bytes, Invariant::Prefix, || {
            format!("{name}: {} sent, {} received", sent.bytes, seen.bytes)
        });
        self.unless(seen.tls_error.is_none(), Invariant::Prefix, || {
            format!("{name}: {:?}", seen.tls_error)
        });
    }

    fn judge_clean_end(&mut self, direction: &Direction<'_>) {
        let (seen, sent, name) = (&direction.to.seen, &direction.from.sent, direction.name);
        let clean = if direction.to_tls {
            seen.notify_at
        } else {
            seen.fin_at
        };
        if let Some(at) = clean {
            let entitled = matches!(direction.ended, Ended::Clean(when) if when <= at);
            let ended = direction.ended;
            self.unless(entitled, Invariant::EndOnlyIfClean, || {
                format!("{name}: a clean end at {} for {ended:?}", at.as_ms())
            });
            self.unless(seen.bytes == sent.bytes, Invariant::EndAfterAll, || {
                format!(
                    "{name}: the end after {} of {} bytes",
                    seen.bytes, sent.bytes
                )
            });
        }
        if direction.to_tls && seen.reset_at.is_none() {
            let (notify, fin) = (seen.notify_at.is_some(), seen.fin_at.is_some());
            self.unless(notify || !fin, Invariant::EndOnlyIfClean, || {
                format!("{name}: FIN without close_notify")
            });
        }
    }

    /// I5, where nothing but the ways themselves can make an end late.
    fn judge_latency(&mut self, direction: &Direction<'_>, earliest: Option<Time>) {
        let Ended::Clean(sent_at) = direction.ended else {
            return;
        };
        let (Some(seen_at), Some(Begun::Open(open_at))) =
            (direction.to.seen.fin_at, direction.to.begun)
        else {
            return;
        };
        if !self.is_quiet() {
            return;
        }
        let ways = self.schedule.latencies;
        let ways_ms = u64::from(ways.client_proxy_ms) + u64::from(ways.proxy_origin_ms);
        let due = (sent_at + Span::from_ms(ways_ms))
            .max(open_at)
            .max(earliest.unwrap_or(open_at))
            + Span::from_ms(direction.handshake_ms + self.outcome.net.slack_ms());
        self.unless(seen_at <= due, Invariant::EndAtOnce, || {
            let (name, seen_ms, due_ms) = (direction.name, seen_at.as_ms(), due.as_ms());
            format!("{name}: seen at {seen_ms} ms, due at {due_ms} ms")
        });
    }

    fn is_quiet(&self) -> bool {
        self.is_calm() && !self.is_aborted()
    }

    /// Nothing but the ways themselves can make anything late.
    fn is_calm(&self) -> bool {
        let Schedule {
            buffers,
            client,
            origin,
            faults,
            links,
            ..
        } = self.schedule;
        let logs = self.outcome.origins.iter().chain([&self.outcome.client]);
        let fits = logs.map(|log| log.sent.bytes).all(|bytes| bytes < 16_000);
        let default = *buffers == Default::default() && fits;
        let reads = client.reader == Default::default() && origin.reader == Default::default();
        // A call that is cut costs no time: the next one follows at once.
        let timely = faults.values().all(|fault| matches!(fault, Fault::Cut(_)));
        default && reads && timely && links.is_empty()
    }

    /// I8: sockets and relay, all full. Not over TLS, which has buffers of its own within a
    /// record, nor after an abort, behind which bytes are dropped rather than held (R12).
    fn judge_bounds(&mut self) {
        let sizes = self.schedule.buffers;
        let through = [
            sizes.client.send + sizes.down.recv + sizes.up.send + sizes.origin.recv,
            sizes.origin.send + sizes.up.recv + sizes.down.send + sizes.client.recv,
        ];
        // R12: what goes towards an aborted leg is read and thrown away, and is not inside.
        if self.is_aborted() {
            return;
        }
        for (most, sockets) in self.outcome.most_inside.into_iter().zip(through) {
            let limit = u64::from(sockets) + u64::from(sizes.relay);
            self.unless(most <= limit, Invariant::Bounded, || {
                format!("{most} bytes inside buffers of {limit}")
            });
        }
    }
}

fn ended(log: &Log, tls: bool) -> Ended {
    let sent = &log.sent;
    let clean = if tls { sent.notify_at } else { sent.fin_at };
    match (clean, sent.fin_at, sent.reset_at) {
        (Some(at), _, _) => Ended::Clean(at),
        (None, _, Some(_)) => Ended::Reset,
        (None, Some(_), None) => Ended::Truncated,
        (None, None, None) => Ended::No,
    }
}

//! The last line of a trace: what the steps came to, counted while they happen.
//!
//! It owns moments and sums; it asks the session nothing that a peer could not see, but its phase.

use tidegate_core::{
    effect::Effect,
    event::Event,
    leg::Leg,
    session::{Phase, Session, Stuck},
    side::Side,
    time::Time,
    timer::Timer,
};

/// What a peer did last.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Said {
    Fin,
    /// A TLS leg's FIN without close_notify.
    BareFin,
    Reset,
    /// It would not be connected to.
    Refused,
}

/// How we ended a leg.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    Fin,
    Reset,
}

/// The sums.
#[derive(Default)]
pub(crate) struct Ledger {
    /// By side: when its peer first ended, and how last.
    said: [Option<(Time, Said)>; 2],
    /// By side: when we ended it first, how, and when it had last taken anything.
    told: [Option<(Time, Told, Time)>; 2],
    taken: [Time; 2],
    /// By direction: bytes in, bytes out.
    bytes: [(u64, u64); 2],
    fired: Vec<Timer>,
    /// Whether bytes went both ways as they were: a relay, or an exchange that left HTTP.
    tunnel: bool,
    /// By side: bytes read and not understood.
    unread: [u32; 2],
    stuck: Option<(Time, Stuck)>,
    /// Whose kernel has not acknowledged all that its leg took.
    undelivered: Option<Side>,
    /// Bytes that the upstream leg has taken, and what of them was sent once more.
    asked: u64,
    repeated: u64,
}

impl Ledger {
    /// Adds a step.
    pub(crate) fn add(&mut self, now: Time, event: &Event, before: &Session, effects: &[Effect]) {
        self.tunnel |= *before.phase() == Phase::Tunnel;
        match *event {
            Event::Received(side, bytes) => {
                self.bytes[side as usize].0 += u64::from(bytes);
                self.unread[side as usize] = self.unread[side as usize].saturating_sub(bytes);
            }
            Event::Decoded(side, it) => {
                self.bytes[side as usize].0 += u64::from(it.bytes);
                self.unread[side as usize] = it.left;
            }
            Event::Sent(side, bytes) => {
                self.bytes[side.other() as usize].1 += u64::from(bytes);
                self.taken[side as usize] = now;
                if side == Side::Up {
                    self.asked += u64::from(bytes);
                }
            }
            Event::Connected(_) => self.asked = 0,
            Event::CloseNotify(side) | Event::Hinted(side) => self.said(now, side, Said::Fin),
            Event::Fin(side) => {
                let bare = before.leg(side).open().is_some_and(|open| open.tls);
                let new = self.said[side as usize].is_none();
                let said = match bare && new {
                    true => Said::BareFin,
                    false => Said::Fin,
                };
                self.said(now, side, said);
            }
            Event::Unconnected(_) => self.said(now, Side::Up, Said::Refused),
            Event::Refused(side, _) => self.unread[side as usize] = 0,
            // R13: both had ended, and nobody is left to be told.
            Event::Failed(side, _, _) if before.leg(side.other()).is_over() && self.ended(side) => {
            }
            Event::Failed(side, _, _) => self.said(now, side, Said::Reset),
            Event::Undelivered(side) => self.undelivered = Some(side),
            Event::Fired => self.fired.extend(before.deadline().map(|(_, timer)| timer)),
            Event::Accepted
            | Event::Introduced
            | Event::Rejected(_)
            | Event::Secured(..)
            | Event::Routed(_)
            | Event::Peeked(_)
            | Event::Queued
            | Event::Granted
            | Event::Piped(..)
            | Event::Copied(_)
            | Event::Acked(_)
            | Event::Finished(_)
            | Event::Unaccepted
            | Event::Declined(_)
            | Event::Redialled
            | Event::Evicted
            | Event::Drained
            | Event::DrainExpired
            | Event::Killed(_) => {}
        }
        self.orders(now, event, effects);
    }

    fn orders(&mut self, now: Time, event: &Event, effects: &[Effect]) {
        for effect in effects {
            match (*event, effect) {
                // What has failed is not told that it has.
                (Event::Failed(failed, _, _), Effect::Reset(side)) if failed == *side => {}
                // The leg is left behind; what it took is still to be counted.
                (Event::Declined(_), Effect::Retire(_)) => {}
                // U02: what the last leg took of the request comes once more.
                (_, Effect::Connect) => {
                    self.bytes[Side::Down as usize].0 += self.asked;
                    self.repeated += core::mem::take(&mut self.asked);
                }
                (_, Effect::Park | Effect::Retire(_)) => self.asked = 0,
                (_, effect) => self.order(now, effect),
            }
        }
    }

    /// Remembers what nothing led to; the first find stays.
    pub(crate) fn stuck(&mut self, now: Time, stuck: Stuck) {
        self.stuck.get_or_insert((now, stuck));
    }

    fn ended(&self, side: Side) -> bool {
        matches!(self.said[side as usize], Some((_, Said::Fin)))
    }

    fn said(&mut self, now: Time, side: Side, said: Said) {
        let first = self.said[side as usize].map_or(now, |(first, _)| first);
        let at = if said == Said::Reset { now } else { first };
        self.said[side as usize] = Some((at, said));
    }

    fn order(&mut self, now: Time, effect: &Effect) {
        let (side, told) = match *effect {
            Effect::Finish(side) => (side, Told::Fin),
            Effect::Reset(side) => (side, Told::Reset),
            Effect::Cancel => (Side::Up, Told::Reset),
            Effect::Reply(reply) => {
                self.bytes[Side::Up as usize].0 += u64::from(reply.len());
                return;
            }
            Effect::Alert => {
                self.bytes[Side::Up as usize].0 += 7;
                return;
            }
            Effect::Probe => {
                self.bytes[Side::Up as usize].0 += 25;
                return;
            }
            Effect::LastChunk => {
                self.bytes[Side::Up as usize].0 += 5;
                return;
            }
            // Nothing was read that is left unread, so the kernel says FIN.
            Effect::Close(side) if self.told[side as usize].is_none() => (side, Told::Fin),
            Effect::Connect
            | Effect::Close(_)
            | Effect::Park
            | Effect::Retire(_)
            | Effect::End(_) => return,
        };
        self.told[side as usize] = Some((now, told, self.taken[side as usize]));
    }

    /// The line.
    pub(crate) fn verdict(&self, session: &Session) -> String {
        let mut words = Vec::new();
        match self.tunnel {
            true => {
                let sides = Side::BOTH.into_iter();
                words.extend(sides.filter_map(|side| self.passed_on(side, session)));
            }
            false => {
                words.extend(self.answered());
                words.extend(self.origin_failed());
            }
        }
        if self.repeated > 0 {
            words.push(format!("{} bytes sent again", self.repeated));
        }
        words.push(self.timers());
        words.push(self.delivered());
        for side in Side::BOTH {
            let unread = self.unread[side as usize];
            if unread > 0 {
                words.push(format!("{unread} bytes of {side} never looked at"));
            }
        }
        if let Some((at, stuck)) = self.stuck {
            words.push(format!("the check says {stuck:?} at {} ms", at.as_ms()));
        }
        if matches!(session.leg(Side::Down), Leg::Open(_)) {
            words.push("D still open".to_string());
        }
        words.join(", ")
    }

    /// A relay: what a peer said last, and when the other one was told.
    fn passed_on(&self, side: Side, session: &Session) -> Option<String> {
        let (at, said) = self.said[side as usize]?;
        if session.leg(side.other()) == &Leg::Absent {
            return None;
        }
        let word = match said {
            Said::Fin => "fin",
            Said::BareFin => "bare fin",
            Said::Reset => "reset",
            Said::Refused => "refusal",
        };
        let Some((then, told, taken)) = self.told[side.other() as usize] else {
            return Some(format!("{side} {word} not passed on"));
        };
        let how = match (said, told) {
            (Said::Fin, Told::Fin) | (Said::Reset, Told::Reset) => "",
            (Said::BareFin | Said::Reset | Said::Refused, Told::Fin) => " as fin",
            (Said::Fin | Said::BareFin | Said::Refused, Told::Reset) => " as reset",
        };
        let delay = delay(at, then, taken);
        Some(format!("{side} {word} passed on{how} {delay}"))
    }

    /// HTTP: what the client said last, and what that came to.
    fn answered(&self) -> Option<String> {
        let (at, said) = self.said[Side::Down as usize]?;
        let word = match said {
            Said::Fin => "fin",
            Said::BareFin => "bare fin",
            Said::Reset | Said::Refused => {
                let (then, _, taken) = self.told[Side::Up as usize]?;
                return Some(format!("server reset {}", delay(at, then, taken)));
            }
        };
        let Some((then, told, taken)) = self.told[Side::Down as usize] else {
            return Some(format!("{word} not answered"));
        };
        if then < at {
            return Some(format!("{word} answers ours"));
        }
        let how = match told {
            Told::Fin => "",
            Told::Reset => " with reset",
        };
        Some(format!("{word} answered{how} {}", delay(at, then, taken)))
    }

    /// HTTP: an end of the origin that the client is shown as it was.
    fn origin_failed(&self) -> Option<String> {
        let (at, _) = self.said[Side::Up as usize]?;
        let (then, told, taken) = self.told[Side::Down as usize]?;
        (told == Told::Reset && then >= at)
            .then(|| format!("client reset {}", delay(at, then, taken)))
    }

    fn timers(&self) -> String {
        if self.fired.is_empty() {
            return "no timer fired".to_string();
        }
        let fired: Vec<_> = self.fired.iter().map(ToString::to_string).collect();
        format!("{} fired", fired.join(" and "))
    }

    fn delivered(&self) -> String {
        let dropped: Vec<_> = [(Side::Down, "D>U"), (Side::Up, "U>D")]
            .into_iter()
            .map(|(side, way)| (way, self.bytes[side as usize]))
            .filter(|(_, (came, left))| came != left)
            .map(|(way, (came, left))| format!("{} of {came} bytes {way} dropped", came - left))
            .collect();
        if !dropped.is_empty() {
            return dropped.join(", ");
        }
        match self.undelivered {
            Some(side) => format!("not every byte acknowledged by {side}"),
            None => "every byte delivered".to_string(),
        }
    }
}

/// How long after `at`, or after the last progress that it had to wait for.
fn delay(at: Time, then: Time, taken: Time) -> String {
    let behind = then.since(at.max(taken)).as_ms();
    if taken <= at {
        format!("in {behind} ms")
    } else {
        format!("{behind} ms after the last byte")
    }
}

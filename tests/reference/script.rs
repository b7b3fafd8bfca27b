//! Scripts for a tunnel, and how one is run: what a step names is done if a driver could do it,
//! and skipped if not, so that any script is a script and shrinking is free.

use crate::plain::{Ended, History};
use proptest::prelude::*;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tidegate_core::{
    effect::{Effect, Effects},
    ending::Cause,
    event::{Call, Event, Origin, Refusal},
    interest::Read,
    leg::{Leg, WriteEnd},
    session::{Kind, Session, Setup},
    side::Side,
    time::Time,
    variant::Variant,
};

/// Something that a peer or its kernel does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    /// So many bytes come, or as many as there is room for.
    Bytes(Side, u8),
    /// The socket takes so many, or as many as there are.
    Takes(Side, u8),
    CloseNotify(Side),
    Fin(Side),
    Finished(Side),
    Acked(Side),
    Fails(Side, Call),
    /// It fails, and takes with it what it took (R14).
    Loses(Side, Call),
    /// No endpoint has room for it, or one has again.
    Queues,
    Connects(bool),
}

/// A setup and the steps on it.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub(crate) tls: bool,
    pub(crate) limit: u32,
    pub(crate) steps: Vec<Step>,
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Down), Just(Side::Up)]
}

fn step() -> impl Strategy<Value = Step> {
    let call = prop_oneof![
        Just(Call::Read),
        Just(Call::Write),
        Just(Call::Poll),
        Just(Call::Finish)
    ];
    prop_oneof![
        12 => (side(), 1..20_u8).prop_map(|(side, n)| Step::Bytes(side, n)),
        12 => (side(), 1..20_u8).prop_map(|(side, n)| Step::Takes(side, n)),
        3 => side().prop_map(Step::CloseNotify),
        3 => side().prop_map(Step::Fin),
        4 => side().prop_map(Step::Finished),
        4 => side().prop_map(Step::Acked),
        1 => (side(), call.clone()).prop_map(|(side, call)| Step::Fails(side, call)),
        1 => (side(), call).prop_map(|(side, call)| Step::Loses(side, call)),
        3 => prop::bool::weighted(0.95).prop_map(Step::Connects),
        2 => Just(Step::Queues),
    ]
}

pub(crate) fn scripts() -> impl Strategy<Value = Script> {
    let steps = prop::collection::vec(step(), 1..80);
    (any::<bool>(), 3..40_u32, steps).prop_map(|(tls, limit, steps)| Script { tls, limit, steps })
}

/// Runs a script, then lets both peers end, and compares with the reference after every event.
pub(crate) fn run(script: &Script, variant: Option<Variant>) -> Result<(), String> {
    let mut setup = Setup::new(Kind::Tcp, script.tls);
    setup.limits.relay_bytes = script.limit;
    setup.variant = variant;
    let mut stage = Stage {
        session: Session::new(setup),
        tls: script.tls,
        history: History {
            tls: script.tls,
            ..History::default()
        },
        orders: Vec::new(),
        moments: Vec::new(),
        next: 0,
    };
    stage.tell(Event::Accepted)?;
    if script.tls {
        stage.tell(Event::Secured(Side::Down, tidegate_core::tls::Version::V13))?;
    }
    for step in &script.steps {
        let Some(event) = stage.possible(*step) else {
            continue;
        };
        if let Step::Loses(side, _) = *step
            && stage.session.asks_if_delivered(side)
        {
            stage.tell(Event::Undelivered(side))?;
        }
        stage.tell(event)?;
    }
    stage.run_out()
}

struct Stage {
    session: Session,
    tls: bool,
    history: History,
    orders: Vec<Effect>,
    /// The same, with their moments.
    moments: Vec<(Time, Effect)>,
    next: u8,
}

impl Stage {
    fn is_tls(&self, side: Side) -> bool {
        self.tls && side == Side::Down
    }

    /// The event that a driver would tell of a step, if it could come to it.
    fn possible(&mut self, step: Step) -> Option<Event> {
        match step {
            Step::Bytes(side, n) => match self.session.interest(side).read {
                Read::Take(room) => Some(Event::Received(side, u32::from(n).min(room))),
                Read::Discard => {
                    let said = self.said_all(side);
                    self.history.lost[side as usize] |= !said;
                    None
                }
                Read::Off => None,
            },
            Step::Takes(side, n) => {
                let waiting = self.session.interest(side).write;
                (waiting > 0).then(|| Event::Sent(side, u32::from(n).min(waiting)))
            }
            Step::CloseNotify(side) => {
                let may = self.is_tls(side) && self.reads(side) && !self.said_all(side);
                may.then_some(Event::CloseNotify(side))
            }
            Step::Fin(side) => self.reads(side).then_some(Event::Fin(side)),
            Step::Finished(side) => self.finishes(side).then_some(Event::Finished(side)),
            Step::Acked(side) => {
                let asked = self.session.interest(side).acked;
                asked.then_some(Event::Acked(side))
            }
            Step::Fails(side, call) | Step::Loses(side, call) => {
                let may = match call {
                    Call::Read => self.reads(side),
                    Call::Write => self.session.interest(side).write > 0,
                    Call::Poll => {
                        self.session.observes_faults(side) || self.session.interest(side).acked
                    }
                    Call::Finish => self.finishes(side),
                };
                may.then_some(Event::Failed(side, Cause::Reset, call))
            }
            Step::Queues if self.session.leg(Side::Up) == &Leg::Queued => Some(Event::Granted),
            Step::Queues => {
                (self.session.leg(Side::Up) == &Leg::Connecting).then_some(Event::Queued)
            }
            Step::Connects(_) if self.session.leg(Side::Up) == &Leg::Queued => Some(Event::Granted),
            Step::Connects(well) => {
                let refused = Event::Unconnected(Refusal::Failed(Cause::Refused));
                let event = if well {
                    Event::Connected(Origin::Fresh)
                } else {
                    refused
                };
                (self.session.leg(Side::Up) == &Leg::Connecting).then_some(event)
            }
        }
    }

    fn reads(&self, side: Side) -> bool {
        self.session.interest(side).read != Read::Off
    }

    fn said_all(&self, side: Side) -> bool {
        self.history.events.contains(&Event::CloseNotify(side))
    }

    fn finishes(&self, side: Side) -> bool {
        let open = self.session.leg(side).open();
        open.is_some_and(|open| open.write == WriteEnd::Finishing)
            && self.session.observes_writes(side)
    }

    fn tell(&mut self, event: Event) -> Result<(), String> {
        self.remember(event);
        let mut effects = Effects::new();
        let now = crate::report::moment(self.history.events.len() - 1);
        let step = AssertUnwindSafe(|| self.session.step(now, event, &mut effects));
        catch_unwind(step).map_err(|_| format!("{event:?} panics"))?;
        for effect in effects {
            self.ordered(effect)?;
            self.orders.push(effect);
            self.moments.push((now, effect));
        }
        let stuck = self.session.check();
        stuck.map_err(|stuck| format!("after {event:?}: {stuck:?}"))?;
        self.compare()
            .map_err(|why| format!("after {event:?}: {why}"))
    }

    fn remember(&mut self, event: Event) {
        match event {
            Event::Received(side, n) => {
                for _ in 0..n {
                    self.history.sent[side as usize].push(self.next);
                    self.next = self.next.wrapping_add(1);
                }
            }
            Event::Sent(side, n) => {
                let n = usize::try_from(n).unwrap();
                let taken = self.history.waiting(side)[..n].to_vec();
                self.history.got[side as usize].extend(taken);
            }
            _ => {}
        }
        self.history.events.push(event);
    }

    /// A clean end is ordered once, for a clean end, behind the last byte; an abort behind it too,
    /// unless the leg itself has failed.
    fn ordered(&self, effect: Effect) -> Result<(), String> {
        let (Effect::Finish(sink) | Effect::Reset(sink)) = effect else {
            return Ok(());
        };
        let source = sink.other();
        let all = self.history.waiting(sink).is_empty() || self.history.has_failed(sink);
        if effect == Effect::Reset(sink) {
            return all
                .then_some(())
                .ok_or(format!("{sink} is reset before its last byte"));
        }
        let clean = self.history.ended(source) == Some(Ended::Clean);
        let once = !self.orders.contains(&effect) && !self.orders.contains(&Effect::Reset(sink));
        if clean && all && once && !self.history.lost[source as usize] {
            Ok(())
        } else {
            Err(format!(
                "{sink} is finished: clean {clean}, all {all}, once {once}"
            ))
        }
    }

    fn compare(&self) -> Result<(), String> {
        for sink in Side::BOTH {
            let Leg::Open(open) = self.session.leg(sink) else {
                continue;
            };
            let source = sink.other();
            let ended = self.history.ended(source);
            let waiting = u32::try_from(self.history.waiting(sink).len()).unwrap();
            if self.history.has_failed(sink) {
                continue;
            }
            let refused = self
                .history
                .events
                .iter()
                .any(|event| matches!(event, Event::Unconnected(_)));
            let aborts = ended == Some(Ended::Unclean) || refused && sink == Side::Down;
            let told = match open.write {
                WriteEnd::Open => None,
                WriteEnd::Finishing | WriteEnd::Sent | WriteEnd::Acked => Some(Ended::Clean),
                WriteEnd::Flushing => Some(Ended::Unclean),
            };
            // A leg that was reset before it had said all has been cut by us.
            let cut = self.orders.contains(&Effect::Reset(source)) && ended.is_none();
            let due = match ended {
                Some(Ended::Clean) if waiting == 0 && !aborts => Some(Ended::Clean),
                _ if aborts || cut => Some(Ended::Unclean),
                _ => None,
            };
            if told != due {
                return Err(format!("{sink} was told {told:?}, and {due:?} is due"));
            }
            let writes = self.session.interest(sink).write;
            if writes != waiting {
                return Err(format!("{sink} is offered {writes} of {waiting}"));
            }
        }
        Ok(())
    }

    /// Both peers take, acknowledge and end; no time passes. The session must be over.
    fn run_out(&mut self) -> Result<(), String> {
        for _ in 0..40 {
            for side in Side::BOTH {
                for step in [
                    Step::Connects(true),
                    Step::Takes(side, u8::MAX),
                    Step::CloseNotify(side),
                    Step::Fin(side),
                    Step::Finished(side),
                    Step::Acked(side),
                ] {
                    if let Some(event) = self.possible(step) {
                        self.tell(event)?;
                    }
                }
            }
        }
        if !self.session.is_closed() {
            return Err(format!("it does not end: {:?}", self.session));
        }
        for sink in Side::BOTH {
            let (got, sent) = (
                &self.history.got[sink as usize],
                &self.history.sent[sink.other() as usize],
            );
            if !sent.starts_with(got) {
                return Err(format!("{sink} got {got:?} of {sent:?}"));
            }
        }
        crate::report::compare(&self.session.report(), &self.history, &self.moments)
    }
}

#[test]
fn relays_do_as_the_reference() {
    crate::all_pass("relays", 4_000, &scripts(), |script| run(script, None));
}

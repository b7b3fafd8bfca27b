//! The same of a leg without a session: idle in the pool until its time is up, or told to finish.

use super::{Bounds, Hold, Stage, Whom};
use crate::config::show_span;
use tidegate_core::{
    ending::Cause,
    leg::ReadEnd,
    session::Setup,
    spare::{Event, Spare, Stay},
    time::Time,
    timer::Timer,
};

/// How its origin is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    Gone,
    There,
    Stalls,
}

/// Adds the worst of a leg that was just parked, and of one that was told to finish.
pub(super) fn add(setup: &Setup, bounds: &mut Bounds) {
    let stay = Stay {
        timeouts: setup.timeouts,
        // An origin that says that it waits for ever.
        hint: Some(u16::MAX),
    };
    for origin in [Origin::Gone, Origin::There, Origin::Stalls] {
        let whom = match origin {
            Origin::Gone => Whom::Origin,
            Origin::There | Origin::Stalls => Whom::Silence,
        };
        let parked = Spare::parked(Time(0), setup.up_tls, stay);
        bounds.add(Stage::Pooled, whom, alone(parked, origin));
        let (tls, waits) = (setup.up_tls, setup.timeouts);
        let retired = Spare::retired(Time(0), tls, ReadEnd::Open, waits, &mut Vec::new());
        bounds.add(Stage::Pooled, whom, alone(retired, origin));
    }
}

fn alone(mut spare: Spare, origin: Origin) -> Hold {
    let (mut now, mut by) = (Time(0), Vec::new());
    let mut waiting = None;
    while !spare.is_gone() {
        let tell = |spare: &mut Spare, now, event| spare.step(now, event, &mut Vec::new());
        if spare.is_finishing() {
            waiting.get_or_insert(now);
            tell(&mut spare, now, Event::Finished);
            continue;
        }
        if spare.waits_for_ack() && origin == Origin::There {
            tell(&mut spare, now, Event::Acked);
            continue;
        }
        let verdict = spare.vigil().filter(|_| origin == Origin::Gone);
        let verdict = verdict.and_then(|vigil| match waiting {
            Some(since) => vigil.unacked.map(|span| since + span),
            None => Some(Time(0) + vigil.given_up()),
        });
        let deadline: Option<(Time, Timer)> = spare.deadline();
        match (verdict, deadline) {
            (Some(at), due) if due.is_none_or(|(due, _)| at <= due) => {
                now = now.max(at);
                let name = waiting.map_or("U keepalive", |_: Time| "U user timeout");
                by.push(name.to_owned());
                tell(&mut spare, now, Event::Failed(Cause::TimedOut));
            }
            (_, Some((at, timer))) => {
                by.push(format!("{timer} {}", show_span(at.since(now))));
                now = now.max(at);
                tell(&mut spare, now, Event::Fired);
            }
            (Some(_), None) | (None, None) => panic!("bug: nothing ends {spare:?}"),
        }
    }
    Hold {
        span: now.since(Time(0)),
        by,
    }
}

//! With the timers back: no state waits without one, progress moves those that bound it, and time
//! alone ends everything.

use super::{
    quiet,
    search::walk,
    shapes,
    world::{Action, World, oracle::Found, shape::Shape},
};
use std::collections::BTreeSet;
use tidegate_core::{event::Event, session::Phase, side::Side, time::Time, timer::Timer};

/// More than any session has waits in a row.
const FIRES: usize = 16;

/// Lets time alone pass, and counts the waits that run out in a row. What the driver can do by itself
/// (a finish, an order) it does at once.
fn alone(shape: &Shape, world: &World) -> Result<usize, Found> {
    let mut session = world.session.clone();
    let mut effects = Vec::new();
    for fired in 0..FIRES {
        if session.is_closed() || world.is_new() {
            return Ok(fired);
        }
        let looks = |side| session.interest(side).decode.is_some();
        if Side::BOTH.into_iter().any(looks) {
            // The driver does not sleep before it has looked.
            return Ok(fired);
        }
        let Some((at, _)) = session.deadline() else {
            return Err(Found::new("I11", format!("nothing bounds {session:?}")));
        };
        session.step(at, Event::Fired, &mut effects);
        if let Err(stuck) = session.check() {
            return Err(Found::new(
                "check",
                format!("{stuck:?} after time passed: {session:?}"),
            ));
        }
    }
    Err(Found::new(
        "I11",
        format!("{} goes on for ever: {session:?}", shape.name),
    ))
}

/// The waits that a session of this shape may come to.
fn armed(shape: &Shape) -> BTreeSet<Timer> {
    let mut armed = BTreeSet::new();
    let walked = walk(shape, &mut |world, _| {
        armed.extend(world.session.waits());
        Ok(())
    });
    walked.expect("walked over elsewhere");
    armed
}

/// Whatever runs out, and whenever it does: the rules hold behind it too, and every path ends.
#[test]
fn i11_behind_any_timer_that_ran_out_every_path_ends() {
    quiet();
    for shape in shapes::timed() {
        for timer in armed(&shape) {
            match walk(&shape.firing(timer), &mut |_, _| Ok(())) {
                Ok(seen) => println!(
                    "{:<32} {:>8} states {:>9} transitions, with {timer} at any time",
                    shape.name, seen.states, seen.transitions
                ),
                Err(broken) => panic!(
                    "{} with {timer}: {}: {}\n{}",
                    shape.name, broken.found.check, broken.found.detail, broken.trace
                ),
            }
        }
    }
}

/// I10: a byte of a tunnel moves every wait that is about it.
fn progress(world: &World, actions: &[Action]) -> Result<(), Found> {
    if !world.tunnel {
        return Ok(());
    }
    let soon = |session: &tidegate_core::session::Session, timer| {
        let mut later = session.clone();
        // A hint lets time pass, and means nothing else (R17).
        let there = |side: &Side| later.leg(*side).open().is_some();
        if let Some(side) = Side::BOTH.into_iter().find(there) {
            later.step(Time(1), Event::Hinted(side), &mut Vec::new());
        }
        later.timers().at(timer)
    };
    for action in actions {
        let Action::Tell(event @ (Event::Received(..) | Event::Sent(..))) = *action else {
            continue;
        };
        let mut session = world.session.clone();
        session.step(Time(1), event, &mut Vec::new());
        if *session.phase() != Phase::Tunnel {
            continue; // what closes has waits of its own
        }
        let mut bounding = vec![Timer::Tunnel];
        if let Event::Sent(side, _) = event {
            bounding.push(match side {
                Side::Down => Timer::WriteDown,
                Side::Up => Timer::WriteUp,
            });
        }
        for timer in bounding {
            let (before, after) = (soon(&world.session, timer), session.timers().at(timer));
            let moved = match (before, after) {
                (Some(before), Some(after)) => after > before,
                (None, _) | (_, None) => true,
            };
            if !moved {
                return Err(Found::new(
                    "I10",
                    format!("{event:?} does not move {timer}"),
                ));
            }
        }
    }
    Ok(())
}

#[test]
fn time_alone_ends_every_state() {
    quiet();
    for shape in shapes::all() {
        let mut most = 0;
        let walked = walk(&shape, &mut |world, actions| {
            most = most.max(alone(&shape, world)?);
            progress(world, actions)
        });
        match walked {
            Ok(seen) => println!(
                "{:<32} {:>8} states, each of them bounded; at most {most} waits in a row",
                shape.name, seen.states
            ),
            Err(broken) => panic!(
                "{}: {}\n{}",
                broken.found.check, broken.found.detail, broken.trace
            ),
        }
    }
}

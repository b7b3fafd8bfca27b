//! What must hold after every step, judged by what was delivered alone
//! (LIFECYCLE 4.13).

use super::{World, carry::Heard, shape::Shape, wire::Truth};
use tidegate_core::{
    ending::End,
    interest::Read,
    leg::{Leg, WriteEnd},
    session::Phase,
    side::Side,
    tls::hello::MOST_BYTES,
};

/// A broken rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// Which rule.
    pub(crate) check: &'static str,
    /// What of it.
    pub(crate) detail: String,
}

impl Found {
    pub(crate) fn new(check: &'static str, detail: impl Into<String>) -> Self {
        Found {
            check,
            detail: detail.into(),
        }
    }
}

pub(super) fn must(holds: bool, check: &'static str, detail: &str) -> Result<(), Found> {
    if holds {
        Ok(())
    } else {
        Err(Found::new(check, detail))
    }
}

/// Every state.
pub(crate) fn state(world: &World, shape: &Shape) -> Result<(), Found> {
    if let Err(stuck) = world.session.check() {
        return Err(Found::new("check", format!("{stuck:?}")));
    }
    must(
        world.over == world.session.is_closed(),
        "I18",
        "closed without a last word",
    )?;
    for side in Side::BOTH {
        leg(world, shape, side)?;
        if shape.is_http() {
            continue;
        }
        interest(world, shape, side)?;
        ends(world, shape, side)?;
    }
    if shape.is_http() {
        answered(world, shape)?;
    }
    Ok(())
}

fn leg(world: &World, shape: &Shape, side: Side) -> Result<(), Found> {
    let wire = world.wire(side);
    let leg = world.session.leg(side);
    let counted = world.session.to(side).bytes();
    must(
        world.held(shape, side) == counted,
        "I20",
        &format!(
            "{side}: {} held, {counted} counted",
            world.held(shape, side)
        ),
    )?;
    must(
        !leg.is_over() || !wire.is_held() || world.is_new(),
        "I18",
        "a leg was forgotten",
    )?;
    must(
        leg.open().is_none() || wire.is_held(),
        "I18",
        "a closed leg is thought open",
    )?;
    let clean = leg.end() == Some(End::Clean);
    must(
        !clean || wire.told == Truth::Clean,
        "I6",
        "an end looks cleaner than it was",
    )?;
    let garbled = world.carry.stream(side).heard == Heard::Garbled;
    must(!garbled, "I2", "a garbled message")?;
    let observed = world.session.interest(side).read != Read::Off
        || world.session.observes_faults(side)
        || !wire.is_held()
        || matches!(leg, Leg::Securing)
        || wire.told == Truth::Abort
        || wire.latched;
    must(observed || wire.fin, "R18", "a failure would not be seen")
}

/// Interest is the free room, the backlog, and nothing behind the end.
fn interest(world: &World, shape: &Shape, side: Side) -> Result<(), Found> {
    let (wire, other) = (world.wire(side), world.wire(side.other()));
    let Leg::Open(open) = world.session.leg(side) else {
        return must(
            world.session.interest(side).read == Read::Off,
            "interest",
            "of no leg",
        );
    };
    let now = world.session.interest(side);
    let most = match world.session.phase() {
        Phase::Peeking => MOST_BYTES,
        _ => shape.setup.limits.relay_bytes,
    };
    let room = most.saturating_sub(u32::from(wire.inside));
    let healthy = wire.told == Truth::Open && !wire.latched;
    let sink = other.is_held() && other.told != Truth::Abort && !other.latched;
    let read = match now.read {
        Read::Take(most) => healthy && most == room || wire.latched && most <= room,
        Read::Off => wire.fin || wire.told == Truth::Abort || wire.inside > 0,
        // I9: while the other leg can be written to, nothing of this one is thrown away.
        Read::Discard => !healthy || !sink && !world.dialing && !world.securing,
    };
    must(
        read,
        "interest",
        &format!("{side} reads {:?} with room {room}", now.read),
    )?;
    let takes = matches!(open.write, WriteEnd::Open | WriteEnd::Flushing)
        && !wire.latched
        && wire.told != Truth::Abort;
    let backlog = if takes { u32::from(other.inside) } else { 0 };
    must(
        now.write == backlog,
        "interest",
        &format!("{side} writes {} of {backlog}", now.write),
    )
}

/// I3, I4: an end that is due has been ordered, in the step that made it due.
fn ends(world: &World, _: &Shape, source: Side) -> Result<(), Found> {
    let (from, to) = (world.wire(source), world.wire(source.other()));
    let Leg::Open(sink) = world.session.leg(source.other()) else {
        return Ok(());
    };
    if from.inside > 0 || to.latched || to.told == Truth::Abort {
        return Ok(());
    }
    let flushing = sink.write == WriteEnd::Flushing;
    match from.told {
        Truth::Open => Ok(()),
        Truth::Clean => must(to.finish, "I3", "an end is due and was not ordered"),
        Truth::Truncated | Truth::Abort => must(flushing, "I4", "an abort was not passed on"),
    }
}

/// I3 for HTTP: once all is said, the end that is due has been ordered in the same step.
fn answered(world: &World, shape: &Shape) -> Result<(), Found> {
    let (down, stream) = (world.wire(Side::Down), world.carry.stream(Side::Down));
    let healthy = down.is_held() && !down.latched && down.told <= Truth::Clean;
    let idle = stream.heard == Heard::Nothing && stream.outbox_is_empty();
    if !healthy
        || !idle
        || stream.answered < stream.heads
        || matches!(world.session.phase(), Phase::Securing)
    {
        return Ok(());
    }
    let nothing_left = world.carry.inbox(shape, Side::Down).is_empty() && stream.body.is_none();
    if down.told == Truth::Clean && nothing_left {
        must(down.finish, "I3", "the client's end is not answered")?;
    }
    let asked = stream.heads > 0 && shape.requests[usize::from(stream.heads) - 1].close;
    if asked && stream.answered > 0 {
        must(
            down.finish,
            "H12",
            "the last response has left, and no end behind it",
        )?;
    }
    Ok(())
}

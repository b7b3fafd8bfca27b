//! What must hold after every step and for every order, judged by what was delivered alone
//! (LIFECYCLE 4.13).

use super::{
    World,
    carry::Heard,
    shape::Shape,
    wire::{Fd, Truth},
};
use tidegate_core::{
    effect::Effect,
    ending::End,
    event::Event,
    exchange::Replay,
    http1::{BodyKind, Framing},
    interest::Read,
    leg::{Leg, WriteEnd},
    session::{Phase, Session},
    side::Side,
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

fn must(holds: bool, check: &'static str, detail: &str) -> Result<(), Found> {
    if holds {
        Ok(())
    } else {
        Err(Found::new(check, detail))
    }
}

/// An order, before it is performed.
pub(crate) fn order(
    world: &World,
    shape: &Shape,
    before: &Session,
    effect: Effect,
) -> Result<(), Found> {
    match effect {
        Effect::Finish(side) => finish(world, shape, side),
        Effect::Reset(side) => reset(world, shape, side),
        Effect::Close(side) => close(world, side),
        Effect::Park => park(world, shape),
        Effect::Retire(_) => {
            must(
                world.wire(Side::Up).is_held(),
                "I18",
                "retire without a leg",
            )?;
            let whole = world.carry.stream(Side::Up).complete > 0;
            let up = world.wire(Side::Up);
            let by_close = shape.response.body == BodyKind::Close && up.fin && !up.latched;
            must(
                whole || by_close,
                "U12",
                "retired before its response was complete",
            )
        }
        Effect::Connect => connect(world, shape, before),
        Effect::Cancel => must(world.dialing, "I18", "cancel without a connect"),
        Effect::Reply(_) => must(
            world.carry.stream(Side::Down).heard == Heard::Nothing,
            "H13",
            "a reply inside a response",
        ),
        Effect::LastChunk => must(
            world.wire(Side::Up).told == Truth::Clean,
            "I1",
            "a last chunk for an end that is not clean",
        ),
        Effect::End(_) => {
            let held = world.wires.iter().any(|wire| wire.is_held()) || world.dialing;
            must(!held, "I18", "the last word before the last close")?;
            must(
                !matches!(before.phase(), Phase::Closed),
                "I18",
                "a second last word",
            )
        }
    }
}

/// I18; I13: a request is sent again once, and only if it does no harm.
fn connect(world: &World, shape: &Shape, before: &Session) -> Result<(), Found> {
    let up = world.wire(Side::Up);
    must(
        !world.dialing && !up.is_held(),
        "I18",
        "a second upstream leg",
    )?;
    let Phase::Exchange(exchange) = before.phase() else {
        return Ok(());
    };
    let again = before.leg(Side::Up).open().is_some();
    let request = world.carry.stream(Side::Down).heads;
    let idempotent = request > 0 && shape.requests[usize::from(request) - 1].idempotent;
    let harmless = idempotent || world.unaccepted && up.fin;
    must(!again || harmless, "I13", "a request may be executed twice")?;
    let silent = world.carry.stream(Side::Up).read == 0;
    must(
        !again || silent,
        "U05",
        "a request is sent again behind an answer",
    )?;
    let first = exchange.replay != Replay::Spent;
    must(!again || first, "I13", "a request is sent a third time")
}

/// 4.11, 9: the bytes that are said to be the last are those whose acceptance finishes the leg,
/// and no others; what is kept back for FIN would otherwise wait for nothing.
pub(crate) fn rides(before: &Session, event: Event, effects: &[Effect]) -> Result<(), Found> {
    let Event::Sent(side, n) = event else {
        return Ok(());
    };
    let interest = before.interest(side);
    let finished = effects.contains(&Effect::Finish(side));
    must(
        finished == (interest.last && n == interest.write),
        "4.11",
        "FIN does not follow the last bytes, or follows others",
    )
}

fn finish(world: &World, shape: &Shape, side: Side) -> Result<(), Found> {
    let wire = world.wire(side);
    must(wire.is_held(), "I18", "finish on a leg that is gone")?;
    must(!wire.finish, "I8", "a second end of one direction")?;
    must(!wire.gap, "I2", "a clean end behind a gap")?;
    must(
        world.held(shape, side) == 0,
        "I2",
        "a clean end before the last byte",
    )?;
    let source = world.wire(side.other());
    if shape.is_http() {
        must(
            side == Side::Down,
            "U13",
            "a FIN to an origin inside an exchange",
        )?;
        return match world.carry.stream(side).heard {
            Heard::Nothing => Ok(()),
            Heard::Body(Framing::Close) => {
                let up = world.wire(Side::Up);
                let by_close = up.fin && !up.latched && shape.response.body == BodyKind::Close;
                let whole = world.carry.stream(Side::Up).complete > 0;
                must(by_close || whole, "I1", "a clean end of a broken response")
            }
            Heard::Body(_) => Err(Found::new("U06", "a clean end inside a response")),
            Heard::Garbled => Err(Found::new("I2", "a garbled response")),
        };
    }
    must(
        source.told == Truth::Clean,
        "I1",
        "a clean end for an end that is not",
    )?;
    must(
        !source.discarded,
        "I2",
        "a clean end behind bytes that were thrown away",
    )
}

fn reset(world: &World, shape: &Shape, side: Side) -> Result<(), Found> {
    let (wire, other) = (world.wire(side), world.wire(side.other()));
    must(wire.is_held(), "I18", "reset of a leg that is gone")?;
    if world.evicted {
        return Ok(());
    }
    let failed = wire.told == Truth::Abort || wire.latched || wire.told == Truth::Truncated;
    if shape.is_http() {
        let heard = world.carry.stream(Side::Down).heard;
        let broken = matches!(heard, Heard::Body(_)) && world.held(shape, side) == 0;
        let justified =
            side == Side::Up || failed || broken || wire.finish && wire.told == Truth::Clean;
        let securing = matches!(world.session.phase(), Phase::Securing | Phase::Closed)
            && world.carry.stream(Side::Down).heads == 0;
        return must(
            justified || securing,
            "I14",
            "a reset where nothing was broken",
        );
    }
    let benign = wire.finish && wire.told == Truth::Clean && other.told == Truth::Clean;
    let cause = matches!(other.told, Truth::Truncated | Truth::Abort)
        || other.latched
        || other.fd == Fd::None;
    must(
        failed || cause || benign,
        "I14",
        "a reset where nothing was broken",
    )?;
    must(
        failed || benign || world.held(shape, side) == 0,
        "I5",
        "a reset before the last byte",
    )
}

fn close(world: &World, side: Side) -> Result<(), Found> {
    let wire = world.wire(side);
    must(wire.is_held(), "I18", "close of a leg that is gone")?;
    let securing = matches!(world.session.leg(side), Leg::Gone(End::Truncated));
    must(
        wire.acked && (wire.fin || world.evicted) || securing,
        "I7",
        "close before both ends were over",
    )
}

/// I12.
fn park(world: &World, shape: &Shape) -> Result<(), Found> {
    let (wire, stream) = (world.wire(Side::Up), world.carry.stream(Side::Up));
    must(wire.is_held(), "I18", "park without a leg")?;
    must(
        wire.told == Truth::Open && !wire.latched,
        "I12",
        "a leg that has ended was parked",
    )?;
    let clean = !wire.gap && !wire.discarded && world.carry.inbox(shape, Side::Up).is_empty();
    must(clean, "I12", "bytes between two responses")?;
    let asked = stream.heard == Heard::Nothing && stream.answered == 1 && stream.outbox_is_empty();
    must(
        asked && stream.complete == 1,
        "I12",
        "parked before both messages were complete",
    )?;
    let stays = !shape.response.close && shape.response.body != BodyKind::Close;
    must(stays, "U12", "a leg was parked that its origin closes")
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
    let room = shape.setup.limits.relay_bytes - u32::from(wire.inside);
    let healthy = wire.told == Truth::Open && !wire.latched;
    let sink = other.is_held() && other.told != Truth::Abort && !other.latched;
    let read = match now.read {
        Read::Take(most) => healthy && most == room || wire.latched && most <= room,
        Read::Off => wire.fin || wire.told == Truth::Abort || wire.inside > 0,
        // I9: while the other leg can be written to, nothing of this one is thrown away.
        Read::Discard => !healthy || !sink && !world.dialing,
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

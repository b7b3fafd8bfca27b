//! What must hold of every order, before it is performed, judged by what was delivered alone
//! (LIFECYCLE 4.13).

use super::{
    World,
    carry::Heard,
    oracle::{Found, must},
    shape::Shape,
    wire::{Fd, Truth},
};
use tidegate_core::{
    effect::Effect,
    ending::End,
    event::Event,
    exchange::Replay,
    http1::{BodyKind, Framing},
    leg::Leg,
    session::{Phase, Session},
    side::Side,
};

/// An order, before it is performed.
pub(crate) fn order(
    world: &World,
    shape: &Shape,
    before: &Session,
    effect: Effect,
) -> Result<(), Found> {
    match effect {
        Effect::Finish(_) if world.expired => Err(Found::new("G6", "a clean end at the deadline")),
        Effect::Finish(side) => finish(world, shape, side),
        // R20, T14: it has heard nothing of what it was wanted for.
        Effect::Reset(Side::Up) if world.securing => Ok(()),
        Effect::Reset(side) => reset(world, shape, side),
        Effect::Close(side) => close(world, side),
        Effect::Park => park(world, shape),
        Effect::Retire(_) => {
            must(
                world.wire(Side::Up).is_held(),
                "I18",
                "retire without a leg",
            )?;
            let origin = world.carry.stream(Side::Up);
            if origin.declined {
                let all = origin.outbox_is_empty() && origin.heard == Heard::Nothing;
                return must(all, "U13", "a FIN to an origin inside a request");
            }
            let whole = origin.complete > 0;
            let up = world.wire(Side::Up);
            let clean = up.ended && !up.latched;
            let by_close = shape.response.body == BodyKind::Close && clean;
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
        Effect::Probe => must(
            world.carry.stream(Side::Down).heard == Heard::Nothing,
            "H07b",
            "a probe inside a response",
        ),
        Effect::Alert => must(
            world.dials == 0 && !world.wire(Side::Down).fin,
            "P2",
            "an alert that is not the proxy's to send",
        ),
        Effect::LastChunk => must(
            world.wire(Side::Up).told == Truth::Clean,
            "I1",
            "a last chunk for an end that is not clean",
        ),
        Effect::End(_) => {
            let held =
                world.wires.iter().any(|wire| wire.is_held()) || world.dialing || world.securing;
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
        !world.dialing && !world.securing && !up.is_held(),
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
    let origin = world.carry.stream(Side::Up);
    let unheard = world.carry.outbox(Side::Down).len() == 0;
    let unheard = unheard && world.carry.stream(Side::Down).heard == Heard::Nothing;
    let silent = origin.read == 0 || origin.declined && unheard;
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

/// R17: a hint orders nothing and changes nothing, but how soon the kernel asks for the peer.
pub(crate) fn hint(
    before: &Session,
    after: &Session,
    event: Event,
    effects: &[Effect],
) -> Result<(), Found> {
    let Event::Hinted(side) = event else {
        return Ok(());
    };
    let same = Side::BOTH.into_iter().all(|side| {
        before.interest(side) == after.interest(side)
            && before.from(side) == after.from(side)
            && before.leg(side).end() == after.leg(side).end()
    });
    let same = same && before.phase() == after.phase() && before.timers() == after.timers();
    must(same && effects.is_empty(), "R17", "a hint has an effect")?;
    must(
        !after.observes_hints(side),
        "R17",
        "a hint is no news twice",
    )?;
    let keepalive = after.setup().timeouts.keepalive;
    let asks = after
        .vigil(side)
        .is_some_and(|it| it.idle == keepalive.half_closed);
    must(asks, "R17", "a hint does not let the kernel ask sooner")
}

fn finish(world: &World, shape: &Shape, side: Side) -> Result<(), Found> {
    let wire = world.wire(side);
    must(wire.is_held(), "I18", "finish on a leg that is gone")?;
    must(!wire.finish, "I8", "a second end of one direction")?;
    // T02, strict: what is pending for the client is discarded.
    let discarded = side == Side::Down && world.by_the_letter(shape);
    must(
        discarded || world.held(side) == 0,
        "I2",
        "a clean end before the last byte",
    )?;
    if world.may_be_finished(shape, side) {
        return Ok(());
    }
    must(!wire.gap, "I2", "a clean end behind a gap")?;
    let source = world.wire(side.other());
    if !world.tunnel {
        must(
            side == Side::Down,
            "U13",
            "a FIN to an origin inside an exchange",
        )?;
        let stream = world.carry.stream(side);
        let further = stream.body.is_none() && !world.carry.inbox(shape, side).is_empty();
        must(
            !(world.is_told_to_end() && further) || stream.announced,
            "I15",
            "a request was read, and nobody was told that it is not served",
        )?;
        return match world.carry.stream(side).heard {
            Heard::Nothing => Ok(()),
            Heard::Body(Framing::Close) => {
                let up = world.wire(Side::Up);
                let clean = up.ended && !up.latched;
                let by_close = clean && shape.response.body == BodyKind::Close;
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
    )?;
    must(
        source.behind == 0,
        "W1",
        "a clean end before bytes that were read with a head",
    )
}

fn reset(world: &World, shape: &Shape, side: Side) -> Result<(), Found> {
    let (wire, other) = (world.wire(side), world.wire(side.other()));
    must(wire.is_held(), "I18", "reset of a leg that is gone")?;
    if world.may_be_reset(shape, side) {
        return Ok(());
    }
    let failed = wire.told == Truth::Abort || wire.latched || wire.told == Truth::Truncated;
    if !world.tunnel {
        let heard = world.carry.stream(Side::Down).heard;
        let broken = matches!(heard, Heard::Body(_)) && world.held(side) == 0;
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
        failed || benign || world.held(side) == 0 && other.behind == 0,
        "I5",
        "a reset before the last byte",
    )
}

fn close(world: &World, side: Side) -> Result<(), Found> {
    let wire = world.wire(side);
    must(wire.is_held(), "I18", "close of a leg that is gone")?;
    let securing = matches!(world.session.leg(side), Leg::Gone(End::Truncated));
    must(
        wire.acked && (wire.fin || world.gives_up()) || securing,
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

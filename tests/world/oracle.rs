//! What must hold after every step, judged by what was delivered alone
//! (LIFECYCLE 4.13).

use super::{
    Killed, World,
    carry::Heard,
    shape::Shape,
    tunnel,
    wire::{Fd, Truth},
};
use std::any::Any;
use tidegate_core::{
    close::CloseCause,
    ending::End,
    interest::Read,
    leg::{Leg, ReadEnd},
    session::{OnIdle, Phase},
    side::Side,
};

/// A broken rule.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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

    /// What a panic said.
    pub(crate) fn panicked(panic: &(dyn Any + Send)) -> Self {
        let words = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied());
        Found::new("panic", words.unwrap_or("?"))
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
    let cause = CloseCause::of(&world.session.report());
    let told = cause.is_some_and(|cause| {
        cause != CloseCause::Internal && !CloseCause::NOT_YET.contains(&cause)
    });
    must(
        !world.over || told,
        "cause",
        "closed without a cause that a peer, a wait or an operator gave",
    )?;
    let by_operator = cause == Some(CloseCause::AdminKill);
    must(
        !world.over || !by_operator || world.killed.is_some(),
        "cause",
        "nobody has killed it",
    )?;
    must(
        !world.over || by_operator || world.killed != Some(Killed::First),
        "cause",
        "an operator has ended it before anybody else, and that is not told",
    )?;
    let deadline = cause == Some(CloseCause::DrainDeadline);
    must(
        !world.over || !deadline || world.expired && world.drained,
        "cause",
        "no drain had lasted as long as it may",
    )?;
    let aborts = shape.setup.policy.idle == OnIdle::Abort;
    must(
        !world.idled || !aborts || world.over,
        "R24",
        "a leg outlives the time for which nothing moved",
    )?;
    must(
        !world.expired || world.over,
        "G9",
        "something outlives the deadline of the drain, or the word of an operator",
    )?;
    for side in Side::BOTH {
        leg(world, side)?;
        if world.tunnel {
            tunnel::interest(world, shape, side)?;
            tunnel::ends(world, shape, side)?;
        }
    }
    if !world.tunnel {
        answered(world, shape)?;
    }
    Ok(())
}

fn leg(world: &World, side: Side) -> Result<(), Found> {
    let wire = world.wire(side);
    let leg = world.session.leg(side);
    let counted = world.session.to(side).bytes();
    must(
        world.held(side) == counted,
        "I20",
        &format!("{side}: {} held, {counted} counted", world.held(side)),
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
    // H12: whose last word was waited for, and has not come, is closed without it.
    let without = world.lapsed && wire.fd == Fd::Closed && wire.acked;
    must(
        !clean || wire.told == Truth::Clean || without,
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
        || wire.latched
        || wire.behind > 0 && has_failed(leg);
    // R13: behind both ends, with all of ours acknowledged, a failure takes nothing from anybody. Behind its
    // FIN alone a peer may still fail (R12, R14), and no read tells of that (K11).
    let told_all = wire.fin && wire.acked;
    must(observed || told_all, "R18", "a failure would not be seen")
}

/// T13: a leg that has failed without harm stays for what was read with its head (W1).
fn has_failed(leg: &Leg) -> bool {
    leg.open()
        .is_some_and(|open| matches!(open.read, ReadEnd::Failed(_)))
}

/// I3 for HTTP: once all is said, the end that is due has been ordered in the same step.
fn answered(world: &World, shape: &Shape) -> Result<(), Found> {
    let (down, stream) = (world.wire(Side::Down), world.carry.stream(Side::Down));
    let healthy = down.is_held() && !down.latched && down.told <= Truth::Clean;
    let idle = stream.heard == Heard::Nothing && stream.outbox_is_empty();
    if !healthy
        || !idle
        || stream.answered < stream.heads
        || matches!(world.session.phase(), Phase::ProxyHeader | Phase::Securing)
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

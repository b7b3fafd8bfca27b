//! A world whose exchange has left HTTP (LIFECYCLE 4.6), and what must hold in every tunnel, however
//! it began.

use super::{
    World,
    oracle::{Found, must},
    shape::Shape,
    wire::Truth,
};
use tidegate_core::{
    event::Event,
    interest::Read,
    leg::{Leg, WriteEnd},
    session::Phase,
    side::Side,
    tls::hello::MOST_BYTES,
};

impl World {
    /// Bytes that wait for `side` to take them, as the world has counted them.
    pub(crate) fn held(&self, side: Side) -> u32 {
        match self.tunnel {
            true => u32::from(self.wire(side.other()).inside),
            false => self.carry.outbox(side).len(),
        }
    }

    /// The exchange has become a tunnel: from here on bytes count, not letters. What is left of
    /// either script is the tunnel's; what of it was read already goes first (W1).
    pub(super) fn switch(&mut self, shape: &Shape) {
        if self.tunnel || self.session.phase() != &Phase::Tunnel {
            return;
        }
        let count = |n| u8::try_from(n).unwrap();
        for side in Side::BOTH {
            let (left, behind) = (
                self.carry.unread(shape, side),
                count(self.carry.inbox(shape, side).len()),
            );
            let inside = u8::try_from(self.carry.outbox(side.other()).len()).unwrap();
            let wire = self.wire_mut(side);
            (wire.left, wire.behind, wire.inside) = (left, behind, inside);
        }
        for side in Side::BOTH {
            self.carry.clear_outbox(side);
            self.carry.clear_inbox(side);
        }
        self.tunnel = true;
    }

    /// As the driver: as much as there is room for of what was read with a head.
    pub(super) fn first(&self, side: Side, room: u32) -> Event {
        Event::Received(side, room.min(u32::from(self.wire(side).behind)))
    }

    /// What the session knows of the bytes that were read with a head.
    pub(super) fn unread(&self, side: Side) -> u32 {
        self.session
            .leg(side)
            .open()
            .map_or(0, |open| open.inbox.left)
    }
}

/// Interest is the free room, the backlog, and nothing behind the end; and nothing is read before
/// what was read with a head has gone (W1).
pub(super) fn interest(world: &World, shape: &Shape, side: Side) -> Result<(), Found> {
    let (wire, other) = (world.wire(side), world.wire(side.other()));
    let now = world.session.interest(side);
    let Leg::Open(open) = world.session.leg(side) else {
        return must(now.read == Read::Off, "interest", "of no leg");
    };
    let most = match world.session.phase() {
        Phase::Peeking => MOST_BYTES,
        _ => shape.setup.limits.relay_bytes,
    };
    let room = match (world.is_piped(side), wire.inside) {
        (true, 0) => shape.pipe,
        // SIMULATION 5.4: nothing is put beside what is in a pipe.
        (true, _) => 0,
        (false, inside) => most.saturating_sub(u32::from(inside)),
    };
    let healthy = wire.told == Truth::Open && !wire.latched;
    let sink = other.is_held() && other.told != Truth::Abort && !other.latched;
    let behind = u32::from(wire.behind);
    must(
        world.unread(side) == behind,
        "W1",
        &format!("{side}: {behind} bytes behind a head"),
    )?;
    let read = match now.read {
        Read::Take(_) if behind > 0 => false,
        Read::Take(most) => healthy && most == room || wire.latched && most <= room,
        Read::Off => wire.fin || wire.told == Truth::Abort || wire.inside > 0 || behind > 0,
        // I9: while the other leg can be written to, nothing of this one is thrown away.
        Read::Discard => {
            let unheard = !sink && !world.dialing && !world.securing;
            !healthy || unheard || world.is_unheard(shape, side)
        }
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
pub(super) fn ends(world: &World, shape: &Shape, source: Side) -> Result<(), Found> {
    if world.is_shut(shape) || world.is_unheard(shape, source) {
        return Ok(());
    }
    let (from, to) = (world.wire(source), world.wire(source.other()));
    let Leg::Open(sink) = world.session.leg(source.other()) else {
        return Ok(());
    };
    if from.inside > 0 || from.behind > 0 || to.latched || to.told == Truth::Abort {
        return Ok(());
    }
    let flushing = sink.write == WriteEnd::Flushing;
    match from.told {
        Truth::Open => Ok(()),
        Truth::Clean => must(to.finish, "I3", "an end is due and was not ordered"),
        Truth::Truncated | Truth::Abort => must(flushing, "I4", "an abort was not passed on"),
    }
}

//! What holds a direction's bytes: a driver may put a pipe in a relay's place, and take it away
//! again, whenever the session allows it. Once each a direction, so that every path ends.

use super::{Action, World, shape::Shape};
use tidegate_core::{event::Event, http1::BodyKind, relay::Lane, side::Side};

/// There and back.
const SWITCHES: u8 = 2;

impl World {
    /// The lane has changed.
    pub(super) fn switched(&mut self, side: Side) {
        self.lanes[side as usize] += 1;
    }

    /// Whether a pipe holds the bytes of this side of a tunnel.
    pub(super) fn is_piped(&self, side: Side) -> bool {
        self.lanes[side as usize] % SWITCHES == 1
    }

    /// Bytes of a message that nobody looks at.
    fn passes(&self, shape: &Shape, side: Side) -> Option<u32> {
        let looked_at = !self.carry.inbox(shape, side).is_empty();
        match self.carry.stream(side).body {
            Some((BodyKind::Length(left @ 1..), _)) if !looked_at => Some(count(left)),
            Some(_) | None => None,
        }
    }

    /// Whether the driver may change the lane before its next read.
    pub(super) fn switches(&self, shape: &Shape, side: Side, out: &mut Vec<Action>) {
        if shape.pipe == 0 || self.lanes[side as usize] == SWITCHES {
            return;
        }
        let unseen = self.tunnel || self.passes(shape, side).is_some();
        match self.session.from(side).lane() {
            Lane::Copied if unseen && self.session.may_pipe(side) => {
                out.push(Action::Tell(Event::Piped(side, shape.pipe)));
            }
            Lane::Piped(_) if unseen => out.push(Action::Tell(Event::Copied(side))),
            Lane::Copied | Lane::Piped(_) => {}
        }
    }

    /// How much a read may bring: a pipe takes nothing that somebody has to look at.
    pub(super) fn most(&self, shape: &Shape, side: Side, room: u32) -> u8 {
        let piped = self.session.from(side).lane() != Lane::Copied;
        let most = match self.passes(shape, side) {
            Some(left) if piped && !self.tunnel => {
                room.min(left).min(self.session.from(side).room())
            }
            Some(_) | None => room,
        };
        u8::try_from(most).unwrap_or(u8::MAX)
    }
}

fn count(n: u64) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

//! What a driver has before it while it works: events to be told, and the orders of the last one.
//!
//! It owns the worker's store of desks. A driver has one only for as long as its turn takes, so a
//! connection that waits has none, and a worker needs as many as work at a time: one, or a few.

use super::Driver;
use crate::net::Network;
use std::{cell::RefCell, collections::VecDeque};
use tidegate_core::{effect::Effects, event::Event, session::Phase};

/// Desks that a worker keeps.
const KEPT: usize = 8;

thread_local! {
    #[allow(clippy::vec_box, reason = "a driver that has none gives a word for it")]
    static STORE: RefCell<Vec<Box<Desk>>> = const { RefCell::new(Vec::new()) };
}

/// Events in the order they are told, and what the last of them has ordered.
#[derive(Debug, Default)]
pub(super) struct Desk {
    pub(super) events: VecDeque<Event>,
    pub(super) effects: Effects,
}

impl<N: Network> Driver<N> {
    /// Its desk, for as long as its turn takes.
    #[inline]
    pub(super) fn desk(&mut self) -> &mut Desk {
        self.desk.get_or_insert_with(lend)
    }

    /// The same, if it has one.
    #[inline]
    pub(super) fn desk_if_any(&mut self) -> Option<&mut Desk> {
        self.desk.as_deref_mut()
    }

    /// Where the orders of a step are put. A tunnel in which nothing ends has none, and needs no desk for it.
    #[inline]
    pub(super) fn lend_effects(&mut self, event: &Event) -> Effects {
        let in_tunnel = *self.session.phase() == Phase::Tunnel;
        let carries = matches!(event, Event::Received(..) | Event::Sent(..));
        if in_tunnel && carries && self.quiet && self.desk.is_none() {
            return Effects::default();
        }
        std::mem::take(&mut self.desk().effects)
    }

    /// Takes it back, with nothing in it.
    #[inline]
    pub(super) fn give_back_effects(&mut self, effects: Effects) {
        if effects.capacity() > 0 {
            self.desk().effects = effects;
        }
    }

    /// The turn is over, and so is the work at the desk.
    #[inline]
    pub(super) fn tidy(&mut self) {
        if let Some(desk) = self.desk.take() {
            give_back(desk);
        }
    }
}

/// A desk with nothing on it.
fn lend() -> Box<Desk> {
    STORE.with_borrow_mut(Vec::pop).unwrap_or_default()
}

/// Takes back one that was worked off.
fn give_back(desk: Box<Desk>) {
    debug_assert!(desk.events.is_empty() && desk.effects.is_empty());
    STORE.with_borrow_mut(|store| {
        if store.len() < KEPT {
            store.push(desk);
        }
    });
}

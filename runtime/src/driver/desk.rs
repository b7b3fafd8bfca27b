//! What a driver has before it while it works: events to be told, and the orders of the last one.
//!
//! It owns the worker's store of desks. A driver has one only while it works off its events, so a
//! connection that waits has none, and a worker needs as many as work at a time: one, or a few.

use std::{cell::RefCell, collections::VecDeque};
use tidegate_core::{effect::Effects, event::Event};

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

/// A desk with nothing on it.
pub(super) fn lend() -> Box<Desk> {
    STORE.with_borrow_mut(Vec::pop).unwrap_or_default()
}

/// Takes back one that was worked off.
pub(super) fn give_back(desk: Box<Desk>) {
    debug_assert!(desk.events.is_empty() && desk.effects.is_empty());
    STORE.with_borrow_mut(|store| {
        if store.len() < KEPT {
            store.push(desk);
        }
    });
}

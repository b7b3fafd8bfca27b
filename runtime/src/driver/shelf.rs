//! Memory that a worker's drivers have left and the next ones take, so that whoever is put away and woken again
//! and again asks nobody for any.
//!
//! It owns that memory, and nothing that was in it.

use super::{Driver, dormant::Dormant};
use crate::net::Network;
use std::{cell::RefCell, fmt};

/// Places that a worker keeps of each kind: as many as come and go at a time.
const KEPT: usize = 64;

/// A worker's places for drivers.
pub(crate) struct Shelves<N: Network> {
    pub(super) awake: Shelf<Driver<N>>,
    pub(super) dormant: Shelf<Dormant<N>>,
}

/// The place of one, or of nobody.
pub(super) type Slot<T> = Box<Option<T>>;

/// Places for nobody.
#[allow(
    clippy::vec_box,
    reason = "each is somebody's, who gives a word for it"
)]
pub(super) struct Shelf<T>(RefCell<Vec<Slot<T>>>);

impl<T> Shelf<T> {
    /// Gives it a place.
    #[inline]
    pub(super) fn put(&self, value: T) -> Slot<T> {
        let place = self.0.borrow_mut().pop();
        let mut place = place.unwrap_or_default();
        *place = Some(value);
        place
    }

    /// Takes it out of its place.
    #[inline]
    pub(super) fn take(&self, mut place: Slot<T>) -> Option<T> {
        let value = place.take();
        let mut places = self.0.borrow_mut();
        if places.len() < KEPT {
            places.push(place);
        }
        value
    }
}

impl<N: Network> Default for Shelves<N> {
    fn default() -> Self {
        Shelves {
            awake: Shelf(RefCell::default()),
            dormant: Shelf(RefCell::default()),
        }
    }
}

impl<N: Network> fmt::Debug for Shelves<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shelves")
    }
}

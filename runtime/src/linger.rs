//! Who lingers: sessions whose legs were all told to finish and wait for their peers' last word.
//!
//! It owns one bound (LIFECYCLE 4.11, 10): beyond it the session that has made no progress for
//! longest makes room. It waits for nothing, and touches no connection.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
    task::{Context, Waker},
};
use tidegate_core::time::Time;

/// Sessions of one worker that may linger at a time.
pub const MOST: usize = 4_096;

/// Who lingers, of the sessions of one worker.
#[derive(Clone, Debug)]
pub struct Lingering(Rc<State>);

#[derive(Debug)]
struct State {
    most: usize,
    next: Cell<u64>,
    /// By session. An evicted one stays until it has heard of it.
    entries: RefCell<BTreeMap<u64, Entry>>,
}

#[derive(Debug)]
struct Entry {
    progress: Time,
    waker: Waker,
    evicted: bool,
}

/// One session's place among them, taken only while it lingers.
#[derive(Debug)]
pub struct Place {
    lingering: Lingering,
    id: u64,
    taken: bool,
}

impl Lingering {
    /// Nobody, and at most `most`.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Lingering(Rc::new(State {
            most,
            next: Cell::new(0),
            entries: RefCell::default(),
        }))
    }

    /// How many linger.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.entries.borrow().len()
    }

    /// Whether nobody does.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A place for a new session, not yet taken.
    #[must_use]
    pub fn place(&self) -> Place {
        let id = self.0.next.get();
        self.0.next.set(id + 1);
        Place {
            lingering: self.clone(),
            id,
            taken: false,
        }
    }
}

impl Place {
    /// Tells since when the session has lingered without progress, or that it does not linger.
    /// True once, when it is to make room.
    pub fn poll(&mut self, cx: &mut Context<'_>, since: Option<Time>) -> bool {
        let Some(progress) = since else {
            self.leave();
            return false;
        };
        let mut entries = self.lingering.0.entries.borrow_mut();
        if self.taken && entries.get(&self.id).is_some_and(|entry| entry.evicted) {
            drop(entries);
            self.leave();
            return true;
        }
        let waker = cx.waker().clone();
        entries.insert(
            self.id,
            Entry {
                progress,
                waker,
                evicted: false,
            },
        );
        if !self.taken {
            self.taken = true;
            make_room(&mut entries, self.lingering.0.most);
        }
        false
    }

    fn leave(&mut self) {
        if self.taken {
            self.taken = false;
            self.lingering.0.entries.borrow_mut().remove(&self.id);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.leave();
    }
}

/// Evicts the session without progress for longest, if there are too many.
fn make_room(entries: &mut BTreeMap<u64, Entry>, most: usize) {
    let staying = entries.values().filter(|entry| !entry.evicted).count();
    if staying <= most {
        return;
    }
    let oldest = entries
        .values_mut()
        .filter(|entry| !entry.evicted)
        .min_by_key(|entry| entry.progress);
    if let Some(oldest) = oldest {
        oldest.evicted = true;
        oldest.waker.wake_by_ref();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cx() -> Context<'static> {
        Context::from_waker(Waker::noop())
    }

    #[test]
    fn the_one_without_progress_for_longest_makes_room() {
        let lingering = Lingering::new(2);
        let mut places = [lingering.place(), lingering.place(), lingering.place()];
        assert!(!places[0].poll(&mut cx(), Some(Time::from_ms(5))));
        assert!(!places[1].poll(&mut cx(), Some(Time::from_ms(3))));
        // The first makes progress, so the second has waited longest.
        assert!(!places[0].poll(&mut cx(), Some(Time::from_ms(8))));
        assert!(!places[2].poll(&mut cx(), Some(Time::from_ms(9))));
        assert!(!places[0].poll(&mut cx(), Some(Time::from_ms(8))));
        assert!(
            places[1].poll(&mut cx(), Some(Time::from_ms(3))),
            "it is told"
        );
        assert_eq!(lingering.len(), 2);
    }

    #[test]
    fn who_lingers_no_more_gives_its_place_back() {
        let lingering = Lingering::new(1);
        let mut first = lingering.place();
        let mut second = lingering.place();
        assert!(!first.poll(&mut cx(), Some(Time(1))));
        assert!(!first.poll(&mut cx(), None));
        assert!(!second.poll(&mut cx(), Some(Time(2))));
        drop(first);
        assert!(!second.poll(&mut cx(), Some(Time(2))), "nobody had to go");
        drop(second);
        assert!(lingering.is_empty());
    }
}

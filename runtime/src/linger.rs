//! Who lingers: sessions whose legs were all told to finish, and spare legs that were, which wait
//! for their peers' last word.
//!
//! It owns one bound (LIFECYCLE 4.11, 10): beyond it whoever has made no progress for longest
//! makes room. It waits for nothing, and touches no connection.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
    task::{Context, Waker},
};
use tidegate_core::time::Time;

/// Sessions and spare legs of one worker that may linger at a time.
pub const MOST: usize = 4_096;

/// Who lingers, of one worker's sessions and spare legs.
#[derive(Clone, Debug)]
pub struct Lingering(Rc<State>);

#[derive(Debug)]
struct State {
    most: usize,
    next: Cell<u64>,
    taken: RefCell<Taken>,
}

/// The places that are taken.
#[derive(Debug, Default)]
struct Taken {
    /// All of them. Who was evicted stays until it has heard of it.
    entries: BTreeMap<u64, Entry>,
    /// Who was not evicted, the longest without progress first.
    staying: BTreeSet<(Time, u64)>,
}

#[derive(Debug)]
struct Entry {
    progress: Time,
    waker: Waker,
    evicted: bool,
}

/// A place among them, of one session or one spare leg, taken only while it lingers.
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
            taken: RefCell::default(),
        }))
    }

    /// How many linger.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.taken.borrow().entries.len()
    }

    /// Whether nobody does.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A place for somebody new, not yet taken.
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
    /// Tells since when its owner has lingered without progress, or that it does not linger.
    /// True once, when it is to make room.
    pub fn poll(&mut self, cx: &mut Context<'_>, since: Option<Time>) -> bool {
        let Some(progress) = since else {
            self.leave();
            return false;
        };
        let state = &self.lingering.0;
        let evicted = match self.taken {
            true => state.taken.borrow_mut().stays(self.id, cx, progress),
            false => {
                let mut taken = state.taken.borrow_mut();
                taken.comes(self.id, cx, progress);
                taken.make_room(state.most);
                self.taken = true;
                false
            }
        };
        if evicted {
            self.leave();
        }
        evicted
    }

    fn leave(&mut self) {
        if self.taken {
            self.taken = false;
            self.lingering.0.taken.borrow_mut().goes(self.id);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.leave();
    }
}

impl Taken {
    fn comes(&mut self, id: u64, cx: &Context<'_>, progress: Time) {
        let entry = Entry {
            progress,
            waker: cx.waker().clone(),
            evicted: false,
        };
        self.entries.insert(id, entry);
        self.staying.insert((progress, id));
    }

    /// Keeps its waker and its progress up to date; whether it was evicted.
    fn stays(&mut self, id: u64, cx: &Context<'_>, progress: Time) -> bool {
        let Some(entry) = self.entries.get_mut(&id) else {
            return false;
        };
        if entry.evicted {
            return true;
        }
        entry.waker.clone_from(cx.waker());
        if entry.progress != progress {
            self.staying.remove(&(entry.progress, id));
            self.staying.insert((progress, id));
            entry.progress = progress;
        }
        false
    }

    fn goes(&mut self, id: u64) {
        if let Some(entry) = self.entries.remove(&id) {
            self.staying.remove(&(entry.progress, id));
        }
    }

    /// Evicts whoever has made no progress for longest, if too many stay.
    fn make_room(&mut self, most: usize) {
        if self.staying.len() <= most {
            return;
        }
        let oldest = self.staying.pop_first();
        if let Some(entry) = oldest.and_then(|(_, id)| self.entries.get_mut(&id)) {
            entry.evicted = true;
            entry.waker.wake_by_ref();
        }
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
    fn who_goes_leaves_nothing_of_its_progress_behind() {
        let lingering = Lingering::new(1);
        let mut places = [lingering.place(), lingering.place(), lingering.place()];
        for ms in 0..5 {
            assert!(!places[0].poll(&mut cx(), Some(Time::from_ms(ms))));
        }
        assert!(!places[0].poll(&mut cx(), None));
        assert!(!places[1].poll(&mut cx(), Some(Time::from_ms(6))));
        assert!(!places[2].poll(&mut cx(), Some(Time::from_ms(7))));
        assert!(places[1].poll(&mut cx(), Some(Time::from_ms(6))));
        assert_eq!(lingering.len(), 1);
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

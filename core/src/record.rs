//! The last steps of a session, kept while it runs: sixteen bytes a step, of which it can be told what
//! happened, and which can be played again.
//!
//! It owns the entries: events, counts and times, and never a byte, a header or an address. It grows with
//! its session, up to a limit; then it forgets what is oldest, and where it can, everything before a
//! moment from which the rest follows exactly (`mark.rs`). A [`Timeline`] is what it holds, taken out to
//! be written and read.

mod brief;
mod coded;
mod entry;
mod event;
mod key;
mod mark;
mod replay;
mod setup;
mod tag;
mod timeline;
mod waits;

#[cfg(test)]
mod tests;

pub use self::{
    brief::MOST_WORDS,
    entry::Entry,
    replay::{Replay, Trouble, replay, show},
    timeline::{Step, Timeline},
};

use self::{
    event::{Packed, pack, unpack},
    mark::Mark,
    tag::{BEFORE, GAP, MARK},
    timeline::Beginning,
    waits::Table,
};
use crate::{
    event::Event,
    limits::Waits,
    session::{Session, Setup},
    time::Time,
};
use alloc::vec::Vec;

/// Entries that a recorder begins with.
const FIRST: usize = 8;

/// From so many on it forgets what lies before a mark, sooner than it grows: what an idle connection
/// keeps.
const KEPT: usize = 16;

/// Entries at most: 1 KiB.
const MOST: usize = 64;

/// The last steps of a session.
#[derive(Clone, Debug)]
pub struct Recorder {
    entries: Vec<Entry>,
    /// Where the entries begin, unless that is forgotten.
    begins: Option<Beginning>,
    /// The moment of that, or of the last entry that was forgotten.
    began: Time,
    /// The moment of the last entry.
    last: Time,
    waits: Table,
    /// Steps that were forgotten.
    forgotten: u32,
    /// The last step has not come to its end.
    open: bool,
}

impl Recorder {
    /// Of a session that is told of its first event now, and was made with these waits.
    #[must_use]
    pub const fn new(now: Time, waits: Waits) -> Self {
        Recorder {
            entries: Vec::new(),
            begins: Some(Beginning::Fresh),
            began: now,
            last: now,
            waits: Table::new(waits),
            forgotten: 0,
            open: false,
        }
    }

    /// An event is about to be told to `session`.
    #[inline]
    pub fn begins(&mut self, now: Time, event: &Event, session: &Session) {
        if let Event::Routed(destination) = *event {
            let setup = session.setup();
            if destination.tls == setup.up_tls && destination.timeouts.is(setup.timeouts) {
                // It knows. Nothing follows from that.
                return;
            }
        }
        self.open = true;
        let Packed { before, main } = pack(*event, &mut self.waits);
        if let Some(before) = before {
            self.push(before);
        }
        let span = now.since(self.last).0;
        let delta = u32::try_from(span).unwrap_or_else(|_| {
            self.push(Entry::of_wide(GAP, span));
            0
        });
        self.last = now;
        self.push(main.after(delta));
    }

    /// What was told last has led to `session`.
    #[inline]
    pub fn ends(&mut self, now: Time, session: &Session) {
        if !self.open {
            return;
        }
        self.open = false;
        if let Some(rest) = session.rests(now)
            && let Some(mark) = Mark::of(session, rest, &mut self.waits)
        {
            self.push(mark.entry());
        }
    }

    #[inline]
    fn push(&mut self, entry: Entry) {
        if self.entries.len() == self.entries.capacity() {
            self.make_room();
        }
        self.entries.push(entry);
    }

    #[cold]
    fn make_room(&mut self) {
        let length = self.entries.len();
        if length >= KEPT && self.forget_to_mark() {
            return;
        }
        if length < MOST {
            self.entries.reserve_exact(length.max(FIRST));
            return;
        }
        // Never between what belongs together.
        let mut half = self.entries.iter().skip(MOST / 2);
        let rest = half.position(|entry| entry.tag() < BEFORE).unwrap_or(0);
        self.forget(MOST / 2 + rest + 1);
        self.begins = None;
    }

    /// Forgets what lies before a mark: the first that makes room enough, or else the last.
    fn forget_to_mark(&mut self) -> bool {
        let enough = self.entries.len() / 4;
        let marked = |entry: &Entry| entry.tag() == MARK;
        let later = self.entries[enough..].iter().position(marked);
        let place = later.map(|place| enough + place);
        let Some(place) = place.or_else(|| self.entries.iter().rposition(marked)) else {
            return false;
        };
        self.begins = Mark::of_entry(self.entries[place]).map(Beginning::Marked);
        self.forget(place + 1);
        true
    }

    fn forget(&mut self, entries: usize) {
        for entry in self.entries.drain(..entries) {
            self.began = Time(self.began.0.saturating_add(passed(entry)));
            let event = u32::from(entry.tag() < BEFORE);
            self.forgotten = self.forgotten.saturating_add(event);
        }
    }

    /// What it holds of a session that was made with `setup`.
    #[must_use]
    pub fn timeline(&self, setup: &Setup) -> Timeline {
        let (mut begins, mut began) = (self.begins, self.began);
        let (mut steps, mut forgotten) = (Vec::new(), self.forgotten);
        let (mut before, mut now) = (None, began);
        for entry in &self.entries {
            now = Time(now.0.saturating_add(passed(*entry)));
            match entry.tag() {
                MARK if begins.is_none() => {
                    // From here on it can be played.
                    begins = Mark::of_entry(*entry).map(Beginning::Marked);
                    forgotten = forgotten.saturating_add(u32::try_from(steps.len()).unwrap_or(0));
                    steps.clear();
                    began = now;
                }
                MARK | GAP => {}
                BEFORE.. => before = Some(*entry),
                _ => {
                    let packed = Packed {
                        before: before.take(),
                        main: *entry,
                    };
                    let event = unpack(packed, &self.waits);
                    steps.extend(event.map(|event| Step { at: now, event }));
                }
            }
        }
        Timeline {
            setup: Setup {
                timeouts: self.waits.at(0).unwrap_or(setup.timeouts),
                ..*setup
            },
            waits: self.waits.clone(),
            begins,
            began,
            forgotten,
            steps,
            fails: self.open,
        }
    }
}

/// The session that is built anew of what a mark holds of this one, if the step at `now` has led to a
/// moment that is marked. It is the same.
#[must_use]
pub fn rebuilt(session: &Session, now: Time) -> Option<Session> {
    let mut waits = Table::new(session.setup().timeouts);
    let mark = Mark::of(session, session.rests(now)?, &mut waits)?;
    mark.session(*session.setup(), &waits, now)
}

/// How much time an entry tells of.
fn passed(entry: Entry) -> u64 {
    match entry.tag() {
        GAP => entry.wide(),
        _ => entry.delta().into(),
    }
}

//! The legs of which exactly one direction has ended, and since when.

use super::{Listened, label};
use std::{cell::RefCell, fmt, rc::Rc};
use tidegate_core::{
    side::Side,
    time::{Moment, Span, Time},
};

/// Below which age a leg is counted where; the last of a gauge's classes has no bound.
const BOUNDS: [(&str, Span); 5] = [
    ("<1s", Span::from_secs(1)),
    ("<15s", Span::from_secs(15)),
    ("<1m", Span::from_secs(60)),
    ("<10m", Span::from_secs(600)),
    ("<1h", Span::from_secs(3_600)),
];

/// The last class.
const OLDER: &str = ">=1h";

/// The half-closed legs of one worker; every clone is the same one.
#[derive(Clone, Debug, Default)]
pub struct HalfClosed(Rc<State>);

/// A place for each of them: who comes and goes costs no memory once as many have been here.
#[derive(Debug, Default)]
struct State {
    places: RefCell<Vec<Option<(Side, Time)>>>,
    free: RefCell<Vec<u32>>,
}

impl State {
    fn enter(&self, side: Side, since: Time) -> u32 {
        let mut places = self.places.borrow_mut();
        let at = self.free.borrow_mut().pop().unwrap_or_else(|| {
            places.push(None);
            // There are not as many descriptors.
            u32::try_from(places.len() - 1).unwrap_or(u32::MAX)
        });
        places[at as usize] = Some((side, since));
        at
    }

    fn leave(&self, at: u32) {
        self.places.borrow_mut()[at as usize] = None;
        self.free.borrow_mut().push(at);
    }
}

/// Where one session, or one spare leg, says which of its legs are half-closed. With it goes what
/// it has said.
#[derive(Debug)]
pub struct Halves {
    of: HalfClosed,
    /// What was said last, and the places of those that are half-closed.
    said: [Moment; 2],
    at: [u32; 2],
    /// The listener of the session, if it is one's.
    listened: Option<Listened>,
}

impl HalfClosed {
    pub(super) fn halves(&self, listened: Option<Listened>) -> Halves {
        Halves {
            of: self.clone(),
            said: [Moment::NEVER; 2],
            at: [0; 2],
            listened,
        }
    }

    /// How many there are, by age.
    #[must_use]
    pub fn ages(&self, now: Time) -> Ages {
        let mut ages = Ages::default();
        for (side, since) in self.0.places.borrow().iter().flatten() {
            let age = now.since(*since);
            let class = BOUNDS.iter().position(|(_, bound)| age < *bound);
            ages.0[*side as usize][class.unwrap_or(BOUNDS.len())] += 1;
        }
        ages
    }
}

impl Halves {
    /// Since when the leg is half-closed, if it is.
    #[inline]
    pub fn say(&mut self, side: Side, since: Option<Time>) {
        if self.said[side as usize].get() != since {
            self.say_news(side, since);
        }
    }

    fn say_news(&mut self, side: Side, since: Option<Time>) {
        let state = &self.of.0;
        let (said, at) = (&mut self.said[side as usize], &mut self.at[side as usize]);
        let was_half = *said != Moment::NEVER;
        if was_half {
            state.leave(*at);
        }
        *said = Moment::NEVER;
        if let Some(since) = since {
            (*said, *at) = (Moment::at(since), state.enter(side, since));
        }
        if let Some(listened) = self.listened.as_ref()
            && was_half != since.is_some()
        {
            listened.half_closed(side, since.is_some());
        }
    }
}

impl Drop for Halves {
    fn drop(&mut self) {
        for side in Side::BOTH {
            self.say(side, None);
        }
    }
}

/// How many legs are half-closed, by side and by age.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ages([[u64; BOUNDS.len() + 1]; 2]);

impl Ages {
    /// How many there are on one side, of any age.
    #[must_use]
    pub fn count(&self, side: Side) -> u64 {
        self.0[side as usize].iter().sum()
    }

    pub(super) fn add(&mut self, other: &Ages) {
        for (mine, others) in self.0.iter_mut().zip(&other.0) {
            for (mine, other) in mine.iter_mut().zip(others) {
                *mine += other;
            }
        }
    }
}

impl fmt::Display for Ages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = "tidegate_half_closed_legs";
        writeln!(
            f,
            "# HELP {name} Legs of which one direction has ended, by age."
        )?;
        writeln!(f, "# TYPE {name} gauge")?;
        for side in Side::BOTH {
            let classes = BOUNDS.iter().map(|(class, _)| *class).chain([OLDER]);
            for (class, count) in classes.zip(&self.0[side as usize]) {
                let leg = label(side);
                writeln!(f, r#"{name}{{leg="{leg}",age="{class}"}} {count}"#)?;
            }
        }
        Ok(())
    }
}

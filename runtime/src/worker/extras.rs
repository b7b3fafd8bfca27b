//! How a worker is set up beyond what the configuration says.

use crate::{
    accept::Taps, crowd::Crowd, log::Ink, members::News, observe::Observer, roll::Roll,
    upstream::Place,
};
use std::{fmt, rc::Rc};
use tidegate_core::session::Setup;

/// How a session is set up beyond what the configuration says; production adds nothing.
#[derive(Clone)]
pub struct Extras {
    /// Changes a listener's setup: known-bad variants, in tests.
    pub setup: Rc<dyn Fn(Setup) -> Setup>,
    /// Makes the tap of the n-th session of a listener.
    pub taps: Rc<Taps>,
    /// Whether to walk the wait-for graph after every step.
    pub paranoid: bool,
    /// Where its legs are counted.
    pub observer: Observer,
    /// Its sessions, to be asked.
    pub roll: Roll,
    /// How many of its sessions are awake.
    pub crowd: Crowd,
    /// Where its lines go, if there is a log.
    pub ink: Option<Ink>,
    /// What its balancers draw follows from this: no two workers have the same.
    pub seed: u64,
    /// Which of the workers it is.
    pub place: Place,
    /// Who tells of the endpoints of each cluster; where nobody does, they are the configured ones.
    pub news: Vec<Option<News>>,
}

impl fmt::Debug for Extras {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Extras")
            .field("paranoid", &self.paranoid)
            .finish_non_exhaustive()
    }
}

impl Default for Extras {
    fn default() -> Self {
        Extras {
            setup: Rc::new(|setup| setup),
            taps: Rc::new(|_| None),
            paranoid: cfg!(debug_assertions),
            observer: Observer::default(),
            roll: Roll::default(),
            crowd: Crowd::default(),
            ink: None,
            seed: 0,
            place: Place::ONLY,
            news: Vec::new(),
        }
    }
}

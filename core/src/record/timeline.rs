//! The steps of a session from a beginning on, and how they are written: for people, and so that they can
//! be played again.
//!
//! It owns the form of the file. Rows need the session before and after each step: they are made when a
//! timeline is written, and never while its session runs.

use super::{
    Packed,
    key::{self, Keys},
    mark::{Facts, Mark},
    pack,
    waits::Table,
};
use crate::{
    effect::Effects,
    event::Event,
    session::{Rest, Session, Setup},
    side::Side,
    time::Time,
    trace::{self, HEADER, Row},
};
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt::Write as _;

/// The first line of the file.
pub(super) const TITLE: &str = "tidegate trace v1";

/// Between a row and its entries.
pub(super) const ENTRIES: &str = " ; ";

/// Columns of a row before its entries, if it needs no more.
const COLUMNS: usize = 96;

/// Before a step that did not come to its end.
pub(super) const FAILS: &str = "fails";

/// Before what is not there any more.
pub(super) const FORGOTTEN: &str = "forgotten";

/// Before the last word.
pub(super) const VERDICT: &str = "verdict";

/// One event, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The moment, as the session was told.
    pub at: Time,
    /// What it was told of.
    pub event: Event,
}

/// Where a timeline begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beginning {
    /// With the session.
    Fresh,
    /// At a marked moment.
    Marked(Mark),
}

/// The steps of a session from a beginning on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeline {
    pub(super) setup: Setup,
    pub(super) waits: Table,
    pub(super) begins: Option<Beginning>,
    /// When that was.
    pub(super) began: Time,
    pub(super) forgotten: u32,
    pub(super) steps: Vec<Step>,
    /// The last step did not come to its end: the session failed inside the proxy.
    pub(super) fails: bool,
}

impl Timeline {
    /// Its steps.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// How many steps there were before them.
    #[must_use]
    pub fn forgotten(&self) -> u32 {
        self.forgotten
    }

    /// Whether it can be played, and not only shown: what it begins with is known.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.begins.is_some()
    }

    /// The session that it leads to, moments and all; nothing if its beginning is forgotten. What failed is
    /// not played.
    #[must_use]
    pub fn session(&self) -> Option<Session> {
        let mut session = self.first(self.began)?;
        let mut effects = Effects::default();
        for step in self.played() {
            effects.clear();
            session.step(step.at, step.event, &mut effects);
        }
        Some(session)
    }

    /// The session that it begins with.
    pub(super) fn first(&self, now: Time) -> Option<Session> {
        match self.begins? {
            Beginning::Fresh => Some(Session::new(self.setup)),
            Beginning::Marked(mark) => mark.session(self.setup, &self.waits, now),
        }
    }

    /// The steps that came to their end.
    pub(super) fn played(&self) -> &[Step] {
        let ended = self.steps.len() - usize::from(self.fails && !self.steps.is_empty());
        &self.steps[..ended]
    }

    /// As a file: what it is about, in the words of `claim`; what it begins with; a row a step, with its
    /// entries; how it stands. Moments count from the beginning.
    #[must_use]
    pub fn write(&self, claim: Option<&str>) -> String {
        let mut text = format!("{TITLE}\n");
        for line in claim.into_iter().flat_map(str::lines) {
            text.push_str(format!("# {line}").trim_end());
            text.push('\n');
        }
        self.write_beginning(&mut text);
        let _ = writeln!(text, "\n{HEADER}");
        let mut scribe = Scribe::new(self);
        match self.first(Time(0)) {
            Some(mut session) => {
                for step in self.played() {
                    let row = scribe.row(*step, &mut session);
                    scribe.line(*step, &row, &mut text);
                }
                if let Some(step) = self.steps.get(self.played().len()) {
                    let name = trace::name(step.event, &session);
                    scribe.line(*step, &format!("{FAILS:<9} {name}"), &mut text);
                } else {
                    let _ = writeln!(text, "{}", verdict(&session, scribe.now));
                }
            }
            None => {
                for step in &self.steps {
                    let moment = scribe.moment(*step).as_ms();
                    let name = trace::name(step.event, &Session::new(self.setup));
                    scribe.line(*step, &format!("{moment:>5}  {name}"), &mut text);
                }
                let shown =
                    "is not known: its beginning is forgotten, so that it can only be shown";
                let _ = writeln!(text, "{VERDICT:<9} {shown}");
            }
        }
        text
    }

    fn write_beginning(&self, text: &mut String) {
        key::write("setup", &self.setup, text);
        key::write("limits", &self.setup.limits, text);
        key::write("policy", &self.setup.policy, text);
        for (place, waits) in self.waits.iter().enumerate() {
            key::write(&format!("waits {place}"), &*waits, text);
        }
        if self.forgotten > 0 {
            let _ = writeln!(text, "{FORGOTTEN} steps={}", self.forgotten);
        }
        match &self.begins {
            None => {
                let _ = writeln!(text, "{FORGOTTEN} beginning");
            }
            Some(Beginning::Fresh) => text.push_str("begins    fresh\n"),
            Some(Beginning::Marked(mark)) => {
                let rest = match mark.rest {
                    Rest::Idle => "idle",
                    Rest::Tunnel => "tunnel",
                };
                key::write(&format!("begins    {rest}"), &mark.facts, text);
            }
        }
    }
}

/// What an entry is made of, from one step to the next.
pub(super) struct Scribe {
    began: Time,
    waits: Table,
    last: Time,
    /// The moment of the last step, from the beginning on.
    pub(super) now: Time,
}

impl Scribe {
    pub(super) fn new(timeline: &Timeline) -> Self {
        Scribe {
            began: timeline.began,
            waits: timeline.waits.clone(),
            last: timeline.began,
            now: Time(0),
        }
    }

    fn moment(&self, step: Step) -> Time {
        Time(step.at.since(self.began).0)
    }

    /// Tells `session` of a step. Says the row.
    pub(super) fn row(&mut self, step: Step, session: &mut Session) -> String {
        let before = session.clone();
        let mut effects = Effects::default();
        self.now = self.moment(step);
        session.step(self.now, step.event, &mut effects);
        Row::new(self.now, step.event, &before, session, &effects).to_string()
    }

    /// A row, and its entries behind it.
    fn line(&mut self, step: Step, row: &str, text: &mut String) {
        let Packed { before, main } = pack(step.event, &mut self.waits);
        let span = step.at.since(self.last).0;
        self.last = step.at;
        let delta = u32::try_from(span);
        let gap = delta
            .is_err()
            .then(|| super::Entry::of_wide(super::tag::GAP, span));
        let _ = write!(text, "{row:<COLUMNS$}{ENTRIES}");
        for entry in before.into_iter().chain(gap) {
            let _ = write!(text, "{entry} ");
        }
        let _ = writeln!(text, "{}", main.after(delta.unwrap_or(0)));
    }
}

/// How a session stands: what each leg waits for, and what fires next.
pub(super) fn verdict(session: &Session, now: Time) -> String {
    let mut text = format!("{VERDICT:<9} ");
    if session.is_closed() {
        text.push_str("over");
        return text;
    }
    text.push_str("open");
    for side in Side::BOTH {
        if let Some(wait) = session.wait(side) {
            let _ = write!(text, "; {side} waits for {wait}");
        }
    }
    if let Some((at, timer)) = session.deadline() {
        let _ = write!(text, "; {timer} in {}", at.since(now));
    }
    text
}

impl Keys for Facts {
    key::keys!(Facts: waits up_tls tls12_half_close want down_pipe up_pipe);
}

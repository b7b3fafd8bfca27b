//! The steps of a session on one line, for the log (PRODUCT section 6): `+0 accept +1ms tls +3ms head`.
//!
//! It owns the words. `<` is heard of a peer, `>` is said to it; moments count from the accept. It tells
//! what bears on an end, and of bytes only that they came. It is made of a [`Timeline`], once, when its
//! session has ended otherwise than in order.

mod word;

use self::word::{Word, from, is_dead, to, word};
use super::{Step, Timeline};
use crate::{
    effect::{Effect, Effects},
    event::Event,
    report::Report,
    session::Session,
    side::Side,
    time::{Span, Time},
};
use alloc::{
    borrow::Cow,
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt::Write as _;

/// Words at most: a line of the log stays one that can be read, about 600 bytes.
pub const MOST_WORDS: usize = 32;

/// Those of them that tell of the beginning, where there are more.
const FIRST_WORDS: usize = 8;

/// In place of what is not told.
const LEFT_OUT: &str = "..";

/// A word, and when.
struct Told {
    at: Span,
    word: Cow<'static, str>,
    /// Of whose bytes it tells, if of nothing else.
    data: Option<Side>,
}

struct Teller {
    began: Time,
    told: Vec<Told>,
    /// The legs whose peer or network has ended the connection: nothing can be said to it any more.
    dead: [bool; 2],
}

impl Timeline {
    /// Its steps on one line, of a session that came to `report`; at most [`MOST_WORDS`] of them, where the
    /// first and the last are told rather than those between.
    #[must_use]
    pub fn brief(&self, report: &Report) -> String {
        let mut teller = Teller {
            began: report.began,
            told: Vec::new(),
            dead: [false; 2],
        };
        let mut session = self.first(self.began);
        let mut effects = Effects::default();
        let played = self.played().len();
        for (place, step) in self.steps.iter().enumerate() {
            teller.heard(*step, session.as_ref());
            if let Some(session) = session.as_mut().filter(|_| place < played) {
                effects.clear();
                session.step(step.at, step.event, &mut effects);
                teller.said(step.at, &effects);
            }
        }
        if session.is_none() {
            // What was ordered is not known. How its legs were left is.
            teller.left(report);
        }
        line(&teller.told, self.forgotten > 0)
    }
}

impl Teller {
    fn put(&mut self, at: Time, word: impl Into<Cow<'static, str>>) {
        self.told.push(Told {
            at: at.since(self.began),
            word: word.into(),
            data: None,
        });
    }

    /// Of bytes that come one after the other only the last are told, of each side.
    fn data(&mut self, at: Time, side: Side) {
        let run = self
            .told
            .iter()
            .rev()
            .take_while(|told| told.data.is_some());
        let earlier = run.take(2).position(|told| told.data == Some(side));
        if let Some(back) = earlier {
            self.told.remove(self.told.len() - 1 - back);
        }
        self.put(at, from("data", side));
        if let Some(last) = self.told.last_mut() {
            last.data = Some(side);
        }
    }

    /// An event, before `session` is told of it.
    fn heard(&mut self, step: Step, session: Option<&Session>) {
        let Step { at, event } = step;
        match word(event, session) {
            Word::Told(word) => self.put(at, word),
            Word::Data(side) => self.data(at, side),
            Word::Untold => {}
        }
        if let Event::Failed(side, cause, _) = event {
            self.dead[side as usize] |= is_dead(cause);
        } else if let Event::Connected(_) = event {
            self.dead[Side::Up as usize] = false;
        }
    }

    /// What was ordered.
    fn said(&mut self, at: Time, effects: &[Effect]) {
        let mut reset = [false; 2];
        for effect in effects {
            match *effect {
                Effect::Reset(side) => reset[side as usize] = !self.dead[side as usize],
                Effect::Reply(reply) => self.put(at, format!("{}>client", reply.status)),
                Effect::Alert => self.put(at, "alert>client"),
                Effect::Cancel => self.put(at, "cancel"),
                // A FIN is told once the kernel has it; the rest is no end.
                Effect::Finish(_)
                | Effect::Connect
                | Effect::Close(_)
                | Effect::Park
                | Effect::Retire(_)
                | Effect::Probe
                | Effect::LastChunk
                | Effect::End(_) => {}
            }
        }
        self.resets(at, reset);
    }

    fn left(&mut self, report: &Report) {
        let at = Side::BOTH.map(|side| {
            let reset = report.legs[side as usize].reset_at();
            reset.filter(|_| !self.dead[side as usize])
        });
        match at {
            [Some(down), Some(up)] if down == up => self.resets(down, [true; 2]),
            [down, up] => {
                let mut each = [(down, [true, false]), (up, [false, true])];
                each.sort_by_key(|(at, _)| *at);
                for (at, reset) in each {
                    at.into_iter().for_each(|at| self.resets(at, reset));
                }
            }
        }
    }

    fn resets(&mut self, at: Time, reset: [bool; 2]) {
        match reset {
            [false, false] => {}
            [true, true] => self.put(at, "rst>"),
            [true, false] => self.put(at, to("rst", Side::Down)),
            [false, true] => self.put(at, to("rst", Side::Up)),
        }
    }
}

fn line(told: &[Told], forgotten: bool) -> String {
    let mut text = String::new();
    if forgotten {
        text.push_str(LEFT_OUT);
    }
    let over = told.len().saturating_sub(MOST_WORDS);
    for (place, told) in told.iter().enumerate() {
        if over > 0 && place == FIRST_WORDS {
            let _ = write!(text, " {LEFT_OUT}");
        }
        if over > 0 && (FIRST_WORDS..FIRST_WORDS + over).contains(&place) {
            continue;
        }
        let space = if text.is_empty() { "" } else { " " };
        let _ = write!(text, "{space}{} {}", moment(told.at), told.word);
    }
    text
}

/// `+0`, `+0.4ms`, `+12ms`, `+61.2s`: rounded down, so that no moment is told before it came.
fn moment(at: Span) -> String {
    let tenths = |of: u64, unit: &str| match of % 10 {
        0 => format!("+{}{unit}", of / 10),
        rest => format!("+{}.{rest}{unit}", of / 10),
    };
    match at.0 {
        0..100 => "+0".to_string(),
        100..10_000 => tenths(at.0 / 100, "ms"),
        10_000..1_000_000 => format!("+{}ms", at.0 / 1_000),
        _ => tenths(at.0 / 100_000, "s"),
    }
}

//! A trace file, read: its steps are told to a session of today, which must answer as the file says.
//!
//! It owns the way from text to a timeline, and what is said of text that is none.

use super::{
    Entry, Packed, Step, Timeline, key,
    mark::{Facts, Mark},
    passed,
    tag::{BEFORE, GAP},
    timeline::{Beginning, ENTRIES, FAILS, FORGOTTEN, Scribe, TITLE, VERDICT, verdict},
    unpack,
    waits::Table,
};
use crate::{
    event::{Event, Want},
    limits::{Timeouts, Waits},
    session::{Kind, Rest, Session, Setup},
    time::Time,
    tls::HalfClose,
    trace::HEADER,
};
use alloc::{
    boxed::Box,
    format,
    string::{String, ToString},
    vec::Vec,
};

/// What is wrong with a file that cannot be played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// The line, from 1 on.
    pub line: usize,
    /// What is wrong there.
    pub what: String,
}

/// What playing a file came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replay {
    /// Every step had the effects that the file says.
    Same {
        /// How many there were.
        steps: usize,
    },
    /// The first line that another one should stand for.
    Differs {
        /// The line, from 1 on.
        line: usize,
        /// What the file says.
        expected: String,
        /// What is so today.
        found: String,
    },
    /// Every step but the last, in which the session failed: here it is, and what it is to be told.
    Fails {
        /// The line, from 1 on.
        line: usize,
        /// As it was before.
        session: Box<Session>,
        /// What it did not survive.
        step: Step,
    },
}

/// A line of the file, and what stands there.
type Line = (usize, String);

/// A file, read.
struct File {
    timeline: Timeline,
    rows: Vec<Line>,
    verdict: Option<Line>,
    /// The last line.
    last: usize,
}

/// Plays a file, and says before each step in which line it is: a file that was written by hand may tell a
/// session what cannot be.
///
/// # Errors
/// The text is no trace, or one whose beginning is forgotten.
///
/// # Panics
/// When the file tells of something that no driver could, or when the session is wrong.
pub fn replay(text: &str, at: &mut dyn FnMut(usize)) -> Result<Replay, Trouble> {
    let file = read(text)?;
    let timeline = &file.timeline;
    let Some(mut session) = timeline.first(Time(0)) else {
        let what = "its beginning is forgotten: it can be shown, and not replayed";
        return Err(trouble(file.last, what));
    };
    let mut scribe = Scribe::new(timeline);
    let mut rows = file.rows.into_iter();
    for (step, (line, expected)) in timeline.played().iter().zip(rows.by_ref()) {
        at(line);
        let found = scribe.row(*step, &mut session);
        if found != expected {
            return Ok(differs(line, expected, found));
        }
    }
    if let (Some(step), Some((line, _))) =
        (timeline.steps.get(timeline.played().len()), rows.next())
    {
        let (session, step) = (Box::new(session), *step);
        return Ok(Replay::Fails {
            line,
            session,
            step,
        });
    }
    if let Some((line, expected)) = file.verdict {
        let found = verdict(&session, scribe.now);
        if found != expected {
            return Ok(differs(line, expected, found));
        }
    }
    let steps = timeline.steps.len();
    Ok(Replay::Same { steps })
}

impl Timeline {
    /// Reads a file. Its moments count from its beginning.
    ///
    /// # Errors
    /// The text is no trace.
    pub fn read(text: &str) -> Result<Timeline, Trouble> {
        read(text).map(|file| file.timeline)
    }
}

/// The rows of a file, with what it claims and how it begins, and without what only a machine reads.
///
/// # Errors
/// The text is no trace.
pub fn show(text: &str) -> Result<String, Trouble> {
    read(text)?;
    let mut shown = String::new();
    let mut rows = false;
    for line in text.lines() {
        if line == HEADER {
            rows = true;
            shown.push('\n');
        }
        let told = ["#", "begins", FORGOTTEN];
        if !rows && !told.iter().any(|word| line.starts_with(word)) && !shown.is_empty() {
            continue;
        }
        let row = line.rsplit_once(ENTRIES).filter(|_| rows && line != HEADER);
        shown.push_str(row.map_or(line, |(row, _)| row.trim_end()));
        shown.push('\n');
    }
    Ok(shown)
}

const fn differs(line: usize, expected: String, found: String) -> Replay {
    Replay::Differs {
        line,
        expected,
        found,
    }
}

fn trouble(line: usize, what: impl ToString) -> Trouble {
    let what = what.to_string();
    Trouble { line, what }
}

fn read(text: &str) -> Result<File, Trouble> {
    let mut lines = text.lines().map(str::trim_end).zip(1..);
    match lines.next() {
        Some((TITLE, _)) => {}
        _ => return Err(trouble(1, format!("a trace begins with `{TITLE}`"))),
    }
    let said = |line: &&str| !line.is_empty() && !line.starts_with('#');
    let mut lines = lines.filter(|(line, _)| said(line));
    let mut head = Head::new();
    let mut last = 1;
    loop {
        let Some((text, line)) = lines.next() else {
            return Err(trouble(last, "no steps follow"));
        };
        last = line;
        if text == HEADER {
            break;
        }
        head.line(text).map_err(|what| trouble(line, what))?;
    }
    let waits = head.table().map_err(|what| trouble(last, what))?;
    let begins = head.begins;
    let begins = begins.ok_or_else(|| trouble(last, "it does not say how it begins"))?;
    let mut body = Body {
        waits: &waits,
        now: Time(0),
        steps: Vec::new(),
        rows: Vec::new(),
        verdict: None,
        fails: false,
    };
    for (text, line) in lines {
        last = line;
        body.line(text, line).map_err(|what| trouble(line, what))?;
    }
    let Body {
        steps,
        rows,
        verdict,
        fails,
        ..
    } = body;
    let Head {
        setup, forgotten, ..
    } = head;
    Ok(File {
        timeline: Timeline {
            setup: Setup {
                timeouts: waits.at(0).unwrap_or(setup.timeouts),
                ..setup
            },
            waits,
            begins,
            began: Time(0),
            forgotten,
            steps,
            fails,
        },
        rows,
        verdict,
        last,
    })
}

/// What stands before the rows.
struct Head {
    setup: Setup,
    waits: Vec<Timeouts>,
    /// How it begins; nothing inside if that is forgotten.
    begins: Option<Option<Beginning>>,
    forgotten: u32,
}

impl Head {
    fn new() -> Self {
        Head {
            setup: Setup::new(Kind::Http, false),
            waits: Vec::new(),
            begins: None,
            forgotten: 0,
        }
    }

    fn line(&mut self, text: &str) -> Result<(), String> {
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        let rest = rest.trim_start();
        match word {
            "setup" => key::read(rest, &mut self.setup),
            "limits" => key::read(rest, &mut self.setup.limits),
            "policy" => key::read(rest, &mut self.setup.policy),
            "waits" => self.waits(rest),
            "begins" => self.begins(rest),
            FORGOTTEN if rest == "beginning" => {
                self.begins = Some(None);
                Ok(())
            }
            FORGOTTEN => {
                let steps = rest.strip_prefix("steps=").and_then(|n| n.parse().ok());
                self.forgotten = steps.ok_or("so many `steps=` were forgotten")?;
                Ok(())
            }
            _ => Err(format!("`{word}` begins no line of a trace")),
        }
    }

    fn waits(&mut self, text: &str) -> Result<(), String> {
        let (place, rest) = text.split_once(' ').unwrap_or((text, ""));
        let place: Option<usize> = place.parse().ok();
        match place {
            Some(place) if place == self.waits.len() => self.waits.push(Timeouts::http()),
            Some(place) if place + 1 == self.waits.len() => {}
            Some(_) | None => return Err("waits are numbered, from 0 on".to_string()),
        }
        let waits = self.waits.last_mut().ok_or("no waits")?;
        key::read(rest, waits)
    }

    fn begins(&mut self, text: &str) -> Result<(), String> {
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        let mut facts = Facts {
            waits: 0,
            up_tls: false,
            tls12_half_close: HalfClose::Deliver,
            want: Want::Bytes,
            down_pipe: 0,
            up_pipe: 0,
        };
        let rests = match word {
            "fresh" => None,
            "idle" => Some(Rest::Idle),
            "tunnel" => Some(Rest::Tunnel),
            _ => return Err(format!("no session begins `{word}`")),
        };
        if let (Some(Some(Beginning::Marked(before))), Some(_)) = (self.begins, rests) {
            facts = before.facts;
        }
        key::read(rest, &mut facts)?;
        let mark = |rest| Beginning::Marked(Mark { rest, facts });
        self.begins = Some(Some(rests.map_or(Beginning::Fresh, mark)));
        Ok(())
    }

    fn table(&self) -> Result<Table, String> {
        let mut all = self.waits.iter().map(|waits| Waits::of(*waits));
        let first = all.next().ok_or("it has no `waits 0`")?;
        let mut table = Table::new(first);
        for waits in all {
            table.place(waits);
        }
        match &self.begins {
            Some(Some(Beginning::Marked(mark))) if table.at(mark.facts.waits.into()).is_none() => {
                Err(format!("it has no `waits {}`", mark.facts.waits))
            }
            Some(Some(Beginning::Marked(_) | Beginning::Fresh) | None) | None => Ok(table),
        }
    }
}

/// The rows.
struct Body<'a> {
    waits: &'a Table,
    now: Time,
    steps: Vec<Step>,
    rows: Vec<Line>,
    verdict: Option<Line>,
    fails: bool,
}

impl Body<'_> {
    fn line(&mut self, text: &str, line: usize) -> Result<(), String> {
        if self.fails || self.verdict.is_some() {
            return Err("nothing follows the last word".to_string());
        }
        if text.starts_with(VERDICT) {
            self.verdict = Some((line, text.to_string()));
            return Ok(());
        }
        let Some((row, entries)) = text.rsplit_once(ENTRIES) else {
            return Err("a row has its entries behind `;`".to_string());
        };
        let event = self.event(entries)?;
        self.fails = row.starts_with(FAILS);
        self.steps.push(Step {
            at: self.now,
            event,
        });
        self.rows.push((line, row.trim_end().to_string()));
        Ok(())
    }

    /// The event of a row's entries; the moment moves on.
    fn event(&mut self, text: &str) -> Result<Event, String> {
        let mut before = None;
        let mut main = None;
        for word in text.split_whitespace() {
            let entry: Entry = word
                .parse()
                .map_err(|()| format!("`{word}` is no entry: it has 32 digits"))?;
            self.now = Time(self.now.0.saturating_add(passed(entry)));
            let twice = match entry.tag() {
                _ if main.is_some() => true,
                GAP => false,
                BEFORE.. => before.replace(entry).is_some(),
                _ => main.replace(entry).is_some(),
            };
            if twice {
                return Err("a row has one event".to_string());
            }
        }
        let main = main.ok_or("a row without an event")?;
        let unknown = || format!("`{main}` is no event that this version knows");
        unpack(Packed { before, main }, self.waits).ok_or_else(unknown)
    }
}

//! The rows of a trace, read back: `   ms  event  phase  D>U  U>D  effects`.
//!
//! It owns what a row looks like from the outside. It is lenient: what is no row is somebody's words.

use tidegate_core::{side::Side, trace::HEADER};

/// A trace: what it is about, and its steps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Trace {
    /// The words above its head.
    pub(super) claim: Vec<String>,
    pub(super) rows: Vec<Row>,
    /// The words below: how it stands.
    pub(super) verdict: Option<String>,
}

/// A step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// As it is written, in milliseconds; of a step that did not come to its end, nothing.
    pub(super) moment: String,
    pub(super) at_us: u64,
    /// Whom it happened to; the proxy itself if to nobody.
    pub(super) side: Option<Side>,
    /// What happened.
    pub(super) event: String,
    /// What the session was about after it, and its relays; not known of a row without its beginning.
    pub(super) after: Option<After>,
    /// What followed.
    pub(super) orders: Vec<String>,
}

/// How a session stood after a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct After {
    pub(super) phase: String,
    /// From the client to the origin, and back.
    pub(super) relays: [Drawn; 2],
}

/// A relay, as it is drawn in the row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Drawn {
    pub(super) source: char,
    pub(super) bytes: u64,
    pub(super) sink: char,
}

const GLYPHS: [&str; 8] = [".", "=", "#", "-", "/", "|", "!", "x"];

/// Words of a file that say nothing of what happened.
const BESIDES: [&str; 7] = [
    "tidegate",
    "setup",
    "limits",
    "policy",
    "waits",
    "forgotten",
    "begins",
];

/// All traces in `text`.
pub(super) fn read(text: &str) -> Vec<Trace> {
    let mut traces: Vec<Trace> = Vec::new();
    let (mut claims, mut last, mut open) = (Vec::new(), None, false);
    for line in text.lines() {
        if line.trim_end().ends_with(HEADER.trim_start()) {
            // What is said for readers, or else what stands above.
            let mut claim = std::mem::take(&mut claims);
            claim.extend(last.take().filter(|_| claim.is_empty()));
            traces.push(Trace {
                claim,
                ..Trace::default()
            });
            open = true;
        } else if let (true, Some(trace)) = (open, traces.last_mut()) {
            if let Some(row) = row(line) {
                trace.rows.push(row);
            } else if let Some(verdict) = line.strip_prefix("verdict") {
                let verdict = verdict.trim_start_matches(':').trim();
                trace.verdict = Some(verdict.to_owned());
            } else {
                open &= trace.rows.is_empty();
            }
        } else if let (Some(trace), true) = (traces.last_mut(), line.starts_with("WRONG ")) {
            // The simulation's judgement of what it has just shown.
            let verdict = trace.verdict.take().map(|verdict| verdict + "; ");
            trace.verdict = Some(verdict.unwrap_or_default() + line);
        } else if let Some(claim) = line.strip_prefix('#') {
            claims.push(claim.trim().to_owned());
        } else if says_something(line) {
            last = Some(line.trim().to_owned());
        }
    }
    traces.retain(|trace| !trace.rows.is_empty());
    traces
}

/// Whether `line` is for readers, and no part of what a trace begins with.
fn says_something(line: &str) -> bool {
    let first = line.split_whitespace().next();
    first.is_some_and(|first| !BESIDES.contains(&first))
}

/// `line` as a step, if it is one.
fn row(line: &str) -> Option<Row> {
    let (line, entry) = match line.split_once(" ; ") {
        Some((line, _)) => (line, true),
        None => (line, false),
    };
    let words: Vec<&str> = line.split_whitespace().collect();
    let (&first, rest) = words.split_first()?;
    let (moment, at_us) = match first {
        "fails" if entry => (String::new(), 0),
        first => (first.to_owned(), moment(first)?),
    };
    let drawn = (1..rest.len()).find_map(|at| Some((at, relays(rest.get(at..at + 6)?)?)));
    let (event, after, orders) = match drawn {
        Some((at, relays)) => {
            let phase = rest[at - 1].to_owned();
            let orders = rest[at + 6..].join(" ");
            let orders = orders.split(", ").filter(|order| !order.is_empty());
            let orders = orders.map(ToOwned::to_owned).collect();
            (&rest[..at - 1], Some(After { phase, relays }), orders)
        }
        None if entry => (rest, None, Vec::new()),
        None => return None,
    };
    let (side, event) = match event.split_first()? {
        (&"D", event) => (Some(Side::Down), event),
        (&"U", event) => (Some(Side::Up), event),
        _ => (None, event),
    };
    Some(Row {
        moment,
        at_us,
        side,
        event: event.join(" "),
        after,
        orders,
    })
}

/// Microseconds, of milliseconds as `17` or `0.455`.
fn moment(text: &str) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(part) || part.len() > 3 {
        return None;
    }
    let part: u64 = format!("{part:0<3}").parse().ok()?;
    whole
        .parse::<u64>()
        .ok()?
        .checked_mul(1_000)?
        .checked_add(part)
}

fn relays(words: &[&str]) -> Option<[Drawn; 2]> {
    let one = |words: &[&str]| {
        let glyph = |word: &str| GLYPHS.contains(&word).then(|| word.chars().next())?;
        Some(Drawn {
            source: glyph(words[0])?,
            bytes: words[1].parse().ok()?,
            sink: glyph(words[2])?,
        })
    };
    Some([one(&words[..3])?, one(&words[3..])?])
}

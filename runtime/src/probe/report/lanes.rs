//! The swim-lane of one play: the client on the left, the proxy in the middle, the origin on the
//! right, and what crosses from one to the other as arrows, in the order of time.
//!
//! Pure: a row in, text out.

use super::Paint;
use crate::probe::{
    Outcome, Row,
    transcript::{Transcript, What, size},
};
use std::{fmt::Write as _, time::Duration};

/// Between the lanes, in characters.
const LANE: usize = 26;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

/// The picture of a row's play.
#[must_use]
pub fn draw(row: &Row, paint: Paint) -> String {
    let mut text = String::new();
    let _infallible = writeln!(text, "{}  {}", paint.strong(&row.key), row.name);
    if !row.claim.is_empty() {
        let _infallible = writeln!(text, "{}", row.claim);
    }
    if let Outcome::Skipped(reason) = &row.outcome {
        let _infallible = writeln!(text, "\nskipped: {reason}");
        return text;
    }
    let mut events = events(&row.play.client, Side::Left, 0);
    for (number, origin) in row.play.origins.iter().enumerate() {
        events.extend(self::events(origin, Side::Right, number));
    }
    events.sort_by_key(|event| event.at);
    let _infallible = writeln!(
        text,
        "\n{:>9}  client{:lane$}proxy{:lane$}origin",
        "ms",
        "",
        "",
        lane = LANE - 5
    );
    for event in &events {
        let ms = event.at.as_micros();
        let ms = format!("{}.{:03}", ms / 1_000, ms % 1_000);
        let lane = match event.side {
            Side::Left => format!("   |{:LANE$}|{:LANE$}|", event.arrow, ""),
            Side::Right => format!("   |{:LANE$}|{:LANE$}|", "", event.arrow),
        };
        let lane = if event.is_hard {
            paint.bad(&lane)
        } else {
            lane
        };
        let _infallible = writeln!(text, "{ms:>9}  {lane}{}", event.note);
    }
    match &row.outcome {
        Outcome::Failed(faults) => {
            for fault in faults {
                let _infallible = writeln!(text, "\n{} {fault}", paint.bad("FAIL"));
            }
        }
        Outcome::Passed => {
            let _infallible = writeln!(text, "\n{}", paint.good("pass"));
        }
        Outcome::Skipped(_) => {}
    }
    text
}

struct Drawn {
    at: Duration,
    side: Side,
    arrow: String,
    note: String,
    is_hard: bool,
}

fn events(transcript: &Transcript, side: Side, number: usize) -> Vec<Drawn> {
    let which = if number == 0 {
        String::new()
    } else {
        format!(" (connection {})", number + 1)
    };
    let draw = |event: &crate::probe::transcript::Event| {
        let (arrow, note) = shape(&event.what, side);
        let is_hard = matches!(
            event.what,
            What::SentReset | What::GotReset | What::GotError(_) | What::GotNonsense(_)
        );
        Drawn {
            at: event.at,
            side,
            arrow,
            note: format!("{note}{which}"),
            is_hard,
        }
    };
    transcript.events.iter().map(draw).collect()
}

/// The arrow of an event, and what does not fit on one.
fn shape(what: &What, side: Side) -> (String, String) {
    let there = |label: &str| (arrow(label, side == Side::Left), String::new());
    let here = |label: &str| (arrow(label, side == Side::Right), String::new());
    let word = |label: &str, note: String| (format!("{label:^LANE$}"), note);
    match what {
        // The client connects to the proxy, and the proxy to the origin.
        What::Connected => (arrow("connect", true), String::new()),
        What::Unconnected(why) => word("not connected", format!(" {why}")),
        What::Secured(version) => word(version, String::new()),
        What::Sent(n) => there(&size(*n)),
        What::NotSent(why) => word("not sent", format!(" {why}")),
        What::SentNotify => there("close_notify"),
        What::SentFin => there("FIN"),
        What::Closed => word("closed", String::new()),
        What::SentReset => there("RST"),
        What::Got(n) => here(&size(*n)),
        What::GotNotify => here("close_notify"),
        What::GotFin => here("FIN"),
        What::GotReset => here("RST"),
        What::GotError(why) => (arrow("RST", side == Side::Right), format!(" {why}")),
        What::GotNonsense(why) => word("no TLS", format!(" {why}")),
        What::Deafened => word("drops what comes", String::new()),
        What::Undeafened => word("drops nothing more", String::new()),
        What::Waited => word("waited in vain", String::new()),
    }
}

/// `---- label --->`, to the right or to the left, as long as a lane is wide.
fn arrow(label: &str, right: bool) -> String {
    let room = LANE.saturating_sub(label.len() + 3);
    let before = room / 2;
    let (before, after) = ("-".repeat(before), "-".repeat(room - before));
    if right {
        format!("{before} {label} {after}>")
    } else {
        format!("<{before} {label} {after}")
    }
}

//! Where everything is: lanes for the client, the proxy and the origin; time goes down, a line for each
//! thing that happened, as far apart as can be read and not as long as it took; the timers at the right.
//!
//! It owns the measures.

use super::{
    marks::{self, Kind, Mark, Way, Weight},
    rows::{After, Drawn, Row, Trace},
    svg::Svg,
    timers::{self, Bar},
};
use tidegate_core::side::Side;

const LINE: u32 = 18;
const MARGIN: u32 = 12;
const MOMENT: u32 = 66;
const PHASE: u32 = 76;
const CLIENT: u32 = 160;
/// The proxy is a box, with a leg at either edge.
const LEFT: u32 = 400;
const RIGHT: u32 = 580;
const ORIGIN: u32 = 820;
const TIMERS: u32 = 850;
const COLUMN: u32 = 160;
/// The widest bar of bytes that lie inside.
const INSIDE: u32 = 60;
/// An end of a leg: what is said there, or heard.
const END: u32 = 4;

/// What is not said beside it.
const LEGEND: [&str; 2] = [
    "solid: bytes, the more the thicker; green: a direction ends; red: a reset",
    "at the edges, what each leg hears and says: grey open, orange held or ending, pale over, red broken",
];

/// All traces, one below the other.
pub(super) fn document(traces: &[Trace]) -> String {
    let mut svg = Svg::default();
    let (mut y, mut columns) = (MARGIN, 0);
    for trace in traces {
        let bars = timers::bars(&trace.rows);
        columns = columns.max(bars.iter().map(|bar| bar.column + 1).max().unwrap_or(0));
        y = draw(trace, &bars, y, &mut svg) + LINE;
    }
    for words in LEGEND {
        svg.text("phase", (MARGIN, y), words);
        y += LINE;
    }
    let columns = u32::try_from(columns).unwrap_or(u32::MAX).min(16);
    let width = TIMERS + columns * COLUMN + MARGIN;
    let label = traces.iter().flat_map(|trace| trace.claim.first()).next();
    let label = label.map_or("a connection, step by step", String::as_str);
    svg.document((width, y), label)
}

/// One trace, from `y` on; returns where it ends.
fn draw(trace: &Trace, bars: &[Bar], mut y: u32, svg: &mut Svg) -> u32 {
    for claim in &trace.claim {
        svg.text("claim", (MARGIN, y + MARGIN), claim);
        y += LINE;
    }
    y += LINE;
    let heads = [
        ("client", CLIENT),
        ("tidegate", LEFT.midpoint(RIGHT)),
        ("origin", ORIGIN),
    ];
    for (name, x) in heads {
        svg.text("head", (x, y), name);
    }
    let top = y + 6;
    let marks: Vec<Vec<Mark>> = trace.rows.iter().map(marks::of).collect();
    let places = places(&marks, top);
    let bottom = places.last().copied().unwrap_or(top);
    svg.shape(
        "rect",
        "box",
        format_args!(
            "x=\"{LEFT}\" y=\"{top}\" width=\"{}\" height=\"{}\"",
            RIGHT - LEFT,
            bottom - top
        ),
    );
    for x in [CLIENT, ORIGIN] {
        svg.shape(
            "line",
            "lane",
            format_args!("x1=\"{x}\" x2=\"{x}\" y1=\"{top}\" y2=\"{bottom}\""),
        );
    }
    for side in Side::BOTH {
        ends(trace, &places, side, svg);
    }
    let mut phase = "";
    for ((row, marks), place) in trace.rows.iter().zip(&marks).zip(places.windows(2)) {
        step(row, marks, (place[0], phase), svg);
        phase = row.after.as_ref().map_or(phase, |after| &after.phase);
    }
    for bar in bars {
        timer(bar, &places, svg);
    }
    if let Some(verdict) = &trace.verdict {
        svg.text(
            "phase",
            (MARGIN, bottom + LINE),
            &format!("it stands: {verdict}"),
        );
        return bottom + 2 * LINE;
    }
    bottom + LINE
}

/// Where each row begins, and where the last one ends.
fn places(marks: &[Vec<Mark>], top: u32) -> Vec<u32> {
    let mut y = top;
    let mut places = vec![y];
    for row in marks {
        y += LINE * u32::try_from(row.len()).unwrap_or(1);
        places.push(y);
    }
    places
}

fn step(row: &Row, marks: &[Mark], (top, before): (u32, &str), svg: &mut Svg) {
    svg.text("moment", (MOMENT, top + 14), &row.moment);
    if let Some(After {
        phase,
        relays: [down, up],
    }) = &row.after
    {
        if phase != before {
            svg.text("phase", (PHASE, top + 14), phase);
            svg.shape(
                "line",
                "turn",
                format_args!("x1=\"{PHASE}\" x2=\"{ORIGIN}\" y1=\"{top}\" y2=\"{top}\""),
            );
        }
        inside(*down, "down", LEFT + 2 * END, top, svg);
        inside(
            *up,
            "up",
            RIGHT - 2 * END - width(up.bytes),
            top + LINE / 2,
            svg,
        );
    }
    let mut y = top + 14;
    for mark in marks {
        self::mark(mark, y, svg);
        y += LINE;
    }
}

/// What lies inside of a relay.
fn inside(relay: Drawn, class: &str, x: u32, top: u32, svg: &mut Svg) {
    if relay.bytes > 0 {
        let words = format!("{} bytes inside", relay.bytes);
        svg.told(
            class,
            (x, top + 2, width(relay.bytes), LINE / 2 - 3),
            &words,
        );
    }
}

/// More for ten times as many.
fn width(bytes: u64) -> u32 {
    match bytes.checked_ilog2() {
        None => 0,
        Some(log) => (log * 3 + 4).min(INSIDE),
    }
}

fn mark(mark: &Mark, y: u32, svg: &mut Svg) {
    let middle = LEFT.midpoint(RIGHT);
    let (side, way, weight) = match mark.kind {
        Kind::Arrow(side, way, weight) => (side, way, weight),
        Kind::Inside => return svg.text("inside", (middle, y), &mark.word),
        Kind::End => return svg.text("end", (middle, y), &mark.word),
    };
    let (peer, edge) = match side {
        Side::Down => (CLIENT, LEFT),
        Side::Up => (ORIGIN, RIGHT),
    };
    let (from, to) = match way {
        Way::In => (peer, edge),
        Way::Out => (edge, peer),
    };
    // What a client says goes up, what it hears has come down.
    let flow = match (side, way) {
        (Side::Down, Way::In) | (Side::Up, Way::Out) => "down",
        (Side::Down, Way::Out) | (Side::Up, Way::In) => "up",
    };
    let (class, thick) = match weight {
        Weight::Bytes(0) | Weight::Word => ("word", 0),
        Weight::Bytes(bytes) => (flow, 1 + bytes.ilog10().min(6)),
        Weight::Fin => ("fin", 0),
        Weight::Reset => ("reset", 0),
    };
    let style = match thick {
        0 => String::new(),
        thick => format!(" stroke-width=\"{thick}\""),
    };
    svg.shape(
        "line",
        class,
        format_args!("x1=\"{from}\" x2=\"{to}\" y1=\"{y}\" y2=\"{y}\"{style}"),
    );
    let back = if to > from { "-" } else { "" };
    let shape = match weight {
        Weight::Reset => format!("M{} {}l8 8m0 -8l-8 8", to - 4, y - 4),
        Weight::Bytes(_) | Weight::Word | Weight::Fin => format!("M{to} {y}l{back}7 -4v8z"),
    };
    svg.shape("path", class, format_args!("d=\"{shape}\""));
    svg.text(class, (from.midpoint(to), y - 4), &mark.word);
}

/// Both ends of a leg, as long as they stay as they are.
fn ends(trace: &Trace, places: &[u32], side: Side, svg: &mut Svg) {
    let (hears, says) = match side {
        Side::Down => (LEFT - END - 1, LEFT + 1),
        Side::Up => (RIGHT + 1, RIGHT - END - 1),
    };
    for (x, is_source) in [(hears, true), (says, false)] {
        let state = |row: &Row| {
            let [down, up] = row.after.as_ref()?.relays;
            let glyph = match (side, is_source) {
                (Side::Down, true) => down.source,
                (Side::Up, false) => down.sink,
                (Side::Up, true) => up.source,
                (Side::Down, false) => up.sink,
            };
            end(glyph)
        };
        let states: Vec<_> = trace.rows.iter().map(state).collect();
        let mut from = 0;
        for run in states.chunk_by(|one, next| one == next) {
            let (top, bottom) = (places[from], places[from + run.len()]);
            if let Some((class, words)) = run[0] {
                svg.told(class, (x, top, END, bottom - top), words);
            }
            from += run.len();
        }
    }
}

fn end(glyph: char) -> Option<(&'static str, &'static str)> {
    Some(match glyph {
        '=' => ("open", "open"),
        '#' => ("held", "held, or blocked"),
        '-' => ("complete", "the message is complete"),
        '/' => ("telling", "told to finish"),
        '|' => ("over", "finished"),
        '!' => ("broken", "truncated, or told to abort"),
        'x' => ("broken", "reset"),
        _ => return None,
    })
}

fn timer(bar: &Bar, places: &[u32], svg: &mut Svg) {
    let x = TIMERS + COLUMN * u32::try_from(bar.column).unwrap_or(0);
    let last = places.len() - 2;
    let (top, bottom) = (places[bar.from] + 8, places[bar.to.unwrap_or(last)] + 14);
    let bottom = bottom.max(top + 2);
    let least = 2.0 + 10.0 * bar.left;
    let class = if bar.fired { "wait fired" } else { "wait" };
    svg.shape(
        "path",
        class,
        format_args!(
            "d=\"M{x} {top}h12L{:.1} {bottom}H{x}z\"",
            f64::from(x) + least
        ),
    );
    let words = match (bar.to, bar.fired) {
        (_, true) => format!("{} {} fired", bar.name, bar.span),
        (Some(_), false) => format!("{} {}", bar.name, bar.span),
        (None, false) => format!("{} {} armed", bar.name, bar.span),
    };
    svg.text(
        if bar.fired { "left fired" } else { "timer" },
        (x + 16, top + 6),
        &words,
    );
}

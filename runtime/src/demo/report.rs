//! How the demo looks: traces within 100 columns, condensed where they are long.
//!
//! It owns the layout and decides nothing.

use super::judge::Verdict;
use super::proxy::{Line, Trace};
use std::io::{self, Write};
use tidegate_core::{time::Span, trace::HEADER};

/// The widest line.
const COLUMNS: usize = 100;

/// Where the orders of a row begin.
const ORDERS: usize = 60;

/// Rows of a long trace that are shown at its start, around its longest pause, and at its end.
const FIRST: usize = 11;
const BEFORE: usize = 2;
const AFTER: usize = 4;
const LAST: usize = 9;

/// A span as people read it.
pub(super) fn ms(span: Span) -> String {
    format!("{}.{:03} ms", span.0 / 1_000, span.0 % 1_000)
}

/// Prints a whole trace.
pub(super) fn whole(out: &mut dyn Write, trace: &Trace) -> io::Result<()> {
    header(out)?;
    trace.lines.iter().try_for_each(|line| row(out, line))
}

/// Prints the rows of a trace that tell the story, and how many were left out between them.
pub(super) fn condensed(out: &mut dyn Write, trace: &Trace) -> io::Result<()> {
    header(out)?;
    let lines = &trace.lines;
    let pause = longest_pause(lines);
    let mut left_out = 0;
    for (at, line) in lines.iter().enumerate() {
        let told =
            at < FIRST || at + LAST >= lines.len() || (at + BEFORE >= pause && at < pause + AFTER);
        if told {
            skipped(out, std::mem::take(&mut left_out))?;
            row(out, line)?;
        } else {
            left_out += 1;
        }
    }
    Ok(())
}

/// The index of the row that came after the longest time.
fn longest_pause(lines: &[Line]) -> usize {
    let pauses = lines.windows(2).map(|two| two[1].at.since(two[0].at));
    pauses
        .enumerate()
        .max_by_key(|(_, pause)| *pause)
        .map_or(0, |(at, _)| at + 1)
}

fn skipped(out: &mut dyn Write, rows: usize) -> io::Result<()> {
    match rows {
        0 => Ok(()),
        _ => writeln!(out, "           … {rows} rows"),
    }
}

fn header(out: &mut dyn Write) -> io::Result<()> {
    // A precise moment has four columns more than the header's.
    writeln!(out, "    {HEADER}")
}

/// A row; orders that do not fit go below the first of them.
fn row(out: &mut dyn Write, line: &Line) -> io::Result<()> {
    let text = line.row.precise();
    let mut shown = String::new();
    for part in text.split(", ") {
        // Two more: the comma before it, and the one that may follow.
        if shown.is_empty() {
        } else if shown.chars().count() + part.chars().count() + 3 > COLUMNS {
            writeln!(out, "{shown},")?;
            shown = " ".repeat(ORDERS);
        } else {
            shown.push_str(", ");
        }
        shown.push_str(part);
    }
    writeln!(out, "{shown}")
}

/// Prints the verdict.
pub(super) fn verdict(out: &mut dyn Write, verdict: &Verdict) -> io::Result<()> {
    let word = if verdict.is_good() { "good" } else { "BAD" };
    writeln!(out, "\nVerdict: {word}")?;
    for seen in &verdict.seen {
        writeln!(out, "  {seen}")?;
    }
    writeln!(
        out,
        "  In the report that started this, the FIN was acknowledged and then nothing happened for 20 s;\n  \
         close_notify and FIN went to a client long gone."
    )?;
    for fault in &verdict.faults {
        writeln!(out, "  wrong: {fault}")?;
    }
    Ok(())
}

//! The report for machines: one JSON object.
//!
//! Pure: rows in, text out. It owns the writing of JSON, of which it needs little.

use super::Count;
use crate::probe::{
    Asked, Outcome, Row,
    judge::end,
    server::Finding,
    transcript::{Event, Transcript, What},
};
use std::{fmt::Write as _, net::SocketAddr, time::Duration};

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`.
    Null,
    /// A truth.
    Bool(bool),
    /// A count.
    Count(u64),
    /// Milliseconds, to the microsecond.
    Ms(Duration),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Value>),
    /// Names and values, in this order.
    Object(Vec<(&'static str, Value)>),
}

impl Value {
    fn text(text: impl Into<String>) -> Value {
        Value::Text(text.into())
    }

    fn count(n: usize) -> Value {
        Value::Count(n as u64)
    }

    fn maybe(text: Option<String>) -> Value {
        text.map_or(Value::Null, Value::Text)
    }

    fn ms(span: Option<Duration>) -> Value {
        span.map_or(Value::Null, Value::Ms)
    }

    /// On one line.
    #[must_use]
    pub fn compact(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) {
        match self {
            Value::Null => out.push_str("null"),
            Value::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
            Value::Count(n) => {
                let _infallible = write!(out, "{n}");
            }
            Value::Ms(span) => {
                let us = span.as_micros();
                let _infallible = write!(out, "{}.{:03}", us / 1_000, us % 1_000);
            }
            Value::Text(text) => quote(text, out),
            Value::List(values) => {
                out.push('[');
                for (at, value) in values.iter().enumerate() {
                    if at > 0 {
                        out.push(',');
                    }
                    value.write(out);
                }
                out.push(']');
            }
            Value::Object(fields) => {
                out.push('{');
                for (at, (name, value)) in fields.iter().enumerate() {
                    if at > 0 {
                        out.push(',');
                    }
                    quote(name, out);
                    out.push(':');
                    value.write(out);
                }
                out.push('}');
            }
        }
    }
}

fn quote(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if c < ' ' => {
                let _infallible = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// The report on a proxy: an object with a row a line.
#[must_use]
pub fn proxy(asked: &Asked, rows: &[Row]) -> String {
    let count = Count::of(rows);
    let head = Value::Object(vec![
        ("probe", Value::text("proxy")),
        ("version", Value::text(env!("CARGO_PKG_VERSION"))),
        ("mode", Value::text(asked.mode.name())),
        ("via", Value::text(asked.via.to_string())),
        ("origin", Value::text(asked.origin.to_string())),
        ("slack_ms", Value::Ms(asked.slack)),
        ("passed", Value::count(count.passed)),
        ("failed", Value::count(count.failed)),
        ("skipped", Value::count(count.skipped)),
    ]);
    let mut text = head.compact();
    text.pop();
    text.push_str(",\"rows\":[");
    for (at, one) in rows.iter().enumerate() {
        text.push_str(if at > 0 { ",\n" } else { "\n" });
        row(one).write(&mut text);
    }
    text.push_str("\n]}\n");
    text
}

fn row(row: &Row) -> Value {
    let (outcome, reasons) = match &row.outcome {
        Outcome::Passed => ("pass", Vec::new()),
        Outcome::Failed(faults) => ("fail", faults.clone()),
        Outcome::Skipped(reason) => ("skip", vec![reason.clone()]),
    };
    let mut fields = vec![
        ("row", Value::text(&row.key)),
        ("name", Value::text(row.name)),
        ("claim", Value::text(row.claim)),
        ("outcome", Value::text(outcome)),
        (
            "reasons",
            Value::List(reasons.into_iter().map(Value::Text).collect()),
        ),
    ];
    if !matches!(row.outcome, Outcome::Skipped(_)) {
        let origins = row.play.origins.iter().map(transcript).collect();
        fields.extend([
            ("plays", Value::Count(row.plays.into())),
            ("passes", Value::Count(row.passes.into())),
            ("latency_p50_ms", Value::ms(row.latency(50))),
            ("latency_p99_ms", Value::ms(row.latency(99))),
            ("client", transcript(&row.play.client)),
            ("origin", Value::List(origins)),
        ]);
    }
    Value::Object(fields)
}

fn transcript(transcript: &Transcript) -> Value {
    Value::Object(vec![
        ("bytes", Value::count(transcript.count())),
        ("end", Value::text(end(transcript))),
        (
            "events",
            Value::List(transcript.events.iter().map(event).collect()),
        ),
    ])
}

fn event(event: &Event) -> Value {
    let (what, bytes, why) = match &event.what {
        What::Connected => ("connected", None, None),
        What::Unconnected(why) => ("not_connected", None, Some(why.clone())),
        What::Secured(version) => ("secured", None, Some((*version).to_owned())),
        What::Sent(n) => ("sent", Some(*n), None),
        What::NotSent(why) => ("not_sent", None, Some(why.clone())),
        What::SentNotify => ("sent_close_notify", None, None),
        What::SentFin => ("sent_fin", None, None),
        What::Closed => ("closed", None, None),
        What::SentReset => ("sent_rst", None, None),
        What::Got(n) => ("got", Some(*n), None),
        What::GotNotify => ("got_close_notify", None, None),
        What::GotFin => ("got_fin", None, None),
        What::GotReset => ("got_rst", None, None),
        What::GotNonsense(why) => ("got_nonsense", None, Some(why.clone())),
        What::GotError(why) => ("got_error", None, Some(why.clone())),
        What::Deafened => ("deafened", None, None),
        What::Undeafened => ("undeafened", None, None),
        What::Waited => ("waited", None, None),
    };
    let mut fields = vec![("ms", Value::Ms(event.at)), ("what", Value::text(what))];
    if let Some(bytes) = bytes {
        fields.push(("bytes", Value::count(bytes)));
    }
    if let Some(why) = why {
        fields.push(("why", Value::text(why)));
    }
    Value::Object(fields)
}

/// The report on a server.
#[must_use]
pub fn server(address: SocketAddr, tls: bool, findings: &[Finding]) -> String {
    let finding = |finding: &Finding| {
        Value::Object(vec![
            ("question", Value::text(finding.key)),
            ("answer", Value::text(&finding.answer)),
            ("number", finding.number.map_or(Value::Null, Value::Count)),
            ("ms", Value::ms(finding.took)),
            ("note", Value::maybe(finding.note.clone())),
        ])
    };
    let value = Value::Object(vec![
        ("probe", Value::text("server")),
        ("version", Value::text(env!("CARGO_PKG_VERSION"))),
        ("server", Value::text(address.to_string())),
        ("tls", Value::Bool(tls)),
        (
            "findings",
            Value::List(findings.iter().map(finding).collect()),
        ),
    ]);
    value.compact() + "\n"
}

/// The rows there are.
#[must_use]
pub fn list() -> String {
    let played = crate::probe::scenario::all().map(|scenario| {
        let modes = scenario.modes.iter().map(|mode| Value::text(mode.name()));
        Value::Object(vec![
            ("row", Value::text(scenario.row)),
            ("variant", Value::text(scenario.variant)),
            ("name", Value::text(scenario.name)),
            ("modes", Value::List(modes.collect())),
            ("claim", Value::text(scenario.claim)),
        ])
    });
    let absent = crate::probe::scenario::absent::ROWS.iter().map(|row| {
        Value::Object(vec![
            ("row", Value::text(row.row)),
            ("name", Value::text(row.name)),
            ("reason", Value::text(row.reason)),
        ])
    });
    let value = Value::Object(vec![
        ("rows", Value::List(played.collect())),
        ("not_played", Value::List(absent.collect())),
    ]);
    value.compact() + "\n"
}

//! How a line looks.

use super::{Entry, Template, Value, escape, time};

/// How a line looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Format {
    /// For somebody who looks on.
    Pretty,
    /// An object a line.
    Json,
    /// `key=value`.
    Logfmt,
    /// As web servers have always had it: requests only.
    Combined,
    /// As the operator wants it: requests only.
    Template(Template),
}

impl Format {
    /// Whether it has a form for connections.
    #[must_use]
    pub const fn tells_connections(&self) -> bool {
        match self {
            Format::Pretty | Format::Json | Format::Logfmt => true,
            Format::Combined | Format::Template(_) => false,
        }
    }

    /// Adds the line, its end included.
    pub fn write(&self, entry: &Entry<'_>, out: &mut Vec<u8>) {
        match self {
            Format::Pretty => pretty(entry, out),
            Format::Json => json(entry, out),
            Format::Logfmt => logfmt(entry, out),
            Format::Combined => combined(entry, out),
            Format::Template(template) => template.write(entry, out),
        }
        out.push(b'\n');
    }
}

/// The group of a key that is an object of its own in JSON: the times of a request.
const GROUP: &str = "t.";

fn json(entry: &Entry<'_>, out: &mut Vec<u8>) {
    out.push(b'{');
    let mut grouped = false;
    for (at, (key, value)) in entry.fields().iter().enumerate() {
        let inner = key.strip_prefix(GROUP);
        if grouped && inner.is_none() {
            out.push(b'}');
        }
        if at > 0 && (inner.is_none() || grouped) {
            out.push(b',');
        }
        if inner.is_some() && !grouped {
            out.extend_from_slice(b",\"t\":{");
        }
        grouped = inner.is_some();
        out.push(b'"');
        out.extend_from_slice(inner.unwrap_or(key).as_bytes());
        out.extend_from_slice(b"\":");
        match value.text() {
            Some(text) => {
                out.push(b'"');
                escape::json(text, out);
                out.push(b'"');
            }
            None if value.is_number() => value.plain(out),
            None => {
                out.push(b'"');
                value.plain(out);
                out.push(b'"');
            }
        }
    }
    if grouped {
        out.push(b'}');
    }
    out.push(b'}');
}

fn logfmt(entry: &Entry<'_>, out: &mut Vec<u8>) {
    for (at, (key, value)) in entry.fields().iter().enumerate() {
        if at > 0 {
            out.push(b' ');
        }
        out.extend_from_slice(key.as_bytes());
        out.push(b'=');
        match value.text() {
            Some(text) => escape::logfmt(text, out),
            None => value.plain(out),
        }
    }
}

/// A value among words, or a dash.
fn word(entry: &Entry<'_>, key: &str, out: &mut Vec<u8>) {
    match entry.get(key) {
        Some(value) => match value.text() {
            Some(text) => escape::word(text, out),
            None => value.plain(out),
        },
        None => out.push(b'-'),
    }
}

/// `address - - [time] "method target version" status size "-" "-"`. The last two would be fields of
/// the message, and none is logged.
fn combined(entry: &Entry<'_>, out: &mut Vec<u8>) {
    word(entry, "client.address", out);
    out.extend_from_slice(b" - - [");
    if let Some(Value::Moment(moment)) = entry.get("time") {
        time::common(moment, out);
    }
    out.extend_from_slice(b"] \"");
    word(entry, "http.request.method", out);
    out.push(b' ');
    word(entry, "url.path", out);
    if entry.get("url.query").is_some() {
        out.push(b'?');
        word(entry, "url.query", out);
    }
    out.extend_from_slice(b" HTTP/");
    word(entry, "network.protocol.version", out);
    out.extend_from_slice(b"\" ");
    word(entry, "http.response.status_code", out);
    out.push(b' ');
    word(entry, "http.response.size", out);
    out.extend_from_slice(b" \"-\" \"-\"");
}

/// What somebody who looks on wants first, and behind it whatever else there is.
fn pretty(entry: &Entry<'_>, out: &mut Vec<u8>) {
    if let Some(Value::Moment(moment)) = entry.get("time") {
        time::clock(moment, out);
    }
    let first: &[&str] = match entry.get("kind") {
        Some(Value::Word("request")) => &[
            "http.response.status_code",
            "http.request.method",
            "url.path",
            "t.total",
            "cluster",
            "cause",
        ],
        _ => &["kind", "cause", "listener"],
    };
    for key in first {
        out.push(b' ');
        word(entry, key, out);
        if *key == "t.total" {
            out.push(b's');
        }
    }
    for (key, value) in entry.fields() {
        if first.contains(key) || matches!(*key, "time" | "kind") {
            continue;
        }
        out.push(b' ');
        out.extend_from_slice(key.as_bytes());
        out.push(b'=');
        match value.text() {
            Some(text) => escape::logfmt(text, out),
            None => value.plain(out),
        }
    }
}

//! Watching who is left: of a process that drains, or of an endpoint that does.
//!
//! It owns what was seen last. It waits until nobody is left, or the process is over, and looks again where a
//! look comes to nothing, so long at most.

#[cfg(test)]
mod tests;

use super::{
    client::{PATIENCE, fetch},
    door,
    reach::{Reach, was_heard},
    told,
};
use crate::clock::Clock;
use hyper::{Method, StatusCode};
use serde_json::Value;
use std::{
    io::{self, Write},
    path::Path,
    time::Duration,
};
use tokio::time::sleep;

/// How often it is looked.
const LOOK: Duration = Duration::from_millis(100);

/// What ends a watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Until {
    /// The process is over.
    Over,
    /// Nobody is left.
    Nobody,
}

/// What is to be done behind a look that came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    /// That is the end that was waited for.
    Done,
    /// It may be better the next time.
    Again,
    /// It will not be.
    Fail,
}

/// Says who is left, as often as that changes.
pub(super) async fn watch(
    at: &Reach,
    (path, until): (&str, Until),
    out: &mut dyn Write,
) -> io::Result<()> {
    follow(at, (path, until), PATIENCE, out).await
}

/// The same, where nothing need be seen for so long at most.
async fn follow(
    at: &Reach,
    (path, until): (&str, Until),
    most: Duration,
    out: &mut dyn Write,
) -> io::Result<()> {
    let clock = Clock::start();
    let (mut before, mut pid, mut blind_since) = (String::new(), None, None);
    loop {
        let begun = clock.now();
        let value = match look(at, path).await {
            Ok(value) => value,
            Err(error) => {
                let blind = clock.now().since(*blind_since.get_or_insert(begun));
                match then(&error, until, !before.is_empty()) {
                    Then::Done => return writeln!(out, "drained"),
                    Then::Again if Duration::from_micros(blind.0) < most => {
                        sleep(LOOK).await;
                        continue;
                    }
                    Then::Again | Then::Fail => return Err(error),
                }
            }
        };
        blind_since = None;
        let now = value["pid"].as_u64();
        match (pid, until) {
            // Whoever was waited for is asked there no more.
            (Some(was), Until::Over) if now != Some(was) => return writeln!(out, "drained"),
            (Some(was), Until::Nobody) if now != Some(was) => return Err(another(at, was, now)),
            (Some(_) | None, _) => pid = now,
        }
        let (key, left) = told::left(&value);
        if key != before {
            write!(out, "{left}")?;
            out.flush()?;
            before = key;
        }
        if until == Until::Nobody && is_nobody(&value) {
            return Ok(());
        }
        sleep(LOOK).await;
    }
}

/// Who is there. What is no answer to that is an error of a kind that no connection has.
async fn look(at: &Reach, path: &str) -> io::Result<Value> {
    let (status, text) = fetch(at, (Method::GET, path), PATIENCE).await?;
    let value: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
    if status == StatusCode::OK && value["connections"].is_array() {
        return Ok(value);
    }
    let kind = match status.is_client_error() {
        true => io::ErrorKind::PermissionDenied,
        false => io::ErrorKind::InvalidData,
    };
    let why = value["error"].as_str().unwrap_or(text.trim());
    Err(io::Error::new(
        kind,
        format!("who is left is not told: {status}: {why}"),
    ))
}

/// `seen`: whether it has answered before.
fn then(error: &io::Error, until: Until, seen: bool) -> Then {
    use io::ErrorKind::{ConnectionRefused, NotFound, PermissionDenied};
    let nobody_listens = matches!(error.kind(), ConnectionRefused | NotFound);
    match until {
        Until::Over if nobody_listens => Then::Done,
        Until::Over if seen && was_heard(error) => Then::Done,
        Until::Nobody if nobody_listens => Then::Fail,
        Until::Over | Until::Nobody if error.kind() == PermissionDenied => Then::Fail,
        Until::Over | Until::Nobody => Then::Again,
    }
}

/// Whether that is known.
fn is_nobody(value: &Value) -> bool {
    let none = |key: &str| value[key].as_array().is_none_or(Vec::is_empty);
    none("connections") && none("silent_workers")
}

/// Another process answers than the one that was asked.
fn another(at: &Reach, was: u64, now: Option<u64>) -> io::Error {
    let now = now.map_or("another process".to_owned(), |now| format!("pid {now}"));
    let old = match at {
        Reach::Unix(path) => Some(door::with_pid(path, was)).filter(|old| door::is_asked(old)),
        Reach::Http(_) | Reach::Https { .. } => None,
    };
    let asked = |old: &Path| format!(", and is asked at {}", old.display());
    let asked = old.as_deref().map_or(String::new(), asked);
    io::Error::other(format!(
        "{now} serves now; what pid {was} has left is not known any more: it drains{asked}"
    ))
}

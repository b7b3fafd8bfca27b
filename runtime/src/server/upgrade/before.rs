//! The process that serves until we do, as the new one sees it.
//!
//! It owns the line to it, which is kept until one of the two is over. It waits for what it is given, and for
//! the word to begin; if the other has gone by then, nobody else serves. Then there is one word each to come: of
//! the other, that a supervisor knows of us; of us, that we leave, so that our end is no surprise. That the other
//! is over is told by the end of the line.

use super::{
    super::{
        changes,
        inherited::{Given, Inherited},
    },
    LAST, LINE, PATIENCE,
    letter::{self, Heard},
};
use crate::{admin, sys};
use rustix::net::{SocketType, sockopt};
use serde_json::{Value, json};
use std::{
    cell::Cell, env, net::SocketAddr, os::fd::OwnedFd, path::PathBuf, sync::OnceLock, thread,
    time::Duration,
};
use tokio::sync::oneshot;

/// The line to it from when we serve on, until this process is over.
static SERVED_BEFORE: OnceLock<OwnedFd> = OnceLock::new();

/// The line to it.
#[derive(Debug)]
pub struct Before {
    line: OwnedFd,
    /// Whether it will say when a supervisor knows of us.
    names: Cell<bool>,
}

impl Before {
    /// If there is one. It is asked for once.
    #[must_use]
    pub fn take() -> Option<Before> {
        let names = Cell::new(false);
        inherited(LINE).map(|line| Before { line, names })
    }

    /// What it hands over.
    pub(in crate::server) fn handed(&self) -> Result<Inherited, String> {
        let torn = || "who began to hand over its sockets did not go through with it".to_owned();
        let Heard::Said(said) = letter::hear(&self.line, PATIENCE, None) else {
            return Err(torn());
        };
        let sockets: Option<Vec<_>> = said["sockets"].as_array().and_then(|all| {
            let read = all.iter().map(|one| {
                let bind = one["bind"].as_str().and_then(|bind| bind.parse().ok());
                Some((one["name"].as_str()?.to_owned(), bind, address(&one["at"])?))
            });
            read.collect()
        });
        let sockets = sockets.ok_or_else(torn)?;
        let unix = said["admin"]["unix"].as_str().map(PathBuf::from);
        let http = address(&said["admin"]["http"]);
        let count = sockets.len() + usize::from(unix.is_some()) + usize::from(http.is_some());
        let fds = letter::take(&self.line, count, PATIENCE);
        let mut fds = fds.map_err(|_| torn())?.into_iter();
        let listening = sockets.into_iter().zip(fds.by_ref());
        let listening = listening
            .map(|((name, bind, at), socket)| Given {
                name,
                bind,
                at,
                socket,
            })
            .collect();
        let unix = unix.and_then(|path| Some((path, fds.next()?)));
        let http = http.and_then(|address| Some((address, fds.next()?)));
        Ok(Inherited {
            listening,
            admin: admin::Given { unix, http },
            changes: changes::read(&said["changes"]),
        })
    }

    /// We shall not serve.
    pub fn refuse(&self, why: &str) {
        let mut end = why.len().min(letter::MOST_BYTES / 2);
        while !why.is_char_boundary(end) {
            end -= 1;
        }
        // If it is gone, nobody wants to know.
        let _heard = letter::say(&self.line, &json!({ "failed": why[..end] }));
    }

    /// All is ready here; with which of what an operator asks at. Waits for the word to begin.
    ///
    /// # Errors
    /// It has changed its mind: it goes on.
    pub(in crate::server) fn ready(&self, (unix, http): (bool, bool)) -> Result<(), String> {
        let gone = letter::say(
            &self.line,
            &json!({ "ready": { "unix": unix, "http": http } }),
        );
        if gone.is_err() {
            return Ok(());
        }
        match letter::hear(&self.line, PATIENCE, None) {
            Heard::Said(said) => {
                // Another version may have no such word.
                self.names.set(said["names"].as_bool() == Some(true));
                Ok(())
            }
            Heard::Gone => Ok(()),
            Heard::Nothing => Err("who was to hand over goes on by itself".to_owned()),
        }
    }

    /// We serve. Waits until a supervisor has been told who counts: it believes nobody else.
    pub(in crate::server) fn serving(&self) {
        let said = letter::say(&self.line, &json!({ "serving": std::process::id() }));
        if said.is_ok() && self.names.get() {
            // Whatever comes of that, we serve.
            let _named = letter::hear(&self.line, LAST, None);
        }
        // Without a descriptor to spare it is as if nobody had served before.
        if let Ok(line) = self.line.try_clone() {
            let _first = SERVED_BEFORE.set(line);
        }
    }
}

/// We leave in order, and nobody need wonder.
pub(super) fn leaves() {
    if let Some(line) = SERVED_BEFORE.get() {
        // If it is gone, nobody does.
        let _heard = letter::say(line, &json!({ "leaves": true }));
    }
}

/// Whether whoever is at the other end of `line` has said that it leaves, and is gone by now.
pub(super) fn has_left(line: &OwnedFd) -> bool {
    loop {
        match letter::hear(line, Duration::ZERO, None) {
            Heard::Said(said) if said["leaves"].as_bool() == Some(true) => return true,
            Heard::Said(_) => {}
            Heard::Gone | Heard::Nothing => return false,
        }
    }
}

/// Ready once whoever served before us is over; nothing if that is so by now, or nobody did.
pub(super) fn still_there() -> Option<oneshot::Receiver<()>> {
    let line = SERVED_BEFORE.get()?;
    if !is_there(line, Duration::ZERO) {
        return None;
    }
    let (over, told) = oneshot::channel();
    let waits = move || {
        while is_there(line, PATIENCE) {}
        // Whoever waits may have left.
        let _heard = over.send(());
    };
    let thread = thread::Builder::new().name("before".to_owned());
    // Without a thread to spare nobody is waited for.
    thread.spawn(waits).ok()?;
    Some(told)
}

/// Whether whoever is at the other end of `line`, which nothing but its end closes, is there after so long, or
/// has a word to say before.
fn is_there(line: &OwnedFd, most: Duration) -> bool {
    match letter::hear(line, most, None) {
        Heard::Said(_) | Heard::Nothing => true,
        Heard::Gone => false,
    }
}

/// A line that this process was started with; `variable` has its number. It is asked for once.
pub(super) fn inherited(variable: &str) -> Option<OwnedFd> {
    let number = env::var(variable).ok()?.parse().ok()?;
    let line = sys::inherited(number).ok()?;
    // Whoever has that variable by chance has hardly such a socket by that number.
    let kind = sockopt::socket_type(&line).ok()?;
    (kind == SocketType::SEQPACKET).then_some(line)
}

fn address(value: &Value) -> Option<SocketAddr> {
    value.as_str()?.parse().ok()
}

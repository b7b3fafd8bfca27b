//! The process that serves until we do, as the new one sees it.
//!
//! It owns the line to it. It waits for what it is given, and for the word to begin; if the other has gone
//! by then, nobody else serves.

use super::{
    super::{
        changes,
        inherited::{Given, Inherited},
    },
    LINE, PATIENCE,
    letter::{self, Heard},
};
use crate::{admin, sys};
use rustix::net::{SocketType, sockopt};
use serde_json::{Value, json};
use std::{env, net::SocketAddr, os::fd::OwnedFd, path::PathBuf};

/// The line to it.
#[derive(Debug)]
pub struct Before(OwnedFd);

impl Before {
    /// If there is one. It is asked for once.
    #[must_use]
    pub fn take() -> Option<Before> {
        let number = env::var(LINE).ok()?.parse().ok()?;
        let line = sys::inherited(number).ok()?;
        // Whoever has that variable by chance has hardly such a socket by that number.
        let kind = sockopt::socket_type(&line).ok()?;
        (kind == SocketType::SEQPACKET).then_some(Before(line))
    }

    /// What it hands over.
    pub(in crate::server) fn handed(&self) -> Result<Inherited, String> {
        let torn = || "who began to hand over its sockets did not go through with it".to_owned();
        let Heard::Said(said) = letter::hear(&self.0, PATIENCE, None) else {
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
        let fds = letter::take(&self.0, count, PATIENCE);
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
        let _heard = letter::say(&self.0, &json!({ "failed": why[..end] }));
    }

    /// All is ready here; with which of what an operator asks at. Waits for the word to begin.
    ///
    /// # Errors
    /// It has changed its mind: it goes on.
    pub(in crate::server) fn ready(&self, (unix, http): (bool, bool)) -> Result<(), String> {
        let gone = letter::say(&self.0, &json!({ "ready": { "unix": unix, "http": http } }));
        if gone.is_err() {
            return Ok(());
        }
        match letter::hear(&self.0, PATIENCE, None) {
            Heard::Said(_) | Heard::Gone => Ok(()),
            Heard::Nothing => Err("who was to hand over goes on by itself".to_owned()),
        }
    }

    /// We serve.
    pub(in crate::server) fn serving(&self) {
        let _heard = letter::say(&self.0, &json!({ "serving": std::process::id() }));
    }
}

fn address(value: &Value) -> Option<SocketAddr> {
    value.as_str()?.parse().ok()
}

//! The log of requests and connections (PRODUCT section 6): one line each, in a format of the
//! operator's choice, written by a thread of its own.
//!
//! A worker writes its line into memory that is bounded, and goes on; whoever reads slowly, a full
//! disk or a pipe that nobody empties costs lines, which are counted, and never a request. No
//! content, no field of a message, and no query string unless that is asked for. What the process says
//! for itself, on the error stream, costs nobody more than that either (`messages`).

mod entry;
pub(crate) mod escape;
mod format;
mod messages;
mod template;
#[cfg(test)]
mod tests;
pub(crate) mod time;
mod writer;

pub use self::{
    entry::{Entry, REQUEST_KEYS, Value},
    format::Format,
    messages::{LastWords, MESSAGES, Messages},
    template::Template,
    writer::{Ink, Log},
};

use std::path::PathBuf;

/// What is logged, how, and where to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How a line looks; for somebody who looks on, or JSON, if not given: as the place is.
    pub format: Option<Format>,
    /// Whether there is a line for each request.
    pub requests: bool,
    /// For which connections there is one.
    pub connections: Connections,
    /// Whether what follows the question mark of a target is told.
    pub query: bool,
    /// Where lines go.
    pub to: Place,
}

/// For which connections there is a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Connections {
    /// Those that something went wrong with.
    #[default]
    Abnormal,
    /// All of them.
    All,
    /// None.
    Off,
}

/// Where lines go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Place {
    /// The standard output.
    #[default]
    Stdout,
    /// The standard error stream, among the messages.
    Stderr,
    /// A file, which is opened anew on SIGUSR1.
    File(PathBuf),
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            format: None,
            requests: true,
            connections: Connections::default(),
            query: false,
            to: Place::default(),
        }
    }
}

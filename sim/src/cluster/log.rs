//! What the peers have seen and done, a line a fact, in the order in which it came about.

use super::plan::{Leave, Mood};
use std::{cell::RefCell, fmt, rc::Rc};
use tidegate_core::time::Time;

/// One fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub at: Time,
    /// What.
    pub fact: Fact,
}

/// What a peer has seen or done. Requests are told by their numbers, endpoints by theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// An endpoint is in another mood.
    Mood(usize, Mood),
    /// An endpoint has read a request whole.
    Read {
        /// Which.
        endpoint: usize,
        /// Whose.
        number: usize,
    },
    /// An endpoint has answered.
    Said {
        /// Which.
        endpoint: usize,
        /// Which request.
        number: usize,
        /// With this status.
        status: u16,
    },
    /// An endpoint has closed a connection on which it had nothing to do.
    Idled(usize),
    /// A client has begun to send a request.
    Asked(usize),
    /// A client has got an answer.
    Got {
        /// To which request.
        number: usize,
        /// Its status.
        status: u16,
        /// The error that the proxy itself tells of.
        error: Option<String>,
        /// Which endpoint has answered which request, as the answer says.
        from: Option<(usize, usize)>,
    },
    /// A client's connection has ended without the answer.
    Lost(usize),
    /// A client has ended its side before it has had the answer.
    Left(usize, Leave),
}

impl Fact {
    /// The endpoint and the request, if one has read the other whole.
    #[must_use]
    pub fn read(&self) -> Option<(usize, usize)> {
        if let Fact::Read { endpoint, number } = self {
            return Some((*endpoint, *number));
        }
        None
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.at.as_ms();
        write!(f, "{at:>6}  ")?;
        match &self.fact {
            Fact::Mood(endpoint, mood) => write!(f, "endpoint {endpoint} from now on: {mood}"),
            Fact::Read { endpoint, number } => write!(f, "endpoint {endpoint} reads {number}"),
            Fact::Said {
                endpoint,
                number,
                status,
            } => write!(f, "endpoint {endpoint} answers {number} with {status}"),
            Fact::Idled(endpoint) => write!(f, "endpoint {endpoint} closes an idle connection"),
            Fact::Asked(number) => write!(f, "client asks {number}"),
            Fact::Got {
                number,
                status,
                error,
                from,
            } => {
                write!(f, "client gets {status} for {number}")?;
                if let Some((endpoint, of)) = from {
                    write!(f, ", of endpoint {endpoint} for {of}")?;
                }
                match error {
                    Some(error) => write!(f, ", {error}"),
                    None => Ok(()),
                }
            }
            Fact::Lost(number) => write!(f, "client gets no answer to {number}"),
            Fact::Left(number, Leave::Reset) => write!(f, "client resets {number}"),
            Fact::Left(number, Leave::Fin) => write!(f, "client ends its side of {number}"),
        }
    }
}

/// Where the peers write.
#[derive(Clone, Debug, Default)]
pub struct Log(Rc<RefCell<Vec<Entry>>>);

impl Log {
    /// Writes a fact down.
    pub fn note(&self, at: Time, fact: Fact) {
        self.0.borrow_mut().push(Entry { at, fact });
    }

    /// All that was written.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        self.0.borrow().clone()
    }
}

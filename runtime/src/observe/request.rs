//! One request under way: what its line and its metrics will say (PRODUCT sections 6 and 7).
//!
//! It owns the worker's store of them: a driver has one only between a request's head and the last
//! byte of its answer, so a worker that has warmed up asks for no memory.

use super::{Clustered, Conn, Outcome, listened::Kind, traced::Traced};
use crate::{clock, log};
use std::{cell::RefCell, net::IpAddr, rc::Rc, sync::Arc};
use tidegate_core::{
    close::CloseCause,
    http1::{RequestHead, Version},
    report::Retry,
    time::{Span, Time},
};

/// What a worker keeps of them.
const KEPT: usize = 256;
/// Memory for a path that is kept with one.
const PATH_BYTES: usize = 1_024;

thread_local! {
    #[allow(clippy::vec_box, reason = "a driver that has none gives a word for it")]
    static STORE: RefCell<Vec<Box<Request>>> = const { RefCell::new(Vec::new()) };
}

/// One request under way.
#[derive(Debug, Default)]
pub struct Request {
    /// Whether the session has heard of it.
    pub under_way: bool,
    /// Its method, of the ones that have a name here.
    method: Option<&'static str>,
    /// As it was said; filled only if it is logged.
    said: Vec<u8>,
    path: Vec<u8>,
    query: Vec<u8>,
    /// The trace that it belongs to; looked for only if it is logged.
    traced: Option<Traced>,
    version: Option<Version>,
    /// Its route's name.
    pub route: Option<Arc<str>>,
    /// Its cluster's name.
    pub cluster: Option<Arc<str>>,
    /// The endpoint that it was sent to last, or was to be.
    pub endpoint: Option<Rc<str>>,
    /// When its head was there.
    pub began: Time,
    /// Since when it has waited for an endpoint, and how long it had to.
    pub queued_at: Option<Time>,
    queue: Span,
    /// How long the last connect took.
    pub connect: Span,
    first_byte: Option<Time>,
    /// What there is of it at an endpoint.
    pub sent: Sent,
    status: u16,
    /// How often an endpoint was chosen for it; those that are dialled in each other's place count as one.
    pub attempts: u32,
    /// By which rule, if more than once.
    pub retry: Option<Retry>,
    /// What had been written to the client before its answer.
    pub written_before: u64,
}

/// One attempt at an endpoint.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sent {
    /// When the endpoint was chosen, if one was: who waits for one has none.
    pub at: Option<Time>,
    /// The status of its answer, once there is one.
    pub status: u16,
    /// By which rule it was sent again, if it was.
    pub again: Option<Retry>,
}

impl Sent {
    /// It is over, and counted: with what went wrong, or nothing, and whether all of the request is well.
    #[inline]
    pub fn is_over(&self, cluster: &Clustered, now: Time, error: &'static str, whole: bool) {
        if let Some(at) = self.at {
            cluster.answered(self.status, error, now.since(at));
        }
        if let Some(rule) = self.again {
            cluster.retried(
                rule,
                match whole {
                    true => Outcome::Success,
                    false => Outcome::Failure,
                },
            );
        }
    }
}

/// A request that has begun.
#[must_use]
pub fn begun() -> Box<Request> {
    STORE.with_borrow_mut(Vec::pop).unwrap_or_default()
}

/// It is over.
pub fn give_back(mut request: Box<Request>) {
    let memory = |mut bytes: Vec<u8>| {
        bytes.clear();
        if bytes.capacity() > PATH_BYTES {
            Vec::new()
        } else {
            bytes
        }
    };
    let Request {
        said, path, query, ..
    } = std::mem::take(&mut *request);
    *request = Request {
        said: memory(said),
        path: memory(path),
        query: memory(query),
        ..Request::default()
    };
    // A thread that ends has no store any more, and needs none.
    let _gone = STORE.try_with(|store| {
        let mut store = store.borrow_mut();
        if store.len() < KEPT {
            store.push(request);
        }
    });
}

/// The methods that the registry has in wide use; any other is `_OTHER`, as the conventions say.
const METHODS: [&str; 9] = [
    "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH",
];

/// What there is to say beside the request itself.
#[derive(Clone, Copy, Debug)]
pub struct Around<'a> {
    /// Its connection.
    pub conn: Conn,
    /// The listener's name.
    pub listener: &'a str,
    /// Who has asked.
    pub client: IpAddr,
    /// Over TLS.
    pub https: bool,
    /// The time.
    pub now: Time,
    /// Bytes written to the client so far.
    pub written: u64,
}

impl Request {
    /// Its head was understood. `log`: what of it will be told.
    pub fn is(&mut self, head: &RequestHead<'_>, log: Option<&log::Settings>) {
        let name = head.method();
        self.method = METHODS.into_iter().find(|known| *known == name);
        self.version = Some(head.facts.version);
        if let Some(settings) = log.filter(|settings| settings.requests) {
            self.said.extend_from_slice(name.as_bytes());
            self.path.extend_from_slice(head.path().as_bytes());
            let fields = head.fields().map(|field| (field.name, field.value));
            self.traced = Traced::of(fields);
            if let Some(query) = head.query().filter(|_| settings.query) {
                self.query.extend_from_slice(query.as_bytes());
            }
        }
    }

    /// It waits no more for a turn: that has come, or will not.
    pub fn is_granted(&mut self, now: Time) {
        if let Some(since) = self.queued_at.take() {
            self.queue = now.since(since);
        }
    }

    /// An answer has begun, of the origin's or of ours.
    pub fn is_answered(&mut self, now: Time, status: u16) {
        self.status = status;
        self.first_byte = Some(now);
    }

    /// What it is counted by.
    #[must_use]
    pub fn kind(&self, https: bool, nowhere: &Arc<str>, cause: CloseCause) -> Kind {
        Kind {
            method: self.method.unwrap_or("_OTHER"),
            status: self.status,
            route: Arc::clone(self.route.as_ref().unwrap_or(nowhere)),
            version: version(self.version),
            https,
            error: (cause != CloseCause::Completed).then_some(cause),
        }
    }

    /// How long it has taken until now.
    #[must_use]
    pub fn age(&self, now: Time) -> Span {
        now.since(self.began)
    }

    /// Writes its line.
    pub fn tell(&self, ink: &log::Ink, around: &Around<'_>, cause: CloseCause) {
        let moment = clock::unix_micros();
        self.with_entry(moment, around, cause, |entry| ink.write(entry));
    }

    /// What its line says, of `moment`.
    fn with_entry(
        &self,
        moment: u64,
        around: &Around<'_>,
        cause: CloseCause,
        write: impl FnOnce(&log::Entry<'_>),
    ) {
        use log::Value::{Address, Conn, Count, Said, Seconds, Word};
        let mut entry = log::Entry::new(moment, "request");
        entry.put("conn", Conn(around.conn));
        entry.put("http.request.method", Said(&self.said));
        entry.put("url.path", Said(&self.path));
        let query = (!self.query.is_empty()).then_some(Said(&self.query));
        entry.maybe("url.query", query);
        let answered = self.status > 0;
        entry.maybe(
            "http.response.status_code",
            answered.then_some(Count(self.status.into())),
        );
        let size = around.written.saturating_sub(self.written_before);
        entry.put("http.response.size", Count(size));
        entry.maybe("http.route", self.route.as_deref().map(Word));
        entry.put("client.address", Address(around.client));
        entry.put("network.protocol.version", Word(version(self.version)));
        entry.put(
            "url.scheme",
            Word(if around.https { "https" } else { "http" }),
        );
        entry.put("listener", Word(around.listener));
        entry.maybe("cluster", self.cluster.as_deref().map(Word));
        entry.maybe("server.address", self.endpoint.as_deref().map(Word));
        entry.put("t.queue", Seconds(self.queue));
        entry.put("t.connect", Seconds(self.connect));
        let first = self.first_byte.map(|at| Seconds(at.since(self.began)));
        entry.maybe("t.first_byte", first);
        entry.put("t.total", Seconds(self.age(around.now)));
        entry.put("attempts", Count(self.attempts.into()));
        entry.maybe("retry", self.retry.map(|rule| Word(reason(rule))));
        if let Some(traced) = &self.traced {
            let [trace, span] = traced.ids();
            entry.put("trace_id", Said(trace));
            entry.put("span_id", Said(span));
        }
        entry.put("cause", Word(cause.word()));
        write(&entry);
    }
}

const fn version(version: Option<Version>) -> &'static str {
    match version {
        Some(Version::Http10) => "1.0",
        Some(Version::Http11) => "1.1",
        None => "",
    }
}

/// Why a request was sent again, as its line says it.
pub(crate) const fn reason(rule: Retry) -> &'static str {
    match rule {
        Retry::Unaccepted => "stale_pool_not_delivered",
        Retry::Reused => "stale_pool",
        Retry::Fresh => "connection_lost",
        Retry::Declined => "status",
    }
}

#[cfg(test)]
mod tests;

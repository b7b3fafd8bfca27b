//! What is told of a request while it is under way: its line, and what it is counted by.
//!
//! It waits for nothing and moves nothing. It looks at each event as it is told, and at what the
//! session makes of it; there is something to look at only while a request is under way.

use super::Driver;
use crate::{
    log::Ink,
    net::Network,
    observe::{Around, Clustered, Outcome, Pooled, is_normal, request},
    upstream::Found,
};
use std::rc::Rc;
use tidegate_core::{
    close::CloseCause,
    ending::How,
    event::{Decoded, Event, Head, Origin, Refusal},
    report::Retry,
    session::Phase,
    side::Side,
};

impl<N: Network> Driver<N> {
    /// What an event says of the request under way.
    #[inline]
    pub(super) fn note_request(&mut self, event: &Event) {
        let now = self.now;
        let Some(asked) = self.carry.asked_mut() else {
            if let Event::Connected(Origin::Fresh) = event {
                self.note_connected();
            }
            return;
        };
        if let Event::Decoded(side, Decoded { head, .. }) = *event {
            match (side, head) {
                (Side::Down, Head::Request(_)) => {
                    (asked.under_way, asked.began) = (true, now);
                    asked.written_before = self.wires[Side::Down as usize].told.written;
                    self.service.listened.asked();
                }
                (Side::Up, Head::Response(facts)) => {
                    asked.is_answered(now, facts.status);
                    asked.sent.status = facts.status;
                }
                (_, _) => {}
            }
        } else if let Event::Queued = event {
            asked.queued_at = Some(now);
        } else if let Event::Granted = event {
            asked.is_granted(now);
            asked.sent.at = Some(now);
            asked.attempts += 1;
        } else if let Event::Connected(Origin::Fresh) = event {
            asked.connect = now.since(self.dialled_at);
            self.note_connected();
        }
    }

    /// The cluster of the last request, or that the connection is for.
    pub(super) fn cluster_index(&self) -> Option<usize> {
        let default = || self.service.upstreams.routes().default_cluster();
        self.carry.cluster().or_else(default)
    }

    pub(super) fn cluster(&self) -> Option<&Clustered> {
        self.service.clustered.get(self.cluster_index()?)
    }

    fn note_connected(&self) {
        if let Some(cluster) = self.cluster() {
            cluster.connected(self.now.since(self.dialled_at));
        }
    }

    /// Where the request under way goes to, and the session's last words will be about.
    pub(super) fn goes_to(&mut self, endpoint: Rc<str>) {
        if let Some(asked) = self.carry.asked_mut() {
            asked.endpoint = Some(Rc::clone(&endpoint));
        }
        self.endpoint = Some(endpoint);
    }

    /// The upstream leg was asked for, and this is what there is.
    pub(super) fn note_found(&mut self, found: &Found<N>) {
        self.dialled_at = self.now;
        let rule = self.session.sends_again_by();
        let what = match (rule, found) {
            (Some(Retry::Unaccepted | Retry::Reused), _) => Some(Pooled::Stale),
            (Some(Retry::Fresh | Retry::Declined), _) | (None, Found::Nothing(_)) => None,
            (None, Found::Idle(..)) => Some(Pooled::Hit),
            (None, Found::Dial(_) | Found::Turn(_)) => Some(Pooled::Miss),
        };
        let Some(asked) = self.carry.asked_mut() else {
            return;
        };
        let before = std::mem::take(&mut asked.sent);
        let refused = matches!(found, Found::Nothing(Refusal::NoRetry));
        match found {
            Found::Nothing(_) => {}
            Found::Turn(_) => asked.sent.again = rule,
            Found::Idle(..) | Found::Dial(_) => {
                asked.attempts += 1;
                (asked.sent.at, asked.sent.again) = (Some(self.now), rule);
            }
        }
        asked.retry = asked.sent.again.or(asked.retry);
        if let Some(cluster) = self.cluster() {
            if let Some(what) = what {
                cluster.pooled(what);
            }
            before.is_over(cluster, self.now, rule.map_or("", request::reason), false);
            if let Some(rule) = rule.filter(|_| refused) {
                cluster.retried(rule, Outcome::Refused);
            }
        }
    }

    /// An answer of our own begins, perhaps to a request that nobody could understand.
    pub(super) fn note_reply(&mut self, status: u16) {
        let now = self.now;
        let written = self.wires[Side::Down as usize].told.written;
        let listened = &self.service.listened;
        let asked = self.carry.here().asked.get_or_insert_with(|| {
            let mut asked = request::begun();
            (asked.under_way, asked.began, asked.written_before) = (true, now, written);
            listened.asked();
            asked
        });
        asked.is_answered(now, status);
    }

    /// The request under way is over, if it is: it is counted, and its line is written.
    #[inline]
    pub(super) fn tell_request(&mut self) {
        let over = |asked: &request::Request| {
            asked.under_way && !matches!(self.session.phase(), Phase::Exchange(_))
        };
        if let Some(asked) = self.carry.take_asked_if(over) {
            self.tell_of(asked);
        }
    }

    fn tell_of(&self, mut asked: Box<request::Request>) {
        asked.is_granted(self.now);
        let cause = self.request_cause();
        let service = &self.service;
        if let Some(cluster) = self.cluster() {
            let whole = cause == CloseCause::Completed;
            let error = if whole { "" } else { cause.word() };
            asked.sent.is_over(cluster, self.now, error, whole);
        }
        let https = service.tls.is_some();
        let kind = asked.kind(https, &service.nowhere, cause);
        service.listened.answered(kind, asked.age(self.now));
        if let Some(ink) = service.ink.as_ref().filter(|ink| ink.settings().requests) {
            let around = Around {
                conn: self.conn,
                listener: &service.name,
                client: self.client().ip(),
                https,
                now: self.now,
                written: self.wires[Side::Down as usize].told.written,
            };
            asked.tell(ink, &around, cause);
        }
        request::give_back(asked);
    }

    /// What the request came to: what went wrong with it, or with its connection while it was under way.
    fn request_cause(&self) -> CloseCause {
        if let Some(trouble) = self.session.trouble() {
            return trouble;
        }
        if !matches!(self.session.phase(), Phase::Closing | Phase::Closed) {
            return CloseCause::Completed;
        }
        let report = self.session.report();
        match report.ending.map(|ending| ending.how) {
            // Whole, whoever left behind it; where its FIN came alone, that is the connection's matter.
            Some(How::Clean | How::Truncated) | None => CloseCause::Completed,
            Some(How::Abort(_) | How::Expired(_)) => {
                CloseCause::of(&report).unwrap_or(CloseCause::Internal)
            }
        }
    }

    /// The session is over: it is counted.
    pub(super) fn count_closed(&self, cause: CloseCause) {
        let told = &self.wires[Side::Down as usize].told;
        let age = self.now.since(self.begun);
        self.service
            .listened
            .closed(cause, age, [told.read, told.written]);
        if let Some(asked) = self.carry.asked()
            && asked.under_way
        {
            self.service.listened.not_answered();
            if let Some(cluster) = self.cluster() {
                asked.sent.is_over(cluster, self.now, cause.word(), false);
            }
        }
    }

    /// The line about the connection, if one is asked for.
    pub(crate) fn tell_connection(&self) {
        let tells = |ink: &&Ink| ink.tells(is_normal(&self.session.report()));
        let ink = self.service.ink.as_ref().filter(tells);
        if ink.is_none() && !tracing::enabled!(tracing::Level::DEBUG) {
            return;
        }
        let record = self.record();
        record.log();
        if let Some(ink) = ink {
            record.tell(ink, &self.timeline().brief(&record.report));
        }
    }
}

//! The judge of a drain, by what the client wrote and read (LIFECYCLE 4.9, I15): a request whose first
//! byte has come is served, also behind others; and the answer to the last one that has come says that
//! it is the last. What comes behind that is not served: its client was told (H11, RFC 9112, 9.6).

#[cfg(test)]
mod tests;

use super::{Court, Invariant};
use crate::{
    fault::Fault,
    peer::{Begun, http::Answer},
    schedule::{Exchange, HttpVersion, Method},
};
use tidegate_core::time::{Span, Time};

impl Court<'_> {
    /// Whether the client came when nobody was accepted any more. Its connection is in the queue
    /// when the third segment of its handshake is: it may have been open for the client by then.
    pub(super) fn came_too_late(&self) -> bool {
        let Some(drain_ms) = self.schedule.drain_ms else {
            return false;
        };
        let client = &self.outcome.client;
        let failed = matches!(client.begun, Some(Begun::Failed(_)));
        let refused = failed || client.seen.reset_at.is_some();
        let way_ms = u64::from(self.schedule.latencies.client_proxy_ms);
        let queued_ms = 3 * way_ms + self.outcome.net.slack_ms();
        let held = !self.schedule.links.is_empty();
        let late = held || u64::from(drain_ms) <= queued_ms;
        refused && late && self.outcome.origins.is_empty()
    }

    pub(super) fn judge_refused(&mut self) {
        let seen = &self.outcome.client.seen;
        let clean = seen.fin_at.is_some() || seen.notify_at.is_some();
        self.unless(seen.bytes == 0 && !clean, Invariant::EndOnlyIfClean, || {
            "a client that nobody accepts saw bytes, or a clean end".to_owned()
        });
    }

    /// By when everything that leaves a peer at `at` has been read by the proxy, and the other way
    /// round, if it does not wait for room.
    fn arrives(&self, at: Time) -> Time {
        let late = self.schedule.faults.values().map(|fault| match fault {
            Fault::Pend(ms) => u64::from(*ms),
            Fault::Cut(_) | Fault::Fail(_) => 0,
        });
        let way_ms = u64::from(self.schedule.latencies.client_proxy_ms);
        let slack_ms = self.outcome.net.slack_ms();
        at + Span::from_ms(way_ms + late.sum::<u64>() + slack_ms)
    }

    /// Nothing but the ways keeps what is sent: no link, no window.
    fn is_free(&self) -> bool {
        self.schedule.links.is_empty() && self.schedule.buffers == Default::default()
    }

    /// I15: whether the drain, if there is one, came behind the first byte of this request.
    pub(super) fn must_be_served(&self, number: usize) -> bool {
        let Some(drain_ms) = self.schedule.drain_ms else {
            return true;
        };
        let log = &self.outcome.http;
        let Some(asked_at) = log.asked_at.get(number) else {
            return false;
        };
        self.is_free() && self.arrives(*asked_at) < Time::from_ms(u64::from(drain_ms))
    }

    /// G3: what is answered in a drain, and has no request behind it, is the connection's last answer and
    /// says so. I15: what has one behind it, of which a byte has come, does not.
    pub(super) fn judge_last_answers(&mut self, exchanges: &[Exchange]) {
        let (Some(drain_ms), log) = (self.schedule.drain_ms, &self.outcome.http) else {
            return;
        };
        let begun = self.arrives(Time::from_ms(u64::from(drain_ms)));
        // Only who reads at once knows when an answer came.
        let reader = self.schedule.client.reader;
        if !self.is_free() || reader.delay_ms + reader.pause_ms > 0 {
            return;
        }
        let goes_on = |(number, answer): &(usize, &Answer)| {
            let late = answer.message.times[0].is_some_and(|at| at > begun);
            let old = answer.message.start.starts_with("HTTP/1.0");
            let last = log.asked_at.get(number + 1).is_none_or(|asked_at| {
                let at = answer.message.times[0];
                at.is_some_and(|at| *asked_at > at)
            });
            late && last && !answer.message.closes() && !old && !exchanges[*number].switches()
        };
        let found = log.answers.iter().enumerate().find(goes_on);
        self.unless(found.is_none(), Invariant::DrainIsLast, || {
            let number = found.map_or(0, |(number, _)| number);
            format!("answer {number} came in a drain, and does not say that it is the last")
        });
        let drops = |(number, answer): &(usize, &Answer)| {
            let asked_at = log.asked_at.get(number + 1);
            let answered_at = answer.message.times[0];
            let read = asked_at.zip(answered_at).is_some_and(|(asked_at, at)| {
                let way = self.arrives(*asked_at).since(*asked_at);
                self.arrives(*asked_at) + way < at
            });
            let own = answer.message.exchange() != Some(*number);
            read && answer.message.closes() && !own && !closes_anyway(&exchanges[*number])
        };
        let found = log.answers.iter().enumerate().find(drops);
        self.unless(found.is_none(), Invariant::Answered, || {
            let number = found.map_or(0, |(number, _)| number + 1);
            format!("request {number} had come, and the drain dropped it")
        });
    }
}

/// Whether an answer says that it is the last for another reason than a drain; or comes while its
/// request may be on its way, so that nobody can know what is behind it.
fn closes_anyway(exchange: &Exchange) -> bool {
    let request = &exchange.request;
    let asked = !request.keep || request.version == HttpVersion::V10;
    let unread = exchange.response.early || request.expect;
    asked || unread || request.method == Method::Connect
}

//! The judge of how soon an end follows, where nothing but the ways can make it late (I3; H01, H12, U07).
//!
//! It owns what is due when. Of a request that goes on behind its answer (H13, H14) it asks nothing: there
//! an end waits for the client as well.

use super::{
    super::{Ended, ended},
    Court, Invariant, Served,
    bytes::on_the_wire,
    is_early, is_whole, served,
};
use crate::schedule::{Body, Carrier, Exchange, HttpVersion};
use tidegate_core::time::{Span, Time};

/// More than this on its way may have to wait for room, however large the usual buffers are.
const SMALL_BYTES: u64 = 16_000;

impl Court<'_> {
    pub(super) fn judge_late(&mut self, exchanges: &[Exchange]) {
        if self.has_left() || !self.is_undisturbed(exchanges) {
            return;
        }
        self.judge_end_of_bodies(exchanges);
        self.judge_end_behind_answer(exchanges);
        self.judge_end_behind_fin();
    }

    fn at_once(&mut self, seen: Time, due: Time, what: impl FnOnce() -> String) {
        let due = due + Span::from_ms(self.outcome.net.slack_ms());
        self.unless(seen <= due, Invariant::EndAtOnce, || {
            let (what, seen_ms, due_ms) = (what(), seen.as_ms(), due.as_ms());
            format!("{what}: seen at {seen_ms} ms, due at {due_ms} ms")
        });
    }

    /// U07: the end of a body that ends with the origin's connection takes the two ways.
    fn judge_end_of_bodies(&mut self, exchanges: &[Exchange]) {
        let ways = self.schedule.latencies;
        let ways_ms = u64::from(ways.client_proxy_ms) + u64::from(ways.proxy_origin_ms);
        let outcome = self.outcome;
        for (number, answer) in outcome.http.answers.iter().enumerate() {
            let (exchange, message) = (&exchanges[number], &answer.message);
            let until_close = matches!(exchange.response.body, Body::UntilClose { .. });
            let passed_on = until_close && message.exchange() == Some(number);
            let whole = match served(number, exchange) {
                Served::Whole | Served::Shorter => is_whole(&message.end),
                Served::CutInHead | Served::CutInBody => false,
            };
            let (Some(Ended::Clean(ended_at)), Some(seen_at)) =
                (self.origin_ended(number), message.times[1])
            else {
                continue;
            };
            if passed_on && whole {
                let due = ended_at + Span::from_ms(ways_ms);
                self.at_once(seen_at, due, || format!("the end of answer {number}"));
            }
        }
    }

    /// H12: behind the answer that says that it is the last the FIN comes with its last byte.
    fn judge_end_behind_answer(&mut self, exchanges: &[Exchange]) {
        let outcome = self.outcome;
        let Some((number, answer)) = outcome.http.answers.iter().enumerate().next_back() else {
            return;
        };
        let message = &answer.message;
        let old = exchanges[number].request.version == HttpVersion::V10;
        let last = is_whole(&message.end) && (message.closes() || old);
        if let (true, Some(whole_at), Some(fin_at)) =
            (last, message.times[1], outcome.client.seen.fin_at)
        {
            self.at_once(fin_at, whole_at, || {
                format!("the end behind answer {number}")
            });
        }
    }

    /// H01, H07: a client that ends and has all its answers, or gets the last of them then, hears our end
    /// one round trip later, or with that answer.
    fn judge_end_behind_fin(&mut self) {
        let outcome = self.outcome;
        let (client, log) = (&outcome.client, &outcome.http);
        let tls = self.schedule.carrier != Carrier::Tcp;
        let whole = |number: usize| {
            let answer = log.answers.get(number);
            answer.is_some_and(|answer| is_whole(&answer.message.end))
        };
        let all = log.asked_at.len() == log.answers.len() && (0..log.answers.len()).all(whole);
        let answered_at = log.answers.last().and_then(|last| last.message.times[1]);
        let (true, Ended::Clean(ended_at), Some(answered_at), Some(fin_at)) =
            (all, ended(client, tls), answered_at, client.seen.fin_at)
        else {
            return;
        };
        let way_ms = u64::from(self.schedule.latencies.client_proxy_ms);
        let due = answered_at.max(ended_at + Span::from_ms(2 * way_ms));
        self.at_once(fin_at, due, || "the end behind the client's".to_owned());
    }

    /// Whether nothing but the ways themselves can make anything late, nor an end wait for another: no
    /// message is larger than the room there is, no call fails, and no request goes on behind its answer or
    /// is left for another protocol.
    pub(super) fn is_undisturbed(&self, exchanges: &[Exchange]) -> bool {
        let bytes = exchanges.iter().map(on_the_wire).sum::<u64>();
        self.is_calm()
            && bytes < SMALL_BYTES
            && self.outcome.failures == 0
            && self.outcome.peers_done
            && !self.schedule.traffic.switches()
            && exchanges.iter().all(is_straight)
    }
}

/// Whether an answer comes when its request is over.
fn is_straight(exchange: &Exchange) -> bool {
    !is_early(exchange) && !exchange.request.expect
}

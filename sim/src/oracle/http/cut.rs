//! The judge of answers that break off (U06, U08): whoever reads one can see that it did, has what came
//! before, and does not wait for it.
//!
//! It owns the word on who has left whom. It asks nothing of a client that has left by itself, nor where
//! calls have failed.

use super::{
    super::{Ended, ended},
    Court, Invariant, Served,
    bytes::written,
    served,
};
use crate::{
    peer::{
        Log,
        http::{Answer, Closed, MessageEnd},
    },
    schedule::{Carrier, CutBy, Exchange},
};
use tidegate_core::time::{Span, Time};

impl Court<'_> {
    pub(super) fn judge_cuts(&mut self, exchanges: &[Exchange]) {
        let outcome = self.outcome;
        if self.has_left() || outcome.failures > 0 || !outcome.peers_done {
            return;
        }
        for (number, answer) in outcome.http.answers.iter().enumerate() {
            let cut = match served(number, &exchanges[number]) {
                Served::CutInBody => true,
                // U08: for want of a close_notify nobody knows whether that was all.
                Served::Shorter => self.origin_ended(number) == Some(Ended::Truncated),
                Served::Whole | Served::CutInHead => false,
            };
            if cut {
                self.judge_cut(number, answer, exchanges);
            }
        }
    }

    fn judge_cut(&mut self, number: usize, answer: &Answer, exchanges: &[Exchange]) {
        let (message, exchange) = (&answer.message, &exchanges[number]);
        if message.exchange().is_none() {
            // A reset takes with it what its origin's windows had kept back, and may take the head.
            let due = self.is_undisturbed(exchanges) && !self.has_raced(number, exchanges);
            return self.unless(!due, Invariant::Answered, || {
                let (status, end) = (answer.status, &message.end);
                format!("answer {number}: {status:?}, {end:?}, for a body cut short")
            });
        }
        // RST: a FIN would say that this is all, and so would a close_notify; by a length or a chunk that is
        // missing only the attentive can tell.
        let visible = matches!(
            message.end,
            MessageEnd::Cut(Closed::Reset) | MessageEnd::UntilClose(Closed::Reset)
        );
        self.unless(visible, Invariant::AbortIsAbort, || {
            format!("answer {number}: {:?}, for a body cut short", message.end)
        });
        if !self.is_undisturbed(exchanges) {
            return;
        }
        // R10: what comes before a FIN comes whole. A reset may overtake what nobody has read (K18).
        let by_fin = exchange
            .response
            .cut
            .is_some_and(|cut| cut.by == CutBy::Fin);
        let (bytes, due) = (message.bytes, written(number, exchange));
        self.unless(bytes == due || !by_fin, Invariant::AbortIsAbort, || {
            format!("answer {number}: cut after {due} bytes, {bytes} arrived")
        });
        self.judge_cut_at_once(number);
    }

    /// I4: the ways, and the acknowledgement of what came before.
    fn judge_cut_at_once(&mut self, number: usize) {
        let (Some(ended_at), Some((seen_at, _))) = (
            self.asked_on(number).and_then(last_word),
            self.outcome.client.seen.reset_at,
        ) else {
            return;
        };
        let ways = self.schedule.latencies;
        let ways_ms = u64::from(ways.proxy_origin_ms) + 3 * u64::from(ways.client_proxy_ms);
        let due = ended_at + Span::from_ms(ways_ms + self.outcome.net.slack_ms());
        self.unless(seen_at <= due, Invariant::AbortAtOnce, || {
            let (seen_ms, due_ms) = (seen_at.as_ms(), due.as_ms());
            format!("answer {number}: its cut seen at {seen_ms} ms, due at {due_ms} ms")
        });
    }

    /// Whether the client left by itself: it reset, cut its own direction, or fell silent. Over TLS one
    /// whose connection has failed says no close_notify any more, and has not left by that.
    pub(super) fn has_left(&self) -> bool {
        let sent = &self.outcome.client.sent;
        let tls = self.schedule.carrier != Carrier::Tcp;
        let bare = tls && sent.fin_at.is_some() && sent.notify_at.is_none();
        self.schedule.falls_silent() || sent.reset_at.is_some() || bare
    }
}

impl<'a> Court<'a> {
    /// The origin's connection on which a request was answered, or would have been; of several, the last.
    pub(super) fn asked_on(&self, number: usize) -> Option<&'a Log> {
        let mut asked = self.outcome.http.asked.iter();
        let last = asked.rfind(|asked| asked.exchange == Some(number))?;
        self.outcome.origins.get(last.connection)
    }

    /// How the origin's direction of that connection has ended.
    pub(super) fn origin_ended(&self, number: usize) -> Option<Ended> {
        let tls = self.schedule.upstream != Carrier::Tcp;
        self.asked_on(number).map(|origin| ended(origin, tls))
    }

    /// Whether that is an end which can be trusted.
    pub(super) fn has_ended_clean(&self, number: usize) -> bool {
        matches!(self.origin_ended(number), Some(Ended::Clean(_)))
    }
}

/// When a peer said the last that it had to say.
fn last_word(log: &Log) -> Option<Time> {
    let sent = &log.sent;
    sent.reset_at.or(sent.notify_at).or(sent.fin_at)
}

//! The judge of exchanges: each request answered once, by its own response, as whole as it was.
//!
//! It owns what holds of HTTP whatever happens, and what more must hold where nobody aborted. An
//! answer without an exchange's number is the proxy's own. How an answer breaks off is [`cut`]'s, how
//! soon an end follows [`late`]'s, and what becomes of an exchange that its client leaves
//! [`cancelled`]'s.

mod bytes;
mod cancelled;
mod cut;
mod late;
#[cfg(test)]
mod tests;

use self::bytes::written;
use super::{Court, Invariant};
use crate::{
    peer::{
        Log,
        http::{
            Answer, Asked, Closed, MessageEnd, breaks_off, request_cut, request_lengths,
            response_lengths,
        },
    },
    schedule::{Body, Carrier, CutBy, Exchange, Method, Traffic},
};
use tidegate_core::time::Span;

/// What an origin did with a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Served {
    /// All of it was written.
    Whole,
    /// It was cut before its head was complete.
    CutInHead,
    /// It was cut in its body, by a FIN that is no end of it, or by a reset.
    CutInBody,
    /// It was cut by the FIN that ends such a body.
    Shorter,
}

fn served(number: usize, exchange: &Exchange) -> Served {
    let (total, head) = response_lengths(number, exchange);
    let until_close = matches!(exchange.response.body, Body::UntilClose { .. });
    match exchange.response.cut {
        Some(cut) if (cut.at as usize) < head => Served::CutInHead,
        Some(cut) if (cut.at as usize) < total && until_close && cut.by == CutBy::Fin => {
            Served::Shorter
        }
        // Nobody can know that there is nothing more.
        Some(cut) if cut.at as usize == total && until_close && cut.by == CutBy::Reset => {
            Served::CutInBody
        }
        Some(cut) if (cut.at as usize) < total => Served::CutInBody,
        // What comes right behind the last byte takes nothing from it (U09).
        Some(_) | None => Served::Whole,
    }
}

/// Whether the answer may come before its request is over.
fn is_early(exchange: &Exchange) -> bool {
    exchange.response.early && exchange.request.body != Body::Empty
}

impl Court<'_> {
    pub(super) fn judge_exchanges(&mut self, exchanges: &[Exchange]) {
        let log = &self.outcome.http;
        for (number, answer) in log.answers.iter().enumerate() {
            self.judge_answer(number, answer, &exchanges[number]);
        }
        for asked in &log.asked {
            self.judge_asked(asked, exchanges);
        }
        for (number, exchange) in exchanges.iter().enumerate() {
            self.judge_repeats(number, exchange);
        }
        // Whoever does not wait for leave to leave HTTP may have said what is none.
        let [left, _] = log.switched;
        let eager = self.schedule.traffic.switches() && left.is_none();
        // What refuses the front of a HEAD has a body: nobody has heard yet that it is one.
        let asks_for_none = |exchange: &Exchange| exchange.request.method == Method::Head;
        let eager = eager || self.breaks_off() && exchanges.last().is_some_and(asks_for_none);
        self.unless(!log.excess || eager, Invariant::OwnAnswer, || {
            "bytes came that answer nothing".to_owned()
        });
        if left.is_none() {
            self.judge_client_end(exchanges);
        }
        self.judge_origin_ends();
        let aborted = log.tunnel.is_some() && self.is_aborted();
        let calm = !self.is_client_gone() && self.outcome.failures == 0 && !aborted;
        if calm && self.outcome.peers_done {
            self.judge_answered(exchanges);
        }
        self.judge_last_answers(exchanges);
        if let Some(connection) = log.tunnel {
            self.judge_tunnel(&self.outcome.origins[connection]);
        }
        self.judge_cuts(exchanges);
        self.judge_late(exchanges);
        self.judge_cancelled(exchanges);
    }

    /// What the peers say once they have left HTTP is a relay's, and judged as one.
    fn judge_tunnel(&mut self, origin: &Log) {
        let [client_left, origin_left] = self.outcome.http.switched;
        let [from_client, from_origin] = self.directions(origin);
        let ways_ms = 2 * u64::from(self.schedule.latencies.proxy_origin_ms);
        // W6: an end that comes before the switch goes on behind it.
        let earliest = origin_left.map(|at| at + Span::from_ms(ways_ms));
        self.judge_direction(&from_client, earliest);
        if client_left.is_some() {
            self.judge_direction(&from_origin, earliest);
        }
    }

    /// The client breaks off a request, or the exchange behind it.
    pub(super) fn breaks_off(&self) -> bool {
        let Traffic::Http { exchanges, .. } = &self.schedule.traffic else {
            return false;
        };
        let mut numbered = exchanges.iter().enumerate();
        numbered.any(|(number, exchange)| breaks_off(number, &exchange.request))
    }

    /// The client reset, or said less than a clean end.
    fn is_client_gone(&self) -> bool {
        let sent = &self.outcome.client.sent;
        let tls = self.schedule.carrier != Carrier::Tcp;
        let silent = self.schedule.falls_silent();
        silent || sent.reset_at.is_some() || (tls && sent.notify_at.is_none())
    }

    fn judge_answer(&mut self, number: usize, answer: &Answer, exchange: &Exchange) {
        let message = &answer.message;
        if let MessageEnd::Malformed(what) = &message.end {
            self.unless(false, Invariant::WellFormed, || {
                format!("answer {number}: {what}")
            });
            return;
        }
        let Some(of) = message.exchange() else {
            return self.judge_own(number, answer);
        };
        self.unless(of == number, Invariant::OwnAnswer, || {
            format!("answer {number} is of exchange {of}")
        });
        self.unless(message.differs_at.is_none(), Invariant::Prefix, || {
            format!("answer {number}: byte {:?} is another", message.differs_at)
        });
        let status = Some(exchange.response.status);
        self.unless(answer.status == status, Invariant::OwnAnswer, || {
            format!("answer {number}: {:?} for {status:?}", answer.status)
        });
        let (served, due) = (served(number, exchange), written(number, exchange));
        if is_whole(&message.end) {
            let entitled = matches!(served, Served::Whole | Served::Shorter);
            self.unless(entitled, Invariant::EndOnlyIfClean, || {
                format!("answer {number}: complete, but {served:?}")
            });
            self.unless(message.bytes == due, Invariant::EndAfterAll, || {
                let bytes = message.bytes;
                format!("answer {number}: complete after {bytes} of {due} bytes")
            });
        }
        self.unless(message.bytes <= due, Invariant::Prefix, || {
            format!("answer {number}: {} bytes of {due}", message.bytes)
        });
    }

    /// What the proxy says by itself.
    fn judge_own(&mut self, number: usize, answer: &Answer) {
        let good = matches!(answer.status, None | Some(400 | 408 | 502 | 503 | 504));
        self.unless(good, Invariant::OwnAnswer, || {
            format!("answer {number}: a {:?} that nobody sent", answer.status)
        });
    }

    fn judge_asked(&mut self, asked: &Asked, exchanges: &[Exchange]) {
        let message = &asked.message;
        if let MessageEnd::Malformed(what) = &message.end {
            self.unless(false, Invariant::WellFormed, || {
                format!("a request: {what}")
            });
            return;
        }
        // H06, U13: what is not completed is reset; a FIN would say that the client had no more to say.
        let finished = message.end == MessageEnd::Cut(Closed::Clean);
        self.unless(!finished, Invariant::AbortIsAbort, || {
            let of = asked.exchange;
            format!("a request ({of:?}) was cut by a clean end")
        });
        let Some((number, exchange)) = asked.exchange.and_then(|n| Some((n, exchanges.get(n)?)))
        else {
            return;
        };
        self.unless(message.differs_at.is_none(), Invariant::Prefix, || {
            format!("request {number}: byte {:?} is another", message.differs_at)
        });
        // A request whose body the origin does not wait for is judged by what was read of it.
        let read = !exchange.response.early || asked.answered && message.times[1].is_some();
        if message.end == MessageEnd::Complete && read {
            let total = u64::from(exchange.request.body.total());
            self.unless(message.bytes == total, Invariant::EndAfterAll, || {
                let bytes = message.bytes;
                format!("request {number}: complete after {bytes} of {total} bytes")
            });
        }
    }

    fn judge_repeats(&mut self, number: usize, exchange: &Exchange) {
        let asked = &self.outcome.http.asked;
        let times = asked
            .iter()
            .filter(|asked| asked.exchange == Some(number))
            .count();
        let most = match exchange.request.method {
            Method::Post | Method::Connect => 1,
            Method::Get | Method::Head | Method::Put | Method::Delete => 2,
        };
        self.unless(times <= most, Invariant::OnceOnly, || {
            format!("request {number} came to the origin {times} times")
        });
    }

    /// How the client's connection ended: no reset without a cause, no FIN alone over TLS.
    fn judge_client_end(&mut self, exchanges: &[Exchange]) {
        let (client, failures) = (&self.outcome.client, self.outcome.failures);
        let numbered = exchanges.iter().enumerate();
        let mut ends = numbered.map(|(number, exchange)| served(number, exchange));
        let entitled = failures > 0
            || self.is_client_gone()
            || ends.any(|end| matches!(end, Served::CutInBody | Served::Shorter))
            || (0..exchanges.len()).any(|number| self.may_break_an_answer(number, exchanges))
            || ends_by_reset(exchanges);
        if let Some((at, errno)) = client.seen.reset_at {
            // H12: whoever answers our end long after it has come may find nobody there.
            let after_the_end = client.seen.fin_at.is_some_and(|fin_at| fin_at <= at);
            self.unless(entitled || after_the_end, Invariant::NoOwnReset, || {
                format!(
                    "the client has {errno} at {} ms, and nobody aborted",
                    at.as_ms()
                )
            });
        }
        let tls = self.schedule.carrier != Carrier::Tcp;
        let seen = &client.seen;
        if tls && seen.fin_at.is_some() && seen.reset_at.is_none() {
            self.unless(seen.notify_at.is_some(), Invariant::EndOnlyIfClean, || {
                "the client has FIN without close_notify".to_owned()
            });
        }
    }

    /// What is said to an origin over TLS ends with close_notify, or is cut by a reset.
    fn judge_origin_ends(&mut self) {
        if self.schedule.upstream == Carrier::Tcp {
            return;
        }
        for origin in &self.outcome.origins {
            let seen = &origin.seen;
            let alone = seen.fin_at.is_some() && seen.notify_at.is_none();
            self.unless(
                !alone || seen.reset_at.is_some(),
                Invariant::EndOnlyIfClean,
                || "an origin has FIN without close_notify".to_owned(),
            );
        }
    }

    /// Whether the connection that a request went out on may have ended before it came there: its
    /// origin had closed behind a whole response, without a word.
    fn has_raced(&self, number: usize, exchanges: &[Exchange]) -> bool {
        let Some(before) = number.checked_sub(1) else {
            return false;
        };
        let closed = exchanges[before].response.cut.is_some();
        let Traffic::Http { pipelined, .. } = self.schedule.traffic else {
            return false;
        };
        closed && (pipelined || !self.is_calm())
    }

    /// Whether a request breaks off that may have an answer under way, or none.
    fn may_break_an_answer(&self, number: usize, exchanges: &[Exchange]) -> bool {
        let exchange = &exchanges[number];
        let (_, head) = request_lengths(number, &exchange.request);
        let has_come =
            request_cut(number, &exchange.request).is_some_and(|cut| cut.at as usize >= head);
        let under_way = has_come && is_early(exchange);
        breaks_off(number, &exchange.request) && (under_way || self.has_raced(number, exchanges))
    }

    /// Where nobody is in the way, each request has its answer, up to the one that says `close`.
    fn judge_answered(&mut self, exchanges: &[Exchange]) {
        let log = &self.outcome.http;
        for (number, exchange) in exchanges.iter().enumerate() {
            let Some(answer) = log.answers.get(number) else {
                // H13: an origin that answers early and leaves takes the client's connection with it.
                let before = number.checked_sub(1).map(|before| &exchanges[before]);
                let left = before.is_some_and(|it| is_early(it) && it.response.cut.is_some());
                // Of one that breaks off it is the front that was sent.
                let begun = log.asked_at.len() > number && breaks_off(number, &exchange.request);
                let begun = begun && !self.may_break_an_answer(number, exchanges);
                let sent = log.requests_sent > number || begun;
                let asked = sent && self.must_be_served(number) && !left;
                self.unless(!asked, Invariant::Answered, || {
                    format!("request {number} has no answer")
                });
                return;
            };
            let (message, served) = (&answer.message, served(number, exchange));
            let whole = is_whole(&message.end);
            if breaks_off(number, &exchange.request) {
                // H05, H06, H15: ours to refuse, unless its origin did not wait for it.
                let refused = answer.status == Some(400) && message.exchange().is_none() && whole;
                let other = self.may_break_an_answer(number, exchanges);
                self.unless(refused || other, Invariant::Answered, || {
                    let (status, end) = (answer.status, &message.end);
                    format!("answer {number}: {status:?}, {end:?}, for a request cut short")
                });
                return;
            }
            match served {
                // RFC 9112, 9.8: an end that nobody can trust is no end of a body: see `judge_cuts`.
                Served::Shorter if !self.has_ended_clean(number) => {}
                Served::Whole | Served::Shorter
                    if answer.status == Some(502) && self.has_raced(number, exchanges) => {}
                Served::Whole | Served::Shorter => {
                    let own = message.exchange().is_none();
                    self.unless(whole && !own, Invariant::Answered, || {
                        let (status, end) = (answer.status, &message.end);
                        format!("answer {number}: {status:?}, {end:?}, for a whole response")
                    });
                }
                Served::CutInHead => {
                    let gateway = answer.status == Some(502) && whole;
                    self.unless(gateway, Invariant::Answered, || {
                        let (status, end) = (answer.status, &message.end);
                        format!("answer {number}: {status:?}, {end:?}, for a head cut short")
                    });
                }
                // See `judge_cuts`, which asks less of its client.
                Served::CutInBody => {}
            }
            if !whole || message.closes() || message.start.starts_with("HTTP/1.0") {
                return;
            }
        }
    }
}

fn is_whole(end: &MessageEnd) -> bool {
    matches!(
        end,
        MessageEnd::Complete | MessageEnd::UntilClose(Closed::Clean)
    )
}

/// A response that ends with its connection is whole only if that ends cleanly.
fn ends_by_reset(exchanges: &[Exchange]) -> bool {
    let mut numbered = exchanges.iter().enumerate();
    numbered.any(|(number, exchange)| {
        let cut = exchange.response.cut;
        let reset = cut.is_some_and(|cut| cut.by == CutBy::Reset);
        reset && served(number, exchange) != Served::Whole
    })
}

//! HTTP/1 exchanges: what a decoded piece, a refusal or a local answer does (LIFECYCLE 4.5).

use super::{Idle, Phase, Session};
use crate::{
    bug,
    close::CloseCause,
    effect::{Effect, Effects},
    ending::{By, Cause, End, How},
    event::{Call, Decoded, Head, Refusal, Want},
    exchange::{Exchange, Request, Response},
    http1::{self, Delivery, Method, Reply, RequestFacts, ResponseFacts, Wording},
    leg::{Inbox, Leg, Open, ReadEnd, WriteEnd},
    report::Loss,
    side::Side,
    timer::Timer,
    variant::bad,
};

impl Session {
    /// How a response with these facts will be sent: a pure question, asked by the driver before
    /// it writes the head and by the session when it hears of it.
    ///
    /// # Panics
    ///
    /// Outside an exchange.
    #[must_use]
    pub fn delivery(&self, response: &ResponseFacts) -> Delivery {
        let Phase::Exchange(exchange) = &self.phase else {
            bug!("a response to no request")
        };
        let Some(request) = exchange.facts else {
            bug!("a response before its request's head")
        };
        // H13: an origin that answers early and leaves will not take the rest of the request.
        let early = match exchange.request {
            Request::Complete => false,
            // H14: a client that waits for a 100 may or may not send its body now.
            Request::Head | Request::Body => response.close || exchange.expects,
            Request::Gone => true,
        };
        let close = self.closes_after(exchange) || early;
        let announced = self.setup.timeouts.announced();
        http1::deliver(&request, response, close, announced)
    }

    /// Whether a response with these facts turns the exchange into a tunnel (W1). A request that is
    /// not complete cannot: its rest would be taken for the other protocol.
    #[must_use]
    pub fn switches(&self, response: &ResponseFacts) -> bool {
        self.exchange().is_some_and(|exchange| {
            let asked = exchange
                .facts
                .is_some_and(|facts| response.switches(&facts));
            asked && exchange.request == Request::Complete
        })
    }

    /// The method of the request in flight, which decides how its answer is delimited (U15).
    #[must_use]
    pub fn method(&self) -> Option<Method> {
        let facts = self.exchange().and_then(|exchange| exchange.facts);
        facts.map(|facts| facts.method)
    }

    /// H07: the client has said its last word, and no further request is among it.
    pub(super) fn is_last_request(&self) -> bool {
        self.down.end().is_some() && self.down.open().is_none_or(|open| !open.inbox.decodable())
    }

    /// Whether the client's leg ends with this exchange.
    pub(super) fn closes_after(&self, exchange: &Exchange) -> bool {
        // G4: whoever was told that the connection stays may have its next request on its way (not G10's).
        let told = exchange.response != Response::Waiting;
        let drained = (self.draining && !told || self.killed) && !self.has_read_more(exchange);
        exchange.close || drained || self.is_last_request() || self.is_over_by_the_letter()
    }

    /// I15: whether something of a further request has been read, before our end was said. Even a
    /// drain serves that, and it is the answer to the last one that says `close`.
    fn has_read_more(&self, exchange: &Exchange) -> bool {
        let more = |open: &Open| open.write == WriteEnd::Open && open.inbox.decodable();
        exchange.request == Request::Complete && self.down.open().is_some_and(more)
    }

    /// Bytes of a message were understood as far as they go.
    pub(super) fn decoded(&mut self, side: Side, decoded: Decoded, effects: &mut Effects) {
        let Decoded {
            head,
            bytes,
            complete,
            left,
            want,
        } = decoded;
        self.leg_mut(side).spoken_of().inbox = Inbox { left, want };
        match side {
            Side::Down => self.request_decoded(head, bytes, left, effects),
            Side::Up => self.response_decoded(head, want),
        }
        if self.is_refused(side) {
            return;
        }
        self.relay_from_mut(side).received(bytes);
        if let (Side::Up, Head::Response(facts)) = (side, head)
            && self.switches(&facts)
        {
            self.switch(effects);
            return;
        }
        if complete {
            self.relay_from_mut(side).complete();
            self.message_complete(side);
        }
    }

    fn request_decoded(&mut self, head: Head, bytes: u32, left: u32, effects: &mut Effects) {
        if matches!(self.phase, Phase::Idle(_)) && (left > 0 || head.is_some()) {
            self.begin_exchange();
        }
        // H11: what is only kept is no progress of the request in flight.
        if self.is_turn(Side::Down) {
            self.pace_moved(bytes);
            self.timers.restart(Timer::Request);
            self.timers.restart(Timer::Response);
        }
        match head {
            Head::None if bytes > 0 && self.is_turn(Side::Down) => {
                // H14: it waits no longer.
                self.exchange_mut().expects = false;
            }
            Head::None => {}
            Head::Request(facts) => self.request_head(facts, effects),
            Head::Interim | Head::Continue | Head::Response(_) => {
                bug!("a response from the client's leg")
            }
        }
    }

    fn begin_exchange(&mut self) {
        self.forget_trouble();
        // H04: what ran before was for whoever says nothing (H03, G4).
        self.timers.restart(Timer::Head);
        self.phase = Phase::Exchange(Exchange::begun(self.killed));
    }

    fn request_head(&mut self, facts: RequestFacts, effects: &mut Effects) {
        let exchange = self.exchange_mut();
        if exchange.request != Request::Head {
            bug!("a request inside a request")
        }
        exchange.request_head(facts);
        self.connect(effects);
    }

    fn response_decoded(&mut self, head: Head, want: Want) {
        self.timers.restart(Timer::Body);
        let exchange = self.exchange_mut();
        if head.is_some() || !exchange.is_unanswered() {
            // The front of a head says nothing yet.
            exchange.lose();
        }
        match head {
            Head::None | Head::Interim => {}
            Head::Continue => self.exchange_mut().expects = false,
            Head::Response(facts) if self.switches(&facts) => {}
            Head::Response(facts) => {
                let close = self.delivery(&facts).close;
                self.exchange_mut().response_head(facts, close);
            }
            Head::Request(_) => bug!("a request from the origin's leg"),
        }
        #[cfg(feature = "known-bad")]
        if want == Want::Room && bad!(self.setup, LostWakeup | Original).is_some() {
            self.wrong.lost = true;
        }
        let _ = want;
    }

    /// A request refused for its head is not forwarded, whatever came with the head.
    fn is_refused(&self, side: Side) -> bool {
        let gone = |exchange: &Exchange| exchange.request == Request::Gone;
        side == Side::Down && self.exchange().is_some_and(gone)
    }

    fn message_complete(&mut self, side: Side) {
        match side {
            Side::Down => self.exchange_mut().request = Request::Complete,
            Side::Up => {
                #[cfg(feature = "known-bad")]
                if bad!(self.setup, LastChunkIsEnd).is_some()
                    && self.exchange_mut().response == Response::Body(http1::BodyKind::Chunked)
                {
                    self.wrong.chunked = true;
                }
                self.exchange_mut().response = Response::Complete;
            }
        }
    }

    pub(super) fn exchange_mut(&mut self) -> &mut Exchange {
        match &mut self.phase {
            Phase::Exchange(exchange) => exchange,
            Phase::New
            | Phase::ProxyHeader
            | Phase::Securing
            | Phase::Peeking
            | Phase::Idle(_)
            | Phase::Tunnel
            | Phase::Closing
            | Phase::Closed => bug!("an HTTP event outside an exchange"),
        }
    }

    /// The bytes are not HTTP as we accept it.
    pub(super) fn refused(&mut self, side: Side, reply: Reply, effects: &mut Effects) {
        if let Some(open) = self.leg_mut(side).open_mut() {
            // Whatever follows cannot be told apart any more: none of it is looked at again.
            open.inbox = Inbox::EMPTY;
        }
        match (side, &self.phase) {
            (Side::Down, Phase::Idle(_) | Phase::Exchange(_)) => {
                if matches!(self.phase, Phase::Idle(_)) {
                    self.begin_exchange();
                }
                self.note(How::Abort(Cause::Protocol), By::Client);
                self.refuse_request(reply, CloseCause::ClientProtocolError, effects);
            }
            (Side::Up, Phase::Exchange(_)) => {
                // U05: bad as it is, an answer has come, also if its leg has failed before.
                self.exchange_mut().lose();
                self.exchange_mut().fault = reply.fault();
                if let Some(open) = self.up.open_mut() {
                    open.failed(Cause::Protocol, Call::Read);
                }
            }
            // What was understood of the same bytes has ended the message already.
            (Side::Up, Phase::Idle(_)) | (_, Phase::Closing | Phase::Closed) => {}
            (
                _,
                Phase::New | Phase::ProxyHeader | Phase::Securing | Phase::Peeking | Phase::Tunnel,
            ) => {
                bug!("an HTTP event outside an exchange")
            }
        }
    }

    /// The request cannot be completed: say so if nothing was said yet, and end the leg (H05,
    /// H06, H12). A response that has begun cannot be taken back, and must not look complete.
    pub(super) fn refuse_request(&mut self, reply: Reply, why: CloseCause, effects: &mut Effects) {
        let exchange = self.exchange_mut();
        exchange.request = Request::Gone;
        exchange.close = true;
        match exchange.response {
            Response::Waiting => self.answer(reply, why, effects),
            Response::Body(_) => {
                self.note_error(reply.cause, why);
                self.exchange_mut().response = Response::Broken;
                self.drop_origin(effects);
            }
            Response::Complete | Response::Broken => self.drop_origin(effects),
        }
    }

    /// A response of our own takes the place of the origin's.
    pub(super) fn answer(&mut self, reply: Reply, why: CloseCause, effects: &mut Effects) {
        self.drop_origin(effects);
        let more = self.exchange().is_some_and(|it| self.has_read_more(it));
        let last = self.draining && !more || self.is_last_request();
        let unheard = Wording {
            id_bytes: self.setup.id_bytes,
            ..Wording::TEXT
        };
        let exchange = self.exchange_mut();
        if exchange.request != Request::Complete {
            exchange.request = Request::Gone;
            exchange.close = true;
        }
        exchange.close |= last;
        exchange.response = Response::Complete;
        exchange.close |= reply.close;
        let reply = Reply {
            close: exchange.close,
            head_only: exchange.head_only(),
            wording: exchange.facts.map_or(unheard, |facts| facts.wording),
            ..reply
        };
        self.note_error(reply.cause, why);
        self.u2d.said(reply.len());
        self.u2d.complete();
        effects.push(Effect::Reply(reply));
    }

    /// U13: what the origin still does for this request is of no use. RST, not FIN: a FIN would
    /// read as a half-close.
    pub(super) fn drop_origin(&mut self, effects: &mut Effects) {
        self.discard_request(Loss::Unwanted);
        match self.up {
            Leg::Queued | Leg::Connecting => {
                self.up = Leg::Absent;
                effects.push(Effect::Cancel);
            }
            Leg::Securing | Leg::Open(_) => {
                self.up = Leg::Absent;
                effects.push(Effect::Reset(Side::Up));
            }
            Leg::Absent | Leg::Gone(_) | Leg::Reset(_) => self.up = Leg::Absent,
        }
    }

    /// There is no upstream leg to be had.
    pub(super) fn unanswerable(&mut self, refusal: Refusal, effects: &mut Effects) {
        self.up = Leg::Absent;
        let reply = match refusal {
            Refusal::NoRoute => Reply::not_found(),
            Refusal::Configured {
                status,
                fields,
                content,
            } => Reply::configured(status, fields, content),
            Refusal::NoConnect => Reply::not_implemented(),
            Refusal::TooMany(seconds) => Reply::too_many_requests(seconds),
            // As if nobody ever sent a request again.
            Refusal::NoRetry => Reply::bad_gateway("connection_terminated"),
            Refusal::NoEndpoint => Reply::unavailable("destination_unavailable"),
            Refusal::NoAddress(why) => Reply::unresolved(why),
            Refusal::Busy => Reply::unavailable("connection_limit_reached"),
            Refusal::Failed(cause) => match cause {
                Cause::Expired(Timer::Queue) => Reply::overdue(self.setup.timeouts.queue_again()),
                Cause::TimedOut | Cause::Expired(_) => Reply::gateway_timeout("connection_timeout"),
                Cause::Refused => Reply::bad_gateway("connection_refused"),
                Cause::Unreachable => Reply::bad_gateway("destination_ip_unroutable"),
                Cause::Tls => Reply::bad_gateway("tls_protocol_error"),
                Cause::Certificate => Reply::bad_gateway("tls_certificate_error"),
                Cause::Reset
                | Cause::Cancelled
                | Cause::Deadline
                | Cause::Killed
                | Cause::Protocol
                | Cause::Rejected(_) => Reply::bad_gateway("connection_terminated"),
                Cause::Local => Reply::bad_gateway("proxy_internal_error"),
            },
        };
        self.answer(reply, CloseCause::of_refusal(refusal), effects);
    }

    /// The exchange is over: the legs go on, each by itself.
    pub(super) fn part(&mut self, close: bool, effects: &mut Effects) {
        let Phase::Exchange(exchange) = &self.phase else {
            bug!("no exchange to part from")
        };
        let reusable = exchange.reusable;
        if let Leg::Open(up) = &self.up {
            // U01, U10: a leg with anything to read or to end is not put among the idle ones.
            let idle = up.read == ReadEnd::Open && up.inbox.left == 0;
            let idle = idle || bad!(self.setup, ParkEnded).is_some();
            effects.push(if reusable && idle {
                Effect::Park
            } else {
                Effect::Retire(up.read)
            });
        }
        self.up = Leg::Absent;
        self.d2u.renew();
        self.u2d.renew();
        if close {
            self.close_down(effects);
        } else {
            self.phase = Phase::Idle(Idle::Kept);
        }
    }

    /// H12: the last response byte has left; close_notify and FIN follow it at once, and what the
    /// client still says is read and thrown away until it ends too.
    pub(super) fn close_down(&mut self, effects: &mut Effects) {
        self.note(How::Clean, By::Proxy);
        self.finish_down(effects);
        self.phase = Phase::Closing;
    }

    /// Ends our direction of the downstream leg, if it is open and nothing is inside for it.
    pub(super) fn finish_down(&mut self, effects: &mut Effects) -> bool {
        #[cfg(feature = "known-bad")]
        if bad!(self.setup, FinOnTimer).is_some() && !self.wrong.fired {
            return false;
        }
        #[cfg(feature = "known-bad")]
        if bad!(self.setup, LastChunkIsEnd).is_some() && self.wrong.chunked {
            return false;
        }
        if let Some(drained) = self.u2d.drained(Some(End::Clean))
            && let Some(open) = self.down.open_mut()
            && open.write == WriteEnd::Open
        {
            open.finish(drained);
            open.inbox = Inbox::EMPTY;
            effects.push(Effect::Finish(Side::Down));
            return true;
        }
        false
    }
}

//! One request with its response: how far each has come.
//!
//! It waits for heads, bodies and ends on both legs, and decides what the pair of them means for
//! either leg afterwards. It does not know what carries it.

use crate::{
    event::{Head, Origin},
    http1::{BodyKind, Fault, Method, RequestFacts, ResponseFacts},
    report::aside::Aside,
    session::Pace,
};

/// One request with its response.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Exchange {
    /// How far the request has come.
    pub request: Request,
    /// How far the response has come.
    pub response: Response,
    /// What the request's head said; known once it is complete.
    pub facts: Option<RequestFacts>,
    /// Whether the downstream leg ends with this exchange.
    pub close: bool,
    /// Whether the client waits for a 100 before it sends the request's body (H14).
    pub expects: bool,
    /// Whether the upstream leg can serve another exchange.
    pub reusable: bool,
    /// Where the upstream leg came from, once there is one.
    pub origin: Option<Origin>,
    /// Whether the request can be sent again.
    pub replay: Replay,
    /// The origin's kernel accepted no byte of the request before its FIN (U02, K23).
    pub unaccepted: bool,
    /// The client has been asked whether it is still there (H07b).
    pub probed: bool,
    /// The response is an event stream (W9b).
    pub event_stream: bool,
    /// What is wrong with the origin's answer, if it is refused.
    pub fault: Option<Fault>,
    /// How fast its body comes: no part of the state, for only a timer looks at it.
    pub(crate) pace: Aside<Pace>,
}

/// Whether a request can be sent again (U02 to U04): once, and only before its answer has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Replay {
    /// Everything that was sent of it is still here: so many bytes.
    Held(u32),
    /// It was more than is kept, or its answer has begun.
    Lost,
    /// It was sent again.
    Spent,
}

/// How far a request has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Request {
    /// Its head is incomplete.
    Head,
    /// Its body is under way.
    Body,
    /// It is complete.
    Complete,
    /// It will not be forwarded any further; what still comes of it is thrown away (H13).
    Gone,
}

/// How far a response has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Response {
    /// Nothing final has come; interim responses may have.
    Waiting,
    /// Its body is under way, delimited so.
    Body(BodyKind),
    /// It is complete.
    Complete,
    /// It ended before it was complete: the client must not think otherwise (U06, U08).
    Broken,
}

impl Exchange {
    /// The first bytes of a request; `last` if none is taken behind it, whatever it says (G10).
    #[must_use]
    pub const fn begun(last: bool) -> Self {
        Exchange {
            request: Request::Head,
            response: Response::Waiting,
            facts: None,
            close: last,
            expects: false,
            reusable: true,
            origin: None,
            replay: Replay::Held(0),
            unaccepted: false,
            probed: false,
            event_stream: false,
            fault: None,
            pace: Aside(Pace::NONE),
        }
    }

    /// The request's head is complete.
    pub(crate) fn request_head(&mut self, facts: RequestFacts) {
        self.request = Request::Body;
        // A CONNECT is its leg's last request: what follows belongs to the tunnel. If there comes
        // to be none, it belongs to nobody, and must not be taken for HTTP.
        self.close |= facts.close || facts.method == Method::Connect;
        self.expects = facts.expect_continue;
        self.facts = Some(facts);
    }

    /// A response's head came, interim or final; `close` says whether ours ends the leg.
    pub(crate) fn response_head(&mut self, facts: ResponseFacts, close: bool) {
        self.response = Response::Body(facts.body);
        self.event_stream = facts.event_stream;
        // U12, and a close-delimited body's leg has nothing to offer after it.
        self.reusable &= !facts.close && facts.body != BodyKind::Close;
        self.close |= close;
    }

    /// Whether the request is still worth sending, and still here (U02 to U04).
    pub(crate) const fn can_be_repeated(&self) -> bool {
        let held = matches!(self.replay, Replay::Held(_));
        held && self.is_unanswered() && !matches!(self.request, Request::Gone)
    }

    /// From now on the request is not sent again.
    pub(crate) fn lose(&mut self) {
        if let Replay::Held(_) = self.replay {
            self.replay = Replay::Lost;
        }
    }

    /// Whether the request is answered: then what comes next is another one.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        matches!(
            (self.request, self.response),
            (Request::Complete, Response::Complete)
        )
    }

    /// Whether a response of our own can still take the place of the origin's.
    #[must_use]
    pub const fn is_unanswered(&self) -> bool {
        matches!(self.response, Response::Waiting)
    }

    /// Whether the answer has no body because of the method (U15).
    #[must_use]
    pub fn head_only(&self) -> bool {
        self.facts.is_some_and(|facts| facts.method == Method::Head)
    }
}

impl Head {
    /// Whether a head was completed.
    #[must_use]
    pub const fn is_some(&self) -> bool {
        !matches!(self, Head::None)
    }
}

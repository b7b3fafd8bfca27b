//! What one run of a cluster is made of: endpoints and their moods over time, clients and their
//! requests, and how the proxy between them is configured. All times are whole milliseconds.

use std::num::NonZeroU32;
use tidegate_core::balance::Balance;

/// One run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What the balancer and the checks draw follows from this.
    pub seed: u64,
    /// How the next endpoint is chosen.
    pub balance: Balance,
    /// When an endpoint is left alone, if ever.
    pub ejection: Option<Ejection>,
    /// How long who comes back gets less than its share; 0 for not at all.
    pub slow_start_ms: u32,
    /// What is sent again.
    pub retries: Retries,
    /// Who may wait for an endpoint with room, if anybody.
    pub queue: Option<Queue>,
    /// How endpoints are checked, if they are.
    pub health: Option<Health>,
    /// How long an endpoint may take to answer.
    pub response_ms: u32,
    /// The way between the clients and the proxy.
    pub latency_ms: u32,
    /// The endpoints, at least one.
    pub endpoints: Vec<Endpoint>,
    /// The clients. Their requests are numbered in the order in which they stand here.
    pub clients: Vec<Client>,
    /// For each unit of weight, so many requests one after the other when all is over and every endpoint
    /// serves: each is to get its share of them.
    pub calm: u32,
}

/// When an endpoint is ejected, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ejection {
    /// Failures without a success between them.
    pub failures: u32,
    /// How long, the first time.
    pub base_ms: u32,
    /// How long at most.
    pub most_ms: u32,
    /// How many at once, of a hundred.
    pub percent: u32,
}

/// What is sent again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retries {
    /// Of a hundred requests.
    pub percent: u32,
    /// In a second, in any case.
    pub per_second: u32,
    /// Statuses of answers for which an idempotent request is sent again.
    pub statuses: Vec<u16>,
}

/// Who may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Queue {
    /// So many.
    pub depth: NonZeroU32,
    /// So long.
    pub timeout_ms: u32,
}

/// How endpoints are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Health {
    /// From one check to the next.
    pub interval_ms: u32,
    /// What takes longer has failed.
    pub timeout_ms: u32,
    /// Passes in a row that bring one up.
    pub rise: u32,
    /// Failures in a row that take one down.
    pub fall: u32,
}

/// One endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The way between it and the proxy.
    pub latency_ms: u32,
    /// How much of the traffic is for it, beside the others; 1 at least.
    pub weight: u32,
    /// Sessions that may have it at once, if that is limited.
    pub most: Option<NonZeroU32>,
    /// What it does, from which moment on; the first at 0.
    pub moods: Vec<(u32, Mood)>,
}

/// What an endpoint does with a request that it has read whole, and with a connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// Answers 200 after so long.
    Serve(u32),
    /// Takes no new connections; on those that it has it answers at once.
    Refuse,
    /// Reads, and says nothing.
    Stall,
    /// Answers 503 after so long.
    Busy(u32),
    /// Answers 200 after so long, says that it closes, and does.
    Last(u32),
    /// Answers 200 after so long, and closes so long after that, whoever has just begun to ask.
    Idle(u32, u32),
    /// Resets instead of an answer.
    Reset,
    /// Closes instead of an answer.
    Hangup,
    /// Is dead: every connection is reset, and none is taken.
    Dead,
}

impl Mood {
    /// Whether it takes connections.
    #[must_use]
    pub fn listens(self) -> bool {
        !matches!(self, Mood::Refuse | Mood::Dead)
    }
}

/// One client: a connection at a time, and on it a request at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// When it begins.
    pub at_ms: u32,
    /// What it asks, in order.
    pub requests: Vec<Request>,
}

/// One request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// So long after the answer to the one before it.
    pub after_ms: u32,
    /// Its method.
    pub method: Method,
    /// Bytes of its content; those of a GET are none.
    pub body_bytes: u32,
    /// How long the content is kept back behind the head.
    pub pause_ms: u32,
    /// Whether it says that it is the last on its connection.
    pub close: bool,
    /// How long the client waits for the answer before it ends its side, and how it does, if it does.
    pub leaves: Option<(u32, Leave)>,
}

/// A request's method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Safe.
    Get,
    /// Idempotent.
    Put,
    /// Neither.
    Post,
}

impl Method {
    /// As it is written.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Put => "PUT",
            Method::Post => "POST",
        }
    }

    /// Whether nothing is lost if it is executed twice (RFC 9110, 9.2.2).
    #[must_use]
    pub fn is_idempotent(self) -> bool {
        match self {
            Method::Get | Method::Put => true,
            Method::Post => false,
        }
    }
}

/// How a client ends its side while it waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    /// By a reset: it is gone.
    Reset,
    /// By a FIN: it has asked all it will ask, and waits for the answer.
    Fin,
}

impl Plan {
    /// All requests, by their numbers.
    pub fn requests(&self) -> impl Iterator<Item = &Request> {
        self.clients.iter().flat_map(|client| &client.requests)
    }

    /// The weights of all endpoints together.
    #[must_use]
    pub fn weight(&self) -> u32 {
        self.endpoints.iter().map(|one| one.weight).sum()
    }

    /// How long it takes at most until who was ejected or down may be chosen, once it serves again.
    #[must_use]
    pub fn recovery_ms(&self) -> u32 {
        let ejected = self.ejection.map_or(0, |ejection| ejection.most_ms);
        // Two tenths are more than a check is late, and a check may just have begun.
        let down = self.health.map_or(0, |health| {
            (health.interval_ms * 12 / 10 + health.timeout_ms) * (health.rise + 1)
        });
        ejected.max(down) + 100
    }
}

//! What a listener's connections are about, and for how long: plain sums of one worker.

use super::histogram::{CONNECTIONS, Histogram};
use tidegate_core::{
    exchange::Request,
    session::{Phase, Session},
    time::Span,
};

/// What a connection is about, as labels have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The PROXY header.
    Header,
    /// The TLS handshake.
    Securing,
    /// The ClientHello by which it is routed.
    Peeking,
    /// Nothing: between two requests.
    Idle,
    /// The head of a request, of which a part is there.
    Head,
    /// A request and its answer.
    Exchange,
    /// A tunnel or a relay.
    Tunnel,
    /// Its end.
    Closing,
}

impl Stage {
    /// All there are.
    pub(super) const ALL: [Stage; 8] = [
        Stage::Header,
        Stage::Securing,
        Stage::Peeking,
        Stage::Idle,
        Stage::Head,
        Stage::Exchange,
        Stage::Tunnel,
        Stage::Closing,
    ];

    /// What this session is about; nothing before its first moment and behind its last.
    #[inline]
    #[must_use]
    pub fn of(session: &Session) -> Option<Stage> {
        Some(match session.phase() {
            Phase::New | Phase::Closed => return None,
            Phase::ProxyHeader => Stage::Header,
            Phase::Securing => Stage::Securing,
            Phase::Peeking => Stage::Peeking,
            Phase::Idle(_) => Stage::Idle,
            Phase::Exchange(exchange) if exchange.request == Request::Head => Stage::Head,
            Phase::Exchange(_) => Stage::Exchange,
            Phase::Tunnel => Stage::Tunnel,
            Phase::Closing => Stage::Closing,
        })
    }

    /// The word that labels and traces have.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Stage::Header => "header",
            Stage::Securing => "securing",
            Stage::Peeking => "peeking",
            Stage::Idle => "idle",
            Stage::Head => "head",
            Stage::Exchange => "exchange",
            Stage::Tunnel => "tunnel",
            Stage::Closing => "closing",
        }
    }
}

/// The connections of a listener, by what they are about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Stages {
    pub(super) now: [u64; Stage::ALL.len()],
    pub(super) past: [Histogram; Stage::ALL.len()],
}

impl Stages {
    /// A connection goes on from one to the next, after so long; it comes from nowhere and goes there.
    pub(super) fn turn(&mut self, from: Option<Stage>, to: Option<Stage>, span: Span) {
        if let Some(from) = from {
            let at = from as usize;
            self.now[at] = self.now[at].saturating_sub(1);
            self.past[at].add(CONNECTIONS, span);
        }
        if let Some(to) = to {
            self.now[to as usize] += 1;
        }
    }

    pub(super) fn add(&mut self, other: &Stages) {
        for (mine, other) in self.now.iter_mut().zip(other.now) {
            *mine += other;
        }
        for (mine, other) in self.past.iter_mut().zip(&other.past) {
            mine.merge(other);
        }
    }
}

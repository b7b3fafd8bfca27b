//! A script, told step by step: events in, rows out.
//!
//! It owns a session, the moment, and the rows so far. It waits for nothing: the script says what
//! happens next. It never lets an event through that no driver could deliver, nor a step after
//! which something is stuck.

pub(crate) mod feasible;
pub(crate) mod verdict;
pub(crate) mod words;

use self::{feasible::Network, verdict::Ledger};
use tidegate_core::{
    ending::{Cause, Rejection},
    event::{Call, Decoded, Event, Origin, Peeked, Refusal},
    limits::Timeouts,
    session::{Kind, Session, Setup},
    side::Side,
    time::Time,
    timer::Timer,
    tls::{HalfClose, Version},
    trace::{HEADER, Row},
    variant::Variant,
};

/// The longest trace that is still read.
const ROWS: usize = 30;

/// The longest claim, in characters.
const CLAIM: usize = 100;

/// A script under way.
pub(crate) struct Story {
    claim: String,
    now: Time,
    setup: Setup,
    session: Session,
    network: Network,
    ledger: Ledger,
    rows: Vec<String>,
}

impl Story {
    /// HTTP on a plain leg.
    pub(crate) fn http(claim: &str) -> Self {
        Story::new(claim, Setup::new(Kind::Http, false))
    }

    /// HTTP on a TLS leg.
    pub(crate) fn https(claim: &str) -> Self {
        Story::new(claim, Setup::new(Kind::Http, true))
    }

    /// A relay on plain legs.
    pub(crate) fn tcp(claim: &str) -> Self {
        Story::new(claim, Setup::new(Kind::Tcp, false))
    }

    /// A relay on a downstream TLS leg.
    pub(crate) fn tls(claim: &str) -> Self {
        Story::new(claim, Setup::new(Kind::Tcp, true))
    }

    fn new(claim: &str, setup: Setup) -> Self {
        Story {
            claim: claim.to_string(),
            now: Time(0),
            setup,
            session: Session::new(setup),
            network: Network::default(),
            ledger: Ledger::default(),
            rows: Vec::new(),
        }
    }

    /// Each relay holds its source at so many bytes.
    pub(crate) fn limit(mut self, bytes: u32) -> Self {
        self.setup.limits.relay_bytes = bytes;
        self.session = Session::new(self.setup);
        self
    }

    /// Waits that are not the defaults, so that moments stay small.
    pub(crate) fn waits(mut self, change: impl FnOnce(&mut Timeouts)) -> Self {
        self.setup.timeouts = self.setup.timeouts.with(change);
        self.session = Session::new(self.setup);
        self
    }

    /// With a deliberately wrong rule; what it leaves stuck is for the verdict to say.
    pub(crate) fn wrong(mut self, variant: Variant) -> Self {
        self.setup.variant = Some(variant);
        self.session = Session::new(self.setup);
        self
    }

    /// The moment of the steps that follow.
    pub(crate) fn at(mut self, ms: u64) -> Self {
        assert!(
            Time::from_ms(ms) >= self.now,
            "a story does not run backwards"
        );
        self.now = Time::from_ms(ms);
        self
    }

    /// One step.
    pub(crate) fn event(mut self, event: Event) -> Self {
        self.network.tells(self.now, &event, &self.session);
        let before = self.session.clone();
        let mut effects = Vec::new();
        self.session.step(self.now, event, &mut effects);
        self.network.told(&event, &self.session);
        let row = Row::new(self.now, event, &before, &self.session, &effects);
        self.rows.push(row.to_string());
        self.ledger.add(self.now, &event, &before, &effects);
        match self.session.check() {
            Ok(()) => {}
            Err(stuck) if self.setup.variant.is_some() => self.ledger.stuck(self.now, stuck),
            Err(stuck) => panic!("nothing leads to {stuck:?}:\n{}", self.text()),
        }
        self
    }

    /// What came before is not part of the trace.
    pub(crate) fn opening_left_out(mut self) -> Self {
        self.claim.push_str(" (Opening left out.)");
        self.rows.clear();
        self
    }

    /// Compares the trace with the reviewed one.
    pub(crate) fn tells(self, name: &str) {
        assert!(self.rows.len() <= ROWS, "{} rows", self.rows.len());
        assert!(self.claim.chars().count() <= CLAIM, "a claim is one line");
        assert!(self.now < Time::from_ms(100_000), "small numbers");
        let text = self.text();
        insta::with_settings!({
            snapshot_path => "../../snapshots/lifecycle",
            prepend_module_to_snapshot => false,
            omit_expression => true,
        }, {
            insta::assert_snapshot!(name, text);
        });
    }

    fn text(&self) -> String {
        let mut lines = vec![self.claim.clone(), HEADER.to_string()];
        lines.extend(self.rows.iter().cloned());
        let verdict = self.ledger.verdict(&self.session);
        lines.push(format!("verdict: {verdict}"));
        lines.join("\n")
    }
}

/// More kinds of stories.
impl Story {
    /// A relay with TLS on both legs.
    pub(crate) fn reencrypted(claim: &str) -> Self {
        let mut setup = Setup::new(Kind::Tcp, true);
        setup.up_tls = true;
        Story::new(claim, setup)
    }

    /// HTTP on a plain leg, to an origin over TLS.
    pub(crate) fn http_to_tls(claim: &str) -> Self {
        let mut setup = Setup::new(Kind::Http, false);
        setup.up_tls = true;
        Story::new(claim, setup)
    }

    /// A relay whose TLS ends elsewhere.
    pub(crate) fn passthrough(claim: &str) -> Self {
        let mut setup = Setup::new(Kind::Tcp, false);
        setup.passthrough = true;
        Story::new(claim, setup)
    }

    /// Behind somebody who says in a PROXY header for whom it speaks.
    pub(crate) fn introducing(mut self) -> Self {
        self.setup.proxy_header = true;
        self.session = Session::new(self.setup);
        self
    }

    /// A relay that follows the letter of TLS 1.2, which its client speaks.
    pub(crate) fn strict(claim: &str) -> Self {
        let mut setup = Setup::new(Kind::Tcp, true);
        setup.policy.tls12_half_close = HalfClose::Strict;
        Story::new(claim, setup)
    }
}

/// What can happen, in a story's words.
impl Story {
    pub(crate) fn accepted(self) -> Self {
        self.event(Event::Accepted)
    }

    pub(crate) fn introduced(self) -> Self {
        self.event(Event::Introduced)
    }

    pub(crate) fn rejected(self, why: Rejection) -> Self {
        self.event(Event::Rejected(why))
    }

    pub(crate) fn secured(self) -> Self {
        self.event(Event::Secured(Side::Down, Version::V13))
    }

    pub(crate) fn secured_12(self) -> Self {
        self.event(Event::Secured(Side::Down, Version::V12))
    }

    /// The origin's handshake is complete.
    pub(crate) fn up_secured(self) -> Self {
        self.event(Event::Secured(Side::Up, Version::V13))
    }

    pub(crate) fn peeked(self, peeked: Peeked) -> Self {
        self.event(Event::Peeked(peeked))
    }

    pub(crate) fn failed(self, side: Side, cause: Cause) -> Self {
        self.event(Event::Failed(side, cause, Call::Read))
    }

    /// All endpoints are at their limits.
    pub(crate) fn queued(self) -> Self {
        self.event(Event::Queued)
    }

    /// One has room for it.
    pub(crate) fn granted(self) -> Self {
        self.event(Event::Granted)
    }

    /// Another endpoint is tried.
    pub(crate) fn redialled(self) -> Self {
        self.event(Event::Redialled)
    }

    pub(crate) fn connected(self) -> Self {
        self.event(Event::Connected(Origin::Fresh))
    }

    pub(crate) fn reused(self) -> Self {
        self.event(Event::Connected(Origin::Reused))
    }

    pub(crate) fn unconnected(self, cause: Cause) -> Self {
        self.event(Event::Unconnected(Refusal::Failed(cause)))
    }

    pub(crate) fn received(self, side: Side, bytes: u32) -> Self {
        self.event(Event::Received(side, bytes))
    }

    pub(crate) fn decoded(self, side: Side, decoded: Decoded) -> Self {
        self.event(Event::Decoded(side, decoded))
    }

    pub(crate) fn sent(self, side: Side, bytes: u32) -> Self {
        self.event(Event::Sent(side, bytes))
    }

    /// All that waits for the leg is taken.
    pub(crate) fn all_sent(self, side: Side) -> Self {
        let bytes = self.session.interest(side).write;
        self.sent(side, bytes)
    }

    pub(crate) fn close_notify(self, side: Side) -> Self {
        self.event(Event::CloseNotify(side))
    }

    pub(crate) fn fin(self, side: Side) -> Self {
        self.event(Event::Fin(side))
    }

    /// The origin answers with a status for which the request is sent again.
    pub(crate) fn declined(self, status: u16) -> Self {
        self.event(Event::Declined(status))
    }

    /// The origin's kernel took nothing of the request, and its FIN is here.
    pub(crate) fn unaccepted(self) -> Self {
        self.event(Event::Unaccepted).fin(Side::Up)
    }

    /// RST, and the kernel has bytes for the leg that it never acknowledged.
    pub(crate) fn undelivered(self, side: Side) -> Self {
        self.event(Event::Undelivered(side)).reset(side, Call::Poll)
    }

    /// The kernel has a FIN that nobody reads.
    pub(crate) fn hinted(self, side: Side) -> Self {
        self.event(Event::Hinted(side))
    }

    /// RST, as `call` tells it.
    pub(crate) fn reset(self, side: Side, call: Call) -> Self {
        self.event(Event::Failed(side, Cause::Reset, call))
    }

    pub(crate) fn finished(self, side: Side) -> Self {
        self.event(Event::Finished(side))
    }

    pub(crate) fn acked(self, side: Side) -> Self {
        self.event(Event::Acked(side))
    }

    pub(crate) fn drained(self) -> Self {
        self.event(Event::Drained)
    }

    /// Nothing happens until the deadline, which is `timer`'s.
    pub(crate) fn fired(mut self, timer: Timer) -> Self {
        let Some((at, next)) = self.session.deadline() else {
            panic!("no deadline:\n{}", self.text())
        };
        assert_eq!(next, timer, "another timer is due:\n{}", self.text());
        assert!(at >= self.now, "the deadline has passed");
        self.now = at;
        self.event(Event::Fired)
    }
}

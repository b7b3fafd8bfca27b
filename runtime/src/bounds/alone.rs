//! From one state, time alone: what runs out, what the kernels find, and when the last socket is closed.
//!
//! A peer is gone, or there and silent; one that is there reads or does not. Where a peer is gone, our
//! kernel may have taken what was for it or not, and something may have been on its way when it went.

use super::{Bounds, Effort, Hold, Stage, Way, Whom, walk::State};
use crate::config::show_span;
use tidegate_core::{
    ending::Cause,
    event::{Call, Event, Origin},
    interest::Read,
    leg::{Leg, ReadEnd, WriteEnd},
    relay::Relay,
    session::Phase,
    side::Side,
    time::{Span, Time},
    timer::Timer,
    tls,
};

/// More waits than any session has in a row.
const MOST: usize = 64;

/// How a peer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Peer {
    /// There, and takes what it is sent.
    Reads,
    /// There, and takes nothing.
    Stalls,
    /// Gone.
    Gone {
        /// Whether our kernel still takes what is for it.
        takes: bool,
        /// Whether something was not acknowledged when it went.
        owed: bool,
    },
}

const THERE: [Peer; 2] = [Peer::Reads, Peer::Stalls];
const GONE: [Peer; 3] = [
    Peer::Gone {
        takes: true,
        owed: false,
    },
    Peer::Gone {
        takes: true,
        owed: true,
    },
    Peer::Gone {
        takes: false,
        owed: true,
    },
];

impl Peer {
    const fn takes(self) -> bool {
        match self {
            Peer::Reads => true,
            Peer::Stalls => false,
            Peer::Gone { takes, .. } => takes,
        }
    }

    const fn is_gone(self) -> bool {
        matches!(self, Peer::Gone { .. })
    }
}

/// Adds the worst that `state` leads to.
pub(super) fn worst(way: &Way, state: &State, stage: Stage, effort: Effort, bounds: &mut Bounds) {
    let mut all: Vec<(Whom, [Peer; 2])> = Vec::new();
    for gone in GONE {
        all.extend(THERE.map(|there| (Whom::Client, [gone, there])));
    }
    if effort == Effort::Whole {
        for there in THERE {
            if has_origin(state) {
                all.extend(GONE.map(|gone| (Whom::Origin, [there, gone])));
            }
            all.extend(THERE.map(|other| (Whom::Silence, [there, other])));
        }
    }
    let session = &state.session;
    // Whether something may be on its way to a peer, or in its way: not before anything was said, nor
    // once everything is acknowledged.
    let owes = |side: Side| {
        let open = session.leg(side).open();
        state.said[side as usize] && open.is_none_or(|open| open.write != WriteEnd::Acked)
    };
    let possible = |(side, peer): (Side, Peer)| match peer {
        Peer::Reads => true,
        Peer::Gone { takes, owed } => owes(side) || takes && !owed,
        Peer::Stalls => owes(side),
    };
    all.retain(|(_, [down, up])| possible((Side::Down, *down)) && possible((Side::Up, *up)));
    for (whom, peers) in all {
        let hold = Alone::new(way, state, peers).end();
        bounds.add(stage, whom, hold);
    }
}

/// Whether there is an origin that could be gone.
fn has_origin(state: &State) -> bool {
    match state.session.leg(Side::Up) {
        Leg::Connecting | Leg::Securing | Leg::Open(_) => true,
        Leg::Absent | Leg::Queued | Leg::Gone(_) | Leg::Reset(_) => false,
    }
}

/// Time that passes over one session.
struct Alone {
    state: State,
    now: Time,
    peers: [Peer; 2],
    /// When each was last heard of.
    heard: [Time; 2],
    /// Since when something for each has not been acknowledged.
    waiting: [Option<Time>; 2],
    /// Endpoints that are left to be tried.
    tries: u8,
    all_tries: u8,
    /// A wait that has run out and changed nothing: it does so again and again, until another one ends.
    idle: Option<Timer>,
    by: Vec<String>,
}

impl Alone {
    fn new(way: &Way, state: &State, peers: [Peer; 2]) -> Alone {
        let owed = |peer| matches!(peer, Peer::Gone { owed: true, .. });
        Alone {
            state: state.clone(),
            now: Time(0),
            peers,
            heard: [Time(0); 2],
            waiting: peers.map(|peer| owed(peer).then_some(Time(0))),
            tries: way.tries,
            all_tries: way.tries,
            idle: None,
            by: Vec::new(),
        }
    }

    /// How long until it is all over.
    fn end(mut self) -> Hold {
        for _ in 0..MOST {
            self.at_once();
            if self.state.session.is_closed() {
                break;
            }
            self.pass();
        }
        assert!(
            self.state.session.is_closed(),
            "bug: time does not end {:?}",
            self.state.session
        );
        Hold {
            span: self.now.since(Time(0)),
            by: self.by,
        }
    }

    /// What needs no time: what kernels take and acknowledge, and a connect to somebody who is there.
    fn at_once(&mut self) {
        for _ in 0..MOST {
            if self.state.session.is_closed() || !self.one() {
                return;
            }
        }
    }

    /// One step of that; false if there is none.
    fn one(&mut self) -> bool {
        let session = &self.state.session;
        if self.state.dialing
            && *session.leg(Side::Up) == Leg::Connecting
            && !self.peer(Side::Up).is_gone()
        {
            self.heard[Side::Up as usize] = self.now;
            self.tell(Event::Connected(Origin::Fresh));
            return true;
        }
        if *session.leg(Side::Up) == Leg::Securing && self.peer(Side::Up) == Peer::Reads {
            // Who takes what we send shakes hands, and says nothing behind it.
            if self.now > Time(0) {
                self.tell(Event::Secured(Side::Up, tls::Version::V13));
                return true;
            }
        }
        for side in Side::BOTH {
            if self.state.session.leg(side).open().is_some() && self.carry(side) {
                return true;
            }
        }
        false
    }

    /// What a leg's transport does by itself.
    fn carry(&mut self, side: Side) -> bool {
        let session = &self.state.session;
        let (interest, peer) = (session.interest(side), self.peer(side));
        let finishing = session
            .leg(side)
            .open()
            .is_some_and(|open| open.write == WriteEnd::Finishing);
        let open = session.leg(side).open();
        if let (Some(ReadEnd::Draining(cause)), true) =
            (open.map(|open| open.read), interest.read != Read::Off)
        {
            // It has failed: there is nothing left to be read but that.
            self.tell(Event::Failed(side, cause, Call::Read));
        } else if interest.write > 0 && peer.takes() {
            self.owe(side);
            self.tell(Event::Sent(side, interest.write));
        } else if finishing && session.observes_writes(side) {
            self.owe(side);
            self.tell(Event::Finished(side));
        } else if interest.acked && peer == Peer::Reads {
            self.heard[side as usize] = self.now;
            self.tell(Event::Acked(side));
        } else {
            return false;
        }
        true
    }

    fn peer(&self, side: Side) -> Peer {
        self.peers[side as usize]
    }

    /// Something is on its way to somebody who is gone.
    fn owe(&mut self, side: Side) {
        if self.peer(side).is_gone() {
            self.waiting[side as usize].get_or_insert(self.now);
        }
    }

    fn tell(&mut self, event: Event) {
        let dialed = self.state.dialing;
        self.state.tell(self.now, event);
        if self.state.dialing && !dialed {
            self.tries = self.all_tries;
        }
    }

    /// The next moment at which something happens by itself.
    fn pass(&mut self) {
        let session = &self.state.session;
        let verdict = Side::BOTH
            .into_iter()
            .filter_map(|side| Some((self.verdict(side)?, side)))
            .min_by_key(|(at, _)| *at);
        let deadline = session.deadline();
        match (verdict, deadline) {
            (Some((at, side)), due) if due.is_none_or(|(due, _)| at <= due) => {
                self.now = self.now.max(at);
                self.idle = None;
                self.bury(side);
            }
            (_, Some((at, timer))) => {
                let others = Timer::ALL.into_iter().filter(|other| *other != timer);
                let others = others.filter_map(|other| session.timers().at(other));
                let next = others.chain(verdict.map(|(at, _)| at)).min();
                let until = next.filter(|_| self.idle == Some(timer)).unwrap_or(at);
                self.now = self.now.max(until);
                if timer == Timer::Connect && self.tries > 1 {
                    self.tries -= 1;
                    self.say(timer);
                    self.tell(Event::Redialled);
                } else {
                    let before = self.shape();
                    self.say(timer);
                    self.tell(Event::Fired);
                    self.idle = (self.shape() == before).then_some(timer);
                    if self.idle.is_some() {
                        self.by.pop();
                    }
                }
            }
            (Some(_), None) | (None, None) => panic!("bug: nothing ends {session:?}"),
        }
    }

    /// All of the session but its waits.
    fn shape(&self) -> (Phase, [Leg; 2], [Relay; 2]) {
        let session = &self.state.session;
        (
            session.phase().clone(),
            Side::BOTH.map(|side| session.leg(side).clone()),
            Side::BOTH.map(|side| session.from(side).clone()),
        )
    }

    fn say(&mut self, timer: Timer) {
        let span = self.state.session.bound(timer).unwrap_or_default();
        self.by.push(format!("{timer} {}", show_span(span)));
    }

    /// When the kernel finds that the peer of `side` is gone.
    fn verdict(&self, side: Side) -> Option<Time> {
        let session = &self.state.session;
        let told = match session.leg(side) {
            Leg::Open(_) => session.observes_writes(side),
            Leg::Securing => true,
            Leg::Absent | Leg::Queued | Leg::Connecting | Leg::Gone(_) | Leg::Reset(_) => false,
        };
        if !self.peer(side).is_gone() || !told {
            return None;
        }
        let vigil = session.vigil(side)?;
        Some(match self.waiting[side as usize] {
            // Linux asks nothing while there is something to send again.
            Some(since) => since + vigil.unacked.unwrap_or(RETRIES),
            None => self.heard[side as usize] + vigil.given_up(),
        })
    }

    fn bury(&mut self, side: Side) {
        let session = &self.state.session;
        let name = match (side, self.waiting[side as usize]) {
            (Side::Down, Some(_)) => "D user timeout",
            (Side::Down, None) => "D keepalive",
            (Side::Up, Some(_)) => "U user timeout",
            (Side::Up, None) => "U keepalive",
        };
        self.by.push(name.to_owned());
        let securing = *session.leg(side) == Leg::Securing;
        let call = match securing || session.interest(side).read != Read::Off {
            true => Call::Read,
            false => Call::Poll,
        };
        self.tell(Event::Failed(side, Cause::TimedOut, call));
    }
}

/// How long Linux sends again what nobody acknowledges, if it is not told otherwise: about so long with
/// `tcp_retries2` at 15.
const RETRIES: Span = Span::from_secs(924);

//! Which events a driver could deliver now: those that the session's interest, its orders and its
//! deadline allow, and no others (`runtime/src/driver.rs`).
//!
//! It never knows what the events mean.

use tidegate_core::{
    event::{Call, Decoded, Event, Head, Want},
    interest::Read,
    leg::{Leg, WriteEnd},
    session::{Kind, Phase, Session},
    side::Side,
    time::Time,
};

/// The most that framing adds to a piece of a body.
const FRAMING: u32 = 16;

/// What the network has delivered so far.
#[derive(Default)]
pub(crate) struct Network {
    /// By side: bytes read and not yet understood.
    left: [u32; 2],
    /// Bytes in the relay that the event fills, before it.
    inside: u32,
}

impl Network {
    /// Asserts that `event` could be delivered now.
    pub(crate) fn tells(&mut self, now: Time, event: &Event, session: &Session) {
        if let Some((at, timer)) = session.deadline() {
            assert!(now <= at, "{timer} would have fired before {event:?}");
        }
        match *event {
            Event::Accepted => assert_eq!(session.phase(), &Phase::New),
            Event::Introduced | Event::Rejected(_) => {
                assert_eq!(session.phase(), &Phase::ProxyHeader);
            }
            Event::Secured(side, _) => assert_eq!(session.leg(side), &Leg::Securing),
            Event::Granted => assert_eq!(session.leg(Side::Up), &Leg::Queued),
            Event::Queued | Event::Redialled | Event::Connected(_) | Event::Unconnected(_) => {
                assert_eq!(session.leg(Side::Up), &Leg::Connecting);
            }
            Event::Received(side, bytes) => self.receives(session, side, bytes),
            Event::Piped(side, _) => assert!(session.may_pipe(side), "somebody looks at it"),
            Event::Copied(side) => assert_eq!(session.from(side).bytes(), 0),
            Event::Decoded(side, decoded) => self.looks(session, side, decoded),
            Event::Refused(side, _) => assert_ne!(read(session, side), Read::Off),
            Event::Declined(_) => {
                assert_ne!(read(session, Side::Up), Read::Off);
                assert!(session.may_retry(), "it cannot be sent again");
            }
            Event::Sent(side, bytes) => {
                let most = session.interest(side).write;
                assert!(most > 0, "nothing waits for {side}");
                assert!(bytes <= most, "{bytes} of {most} bytes taken");
                let secured = session.leg(side).open().is_some_and(|open| open.tls);
                assert!(bytes > 0 || secured, "a plain write takes something");
            }
            Event::Fin(side) if session.leg(side) == &Leg::Securing => {}
            Event::CloseNotify(side) | Event::Fin(side) => {
                assert_ne!(read(session, side), Read::Off, "{side} is not read");
                assert_eq!(session.interest(side).decode, None, "{side} is decoded");
            }
            Event::Unaccepted => assert!(session.asks_if_accepted(), "nobody asks"),
            Event::Undelivered(side) => assert!(session.asks_if_delivered(side), "nobody asks"),
            Event::Failed(side, _, call) => fails(session, side, call),
            Event::Hinted(side) => assert!(session.leg(side).open().is_some()),
            Event::Finished(side) => assert!(finishing(session, side), "nobody finishes {side}"),
            Event::Acked(side) => assert!(session.interest(side).acked, "nobody asks"),
            Event::Fired => {
                let deadline = session.deadline().map(|(at, _)| at);
                assert_eq!(deadline, Some(now), "not the deadline");
            }
            Event::Peeked(_) => assert_eq!(session.phase(), &Phase::Peeking),
            Event::Routed(_)
            | Event::Evicted
            | Event::Drained
            | Event::DrainExpired
            | Event::Killed(_) => {}
        }
    }

    /// Asserts that the session counts what the network delivered.
    pub(crate) fn told(&mut self, event: &Event, session: &Session) {
        if let Event::Declined(_) = *event {
            self.left[Side::Up as usize] = 0;
        }
        if let Event::Decoded(side, decoded) = *event {
            self.left[side as usize] = decoded.left;
            let inside = session.from(side).bytes();
            let refused = decoded.head != Head::None && inside == 0;
            assert!(
                refused || inside == self.inside + decoded.bytes,
                "{inside} bytes inside"
            );
        }
    }

    fn receives(&mut self, session: &Session, side: Side, bytes: u32) {
        assert!(matches!(session.phase(), Phase::Tunnel | Phase::Peeking));
        let left = &mut self.left[side as usize];
        let room = match (session.interest(side).decode, read(session, side)) {
            // W1: what was read with a head goes first.
            (Some(room), _) => {
                let first = room.min(*left);
                *left -= bytes;
                first
            }
            (None, Read::Take(room)) => room,
            (None, Read::Off | Read::Discard) => panic!("{side} is not read"),
        };
        assert!(0 < bytes && bytes <= room, "{bytes} bytes into {room}");
    }

    /// A look either follows a read, or interest in what was read before; the latter goes first.
    fn looks(&mut self, session: &Session, side: Side, decoded: Decoded) {
        assert_eq!(session.setup().kind, Kind::Http);
        self.inside = session.from(side).bytes();
        let before = self.left[side as usize];
        let room = match (session.interest(side).decode, read(session, side)) {
            (Some(room), _) => {
                assert!(decoded.left < before, "a second look finds something");
                room
            }
            (None, Read::Take(most)) => {
                let read = decoded.left.saturating_sub(before);
                assert!(read <= most, "{read} bytes read of {most}");
                session.from(side).room()
            }
            (None, Read::Off | Read::Discard) => panic!("{side} is not read for this"),
        };
        if decoded.head == Head::None {
            assert!(decoded.bytes <= room + FRAMING, "no room for {decoded:?}");
        }
        if decoded.want == Want::Room {
            let full = decoded.bytes >= room;
            assert!(decoded.left > 0 && full, "there was room for {decoded:?}");
        }
    }
}

fn read(session: &Session, side: Side) -> Read {
    session.interest(side).read
}

fn finishing(session: &Session, side: Side) -> bool {
    let ordered = |open: &tidegate_core::leg::Open| open.write == WriteEnd::Finishing;
    session.leg(side).open().is_some_and(ordered) && session.observes_writes(side)
}

fn fails(session: &Session, side: Side, call: Call) {
    if session.leg(side) == &Leg::Securing {
        return;
    }
    let seen = match call {
        Call::Read => read(session, side) != Read::Off,
        Call::Write => session.interest(side).write > 0,
        Call::Poll => session.observes_faults(side) || session.interest(side).acked,
        Call::Finish => finishing(session, side),
    };
    assert!(seen, "nobody would hear of {side}'s {call:?}");
}

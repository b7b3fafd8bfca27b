//! What a look at a leg's unread bytes is told as, where no body was carried.

use super::wire::count;
use tidegate_core::{
    event::{Decoded, Event, Head, Want},
    http1::{Delivery, Framing, Version},
    side::Side,
};

/// How an interim response is passed on: it has no body, and says nothing of the connection.
pub(super) const INTERIM: Delivery = Delivery {
    framing: Framing::None,
    close: false,
    keep_alive: false,
    announced: 0,
    version: Version::Http11,
};

/// A response's head with nothing behind it that would be looked at in the same way: an interim one,
/// or the last one before a tunnel.
pub(super) fn alone(head: Head, bytes: usize, rest: &[u8]) -> Event {
    decoded(Side::Up, head, count(bytes), Want::Turn, rest)
}

/// What was read belongs to a message whose turn has not come.
pub(super) fn kept(side: Side, rest: &[u8]) -> Event {
    decoded(side, Head::None, 0, Want::Turn, rest)
}

/// A head that is not complete: more bytes, nothing else, can complete it.
pub(super) fn partial(side: Side, rest: &[u8]) -> Event {
    decoded(side, Head::None, 0, Want::Bytes, rest)
}

/// A request that is complete with its head.
pub(super) fn whole(head: Head, bytes: usize, rest: &[u8]) -> Event {
    let understood = Decoded {
        head,
        bytes: count(bytes),
        complete: true,
        left: count(rest.len()),
        want: Want::Turn,
    };
    Event::Decoded(Side::Down, understood)
}

fn decoded(side: Side, head: Head, bytes: u32, want: Want, rest: &[u8]) -> Event {
    let understood = Decoded {
        head,
        bytes,
        complete: false,
        left: count(rest.len()),
        want,
    };
    Event::Decoded(side, understood)
}

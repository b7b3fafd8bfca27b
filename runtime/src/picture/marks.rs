//! What a row has to show: an arrow between a peer and the proxy, or a word inside. First what happened,
//! then each order that a peer will notice.
//!
//! Pure.

use super::rows::Row;
use tidegate_core::side::Side;

/// One line of the picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) kind: Kind,
    pub(super) word: String,
}

/// What it is drawn as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Something between the proxy and whom it faces on this side.
    Arrow(Side, Way, Weight),
    /// Something of the proxy's own.
    Inside,
    /// The last word on a session.
    End,
}

/// From whom to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    In,
    Out,
}

/// What an arrow carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    /// So many bytes.
    Bytes(u64),
    /// Nothing that is read: a handshake, an acknowledgement, an order.
    Word,
    /// The end of a direction.
    Fin,
    /// The end of a connection, with whatever was on its way.
    Reset,
}

/// The lines of a row, the event's first.
pub(super) fn of(row: &Row) -> Vec<Mark> {
    let mut marks = vec![event(row)];
    marks.extend(row.orders.iter().filter_map(|text| order(text)));
    marks
}

fn event(row: &Row) -> Mark {
    let Some(side) = row.side else {
        let word = row.event.clone();
        return Mark {
            kind: Kind::Inside,
            word,
        };
    };
    let (first, rest) = row.event.split_once(' ').unwrap_or((&row.event, ""));
    let bytes = rest.parse().unwrap_or(0);
    let (way, weight) = match first {
        "received" | "message" | "body" | "head" | "interim" => (Way::In, Weight::Bytes(bytes)),
        "sent" => (Way::Out, Weight::Bytes(bytes)),
        "finished" => (Way::Out, Weight::Fin),
        "fin" | "close_notify" => (Way::In, Weight::Fin),
        "reset" => (Way::In, Weight::Reset),
        // An order of ours, and nothing that the peer said.
        "queued" | "granted" | "piped" | "copied" | "redialled" | "no" | "busy" | "routed"
        | "configured" | "too" => return inside(row),
        _ => (Way::In, Weight::Word),
    };
    Mark {
        kind: Kind::Arrow(side, way, weight),
        word: row.event.clone(),
    }
}

fn inside(row: &Row) -> Mark {
    Mark {
        kind: Kind::Inside,
        word: row.event.clone(),
    }
}

/// What a peer, or whoever reads, should see of an order; timers have their bars, and what is to be sent is seen
/// when it is.
fn order(text: &str) -> Option<Mark> {
    if let Some(ending) = text.strip_prefix("end ") {
        return Some(Mark {
            kind: Kind::End,
            word: ending.to_owned(),
        });
    }
    let (side, word) = match text.split_once(' ')? {
        ("D", word) => (Side::Down, word),
        ("U", word) => (Side::Up, word),
        _ => return None,
    };
    let weight = match word.split(' ').next()? {
        "reset" | "abort" => Weight::Reset,
        "connect" | "close" | "reply" | "alert" | "park" | "retire" | "cancel" => Weight::Word,
        _ => return None,
    };
    Some(Mark {
        kind: Kind::Arrow(side, Way::Out, weight),
        word: word.to_owned(),
    })
}

//! The reference: what must have come of a tunnel, worked out afresh from its whole history by
//! rules that fit on a page. It keeps every byte.

use tidegate_core::{
    event::{Call, Event},
    side::Side,
};

/// How a direction has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Clean,
    /// Cut, or failed: the other leg must see an abort.
    Unclean,
}

/// All that has happened, and the bytes of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    /// Whether the client's leg is TLS; the origin's is not.
    pub(crate) tls: bool,
    pub(crate) events: Vec<Event>,
    /// What each peer sent, as far as it was read to be passed on.
    pub(crate) sent: [Vec<u8>; 2],
    /// What each peer got.
    pub(crate) got: [Vec<u8>; 2],
    /// Whether something that a peer sent was read and thrown away.
    pub(crate) lost: [bool; 2],
}

impl History {
    /// What waits for `side`.
    pub(crate) fn waiting(&self, side: Side) -> &[u8] {
        &self.sent[side.other() as usize][self.got[side as usize].len()..]
    }

    fn is_tls(&self, side: Side) -> bool {
        self.tls && side == Side::Down
    }

    /// How the direction from `side` has ended: the first rule that speaks.
    pub(crate) fn ended(&self, side: Side) -> Option<Ended> {
        let tls = self.is_tls(side);
        let mut said_all = false;
        let mut failed = None;
        for (at, event) in self.events.iter().enumerate() {
            match *event {
                // Authentic: nothing that happens to the transport takes it back, once what this
                // peer had to hear was told too (T13).
                Event::CloseNotify(of) if of == side => {
                    let lost = |then: History| !then.is_told(side) || then.is_undelivered(side);
                    if failed.is_some_and(|at| lost(self.before(at))) {
                        return Some(Ended::Unclean);
                    }
                    failed = None;
                    said_all = true;
                }
                Event::Fin(of) if of == side => {
                    let clean = failed.is_none() && (said_all || !tls);
                    if !clean && !said_all {
                        return Some(Ended::Unclean);
                    }
                    said_all = true;
                }
                Event::Failed(of, _, call) if of == side => {
                    let harmless = said_all && self.before(at).is_heard(side);
                    let reads_on = !said_all && call != Call::Read;
                    match (harmless, reads_on) {
                        (true, _) => {}
                        (false, true) => failed = Some(at),
                        (false, false) => return Some(Ended::Unclean),
                    }
                }
                _ => {}
            }
        }
        said_all.then_some(Ended::Clean)
    }

    /// Whether a failure of this leg has been told, whatever came before it.
    pub(crate) fn has_failed(&self, side: Side) -> bool {
        self.events
            .iter()
            .any(|event| matches!(event, Event::Failed(of, ..) if *of == side))
    }

    /// R13: the peer has heard all that it will ever hear, its end included.
    fn is_heard(&self, side: Side) -> bool {
        let heard = self.events.contains(&Event::Acked(side));
        let owed = self.is_tls(side) && !self.is_undelivered(side);
        (heard || owed) && self.is_told(side)
    }

    /// R14: more than our last word was not acknowledged.
    fn is_undelivered(&self, side: Side) -> bool {
        self.events.contains(&Event::Undelivered(side))
    }

    /// Whether the peer was told everything, and its end ordered.
    fn is_told(&self, side: Side) -> bool {
        let clean = self.ended(side.other()) == Some(Ended::Clean);
        clean && self.waiting(side).is_empty()
    }

    /// The history up to an event, with the bytes of then.
    fn before(&self, at: usize) -> History {
        let mut history = History {
            tls: self.tls,
            events: self.events[..at].to_vec(),
            sent: self.sent.clone(),
            got: self.got.clone(),
            lost: self.lost,
        };
        for side in Side::BOTH {
            let count = |wanted: fn(&Event) -> Option<(Side, u32)>| -> usize {
                let of = history.events.iter().filter_map(wanted);
                of.filter(|(of, _)| *of == side)
                    .map(|(_, n)| usize::try_from(n).unwrap())
                    .sum()
            };
            let (sent, got) = (count(received), count(taken));
            history.sent[side as usize].truncate(sent);
            history.got[side as usize].truncate(got);
        }
        history
    }
}

fn received(event: &Event) -> Option<(Side, u32)> {
    match event {
        Event::Received(side, n) => Some((*side, *n)),
        _ => None,
    }
}

fn taken(event: &Event) -> Option<(Side, u32)> {
    match event {
        Event::Sent(side, n) => Some((*side, *n)),
        _ => None,
    }
}

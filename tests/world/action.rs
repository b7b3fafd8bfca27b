//! What a driver may do next to one session.

use super::World;
use tidegate_core::{
    ending::Cause,
    event::{Call, Event},
    side::Side,
};

/// Something that the driver may do next.
#[allow(
    clippy::large_enum_variant,
    reason = "it is copied, and few live at a time"
)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Action {
    /// It tells of an event.
    Tell(Event),
    /// It reads so many bytes of HTTP and looks at them.
    Fill(Side, u8),
    /// It looks again at what it has read.
    Look(Side),
    /// It reads a byte and throws it away.
    Discard(Side),
    /// It tells of a failure or a deadline, and first that it takes bytes of a leg with it.
    Lose(Side, Event),
}

impl Action {
    /// Whether this may come again and again and change nothing: each time something was taken, or
    /// time has passed that another wait bounds.
    pub(crate) fn is_nothing(self) -> bool {
        matches!(
            self,
            Action::Tell(Event::Sent(_, 0) | Event::Hinted(_) | Event::Fired)
        )
    }

    /// Whether a peer or a network may leave this out for ever.
    pub(crate) fn is_fault(self) -> bool {
        match self {
            Action::Tell(Event::Failed(_, Cause::Tls, Call::Read)) => true,
            Action::Tell(event) => matches!(
                event,
                Event::Failed(..)
                    | Event::Drained
                    | Event::DrainExpired
                    | Event::Killed(_)
                    | Event::Fired
                    | Event::Evicted
                    | Event::Hinted(_)
                    | Event::Piped(..)
                    | Event::Copied(_)
                    | Event::Sent(_, 0)
            ),
            Action::Lose(..) => true,
            Action::Fill(..) | Action::Look(_) | Action::Discard(_) => false,
        }
    }
}

impl World {
    /// The failures and deadlines among `actions` that may take with them what was said before our
    /// last word: the driver tells of both in one breath (R14).
    pub(super) fn losses(&self, actions: &[Action]) -> Vec<Action> {
        let loses = |side: Side| {
            let asked = self.session.asks_if_delivered(side);
            let due = self.session.is_about_to_give_up(side);
            actions.iter().filter_map(move |action| match action {
                Action::Tell(event @ Event::Failed(of, ..)) if asked && *of == side => {
                    Some(Action::Lose(side, *event))
                }
                Action::Tell(Event::Fired) if asked && due => {
                    Some(Action::Lose(side, Event::Fired))
                }
                _ => None,
            })
        };
        Side::BOTH.into_iter().flat_map(loses).collect()
    }
}

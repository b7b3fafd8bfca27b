//! What a driver may do next to one session.

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
                    | Event::Fired
                    | Event::Evicted
                    | Event::Hinted(_)
                    | Event::Piped(..)
                    | Event::Copied(_)
                    | Event::Sent(_, 0)
            ),
            Action::Fill(..) | Action::Look(_) | Action::Discard(_) => false,
        }
    }
}

//! What holds the bytes of a direction: memory, or a pipe of the kernel's that they pass through
//! unseen (SIMULATION 5.4).
//!
//! It decides what may be piped, not what should be. It never sees a pipe.

use super::{Phase, Session};
use crate::{
    bug,
    exchange::{Request, Response},
    http1::BodyKind,
    relay::Lane,
    side::Side,
    variant::bad,
};

impl Session {
    /// Whether what this leg says may go through a pipe: nobody has to look at it, write it anew or
    /// keep it (U02), and nothing is inside.
    #[must_use]
    pub fn may_pipe(&self, side: Side) -> bool {
        let nobody_looks = match (&self.phase, side) {
            (Phase::Tunnel, _) => self.unread(side) == 0,
            (Phase::Exchange(exchange), Side::Down) => {
                exchange.request == Request::Body && !exchange.can_be_repeated()
            }
            (Phase::Exchange(exchange), Side::Up) => match exchange.response {
                Response::Body(BodyKind::Length(_) | BodyKind::Close) => true,
                Response::Body(BodyKind::Chunked | BodyKind::None)
                | Response::Waiting
                | Response::Complete
                | Response::Broken => false,
            },
            (
                Phase::New
                | Phase::ProxyHeader
                | Phase::Securing
                | Phase::Peeking
                | Phase::Idle(_)
                | Phase::Closing
                | Phase::Closed,
                _,
            ) => false,
        };
        nobody_looks && self.from(side).bytes() == 0
    }

    pub(super) fn piped(&mut self, side: Side, most: u32) {
        if !self.may_pipe(side) || most == 0 {
            bug!("a pipe where somebody has to look")
        }
        if bad!(self.setup, PipeRefilled).is_some() {
            return;
        }
        self.relay_from_mut(side).switch(Lane::Piped(most));
    }
}

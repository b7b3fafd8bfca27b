//! What the knobs of LIFECYCLE 4.12 excuse: where an operator has asked for it, an end may be said
//! that nobody has said before, or a leg be reset that nothing has happened to.

use super::{World, shape::Shape, wire::Truth};
use tidegate_core::{
    session::{ClientFin, OnIdle, TunnelClose},
    side::Side,
    tls::{HalfClose, Version},
};

impl World {
    /// T02, strict: the client has ended, and what comes for it is nobody's.
    pub(super) fn by_the_letter(&self, shape: &Shape) -> bool {
        let strict = shape.setup.policy.tls12_half_close == HalfClose::Strict;
        strict && shape.version == Version::V12 && self.wire(Side::Down).ended
    }

    /// RFC 9110, 9.3.6: `side` has ended a tunnel, and the other one was told.
    fn has_closed(&self, shape: &Shape, side: Side) -> bool {
        let both = shape.setup.policy.tunnel_close == TunnelClose::Both;
        let closed = self.wire(side).ended && self.wire(side.other()).finish;
        both && shape.is_http() && self.tunnel && closed
    }

    /// R24, `finish`.
    fn ends_idle(&self, shape: &Shape) -> bool {
        self.idled && shape.setup.policy.idle == OnIdle::Finish
    }

    /// Whether both legs were finished, and only wait for their peers' last word.
    pub(super) fn is_shut(&self, shape: &Shape) -> bool {
        let closed = |side| self.has_closed(shape, side);
        Side::BOTH.into_iter().any(closed) || self.ends_idle(shape)
    }

    /// Whether `side` may be finished although its source has not ended.
    pub(super) fn may_be_finished(&self, shape: &Shape, side: Side) -> bool {
        self.by_the_letter(shape) && side == Side::Down
            || self.has_closed(shape, side)
            || self.ends_idle(shape)
    }

    /// Whether what `side` says is nobody's.
    pub(super) fn is_unheard(&self, shape: &Shape, side: Side) -> bool {
        self.by_the_letter(shape) && side == Side::Up
            || self.has_closed(shape, side.other())
            || self.ends_idle(shape)
    }

    /// Whether `side` may be reset although nothing was broken.
    pub(super) fn may_be_reset(&self, shape: &Shape, side: Side) -> bool {
        let cancelled = shape.setup.policy.client_fin == ClientFin::Cancel
            && !self.tunnel
            && self.wire(Side::Down).told >= Truth::Clean;
        let letter = self.by_the_letter(shape) && side == Side::Up;
        cancelled || letter || self.idled || self.gives_up()
    }
}

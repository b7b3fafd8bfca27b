//! How a session begins: the PROXY header of whoever stands before us, the TLS handshake, and then
//! what it is for.
//!
//! Until all of that is over nothing is dialled, nothing of the client's is inside, and an end is the
//! end of the session. What comes behind the header was not read with it: the driver reads no further
//! than the header needs.

use super::{Idle, Kind, Phase, Session};
use crate::{
    bug,
    effect::Effects,
    ending::{By, Cause, How, Rejection},
    leg::Leg,
    side::Side,
    timer::Timer,
    tls::{HalfClose, Version},
};

impl Session {
    pub(super) fn accepted(&mut self, effects: &mut Effects) {
        if !matches!(self.phase, Phase::New) {
            bug!("a session is accepted once")
        }
        if self.setup.proxy_header {
            self.down = Leg::Securing;
            self.phase = Phase::ProxyHeader;
        } else {
            self.open(effects);
        }
    }

    /// The PROXY header is complete, and its client is welcome.
    pub(super) fn introduced(&mut self, effects: &mut Effects) {
        if self.phase != Phase::ProxyHeader {
            bug!("a PROXY header that nobody waits for")
        }
        // The handshake has all of its time.
        self.timers.restart(Timer::Tls);
        self.open(effects);
    }

    /// 4.8: no PROXY header, or one whose client is not let in. RST: nobody has spoken yet, so there is
    /// no protocol to say it in.
    pub(super) fn rejected(&mut self, why: Rejection, effects: &mut Effects) {
        if self.phase != Phase::ProxyHeader {
            bug!("a PROXY header that nobody waits for")
        }
        let by = match why {
            Rejection::ProxyHeaderMissing => By::Client,
            Rejection::LimitConnections
            | Rejection::AccessDenied
            | Rejection::ProxyHeaderUntrusted => By::Proxy,
        };
        let cause = Cause::Rejected(why);
        self.note(How::Abort(cause), by);
        self.drop_unrouted(cause, effects);
    }

    fn open(&mut self, effects: &mut Effects) {
        if self.setup.down_tls {
            self.down = Leg::Securing;
            self.phase = Phase::Securing;
        } else if self.setup.passthrough {
            self.down = Leg::opened(false);
            self.phase = Phase::Peeking;
        } else {
            self.down = Leg::opened(false);
            self.begin(effects);
        }
    }

    pub(super) fn secured(&mut self, side: Side, version: Version, effects: &mut Effects) {
        let early = side == Side::Down && self.phase == Phase::ProxyHeader;
        if *self.leg(side) != Leg::Securing || early {
            bug!("a handshake that nobody began")
        }
        *self.leg_mut(side) = Leg::opened(true);
        match side {
            Side::Down => {
                // RFC 8446, 6.1: each direction of TLS 1.3 has its own end; no policy about that.
                if version == Version::V13 {
                    self.setup.policy.tls12_half_close = HalfClose::Deliver;
                }
                self.begin(effects);
            }
            Side::Up => self.timers.restart(Timer::Response),
        }
    }

    fn begin(&mut self, effects: &mut Effects) {
        match self.setup.kind {
            Kind::Http => self.phase = Phase::Idle(Idle::Fresh),
            Kind::Tcp => {
                self.phase = Phase::Tunnel;
                self.connect(effects);
            }
        }
    }
}

//! The session's last word: which of the ends that were seen it will tell.

use super::{Kind, Phase, Session};
use crate::{
    ending::{By, Cause, During, End, Ending, How},
    exchange::Request,
    side::Side,
};

impl Session {
    /// Its last word, or what that would be now.
    #[inline]
    #[must_use]
    pub fn last_word(&self) -> Option<Ending> {
        self.ending
    }

    /// Whether an end was seen that was not clean: it will be the last word.
    #[inline]
    #[must_use]
    pub fn went_wrong(&self) -> bool {
        self.ending.is_some_and(|ending| ending.how != How::Clean)
    }

    /// The session's present concern, for its last word.
    pub(super) fn during(&self) -> During {
        match &self.phase {
            Phase::ProxyHeader => During::ProxyHeader,
            Phase::New | Phase::Securing | Phase::Peeking => During::Handshake,
            Phase::Idle(_) => During::Idle,
            Phase::Exchange(exchange) => match exchange.request {
                Request::Head => During::Head,
                Request::Body | Request::Complete | Request::Gone => During::Exchange,
            },
            Phase::Tunnel if self.up.is_coming() => During::Connect,
            Phase::Tunnel => During::Tunnel,
            Phase::Closing | Phase::Closed => During::Closing,
        }
    }

    /// Remembers an end for the last word: the first one, or the first that is not clean.
    pub(super) fn note(&mut self, how: How, by: By) {
        let ending = Ending {
            how,
            by,
            during: self.during(),
        };
        match self.ending {
            None => self.ending = Some(ending),
            Some(Ending {
                how: How::Clean,
                by: first,
                during: during @ (During::Tunnel | During::Connect),
            }) if how == How::Clean && first != by && by != By::Proxy => {
                self.ending = Some(Ending {
                    how,
                    by: By::Both,
                    during,
                });
            }
            // What happens while we close is not why we close.
            Some(Ending {
                how: How::Clean, ..
            }) if how != How::Clean && ending.during != During::Closing => {
                self.ending = Some(ending);
            }
            Some(_) => {}
        }
    }

    /// G9: a leg was cut. That is the last word, unless something worse than a clean end was seen
    /// before: also where we were closing already.
    pub(super) fn note_cut(&mut self, cause: Cause, during: During) {
        let clean = self.ending.is_none_or(|ending| ending.how == How::Clean);
        if clean {
            self.ending = Some(Ending {
                how: How::Abort(cause),
                by: By::Proxy,
                during,
            });
        }
    }

    pub(super) fn note_end(&mut self, side: Side) {
        let http_up = side == Side::Up && self.kind() == Kind::Http;
        // An origin that closes after its message ends nothing of ours (U09).
        if let (Some(end), false) = (self.leg(side).end(), http_up) {
            let how = match end {
                End::Clean => How::Clean,
                End::Truncated => How::Truncated,
                End::Abort(cause) => How::Abort(cause),
            };
            self.note(how, by(side));
        }
    }

    pub(super) fn note_failure(&mut self, side: Side, cause: Cause) {
        if side == Side::Down || self.kind() == Kind::Tcp {
            #[cfg(feature = "known-bad")]
            if crate::variant::bad!(self.setup, BlamesTheOther).is_some() {
                return self.note(How::Abort(cause), by(side.other()));
            }
            self.note(How::Abort(cause), by(side));
        }
    }
}

/// Who is at the other end of a leg.
const fn by(side: Side) -> By {
    match side {
        Side::Down => By::Client,
        Side::Up => By::Origin,
    }
}

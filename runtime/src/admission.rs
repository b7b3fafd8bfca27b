//! Who is let in, for all workers of the process: an operator's limits are the process's.
//!
//! It owns the counts, which whoever is let in holds a part of for as long as it lives. A connection
//! costs a few atomic operations, and one lock among many where sources are counted; a request costs one
//! where its rate is. What is not configured costs nothing. It waits for nothing but a seat.

mod seats;
mod sources;

pub use self::seats::{Pause, Seats};
use self::sources::{Counts, Tables};
use crate::config::Access;
use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    task::{Context, Poll},
};
use tidegate_core::{
    ending::Rejection,
    source::Source,
    time::{Span, Time},
};

/// Who is let in at one listener.
#[derive(Debug)]
pub struct Admission {
    access: Access,
    /// Seats of the whole process.
    process: Arc<Seats>,
    own: Option<Arc<Seats>>,
    counts: Option<Counts>,
    rates: Option<Tables>,
}

/// A connection's part in what is counted; dropped, it is counted no longer.
#[derive(Debug)]
pub struct Admitted {
    admission: Arc<Admission>,
    /// Where sources are counted.
    source: Option<Box<Source>>,
    /// Whether there was a connection for it.
    used: bool,
}

impl Admission {
    /// That of the listener `name`, which nobody has come to. `seed` is nobody else's to know.
    #[must_use]
    pub fn new(name: &str, access: Access, process: Arc<Seats>, seed: u64) -> Arc<Admission> {
        let own = access.connections.map(|most| {
            let most = usize::try_from(most).unwrap_or(usize::MAX);
            Seats::new(most, Pause::Listener(name.into()))
        });
        Arc::new(Admission {
            process,
            own,
            counts: access.per_source.map(|most| Counts::new(most, seed)),
            rates: access.rate.map(|quota| Tables::new(quota, seed)),
            access,
        })
    }

    /// That of a listener that lets everybody in.
    #[must_use]
    pub fn open() -> Arc<Admission> {
        Admission::new("", Access::default(), Seats::unlimited(), 0)
    }

    /// Takes a seat at the listener and one of the process. Pending as long as there is none; whoever
    /// leaves wakes the caller.
    pub fn poll_seat(self: &Arc<Self>, cx: &mut Context<'_>) -> Poll<Admitted> {
        if let Some(own) = &self.own
            && own.poll_take(cx).is_pending()
        {
            return Poll::Pending;
        }
        if self.process.poll_take(cx).is_pending() {
            if let Some(own) = &self.own {
                own.give_back(false);
            }
            return Poll::Pending;
        }
        Poll::Ready(Admitted {
            admission: Arc::clone(self),
            source: None,
            used: false,
        })
    }

    /// The seats of the process.
    #[must_use]
    pub fn process(&self) -> &Seats {
        &self.process
    }

    /// Whether the connection must begin with a PROXY header.
    #[must_use]
    pub fn wants_header(&self) -> bool {
        self.access.proxied_by.is_some()
    }

    /// Looks at whoever has connected. Where a PROXY header is to come, only whether that would be
    /// believed; its client is looked at once it is known.
    ///
    /// # Errors
    ///
    /// Why it is not let in.
    pub fn meet(&self, admitted: &mut Admitted, peer: IpAddr) -> Result<(), Rejection> {
        match &self.access.proxied_by {
            Some(trusted) if trusted.contain(peer) => Ok(()),
            Some(_) => Err(Rejection::ProxyHeaderUntrusted),
            None => self.admit(admitted, peer),
        }
    }

    /// Looks at a client: whether its address is let in, and whether its source has not too many
    /// connections already.
    ///
    /// # Errors
    ///
    /// Why it is not let in.
    pub fn admit(&self, admitted: &mut Admitted, client: IpAddr) -> Result<(), Rejection> {
        let Access { allow, deny, .. } = &self.access;
        let allowed = allow.as_ref().is_none_or(|allow| allow.contain(client));
        if !allowed || deny.contain(client) {
            return Err(Rejection::AccessDenied);
        }
        let Some(counts) = &self.counts else {
            return Ok(());
        };
        let source = Source::of(client);
        if !counts.take(source) {
            return Err(Rejection::LimitConnections);
        }
        admitted.source = Some(Box::new(source));
        Ok(())
    }

    /// Whether a client may ask once more now.
    ///
    /// # Errors
    ///
    /// After how long it may.
    pub fn ask(&self, now: Time, client: SocketAddr) -> Result<(), Span> {
        match &self.rates {
            None => Ok(()),
            Some(rates) => rates.ask(now, Source::of(client.ip())),
        }
    }
}

impl Admitted {
    /// There is a connection for it: when that leaves, it leaves a descriptor.
    pub fn is_used(&mut self) {
        self.used = true;
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let Admission {
            process,
            own,
            counts,
            ..
        } = &*self.admission;
        if let (Some(counts), Some(source)) = (counts, &self.source) {
            counts.give_back(**source);
        }
        if let Some(own) = own {
            own.give_back(self.used);
        }
        process.give_back(self.used);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Networks, network};
    use std::task::Waker;
    use tidegate_core::rate::Quota;

    fn networks(all: &[&str]) -> Networks {
        Networks::new(all.iter().map(|one| network(one).unwrap()).collect())
    }

    fn admission(access: Access) -> Arc<Admission> {
        Admission::new("web", access, Seats::unlimited(), 7)
    }

    fn seat(admission: &Arc<Admission>) -> Option<Admitted> {
        match admission.poll_seat(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(admitted) => Some(admitted),
            Poll::Pending => None,
        }
    }

    fn meet(admission: &Arc<Admission>, peer: &str) -> Result<Admitted, Rejection> {
        let mut admitted = seat(admission).unwrap();
        admission.meet(&mut admitted, peer.parse().unwrap())?;
        Ok(admitted)
    }

    #[test]
    fn deny_wins_over_allow_and_without_allow_everybody_is() {
        let both = admission(Access {
            allow: Some(networks(&["10.0.0.0/8", "2001:db8::/32"])),
            deny: networks(&["10.1.0.0/16"]),
            ..Access::default()
        });
        for (peer, let_in) in [
            ("10.2.3.4", true),
            ("::ffff:10.2.3.4", true),
            ("2001:db8::1", true),
            ("10.1.2.3", false),
            ("192.0.2.1", false),
        ] {
            assert_eq!(meet(&both, peer).is_ok(), let_in, "{peer}");
        }
        let deny = admission(Access {
            deny: networks(&["10.1.0.0/16"]),
            ..Access::default()
        });
        assert!(meet(&deny, "192.0.2.1").is_ok());
        let denied = meet(&deny, "10.1.2.3").err();
        assert_eq!(denied, Some(Rejection::AccessDenied));
    }

    #[test]
    fn a_source_has_so_many_and_one_more_when_one_of_them_leaves() {
        let two = admission(Access {
            per_source: Some(2),
            ..Access::default()
        });
        let mut held: Vec<_> = (0..2).map(|_| meet(&two, "192.0.2.1").unwrap()).collect();
        let third = meet(&two, "192.0.2.1").err();
        assert_eq!(third, Some(Rejection::LimitConnections));
        assert!(meet(&two, "192.0.2.2").is_ok(), "another is another");
        held.pop();
        held.push(meet(&two, "192.0.2.1").unwrap());
        assert!(meet(&two, "192.0.2.1").is_err());
        drop(held);
        // A /64 is one source.
        let _one = meet(&two, "2001:db8::1").unwrap();
        let _two = meet(&two, "2001:db8::2").unwrap();
        assert!(meet(&two, "2001:db8::3").is_err());
        assert!(meet(&two, "2001:db8:0:1::3").is_ok());
    }

    #[test]
    fn who_would_not_be_believed_may_not_speak_for_others_and_is_not_looked_at_itself() {
        let behind = admission(Access {
            proxied_by: Some(networks(&["10.0.0.0/8"])),
            deny: networks(&["10.0.0.0/8"]),
            ..Access::default()
        });
        assert!(behind.wants_header());
        let untrusted = meet(&behind, "192.0.2.1").err();
        assert_eq!(untrusted, Some(Rejection::ProxyHeaderUntrusted));
        let mut admitted = meet(&behind, "10.0.0.1").unwrap();
        assert!(
            behind
                .admit(&mut admitted, "192.0.2.1".parse().unwrap())
                .is_ok()
        );
        assert!(
            behind
                .admit(&mut admitted, "10.0.0.1".parse().unwrap())
                .is_err()
        );
    }

    #[test]
    fn a_seat_that_the_process_has_not_is_not_taken_at_the_listener_either() {
        let process = Seats::new(1, Pause::Process);
        let access = Access {
            connections: Some(2),
            ..Access::default()
        };
        let one = Admission::new("one", access.clone(), Arc::clone(&process), 0);
        let other = Admission::new("other", access, Arc::clone(&process), 0);
        let first = seat(&one).unwrap();
        for _ in 0..10 {
            assert!(seat(&other).is_none());
        }
        drop(first);
        assert!(seat(&other).is_some());
        assert_eq!(process.taken(), 0);
    }

    #[test]
    fn a_rate_is_of_a_source_and_of_all_workers() {
        let one = admission(Access {
            rate: Some(Quota {
                requests: 1,
                per: Span::from_secs(1),
                burst: 2,
            }),
            ..Access::default()
        });
        let client = |text: &str| text.parse::<SocketAddr>().unwrap();
        let ask = |now, from| one.ask(Time::from_ms(now), client(from));
        assert_eq!(ask(0, "192.0.2.1:1"), Ok(()));
        assert_eq!(ask(0, "192.0.2.1:2"), Ok(()));
        assert_eq!(ask(0, "192.0.2.1:3"), Err(Span::from_secs(1)));
        assert_eq!(ask(0, "192.0.2.2:3"), Ok(()));
        assert_eq!(ask(1_000, "192.0.2.1:3"), Ok(()));
        assert_eq!(
            admission(Access::default()).ask(Time(0), client("192.0.2.1:1")),
            Ok(())
        );
    }
}

//! One name, for as long as the process lives: it is looked up, and whoever has endpoints of that name
//! is told of their addresses.
//!
//! It owns what is known of the name. It waits for a resolver and for time, never for whom it tells.

use super::{Failure, Families, Known, Learnt, Resolver};
use crate::{
    members::{Member, Roster},
    net::{Address, Network},
};
use std::{fmt, net::IpAddr, net::SocketAddr, sync::Arc};
use tidegate_core::lookup::Schedule;

/// One of a cluster's configured endpoints, that is a name.
#[derive(Clone)]
pub struct Hearer {
    /// The cluster's.
    pub roster: Roster,
    /// Which of the configured endpoints it is.
    pub nth: usize,
    /// The port at each of its addresses.
    pub port: u16,
    /// The addresses that it has had so far.
    pub known: Vec<IpAddr>,
    /// The member of its cluster that each of its addresses is.
    pub member: Arc<dyn Fn(Address) -> Member + Send + Sync>,
}

impl fmt::Debug for Hearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hearer")
            .field("nth", &self.nth)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

impl Hearer {
    fn hear(&self, addresses: &[IpAddr]) {
        let at = |ip: &IpAddr| (self.member)(SocketAddr::new(*ip, self.port).into());
        self.roster
            .replace(self.nth, addresses.iter().map(at).collect());
    }
}

/// A name, and who is to hear of its addresses.
#[derive(Clone, Debug)]
pub struct Name {
    /// The name.
    pub host: String,
    /// Each of them.
    pub hearers: Vec<Hearer>,
}

/// Looks `name` up for ever; `done` is called once its first look-up has come to an end.
pub async fn follow<N: Network, R: Resolver>(
    net: N,
    resolver: R,
    (name, families): (Name, Families),
    seed: u64,
    done: impl FnOnce(),
) {
    let had = name
        .hearers
        .iter()
        .flat_map(|one| one.known.iter().copied());
    let mut known = Known::since(families, had);
    let mut schedule = Schedule::new(seed);
    let mut done = Some(done);
    loop {
        let found = resolver.look_up(&name.host, families).await;
        let learnt = known.learn(found);
        // Not all of them have had the same until now.
        name.tell(&known, &learnt, done.is_some());
        let next = match learnt.good {
            Some(ttl) => schedule.found(net.now(), ttl),
            None => schedule.failed(net.now()),
        };
        if let Some(done) = done.take() {
            done();
        }
        net.sleep_until(next).await;
    }
}

impl Name {
    fn tell(&self, known: &Known, learnt: &Learnt, first: bool) {
        let addresses = known.addresses();
        if learnt.changed.is_some() || first && !addresses.is_empty() {
            self.hearers.iter().for_each(|one| one.hear(addresses));
        }
        if let (true, Some(failure)) = (addresses.is_empty(), &learnt.trouble) {
            let why = failure.unresolved();
            self.hearers.iter().for_each(|one| one.roster.lacks(why));
        }
        let host = &self.host;
        if let Some(line) = changed(addresses, learnt) {
            tracing::info!("{host}: {line}");
        }
        if let Some(failure) = &learnt.trouble {
            tracing::warn!("{host}: {}", troubled(addresses, failure));
        }
    }
}

/// The addresses as they are now, if that is news.
fn changed(addresses: &[IpAddr], learnt: &Learnt) -> Option<String> {
    let now = list(addresses);
    match &learnt.changed {
        Some(gone) if gone.is_empty() => Some(now),
        Some(gone) => Some(format!("{now}; gone {}", list(gone))),
        None => learnt.over.then(|| format!("{now}, as before")),
    }
}

fn troubled(addresses: &[IpAddr], failure: &Failure) -> String {
    match addresses {
        [] => format!("cannot be looked up: {failure}"),
        all => format!("cannot be looked up: {failure}; it stays {}", list(all)),
    }
}

fn list(addresses: &[IpAddr]) -> String {
    let all: Vec<_> = addresses.iter().map(ToString::to_string).collect();
    all.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_core::time::Span;

    fn ips(last: &[u8]) -> Vec<IpAddr> {
        let one = |last: &u8| IpAddr::from([10, 0, 0, *last]);
        last.iter().map(one).collect()
    }

    #[test]
    fn a_change_in_words() {
        let learnt = |changed: Option<&[u8]>, over| Learnt {
            good: Some(Span::from_secs(1)),
            changed: changed.map(ips),
            trouble: None,
            over,
        };
        let (now, said) = (ips(&[1, 2]), |learnt| changed(&ips(&[1, 2]), &learnt));
        assert_eq!(
            said(learnt(Some(&[]), false)).unwrap(),
            "10.0.0.1, 10.0.0.2"
        );
        assert_eq!(
            said(learnt(Some(&[3]), true)).unwrap(),
            "10.0.0.1, 10.0.0.2; gone 10.0.0.3"
        );
        assert_eq!(
            said(learnt(None, true)).unwrap(),
            "10.0.0.1, 10.0.0.2, as before"
        );
        assert_eq!(said(learnt(None, false)), None);
        assert_eq!(
            troubled(&now, &Failure::NoName),
            "cannot be looked up: there is no such name (NXDOMAIN); it stays 10.0.0.1, 10.0.0.2"
        );
        assert_eq!(
            troubled(&[], &Failure::Late),
            "cannot be looked up: no server has answered in time"
        );
    }
}

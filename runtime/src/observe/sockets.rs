//! TCP sockets by whose they are and by state, and since when each is seen in that.
//!
//! It owns what the last look has seen, of so many sockets at most. A kernel does not say since when a
//! socket is in its state: that is counted from the first look that found it there. It makes no look
//! itself, and waits for nothing.

use super::{
    label,
    names::{Family, label_value},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};
use tidegate_core::{
    side::Side,
    time::{Span, Time},
};

/// The states that a connection's socket can be in.
pub(super) const STATES: usize = 10;

/// Sockets that are remembered; of whatever is more, no age is known.
const MOST: usize = 131_072;
/// Of these, such as do nothing but work: the others are what is asked for.
const MOST_ESTABLISHED: usize = 65_536;
const ESTABLISHED: &str = "established";

/// One socket of this machine.
#[derive(Clone, Debug)]
pub struct Socket {
    /// What the kernel calls it, for as long as it is there.
    pub key: u64,
    /// Its own address.
    pub local: SocketAddr,
    /// Its peer's.
    pub remote: SocketAddr,
    /// Its state, as OpenTelemetry names it.
    pub state: &'static str,
    /// Its inode; none if no process has it any more.
    pub inode: Option<u32>,
    /// Whose process has it.
    pub user: u32,
}

/// Whose a socket is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    /// A listener's: a client's connection.
    Listener(Arc<str>),
    /// A cluster's: a connection to an endpoint.
    Cluster(Arc<str>),
}

/// Where our sockets are found.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// Where listeners listen.
    pub listeners: BTreeMap<SocketAddr, Arc<str>>,
    /// Where endpoints are. One that two clusters have is the first one's.
    pub clusters: BTreeMap<SocketAddr, Arc<str>>,
}

impl Places {
    fn owner(&self, socket: &Socket) -> Option<Owner> {
        let any = match socket.local.ip() {
            IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        };
        let everywhere = SocketAddr::new(any, socket.local.port());
        let listeners = &self.listeners;
        let listener = listeners.get(&bare(socket.local));
        if let Some(listener) = listener.or_else(|| listeners.get(&everywhere)) {
            return Some(Owner::Listener(Arc::clone(listener)));
        }
        let cluster = self.clusters.get(&bare(socket.remote))?;
        Some(Owner::Cluster(Arc::clone(cluster)))
    }
}

/// One of our sockets, as a look has seen it.
#[derive(Clone, Debug)]
pub struct Held {
    /// What the kernel calls it.
    pub key: u64,
    /// Whose it is.
    pub owner: Owner,
    /// Its own address, and its peer's.
    pub ends: (SocketAddr, SocketAddr),
    /// Its state.
    pub state: &'static str,
    /// Since when it was seen in that.
    pub since: Time,
}

/// Without the interface that an address of a link has.
#[must_use]
pub fn bare(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip(), address.port())
}

/// What a look has seen of one socket.
#[derive(Clone, Copy, Debug)]
struct Known {
    key: u64,
    state: &'static str,
    since: Time,
    ours: bool,
}

/// What the last look has seen, by key.
#[derive(Debug, Default)]
pub struct Seen(Vec<Known>);

/// Who has the sockets of this process, as the machine tells; asked once a look, and only if needed.
pub struct Own<'a> {
    /// The user that it runs as.
    pub user: u32,
    /// The inodes of its descriptors, if they can be read.
    pub inodes: &'a mut dyn FnMut() -> Option<BTreeSet<u32>>,
}

impl Seen {
    /// Looks at all sockets of the machine.
    pub fn look(
        &mut self,
        now: Time,
        sockets: &[Socket],
        places: &Places,
        own: &mut Own<'_>,
    ) -> Tally {
        let mut tally = Tally::default();
        self.each(now, sockets, places, own, |held| {
            tally.count(held.owner, held.state, held.since);
        });
        tally
    }

    /// The same, telling of each that is ours.
    pub fn each(
        &mut self,
        now: Time,
        sockets: &[Socket],
        places: &Places,
        own: &mut Own<'_>,
        mut tell: impl FnMut(Held),
    ) {
        let mut inodes = None;
        let mut is_own = |socket: &Socket| match socket.inode {
            // Whoever had it, it was one of our endpoints that it led to.
            None => true,
            Some(_) if socket.user != own.user => false,
            Some(inode) => {
                let all = inodes.get_or_insert_with(|| (own.inodes)());
                all.as_ref().is_none_or(|all| all.contains(&inode))
            }
        };
        let mut next = Vec::new();
        for socket in sockets {
            let Some(owner) = places.owner(socket) else {
                continue;
            };
            let before = self.known(socket.key);
            let ours = match &owner {
                Owner::Listener(_) => true,
                // Another process may speak to the same endpoint.
                Owner::Cluster(_) => before.map_or_else(|| is_own(socket), |known| known.ours),
            };
            let known = remember(&mut next, (socket.key, socket.state), before, ours, now);
            if ours {
                tell(Held {
                    key: socket.key,
                    owner,
                    ends: (socket.local, socket.remote),
                    state: socket.state,
                    since: known.since,
                });
            }
        }
        self.remember(next);
    }

    fn known(&self, key: u64) -> Option<&Known> {
        let at = self.0.binary_search_by_key(&key, |known| known.key);
        at.ok().map(|at| &self.0[at])
    }

    fn remember(&mut self, mut next: Vec<Known>) {
        next.sort_unstable_by_key(|known| known.key);
        // A list that is made while sockets move may have one twice.
        next.dedup_by_key(|known| known.key);
        next.shrink_to_fit();
        self.0 = next;
    }

    /// The same where only sessions can be asked: what each says of its leg, by a number of its own.
    pub fn hear(
        &mut self,
        now: Time,
        legs: impl Iterator<Item = (u64, Owner, &'static str)>,
    ) -> Tally {
        let (mut next, mut tally) = (Vec::new(), Tally::default());
        for (key, owner, state) in legs {
            let known = remember(&mut next, (key, state), self.known(key), true, now);
            tally.count(owner, state, known.since);
        }
        self.remember(next);
        tally
    }
}

fn remember(
    next: &mut Vec<Known>,
    (key, state): (u64, &'static str),
    before: Option<&Known>,
    ours: bool,
    now: Time,
) -> Known {
    let same = before.filter(|known| known.state == state);
    let since = same.map_or(now, |known| known.since);
    let known = Known {
        key,
        state,
        since,
        ours,
    };
    let most = match state {
        ESTABLISHED => MOST_ESTABLISHED,
        _ => MOST,
    };
    if next.len() < most {
        next.push(known);
    }
    known
}

/// Sockets by whose they are and by state: how many, and since when the oldest is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally(BTreeMap<(Owner, &'static str), (u64, Time)>);

impl Tally {
    fn count(&mut self, owner: Owner, state: &'static str, since: Time) {
        let group = self.0.entry((owner, state)).or_insert((0, since));
        group.0 += 1;
        group.1 = group.1.min(since);
    }

    /// How many there are of this owner in this state, and for how long the oldest.
    #[must_use]
    pub fn of(&self, owner: &Owner, state: &'static str, now: Time) -> Option<(u64, Span)> {
        let group = self.0.get(&(owner.clone(), state));
        group.map(|(count, since)| (*count, now.since(*since)))
    }

    pub(super) fn write(&self, out: &mut String, now: Time) {
        let labels = |(owner, state): &(Owner, &'static str)| {
            let (scope, name, side) = match owner {
                Owner::Listener(name) => ("listener", name, Side::Down),
                Owner::Cluster(name) => ("cluster", name, Side::Up),
            };
            let (name, side) = (label_value(name), label(side));
            format!(
                "scope=\"{scope}\",name=\"{name}\",side=\"{side}\",network_connection_state=\"{state}\""
            )
        };
        Family::SOCKETS.head(out);
        for (group, (count, _)) in &self.0 {
            Family::SOCKETS.sample(out, &labels(group), count);
        }
        Family::OLDEST.head(out);
        for (group, (_, since)) in &self.0 {
            let Span(micros) = now.since(*since);
            let age = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
            Family::OLDEST.sample(out, &labels(group), age);
        }
    }
}

#[cfg(test)]
mod tests;

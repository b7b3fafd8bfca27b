//! Connections and the sockets that the kernel lists: each leg with its socket's state and since when it is
//! in that, and the sockets of ours that no connection has.
//!
//! Pure.

use super::query::Filter;
use crate::{
    observe::sockets::{Held, Owner, bare},
    roll::{Leg, Said},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
};
use tidegate_core::{
    side::Side,
    time::{Span, Time},
};

/// A socket's two ends: of one that is there, no other has the same.
type Ends = (SocketAddr, SocketAddr);

/// Sockets without a connection, by whose they are and by state: how many, and for how long the oldest.
pub(super) type Without = BTreeMap<(Owner, &'static str), (u64, Span)>;

/// Gives each leg its socket's state, and since when.
pub(super) fn join(all: &mut [Said], held: &[Held], now: Time) {
    let by_ends: BTreeMap<Ends, &Held> = held.iter().map(|held| (plain(held.ends), held)).collect();
    for leg in all
        .iter_mut()
        .flat_map(|said| said.legs.iter_mut().flatten())
    {
        if let Some(held) = ends(leg).and_then(|ends| by_ends.get(&ends)) {
            leg.look.state = Some(held.state);
            leg.look.state_for = Some(now.since(held.since));
        }
    }
}

/// The sockets that were there before all connections were asked, and behind that, and that none of them
/// has: those of `filter`, by what sockets have of it.
pub(super) fn without(
    all: &[Said],
    before: &[Held],
    (behind, now): (&[Held], Time),
    filter: &Filter,
) -> Without {
    let had: BTreeSet<Ends> = all
        .iter()
        .flat_map(|said| said.legs.iter().flatten().filter_map(ends))
        .collect();
    let there: BTreeSet<u64> = before.iter().map(|held| held.key).collect();
    let mut without = Without::new();
    for held in behind {
        let age = now.since(held.since);
        let lone = there.contains(&held.key) && !had.contains(&plain(held.ends));
        if lone && filter.means_socket(held, age) {
            let group = without.entry((held.owner.clone(), held.state));
            let (count, oldest) = group.or_insert((0, age));
            *count += 1;
            *oldest = age.max(*oldest);
        }
    }
    without
}

/// Which side of a connection such a socket would be.
pub(super) const fn side(owner: &Owner) -> Side {
    match owner {
        Owner::Listener(_) => Side::Down,
        Owner::Cluster(_) => Side::Up,
    }
}

fn ends(leg: &Leg) -> Option<Ends> {
    Some(plain((leg.look.local?, leg.look.peer.parse().ok()?)))
}

/// Without interfaces, and an IPv4 address as one, however its socket has it.
fn plain((local, remote): Ends) -> Ends {
    let plain =
        |address: SocketAddr| SocketAddr::new(bare(address).ip().to_canonical(), address.port());
    (plain(local), plain(remote))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{observe::Observer, roll::Look};
    use tidegate_core::session::Wait;

    fn leg(local: &str, peer: &str) -> Leg {
        Leg {
            wait: Wait::Other,
            look: Look {
                peer: peer.to_owned(),
                local: Some(local.parse().unwrap()),
                state: Some("established"),
                ..Look::default()
            },
            read: 0,
            written: 0,
            unsent: 0,
            half_closed: None,
        }
    }

    fn said() -> Said {
        Said {
            conn: Observer::new(0).next(),
            listener: "l".to_owned(),
            client: "192.0.2.1:9".parse().unwrap(),
            phase: "tunnel",
            cluster: Some("c".to_owned()),
            endpoint: String::new(),
            age: Span::from_secs(100),
            quiet: Span(0),
            timer: None,
            draining: false,
            legs: [Some(leg("192.0.2.2:80", "192.0.2.1:9")), None],
            timeline: None,
        }
    }

    fn held(key: u64, ends: [&str; 2], state: &'static str, since: u64) -> Held {
        Held {
            key,
            owner: Owner::Listener("l".into()),
            ends: (ends[0].parse().unwrap(), ends[1].parse().unwrap()),
            state,
            since: Time(since * 1_000_000),
        }
    }

    const NOW: Time = Time(100_000_000);

    #[test]
    fn a_leg_has_the_state_that_the_kernel_lists_and_its_age() {
        let mut all = [said()];
        // A socket of both families has an IPv4 peer like this.
        let ends = ["[::ffff:192.0.2.2]:80", "[::ffff:192.0.2.1]:9"];
        join(&mut all, &[held(1, ends, "close_wait", 40)], NOW);
        let look = &all[0].legs[0].as_ref().unwrap().look;
        assert_eq!(look.state, Some("close_wait"));
        assert_eq!(look.state_for, Some(Span::from_secs(60)));
        let meant = |query: &str| Filter::read(query).unwrap().means(&all[0]);
        assert!(meant("state=close_wait&older=1m"));
        // Its connection is older, and its state is not.
        assert!(!meant("state=close_wait&older=90s") && meant("older=90s"));
    }

    #[test]
    fn what_no_connection_has_is_counted_if_it_stays() {
        let own = ["192.0.2.2:80", "192.0.2.1:9"];
        let (lone, new) = (
            ["192.0.2.2:80", "192.0.2.1:10"],
            ["192.0.2.2:80", "192.0.2.1:11"],
        );
        let (gone, state) = (["192.0.2.2:80", "192.0.2.1:12"], "close_wait");
        let before = [
            held(1, own, state, 1),
            held(2, lone, state, 70),
            held(4, gone, state, 1),
        ];
        let behind = [
            held(1, own, state, 1),
            held(2, lone, state, 70),
            held(3, new, state, 99),
        ];
        let found = |query: &str| {
            let filter = Filter::read(query).unwrap();
            without(&[said()], &before, (&behind, NOW), &filter)
        };
        let due = Without::from([(
            (Owner::Listener("l".into()), state),
            (1, Span::from_secs(30)),
        )]);
        for meant in ["", "state=close_wait", "older=30s", "listener=l"] {
            assert_eq!(found(meant), due, "{meant}");
        }
        for other in [
            "state=fin_wait_2",
            "older=31s",
            "listener=m",
            "cluster=c",
            "phase=idle",
        ] {
            assert!(found(other).is_empty(), "{other}");
        }
    }
}

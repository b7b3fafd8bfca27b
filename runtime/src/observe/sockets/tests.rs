//! Whose a socket is, and since when it is what it is.

use super::*;

fn at(port: u16) -> SocketAddr {
    ([127, 0, 0, 1], port).into()
}

fn socket(key: u64, local: u16, remote: u16, state: &'static str) -> Socket {
    Socket {
        key,
        local: at(local),
        remote: at(remote),
        state,
        inode: Some(u32::try_from(key).unwrap()),
        user: 7,
    }
}

fn places() -> Places {
    let mut places = Places::default();
    places.listeners.insert(([0; 4], 80).into(), "web".into());
    places.clusters.insert(at(9_000), "app".into());
    places
}

/// With a process of user 7 that has the sockets below 100.
fn look(seen: &mut Seen, seconds: u64, sockets: &[Socket]) -> Tally {
    let now = Time(0) + Span::from_secs(seconds);
    let mut inodes = || Some((0..100).collect());
    let mut own = Own {
        user: 7,
        inodes: &mut inodes,
    };
    seen.look(now, sockets, &places(), &mut own)
}

fn web() -> Owner {
    Owner::Listener("web".into())
}

fn app() -> Owner {
    Owner::Cluster("app".into())
}

#[test]
fn the_age_of_a_state_begins_with_the_first_look_and_no_later_look_resets_it() {
    let (mut seen, shut) = (Seen::default(), [socket(1, 80, 5_000, "close_wait")]);
    let open = [socket(1, 80, 5_000, "established")];
    let age = |tally: &Tally, seconds| {
        let now = Time(0) + Span::from_secs(seconds);
        tally.of(&web(), "close_wait", now)
    };
    assert_eq!(age(&look(&mut seen, 10, &open), 10), None);
    let tally = look(&mut seen, 20, &shut);
    assert_eq!(age(&tally, 20), Some((1, Span(0))));
    // It grows without another look, and with one.
    assert_eq!(age(&tally, 25), Some((1, Span::from_secs(5))));
    let tally = look(&mut seen, 320, &shut);
    assert_eq!(age(&tally, 320), Some((1, Span::from_secs(300))));
    // The kernel's name is never another socket's, and who is gone is forgotten.
    assert_eq!(look(&mut seen, 400, &[]), Tally::default());
    let tally = look(&mut seen, 500, &shut);
    assert_eq!(age(&tally, 500), Some((1, Span(0))));
}

#[test]
fn a_socket_is_its_listeners_or_its_clusters_or_nobodys() {
    let mut seen = Seen::default();
    let orphan = Socket {
        inode: None,
        user: 0,
        ..socket(5, 5_003, 9_000, "fin_wait_2")
    };
    let others = [
        // Of the client and of the origin, on the same machine.
        socket(1, 5_000, 80, "established"),
        socket(2, 9_000, 5_001, "established"),
        // Another process' connections to our endpoint: of another user, and of ours.
        Socket {
            user: 8,
            ..socket(3, 5_002, 9_000, "established")
        },
        socket(200, 5_004, 9_000, "established"),
    ];
    assert_eq!(look(&mut seen, 1, &others), Tally::default());
    let ours = [
        socket(4, 80, 5_000, "established"),
        socket(6, 5_001, 9_000, "established"),
        orphan,
    ];
    let tally = look(&mut seen, 2, &ours);
    let now = Time(0) + Span::from_secs(2);
    for (owner, state) in [
        (web(), "established"),
        (app(), "established"),
        (app(), "fin_wait_2"),
    ] {
        assert_eq!(
            tally.of(&owner, state, now),
            Some((1, Span(0))),
            "{owner:?}"
        );
    }
}

#[test]
fn what_is_remembered_has_a_limit_and_what_stands_out_has_room_first() {
    let mut seen = Seen::default();
    let many = u64::try_from(MOST_ESTABLISHED).unwrap() + 1_000;
    let mut sockets: Vec<_> = (0..many)
        .map(|key| Socket {
            key,
            ..socket(1, 80, 5_000, "established")
        })
        .collect();
    sockets.push(socket(u64::from(u32::MAX), 80, 5_000, "close_wait"));
    look(&mut seen, 1, &sockets);
    assert_eq!(seen.0.len(), MOST_ESTABLISHED + 1);
    let tally = look(&mut seen, 9, &sockets);
    let now = Time(0) + Span::from_secs(9);
    let eight = Span::from_secs(8);
    assert_eq!(tally.of(&web(), "established", now), Some((many, eight)));
    assert_eq!(tally.of(&web(), "close_wait", now), Some((1, eight)));
}

#[test]
fn sessions_can_be_asked_in_its_place() {
    let mut seen = Seen::default();
    let mut hear = |seconds, state| {
        let now = Time(0) + Span::from_secs(seconds);
        let tally = seen.hear(now, [(3, web(), state)].into_iter());
        tally.of(&web(), state, now)
    };
    assert_eq!(hear(1, "close_wait"), Some((1, Span(0))));
    assert_eq!(hear(5, "close_wait"), Some((1, Span::from_secs(4))));
    assert_eq!(hear(6, "last_ack"), Some((1, Span(0))));
}

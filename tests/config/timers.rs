//! Every timer of LIFECYCLE section 3 has a key, and the key sets that timer and no other.

use crate::read;
use std::collections::BTreeSet;
use tidegate::config::Config;
use tidegate_core::{limits::Timeouts, time::Span};

/// The one value that no default has.
const VALUE: &str = "7s";
const SET: Span = Span::from_secs(7);

/// Where a key stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Listener,
    Cluster,
    ListenerKeepalive,
    ClusterKeepalive,
    Drain,
    Queue,
}

/// A timer as section 3 names it, its key, and what the key sets.
type Row = (&'static str, At, &'static str, fn(&Config) -> Span);

fn waits(config: &Config) -> Timeouts {
    config.timeouts(&config.listeners[0], 0)
}

const ROWS: [Row; 36] = [
    (
        "T_abort_flush, without progress",
        At::Listener,
        "flush",
        |c| waits(c).flush,
    ),
    ("T_abort_flush, in all", At::Listener, "flush_total", |c| {
        waits(c).flush_total
    }),
    ("T_half_idle", At::Listener, "half_idle", |c| {
        waits(c).half_idle
    }),
    ("T_tunnel_idle", At::Listener, "tunnel", |c| waits(c).tunnel),
    ("T_write_stall", At::Listener, "write", |c| waits(c).write),
    ("T_write_stall, upstream", At::Listener, "write", |c| {
        waits(c).write_up
    }),
    (
        "T_write_stall where a cluster says so",
        At::Cluster,
        "write",
        |c| waits(c).write_up,
    ),
    (
        "T_write_stall of a tunnel",
        At::Listener,
        "tunnel_write",
        |c| waits(c).tunnel_write,
    ),
    (
        "T_write_stall of a tunnel, upstream",
        At::Listener,
        "tunnel_write",
        |c| waits(c).tunnel_write_up,
    ),
    (
        "T_write_stall of a tunnel where a cluster says so",
        At::Cluster,
        "tunnel_write",
        |c| waits(c).tunnel_write_up,
    ),
    ("T_linger_stall", At::Listener, "linger_stall", |c| {
        waits(c).linger_stall
    }),
    ("T_linger_stall follows", At::Listener, "write", |c| {
        waits(c).linger_stall
    }),
    (
        "T_pool_idle, of an origin that says more",
        At::Cluster,
        "pool_idle",
        |c| waits(c).pool_idle_most,
    ),
    (
        "keepalive, established",
        At::ListenerKeepalive,
        "established",
        |c| waits(c).keepalive.established,
    ),
    (
        "keepalive, half-closed",
        At::ListenerKeepalive,
        "half_closed",
        |c| waits(c).keepalive.half_closed,
    ),
    (
        "keepalive, between two",
        At::ListenerKeepalive,
        "interval",
        |c| waits(c).keepalive.interval,
    ),
    (
        "keepalive of an origin, established",
        At::ClusterKeepalive,
        "established",
        |c| waits(c).keepalive_up.established,
    ),
    (
        "keepalive of an origin, half-closed",
        At::ClusterKeepalive,
        "half_closed",
        |c| waits(c).keepalive_up.half_closed,
    ),
    (
        "keepalive of an origin, between two",
        At::ClusterKeepalive,
        "interval",
        |c| waits(c).keepalive_up.interval,
    ),
    (
        "keepalive, for both legs",
        At::ListenerKeepalive,
        "interval",
        |c| waits(c).keepalive_up.interval,
    ),
    ("T_linger_ack", At::Listener, "linger", |c| waits(c).linger),
    ("T_connect", At::Cluster, "connect", |c| waits(c).connect),
    ("T_tls", At::Listener, "tls", |c| waits(c).tls),
    ("T_tls, upstream", At::Cluster, "tls", |c| waits(c).tls_up),
    ("T_h1_head", At::Listener, "head", |c| waits(c).head),
    ("T_ka_idle", At::Listener, "idle", |c| waits(c).idle),
    ("T_ka_min", At::Listener, "idle_least", |c| {
        waits(c).idle_least
    }),
    ("T_pool_idle", At::Cluster, "pool_idle", |c| {
        waits(c).pool_idle
    }),
    ("T_predrain", At::Drain, "pre_delay", |c| c.drain.pre_delay),
    ("T_drain", At::Drain, "timeout", |c| c.drain.timeout),
    // Not in section 3: U14, and PRODUCT 5.
    ("T_ttfb", At::Cluster, "response", |c| waits(c).response),
    ("for an endpoint with room", At::Queue, "timeout", |c| {
        waits(c).queue
    }),
    ("a response body", At::Cluster, "body", |c| waits(c).body),
    ("a request body", At::Listener, "request", |c| {
        waits(c).request
    }),
    (
        "a request body, on the average",
        At::Listener,
        "pace",
        |c| waits(c).pace,
    ),
    ("T_half_idle follows", At::Listener, "tunnel", |c| {
        waits(c).half_idle
    }),
];

/// T_100 is the client's own wait (H14): it sends its body when it likes, and the body is forwarded
/// when it comes. Nothing here waits for it.
const NOT_OURS: &str = "T_100";

fn with(at: At, key: &str) -> Config {
    with_row(at, &format!("{key} = \"{VALUE}\""))
}

fn with_row(at: At, row: &str) -> Config {
    let inside = |place: At, table: &str| match at == place {
        true => format!("{table} = {{ {row} }}\n"),
        false => String::new(),
    };
    let (listener, cluster) = (
        inside(At::Listener, "timeouts") + &inside(At::ListenerKeepalive, "keepalive"),
        inside(At::Cluster, "timeouts")
            + &inside(At::ClusterKeepalive, "keepalive")
            + &inside(At::Queue, "queue"),
    );
    let drain = match at {
        At::Drain => format!("[drain]\n{row}\n"),
        At::Listener | At::Cluster | At::ListenerKeepalive | At::ClusterKeepalive | At::Queue => {
            String::new()
        }
    };
    let text = format!(
        "[[listener]]\nname = \"a\"\nbind = [\":1\"]\nto = \"b\"\ntls = \"dev\"\n{listener}\
         [[cluster]]\nname = \"b\"\nendpoints = [{{ address = \"127.0.0.1:1\", max_connections = 1 }}]\n\
         tls = \"system\"\n{cluster}{drain}"
    );
    read(&text).unwrap_or_else(|said| panic!("{said}"))
}

#[test]
fn every_timer_of_section_3_can_be_set() {
    let default = with(At::Drain, "timeout");
    for (timer, at, key, of) in ROWS {
        let config = with(at, key);
        assert_eq!(of(&config), SET, "{timer}: {key}");
        let changed = of(&default) != SET || at == At::Drain;
        assert!(changed, "{timer}: {key} sets what is set already");
    }
    assert!(!ROWS.iter().any(|(timer, ..)| timer.contains(NOT_OURS)));
}

/// TCP_USER_TIMEOUT is T_write_stall unless it is given, and no shorter than the questions take.
#[test]
fn the_kernels_own_limit_can_be_set() {
    let silence = Span::from_secs(60 + 4 * 15);
    for at in [At::ListenerKeepalive, At::ClusterKeepalive] {
        let of = |row: &str| {
            let waits = waits(&with_row(at, row));
            if at == At::ListenerKeepalive {
                (waits.keepalive, waits.write)
            } else {
                (waits.keepalive_up, waits.write_up)
            }
        };
        let (keepalive, write) = of("probes = 4");
        assert_eq!(keepalive.open(write).unacked, Some(silence.max(write)));
        let (keepalive, write) = of("user_timeout = \"5m\"");
        assert_eq!(keepalive.open(write).unacked, Some(Span::from_secs(300)));
    }
}

/// What a table may hold, by what is said of a key that it may not.
fn keys(at: At) -> BTreeSet<String> {
    let row = "nothing_like_it = \"7s\"";
    let (listener, cluster, drain) = match at {
        At::Listener => (
            format!("timeouts = {{ {row} }}\n"),
            String::new(),
            String::new(),
        ),
        At::Cluster => (
            String::new(),
            format!("timeouts = {{ {row} }}\n"),
            String::new(),
        ),
        At::ListenerKeepalive => (
            format!("keepalive = {{ {row} }}\n"),
            String::new(),
            String::new(),
        ),
        At::ClusterKeepalive => (
            String::new(),
            format!("keepalive = {{ {row} }}\n"),
            String::new(),
        ),
        At::Queue => (
            String::new(),
            format!("queue = {{ {row} }}\n"),
            String::new(),
        ),
        At::Drain => (String::new(), String::new(), format!("[drain]\n{row}\n")),
    };
    let text = format!(
        "[[listener]]\nname = \"a\"\nbind = [\":1\"]\nto = \"b\"\n{listener}\
         [[cluster]]\nname = \"b\"\nendpoints = [\"127.0.0.1:1\"]\n{cluster}{drain}"
    );
    let said = read(&text).expect_err("a key that is none");
    let listed = said
        .split("keys: ")
        .nth(1)
        .unwrap_or_else(|| panic!("{said}"));
    let listed = listed.lines().next().unwrap_or_default();
    listed.split(", ").map(str::to_owned).collect()
}

#[test]
fn no_key_of_a_wait_is_left_out() {
    for at in [
        At::Listener,
        At::Cluster,
        At::ListenerKeepalive,
        At::ClusterKeepalive,
        At::Drain,
        At::Queue,
    ] {
        let listed = ROWS.iter().filter(|(_, place, ..)| *place == at);
        let mut listed: BTreeSet<String> = listed.map(|(_, _, key, _)| (*key).to_owned()).collect();
        if matches!(at, At::ListenerKeepalive | At::ClusterKeepalive) {
            // A number, and no wait; and what is no shorter than the others together.
            listed.extend(["probes", "user_timeout"].map(str::to_owned));
        }
        if at == At::Queue {
            listed.insert("depth".to_owned());
        }
        assert_eq!(listed, keys(at), "{at:?}");
    }
}

/// A wait that is added to the core does not compile here until it has a row above.
#[test]
fn every_wait_of_the_core_has_a_row() {
    let Timeouts {
        tls: _,
        head: _,
        idle: _,
        idle_least: _,
        queue: _,
        connect: _,
        tls_up: _,
        request: _,
        pace: _,
        response: _,
        body: _,
        tunnel: _,
        half_idle: _,
        write: _,
        write_up: _,
        tunnel_write: _,
        tunnel_write_up: _,
        linger_stall: _,
        linger: _,
        flush: _,
        flush_total: _,
        pool_idle: _,
        pool_idle_most: _,
        keepalive: _,
        keepalive_up: _,
    } = Timeouts::http();
}

//! `check --bounds`: how long somebody who is gone, or silent, can hold sockets.

use crate::{CLUSTER, good::good, snapshot};
use tidegate::{
    bounds::{self, Effort, Whom},
    config::Config,
};

/// What a one-liner serves.
fn web(more: &str) -> Config {
    good(&format!(
        "[[listener]]\nname = \"web\"\nbind = [\":1\"]\nto = \"api\"\n{more}\n{CLUSTER}"
    ))
}

const RELAY: &str = "kind = \"tcp\"";

const ODD: &str = "tls = \"dev\"\n\
    timeouts = { tls = \"3s\", head = \"7s\", idle = \"11s\", request = \"13s\", write = \"17s\", tunnel = \"19m\", \
    half_idle = \"4m\", tunnel_write = \"23s\", linger = \"5s\", linger_stall = \"29s\", flush = \"2s\", flush_total = \"6s\" }\n\
    keepalive = { established = \"31s\", half_closed = \"9s\", interval = \"3s\", probes = 2 }";

#[test]
fn the_longest_holds_by_default() {
    snapshot("bounds_of_http", &bounds::show(&web(""), false));
}

#[test]
fn the_longest_holds_of_a_relay() {
    snapshot("bounds_of_a_relay", &bounds::show(&web(RELAY), false));
}

#[test]
fn the_longest_holds_with_odd_timers() {
    snapshot("bounds_of_odd_timers", &bounds::show(&web(ODD), false));
}

/// A wait that runs out again and again, and ends nothing, is not waited for for ever.
#[test]
fn a_wait_much_shorter_than_the_others_comes_to_an_end() {
    let text = "[[listener]]\nname = \"web\"\nbind = [\":80\"]\nto = \"api\"\n\
                [[cluster]]\nname = \"api\"\nendpoints = [\"10.0.0.1:80\"]\ntimeouts = { write = \"1ms\" }\n";
    let config = good(text);
    let whole = bounds::of(&config, &config.listeners[0], Effort::Whole);
    let gone = whole.worst(Whom::Client).map(|hold| hold.span);
    assert_eq!(bounds::brief(&config), gone);
}

/// The banner walks over less, and comes to the same.
#[test]
fn the_banner_says_what_the_whole_walk_finds() {
    for more in ["", RELAY, ODD] {
        let config = web(more);
        let whole = bounds::of(&config, &config.listeners[0], Effort::Whole);
        let brief = bounds::brief(&config);
        assert_eq!(
            brief,
            whole.worst(Whom::Client).map(|hold| hold.span),
            "{more}"
        );
    }
}

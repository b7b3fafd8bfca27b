//! The keys of who is let in, and of who stands before us.

use crate::{
    CLUSTER,
    good::{FULL, good, printed_good},
    said, snapshot,
};
use tidegate::config::{self, Access};
use tidegate_core::{proxy_protocol::Version, rate::Quota, time::Span};

fn listener(lines: &str) -> String {
    format!("[[listener]]\nname = \"web\"\nbind = [\":80\"]\nto = \"api\"\n{lines}\n{CLUSTER}")
}

#[test]
fn who_is_let_in_arrives() {
    let config = good(FULL);
    let Access {
        connections,
        per_source,
        rate,
        allow,
        deny,
        proxied_by,
    } = &config.listeners[4].access;
    assert_eq!((*connections, *per_source), (Some(10_000), Some(50)));
    let quota = Quota {
        requests: 100,
        per: Span::from_secs(1),
        burst: 50,
    };
    assert_eq!(*rate, Some(quota));
    assert!(allow.as_ref().unwrap().contain([10, 1, 1, 1].into()));
    assert!(deny.contain([10, 2, 1, 1].into()) && !deny.contain([10, 1, 1, 1].into()));
    assert!(proxied_by.as_ref().unwrap().contain([192, 0, 2, 9].into()));
    assert_eq!(config.listeners[0].access, Access::default());
    let told = |name: &str| {
        let named = config.clusters.iter().find(|one| one.name == name);
        named.unwrap().proxy_protocol
    };
    let all = config.clusters.iter().filter_map(|one| one.proxy_protocol);
    assert_eq!(all.collect::<Vec<_>>(), [Version::V2], "{:?}", told("api"));
}

/// A burst that is not given is all of them.
#[test]
fn a_rate_without_a_burst() {
    let config = good(&listener("rate = { requests = 3, per = \"1m\" }"));
    let rate = config.listeners[0].access.rate.unwrap();
    assert_eq!((rate.requests, rate.burst), (3, 3));
    assert_eq!(printed_good(&config::print(&config)), config);
}

#[test]
fn who_stands_before_us_sets_the_wait_for_a_request_unless_it_is_said() {
    for (behind, idle) in [
        ("aws-alb", 75),
        ("gcp-lb", 620),
        ("cloudflare", 420),
        ("haproxy", 75),
        ("none", 75),
    ] {
        let lines = format!("behind = \"{behind}\"");
        let config = good(&listener(&lines));
        let timeouts = config.listeners[0].timeouts;
        assert_eq!(timeouts.idle, Span::from_secs(idle), "{behind}");
        assert_eq!(printed_good(&config::print(&config)), config);
        let lines = format!("{lines}\ntimeouts = {{ idle = \"9s\", head = \"8s\" }}");
        let timeouts = good(&listener(&lines)).listeners[0].timeouts;
        assert_eq!(timeouts.idle, Span::from_secs(9), "{behind}");
    }
}

#[test]
fn who_is_let_in_wrongly() {
    let lines = "max_connections = 5\nmax_connections_per_source = 6\nallow = []\n\
        deny = [\"10.0.0.1/8\"]\nrate = { requests = 0, burst = 2 }\nbehind = \"alb\"\n\
        proxy_protocol = { from = [\"10.0.0.0/8\"] }";
    snapshot("who_is_let_in_wrongly", &said(&listener(lines)));
    let lines = "max_connections = \"5\"\nproxy_protocol = true\n\
        rate = { requests = 2000, per = \"1ms\" }";
    snapshot("who_is_let_in_by_another_type", &said(&listener(lines)));
}

#[test]
fn limits_of_requests_without_requests() {
    let lines = "kind = \"tcp\"\nrate = { requests = 1, per = \"1s\" }\nbehind = \"gcp-lb\"";
    snapshot(
        "limits_of_requests_without_requests",
        &said(&listener(lines)),
    );
}

#[test]
fn a_version_of_the_proxy_protocol_that_is_none() {
    let text = format!("{}proxy_protocol = \"v3\"\n", listener(""));
    snapshot("a_version_of_the_proxy_protocol_that_is_none", &said(&text));
}

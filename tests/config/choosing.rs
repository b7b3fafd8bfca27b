//! The keys of whom a cluster's requests go to, and of who is left alone.

use crate::{
    good::{good, printed_good},
    said, snapshot,
};
use std::num::NonZeroU32;
use tidegate::config::{
    Affinity, Balance, Choosing, Cluster, Config, Ejection, Queue, Share, print,
};
use tidegate_core::{group, time::Span};

const LISTENER: &str = "[[listener]]\nname = \"web\"\nbind = [\":80\"]\nto = \"api\"\n";

fn file(lines: &str) -> String {
    format!("{LISTENER}[[cluster]]\nname = \"api\"\n{lines}\n")
}

/// What these lines come to; printing it loses nothing.
fn kept(lines: &str) -> Config {
    let config = good(&file(lines));
    assert_eq!(printed_good(&print(&config)), config, "{}", print(&config));
    config
}

/// A cluster of one endpoint, with these lines.
fn cluster(lines: &str) -> Cluster {
    let mut config = kept(&format!("endpoints = [\"10.0.0.1:80\"]\n{lines}"));
    config.clusters.remove(0)
}

#[test]
fn what_an_endpoint_has_of_the_work_arrives() {
    let config = kept(
        r#"
endpoints = [
    "10.0.0.1:80",
    { address = "10.0.0.2:80", weight = 20, max_connections = 50 },
    { address = "10.0.0.3:80", weight = 0, tier = 1 },
]"#,
    );
    let shares = config.clusters[0].endpoints.iter().map(|one| one.share);
    let default = Share::default();
    let expected = [
        default,
        Share {
            weight: 20,
            max_connections: NonZeroU32::new(50),
            ..default
        },
        Share {
            weight: 0,
            tier: 1,
            ..default
        },
    ];
    assert!(shares.eq(expected));
}

#[test]
fn what_an_endpoint_follows_from_arrives() {
    let of = |lines| {
        let cluster = cluster(lines);
        (cluster.balance, cluster.choosing.affinity)
    };
    let table = |places| Balance::Maglev { places };
    let header = Affinity::Header("x-user".to_owned());
    assert_eq!(
        of("balance = { maglev = { header = \"X-User\" } }"),
        (table(65_537), Some(header))
    );
    assert_eq!(
        of("balance = { maglev = { cookie = \"Sid\", table_size = 251 } }"),
        (table(251), Some(Affinity::Cookie("Sid".to_owned())))
    );
    assert_eq!(
        of("balance = { maglev = { by = \"path\" } }"),
        (table(65_537), Some(Affinity::Path))
    );
    assert_eq!(
        of("balance = { maglev = { by = \"source\" } }"),
        (table(65_537), Some(Affinity::Source))
    );
    assert_eq!(of("balance = \"random\""), (Balance::Random, None));
}

#[test]
fn ejection_and_slow_start_arrive() {
    assert_eq!(cluster("").choosing, Choosing::default());
    let whole = "ejection = { failures = 5, base = \"10s\", most = \"5m\", percent = 50, \
                 statuses = [504, 502, 503, 502] }";
    assert_eq!(cluster(whole).choosing, Choosing::default());
    assert_eq!(cluster("ejection = \"off\"").choosing.ejection, None);
    let few = "ejection = { failures = 3, base = \"10m\", percent = 100, statuses = [] }\n\
               slow_start = \"30s\"";
    let few = cluster(few).choosing;
    let expected = Ejection {
        rules: group::Ejection {
            failures: 3,
            base: Span::from_secs(600),
            most: Span::from_secs(600),
            percent: 100,
        },
        statuses: vec![],
    };
    assert_eq!(few.ejection, Some(expected));
    assert_eq!(few.slow_start, Some(Span::from_secs(30)));
}

#[test]
fn who_may_wait_for_an_endpoint_arrives() {
    let of = |lines: &str| {
        let endpoint = "endpoints = [{ address = \"10.0.0.1:80\", max_connections = 1 }]";
        let config = kept(&format!("{endpoint}\n{lines}"));
        (
            config.clusters[0].queue,
            config.timeouts(&config.listeners[0], 0).queue,
        )
    };
    let queue = |depth, timeout| {
        let depth = NonZeroU32::new(depth).unwrap();
        (Some(Queue { depth, timeout }), timeout)
    };
    let second = Span::from_secs(1);
    for lines in [
        "",
        "queue = {}",
        "queue = { depth = 256, timeout = \"1s\" }",
    ] {
        assert_eq!(of(lines), queue(256, second), "{lines}");
    }
    assert_eq!(of("queue = { depth = 1 }"), queue(1, second));
    assert_eq!(
        of("queue = { timeout = \"250ms\" }"),
        queue(256, Span::from_ms(250))
    );
    assert_eq!(of("queue = \"off\""), (None, second));
    assert_eq!(
        cluster("queue = \"off\"").queue,
        None,
        "also where nobody waits anyway"
    );
    let print = print(&kept("endpoints = [\"10.0.0.1:80\"]"));
    assert!(!print.contains("queue"), "{print}");
}

#[test]
fn queues_that_are_none() {
    let limited = "endpoints = [{ address = \"10.0.0.1:80\", max_connections = 1 }]";
    for (name, endpoints, queue) in [
        (
            "a_queue_with_bad_values",
            limited,
            "{ depth = 0, timeout = 1, deep = true }",
        ),
        ("a_queue_that_is_a_word", limited, "\"on\""),
        (
            "a_queue_that_nobody_waits_in",
            "endpoints = [\"10.0.0.1:80\"]",
            "{ depth = 9 }",
        ),
    ] {
        snapshot(name, &said(&file(&format!("{endpoints}\nqueue = {queue}"))));
    }
}

#[test]
fn shares_that_are_none() {
    let lines = r#"
endpoints = [
    { weight = 2 },
    { address = "10.0.0.2:80", weight = 257, tier = 256, max_connections = 0, wieght = 1 },
    { address = "10.0.0.3" },
    7,
]"#;
    snapshot("shares_that_are_none", &said(&file(lines)));
}

#[test]
fn balances_that_are_none() {
    for (name, lines) in [
        ("maglev_by_nothing", "balance = \"maglev\""),
        (
            "maglev_by_two",
            "balance = { maglev = { header = \"a\", by = \"path\" } }",
        ),
        (
            "maglev_by_what_is_none",
            "balance = { maglev = { by = \"host\" } }",
        ),
        (
            "maglev_by_no_name",
            "balance = { maglev = { cookie = \"a b\" } }",
        ),
        (
            "maglev_without_a_prime",
            "balance = { maglev = { by = \"path\", table_size = 1000 } }",
        ),
        (
            "balance_of_another_kind",
            "balance = { magelv = { by = \"path\" } }",
        ),
    ] {
        let lines = format!("endpoints = [\"10.0.0.1:80\"]\n{lines}");
        snapshot(name, &said(&file(&lines)));
    }
}

#[test]
fn ejections_that_are_none() {
    let lines = r#"
endpoints = ["10.0.0.1:80"]
ejection = { failures = 0, base = "10s", most = "5s", percent = 101, statuses = [404, "x"] }
slow_start = 30"#;
    snapshot("ejections_that_are_none", &said(&file(lines)));
    let lines = "endpoints = [\"10.0.0.1:80\"]\nejection = \"on\"";
    snapshot("an_ejection_that_is_a_word", &said(&file(lines)));
}

#[test]
fn statuses_that_are_none() {
    let lines = "endpoints = [\"10.0.0.1:80\"]\nretries = { percent = 101, statuses = [399, 503, \"x\"], status = 503 }";
    snapshot("retries_that_are_none", &said(&file(lines)));
}

//! Counters never go back while the process lives: whoever adds them up would take what was there for new.

use crate::{
    exchange::{GET, OK, answered},
    peers::{Origin, Peer, Raw},
    scraped::{Scrape, Scraped},
};
use rustix::process::Signal;
use std::collections::BTreeMap;

/// What only grows.
fn counters(scrape: &Scrape) -> BTreeMap<String, f64> {
    let series = scrape.0.lines().filter_map(|line| line.rsplit_once(' '));
    let grows = |series: &str| {
        let name = series.split('{').next().unwrap_or_default();
        ["_total", "_count", "_sum", "_bucket"]
            .iter()
            .any(|end| name.ends_with(end))
    };
    let all =
        series.filter(|(series, _)| series.starts_with("tidegate_") || series.starts_with("http_"));
    all.filter(|(series, _)| grows(series))
        .filter_map(|(series, value)| Some((series.to_owned(), value.parse().ok()?)))
        .collect()
}

/// Nothing is gone or smaller.
fn has_grown(before: &BTreeMap<String, f64>, after: &BTreeMap<String, f64>) {
    for (series, value) in before {
        let now = after.get(series);
        assert!(
            now.is_some_and(|now| now >= value),
            "{series}: {value}, {now:?}"
        );
    }
}

/// Two workers, and a listener for each of two clusters of one endpoint.
fn file(origin: &Origin, listeners: &[&str]) -> String {
    let mut text = "defaults = \"2026\"\nworkers = 2\n".to_owned();
    for name in listeners {
        text += &format!(
            "[[listener]]\nname = \"{name}\"\nbind = [\"127.0.0.1:0\"]\nto = \"{name}\"\n\
            [[cluster]]\nname = \"{name}\"\nendpoints = [\"{}\"]\n",
            origin.address()
        );
    }
    text
}

/// So many clients whose requests were answered, on either worker; and one whose request is not.
fn clients(stage: &Scraped, origin: &Origin) -> (Vec<Raw>, Raw, Raw) {
    let served = |_| {
        let mut client = stage.proxy.client();
        client.say(GET);
        let mut up = origin.accept();
        answered(&mut client, &mut up);
        client
    };
    let served = (0..24).map(served).collect();
    let mut slow = stage.proxy.client();
    slow.say(GET);
    let mut up = origin.accept();
    up.message();
    (served, slow, up)
}

/// Scrapes until each worker has looked twice at what is nobody's any more.
fn looks_twice(stage: &Scraped, workers: &[usize]) {
    let looks = |scrape: &Scrape| -> Option<Vec<f64>> {
        let count = |worker: &usize| {
            scrape.value(&format!(
                "tidegate_worker_loop_lag_seconds_count{{worker=\"{worker}\"}}"
            ))
        };
        workers.iter().map(count).collect()
    };
    let before = stage.until("looks", looks);
    stage.until("two looks more", |scrape| {
        let now = looks(scrape)?;
        let mut pairs = before.iter().zip(now);
        pairs.all(|(before, now)| now >= before + 2.0).then_some(())
    });
}

#[test]
fn a_worker_that_has_drained_is_counted_as_long_as_the_process_lives() {
    let origin = Origin::new();
    let stage = Scraped::of_file(&file(&origin, &["a"]));
    let (served, mut slow, mut up) = clients(&stage, &origin);
    let before = counters(&stage.scrape());
    stage.proxy.process.signal(Signal::TERM);
    drop(served);
    // All that is left is one connection of one worker: the other one is over.
    let lag = |scrape: &Scrape| {
        let all = scrape.sum("tidegate_drain_remaining_connections");
        ((all - 1.0).abs() < f64::EPSILON).then_some(())
    };
    stage.until("one connection", lag);
    for _ in 0..300 {
        has_grown(&before, &counters(&stage.scrape()));
    }
    up.say(OK);
    assert_eq!(slow.message().status(), 200);
}

#[test]
fn a_listener_that_is_gone_is_counted_until_its_last_connection_is() {
    let origin = Origin::new();
    let stage = Scraped::of_file(&file(&origin, &["a", "b"]));
    let (served, mut slow, mut up) = clients(&stage, &origin);
    let before = counters(&stage.scrape());
    stage.rewrite(&file(&origin, &["b"]));
    stage.proxy.process.signal(Signal::HUP);
    stage.shows("tidegate_config_reloads_total{result=\"success\"}", 1.0);
    drop(served);
    looks_twice(&stage, &[0, 1]);
    let after = counters(&stage.scrape());
    let of_a = |series: &String| series.contains("\"a\"");
    let of_a: BTreeMap<_, _> = before
        .into_iter()
        .filter(|(series, _)| of_a(series))
        .collect();
    assert!(of_a.len() > 50, "{of_a:?}");
    has_grown(&of_a, &after);
    up.say(OK);
    assert_eq!(slow.message().status(), 200);
    drop(slow);
    stage.until("the end of its series", |scrape| {
        let mut lines = scrape.0.lines();
        lines
            .all(|line| !line.contains("listener=\"a\""))
            .then_some(())
    });
}

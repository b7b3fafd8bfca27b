//! What one scrape has in common with the next, and what the first one has.

use crate::observe::{Metrics, Observer, RequestKind};
use std::{collections::BTreeMap, ops::Range};
use tidegate_core::{
    ending::Rejection,
    time::{Span, Time},
};

#[test]
fn no_series_is_gone_or_smaller_while_workers_have_more_to_tell_than_one_may() {
    let workers = [Observer::new(0), Observer::new(1)];
    let [one, other] = &workers;
    asked(one, 0..150);
    asked(other, 1_000..1_150);
    answered(one, 0..30);
    answered(other, 1_000..1_030);
    let first = scraped(&workers);
    // Each kind as one series, and none of them among others.
    assert_eq!(first.len(), 2 * 150 + 2 * 30);
    asked(one, 2_000..2_060);
    answered(one, 2_000..2_020);
    let second = scraped(&workers);
    for (series, count) in &first {
        let now = second.get(series);
        assert!(now >= Some(count), "{series}: {count}, then {now:?}");
    }
    // What was too much for the one, and is told.
    assert_eq!(second.values().sum::<u64>(), 2 * 150 + 60 + 2 * 30 + 20);
    assert_eq!(second.len(), 200 + 150 + 1 + 40 + 30 + 1);
}

#[test]
fn the_first_scrape_has_a_zero_for_each_rejection_of_each_listener() {
    let observer = Observer::new(0);
    let [web, _api] = ["web", "api"].map(|name| observer.listener(name));
    assert_eq!(rejections(&observer, "web"), [0; Rejection::ALL.len()]);
    assert_eq!(rejections(&observer, "api"), [0; Rejection::ALL.len()]);
    observer.rejected("web", Rejection::AccessDenied);
    observer.forget_gone();
    assert_eq!(rejections(&observer, "web"), [0, 1, 0, 0]);
    // They go with their listener.
    drop(web);
    observer.forget_gone();
    assert!(rejections(&observer, "web").is_empty());
    assert_eq!(rejections(&observer, "api"), [0; Rejection::ALL.len()]);
}

/// A request of each of these kinds is over.
fn asked(worker: &Observer, kinds: Range<u16>) {
    let listened = worker.listener("l");
    for status in kinds {
        let kind = RequestKind {
            method: "GET",
            status,
            route: "h/".into(),
            version: "1.1",
            https: false,
            error: None,
        };
        listened.answered(kind, Span(1));
    }
}

/// An answer of each of these kinds has come of an endpoint.
fn answered(worker: &Observer, kinds: Range<u16>) {
    let cluster = worker.cluster("c");
    for status in kinds {
        cluster.answered(status, "", Span(1));
    }
}

/// How many there were of each kind of requests and answers.
fn scraped(workers: &[Observer]) -> BTreeMap<String, u64> {
    let mut sums = Metrics::default();
    for worker in workers {
        sums.add(&worker.metrics(Time(0)));
    }
    let text = sums.to_string();
    let counts = text
        .lines()
        .filter(|line| line.contains("_request_duration_seconds_count{"))
        .filter_map(|line| line.rsplit_once(' '))
        .map(|(series, count)| (series.to_owned(), count.parse().expect("a count")));
    counts.collect()
}

/// How many were not let in at this listener, in the order of [`Rejection::ALL`].
fn rejections(observer: &Observer, listener: &str) -> Vec<u64> {
    let text = observer.metrics(Time(0)).to_string();
    let told = Rejection::ALL.into_iter().filter_map(|why| {
        let labels = format!("{{listener=\"{listener}\",reason=\"{why}\"}} ");
        let series = format!("tidegate_connections_rejected_total{labels}");
        let count = |line: &str| line.strip_prefix(series.as_str())?.parse().ok();
        text.lines().find_map(count)
    });
    told.collect()
}

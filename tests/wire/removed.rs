//! The series of what a reload removes: there while somebody has it, and gone then.

use crate::{
    exchange::{GET, OK},
    peers::{Origin, Peer},
    scraped::{Scrape, Scraped, text},
};
use rustix::process::Signal;
use std::net::SocketAddr;

/// A listener and its cluster, of these names.
fn named(to: SocketAddr, listener: &str, cluster: &str) -> String {
    text(to, "", "")
        .replace("\"l\"", &format!("\"{listener}\""))
        .replace("\"c\"", &format!("\"{cluster}\""))
}

fn accepted(scrape: &Scrape, listener: &str) -> Option<f64> {
    scrape.value(&format!(
        "tidegate_connections_accepted_total{{listener=\"{listener}\"}}"
    ))
}

/// How often the worker has looked whose numbers are nobody's any more.
fn looks(scrape: &Scrape) -> Option<f64> {
    scrape.value("tidegate_worker_loop_lag_seconds_count{worker=\"0\"}")
}

#[test]
fn what_a_reload_removes_has_its_series_for_as_long_as_a_connection() {
    let origin = Origin::new();
    let stage = Scraped::of_file(&named(origin.address(), "before", "old"));
    let mut client = stage.proxy.client();
    client.say(GET);
    let mut up = origin.accept();
    up.message();
    stage.rewrite(&named(origin.address(), "after", "new"));
    stage.proxy.process.signal(Signal::HUP);
    stage.shows("tidegate_config_reloads_total{result=\"success\"}", 1.0);
    let seen = stage.until("a look", looks);
    stage.until("two more", |scrape| {
        looks(scrape).filter(|now| *now > seen + 1.0)
    });
    assert_eq!(accepted(&stage.scrape(), "before"), Some(1.0));
    up.say(OK);
    assert_eq!(client.message().body, b"ok");
    drop((client, up));
    stage.until("end of what is gone", |scrape| {
        let names = ["\"before\"", "\"old\""];
        (!names.iter().any(|name| scrape.0.contains(name))).then_some(())
    });
    assert_eq!(accepted(&stage.scrape(), "after"), Some(0.0));
}

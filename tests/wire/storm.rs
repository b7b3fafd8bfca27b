//! Askers without measure: whoever is served does not feel them.

use crate::{
    exchange::{GET, OK},
    harness::{Running, program, run},
    peers::{End, Last, Origin, Peer, Raw},
    scraped::{SCRAPE, SOCKET, Scraped, scrape},
};
use std::{net::SocketAddr, thread};

/// Many who scrape at once, and some who never read: whoever is served does not feel it, and neither
/// memory nor connections grow without end.
#[test]
fn a_storm_of_scrapes_is_nobodys_trouble() {
    let origin = Origin::new();
    let stage = Scraped::configured(origin.address(), "", "");
    let mut client = stage.proxy.client();
    // More than may ask at once, none of which takes what it asked for.
    let deaf: Vec<Raw> = (0..100).map(|_| deaf(stage.http)).collect();
    // Each by a connection of its own: an idle one may have had its time on a slow machine.
    let exchange = |client: &mut Raw| {
        client.say(GET);
        let mut up = origin.accept();
        up.message();
        up.say(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
        assert_eq!(client.message().body, b"ok");
    };
    for _ in 0..50 {
        exchange(&mut client);
    }
    let socket = stage.proxy.scratch().path(SOCKET);
    // By the other door there is room.
    let status = || {
        let mut command = program(stage.proxy.scratch());
        command.args(["status", "--admin"]).arg(&socket);
        run(command)
    };
    assert_eq!(status().code(), Some(0));
    drop(deaf);
    let before = stage
        .scrape()
        .value("process_resident_memory_bytes")
        .unwrap();
    let http = stage.http;
    thread::scope(|scope| {
        let scrapers: Vec<_> = (0..8)
            .map(|_| scope.spawn(move || (0..50).for_each(|_| drop(scrape(http)))))
            .collect();
        while !scrapers.iter().all(|one| one.is_finished()) {
            exchange(&mut client);
        }
    });
    let after = stage.scrape();
    let grown = after.value("process_resident_memory_bytes").unwrap() - before;
    assert!(grown < 64e6, "by {grown} bytes");
    assert_eq!(
        after.value("http_server_active_requests{listener=\"l\"}"),
        Some(0.0)
    );
    assert_eq!(after.value("tidegate_log_lines_dropped_total"), Some(0.0));
}

/// Scrapes often, and reads nothing.
fn deaf(http: SocketAddr) -> Raw {
    let mut raw = Raw::narrow(http, 2_048);
    raw.say(&SCRAPE.repeat(16));
    raw
}

/// Whoever waits for a drain, or watches, and is killed: the drain goes on, and so does whoever is served.
#[test]
fn who_asks_may_be_killed_in_the_middle() {
    let origin = Origin::new();
    let stage = Scraped::configured(origin.address(), "", "");
    let mut client = stage.proxy.client();
    client.say(GET);
    let mut up = origin.accept();
    up.message();
    let socket = stage.proxy.scratch().path(SOCKET);
    let mut listener = Raw::connect(stage.http);
    listener.say(b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert!(listener.head().contains("text/event-stream"));
    // Cut in the middle of an event.
    listener.until("an event", |ahead| (!ahead.is_empty()).then_some(1));
    listener.reset();
    let mut command = program(stage.proxy.scratch());
    command.args(["drain", "--wait", "--admin"]).arg(&socket);
    let mut waiting = Running::start(&mut command, "none");
    waiting.until("who is left", |said| said.contains("1 left").then_some(()));
    // By SIGKILL.
    drop(waiting);
    let waits = "tidegate_drain_remaining_connections{waiting_for=\"answer\"}";
    stage.shows(waits, 1.0);
    up.say(OK);
    assert_eq!(client.message().body, b"ok");
    up.fin();
    assert_eq!(client.last(), Last::plain("", End::Fin));
    client.fin();
    assert_eq!(stage.proxy.process.end().code(), Some(0));
}

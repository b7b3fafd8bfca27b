//! The page `/ui/` in a browser: that it shows what is, leads to a connection's picture, and can be used
//! without a mouse and at night (PRODUCT 9).

use crate::{
    browser::Browser,
    exchange::{GET, OK},
    harness::Proxy,
    peers::{Origin, Peer, Raw},
};
use std::net::SocketAddr;

struct Stage {
    proxy: Proxy,
    origin: Origin,
    http: SocketAddr,
}

impl Stage {
    fn new() -> Stage {
        let origin = Origin::new();
        let to = origin.address();
        let mut proxy = Proxy::asked(format!(
            "defaults = \"2026\"\nworkers = 1\n[[listener]]\nname = \"web\"\nbind = [\"127.0.0.1:0\"]\n\
            to = \"app\"\n[[cluster]]\nname = \"app\"\nendpoints = [\"{to}\"]\n\
            [drain]\ntimeout = \"5m\"\n[admin]\nunix = \"admin.sock\"\nhttp = \"127.0.0.1:0\"\n"
        ));
        let http = proxy.process.until("where it is asked", |said| {
            let (_, rest) = said.split_once("admin  http://")?;
            rest.split_whitespace().next()?.parse().ok()
        });
        Stage {
            proxy,
            origin,
            http,
        }
    }

    fn page(&self, about: &str) -> Browser {
        Browser::at(&format!("http://{}/ui/{about}", self.http))
    }

    fn asked(&self) -> (Raw, Raw) {
        let mut client = self.proxy.client();
        client.say(GET);
        let mut up = self.origin.accept();
        up.message();
        (client, up)
    }
}

#[test]
fn who_is_here_is_shown_and_every_row_leads_to_its_picture() {
    let stage = Stage::new();
    let (_client, _up) = stage.asked();
    let mut page = stage.page("");
    let row = page.until("document.querySelector('#connections [data-conn]').innerText");
    let row = row.as_str().unwrap();
    for cell in ["0-1", "web", "exchange", "established", "response in"] {
        assert!(row.contains(cell), "{cell}: {row}");
    }
    let endpoints = page.evaluated("document.getElementById('endpoints').innerText");
    assert!(endpoints.as_str().unwrap().contains("app"), "{endpoints}");
    assert_eq!(
        page.evaluated("document.querySelectorAll('#river polygon').length"),
        1
    );
    // Without a mouse: down to the first row of all, and why.
    page.press("j");
    page.press("Enter");
    let drawn = page.until("document.querySelector('#lanes svg.tidegate').textContent");
    for words in [
        "client",
        "origin",
        "message",
        "connect",
        "response 60s armed",
    ] {
        assert!(drawn.as_str().unwrap().contains(words), "{words}: {drawn}");
    }
    let words = page.evaluated("document.getElementById('words').textContent");
    let said = "The server waits for an answer (established";
    assert!(words.as_str().unwrap().contains(said), "{words}");
    assert_eq!(page.evaluated("location.hash"), "#0-1");
    let day = page.seen("why");
    page.prefers("dark");
    let back = "getComputedStyle(document.body).backgroundColor";
    assert_eq!(page.until(&format!("{back} === 'rgb(20, 24, 29)'")), true);
    assert_ne!(page.seen("why-dark"), day);
    page.press("Escape");
    assert_eq!(
        page.evaluated("document.getElementById('why').hidden"),
        true
    );
}

#[test]
fn a_filter_leaves_those_that_it_means() {
    let stage = Stage::new();
    let (_client, _up) = stage.asked();
    let (mut idle, mut up) = stage.asked();
    up.say(OK);
    assert_eq!(idle.message().body, b"ok");
    let mut page = stage.page("");
    let count = "document.querySelectorAll('#connections [data-conn]').length";
    page.until(&format!(
        "{count} === 2 && document.getElementById('connections').innerText.includes('idle')"
    ));
    page.press("/");
    for letter in ["i", "d", "l", "e"] {
        page.press(letter);
    }
    page.until(&format!("{count} === 1"));
}

#[test]
fn an_end_is_seen_with_its_cause_and_a_drain_with_who_is_left() {
    let stage = Stage::new();
    let mut page = stage.page("#0-1");
    page.until("document.getElementById('state').textContent === 'serving'");
    let (mut client, mut up) = stage.asked();
    up.say(OK);
    assert_eq!(client.message().body, b"ok");
    // On the connection that the first one has left.
    let mut left = stage.proxy.client();
    left.say(GET);
    up.message();
    page.until("document.getElementById('count').textContent === '2 connections'");
    drop(client);
    page.until("document.getElementById('causes').innerText.includes('client_')");
    page.until("[...document.querySelectorAll('#river rect title')].some(t => t.textContent.startsWith('client_'))");
    stage.proxy.process.signal(rustix::process::Signal::TERM);
    let left = page.until(
        "!document.getElementById('drain').hidden && document.getElementById('leaving').innerText",
    );
    for words in ["0-2", "exchange", "an answer", "response in"] {
        assert!(left.as_str().unwrap().contains(words), "{words}: {left}");
    }
    page.seen("drain");
}

#[test]
fn a_connection_that_ended_keeps_its_picture() {
    let stage = Stage::new();
    let (mut client, mut up) = stage.asked();
    let mut page = stage.page("#0-1");
    page.until("document.querySelector('#lanes svg.tidegate')");
    up.say(OK);
    assert_eq!(client.message().body, b"ok");
    drop(client);
    page.until("document.getElementById('words').textContent.startsWith('It has ended.')");
    assert_eq!(
        page.evaluated("document.querySelectorAll('#lanes svg.tidegate').length"),
        1
    );
}

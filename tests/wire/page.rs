//! The page `/ui/` in a browser: that it shows what is, leads to a connection's picture, and can be used
//! without a mouse and at night (PRODUCT 9).

use crate::{
    admin::Stage,
    browser::Browser,
    exchange::{GET, OK},
    peers::Peer,
};

/// It waits long enough for what is under way to be looked at.
fn stage() -> Stage {
    Stage::new("[drain]\ntimeout = \"5m\"\n")
}

/// The page of a stage, and what it is to show first.
fn page(stage: &Stage, about: &str) -> Browser {
    Browser::at(&format!("http://{}/ui/{about}", stage.http))
}

#[test]
fn who_is_here_is_shown_and_every_row_leads_to_its_picture() {
    let stage = stage();
    let (_client, _up) = stage.asked();
    let mut shown = page(&stage, "");
    let row = shown.until("document.querySelector('#connections [data-conn]').innerText");
    let row = row.as_str().unwrap();
    for cell in ["0-1", "l", "exchange", "established", "response in"] {
        assert!(row.contains(cell), "{cell}: {row}");
    }
    let endpoints = shown.evaluated("document.getElementById('endpoints').innerText");
    assert!(
        endpoints
            .as_str()
            .unwrap()
            .contains(&stage.origin.address().to_string()),
        "{endpoints}"
    );
    // The one that has asked has found the pool empty, and is not answered yet.
    for cell in ["up", "0 %"] {
        assert!(endpoints.as_str().unwrap().contains(cell), "{endpoints}");
    }
    assert_eq!(
        shown.evaluated("document.querySelectorAll('#river polygon').length"),
        1
    );
    // Without a mouse: down to the first row of all, and why.
    shown.press("j");
    shown.press("Enter");
    let drawn = shown.until("document.querySelector('#lanes svg.tidegate').textContent");
    for words in [
        "client",
        "origin",
        "message",
        "connect",
        "response 60s armed",
    ] {
        assert!(drawn.as_str().unwrap().contains(words), "{words}: {drawn}");
    }
    let words = shown.evaluated("document.getElementById('words').textContent");
    let said = "The server waits for an answer (established";
    assert!(words.as_str().unwrap().contains(said), "{words}");
    assert_eq!(shown.evaluated("location.hash"), "#0-1");
    let day = shown.seen("why");
    shown.prefers("dark");
    let back = "getComputedStyle(document.body).backgroundColor";
    assert_eq!(shown.until(&format!("{back} === 'rgb(20, 24, 29)'")), true);
    assert_ne!(shown.seen("why-dark"), day);
    shown.press("Escape");
    assert_eq!(
        shown.evaluated("document.getElementById('why').hidden"),
        true
    );
}

/// What the kernel lists, and no connection has: an upstream connection that waits in the pool.
#[test]
fn sockets_are_those_that_the_kernel_lists() {
    let stage = stage();
    let (mut client, mut up) = stage.asked();
    let mut shown = page(&stage, "");
    let rows = "document.getElementById('sockets').innerText";
    let row = |side: &str, conn: &str| {
        format!("/{side}\\s+established\\s+1\\s.*\\s{conn}(\\n|$)/.test({rows})")
    };
    shown.until(&row("server", "0-1"));
    // It stays in the pool for as long as all this may take.
    up.say(b"HTTP/1.1 200 OK\r\nKeep-Alive: timeout=60\r\nContent-Length: 2\r\n\r\nok");
    assert_eq!(client.message().body, b"ok");
    shown.until(&row("server", "none"));
    assert_eq!(shown.evaluated(&row("client", "0-1")), true);
    // By how long they are in their state, and not by how old their connections are.
    let drawn = shown.evaluated(&format!(
        "(sockets([{{ conn: '9-8', age: 90, client: {{ state: 'close_wait', state_for: 20 }} }},
            {{ conn: '9-9', age: 80, client: {{ state: 'close_wait', state_for: 30 }} }}],
            [{{ side: 'upstream', state: 'close_wait', count: 2, oldest: 5 }}]), {rows})"
    ));
    let expected = "client\tclose_wait\t2\t30.0 s\t9-9\nserver\tclose_wait\t2\t5.0 s\tnone";
    assert_eq!(drawn, expected);
    let top = stage.told("top --once");
    let lines = top.lines().map(|line| line.split_whitespace());
    let lines: Vec<Vec<_>> = lines.map(Iterator::collect).collect();
    for (side, conn) in [("server", "none"), ("client", "0-1")] {
        let is = |line: &&Vec<&str>| line[..] == [side, "established", "1", line[3], conn];
        let found = lines.iter().filter(|line| line.len() == 5).find(is);
        assert!(found.is_some(), "{side}: {top}");
    }
}

#[test]
fn a_filter_leaves_those_that_it_means() {
    let stage = stage();
    let (_client, _up) = stage.asked();
    let (mut idle, mut up) = stage.asked();
    up.say(OK);
    assert_eq!(idle.message().body, b"ok");
    let mut shown = page(&stage, "");
    let count = "document.querySelectorAll('#connections [data-conn]').length";
    shown.until(&format!(
        "{count} === 2 && document.getElementById('connections').innerText.includes('idle')"
    ));
    shown.press("/");
    for letter in ["i", "d", "l", "e"] {
        shown.press(letter);
    }
    shown.until(&format!("{count} === 1"));
}

#[test]
fn an_end_is_seen_with_its_cause_and_a_drain_with_who_is_left() {
    let stage = stage();
    let mut shown = page(&stage, "#0-1");
    shown.until("document.getElementById('state').textContent === 'serving'");
    let (mut client, mut up) = stage.asked();
    up.say(OK);
    assert_eq!(client.message().body, b"ok");
    // On the connection that the first one has left.
    let mut left = stage.proxy.client();
    left.say(GET);
    up.message();
    shown.until("document.getElementById('count').textContent === '2 connections'");
    drop(client);
    shown.until("document.getElementById('causes').innerText.includes('client_')");
    shown.until("[...document.querySelectorAll('#river rect title')].some(t => t.textContent.startsWith('client_'))");
    stage.proxy.process.signal(rustix::process::Signal::TERM);
    let left = shown.until(
        "!document.getElementById('drain').hidden && document.getElementById('leaving').innerText",
    );
    for words in ["0-2", "exchange", "an answer", "response in"] {
        assert!(left.as_str().unwrap().contains(words), "{words}: {left}");
    }
    shown.seen("drain");
}

#[test]
fn a_connection_that_ended_keeps_its_picture() {
    let stage = stage();
    let (mut client, mut up) = stage.asked();
    let mut shown = page(&stage, "#0-1");
    shown.until("document.querySelector('#lanes svg.tidegate')");
    up.say(OK);
    assert_eq!(client.message().body, b"ok");
    drop(client);
    shown.until("document.getElementById('words').textContent.startsWith('It has ended.')");
    assert_eq!(
        shown.evaluated("document.querySelectorAll('#lanes svg.tidegate').length"),
        1
    );
}

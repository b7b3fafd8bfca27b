//! What goes through the kernel's pipes (PERFORMANCE): relays of TCP and long bodies in clear text, with
//! their bytes and their ends. Every test sees to it that pipes were in use.

use crate::{
    exchange::GET,
    harness::Proxy,
    peers::{End, Last, Origin, Peer, Raw, pattern},
};
use std::{collections::BTreeSet, fs, thread};

/// More than all buffers on the way hold.
const BULK: usize = 12_000_000;

/// What a client's socket takes, in bytes as given to the kernel.
const NARROW: usize = 4096;

/// A pipe for everything that nobody looks at, from its first byte on.
const AT_ONCE: &str = "[limits]\npipe_from = \"0B\"";

/// A relay, its client and its origin; and the pipes that the proxy had before.
struct Relay {
    proxy: Proxy,
    client: Raw,
    up: Raw,
    before: BTreeSet<String>,
}

fn relay(limits: &str, client: impl FnOnce(&Proxy) -> Raw) -> Relay {
    let origin = Origin::new();
    let proxy = Proxy::configured(origin.address(), "kind = \"tcp\"", limits);
    let before = pipes(&proxy);
    let client = client(&proxy);
    let up = origin.accept();
    Relay {
        proxy,
        client,
        up,
        before,
    }
}

/// The pipes that a proxy holds.
fn pipes(proxy: &Proxy) -> BTreeSet<String> {
    let folder = format!("/proc/{}/fd", proxy.process.pid());
    let links = fs::read_dir(folder).unwrap().flatten();
    links
        .filter_map(|fd| Some(fs::read_link(fd.path()).ok()?.display().to_string()))
        .filter(|link| link.starts_with("pipe:"))
        .collect()
}

fn assert_piped(proxy: &Proxy, before: &BTreeSet<String>) {
    assert_ne!(&pipes(proxy), before, "no pipe was made");
}

#[test]
fn r03_bulk_both_ways_and_both_fins() {
    for limits in ["", AT_ONCE] {
        let Relay {
            proxy,
            mut client,
            mut up,
            before,
        } = relay(limits, Proxy::client);
        let bytes = pattern(BULK);
        let (there, back) = (bytes.clone(), bytes.clone());
        let (mut says, mut answers) = (client.another(), up.another());
        let saying = thread::spawn(move || {
            says.say(&there);
            says.fin();
        });
        let answering = thread::spawn(move || {
            answers.say(&back);
            answers.fin();
        });
        let hearing = thread::spawn(move || up.last());
        let heard = client.last();
        assert_eq!(heard.end, End::Fin);
        assert!(heard.bytes == bytes, "the answer is not what was said");
        let heard = hearing.join().unwrap();
        assert_eq!(heard.end, End::Fin);
        assert!(heard.bytes == bytes, "what was asked is not what was said");
        saying.join().unwrap();
        answering.join().unwrap();
        assert_piped(&proxy, &before);
    }
}

#[test]
fn r04_words_and_fin_in_one_event() {
    let Relay {
        proxy,
        mut client,
        mut up,
        before,
    } = relay(AT_ONCE, Proxy::client);
    proxy.process.pause();
    client.say_last(b"last of the client");
    up.say_last(b"last of the origin");
    proxy.process.resume();
    assert_eq!(up.last(), Last::plain("last of the client", End::Fin));
    assert_eq!(client.last(), Last::plain("last of the origin", End::Fin));
    assert_piped(&proxy, &before);
}

#[test]
fn r10_a_reset_does_not_overtake_what_is_in_a_pipe() {
    let Relay {
        proxy,
        mut client,
        mut up,
        before,
    } = relay(AT_ONCE, Proxy::client);
    up.say(b"hello");
    assert_eq!(client.hear(5), b"hello");
    proxy.process.pause();
    up.say(b"the last of it");
    up.reset();
    proxy.process.resume();
    assert_eq!(client.last(), Last::plain("the last of it", End::Reset));
    assert_piped(&proxy, &before);
}

/// R22: a slow reader holds its source; R03: nothing is forgotten meanwhile.
#[test]
fn r22_a_reader_that_begins_late() {
    let Relay {
        proxy,
        mut client,
        mut up,
        before,
    } = relay("", |proxy| Raw::narrow(proxy.address, NARROW));
    let bytes = pattern(BULK);
    let said = bytes.clone();
    let saying = thread::spawn(move || {
        up.say(&said);
        up.fin();
        up.last()
    });
    let first = client.hear(300_000);
    while pipes(&proxy) == before {
        thread::yield_now();
    }
    client.say(b"asked in between");
    client.fin();
    let rest = client.last();
    assert_eq!(rest.end, End::Fin);
    assert!([first, rest.bytes].concat() == bytes, "not what was said");
    let asked = saying.join().unwrap();
    assert_eq!(asked, Last::plain("asked in between", End::Fin));
}

/// One exchange whose answer has a body of this length; what of it is said, and whether RST follows.
fn answer(up: &mut Raw, length: usize, body: &[u8]) {
    up.message();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
    up.say(head.as_bytes());
    up.say(body);
}

#[test]
fn u06_a_long_body_that_is_cut_off_ends_with_a_reset() {
    for limits in ["", AT_ONCE] {
        let origin = Origin::new();
        let proxy = Proxy::configured(origin.address(), "", limits);
        let before = pipes(&proxy);
        let mut client = proxy.client();
        client.say(GET);
        let mut up = origin.accept();
        let body = pattern(BULK / 2);
        let said = body.clone();
        let saying = thread::spawn(move || {
            answer(&mut up, BULK, &said);
            up.reset();
        });
        assert!(client.head().starts_with("HTTP/1.1 200 "));
        let heard = client.last();
        saying.join().unwrap();
        assert_eq!(heard.end, End::Reset);
        // A reset may take along what its own kernel had not sent.
        assert!(body.starts_with(&heard.bytes), "not what was said");
        assert!(!heard.bytes.is_empty());
        assert_piped(&proxy, &before);
    }
}

#[test]
fn long_bodies_both_ways_and_a_short_one_behind_them_on_the_same_connections() {
    for limits in ["", AT_ONCE] {
        let origin = Origin::new();
        let proxy = Proxy::configured(origin.address(), "", limits);
        let before = pipes(&proxy);
        let mut client = proxy.client();
        let body = pattern(BULK);
        let (asked, answered) = (body.clone(), body.clone());
        let serving = thread::spawn(move || {
            let mut up = origin.accept();
            for short in [false, true, false, true] {
                let request = up.message();
                let bytes = if short { &b"short"[..] } else { &answered };
                assert!(request.body == bytes, "not what was asked");
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", bytes.len());
                up.say(head.as_bytes());
                up.say(bytes);
            }
            assert!(origin.is_untouched(), "one connection is enough");
        });
        for short in [false, true, false, true] {
            let bytes = if short { &b"short"[..] } else { &asked };
            let head = format!(
                "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n",
                bytes.len()
            );
            client.say(head.as_bytes());
            client.say(bytes);
            let message = client.message();
            assert_eq!(message.status(), 200);
            assert!(message.body == bytes, "not what was answered");
        }
        serving.join().unwrap();
        assert_piped(&proxy, &before);
    }
}

/// Nothing is read past a body's end: what follows is the next request.
#[test]
fn h11_what_is_pipelined_behind_a_long_body_is_another_request() {
    let origin = Origin::new();
    let proxy = Proxy::configured(origin.address(), "", AT_ONCE);
    let mut client = proxy.client();
    let body = pattern(1_000_000);
    let mut says = client.another();
    let head = format!(
        "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let all = [head.as_bytes(), &body, GET].concat();
    let saying = thread::spawn(move || says.say(&all));
    let mut up = origin.accept();
    assert!(up.message().body == body, "not what was asked");
    up.say(b"HTTP/1.1 204 No Content\r\n\r\n");
    assert_eq!(client.bare().status(), 204);
    assert!(up.message().line().starts_with("GET "));
    up.say(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    assert_eq!(client.message().body, b"ok");
    saying.join().unwrap();
}

/// Where an operator wants none, everything is copied.
#[test]
fn without_pipes_everything_goes_through_all_the_same() {
    let Relay {
        proxy,
        mut client,
        mut up,
        before,
    } = relay("[limits]\npipe = \"0B\"\npipe_from = \"0B\"", Proxy::client);
    let bytes = pattern(BULK);
    let said = bytes.clone();
    let saying = thread::spawn(move || {
        up.say(&said);
        up.fin();
        up
    });
    let heard = client.last();
    assert_eq!(heard.end, End::Fin);
    assert!(heard.bytes == bytes, "not what was said");
    saying.join().unwrap();
    assert_eq!(pipes(&proxy), before);
}

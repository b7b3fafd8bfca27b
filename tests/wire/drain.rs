//! The drain: what is idle ends at once, what is in flight ends as it would have, and the process
//! after it (LIFECYCLE 4.9).

use crate::{
    exchange::{GET, OK, answered, configured},
    harness::Proxy,
    peers::{End, Last, Origin, Peer, Raw, pattern},
    secure::Version,
};
use rustix::process::Signal;
use std::io::ErrorKind;

/// A drain closes what is idle, however briefly.
const AT_ONCE: &str = "timeouts = { idle_least = \"0s\" }";

/// One request and its answer; both legs stay.
fn served(client: &mut impl Peer, origin: &Origin) -> Raw {
    client.say(GET);
    let mut up = origin.accept();
    answered(client, &mut up);
    up
}

/// A proxy of one worker with a request in flight, told to drain; an idle connection whose end
/// has shown that it was told.
fn draining(rest: &str) -> (Proxy, Raw, Raw) {
    let origin = Origin::new();
    let proxy = Proxy::configured(origin.address(), AT_ONCE, rest);
    let mut idle = proxy.client();
    let mut pooled = served(&mut idle, &origin);
    let mut client = proxy.client();
    client.say(GET);
    assert_eq!(pooled.message().line(), "GET /a HTTP/1.1");
    proxy.process.signal(Signal::TERM);
    assert_eq!(idle.last(), Last::plain("", End::Fin));
    (proxy, client, pooled)
}

#[test]
fn g3_what_is_in_flight_completes_and_the_process_ends() {
    let (proxy, mut client, mut up) = draining("");
    up.say(OK);
    let answer = client.message();
    assert_eq!(answer.body, b"ok");
    assert_eq!(answer.field("connection"), Some("close"));
    assert_eq!(client.last(), Last::plain("", End::Fin));
    assert_eq!(up.last(), Last::plain("", End::Fin));
    drop((client, up));
    let done = proxy.process.end();
    assert_eq!(done.code(), Some(0), "{}", done.said);
}

/// A POST that was pipelined behind the request in flight could not be tried again by its client.
#[test]
fn i15_what_was_read_behind_the_request_in_flight_is_served_too() {
    let origin = Origin::new();
    let proxy = Proxy::configured(origin.address(), AT_ONCE, "");
    let mut client = proxy.client();
    let post = b"POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi";
    client.say(&[GET, post].concat());
    let mut up = origin.accept();
    assert_eq!(up.message().line(), "GET /a HTTP/1.1");
    proxy.process.signal(Signal::TERM);
    until_drain(&proxy);
    up.say(OK);
    assert_eq!(client.message().field("connection"), Some("keep-alive"));
    assert_eq!(up.message().body, b"hi");
    up.say(OK);
    assert_eq!(client.message().field("connection"), Some("close"));
    assert_eq!(client.last(), Last::plain("", End::Fin));
    drop((client, up));
    assert_eq!(proxy.process.end().code(), Some(0));
}

#[test]
fn g2_new_connections_are_refused() {
    let (proxy, mut client, mut up) = draining("");
    loop {
        match Raw::try_connect(proxy.address) {
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => break,
            // Those that came before the listener was closed are let in and shown out.
            Ok(mut early) => {
                early.last();
            }
            Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
        }
    }
    up.say(OK);
    assert_eq!(client.message().body, b"ok");
}

#[test]
fn g3_s67_a_download_in_flight_is_streamed_to_its_end() {
    let parts: Vec<Vec<u8>> = pattern(80_000).chunks(10_000).map(<[u8]>::to_vec).collect();
    let (stage, mut client, mut up) = configured(AT_ONCE, "", GET);
    up.message();
    up.say(b"HTTP/1.1 200 OK\r\nContent-Length: 80000\r\n\r\n");
    client.head();
    for (at, part) in parts.iter().enumerate() {
        if at == 1 {
            stage.proxy.process.signal(Signal::TERM);
            until_drain(&stage.proxy);
        }
        up.say(part);
        assert!(client.hear(part.len()) == *part, "part {at}");
    }
    // The head had left before the signal came: the FIN behind the last byte is the word.
    assert_eq!(client.last(), Last::plain("", End::Fin));
    assert_eq!(up.last(), Last::plain("", End::Fin));
    drop((client, up));
    assert_eq!(stage.proxy.process.end().code(), Some(0));
}

/// Waits until the proxy has heard of its drain, and has closed its listener for it.
fn until_drain(proxy: &Proxy) {
    while let Ok(mut early) = Raw::try_connect(proxy.address) {
        early.fin();
        early.last();
    }
}

#[test]
fn g4_a_request_that_was_on_its_way_is_served() {
    let origin = Origin::new();
    let proxy = Proxy::configured(origin.address(), "timeouts = { idle_least = \"20s\" }", "");
    let mut kept = proxy.client();
    let mut up = served(&mut kept, &origin);
    let mut fresh = proxy.client();
    proxy.process.signal(Signal::TERM);
    until_drain(&proxy);
    for client in [&mut kept, &mut fresh] {
        client.say(GET);
        up.message();
        up.say(OK);
        let answer = client.message();
        assert_eq!(answer.body, b"ok");
        assert_eq!(answer.field("connection"), Some("close"));
        assert_eq!(client.last(), Last::plain("", End::Fin));
    }
    drop((kept, fresh, up));
    assert_eq!(proxy.process.end().code(), Some(0));
}

#[test]
fn g4_a_client_that_has_just_come_over_tls_is_served() {
    let listener = "tls = \"dev\"\ntimeouts = { idle_least = \"20s\" }";
    for version in Version::BOTH {
        let origin = Origin::new();
        let proxy = Proxy::configured(origin.address(), listener, "");
        let mut client = proxy.secure(version);
        proxy.process.signal(Signal::TERM);
        until_drain(&proxy);
        client.say(GET);
        let mut up = origin.accept();
        answered(&mut client, &mut up);
        assert_eq!(client.last(), Last::notified(""), "{version:?}");
        client.fin();
        drop((client, up));
        assert_eq!(proxy.process.end().code(), Some(0));
    }
}

#[test]
fn g4_idle_over_tls_ends_with_close_notify() {
    for version in Version::BOTH {
        let origin = Origin::new();
        let proxy = Proxy::https(origin.address());
        let mut client = proxy.secure(version);
        let mut up = served(&mut client, &origin);
        proxy.process.signal(Signal::INT);
        assert_eq!(client.last(), Last::notified(""), "{version:?}");
        client.fin();
        assert_eq!(up.last(), Last::plain("", End::Fin));
        drop(up);
        assert_eq!(proxy.process.end().code(), Some(0));
    }
}

#[test]
fn g7_a_request_that_comes_with_the_signal_is_served() {
    let origin = Origin::new();
    let proxy = Proxy::configured(origin.address(), "", "");
    let mut client = proxy.client();
    let mut up = served(&mut client, &origin);
    proxy.process.pause();
    client.say(GET);
    proxy.process.signal(Signal::TERM);
    proxy.process.resume();
    up.message();
    up.say(OK);
    let answer = client.message();
    assert_eq!(answer.body, b"ok");
    assert_eq!(client.last(), Last::plain("", End::Fin));
}

#[test]
fn g2_s70_the_queue_is_served_before_the_listener_closes() {
    let origin = Origin::new();
    let proxy = Proxy::http(origin.address());
    proxy.process.pause();
    let mut clients: Vec<Raw> = (0..100).map(|_| proxy.client()).collect();
    for client in &mut clients {
        client.say(GET);
    }
    proxy.process.signal(Signal::TERM);
    proxy.process.resume();
    for _ in 0..clients.len() {
        let mut up = origin.accept();
        up.message();
        up.say(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
    }
    for client in &mut clients {
        // The first may have been answered before the drain was heard of, and ended by it.
        assert_eq!(client.message().body, b"ok");
        assert_eq!(client.last(), Last::plain("", End::Fin));
    }
    drop(clients);
    assert_eq!(proxy.process.end().code(), Some(0));
}

#[test]
fn g8_the_process_stays_until_the_last_byte_is_acknowledged() {
    const SIZE: usize = 1_500_000;
    let origin = Origin::new();
    // The kernel may have taken the whole answer by then: no further request is waited for.
    let proxy = Proxy::configured(origin.address(), AT_ONCE, "");
    let mut client = Raw::narrow(proxy.address, 4096);
    client.say(b"GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    let mut up = origin.accept();
    up.message();
    let body = pattern(SIZE);
    let answering = std::thread::spawn({
        let body = body.clone();
        move || {
            up.say(format!("HTTP/1.1 200 OK\r\nContent-Length: {SIZE}\r\n\r\n").as_bytes());
            up.say(&body);
            up.last()
        }
    });
    client.head();
    proxy.process.signal(Signal::TERM);
    until_drain(&proxy);
    assert!(client.hear(SIZE / 2) == body[..SIZE / 2]);
    // Late words do not spoil what is still on its way.
    client.say(GET);
    assert!(client.last() == Last::plain(&body[SIZE / 2..], End::Fin));
    answering.join().unwrap();
    drop(client);
    assert_eq!(proxy.process.end().code(), Some(0));
}

#[test]
fn a_second_signal_stops() {
    let (proxy, mut client, mut up) = draining("");
    proxy.process.signal(Signal::TERM);
    assert_eq!(client.last(), Last::plain("", End::Reset));
    assert_eq!(up.last(), Last::plain("", End::Reset));
    let done = proxy.process.end();
    assert_eq!(done.code(), Some(4), "{}", done.said);
}

/// What was said of each connection that was cut.
fn cut(said: &str) -> Vec<&str> {
    said.lines().filter(|line| line.contains("cut: ")).collect()
}

#[test]
fn g9_the_deadline_cuts_and_names_what_it_cuts() {
    let (proxy, mut client, mut up) = draining("[drain]\ntimeout = \"100ms\"");
    let peers = [client.local(), up.local()];
    assert_eq!(client.last(), Last::plain("", End::Reset));
    assert_eq!(up.last(), Last::plain("", End::Reset));
    let done = proxy.process.end();
    assert_eq!(done.code(), Some(4), "{}", done.said);
    let cut = cut(&done.said);
    assert_eq!(cut.len(), 2, "{}", done.said);
    for (line, (peer, words)) in cut.into_iter().zip(peers.into_iter().zip([
        ["leg=\"downstream\"", "waits_for=the other leg"],
        ["leg=\"upstream\"", "waits_for=an answer"],
    ])) {
        let common = ["listener=\"l\"", "phase=\"exchange\"", "timer=response"];
        let peer = format!("peer={peer}");
        for word in words
            .into_iter()
            .chain(common)
            .chain([&*peer, "age=", "unsent=0"])
        {
            assert!(line.contains(word), "{word}: {line}");
        }
    }
}

#[test]
fn g6_g9_at_the_deadline_a_relay_is_reset_whatever_its_state() {
    let listener = "kind = \"tcp\"\ntls = \"dev\"";
    let origin = Origin::new();
    let proxy = Proxy::configured(origin.address(), listener, "[drain]\ntimeout = \"300ms\"");
    let mut open = proxy.secure(Version::Tls13);
    open.say(b"a");
    let mut up = origin.accept();
    assert_eq!(up.hear(1), b"a");
    let mut half = proxy.secure(Version::Tls12);
    half.say(b"b");
    half.close_notify();
    let mut half_up = origin.accept();
    assert_eq!(half_up.last(), Last::plain("b", End::Fin));
    proxy.process.signal(Signal::TERM);
    for client in [&mut open, &mut half] {
        // No close_notify: nobody has ended this.
        assert_eq!(client.last(), Last::plain("", End::Reset));
    }
    assert_eq!(up.last(), Last::plain("", End::Reset));
    // It has heard an end; what it says now meets a reset.
    while half_up.try_say(b"more") {}
    let done = proxy.process.end();
    assert_eq!(done.code(), Some(4), "{}", done.said);
    assert_eq!(cut(&done.said).len(), 4, "{}", done.said);
}

#[test]
fn g8_g9_who_has_heard_all_is_nobody_that_the_deadline_cuts() {
    let listener = "timeouts = { idle_least = \"0s\", linger = \"1h\" }";
    let origin = Origin::new();
    let proxy = Proxy::configured(origin.address(), listener, "[drain]\ntimeout = \"300ms\"");
    let mut client = proxy.client();
    let up = served(&mut client, &origin);
    drop(up);
    proxy.process.signal(Signal::TERM);
    // Our FIN is acknowledged, and this client does not answer it.
    assert_eq!(client.last(), Last::plain("", End::Fin));
    let done = proxy.process.end();
    assert_eq!(done.code(), Some(0), "{}", done.said);
    assert!(cut(&done.said).is_empty(), "{}", done.said);
}

#[test]
fn g1_g2_it_accepts_for_as_long_as_it_was_told_and_then_drains() {
    let origin = Origin::new();
    let rest = "[drain]\npre_delay = \"10s\"";
    let mut proxy = Proxy::configured(origin.address(), AT_ONCE, rest);
    proxy.process.signal(Signal::TERM);
    let left = |said: &str| said.contains("not ready any more").then_some(());
    proxy.process.until("its word that it leaves", left);
    // Connections come and stay as before.
    let mut client = proxy.client();
    let mut up = served(&mut client, &origin);
    client.say(GET);
    up.message();
    up.say(OK);
    let answer = client.message();
    assert_eq!(
        (answer.body.as_slice(), answer.field("connection")),
        (&b"ok"[..], Some("keep-alive"))
    );
    // A second signal stops, also now.
    proxy.process.signal(Signal::TERM);
    assert_eq!(client.last(), Last::plain("", End::Reset));
    assert_eq!(proxy.process.end().code(), Some(4));
}

#[test]
fn g1_the_drain_follows_by_itself() {
    let rest = "[drain]\npre_delay = \"50ms\"";
    let (proxy, mut client, mut up) = draining(rest);
    until_drain(&proxy);
    up.say(OK);
    let answer = client.message();
    assert_eq!(answer.field("connection"), Some("close"));
    assert_eq!(client.last(), Last::plain("", End::Fin));
    drop((client, up));
    let done = proxy.process.end();
    assert_eq!(done.code(), Some(0), "{}", done.said);
    let at = |words: &str| done.said.find(words).unwrap();
    assert!(at("not ready any more") < at("draining;"), "{}", done.said);
}

#[test]
fn g6_s69_a_relay_goes_on_and_ends_as_it_would_have() {
    let origin = Origin::new();
    let mut proxy = Proxy::tcp(origin.address());
    let mut client = proxy.client();
    let mut up = origin.accept();
    client.say(b"question");
    client.fin();
    assert_eq!(up.last(), Last::plain("question", End::Fin));
    proxy.process.signal(Signal::TERM);
    let begun = |said: &str| said.contains("draining").then_some(());
    proxy.process.until("the drain", begun);
    // It has begun everywhere when every listener is closed.
    while let Ok(early) = Raw::try_connect(proxy.address) {
        early.reset();
    }
    up.say(b"a long ");
    assert_eq!(client.hear(7), b"a long ");
    up.say(b"answer");
    up.fin();
    assert_eq!(client.last(), Last::plain("answer", End::Fin));
    drop((client, up));
    assert_eq!(proxy.process.end().code(), Some(0));
}

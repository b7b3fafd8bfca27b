//! Endpoints that are names: how the program starts without an answer, where requests go as answers
//! change, and whom it believes.

use crate::{
    exchange::OK,
    harness::{Proxy, Scratch, Serve, command, program, run},
    names::{Names, Says},
    peers::{Message, Origin, Peer, Raw},
    serving::Serving,
    upgrade::Family,
};
use rustix::process::{Pid, Signal, kill_process};
use std::{net::TcpListener, os::unix::process::CommandExt};

/// Requests in a row that must be answered alike before it is believed that each worker does so.
const ROW: usize = 10;
/// Requests that are made until they are; each takes its time.
const MOST: usize = 10_000;

/// A proxy of two workers before `api.internal`, at this port.
fn proxy(names: &Names, port: u16, cluster: &str) -> Proxy {
    Proxy::of_file(file(names, port, cluster))
}

fn file(names: &Names, port: u16, cluster: &str) -> String {
    format!(
        "defaults = \"2026\"\nworkers = 2\n\
         [[listener]]\nname = \"l\"\nbind = [\"127.0.0.1:0\"]\nto = \"c\"\n\
         [[cluster]]\nname = \"c\"\nendpoints = [\"api.internal:{port}\"]\n{cluster}\n\
         [dns]\nservers = [\"{}\"]\ntimeout = \"200ms\"\nattempts = 1\n",
        names.address()
    )
}

/// Origins at the same port of 127.0.0.1 and 127.0.0.2.
fn origins() -> (Origin, Origin, u16) {
    loop {
        let one = Origin::new();
        let port = one.address().port();
        let at = format!("127.0.0.2:{port}");
        if TcpListener::bind(&at).is_ok() {
            return (one, Origin::at(&at), port);
        }
    }
}

fn first(up: &mut Raw, _: &Message) -> bool {
    up.say(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst");
    true
}

fn second(up: &mut Raw, _: &Message) -> bool {
    up.say(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond");
    true
}

fn said(proxy: &mut Proxy, what: &str) {
    proxy
        .process
        .until(what, |said| said.contains(what).then_some(()));
}

/// What a client of its own is answered: the body, or what Proxy-Status says.
fn asks(proxy: &Proxy) -> String {
    let mut client = proxy.client();
    client.say(b"GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    let message = client.message();
    match message.status() {
        200 => String::from_utf8(message.body).unwrap(),
        status => {
            let why = message.field("proxy-status").unwrap_or_default();
            format!("{status} {why}")
        }
    }
}

/// Asks until everybody who asks is answered like this: each worker hears of a change by itself.
fn until(proxy: &Proxy, answer: &str) {
    let mut last = String::new();
    for _ in 0..MOST {
        let all = (0..ROW).all(|_| {
            last = asks(proxy);
            last == answer
        });
        if all {
            return;
        }
    }
    panic!("`{answer}` is not answered, but `{last}`");
}

#[test]
fn it_starts_without_an_answer_and_says_why_it_cannot_serve() {
    let origin = Serving::with(first);
    let names = Names::new(Says::Nothing);
    let mut proxy = proxy(&names, origin.address().port(), "");
    assert_eq!(asks(&proxy), "503 tidegate; error=dns_timeout");
    said(
        &mut proxy,
        "api.internal: cannot be looked up: no server has answered in time\n",
    );
    names.say(Says::NoName);
    said(&mut proxy, "there is no such name (NXDOMAIN)\n");
    until(&proxy, "503 tidegate; error=dns_error; rcode=\"NXDOMAIN\"");
    names.say(Says::Addresses(vec![1], 60));
    said(&mut proxy, "api.internal: 127.0.0.1\n");
    until(&proxy, "first");
}

#[test]
fn every_address_is_an_endpoint() {
    let (one, other, port) = origins();
    let _origins = [Serving::of(one, first), Serving::of(other, second)];
    let names = Names::new(Says::Addresses(vec![2, 1], 60));
    let mut proxy = proxy(&names, port, "balance = \"round-robin\"");
    // It waits for the first answer before it serves, so none is refused.
    let answers: Vec<_> = (0..20).map(|_| asks(&proxy)).collect();
    for body in ["first", "second"] {
        let count = answers.iter().filter(|answer| *answer == body).count();
        assert!(count >= 8, "{answers:?}");
    }
    said(&mut proxy, "api.internal: 127.0.0.1, 127.0.0.2\n");
}

/// LIFECYCLE 4.8: who is gone gets nothing new, and what it has goes on.
#[test]
fn row_4_8_3_an_address_that_is_gone_keeps_its_exchange() {
    let (one, other, port) = origins();
    let _other = Serving::of(other, second);
    let names = Names::new(Says::Addresses(vec![1], 1));
    let mut proxy = proxy(&names, port, "");
    // It may have begun without an answer, on a machine that is busy.
    said(&mut proxy, "api.internal: 127.0.0.1\n");
    let mut client = proxy.client();
    client.say(b"GET /long HTTP/1.1\r\nHost: h\r\n\r\n");
    let mut up = one.accept();
    up.head();
    up.say(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst");
    // A worker that has not heard of it yet may still ask here.
    let one = Serving::of(one, first);
    names.say(Says::Addresses(vec![2], 1));
    said(&mut proxy, "api.internal: 127.0.0.2; gone 127.0.0.1\n");
    until(&proxy, "second");
    let asked = one.connections();
    up.say(b" last");
    let message = client.message();
    assert_eq!(
        (message.status(), &*message.body),
        (200, &b"first last"[..])
    );
    // Its connection is among the idle ones now, and nobody takes it.
    client.say(b"GET /next HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(client.message().body, b"second");
    assert_eq!(one.connections(), asked);
}

#[test]
fn a_name_that_is_gone_keeps_its_addresses_and_is_told_of_once() {
    let origin = Serving::with(first);
    let names = Names::new(Says::Addresses(vec![1], 0));
    let mut proxy = proxy(&names, origin.address().port(), "");
    names.say(Says::NoName);
    said(&mut proxy, "(NXDOMAIN); it stays 127.0.0.1\n");
    // Once the second has come, the first was answered and taken in.
    names.asked(2);
    assert_eq!(asks(&proxy), "first");
    names.say(Says::Addresses(vec![1], 0));
    said(&mut proxy, "api.internal: 127.0.0.1, as before\n");
    let told = proxy.process.said();
    assert_eq!(told.matches("cannot be looked up").count(), 1, "{told}");
}

/// LIFECYCLE 4.9: what is known is no less so for whoever serves next, and after that one.
#[test]
fn the_next_process_knows_the_addresses_whatever_dns_says() {
    let origin = Serving::with(first);
    let names = Names::new(Says::Addresses(vec![1], 60));
    let (scratch, port) = (Scratch::new(), origin.address().port());
    let serve = Serve::File(file(&names, port, ""));
    let mut command = command(&serve, "", &scratch);
    command.process_group(0);
    let mut proxy = Proxy::started(command, scratch);
    let mut pid = Pid::from_raw(i32::try_from(proxy.process.pid()).unwrap()).unwrap();
    let _family = Family(pid);
    said(&mut proxy, "api.internal: 127.0.0.1\n");
    for (count, says, why) in [
        (1, Says::Nothing, "no server has answered in time"),
        (2, Says::NoName, "there is no such name (NXDOMAIN)"),
    ] {
        names.say(says);
        kill_process(pid, Signal::USR2).unwrap();
        pid = proxy.process.until("another process", |said| {
            let behind = said.split("another process serves pid=").nth(count)?;
            let (pid, _) = behind.split_once('\n')?;
            Pid::from_raw(pid.trim().parse().ok()?)
        });
        // The one before may still have what it has accepted, and knows as much.
        assert!((0..ROW).all(|_| asks(&proxy) == "first"));
        said(&mut proxy, &format!("{why}; it stays 127.0.0.1\n"));
    }
    assert_eq!(proxy.process.exit_code(), Some(0));
    assert!((0..ROW).all(|_| asks(&proxy) == "first"));
}

#[test]
fn an_answer_too_long_for_a_datagram_comes_over_a_connection() {
    let origin = Serving::with(first);
    let names = Names::new(Says::AtLength(vec![1], 60));
    let proxy = proxy(&names, origin.address().port(), "");
    assert_eq!(asks(&proxy), "first");
}

#[test]
fn what_is_no_answer_to_the_question_is_not_believed() {
    let (one, other, port) = origins();
    let origins = [Serving::of(one, first), Serving::of(other, second)];
    let names = Names::new(Says::BehindNoise(vec![1], 1));
    let proxy = proxy(&names, port, "");
    let before = asks(&proxy);
    // And not the next time either.
    names.asked(3);
    assert_eq!((before.as_str(), asks(&proxy).as_str()), ("first", "first"));
    assert_eq!(origins[1].connections(), 0);
}

/// Who comes is checked, and who is gone is not.
#[test]
fn checks_follow_the_addresses() {
    let (one, other, port) = origins();
    let names = Names::new(Says::Addresses(vec![1], 1));
    let health =
        "health = { tcp = true, interval = \"20ms\", timeout = \"10s\", initial = \"down\" }";
    let mut proxy = proxy(&names, port, health);
    drop(one.accept());
    said(&mut proxy, "up: it takes connections");
    names.say(Says::Addresses(vec![2], 1));
    said(&mut proxy, "gone 127.0.0.1\n");
    let checks = |count| (0..count).for_each(|_| drop(other.accept()));
    checks(10);
    while !one.is_untouched() {}
    checks(10);
    assert!(one.is_untouched(), "it is not checked any more");
    proxy.process.until("two that came up", |told| {
        (told.matches("up: it takes connections").count() == 2).then_some(())
    });
}

/// Nobody waits for ever: what is not known after two seconds is served without.
#[test]
fn it_starts_without_waiting_for_servers_that_are_silent() {
    let names = Names::new(Says::Nothing);
    let proxy = Proxy::of_file(format!(
        "[[listener]]\nname = \"l\"\nbind = [\"127.0.0.1:0\"]\nto = \"c\"\n\
         [[cluster]]\nname = \"c\"\nendpoints = [\"api.internal:1\"]\n\
         [dns]\nservers = [\"{}\"]\ntimeout = \"30s\"\nattempts = 5\n",
        names.address()
    ));
    assert_eq!(asks(&proxy), "503 tidegate; error=dns_timeout");
}

/// What `check` says of a name is a warning, beside what it says anyway.
#[test]
fn check_tells_of_a_name_without_an_address() {
    let (names, files) = (Names::new(Says::NoName), Scratch::new());
    let text = format!(
        "[[listener]]\nname = \"l\"\nbind = [\":0\"]\nto = \"c\"\n\
         [[cluster]]\nname = \"c\"\nendpoints = [\"api.internal:1\", \"localhost:2\"]\n\
         [dns]\nservers = [\"{}\"]\n",
        names.address()
    );
    let mut command = program(&files);
    let file = files.file("names.toml", text);
    command.arg("check").arg("-c").arg(file);
    let done = run(command);
    assert_eq!(done.code(), Some(0), "{}", done.said);
    for part in [
        "warning[E0205]: cannot look up `api.internal`\n",
        "note: there is no such name (NXDOMAIN)\n",
        "names.toml: no errors, 1 warning\n",
    ] {
        assert!(done.said.contains(part), "{part}: {}", done.said);
    }
}

/// The one-liner serves its first request: the name is looked up before.
#[test]
fn localhost_is_known_at_once() {
    let origin = Origin::new();
    let proxy = Proxy::to(&format!("localhost:{}", origin.address().port()));
    let mut client = proxy.client();
    client.say(b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    let mut up = origin.accept();
    up.head();
    up.say(OK);
    assert_eq!(client.message().status(), 200);
}

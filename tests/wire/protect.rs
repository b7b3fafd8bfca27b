//! Who is let in, how many of them, how often, and with how much (LIFECYCLE 4.8, R25).

use crate::{
    exchange::{GET, OK, answered, configured},
    harness::Proxy,
    peers::{End, Last, Origin, Peer, Raw},
    serving::Serving,
    turned_away::is_reset,
};
use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, prlimit};
use socket2::{Domain, Socket, Type};
use std::{fs, io, net::SocketAddr};

/// A client of `proxy` whose own address is 127.0.0.`host`.
fn from(proxy: &Proxy, host: u8) -> io::Result<Raw> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let own = SocketAddr::from(([127, 0, 0, host], 0));
    socket.bind(&own.into()).unwrap();
    socket.connect(&proxy.address.into()).unwrap();
    Raw::try_of(socket.into())
}

/// A full listener leaves the next one in the kernel's queue, and takes it as soon as one has left.
#[test]
fn row_4_8_2_a_full_listener_pauses_and_resumes_when_one_leaves() {
    let (stage, mut first, mut up) = configured("max_connections = 2", "", GET);
    answered(&mut first, &mut up);
    let mut second = stage.proxy.client();
    second.say(GET);
    answered(&mut second, &mut up);
    // The third is in the queue, not refused; the others go on as before.
    let mut third = stage.proxy.client();
    third.say(GET);
    for client in [&mut first, &mut second] {
        client.say(GET);
        answered(client, &mut up);
    }
    assert!(third.is_quiet());
    first.fin();
    assert_eq!(first.last(), Last::plain("", End::Fin));
    answered(&mut third, &mut up);
}

#[test]
fn row_4_8_2_a_source_with_too_many_connections_is_reset_and_others_are_not() {
    let listener = "max_connections_per_source = 1";
    let (stage, mut first, mut up) = configured(listener, "", GET);
    answered(&mut first, &mut up);
    assert!(Raw::is_turned_away(stage.proxy.address, b""));
    let mut other = from(&stage.proxy, 2).unwrap();
    other.say(GET);
    answered(&mut other, &mut up);
    // Once it has left, one more may come.
    first.fin();
    assert_eq!(first.last(), Last::plain("", End::Fin));
    let mut again = None;
    while up.is_quiet() {
        if again.as_ref().is_none_or(|again: &Raw| !again.is_quiet()) {
            again = Raw::try_connect(stage.proxy.address).ok();
            again.as_mut().map(|again| again.try_say(GET));
        }
    }
    let mut again = again.unwrap();
    answered(&mut again, &mut up);
    stage.proxy.process.signal(Signal::TERM);
    let done = stage.proxy.process.end();
    let counted = r#"connections_rejected_total{listener="l",reason="limit_connections"}"#;
    assert!(done.said.contains(counted), "{}", done.said);
}

#[test]
fn row_4_8_2_who_is_denied_is_reset_before_a_byte_is_read() {
    let listener = "allow = [\"127.0.0.0/8\"]\ndeny = [\"127.0.0.2\"]";
    let (stage, mut client, mut up) = configured(listener, "", GET);
    answered(&mut client, &mut up);
    let turned_away =
        from(&stage.proxy, 2).map_or_else(|error| is_reset(&error), |raw| raw.hears_a_reset(b""));
    assert!(turned_away);
    let nobody = "tls = \"dev\"\nallow = [\"192.0.2.0/24\"]";
    let origin = Origin::new();
    let proxy = Proxy::configured(origin.address(), nobody, "");
    assert!(Raw::is_turned_away(proxy.address, b""));
}

#[test]
fn a_source_that_asks_too_often_is_told_when_to_ask_again_and_stays_connected() {
    let listener = "rate = { requests = 1, per = \"1h\", burst = 2 }";
    let (stage, mut client, mut up) = configured(listener, "", GET);
    answered(&mut client, &mut up);
    client.say(GET);
    answered(&mut client, &mut up);
    for _ in 0..3 {
        client.say(GET);
        let refused = client.message();
        assert_eq!(refused.status(), 429);
        let after: u32 = refused.field("retry-after").unwrap().parse().unwrap();
        assert!((3_000..=3_600).contains(&after), "{after}");
        assert_eq!(refused.field("connection"), None);
    }
    // Another source has a share of its own.
    let mut other = from(&stage.proxy, 3).unwrap();
    other.say(GET);
    answered(&mut other, &mut up);
    // A body that is not read any more takes its connection along.
    client.say(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n");
    let refused = client.message();
    assert_eq!(refused.status(), 429);
    assert_eq!(refused.field("connection"), Some("close"));
}

#[test]
fn rfc9110_15_5_14_a_body_beyond_the_limit_is_413() {
    let rest = "[limits]\nmax_body = \"4B\"";
    let (stage, mut client, mut up) = configured("", rest, GET);
    answered(&mut client, &mut up);
    client.say(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n");
    assert_eq!(client.message().status(), 413);
    assert!(up.is_quiet(), "it was not asked");
    let mut client = stage.proxy.client();
    client.say(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nabcd");
    assert_eq!(up.message().body, b"abcd");
    up.say(OK);
    assert_eq!(client.message().status(), 200);
    let mut client = stage.proxy.client();
    client
        .say(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n1\r\n");
    assert_eq!(client.message().status(), 413);
}

fn limit(pid: u32, descriptors: u64) {
    let all = getrlimit(Resource::Nofile);
    let new = Rlimit {
        current: Some(descriptors),
        ..all
    };
    let pid = Pid::from_raw(pid.try_into().unwrap());
    prlimit(pid, Resource::Nofile, new).unwrap();
}

/// Sets the limit below the first descriptor that is free, so that there is none at all.
fn starve(pid: u32) {
    let is_open = |fd: &u64| fs::symlink_metadata(format!("/proc/{pid}/fd/{fd}")).is_ok();
    limit(pid, (0..).find(|fd| !is_open(fd)).unwrap());
}

/// A listening socket that could not be handed over would be closed with whoever waits in its queue.
#[test]
fn g2_without_descriptors_for_all_sockets_nothing_is_handed_over() {
    let origin = Serving::echo();
    // There is no descriptor for another connection to the origin.
    let kept = "timeouts = { pool_idle = \"10m\" }";
    let mut proxy = Proxy::configured(origin.address(), "", kept);
    let mut client = proxy.client();
    client.say(GET);
    assert_eq!(client.message().status(), 200);
    starve(proxy.process.pid());
    proxy.process.signal(Signal::USR2);
    let why = "not upgraded: cannot hand over all listening sockets";
    proxy
        .process
        .until("the refusal", |said| said.contains(why).then_some(()));
    client.say(GET);
    assert_eq!(client.message().status(), 200);
    limit(proxy.process.pid(), 1_000);
    let mut other = proxy.client();
    other.say(GET);
    assert_eq!(other.message().status(), 200);
}

/// All descriptors of the process are taken from it, but those that it has. Who is connected is served
/// as before; who comes waits, and is served once there are descriptors; and the process has not asked
/// for them all the time.
#[test]
fn r25_without_descriptors_accepting_pauses_resumes_and_does_not_spin() {
    let origin = Serving::echo();
    // The connection to the origin outlives the test: there is no descriptor for another one.
    let kept = "timeouts = { pool_idle = \"10m\" }";
    let mut proxy = Proxy::configured(origin.address(), "", kept);
    let mut client = proxy.client();
    client.say(GET);
    assert_eq!(client.message().status(), 200);
    let pid = proxy.process.pid();
    // One more client, and it would take the connection to the origin.
    starve(pid);
    let mut waiting: Vec<Raw> = (0..20).map(|_| proxy.client()).collect();
    waiting.iter_mut().for_each(|one| one.say(GET));
    let paused = |said: &str| said.contains("accepting pauses").then_some(());
    proxy.process.until("the pause", paused);
    for _ in 0..20 {
        client.say(GET);
        assert_eq!(client.message().status(), 200);
    }
    limit(pid, 1_000);
    for mut one in waiting {
        // Whoever was let in with the last descriptor had none for an origin.
        let status = one.message().status();
        assert!(matches!(status, 200 | 502), "{status}");
    }
    client.say(GET);
    assert_eq!(client.message().status(), 200);
    proxy.process.signal(Signal::TERM);
    let done = proxy.process.end();
    let name = "tidegate_accept_failures_total ";
    let failures = done.said.split_once(name).unwrap().1;
    let failures = failures.split(|c: char| !c.is_ascii_digit()).next();
    let failures: u32 = failures.unwrap().parse().unwrap();
    // Doubling from 50 ms to a second, and once for each that leaves.
    assert!((1..50).contains(&failures), "{failures}");
    assert_eq!(done.said.matches("accepting pauses").count(), 1);
}

/// As many connections as a third of the descriptors, which the banner tells.
#[test]
fn the_open_file_limit_is_a_limit_of_connections() {
    let origin = Serving::echo();
    let mut proxy = Proxy::after("ulimit -n 90", origin.address());
    let told = "limits 30 connections (from open-file limit 90)";
    proxy
        .process
        .until("its limits", |said| said.contains(told).then_some(()));
    let ask = |client: &mut Raw| {
        client.say(GET);
        assert_eq!(client.message().status(), 200);
    };
    let mut clients: Vec<Raw> = (0..30).map(|_| proxy.client()).collect();
    clients.iter_mut().for_each(ask);
    let mut last = proxy.client();
    last.say(GET);
    let paused = |said: &str| said.contains("accepting pauses").then_some(());
    proxy.process.until("the pause", paused);
    clients.iter_mut().for_each(ask);
    assert!(last.is_quiet());
    clients.truncate(3);
    assert_eq!(last.message().status(), 200);
    let again = |said: &str| said.contains("accepting again").then_some(());
    proxy.process.until("the end of the pause", again);
    clients.iter_mut().for_each(ask);
}

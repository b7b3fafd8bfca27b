//! Active health checks on real sockets: who gets requests, what is said of it, how checks end.

use crate::{
    exchange::OK,
    harness::{Proxy, Scratch},
    keys::Authority,
    peers::{End, Last, Message, Origin, Peer, Raw},
    secure::Secure,
    serving::Serving,
};
use rustix::process::Signal;
use socket2::{Domain, Socket, Type};
use std::{
    net::SocketAddr,
    sync::atomic::{AtomicBool, Ordering},
};

/// So often that no test waits for it, and as long as any origin needs.
const QUICK: &str = "interval = \"20ms\", timeout = \"10s\", rise = 1, fall = 1";

/// A file for two workers.
fn file(endpoints: &[SocketAddr], cluster: &str) -> String {
    let all: Vec<_> = endpoints.iter().map(|at| format!("\"{at}\"")).collect();
    format!(
        "defaults = \"2026\"\nworkers = 2\n\
         [[listener]]\nname = \"l\"\nbind = [\"127.0.0.1:0\"]\nto = \"c\"\n\
         [[cluster]]\nname = \"c\"\nendpoints = [{}]\n{cluster}\n",
        all.join(", ")
    )
}

/// A proxy with two workers.
fn proxy(endpoints: &[SocketAddr], cluster: &str) -> Proxy {
    Proxy::of_file(file(endpoints, cluster))
}

/// Has it read its file again, of another text. It was read so often then.
fn reload(proxy: &mut Proxy, text: &str, generation: u32) {
    proxy.scratch().file("tidegate.toml", text);
    proxy.process.signal(Signal::HUP);
    said(proxy, &format!("generation={generation}"));
}

/// A port at which nobody listens, and that nobody is given who does not ask for it.
fn reserved() -> (Socket, SocketAddr) {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    // Whoever asks for it need not wait for the end of this socket.
    socket.set_reuse_address(true).unwrap();
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    socket.bind(&any.into()).unwrap();
    let at = socket.local_addr().unwrap().as_socket().unwrap();
    (socket, at)
}

fn said(proxy: &mut Proxy, what: &str) {
    proxy
        .process
        .until(what, |said| said.contains(what).then_some(()));
}

/// Who answers a request of a client of its own: its status and body.
fn asks(proxy: &Proxy) -> (u16, Vec<u8>) {
    let mut client = proxy.client();
    client.say(b"GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    let message = client.message();
    (message.status(), message.body)
}

fn until(proxy: &Proxy, answer: (u16, &[u8])) {
    let alike = |(status, body): (u16, Vec<u8>)| status == answer.0 && body.starts_with(answer.1);
    // Each worker hears of it by itself.
    while !(0..10).all(|_| alike(asks(proxy))) {}
}

static WELL: AtomicBool = AtomicBool::new(true);

/// One that is well as long as the test says so.
fn moody(up: &mut Raw, request: &Message) -> bool {
    let well = WELL.load(Ordering::Relaxed) || !request.line().contains("/healthz");
    up.say(if well {
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nmoody"
    } else {
        b"HTTP/1.1 503 Not Now\r\nContent-Length: 0\r\n\r\n"
    });
    true
}

/// One that never answers a check.
fn unchecked(up: &mut Raw, request: &Message) -> bool {
    if !request.line().contains("/healthz") {
        up.say(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nback");
    }
    true
}

fn well(up: &mut Raw, _: &Message) -> bool {
    up.say(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nwell");
    true
}

#[test]
fn requests_go_to_endpoints_that_are_up_and_each_change_is_told() {
    let (one, other) = (Serving::with(moody), Serving::with(well));
    let health = format!("health = {{ path = \"/healthz\", {QUICK} }}");
    let mut proxy = proxy(&[one.address(), other.address()], &health);
    said(&mut proxy, "up: it answers");
    WELL.store(false, Ordering::Relaxed);
    said(&mut proxy, "down: it answered 503");
    until(&proxy, (200, b"well"));
    WELL.store(true, Ordering::Relaxed);
    while asks(&proxy).1 != b"moody" {}
    let told = proxy.process.said();
    assert_eq!(told.matches("down: ").count(), 1, "{told}");
}

#[test]
fn with_no_endpoint_up_it_answers_503_by_itself() {
    let origin = Serving::with(well);
    let at = origin.address();
    let health = format!("health = {{ path = \"/\", status = \"204\", {QUICK} }}");
    let mut proxy = proxy(&[at], &health);
    said(&mut proxy, "down: it answered 200");
    until(&proxy, (503, b""));
}

/// Before its first check an endpoint gets work, or none if that is asked for.
#[test]
fn an_endpoint_that_begins_down_waits_for_its_first_check() {
    let origin = Origin::new();
    let health = format!("health = {{ path = \"/\", initial = \"down\", {QUICK} }}");
    let mut proxy = proxy(&[origin.address()], &health);
    let mut check = origin.accept();
    check.head();
    assert_eq!(asks(&proxy).0, 503);
    check.say(OK);
    said(&mut proxy, "up: it answers");
}

/// Behind a reload it begins as it was found before, and not as one of which nothing is known.
#[test]
fn what_was_found_out_outlives_a_reload() {
    let origin = Origin::new();
    let health = format!("health = {{ path = \"/healthz\", initial = \"down\", {QUICK} }}");
    let mut proxy = proxy(&[origin.address()], &health);
    let mut check = origin.accept();
    check.head();
    check.say(OK);
    said(&mut proxy, "up: it answers");
    proxy.process.signal(Signal::HUP);
    said(&mut proxy, "nothing changed");
    // No check is answered any more.
    let mut client = proxy.client();
    client.say(b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    let mut ups: Vec<_> = (0..2).map(|_| origin.accept()).collect();
    for up in &mut ups {
        if up.head().starts_with("GET /a ") {
            up.say(OK);
        }
    }
    assert_eq!(client.message().body, b"ok");
}

/// What was found out of one that was taken out is forgotten: it comes back as one that is new, and gets
/// work before its first check.
#[test]
fn an_endpoint_that_comes_back_counts_as_one_that_is_new() {
    let (_held, at) = reserved();
    let other = Serving::with(well);
    let health = format!("health = {{ path = \"/healthz\", {QUICK} }}");
    let mut proxy = proxy(&[at], &health);
    said(&mut proxy, "down: ");
    reload(&mut proxy, &file(&[other.address()], &health), 2);
    let _back = Serving::of(Origin::at(&at.to_string()), unchecked);
    let seldom = health.replace("20ms", "1h");
    reload(&mut proxy, &file(&[at], &seldom), 3);
    // A worker that has not heard of it yet still asks the other one.
    let answer = (0..1_000)
        .map(|_| asks(&proxy))
        .find(|(_, body)| body != b"well");
    assert_eq!(answer, Some((200, b"back".to_vec())));
}

/// Answered or not asked anything, no check ends in a reset.
#[test]
fn a_check_ends_in_order() {
    let origin = Origin::new();
    let _proxy = proxy(
        &[origin.address()],
        &format!("health = {{ path = \"/healthz\", {QUICK} }}"),
    );
    for _ in 0..3 {
        let mut up = origin.accept();
        let head = up.head();
        assert!(head.starts_with("GET /healthz HTTP/1.1\r\n"), "{head}");
        up.say(OK);
        assert_eq!(up.last(), Last::plain("", End::Fin));
    }
    let origin = Origin::new();
    let _proxy = proxy(
        &[origin.address()],
        &format!("health = {{ tcp = true, {QUICK} }}"),
    );
    for _ in 0..3 {
        let mut up = origin.accept();
        up.say(b"220 ready\r\n");
        assert_eq!(up.last(), Last::plain("", End::Fin));
    }
}

#[test]
fn over_tls_a_check_verifies_whom_it_asks() {
    let (origin, files) = (Origin::new(), Scratch::new());
    let authority = Authority::new("origin's");
    let ca = authority.file(&files, "ca.pem");
    let cluster = format!(
        "tls = {{ ca = \"{}\", server_name = \"localhost\" }}\n\
         health = {{ path = \"/healthz\", {QUICK} }}",
        ca.display()
    );
    let mut proxy = proxy(&[origin.address()], &cluster);
    let good = authority.leaf("localhost").server(None);
    let mut up = Secure::serve(origin.accept(), &good);
    assert!(up.head().starts_with("GET /healthz HTTP/1.1\r\n"));
    up.say(OK);
    assert_eq!(up.last(), Last::notified("",));
    said(&mut proxy, "up: it answers");
    let bad = authority.leaf("elsewhere.example").server(None);
    drop(Secure::try_serve(origin.accept(), &bad));
    said(&mut proxy, "down: ");
    let told = proxy.process.said();
    assert!(told.contains("not valid for"), "{told}");
}

//! PRODUCT 6 on real sockets: a line for each request, and that nobody who takes no lines is felt by
//! anybody who asks.

use crate::{
    harness::Proxy,
    peers::{Origin, Peer},
};
use rustix::{
    fs::{CWD, Mode, mkfifoat},
    process::Signal,
};
use std::fs;

const GET: &[u8] = b"GET /a/b?secret=1 HTTP/1.1\r\nHost: h\r\nCookie: secret\r\n\r\n";
const NOTHING: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

/// The first whole line with this in it.
fn line(said: &str, part: &str) -> Option<String> {
    let whole = said.rsplit_once('\n').map_or("", |(lines, _)| lines);
    let found = whole.lines().find(|line| line.contains(part));
    found.map(str::to_owned)
}

#[test]
fn a_request_has_one_line_and_nothing_secret_is_in_it() {
    let origin = Origin::new();
    let mut proxy = Proxy::configured(origin.address(), "", "");
    let mut client = proxy.client();
    client.say(GET);
    let mut up = origin.accept();
    up.message();
    up.say(NOTHING);
    assert_eq!(client.message().status(), 200);
    let line = proxy
        .process
        .until("its line", |said| line(said, "kind=request"));
    let address = origin.address();
    for part in [
        "conn=0-1 http.request.method=GET url.path=/a/b http.response.status_code=200",
        "http.route=/ client.address=127.0.0.1 network.protocol.version=1.1 url.scheme=http",
        &format!("listener=l cluster=c server.address={address} t.queue=0.000000"),
        "attempts=1 cause=completed",
    ] {
        assert!(line.contains(part), "{part} in {line}");
    }
    assert!(!line.contains("secret"), "{line}");
}

/// W3C Trace Context: who takes no part in a trace passes on what it is told, to the byte.
#[test]
fn a_request_of_a_trace_says_so_and_the_origin_is_told_what_the_client_said() {
    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const STATE: &str = "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE";
    const BAGGAGE: &str = "key1=value1;property1, key2 = value2";
    let origin = Origin::new();
    let mut proxy = Proxy::configured(origin.address(), "", "");
    let mut client = proxy.client();
    let mut asks = |path: &str, fields: &str| {
        client.say(format!("GET {path} HTTP/1.1\r\nHost: h\r\n{fields}\r\n").as_bytes());
        let mut up = origin.accept();
        let told = up.message();
        up.say(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
        assert_eq!(client.message().status(), 200);
        let path = format!("url.path={path} ");
        let line = proxy.process.until("its line", |said| line(said, &path));
        (told, line)
    };
    let all = format!("traceparent: {PARENT}\r\ntracestate: {STATE}\r\nbaggage: {BAGGAGE}\r\n");
    let (told, line) = asks("/in", &all);
    for field in all.lines() {
        assert!(told.head.contains(&format!("{field}\r\n")), "{}", told.head);
    }
    let ids = " trace_id=4bf92f3577b34da6a3ce929d0e0e4736 span_id=00f067aa0ba902b7 cause=";
    assert!(line.contains(ids), "{line}");
    // What is none is passed on all the same, and no line has it.
    let (told, line) = asks("/none", "traceparent: 00-FORGED \\n cause=x-01\r\n");
    assert!(
        told.head.contains("00-FORGED \\n cause=x-01\r\n"),
        "{}",
        told.head
    );
    assert!(
        !line.contains("trace_id") && !line.contains("FORGED"),
        "{line}"
    );
    let (told, line) = asks("/without", "");
    assert_eq!(told.field("traceparent"), None, "nobody makes one up");
    assert!(!line.contains("trace_id"), "{line}");
}

#[test]
fn a_request_on_a_connection_that_another_client_left_says_where_it_went() {
    let origin = Origin::new();
    let proxy = format!(
        "defaults = \"2026\"\nworkers = 1\n[[listener]]\nname = \"l\"\nbind = [\"127.0.0.1:0\"]\nto = \"c\"\n\
        [[cluster]]\nname = \"c\"\nendpoints = [\"{}\"]\n",
        origin.address()
    );
    let mut proxy = Proxy::asked(proxy);
    let (mut first, mut second) = (proxy.client(), proxy.client());
    first.say(GET);
    let mut up = origin.accept();
    up.message();
    up.say(NOTHING);
    assert_eq!(first.message().status(), 200);
    second.say(b"GET /second HTTP/1.1\r\nHost: h\r\n\r\n");
    up.message();
    up.say(NOTHING);
    assert_eq!(second.message().status(), 200);
    let line = proxy
        .process
        .until("its line", |said| line(said, "url.path=/second"));
    let went = format!("server.address={}", origin.address());
    assert!(line.contains(&went), "{line}");
}

#[test]
fn a_request_that_fails_says_why_and_so_does_one_that_is_none() {
    let origin = Origin::new();
    let mut proxy = Proxy::configured(origin.address(), "", "");
    let mut client = proxy.client();
    client.say(b"POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n");
    origin.accept().reset();
    assert_eq!(client.message().status(), 502);
    client.say(b"NO\r\n\r\n");
    assert_eq!(client.message().status(), 400);
    for parts in [
        [
            "url.path=/p http.response.status_code=502",
            "cause=upstream_reset",
        ],
        [
            "http.response.status_code=400",
            "cause=client_protocol_error",
        ],
    ] {
        let line = proxy.process.until("its line", |said| line(said, parts[0]));
        assert!(line.contains(parts[1]), "{line}");
    }
}

/// A listener that answers by itself, and this of a log.
fn own(log: &str) -> Proxy {
    Proxy::of_file(format!(
        "workers = 1\n[[listener]]\nname = \"l\"\nbind = [\"127.0.0.1:0\"]\n\
         [[route]]\nlistener = \"l\"\nrespond = {{ status = 200 }}\n[log]\n{log}\n"
    ))
}

/// So many requests of one connection, with long paths, each answered.
fn asks(proxy: &Proxy, times: usize) {
    let mut client = proxy.client();
    let request = format!("GET /{} HTTP/1.1\r\nHost: h\r\n\r\n", "x".repeat(7_000));
    for _ in 0..times {
        client.say(request.as_bytes());
        assert_eq!(client.message().status(), 200);
    }
}

#[test]
fn a_full_disk_costs_lines_and_no_request() {
    let mut proxy = own("file = \"/dev/full\"");
    asks(&proxy, 20);
    let told = "its lines are dropped";
    proxy
        .process
        .until("that it is full", |said| line(said, told));
    asks(&proxy, 20);
    proxy.process.signal(Signal::TERM);
    let said = proxy.process.end().said;
    assert_eq!(said.matches(told).count(), 1, "{said}");
    let dropped = line(&said, "lines of the log were dropped");
    assert!(
        dropped.is_some_and(|line| line.contains("lines=40")),
        "{said}"
    );
}

#[test]
fn a_reader_that_does_not_read_costs_lines_and_no_request() {
    let mut proxy = own("file = \"lines\"\nrequests = true");
    drop(proxy.process.said());
    let pipe = proxy.scratch().path("lines");
    // From the next opening on it is a pipe that nobody empties.
    fs::remove_file(&pipe).unwrap();
    mkfifoat(CWD, &pipe, Mode::RUSR | Mode::WUSR).unwrap();
    proxy.process.signal(Signal::USR1);
    proxy
        .process
        .until("the pipe", |said| line(said, "opened anew"));
    // The pipe holds 64 KiB, and the proxy 1 MiB before it and 1 MiB behind.
    asks(&proxy, 400);
    proxy.process.signal(Signal::TERM);
    let done = proxy.process.end();
    assert_eq!(done.code(), Some(0), "{}", done.said);
    let dropped = line(&done.said, "lines of the log were dropped");
    assert!(dropped.is_some(), "{}", done.said);
}

#[test]
fn a_file_that_was_moved_away_is_opened_anew() {
    let mut proxy = own("file = \"lines\"");
    let (file, moved) = (proxy.scratch().path("lines"), proxy.scratch().path("moved"));
    asks(&proxy, 1);
    while fs::read_to_string(&file).unwrap().is_empty() {
        std::thread::yield_now();
    }
    fs::rename(&file, &moved).unwrap();
    proxy.process.signal(Signal::USR1);
    proxy
        .process
        .until("the file", |said| line(said, "opened anew"));
    asks(&proxy, 2);
    proxy.process.signal(Signal::TERM);
    let lines = |text: String| text.matches("kind=request").count();
    let scratch = fs::read_to_string(&moved).unwrap();
    assert_eq!(lines(scratch), 1);
    while lines(fs::read_to_string(&file).unwrap()) < 2 {
        std::thread::yield_now();
    }
}

/// Whoever rotates logs tells all who write there, and one that drains may do so for hours.
#[test]
fn one_that_drains_opens_its_file_anew_too() {
    let mut proxy = own("file = \"lines\"");
    let (file, moved) = (proxy.scratch().path("lines"), proxy.scratch().path("moved"));
    // A request that was begun keeps it.
    let mut client = proxy.client();
    client.say(b"GET /b HTTP/1.1\r\nHost: h\r\nConnection: close\r\n");
    asks(&proxy, 1);
    proxy.process.signal(Signal::TERM);
    proxy
        .process
        .until("the drain", |said| line(said, "draining"));
    fs::rename(&file, &moved).unwrap();
    proxy.process.signal(Signal::USR1);
    proxy
        .process
        .until("the file", |said| line(said, "opened anew"));
    client.say(b"\r\n");
    client.message();
    drop(client);
    assert_eq!(proxy.process.exit_code(), Some(0));
    let lines = fs::read_to_string(&file).unwrap();
    assert!(lines.contains("/b"), "{lines}");
}

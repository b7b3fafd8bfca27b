//! The files of `examples/` run as they are, on other ports.

use crate::{harness::Proxy, peers::Peer};
use rustix::process::Signal;

/// The program with an example, whose listeners take whatever ports are free.
fn run(text: &str) -> Proxy {
    let bind = |line: &str| match line.split_once("bind = [\"127.0.0.1:") {
        Some((before, _)) => format!("{before}bind = [\"127.0.0.1:0\"]\n"),
        None => format!("{line}\n"),
    };
    Proxy::of_file(text.lines().map(bind).collect())
}

fn ends(proxy: Proxy) {
    proxy.process.signal(Signal::TERM);
    let done = proxy.process.end();
    assert_eq!(done.code(), Some(0), "{}", done.said);
}

#[test]
fn a_site() {
    let proxy = run(include_str!("../../examples/site.toml"));
    let mut client = proxy.client();
    client.say(b"GET /a?b HTTP/1.1\r\nHost: h\r\n\r\n");
    let answer = client.message();
    assert_eq!(answer.status(), 308);
    assert_eq!(answer.field("location"), Some("https://h:8443/a?b"));
    ends(proxy);
}

#[test]
fn a_service() {
    let proxy = run(include_str!("../../examples/service.toml"));
    let mut client = proxy.client();
    client.say(b"GET /elsewhere HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(client.message().status(), 404);
    ends(proxy);
}

#[test]
fn connections_that_are_not_http() {
    ends(run(include_str!("../../examples/tcp.toml")));
}

/// Each file of the directory is one of those above.
#[test]
fn no_example_is_left_out() {
    let here = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples");
    let mut names: Vec<_> = std::fs::read_dir(here)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["service.toml", "site.toml", "tcp.toml"]);
}

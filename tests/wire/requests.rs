//! Answers that come before their requests are complete (LIFECYCLE H13, H14, U11).

use crate::{
    exchange::{Stage, http},
    harness::Proxy,
    peers::{End, Last, Origin, Peer, Raw, pattern},
};
use std::{thread, time::Duration};

const TOO_LARGE: &[u8] =
    b"HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 3\r\n\r\nbig";

/// S45, S46: an upload of 20 MB whose answer comes after its head; the client reads at the end.
fn early(end: impl Fn(Raw) + Sync) {
    const SIZE: usize = 20_000_000;
    // Its kernel has no room for all of that, so the answer is early however late it comes: behind a
    // request that is whole, the client's connection would go on.
    let origin = Origin::narrow(32 * 1024);
    let proxy = Proxy::http(origin.address());
    let mut client = proxy.client();
    let body = pattern(SIZE);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut up = origin.accept();
            up.head();
            up.say(TOO_LARGE);
            end(up);
        });
        client.say(
            format!("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: {SIZE}\r\n\r\n").as_bytes(),
        );
        // All of it may be said (it is read and thrown away), and none of it need be.
        client.try_say(&body);
        let answer = client.message();
        assert_eq!((answer.status(), answer.body), (413, b"big".to_vec()));
        assert_eq!(client.last(), Last::plain("", End::Fin));
    });
}

#[test]
fn h13_early_413_from_an_origin_that_lingers() {
    early(|mut up| {
        up.fin();
        // However it ends: the proxy has no use for this connection any more.
        up.last();
    });
}

#[test]
fn h13_u11_early_413_from_an_origin_that_leaves() {
    // Dropped with unread bytes: the kernel resets behind the answer.
    early(drop);
}

#[test]
fn h13_early_answer_comes_at_once() {
    let (_stage, mut client, mut up) =
        http(b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\nsome");
    up.head();
    up.say(TOO_LARGE);
    assert_eq!(client.message().status(), 413);
    up.fin();
    assert_eq!(client.last(), Last::plain("", End::Fin));
}

/// T_write_stall, I10: a connection that no session needs any more may still carry a request, and
/// whoever reads it slowly has all the time it takes.
#[test]
fn u12_i10_an_origin_that_reads_slowly_behind_its_answer_gets_everything() {
    const SIZE: usize = 250_000;
    let origin = Origin::narrow(32 * 1024);
    let cluster = "send_buffer = \"400KiB\"\ntimeouts = { write = \"1s\" }";
    let proxy = Proxy::configured(origin.address(), "", cluster);
    let mut client = proxy.client();
    let body = pattern(SIZE);
    client.say(format!("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: {SIZE}\r\n\r\n").as_bytes());
    client.say(&body);
    let mut up = origin.accept();
    up.head();
    client.leg().until_read();
    up.say(TOO_LARGE);
    assert_eq!(client.message().status(), 413);
    let mut heard = Vec::new();
    // Three times as long as nothing at all may take.
    for _ in 0..60 {
        thread::sleep(Duration::from_millis(50));
        heard.extend(up.hear(4_000));
    }
    let last = up.last();
    heard.extend(last.bytes);
    assert!(heard == body, "{} bytes", heard.len());
    assert_eq!(last.end, End::Fin);
}

/// A client that waits for leave to send its body; the origin has heard its head.
fn expecting() -> (Stage, Raw, Raw) {
    let (stage, client, mut up) =
        http(b"POST /a HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n");
    up.head();
    (stage, client, up)
}

#[test]
fn h14_s52_final_answer_to_an_expectation() {
    let (_stage, mut client, mut up) = expecting();
    up.say(b"HTTP/1.1 417 Expectation Failed\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    up.fin();
    let answer = client.message();
    assert_eq!(
        (answer.status(), answer.field("connection")),
        (417, Some("close"))
    );
    assert_eq!(client.last(), Last::plain("", End::Fin));
}

#[test]
fn h15_fin_instead_of_the_expected_body() {
    let (_stage, mut client, mut up) = expecting();
    up.say(b"HTTP/1.1 100 Continue\r\n\r\n");
    assert_eq!(client.bare().status(), 100);
    client.fin();
    assert_eq!(up.last(), Last::plain("", End::Reset));
    assert_eq!(client.message().status(), 400);
    assert_eq!(client.last(), Last::plain("", End::Fin));
}

#[test]
fn h06_a_pipelined_request_that_is_cut_costs_the_one_before_it_nothing() {
    let origin = Origin::new();
    let proxy = Proxy::http(origin.address());
    let mut client = proxy.client();
    client.say_last(
        b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n\
        POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nsome",
    );
    let mut up = origin.accept();
    up.head();
    client.leg().until_ended();
    up.say(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    assert_eq!(client.message().body, b"hi".to_vec());
    assert_eq!(client.message().status(), 400);
    assert_eq!(client.last(), Last::plain("", End::Fin));
    // The idle connection was ordered and given back, and heard nothing of it.
    assert!(up.is_quiet());
}

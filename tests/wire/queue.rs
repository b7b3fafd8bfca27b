//! Requests and connections that find their endpoint at its `max_connections`, and wait for it.

use crate::{
    exchange::{GET, OK},
    harness::Proxy,
    peers::{End, Last, Message, Origin, Peer, Raw},
};
use rustix::process::Signal;

/// Longer than any test may take.
const LONG: &str = "queue = { depth = 1, timeout = \"10m\" }";
const SHORT: &str = "queue = { timeout = \"250ms\" }";

/// A proxy of one worker before an origin that has one session at a time, and who has that.
struct Stage {
    proxy: Proxy,
    origin: Origin,
}

impl Stage {
    fn new(kind: &str, cluster: &str) -> Stage {
        let origin = Origin::new();
        let address = origin.address();
        let proxy = Proxy::of_file(format!(
            "defaults = \"2026\"\nworkers = 1\n\
            [[listener]]\nname = \"l\"\nkind = \"{kind}\"\nbind = [\"127.0.0.1:0\"]\nto = \"c\"\n\
            [[cluster]]\nname = \"c\"\n{cluster}\n\
            endpoints = [{{ address = \"{address}\", max_connections = 1 }}]\n"
        ));
        Stage { proxy, origin }
    }

    /// A request that is not answered yet.
    fn asks(&self) -> (Raw, Raw) {
        let mut client = self.proxy.client();
        client.say(GET);
        let mut up = self.origin.accept();
        up.message();
        (client, up)
    }

    /// Who waits in a queue of one place, and what the other one was told who found it full.
    ///
    /// Of two that ask one is refused, and asks again. If it is refused once more, and the other one has
    /// heard nothing by then, that one waits: it was looked at before. If not, somebody else has still
    /// had the place, and both are asked again.
    fn waits(&self) -> (Raw, Message) {
        let mut pair = [self.proxy.client(), self.proxy.client()];
        pair.iter_mut().for_each(|client| client.say(GET));
        let mut last = None;
        loop {
            let told = pair.iter().position(|client| !client.is_quiet());
            let Some(at) = told else {
                std::thread::yield_now();
                continue;
            };
            if last == Some(at) && pair[1 - at].is_quiet() {
                let [one, other] = pair;
                let (waits, mut refused) = if at == 0 { (other, one) } else { (one, other) };
                return (waits, refused.message());
            }
            assert_eq!(pair[at].message().status(), 503);
            pair[at].say(GET);
            last = Some(at);
        }
    }

    /// What the process tells at its end of those who have waited.
    fn queued(self) -> String {
        self.proxy.process.signal(Signal::TERM);
        let said = self.proxy.process.end().said;
        let told = said.lines().find_map(|line| line.split_once("counters="));
        let told = told.map(|(_, counters)| counters).unwrap_or_default();
        let of_queue = told.split(", ").filter(|one| one.contains("cluster_queue"));
        of_queue.collect::<Vec<_>>().join("\n").replace('\\', "")
    }
}

#[test]
fn row_4_8_7_who_waits_is_served_once_there_is_room() {
    let stage = Stage::new("http", LONG);
    let (mut first, mut up) = stage.asks();
    let (mut second, refused) = stage.waits();
    let status = refused.field("proxy-status");
    assert_eq!(status, Some("tidegate; error=connection_limit_reached"));
    assert!(stage.origin.is_untouched() && up.is_quiet());
    // The connection that is free goes from the one to the other.
    up.say(OK);
    assert_eq!(first.message().body, b"ok");
    assert_eq!(up.message().line(), "GET /a HTTP/1.1");
    let (mut third, _) = stage.waits();
    // And so does the room of one that is not kept.
    up.say(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
    assert_eq!(second.message().body, b"ok");
    let mut next = stage.origin.accept();
    next.message();
    next.say(OK);
    assert_eq!(third.message().body, b"ok");
    drop((first, second, third, up, next));
    let told = stage.queued();
    let count = "tidegate_cluster_queue_duration_seconds_count{cluster=\"c\"} 2";
    assert!(told.lines().any(|line| line == count), "{told}");
    assert!(!told.contains("depth"), "nobody waits any more: {told}");
}

#[test]
fn row_4_8_7_who_waits_in_vain_is_told_when_to_come_back() {
    let stage = Stage::new("http", SHORT);
    let (mut first, mut up) = stage.asks();
    let mut second = stage.proxy.client();
    second.say(GET);
    let refused = second.message();
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.field("retry-after"), Some("1"));
    let status = "tidegate; error=connection_limit_reached; \
                  details=\"no endpoint had room within the queue's deadline\"";
    assert_eq!(refused.field("proxy-status"), Some(status));
    up.say(OK);
    assert_eq!(first.message().body, b"ok");
    // Its connection goes on, and there is room now.
    second.say(GET);
    up.message();
    up.say(OK);
    assert_eq!(second.message().body, b"ok");
    drop((first, second, up));
    let told = stage.queued();
    let count = "tidegate_cluster_queue_duration_seconds_count{cluster=\"c\"} 1";
    assert!(told.lines().any(|line| line == count), "{told}");
}

#[test]
fn row_4_8_7_r21_a_relay_that_waits_in_vain_is_reset() {
    let stage = Stage::new("tcp", SHORT);
    let first = stage.proxy.client();
    let up = stage.origin.accept();
    let mut second = stage.proxy.client();
    second.say(b"hello");
    assert_eq!(second.last(), Last::plain("", End::Reset));
    assert!(stage.origin.is_untouched());
    drop((first, up));
}

#[test]
fn row_4_8_7_r19_a_relay_that_waits_is_connected_once_there_is_room() {
    let stage = Stage::new("tcp", LONG);
    let first = stage.proxy.client();
    let mut up = stage.origin.accept();
    let mut second = stage.proxy.client();
    second.say(b"hello");
    second.fin();
    first.reset();
    assert_eq!(up.last(), Last::plain("", End::Reset));
    let mut up = stage.origin.accept();
    assert_eq!(up.last(), Last::plain("hello", End::Fin));
    up.say(b"answer");
    up.fin();
    assert_eq!(second.last(), Last::plain("answer", End::Fin));
}

#[test]
fn row_4_8_8_h08_who_gives_up_leaves_its_place() {
    let stage = Stage::new("http", LONG);
    let (mut first, mut up) = stage.asks();
    let (gone, _) = stage.waits();
    gone.reset();
    let (mut second, _) = stage.waits();
    up.say(OK);
    assert_eq!(first.message().body, b"ok");
    up.message();
    up.say(OK);
    assert_eq!(second.message().body, b"ok");
}

/// It was read, so it is served.
#[test]
fn i15_who_waits_is_served_in_a_drain() {
    let stage = Stage::new("http", LONG);
    let (mut first, mut up) = stage.asks();
    let (mut second, _) = stage.waits();
    stage.proxy.process.signal(Signal::TERM);
    while let Ok(mut early) = Raw::try_connect(stage.proxy.address) {
        early.fin();
        early.last();
    }
    up.say(OK);
    assert_eq!(first.message().field("connection"), Some("close"));
    up.message();
    up.say(OK);
    let answer = second.message();
    assert_eq!(answer.body, b"ok");
    assert_eq!(answer.field("connection"), Some("close"));
    assert_eq!(second.last(), Last::plain("", End::Fin));
    drop((first, second, up));
    assert_eq!(stage.proxy.process.end().code(), Some(0));
}

/// It had its turn: it is not behind those who have come since.
#[test]
fn row_4_8_7_u03_a_request_that_is_sent_again_does_not_wait_twice() {
    let stage = Stage::new("http", LONG);
    let (mut first, mut up) = stage.asks();
    up.say(OK);
    assert_eq!(first.message().body, b"ok");
    first.say(b"GET /again HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(up.message().line(), "GET /again HTTP/1.1");
    let (mut second, _) = stage.waits();
    up.reset();
    let mut up = stage.origin.accept();
    assert_eq!(up.message().line(), "GET /again HTTP/1.1");
    up.say(OK);
    assert_eq!(first.message().body, b"ok");
    assert_eq!(up.message().line(), "GET /a HTTP/1.1");
    up.say(OK);
    assert_eq!(second.message().body, b"ok");
}

//! What those who ask hear of the end: theirs is waited for by nobody, and comes in order.

use crate::{
    admin::{SOCKET, Stage},
    exchange::{GET, OK},
    harness::{Scratch, program, run},
    peers::{End, Last, Peer, Raw},
};

/// G8: those who ask are none of the proxy's connections.
#[test]
fn a_drain_waits_for_nobody_who_asks() {
    let stage = Stage::new("");
    let mut scraper = Raw::connect(stage.http);
    let scrape = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";
    scraper.say(scrape);
    assert_eq!(scraper.message().status(), 200);
    let mut idle: Vec<_> = (0..50).map(|_| stage.proxy.client()).collect();
    for client in &mut idle {
        client.say(GET);
        // Whichever connection it comes by.
        let mut up = stage.origin.accept();
        up.message();
        up.say(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
        assert_eq!(client.message().body, b"ok");
        up.fin();
    }
    let (mut client, mut up) = stage.asked();
    assert!(
        stage
            .http("GET /readyz HTTP/1.1\r\nHost: localhost")
            .1
            .starts_with("ready")
    );
    let mut command = program(stage.proxy.scratch());
    command.args(["drain", "--wait", "--admin"]);
    command.arg(stage.proxy.scratch().path(SOCKET));
    let mut waiting = crate::harness::Running::start(&mut command, "none");
    waiting.until("who is left", |said| said.contains("1 left").then_some(()));
    for client in &mut idle {
        assert_eq!(client.last(), Last::plain("", End::Fin));
    }
    scraper.say(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!(scraper.message().status(), 503);
    up.say(OK);
    assert_eq!(client.message().body, b"ok");
    client.fin();
    up.fin();
    assert!(waiting.end().said.contains("drained"));
    assert_eq!(stage.proxy.process.end().code(), Some(0));
}

/// Whoever is told to stop at once may be gone before it has answered.
#[test]
fn who_stops_without_an_answer_has_stopped() {
    let scratch = Scratch::new();
    let path = scratch.path(SOCKET);
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    // It hears each question, and is gone.
    std::thread::spawn(move || {
        for asked in listener.incoming() {
            let (mut asked, mut question) = (asked.unwrap(), Vec::new());
            while !question.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                std::io::Read::read_exact(&mut asked, &mut byte).unwrap();
                question.extend(byte);
            }
        }
    });
    for (verb, code) in [("stop", 0), ("drain", 1)] {
        let mut command = program(&scratch);
        command.arg(verb).arg("--admin").arg(&path);
        let done = run(command);
        assert_eq!(done.code(), Some(code), "{verb}: {}", done.said);
    }
}

/// G9, by an operator's word.
#[test]
fn a_drain_has_the_deadline_that_it_is_given() {
    let stage = Stage::new("");
    let (mut client, up) = stage.asked();
    stage.told("drain --deadline 50ms");
    assert_eq!(client.last(), Last::plain("", End::Reset));
    let done = stage.proxy.process.end();
    assert_eq!(done.code(), Some(4), "{}", done.said);
    assert!(!done.said.contains("quiet=0ns"), "{}", done.said);
    drop(up);
}

/// One that has more patience first, and then less.
#[test]
fn a_drain_that_is_under_way_may_be_told_to_end_sooner() {
    let stage = Stage::new("");
    let (mut client, up) = stage.asked();
    for deadline in ["1h", "50ms"] {
        stage.told(&format!("drain --deadline {deadline}"));
    }
    assert_eq!(client.last(), Last::plain("", End::Reset));
    assert_eq!(stage.proxy.process.end().code(), Some(4));
    drop(up);
}

/// What is being answered when all is over comes to an end of its own, whichever word was the last.
#[test]
fn the_last_answers_are_said_to_their_end() {
    for verb in ["drain", "stop"] {
        let stage = Stage::new("");
        let ask = |target: &str| {
            let mut asker = Raw::connect(stage.http);
            asker.say(format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes());
            let head = asker.head();
            assert!(head.starts_with("HTTP/1.1 200"), "{head}");
            asker
        };
        let (mut events, mut recorded) = (ask("/v1/events"), ask("/v1/trace?for=1h"));
        // Neither has asked for anything when it ends.
        let mut silent = Raw::connect(stage.http);
        let mut asked = ask("/v1/status");
        stage.told(verb);
        let all = |asker: &mut Raw| {
            let Last { bytes, end, .. } = asker.last();
            assert_eq!(end, End::Fin, "{verb}");
            String::from_utf8(bytes).unwrap()
        };
        let events = all(&mut events);
        assert!(events.ends_with("0\r\n\r\n"), "{verb}: {events}");
        let recorded = all(&mut recorded);
        assert!(
            recorded.ends_with("{\"lost\":0}\n\r\n0\r\n\r\n"),
            "{verb}: {recorded}"
        );
        all(&mut asked);
        assert_eq!(all(&mut silent), "");
        let left = stage.proxy.process.end();
        assert!(matches!(left.code(), Some(0 | 4)), "{}", left.said);
    }
}

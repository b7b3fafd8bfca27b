//! Requests that are sent again, and how many of them.

use crate::{
    exchange::{GET, OK, Stage, answered, configured},
    peers::{End, Last, Peer, Raw},
};

/// U03: a GET that meets the end of an idle connection goes out once more, within the budget of its
/// cluster.
#[test]
fn u03_a_request_is_sent_again_within_the_budget() {
    for (rest, again) in [
        ("", true),
        ("retries = { percent = 0, per_second = 1 }", true),
        ("retries = { percent = 0, per_second = 0 }", false),
    ] {
        let (stage, mut client, mut up) = configured("", rest, GET);
        answered(&mut client, &mut up);
        client.say(GET);
        up.message();
        // It read the request, and leaves.
        drop(up);
        if again {
            let mut up = stage.origin.accept();
            assert_eq!(up.message().line(), "GET /a HTTP/1.1");
            up.say(OK);
        }
        let answer = client.message();
        assert_eq!(answer.status(), if again { 200 } else { 502 }, "{rest}");
        let why = answer.field("proxy-status");
        let expected = "tidegate; error=connection_terminated";
        assert_eq!(why, (!again).then_some(expected));
    }
}

/// U03: of a body that is still coming, what was sent is sent again, and the rest behind it. There is more to come
/// than a relay holds, so its parts would leave as they come if they were not kept.
#[test]
fn u03_a_part_of_a_body_that_was_sent_is_sent_again() {
    let body: Vec<u8> = (0..200_000_u32)
        .map(|n| n.to_le_bytes()[n as usize % 3])
        .collect();
    let (stage, mut client, mut up) = configured("", "", GET);
    answered(&mut client, &mut up);
    client.say(b"PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 200000\r\n\r\n");
    assert!(up.head().starts_with("PUT /a HTTP/1.1\r\n"));
    client.say(&body[..10_000]);
    assert_eq!(up.hear(10_000), &body[..10_000]);
    // It has read all of that, and leaves.
    drop(up);
    let mut up = stage.origin.accept();
    assert!(up.head().starts_with("PUT /a HTTP/1.1\r\n"));
    client.say(&body[10_000..]);
    assert!(up.hear(body.len()) == body, "every byte, once");
    up.say(OK);
    assert_eq!(client.message().status(), 200);
}

const BUSY: &[u8] = b"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy";
const BY_STATUS: &str = "ejection = \"off\"\nretries = { statuses = [503] }";

/// The answer is heard to its end, by nobody, and the connection is closed in good order.
fn declined(stage: &Stage, mut up: Raw, request: &str) -> Raw {
    let (front, back) = BUSY.split_at(BUSY.len() - 2);
    up.say(front);
    let mut again = stage.origin.accept();
    assert_eq!(again.message().line(), request);
    up.say(back);
    assert_eq!(up.last(), Last::plain([], End::Fin));
    again
}

#[test]
fn a_request_is_sent_again_for_its_answers_status() {
    let (stage, mut client, mut up) = configured("", BY_STATUS, GET);
    up.message();
    let mut up = declined(&stage, up, "GET /a HTTP/1.1");
    up.say(OK);
    let answer = client.message();
    assert_eq!((answer.status(), &*answer.body), (200, &b"ok"[..]));
    // The client and the second origin go on.
    client.say(GET);
    answered(&mut client, &mut up);
}

#[test]
fn a_request_is_sent_again_for_a_status_once() {
    let (stage, mut client, mut up) = configured("", BY_STATUS, GET);
    up.message();
    let mut up = declined(&stage, up, "GET /a HTTP/1.1");
    up.say(BUSY);
    let answer = client.message();
    assert_eq!((answer.status(), &*answer.body), (503, &b"busy"[..]));
}

/// I13; and nothing of an answer that has begun is taken back.
#[test]
fn i13_a_status_is_passed_on_where_the_request_cannot_be_sent_again() {
    const POST: &[u8] = b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nok";
    let none = "retries = { percent = 0, per_second = 0, statuses = [503] }";
    for (rest, request, before) in [
        (BY_STATUS, POST, ""),
        (none, GET, ""),
        ("retries = { statuses = [502] }", GET, ""),
        (BY_STATUS, GET, "HTTP/1.1 103 Early Hints\r\n\r\n"),
    ] {
        let (_stage, mut client, mut up) = configured("", rest, request);
        up.message();
        up.say(before.as_bytes());
        up.say(BUSY);
        if !before.is_empty() {
            assert_eq!(client.bare().status(), 103);
        }
        let answer = client.message();
        assert_eq!((answer.status(), &*answer.body), (503, &b"busy"[..]));
    }
}

//! The verdict on plays that no relay of ours would give: HTTP and TLS, right and wrong, one
//! mistake at a time.

use std::time::Duration;
use tidegate::probe::{
    judge::{Terms, judge},
    play::Play,
    scenario::{self, Scenario},
    step::{Pace, Pattern, Who},
    transcript::{Transcript, What, size, span},
};

fn row(key: &str) -> &'static Scenario {
    let found = scenario::all().find(|one| {
        let dash = if one.variant.is_empty() { "" } else { "-" };
        format!("{}{dash}{}", one.row, one.variant) == key
    });
    found.unwrap()
}

/// A connection on which these things happened, a millisecond apart.
fn seen(tls: bool, bytes: &[u8], events: &[What]) -> Transcript {
    let mut transcript = Transcript {
        tls,
        bytes: bytes.to_vec(),
        ..Transcript::default()
    };
    transcript.note(Duration::ZERO, What::Connected);
    if tls {
        transcript.note(Duration::ZERO, What::Secured("TLS 1.3"));
    }
    for (at, what) in (1..).zip(events) {
        transcript.note(Duration::from_millis(at), what.clone());
    }
    transcript
}

fn faults(key: &str, client: Transcript, origins: &[Transcript]) -> Vec<String> {
    let play = Play {
        client,
        origins: origins.to_vec(),
    };
    let terms = Terms {
        slack: Duration::from_millis(50),
        pace: &Pace::SHORT,
        host: "h",
    };
    judge(row(key), &play, terms).faults
}

fn origin(events: &[What]) -> Transcript {
    seen(false, b"GET / HTTP/1.1\r\n\r\n", events)
}

const CUT: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n";
const WHOLE: &[u8] =
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
const UNTIL_END: &[u8] = b"HTTP/1.1 200 OK\r\n\r\nhello";
const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

#[test]
fn s40_a_cut_response_may_end_either_way_but_not_look_whole() {
    let up = [origin(&[What::SentFin])];
    for end in [What::GotReset, What::GotFin] {
        let client = seen(false, CUT, std::slice::from_ref(&end));
        assert_eq!(faults("S40-fin", client, &up), [""; 0], "{end:?}");
    }
    let client = seen(false, WHOLE, &[What::GotFin]);
    assert_eq!(
        faults("S40-fin", client, &up),
        ["a response that broke off was completed for the client"]
    );
    let client = seen(true, CUT, &[What::GotNotify, What::GotFin]);
    assert_eq!(
        faults("S40-fin", client, &up),
        ["a response that broke off was followed by close_notify"]
    );
    let client = seen(false, CUT, &[What::Waited]);
    let faults = faults("S40-fin", client, &up);
    assert!(faults[0].contains("read no end within"), "{faults:?}");
}

#[test]
fn s41_without_framing_only_the_end_can_tell() {
    let up = [origin(&[What::SentReset])];
    let cut = seen(false, UNTIL_END, &[What::GotReset]);
    assert_eq!(faults("S41-1.0", cut, &up), [""; 0]);
    let fin = seen(false, UNTIL_END, &[What::GotFin]);
    let said = "a response that broke off ended with FIN, by which it looks complete";
    assert_eq!(faults("S41-1.1", fin, &up), [said]);
}

#[test]
fn s39_a_request_is_neither_completed_nor_finished() {
    let answer = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
    let client = || seen(false, answer, &[What::SentFin, What::GotFin]);
    let half = b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nhalf";
    let up = |bytes: &[u8], end| [seen(false, bytes, &[What::Got(9), end])];
    assert_eq!(faults("S39-length", client(), &[]), [""; 0]);
    let reset = up(half, What::GotReset);
    assert_eq!(faults("S39-length", client(), &reset), [""; 0]);
    let said = "the origin read FIN where RST was due: a broken end was made to look clean";
    assert_eq!(
        faults("S39-length", client(), &up(half, What::GotFin)),
        [said]
    );
    let whole = b"POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\nhalf";
    let said = "the origin read a complete request, which the client never sent";
    assert_eq!(
        faults("S39-length", client(), &up(whole, What::GotReset)),
        [said]
    );
}

#[test]
fn s38_s52_statuses_and_bodies_are_compared() {
    let body = Pattern::of(Who::Origin).take(10_000);
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n";
    let whole = [head.as_slice(), &body].concat();
    let up = [origin(&[])];
    let client = |bytes: &[u8]| seen(false, bytes, &[What::GotFin]);
    assert_eq!(faults("S38", client(&whole), &up), [""; 0]);
    assert_eq!(
        faults("S38", client(&whole[..whole.len() - 1]), &up),
        ["the client read 9.9 kB of 10 kB: 1 B were lost"]
    );
    let mut turned = whole.clone();
    *turned.last_mut().unwrap() ^= 1;
    assert_eq!(
        faults("S38", client(&turned), &up),
        ["the client read other bytes than were sent, from byte 9999 on"]
    );
    let up = [origin(&[What::SentFin])];
    let interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(
        faults("S52", client(interim), &up),
        ["the client read 100, 417 where 417 was due"]
    );
}

#[test]
fn s49_a_request_that_is_sent_again_is_executed_once() {
    let client = || seen(false, &[OK, OK].concat(), &[]);
    let get = b"GET / HTTP/1.1\r\n\r\n";
    let post = b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi";
    let up = |first: &[u8]| [seen(false, first, &[]), seen(false, post, &[])];
    assert_eq!(faults("S49", client(), &up(get)), [""; 0]);
    // A request that broke off is none; one that came after all is one too many.
    let broken = [get.as_slice(), &post[..post.len() - 1]].concat();
    assert_eq!(faults("S49", client(), &up(&broken)), [""; 0]);
    let twice = [get.as_slice(), post].concat();
    assert_eq!(
        faults("S49", client(), &up(&twice)),
        ["the origin read 3 complete requests where 2 were due"]
    );
}

#[test]
fn s51_an_idle_connection_is_given_back_at_once() {
    let client = || seen(false, &[OK, OK].concat(), &[]);
    let up = |end: &[What]| [origin(&[&[What::SentFin], end].concat())];
    assert_eq!(faults("S51", client(), &up(&[What::GotFin])), [""; 0]);
    let kept = faults("S51", client(), &up(&[What::Waited]));
    assert!(kept[0].starts_with("the origin read no end"), "{kept:?}");
    let mut late = origin(&[What::SentFin]);
    late.note(Duration::from_millis(61), What::GotFin);
    assert_eq!(
        faults("S51", client(), &[late]),
        [
            "the end of the idle connection came 60.0 ms after the origin's FIN; the bound is 50.0 ms"
        ]
    );
}

#[test]
fn s26_s27_s32_over_tls_a_fin_alone_is_not_clean_and_close_notify_not_broken() {
    let bytes = Pattern::of(Who::Origin).take(50_000);
    let clean = || seen(true, &bytes, &[What::GotNotify, What::GotFin]);
    let bare = || seen(true, &bytes, &[What::GotFin]);
    let fin = [seen(false, b"", &[What::SentFin])];
    let rst = [seen(false, b"", &[What::SentReset])];
    assert_eq!(faults("S26", clean(), &fin), [""; 0]);
    assert_eq!(
        faults("S26", bare(), &fin),
        ["the client read FIN without close_notify: a clean end was made to look cut off"]
    );
    let broken = seen(true, &bytes, &[What::GotReset]);
    assert_eq!(faults("S27", broken, &rst), [""; 0]);
    let both = seen(true, &bytes, &[What::GotNotify, What::GotReset]);
    assert_eq!(
        faults("S27", both, &rst),
        ["the client read close_notify before RST: a broken end was made to look clean"]
    );
    assert_eq!(
        faults("S27", bare(), &rst),
        ["the client read FIN without close_notify where RST was due"]
    );
    let upload = Pattern::of(Who::Client).take(100_000);
    let up = [seen(false, &upload, &[What::SentFin, What::GotFin])];
    let client = seen(true, b"hello", &[What::GotFin]);
    let faults = faults("S32", client, &up);
    assert_eq!(faults[0], "the client read no close_notify");
}

#[test]
fn s55_without_a_101_nothing_else_is_looked_at() {
    let refused = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n";
    let client = seen(false, refused, &[What::SentFin, What::GotFin]);
    assert_eq!(
        faults("S55", client, &[origin(&[What::GotReset])]),
        ["the client got status 502 where 101 was due"]
    );
}

#[test]
fn s29_a_proxy_that_refuses_a_version_is_not_blamed_for_more() {
    let mut client = Transcript {
        tls: true,
        ..Transcript::default()
    };
    client.note(Duration::ZERO, What::Connected);
    let alert = "received fatal alert: ProtocolVersion";
    client.note(Duration::ZERO, What::GotNonsense(alert.to_owned()));
    let said = "there was no TLS handshake: received fatal alert: ProtocolVersion";
    assert_eq!(faults("S29", client, &[]), [said]);
}

#[test]
fn sizes_and_spans_are_said_short_and_never_rounded_up() {
    for (bytes, said) in [
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1 kB"),
        (1_999, "1.9 kB"),
        (1_500_000, "1.5 MB"),
        (5_000_000, "5 MB"),
    ] {
        assert_eq!(size(bytes), said);
    }
    assert_eq!(span(Duration::from_micros(1_999)), "1.9 ms");
    assert_eq!(span(Duration::from_millis(10_000)), "10.0 s");
}

//! The text and the value are one; what is no schedule is refused in words.

use super::*;
use crate::fault::Fault;

const RELAY: &str = "\
relay-schedule v1
seed 0x2a
mode relay tls13
latency client-proxy 1ms
latency proxy-origin 20ms
buffer relay 2
buffer down send 17 recv 40
client write 5
client sleep 3ms
client await-eof
client close-notify
client fin
client reader delay 2ms chunk 16 pause 1ms stop 100
origin write 1
origin reset
fault dial#1 pend 7ms
fault proxy.down.write#2 pend
fault proxy.up2.read#3 fail ETIMEDOUT
at 25ms hold proxy-origin
at 27ms release proxy-origin
at 30ms drain
";

const HTTP: &str = "\
relay-schedule v1
seed 0x0
mode http tcp pipelined
latency client-proxy 1ms
latency proxy-origin 1ms
request POST /a?b=1 1.1 keep chunked 40 by 5 trailers expect
response 200 1.1 keep length 100 by 17 interim 100 early delay 3ms
request HEAD / 1.1 keep empty
response 304 1.1 keep empty
request GET / 1.0 close empty
response 200 1.0 close until-close 100 by 100 cut 60 reset
client fin
";

const HASTY: &str = "\
relay-schedule v1
seed 0x0
mode http tcp
latency client-proxy 1ms
latency proxy-origin 1ms
request GET / 1.1 keep empty
response 200 1.1 keep empty
request PUT / 1.1 keep chunked 40 by 5 expect cut 130 fin
response 200 1.1 keep empty interim 100 delay 65000ms
client fin
client sleep 5ms
client reset
";

const TUNNEL: &str = "\
relay-schedule v1
seed 0x1
mode http tls13 pipelined
latency client-proxy 1ms
latency proxy-origin 1ms
request GET /1 1.1 keep empty
response 200 1.1 keep empty
request CONNECT host:443 1.1 keep empty
response 200 1.1 keep empty interim 103
client write 5
client close-notify
client fin
origin await-eof
origin write 7
origin fin
";

#[test]
fn what_leaves_http_is_a_relay_behind_it() {
    let upgrade = TUNNEL
        .replace(
            "CONNECT host:443 1.1 keep empty",
            "GET /2 1.1 keep empty upgrade",
        )
        .replace("200 1.1 keep empty interim", "101 1.1 keep empty interim");
    for text in [TUNNEL, &upgrade] {
        let schedule: Schedule = text.parse().unwrap();
        assert_eq!(schedule.validate(), Ok(()), "{text}");
        assert!(schedule.traffic.switches(), "{text}");
    }
    for (from, to) in [
        // The origin does not agree: then nobody has anything to write.
        ("200 1.1 keep empty interim", "403 1.1 keep empty interim"),
        ("200 1.1 keep empty interim", "101 1.1 keep empty interim"),
        (
            "200 1.1 keep empty interim",
            "200 1.1 keep length 5 by 1 interim",
        ),
        ("CONNECT host:443 1.1 keep", "CONNECT host:443 1.1 close"),
        ("CONNECT host:443 1.1 keep", "CONNECT /path 1.1 keep"),
        ("CONNECT host:443", "CONNECT host:4,3"),
        ("CONNECT host:443", "CONNECT host:65536"),
        ("CONNECT host:443", "GET /2"),
        ("GET /1 1.1 keep empty", "GET /1 1.1 keep empty upgrade"),
        ("origin fin\n", ""),
        ("client write 5", "client await-eof"),
    ] {
        let changed = TUNNEL.replace(from, to);
        assert_ne!(changed, TUNNEL);
        let schedule: Schedule = changed.parse().unwrap();
        assert!(schedule.validate().is_err(), "{from:?} as {to:?}");
    }
}

#[test]
fn who_breaks_off_asks_for_nothing_more() {
    let schedule: Schedule = HASTY.parse().unwrap();
    assert_eq!(schedule.validate(), Ok(()));
    assert!(schedule.falls_silent(), "nobody waits so long");
    for (from, to, what) in [
        (
            "GET / 1.1 keep empty",
            "GET / 1.1 keep empty cut 9 fin",
            "no request follows one that is cut",
        ),
        ("cut 130", "cut 0", "what is cut has begun"),
        (
            "delay 65000ms",
            "delay 65000ms cut 10 fin",
            "one of the two is cut short",
        ),
        (
            "PUT / 1.1 keep chunked 40 by 5 expect",
            "GET / 1.1 keep empty upgrade",
            "who asks to leave says so to the end",
        ),
        ("delay 65000ms", "delay 100001ms", "too late"),
    ] {
        let changed = HASTY.replace(from, to);
        let changed: Schedule = changed.parse().unwrap();
        assert_eq!(changed.validate(), Err(Invalid(what)), "{from:?} as {to:?}");
    }
}

#[test]
fn rendering_undoes_parsing() {
    for text in [RELAY, HTTP, HASTY, TUNNEL] {
        let schedule: Schedule = text.parse().unwrap();
        assert_eq!(schedule.to_string(), text);
        assert_eq!(schedule.to_string().parse(), Ok(schedule));
    }
}

#[test]
fn the_values_are_those_of_the_words() {
    let schedule: Schedule = RELAY.parse().unwrap();
    assert_eq!(schedule.carrier, Carrier::Tls(Version::Tls13));
    assert_eq!(schedule.latencies.proxy_origin_ms, 20);
    assert_eq!(schedule.buffers.down, SocketBytes { send: 17, recv: 40 });
    assert_eq!(schedule.buffers.up, SocketBytes::default());
    assert_eq!(schedule.client.reader.stop, Some(100));
    assert_eq!(schedule.origin.writer, [Step::Write(1), Step::Reset]);
    let late = schedule.faults.get(&"dial#1".parse().unwrap());
    assert_eq!(late, Some(&Fault::Pend(7)));
    assert_eq!(schedule.links[1].act, LinkAct::Release);
    assert_eq!(schedule.validate(), Ok(()));
    let http: Schedule = HTTP.parse().unwrap();
    assert_eq!(http.validate(), Ok(()));
}

#[test]
fn comments_and_empty_lines_mean_nothing() {
    let text = "# why\n\nrelay-schedule v1   # header\nseed 0x1\nmode relay tcp\n  fault dial#1 pend # late\n";
    let schedule: Schedule = text.parse().unwrap();
    assert_eq!(schedule.faults.len(), 1);
    assert_eq!(schedule.latencies, Latencies::default());
}

#[test]
fn an_error_names_its_line() {
    let head = "relay-schedule v1\nseed 0x1\nmode relay tcp\n";
    for (tail, line, what) in [
        ("client wirte 5", 4, "`wirte` is nothing a peer does"),
        ("client write 05", 4, "`05` is no number"),
        ("client write 5 6", 4, "`6` is too much"),
        ("client sleep 5", 4, "`5` is no time, like 3ms"),
        (
            "\nlatency client-origin 1ms",
            5,
            "`client-origin`: client-proxy or proxy-origin",
        ),
        ("seed 0x2", 4, "said twice"),
        ("fault dial pend", 4, "`dial` is no call"),
        ("fault dial#1 pend 1ms", 4, "`pend 1ms` is no fault"),
        ("fault dial#1 pend\nfault dial#1 pend 2ms", 5, "said twice"),
        (
            "at 3ms drop client-proxy",
            4,
            "`drop`: hold, release or drain",
        ),
        (
            "response 200 1.1 keep empty",
            4,
            "a response without a request",
        ),
        (
            "request GET / 1.1 keep empty",
            4,
            "the last request has no response",
        ),
        ("buffer down send 1", 4, "something is missing at the end"),
    ] {
        let error = format!("{head}{tail}").parse::<Schedule>().unwrap_err();
        assert_eq!((error.line, error.what.as_str()), (line, what), "{tail}");
    }
    let error = "relay-schedule v2".parse::<Schedule>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "line 1: the first line is `relay-schedule v1`"
    );
    assert!("".parse::<Schedule>().is_err());
}

/// K11: an abort behind one's own FIN.
#[test]
fn behind_its_fin_a_peer_may_reset() {
    let base = "relay-schedule v1\nseed 0x1\nmode relay tls13\norigin fin\n";
    for lines in [
        "client fin\nclient reset",
        "client fin\nclient sleep 3ms\nclient reset",
        "client close-notify\nclient sleep 1ms\nclient fin\nclient sleep 3ms\nclient reset",
    ] {
        let schedule: Schedule = format!("{base}{lines}").parse().unwrap();
        assert_eq!(schedule.validate(), Ok(()), "{lines}");
        assert_eq!(schedule.to_string().parse(), Ok(schedule));
    }
}

#[test]
fn what_cannot_end_by_itself_is_invalid() {
    let base = "relay-schedule v1\nseed 0x1\nmode relay tcp\n";
    for (lines, what) in [
        ("origin fin", "a direction ends"),
        (
            "client fin\norigin fin\nclient write 1",
            "nothing follows the end",
        ),
        (
            "client fin\nclient sleep 3ms\nclient fin\norigin fin",
            "nothing follows the end",
        ),
        (
            "client fin\nclient reset\nclient sleep 3ms\norigin fin",
            "nothing follows the end",
        ),
        (
            "client fin\nclient sleep 3ms\norigin fin",
            "nobody rests behind the end for nothing",
        ),
        (
            "client close-notify\nclient fin\norigin fin",
            "close_notify is of TLS",
        ),
        (
            "client await-eof\nclient fin\norigin await-eof\norigin fin",
            "each peer waits for the other's end",
        ),
        (
            "client fin\norigin fin\nat 1ms hold client-proxy",
            "what is held is released",
        ),
        (
            "client fin\norigin fin\nfault dial#1 cut 1",
            "a fault must be one its call can have",
        ),
        (
            "client fin\norigin fin\nlatency client-proxy 0ms",
            "a latency is at least a tick",
        ),
    ] {
        let schedule: Schedule = format!("{base}{lines}").parse().unwrap();
        assert_eq!(schedule.validate(), Err(Invalid(what)), "{lines}");
    }
}

//! LIFECYCLE 4.14 on real sockets: the line of the log about a connection that ends badly, the
//! counters at the end of the process, and Proxy-Status on what the proxy answers by itself.

use crate::{
    harness::Proxy,
    peers::{End, Last, Origin, Peer, Raw, pattern},
    secure::Version,
};
use rustix::process::Signal;

const GET: &[u8] = b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n";
const TCP: &str = "kind = \"tcp\"";

/// The line about the next connection that is over, once it is said.
fn line(proxy: &mut Proxy) -> String {
    proxy.process.until("the line about a connection", |said| {
        let whole = said.rsplit_once('\n').map_or("", |(lines, _)| lines);
        let found = whole.lines().find(|line| line.contains("kind=connection"));
        found.map(str::to_string)
    })
}

/// What a line says of a field: the text up to the next field.
fn said<'a>(line: &'a str, field: &str) -> Option<&'a str> {
    let (_, from) = line.split_once(&format!(" {field}="))?;
    let quoted = from
        .strip_prefix('"')
        .and_then(|rest| rest.split('"').next());
    let end = from
        .match_indices('=')
        .next()
        .map_or(from.len(), |(at, _)| from[..at].rfind(' ').unwrap_or(at));
    Some(quoted.unwrap_or(&from[..end]))
}

#[track_caller]
fn says(line: &str, fields: &[(&str, &str)]) {
    for (field, due) in fields {
        assert_eq!(said(line, field), Some(*due), "{field} in {line}");
    }
}

/// What happened, without its moments.
fn words_of_timeline(line: &str) -> String {
    let quoted = line.split_once(" timeline=\"").unwrap_or_default().1;
    let timeline = quoted.split('"').next().unwrap_or_default();
    let words = timeline.split(' ').filter(|word| !word.starts_with('+'));
    words.collect::<Vec<_>>().join(" ")
}

/// The counters that a process tells of when it ends.
fn counters(proxy: Proxy) -> String {
    proxy.process.signal(Signal::TERM);
    let said = proxy.process.end().said;
    let told = said.lines().find_map(|line| line.split_once("counters="));
    told.map(|(_, counters)| counters.to_string())
        .unwrap_or_default()
}

#[test]
fn i19_a_reset_is_told_with_its_errno_and_the_bytes_of_both_directions() {
    let origin = Origin::new();
    let mut proxy = Proxy::configured(origin.address(), TCP, "");
    let mut client = proxy.client();
    let local = client.local().to_string();
    let mut up = origin.accept();
    client.say(b"question");
    assert_eq!(up.hear(8), b"question");
    up.say(b"half an ans");
    assert_eq!(client.hear(11), b"half an ans");
    up.reset();
    assert_eq!(client.last(), Last::plain("", End::Reset));
    let line = line(&mut proxy);
    says(
        &line,
        &[
            ("conn", "0-1"),
            ("listener", "l"),
            ("client", &local),
            ("endpoint", &origin.address().to_string()),
            ("cause", "upstream_reset"),
            ("how", "reset"),
            ("side", "origin"),
            ("during", "tunnel"),
            ("first", "origin"),
            ("bytes_in", "8"),
            ("bytes_out", "11"),
            ("client_end", "open"),
            ("client_told", "aborted"),
            ("origin_end", "reset"),
            ("state", "established"),
        ],
    );
    let words = words_of_timeline(&line);
    assert!(words.starts_with("accept "), "{line}");
    assert!(
        words.ends_with(" data<origin rst<origin rst>client"),
        "{line}"
    );
    let error = said(&line, "origin_error").unwrap_or_default();
    assert!(error.contains("os error 104"), "{line}");
    assert_eq!(said(&line, "client_error"), None, "{line}");
    assert!(said(&line, "to_client_after").is_some(), "{line}");
    for absent in ["discarded_in", "discarded_out", "undelivered_out", "retry"] {
        assert_eq!(said(&line, absent), None, "{line}");
    }
    let counters = counters(proxy);
    for count in [
        r#"tidegate_ends_total{leg="downstream",kind="abort",cause="cancelled"} 1"#,
        r#"tidegate_ends_total{leg="upstream",kind="abort",cause="reset"} 1"#,
        r#"tidegate_connections_closed_total{listener="l",cause="upstream_reset"} 1"#,
    ] {
        assert!(counters.contains(count), "{count} in {counters}");
    }
    assert!(!counters.contains("flush"), "{counters}");
}

#[test]
fn r11_r14_what_a_deaf_client_did_not_get_is_told() {
    let origin = Origin::new();
    let listener = "kind = \"tcp\"\nsend_buffer = \"4KiB\"\n\
                    timeouts = { flush = \"200ms\", flush_total = \"400ms\" }";
    let mut proxy = Proxy::configured(origin.address(), listener, "");
    let client = Raw::narrow(proxy.address, 4096);
    let mut up = origin.accept();
    // More than the relay and the sockets towards the client hold.
    up.say(&pattern(120_000));
    client.leg().until_stuck();
    up.reset();
    let line = line(&mut proxy);
    let fields = [
        ("how", "reset"),
        ("side", "origin"),
        ("client_end", "open"),
        ("client_told", "aborted"),
    ];
    says(&line, &fields);
    let undelivered = said(&line, "undelivered_out").and_then(|bytes| bytes.parse().ok());
    assert!(undelivered.is_some_and(|bytes: u32| bytes > 0), "{line}");
    let discarded = said(&line, "discarded_out").unwrap_or_default();
    assert!(discarded.ends_with(" flush expired"), "{line}");
    drop(client);
    let counters = counters(proxy);
    assert!(
        counters.contains("tidegate_abort_flush_expired_total 1"),
        "{counters}"
    );
}

#[test]
fn u13_h08_what_an_origin_did_not_get_of_a_cancelled_request_is_told() {
    let origin = Origin::narrow(4096);
    let mut proxy = Proxy::configured(origin.address(), "", "send_buffer = \"4KiB\"");
    let mut client = proxy.client();
    client.say(b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 900000\r\n\r\n");
    // More than the relay and the sockets towards the origin hold.
    client.say(&pattern(120_000));
    let mut up = origin.accept();
    up.leg().until_stuck();
    client.reset();
    let line = line(&mut proxy);
    let fields = [
        ("cause", "client_reset"),
        ("how", "reset"),
        ("side", "client"),
        ("during", "exchange"),
        ("origin_told", "aborted"),
        ("state", "closed"),
    ];
    says(&line, &fields);
    let words = words_of_timeline(&line);
    assert!(words.ends_with("rst<client rst>origin"), "{line}");
    let undelivered = said(&line, "undelivered_in").and_then(|bytes| bytes.parse().ok());
    assert!(undelivered.is_some_and(|bytes: u32| bytes > 0), "{line}");
    let discarded = said(&line, "discarded_in").unwrap_or_default();
    assert!(discarded.ends_with(" unwanted"), "{line}");
    assert_eq!(up.last().end, End::Reset);
}

#[test]
fn r05_a_half_closed_relay_that_is_given_up_says_close_wait_and_what_led_there() {
    let origin = Origin::new();
    let listener = "kind = \"tcp\"\ntimeouts = { tunnel = \"300ms\" }";
    let mut proxy = Proxy::configured(origin.address(), listener, "");
    let mut client = proxy.client();
    let mut up = origin.accept();
    client.say(b"question");
    client.fin();
    assert_eq!(up.hear(8), b"question");
    let line = line(&mut proxy);
    let fields = [
        ("cause", "half_close_timeout"),
        ("state", "close_wait"),
        ("side", "proxy"),
    ];
    says(&line, &fields);
    let words = words_of_timeline(&line);
    assert!(words.starts_with("accept "), "{line}");
    let end = "fin<client fin>origin timer:tunnel rst>";
    assert!(words.ends_with(end), "{line}");
    assert_eq!(client.last().end, End::Reset);
}

#[test]
fn i19_clean_ends_are_counted_and_not_told() {
    let origin = Origin::new();
    let proxy = Proxy::configured(origin.address(), TCP, "");
    let mut client = proxy.client();
    let mut up = origin.accept();
    client.say(b"all");
    client.fin();
    assert_eq!(up.last(), Last::plain("all", End::Fin));
    up.fin();
    assert_eq!(client.last(), Last::plain("", End::Fin));
    proxy.process.signal(Signal::TERM);
    let said = proxy.process.end().said;
    assert!(!said.contains("kind=connection"), "{said}");
    for leg in ["downstream", "upstream"] {
        let count = format!(r#"ends_total{{leg="{leg}",kind="clean",cause="fin"}} 1"#);
        assert!(said.contains(&count), "{count} in {said}");
    }
}

#[test]
fn t05_a_bare_fin_is_told_and_counted() {
    let origin = Origin::new();
    let mut proxy = Proxy::configured(origin.address(), "kind = \"tcp\"\ntls = \"dev\"", "");
    let mut client = proxy.secure(Version::Tls13);
    let mut up = origin.accept();
    client.say(b"cut of");
    client.fin();
    assert_eq!(up.last(), Last::plain("cut of", End::Reset));
    drop(client);
    let line = line(&mut proxy);
    let fields = [
        ("cause", "client_tls_truncated"),
        ("how", "truncated"),
        ("side", "client"),
        ("client_end", "truncated"),
        ("origin_told", "aborted"),
        ("state", "close_wait"),
    ];
    says(&line, &fields);
    let words = words_of_timeline(&line);
    assert!(words.starts_with("accept tls "), "{line}");
    assert!(words.contains(" data<client fin<client"), "{line}");
    let counters = counters(proxy);
    assert!(counters.contains("tidegate_bare_fin_total 1"), "{counters}");
}

#[test]
fn u05_proxy_status_tells_an_incomplete_head_from_none() {
    for (said, error) in [
        (b"".as_slice(), "connection_terminated"),
        (b"HTTP/1.1 200 OK\r\nX: ", "http_response_incomplete"),
    ] {
        let origin = Origin::new();
        let proxy = Proxy::http(origin.address());
        let mut client = proxy.client();
        client.say(b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n");
        let mut up = origin.accept();
        up.message();
        up.say(said);
        up.fin();
        let answer = client.message();
        assert_eq!(answer.status(), 502);
        let status = format!("tidegate; error={error}");
        assert_eq!(answer.field("proxy-status"), Some(status.as_str()));
    }
}

#[test]
fn u06_a_cut_response_is_told_by_the_log_alone() {
    let origin = Origin::new();
    let mut proxy = Proxy::http(origin.address());
    let mut client = proxy.client();
    client.say(GET);
    let mut up = origin.accept();
    up.message();
    up.say(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello");
    let head = client.head();
    assert!(!head.to_lowercase().contains("proxy-status"), "{head}");
    assert_eq!(client.hear(5), b"hello");
    up.fin();
    assert_eq!(client.last(), Last::plain("", End::Reset));
    let line = line(&mut proxy);
    let fields = [
        ("cause", "upstream_fin"),
        ("how", "truncated"),
        ("side", "origin"),
        ("during", "exchange"),
        ("proxy_status", "http_response_incomplete"),
        ("client_told", "aborted"),
    ];
    says(&line, &fields);
}

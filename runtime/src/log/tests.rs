//! Each format, line by line, and what a client cannot do to any of them.

use super::{time::rfc3339, *};
use crate::observe::Observer;
use tidegate_core::time::Span;

/// 2026-11-22T14:31:05.113Z.
const MOMENT: u64 = 1_795_357_865_113_000;

fn line(format: &Format, said: &[u8], path: &[u8]) -> String {
    let mut entry = Entry::new(MOMENT, "request");
    entry.put("conn", Value::Conn(Observer::new(0).next()));
    entry.put("http.request.method", Value::Said(said));
    entry.put("url.path", Value::Said(path));
    entry.put("http.response.status_code", Value::Count(200));
    entry.put("http.response.size", Value::Count(812));
    entry.put("http.route", Value::Word("api.example.com/v1/"));
    let client = std::net::IpAddr::from([203, 0, 113, 9]);
    entry.put("client.address", Value::Address(client));
    entry.put("network.protocol.version", Value::Word("1.1"));
    entry.put("cluster", Value::Word("api"));
    entry.put("t.queue", Value::Seconds(Span(0)));
    entry.put("t.total", Value::Seconds(Span(13_000)));
    entry.put("attempts", Value::Count(1));
    entry.put("cause", Value::Word("completed"));
    let mut out = Vec::new();
    format.write(&entry, &mut out);
    String::from_utf8(out).expect("a line is text")
}

fn template(text: &str) -> Format {
    Format::Template(Template::new(text).expect("it is right"))
}

fn formats() -> [Format; 5] {
    let own =
        "{client.address} \"{http.request.method} {url.path}\" {t.total}s {{}} {server.address}";
    let own = template(own);
    [
        Format::Pretty,
        Format::Json,
        Format::Logfmt,
        Format::Combined,
        own,
    ]
}

#[test]
fn every_format_has_its_line() {
    let lines = formats().map(|format| line(&format, b"POST", b"/v1/orders"));
    let due = [
        "14:31:05.113 200 POST /v1/orders 0.013000s api completed conn=0-1 http.response.size=812 \
         http.route=api.example.com/v1/ client.address=203.0.113.9 network.protocol.version=1.1 \
         t.queue=0.000000 attempts=1\n",
        "{\"time\":\"2026-11-22T14:31:05.113Z\",\"kind\":\"request\",\"conn\":\"0-1\",\
         \"http.request.method\":\"POST\",\"url.path\":\"/v1/orders\",\
         \"http.response.status_code\":200,\"http.response.size\":812,\
         \"http.route\":\"api.example.com/v1/\",\"client.address\":\"203.0.113.9\",\
         \"network.protocol.version\":\"1.1\",\"cluster\":\"api\",\
         \"t\":{\"queue\":0.000000,\"total\":0.013000},\"attempts\":1,\"cause\":\"completed\"}\n",
        "time=2026-11-22T14:31:05.113Z kind=request conn=0-1 http.request.method=POST \
         url.path=/v1/orders http.response.status_code=200 http.response.size=812 \
         http.route=api.example.com/v1/ client.address=203.0.113.9 network.protocol.version=1.1 \
         cluster=api t.queue=0.000000 t.total=0.013000 attempts=1 cause=completed\n",
        "203.0.113.9 - - [22/Nov/2026:14:31:05 +0000] \"POST /v1/orders HTTP/1.1\" 200 812 \"-\" \"-\"\n",
        "203.0.113.9 \"POST /v1/orders\" 0.013000s {} -\n",
    ];
    for (line, due) in lines.iter().zip(due) {
        assert_eq!(line, due);
    }
}

/// Line breaks, quotes, a field of our own, an escape of a terminal, what is no UTF-8, and signs that
/// some readers take for line breaks.
const EVIL: &[u8] =
    b"/a\r\ntime=x \"cause\":\"completed\",\\ cause=completed\x1b[2J\x00\xff\xc2\x85\xe2\x80\xa8";

#[test]
fn nobody_outside_can_forge_a_line_or_a_field() {
    for format in formats() {
        let line = line(&format, b"G\nT", EVIL);
        let breaks = line.matches(['\n', '\r', '\u{85}', '\u{2028}']).count();
        assert_eq!(breaks, 1, "{line:?}");
        let control = line.trim_end().chars().any(char::is_control);
        assert!(!control, "{line:?}");
    }
    let logfmt = line(&Format::Logfmt, b"GET", EVIL);
    let forged = logfmt.split("\\\"").collect::<String>();
    let outside: String = forged.split('"').step_by(2).collect();
    assert_eq!(outside.matches("cause=completed").count(), 1, "{logfmt}");
    let combined = line(&Format::Combined, b"GET", b"/\" 200 0 \"");
    assert_eq!(combined.matches(" 200 ").count(), 1, "{combined}");
}

#[test]
fn json_is_json_whatever_is_said() {
    // The words of a string between its quotes, and nothing else, is where evil may stand.
    let line = line(&Format::Json, b"GET", EVIL);
    let due = "\"url.path\":\"/a\\u000d\\u000atime=x \\\"cause\\\":\\\"completed\\\",\\\\ cause=completed\
               \\u001b[2J\\u0000\u{fffd}\\u0085\\u2028\",";
    assert!(line.contains(due), "{line}");
}

#[test]
fn a_template_says_what_is_wrong_with_it() {
    for (text, why) in [
        ("{nothing}", "there is no key `nothing`"),
        ("{url.path", "a brace is not closed"),
        ("url.path}", "a brace is closed that is not open"),
        ("a\nb", "a line has no line breaks nor other controls"),
    ] {
        assert_eq!(Template::new(text), Err(why.to_owned()));
    }
}

#[test]
fn the_calendar_is_right() {
    for (seconds, due) in [
        (0, "1970-01-01T00:00:00.000Z"),
        (951_782_400, "2000-02-29T00:00:00.000Z"),
        (951_868_800, "2000-03-01T00:00:00.000Z"),
        (1_735_689_599, "2024-12-31T23:59:59.000Z"),
        (4_107_542_400, "2100-03-01T00:00:00.000Z"),
    ] {
        let mut out = Vec::new();
        rfc3339(seconds * 1_000_000, &mut out);
        assert_eq!(String::from_utf8(out).as_deref(), Ok(due));
    }
}

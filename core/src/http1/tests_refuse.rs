//! What is refused, and why: one row a rule. Each text is refused whole and byte by byte.

use super::*;
use crate::limits::Limits;
use alloc::string::String;
use alloc::vec::Vec;
use alloc::{format, vec};

#[test]
fn rfc9112_6_3_both_lengths_are_refused() {
    let both = ["Content-Length: 5", "Transfer-Encoding: chunked"];
    let (ab, ba) = ([both[0], both[1]], [both[1], both[0]]);
    for fields in [&ab[..], &ba[..]] {
        fields_refused(fields, Fault::LengthAndCoding, 400);
    }
    fields_refused(
        &["Transfer-Encoding: identity", "content-length: 5"],
        Fault::LengthAndCoding,
        400,
    );
}

#[test]
fn rfc9112_6_3_a_second_length_is_refused_even_if_equal() {
    for second in ["5", "6"] {
        let second = format!("content-length: {second}");
        fields_refused(&["Content-Length: 5", &second], Fault::LengthTwice, 400);
    }
    fields_refused(&["Content-Length: 5, 5"], Fault::LengthInvalid, 400);
}

#[test]
fn rfc9110_8_6_a_malformed_length_is_refused() {
    for value in [
        "",
        "+5",
        "-5",
        "0x5",
        "5a",
        "5 5",
        "5.0",
        "18446744073709551616",
    ] {
        let field = format!("Content-Length: {value}");
        fields_refused(&[&field], Fault::LengthInvalid, 400);
    }
}

#[test]
fn rfc9112_6_1_only_chunked_is_a_transfer_coding() {
    for value in ["gzip, chunked", "x;q=1, chunked", "gzip , deflate, Chunked"] {
        let field = format!("Transfer-Encoding: {value}");
        fields_refused(&[&field], Fault::CodingUnknown, 501);
    }
    fields_refused(
        &["Transfer-Encoding: gzip", "Transfer-Encoding: chunked"],
        Fault::CodingUnknown,
        501,
    );
    for value in [
        "",
        "identity",
        "chunked, gzip",
        "chunked, chunked",
        "chunked;q=1",
        "chunked,",
        ",chunked",
        "xchunked",
        "chunked x",
        "\"chunked\"",
        "gzip;, , chunked",
        "chunked\tx",
    ] {
        let field = format!("Transfer-Encoding: {value}");
        fields_refused(&[&field], Fault::CodingInvalid, 400);
    }
    fields_refused(
        &["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
        Fault::CodingInvalid,
        400,
    );
}

#[test]
fn rfc9112_6_1_a_transfer_coding_in_http10_is_refused() {
    let text = b"POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    refused(text, Fault::CodingTooOld, 400);
}

#[test]
fn rfc9112_2_2_bare_lf_is_refused_wherever_it_is() {
    for text in [
        "GET / HTTP/1.1\nHost: h\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\n\n",
        "GET / HTTP/1.1\r\nHost: h\n\n",
        "\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
    ] {
        refused(text.as_bytes(), Fault::BareLf, 400);
    }
}

#[test]
fn rfc9112_2_2_bare_cr_is_refused_wherever_it_is() {
    refused(b"GET / HTTP/1.1\rHost: h\r\n\r\n", Fault::RequestLine, 400);
    refused(
        b"GET /\r HTTP/1.1\r\nHost: h\r\n\r\n",
        Fault::RequestLine,
        400,
    );
    refused(
        b"\rGET / HTTP/1.1\r\nHost: h\r\n\r\n",
        Fault::RequestLine,
        400,
    );
    refused(
        b"\r\n\rGET / HTTP/1.1\r\nHost: h\r\n\r\n",
        Fault::RequestLine,
        400,
    );
    fields_refused(&["A: b\rc"], Fault::FieldValue, 400);
    fields_refused(&["A: b\r"], Fault::FieldValue, 400);
    fields_refused(&["A\r: b"], Fault::FieldName, 400);
}

#[test]
fn rfc9112_5_fields_are_name_colon_value_on_one_line() {
    for field in [
        "A : b",
        "A\t: b",
        " A: b",
        ": b",
        "A b",
        "A: b\r\n c",
        "A: b\r\n\tc",
        "A(: b",
        "\u{e9}: b",
        "A\0: b",
    ] {
        fields_refused(&[field], Fault::FieldName, 400);
    }
    for field in ["A: \0", "A: b\x0bc", "A: \x7f", "A: \x1b[0m"] {
        fields_refused(&[field], Fault::FieldValue, 400);
    }
}

#[test]
fn rfc9112_3_2_exactly_one_valid_host() {
    refused(b"GET / HTTP/1.1\r\n\r\n", Fault::HostMissing, 400);
    refused(b"GET http://h/ HTTP/1.1\r\n\r\n", Fault::HostMissing, 400);
    fields_refused(&["host: h"], Fault::HostTwice, 400);
    refused(
        b"GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n",
        Fault::HostTwice,
        400,
    );
    for host in [
        "", "a b", "a,b", "u@h", "h/x", "h:x", "h:65536", "[::1", "a\u{e9}",
    ] {
        let text = format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n");
        refused(text.as_bytes(), Fault::HostInvalid, 400);
    }
}

#[test]
fn rfc9112_3_the_request_line_is_three_words() {
    for line in [
        "GET  / HTTP/1.1",
        "GET /",
        "GET / ",
        " GET / HTTP/1.1",
        "GET / HTTP/1.1 ",
        "GET /a b HTTP/1.1",
        "GET / http/1.1",
        "GET / HTTP/1",
        "GET / HTTP/1.10",
        "GET / HTTP/2.00",
        "GET / HTTP/11",
        "GET\t/ HTTP/1.1",
        "G(T / HTTP/1.1",
        "GET /\u{1} HTTP/1.1",
        "GET / HTTPS/1.1",
        "GET",
        "GET /\x7f HTTP/1.1",
    ] {
        let text = format!("{line}\r\nHost: h\r\n\r\n");
        refused(text.as_bytes(), Fault::RequestLine, 400);
    }
}

#[test]
fn rfc9112_3_2_a_target_has_one_of_four_forms() {
    for target in [
        "*",
        "h",
        "h:80",
        "/a#b",
        "/\u{e9}",
        "ftp://h/",
        "http:///",
        "http://u@h/",
    ] {
        let text = format!("GET {target} HTTP/1.1\r\nHost: h\r\n\r\n");
        refused(text.as_bytes(), Fault::Target, 400);
    }
    refused(b"CONNECT / HTTP/1.1\r\nHost: h\r\n\r\n", Fault::Target, 400);
}

#[test]
fn rfc9110_15_6_6_another_version_is_505() {
    for version in ["HTTP/2.0", "HTTP/0.9", "HTTP/0.1", "HTTP/3.1"] {
        let text = format!("GET / {version}\r\nHost: h\r\n\r\n");
        refused(text.as_bytes(), Fault::Version, 505);
    }
    refused(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Fault::Version, 505);
}

#[test]
fn rfc9110_7_6_1_connection_options_are_bounded() {
    let most = ["x"; 32].join(",");
    let text = format!("GET / HTTP/1.1\r\nHost: h\r\nConnection: {most}\r\n\r\n");
    let head = request_head(text.as_bytes(), &Limits::default());
    assert!(head.unwrap().is_some());
    let field = format!("Connection: {most},");
    fields_refused(&[&field], Fault::TooManyOptions, 431);
}

#[test]
fn a_tls_hello_is_refused_at_its_first_bytes() {
    let reject = request_head(&[0x16, 3, 1, 2, 0, 1], &Limits::default()).unwrap_err();
    assert_eq!(reject, Reject::Request(Fault::RequestLine));
}

#[test]
fn u05_a_response_with_bad_framing_is_502() {
    for (head, fault) in [
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked",
            Fault::LengthAndCoding,
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5",
            Fault::LengthTwice,
        ),
        ("HTTP/1.1 200 OK\r\nContent-Length: x", Fault::LengthInvalid),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked",
            Fault::CodingUnknown,
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip",
            Fault::CodingInvalid,
        ),
        (
            "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked",
            Fault::CodingTooOld,
        ),
        (
            "HTTP/1.1 204 X\r\nContent-Length: 5\r\nTransfer-Encoding: chunked",
            Fault::LengthAndCoding,
        ),
        ("HTTP/1.1 200 OK\nContent-Length: 5", Fault::BareLf),
        ("HTTP/1.1 200 O\rK", Fault::StatusLine),
        ("HTTP/1.1 200 OK\r\nA : b", Fault::FieldName),
        ("HTTP/1.1 200 OK\r\nA: b\r\n c", Fault::FieldName),
        ("HTTP/1.1 099 X", Fault::StatusLine),
        ("HTTP/1.1 20 X", Fault::StatusLine),
        ("HTTP/1.1 2000 X", Fault::StatusLine),
        ("HTTP/1.1  200 X", Fault::StatusLine),
        ("HTTP/2.0 200 X", Fault::Version),
        ("ICY 200 OK", Fault::Version),
        ("\r\nHTTP/1.1 200 OK", Fault::StatusLine),
        ("SSH-2.0-x", Fault::Version),
    ] {
        let text = format!("{head}\r\n\r\n");
        let read =
            |text| response_head(text, Method::Get, &Limits::default()).map(|head| head.is_some());
        let reject = Reject::Response(fault);
        assert_eq!(read(text.as_bytes()), Err(reject), "{head:?}");
        assert_eq!(reject.status(), 502);
        let first = cuts(text.as_bytes()).find_map(|part| read(part).err());
        assert_eq!(first.map(|reject| reject.status()), Some(502), "{head:?}");
    }
}

#[test]
fn rfc9112_2_2_an_empty_line_before_a_response_is_refused_at_its_first_byte() {
    let reject = response_head(b"\r", Method::Get, &Limits::default()).unwrap_err();
    assert_eq!(reject, Reject::Response(Fault::StatusLine));
}

#[test]
fn every_fault_has_words_and_a_status() {
    for (fault, reject) in [
        (Fault::ChunkSize, Reject::Body(Fault::ChunkSize)),
        (Fault::HeadTooLong, Reject::Response(Fault::HeadTooLong)),
    ] {
        assert_eq!(reject.fault(), fault);
        assert_eq!(format!("{reject}"), reject.reason());
    }
    assert_eq!(
        Reject::Body(Fault::ChunkSize).reason(),
        "malformed chunk size"
    );
    assert_eq!(Reject::Body(Fault::ChunkSize).status(), 400);
    assert_eq!(Reject::Body(Fault::TrailerTooLong).status(), 431);
}

/// The fields, in a request that is well-formed otherwise, and in any place there.
fn fields_refused(fields: &[&str], fault: Fault, status: u16) {
    let around: Vec<[&str; 2]> = vec![["Host: h\r\n", ""], ["Host: h\r\nB: c\r\n", "D: e\r\n"]];
    for [before, after] in around {
        let fields = fields.join("\r\n");
        let text = format!("POST / HTTP/1.1\r\n{before}{fields}\r\n{after}\r\n");
        refused(text.as_bytes(), fault, status);
    }
}

fn refused(text: &[u8], fault: Fault, status: u16) {
    let shown = String::from_utf8_lossy(text);
    let read = |text| request_head(text, &Limits::default()).map(|head| head.is_some());
    let reject = Reject::Request(fault);
    assert_eq!(read(text), Err(reject), "{shown:?}");
    assert_eq!(reject.status(), status, "{shown:?}");
    // However the bytes arrive: waited for, then refused with this status, never accepted.
    let first = cuts(text).map(read).find(|read| *read != Ok(false));
    let first = first
        .expect("the whole is refused")
        .expect_err("accepted in part");
    assert_eq!(first.status(), status, "{shown:?}");
}

fn cuts(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    (0..=text.len()).map(|cut| &text[..cut])
}

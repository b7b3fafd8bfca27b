//! Our own responses: their length is exact, and they are well-formed.

use super::*;
use crate::limits::Limits;
use alloc::string::String;
use alloc::vec::Vec;

#[test]
fn the_length_is_what_is_written_for_every_combination() {
    for reply in all() {
        let mut out = Vec::from(*b"before");
        reply.write(&mut out);
        assert_eq!(
            out.len(),
            6 + usize::try_from(reply.len()).unwrap(),
            "{reply:?}"
        );
        assert!(!reply.is_empty());
    }
}

#[test]
fn rfc9110_15_a_reply_is_read_back_as_it_was_meant() {
    for reply in all() {
        let mut out = Vec::new();
        reply.write(&mut out);
        let to = if reply.head_only {
            Method::Head
        } else {
            Method::Get
        };
        let (head, parsed) = response_head(&out, to, &Limits::default())
            .unwrap()
            .unwrap();
        assert_eq!(parsed.facts.status, reply.status);
        assert_eq!(parsed.facts.close, reply.close);
        let body = u64::try_from(out.len() - head).unwrap();
        match parsed.facts.body {
            BodyKind::Length(length) => assert_eq!(length, body),
            BodyKind::None => assert!(reply.head_only && body == 0),
            BodyKind::Chunked | BodyKind::Close => panic!("a reply has a length"),
        }
    }
}

#[test]
fn rfc9110_15_every_status_has_its_own_phrase() {
    for (reply, line) in [
        (Reply::bad_request(), "400 Bad Request"),
        (Reply::not_found(), "404 Not Found"),
        (Reply::request_timeout(), "408 Request Timeout"),
        (Reply::target_too_long(), "414 URI Too Long"),
        (
            Reply::head_too_large(),
            "431 Request Header Fields Too Large",
        ),
        (Reply::not_implemented(), "501 Not Implemented"),
        (Reply::bad_gateway("x"), "502 Bad Gateway"),
        (Reply::unavailable("x"), "503 Service Unavailable"),
        (Reply::gateway_timeout("x"), "504 Gateway Timeout"),
        (
            Reply::version_not_supported(),
            "505 HTTP Version Not Supported",
        ),
    ] {
        let mut out = Vec::new();
        reply.write(&mut out);
        let text = String::from_utf8(out).unwrap();
        let first = text.split("\r\n").next().unwrap();
        assert_eq!(first.strip_prefix("HTTP/1.1 "), Some(line));
    }
}

#[test]
fn rfc9110_9_3_2_to_head_the_same_head_leaves_and_nothing_behind_it() {
    let written = |reply: Reply| {
        let mut out = Vec::new();
        reply.write(&mut out);
        String::from_utf8(out).unwrap()
    };
    let whole = written(Reply::not_found());
    let end = whole.find("\r\n\r\n").unwrap() + 4;
    assert!(end < whole.len());
    assert_eq!(written(Reply::not_found().to_head()), whole[..end]);
}

#[test]
fn rfc9209_2_a_reply_says_whose_it_is() {
    let mut out = Vec::new();
    Reply::bad_gateway("connection_refused")
        .closing()
        .write(&mut out);
    let text = "HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/plain\r\nContent-Length: 36\r\n\
                Proxy-Status: tidegate; error=connection_refused\r\nConnection: close\r\n\r\n\
                502 Bad Gateway: connection_refused\n";
    assert_eq!(String::from_utf8(out).unwrap(), text);
}

#[test]
fn h05_a_refused_request_closes_and_a_refused_response_need_not() {
    let reply = Reply::refusing(Reject::Request(Fault::Version));
    assert_eq!((reply.status, reply.close), (505, true));
    let reply = Reply::refusing(Reject::Body(Fault::ChunkSize));
    assert_eq!((reply.status, reply.close), (400, true));
    for (fault, cause) in [
        (Fault::HeadTooLong, "http_response_header_section_size"),
        (Fault::CodingUnknown, "http_response_transfer_coding"),
        (Fault::LengthAndCoding, "http_protocol_error"),
    ] {
        let reply = Reply::refusing(Reject::Response(fault));
        assert_eq!(
            (reply.status, reply.close, reply.cause),
            (502, false, cause)
        );
    }
}

fn all() -> impl Iterator<Item = Reply> {
    let replies = [
        Reply::bad_request(),
        Reply::not_found(),
        Reply::request_timeout(),
        Reply::target_too_long(),
        Reply::head_too_large(),
        Reply::not_implemented(),
        Reply::bad_gateway("connection_terminated"),
        Reply::bad_gateway("http_response_incomplete"),
        Reply::unavailable("destination_unavailable"),
        Reply::unavailable(""),
        Reply::gateway_timeout("connection_timeout"),
        Reply::gateway_timeout("http_response_timeout"),
        Reply::version_not_supported(),
    ];
    replies
        .into_iter()
        .flat_map(|reply| [reply, reply.closing()])
        .flat_map(|reply| [reply, reply.to_head()])
}

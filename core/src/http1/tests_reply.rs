//! Our own responses: their length is exact, they are well-formed, and they say what they should.

use super::*;
use crate::limits::Limits;
use crate::lookup::{Rcode, Unresolved};
use alloc::string::String;
use alloc::string::ToString;
use alloc::vec::Vec;

#[test]
fn the_length_is_what_is_written_for_every_combination() {
    for reply in all() {
        let out = written(reply);
        assert_eq!(
            out.len(),
            usize::try_from(reply.len()).unwrap(),
            "{reply:?}"
        );
        assert!(!reply.is_empty());
    }
}

#[test]
fn rfc9110_15_a_reply_is_read_back_as_it_was_meant() {
    for reply in all() {
        let out = written(reply);
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
            BodyKind::None => assert!(body == 0, "{reply:?}"),
            BodyKind::Chunked | BodyKind::Close => panic!("a reply has a length"),
        }
    }
}

#[test]
fn rfc9110_15_every_status_has_its_own_phrase() {
    for (reply, line) in [
        (Reply::bad_request(), "400 Bad Request"),
        (Reply::not_found(), "404 Not Found"),
        (Reply::forbidden(), "403 Forbidden"),
        (Reply::request_timeout(), "408 Request Timeout"),
        (Reply::content_too_large(), "413 Content Too Large"),
        (Reply::too_many_requests(1), "429 Too Many Requests"),
        (Reply::configured(301, 0, 0), "301 Moved Permanently"),
        (Reply::configured(599, 0, 0), "599 "),
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
        let text = String::from_utf8(written(reply)).unwrap();
        let first = text.split("\r\n").next().unwrap();
        assert_eq!(first.strip_prefix("HTTP/1.1 "), Some(line));
    }
}

#[test]
fn rfc9110_9_3_2_to_head_the_same_head_leaves_and_nothing_behind_it() {
    for reply in all().filter(|reply| !reply.head_only) {
        let whole = written(reply);
        let end = whole.windows(4).position(|four| four == b"\r\n\r\n");
        assert_eq!(written(reply.to_head()), whole[..end.unwrap() + 4]);
    }
    assert!(written(Reply::not_found().to_head()).len() < written(Reply::not_found()).len());
}

#[test]
fn rfc9209_2_a_reply_says_whose_it_is_and_what_is_wrong() {
    let reply = Reply::bad_gateway("connection_refused").closing();
    let text = "HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/plain\r\nContent-Length: 36\r\n\
                Cache-Control: no-store\r\n\
                Proxy-Status: tidegate; error=connection_refused\r\nConnection: close\r\n\r\n\
                502 Bad Gateway: connection_refused\n";
    assert_eq!(String::from_utf8(written(reply)).unwrap(), text);
    let reply = Reply::refusing(Reject::Request(Fault::LengthAndCoding));
    let text = String::from_utf8(written(reply)).unwrap();
    let why = "both Content-Length and Transfer-Encoding";
    assert!(text.contains(&alloc::format!(
        "Proxy-Status: tidegate; error=http_request_error; details=\"{why}\"\r\n"
    )));
    assert!(text.ends_with(&alloc::format!("\r\n400 Bad Request: {why}\n")));
}

#[test]
fn a_request_that_has_an_id_is_answered_with_it() {
    let wording = Wording {
        json: false,
        id_bytes: 4,
    };
    let reply = Reply {
        wording,
        ..Reply::not_found()
    };
    let text = String::from_utf8(written(reply)).unwrap();
    assert!(text.contains("\r\nX-Request-Id: 00i0\r\n"), "{text}");
    assert!(text.ends_with("404 Not Found: destination_not_found\nrequest 00i0\n"));
}

#[test]
fn rfc9457_3_json_says_the_same_in_the_members_of_problem_details() {
    let wording = Wording {
        json: true,
        id_bytes: 4,
    };
    let reply = Reply {
        wording,
        ..Reply::refusing(Reject::Request(Fault::HostTwice))
    };
    let text = String::from_utf8(written(reply)).unwrap();
    assert!(text.contains("\r\nContent-Type: application/json\r\n"));
    assert!(text.ends_with(
        "\r\n\r\n{\"status\":400,\"title\":\"Bad Request\",\"error\":\"http_request_error\",\
         \"detail\":\"more than one Host\",\"request_id\":\"00i0\"}\n"
    ));
}

#[test]
fn no_word_of_ours_needs_an_escape() {
    for reply in all() {
        let words = [
            reply.cause.unwrap_or_default(),
            reply.detail.map_or("", Detail::words),
        ];
        for word in words {
            let plain = |byte: u8| matches!(byte, b' '..=b'~') && !b"\"\\".contains(&byte);
            assert!(word.bytes().all(plain), "{word}");
        }
    }
}

#[test]
fn what_is_configured_is_no_error_and_says_what_it_is_given() {
    let location = b"Location: https://h/\r\n";
    let added = Added {
        fields: location,
        content: b"page",
        ..Added::default()
    };
    let mut out = Vec::new();
    Reply::configured(308, 22, 4).write(&added, &mut out);
    let text = "HTTP/1.1 308 Permanent Redirect\r\nContent-Length: 4\r\n\
                Location: https://h/\r\n\r\npage";
    assert_eq!(String::from_utf8(out).unwrap(), text);
    // RFC 9110, 8.6: no length where there can be no content.
    let out = written(Reply::configured(204, 0, 0));
    assert_eq!(out, b"HTTP/1.1 204 No Content\r\n\r\n");
}

#[test]
fn rfc9110_10_2_3_a_client_that_asks_too_often_is_told_when_to_ask_again() {
    let text = |reply| String::from_utf8(written(reply)).unwrap();
    assert!(text(Reply::too_many_requests(7)).contains("\r\nRetry-After: 7\r\n"));
    assert!(!text(Reply::too_many_requests(0)).contains("Retry-After"));
    assert!(text(Reply::unavailable("x").after(1)).contains("\r\nRetry-After: 1\r\n"));
}

#[test]
fn rfc9209_2_3_3_a_name_without_an_address_is_told_with_the_code_of_the_answer() {
    let status = |why| {
        let text = String::from_utf8(written(Reply::unresolved(why))).unwrap();
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("Proxy-Status: "));
        line.unwrap().to_string()
    };
    for (why, said) in [
        (Unresolved::Late, "tidegate; error=dns_timeout"),
        (Unresolved::Failed(None), "tidegate; error=dns_error"),
        (
            Unresolved::Failed(Some(Rcode::NxDomain)),
            "tidegate; error=dns_error; rcode=\"NXDOMAIN\"",
        ),
    ] {
        assert_eq!(status(why), said);
    }
}

#[test]
#[should_panic(expected = "bug: a reply that is not as long as was said")]
fn a_reply_is_as_long_as_was_said() {
    Reply::configured(200, 0, 1).write(&Added::default(), &mut Vec::new());
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
            (502, false, Some(cause))
        );
    }
}

/// As its driver writes it: what is added is as long as the reply says.
fn written(reply: Reply) -> Vec<u8> {
    let bytes = |count: u32| alloc::vec![b'c'; usize::try_from(count).unwrap()];
    let content = match reply.content {
        Content::Words => 0,
        Content::Added(bytes) => bytes,
    };
    let mut fields = bytes(reply.fields);
    if let [b'c', value @ .., cr, lf] = &mut fields[..] {
        value[0] = b':';
        (*cr, *lf) = (b'\r', b'\n');
    }
    let added = Added {
        id: &b"00i0"[..usize::from(reply.wording.id_bytes)],
        fields: &fields,
        content: &bytes(content),
    };
    let mut out = Vec::new();
    reply.write(&added, &mut out);
    out
}

fn all() -> impl Iterator<Item = Reply> {
    let replies = [
        Reply::bad_request(),
        Reply::forbidden(),
        Reply::not_found(),
        Reply::request_timeout(),
        Reply::content_too_large(),
        Reply::target_too_long(),
        Reply::too_many_requests(0),
        Reply::too_many_requests(60),
        Reply::head_too_large(),
        Reply::not_implemented(),
        Reply::bad_gateway("connection_terminated"),
        Reply::unavailable(""),
        Reply::unavailable("destination_unavailable").after(u32::MAX),
        Reply::unresolved(Unresolved::Failed(Some(Rcode::NxDomain))),
        Reply::gateway_timeout("http_response_timeout"),
        Reply::version_not_supported(),
        Reply::refusing(Reject::Request(Fault::FieldName)),
        Reply::refusing(Reject::Response(Fault::ChunkEnd)),
        Reply::configured(200, 0, 9),
        Reply::configured(204, 40, 0),
        Reply::configured(302, 30, 0),
        Reply::configured(304, 30, 0),
    ];
    let worded = |reply: Reply| {
        [(false, 0), (true, 0), (false, 4), (true, 4)].map(|(json, id_bytes)| Reply {
            wording: Wording { json, id_bytes },
            ..reply
        })
    };
    replies
        .into_iter()
        .flat_map(worded)
        .flat_map(|reply| [reply, reply.closing()])
        .flat_map(|reply| [reply, reply.to_head()])
}

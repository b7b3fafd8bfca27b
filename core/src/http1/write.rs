//! The writer of heads: what leaves is composed here, from what was understood.
//!
//! Owns which fields go on, and the fields that are ours: Host, framing, Connection; those that tell
//! of the way are in `origin`, and what came as it would be written leaves as one through `run`. It
//! never copies a head through, and never trusts what a client says of itself.

use super::connection::nominates;
use super::edit::{Edits, NO_EDITS};
use super::fields::{Field, Fields, Known};
use super::framing::{Declared, bodyless};
use super::origin::{Tells, claim_goes_on, put_origin, put_via};
use super::run::{Run, VERSION};
use super::text::{put_decimal, put_field};
use super::{Delivery, Framing, Method, RequestHead, ResponseHead, Version};
use alloc::vec::Vec;
use core::net::IpAddr;

/// What the writer of a request must know of the connection it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Forwarded<'a> {
    /// The client's address.
    pub client: IpAddr,
    /// The client came over TLS.
    pub https: bool,
    /// The Host to send when an HTTP/1.0 client sent none.
    pub authority: &'a str,
    /// The client is a proxy whose word about where a request comes from is taken.
    pub trusted: bool,
    /// What the origin is told of that.
    pub tells: Tells,
    /// The name in Via; empty for no Via of ours.
    pub via: &'a str,
    /// The id that the request goes on with; without one, what the client calls it goes on.
    pub id: Option<&'a [u8]>,
    /// The Host to send whatever the client sent.
    pub host: Option<&'a str>,
    /// The path to send, in two parts, in place of the one that was received.
    pub path: Option<(&'a str, &'a str)>,
    /// What is changed among the fields.
    pub edits: &'a Edits,
}

impl<'a> Forwarded<'a> {
    /// What is known of a client, with everything else at its default.
    #[must_use]
    pub const fn new(client: IpAddr, https: bool, authority: &'a str) -> Self {
        Forwarded {
            client,
            https,
            authority,
            trusted: false,
            tells: Tells::XForwarded,
            via: Returned::DEFAULT.via,
            id: None,
            host: None,
            path: None,
            edits: &NO_EDITS,
        }
    }
}

/// What the writer of a response must know of the listener it goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Returned<'a> {
    /// The name in Via; empty for no Via of ours.
    pub via: &'a str,
    /// What is changed among the fields.
    pub edits: &'a Edits,
}

impl Returned<'static> {
    /// Where nothing else is said.
    pub const DEFAULT: Self = Returned {
        via: "tidegate",
        edits: &NO_EDITS,
    };
}

/// Appends the request as it goes upstream: HTTP/1.1, in origin form. The body goes as
/// [`RequestFacts::framing`](super::RequestFacts::framing) says.
pub fn write_request(head: &RequestHead<'_>, forwarded: &Forwarded<'_>, out: &mut Vec<u8>) {
    let host = head.host().unwrap_or(forwarded.authority.as_bytes());
    put_received(head, forwarded, host, out);
    match head.declared {
        Declared::Nothing => {}
        // RFC 9110, 8.6: a length of 0 is said if the client said it.
        Declared::Length(length) => put_length(length, out),
        Declared::Chunked => put_field("Transfer-Encoding", b"chunked", out),
    }
    let mut options = head.fields.known(Known::Te);
    let trailers = options.any(|field| field.names("trailers"));
    if trailers {
        put_field("TE", b"trailers", out);
    }
    if head.facts.upgrade {
        put_upgrade(&head.fields, out);
    }
    // RFC 9110, 7.8 and 10.1.4: both are said hop by hop, and Connection has to name them.
    match (trailers, head.facts.upgrade) {
        (false, false) => {}
        (true, false) => put_field("Connection", b"TE", out),
        (false, true) => put_field("Connection", b"upgrade", out),
        (true, true) => put_field("Connection", b"upgrade, TE", out),
    }
    put_origin(&head.fields, forwarded, host, out);
    put_via(head.facts.version, forwarded.via, out);
    if let Some(id) = forwarded.id {
        put_field("X-Request-Id", id, out);
    }
    forwarded.edits.put(out);
    out.extend_from_slice(b"\r\n");
}

/// The request line, Host, and what goes on of the other fields.
fn put_received(head: &RequestHead<'_>, forwarded: &Forwarded<'_>, host: &[u8], out: &mut Vec<u8>) {
    let (mut run, fields) = match Run::of_request(head, forwarded) {
        Some(begun) => begun,
        None => {
            request_line(head, forwarded.path, out);
            // RFC 9112, 3.2.2: Host is written anew, from the authority of the target if it has one.
            put_field("Host", forwarded.host.map_or(host, str::as_bytes), out);
            (Run::of(&head.fields), head.fields.all())
        }
    };
    let chunked = head.declared == Declared::Chunked;
    let plain = plain(&head.fields, forwarded.edits);
    for field in fields {
        if plain & field.known.bit() != 0 {
            run.add(field, out);
            continue;
        }
        if field.known == Known::MaxForwards {
            run.put_before(field, out);
        }
        // RFC 9110, 10.1.1: forwarded (H14), but an HTTP/1.0 client cannot mean it.
        let void = field.known == Known::Expect && head.facts.version == Version::Http10;
        let goes_on = match field.known {
            Known::Host => false,
            Known::MaxForwards if head.put_hops(out) => false,
            Known::RequestId if forwarded.id.is_some() => false,
            Known::Claim => claim_goes_on(*field, forwarded),
            Known::Accept
            | Known::Connection
            | Known::ContentLength
            | Known::ContentType
            | Known::Expect
            | Known::KeepAlive
            | Known::MaxForwards
            | Known::RequestId
            | Known::Te
            | Known::Trailer
            | Known::TransferEncoding
            | Known::Upgrade
            | Known::HopByHop
            | Known::Other => !void && goes_on(*field, &head.fields, chunked),
        };
        if goes_on && !forwarded.edits.drops(field.name) {
            run.add(field, out);
        } else {
            run.leave(field, out);
        }
    }
    run.end(out);
}

/// RFC 9112, 3.2.1: the origin form, also if the absolute form was received.
fn request_line(head: &RequestHead<'_>, path: Option<(&str, &str)>, out: &mut Vec<u8>) {
    out.extend_from_slice(head.method().as_bytes());
    out.push(b' ');
    match head.facts.method {
        Method::Connect => out.extend_from_slice(head.target().as_bytes()),
        Method::Get | Method::Head | Method::Post | Method::Other => {
            let (front, rest) = path.unwrap_or(("", head.path()));
            out.extend_from_slice(front.as_bytes());
            out.extend_from_slice(rest.as_bytes());
            if let Some(query) = head.query() {
                out.push(b'?');
                out.extend_from_slice(query.as_bytes());
            }
        }
    }
    out.extend_from_slice(VERSION);
}

/// Appends the response head as it goes to the client: always HTTP/1.1 (RFC 9110, 6.2: our
/// version, not the origin's).
pub fn write_response(
    head: &ResponseHead<'_>,
    delivery: &Delivery,
    returned: &Returned<'_>,
    out: &mut Vec<u8>,
) {
    let mut run = match Run::of_response(head) {
        Some(begun) => begun,
        None => {
            status_line(head, out);
            Run::of(&head.fields)
        }
    };
    let chunked = delivery.framing == Framing::Chunked;
    let plain = plain(&head.fields, returned.edits);
    for field in head.fields.all() {
        if plain & field.known.bit() != 0
            || goes_on(*field, &head.fields, chunked) && !returned.edits.drops(field.name)
        {
            run.add(field, out);
        } else {
            run.leave(field, out);
        }
    }
    run.end(out);
    match delivery.framing {
        Framing::Length(length) => put_length(length, out),
        Framing::Chunked => put_field("Transfer-Encoding", b"chunked", out),
        // RFC 9112, 6.3 rule 8: no framing field, the close is the end.
        Framing::Close => {}
        Framing::None => without_body(head, delivery.version, out),
    }
    // RFC 9112, 9.6: the last response says that it is.
    if head.facts.status == 101 {
        put_upgrade(&head.fields, out);
        put_field("Connection", b"upgrade", out);
    } else if delivery.close {
        put_field("Connection", b"close", out);
    } else if delivery.keep_alive && delivery.announced > 0 {
        // RFC 2068, 19.7.1.1: so that no request is on its way when the connection is closed.
        out.extend_from_slice(b"Connection: keep-alive\r\nKeep-Alive: timeout=");
        put_decimal(delivery.announced, out);
        out.extend_from_slice(b"\r\n");
    } else if delivery.keep_alive {
        put_field("Connection", b"keep-alive", out);
    }
    put_via(head.facts.version, returned.via, out);
    returned.edits.put(out);
    out.extend_from_slice(b"\r\n");
}

fn status_line(head: &ResponseHead<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"HTTP/1.1 ");
    put_decimal(u64::from(head.facts.status), out);
    out.push(b' ');
    out.extend_from_slice(head.reason().as_bytes());
    out.extend_from_slice(b"\r\n");
}

/// The framing fields of a response that has no body (U15).
fn without_body(head: &ResponseHead<'_>, client: Version, out: &mut Vec<u8>) {
    let status = head.facts.status;
    if !bodyless(status, head.to) {
        // An empty body is a body of length 0: without a length the client would wait for a close.
        return put_length(0, out);
    }
    if matches!(status, 100..=199 | 204) || head.to == Method::Connect {
        // RFC 9110, 8.6; RFC 9112, 6.1: neither field in 1xx, 204, and 2xx to CONNECT.
        return;
    }
    // HEAD and 304: what a GET would have said (RFC 9110, 8.6; RFC 9112, 6.1).
    match (head.declared, client) {
        (Declared::Nothing, Version::Http10 | Version::Http11) => {}
        (Declared::Length(length), Version::Http10 | Version::Http11) => put_length(length, out),
        (Declared::Chunked, Version::Http11) => put_field("Transfer-Encoding", b"chunked", out),
        // RFC 9112, 6.1: HTTP/1.0 is not told of transfer codings.
        (Declared::Chunked, Version::Http10) => {}
    }
}

/// Names of fields that always go on, unless Connection or an edit says otherwise: a bit for each.
const PLAIN: u16 = Known::Accept.bit() | Known::ContentType.bit() | Known::Other.bit();

/// Names of fields that go on without a closer look at them.
fn plain(fields: &Fields<'_>, edits: &Edits) -> u16 {
    match fields.any(Known::Connection.bit()) || edits.drops_any() {
        true => 0,
        false => PLAIN,
    }
}

/// The received field is sent on as it is.
fn goes_on(field: Field<'_>, all: &Fields<'_>, chunked: bool) -> bool {
    // RFC 9110, 6.6.2: an announcement of trailers, where there can be any.
    let announces = field.known == Known::Trailer && !chunked;
    !announces
        && field.known != Known::ContentLength
        && !field.known.is_hop_by_hop()
        // RFC 9110, 7.6.1: removed before the message is forwarded.
        && !nominates(all, field.name)
}

/// The protocols asked for, or chosen (W1).
fn put_upgrade(fields: &Fields<'_>, out: &mut Vec<u8>) {
    for field in fields.known(Known::Upgrade) {
        put_field(field.name, field.value, out);
    }
}

fn put_length(length: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(b"Content-Length: ");
    put_decimal(length, out);
    out.extend_from_slice(b"\r\n");
}

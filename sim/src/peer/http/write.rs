//! Messages as bytes, in the pieces they are written in.

use super::{NUMBER_FIELD, request_payload, response_payload};
use crate::{
    peer::Payload,
    schedule::{Body, Exchange, HttpVersion, Method, Request},
};

/// What asks for another protocol, and what agrees to it.
const UPGRADE: &str = "connection: upgrade\r\nupgrade: websocket\r\n";

/// A request's head.
pub(super) fn request_head(number: usize, request: &Request) -> Vec<u8> {
    let (method, path) = (request.method.name(), &request.path);
    let version = version(request.version);
    let mut head = format!("{method} {path} {version}\r\nhost: proxy.test\r\n");
    head += &format!("{NUMBER_FIELD}: {number}\r\n");
    if request.body != Body::Empty {
        framing(&mut head, request.body);
    }
    if request.expect {
        head += "expect: 100-continue\r\n";
    }
    if request.upgrade {
        head += UPGRADE;
    }
    if !request.keep && request.version == HttpVersion::V11 {
        head += "connection: close\r\n";
    }
    head += "\r\n";
    head.into_bytes()
}

/// A request's body.
pub(super) fn request_body(number: usize, request: &Request) -> Vec<Vec<u8>> {
    body(request.body, request_payload(number))
}

/// A response from its first byte to its last.
pub(super) fn response(number: usize, exchange: &Exchange) -> Vec<Vec<u8>> {
    let Exchange { request, response } = exchange;
    let mut pieces = vec![response_head(number, exchange)];
    if request.method != Method::Head {
        pieces.extend(body(response.body, response_payload(number)));
    }
    pieces
}

/// An interim response.
pub(super) fn interim(status: u16) -> Vec<u8> {
    format!("HTTP/1.1 {status} Interim\r\n\r\n").into_bytes()
}

fn response_head(number: usize, exchange: &Exchange) -> Vec<u8> {
    let response = &exchange.response;
    let (version, status) = (version(response.version), response.status);
    let mut head = format!("{version} {status} Said\r\n{NUMBER_FIELD}: {number}\r\n");
    if status == 101 {
        head += UPGRADE;
    }
    if !matches!(status, 204 | 304) && !exchange.switches() {
        framing(&mut head, response.body);
    }
    if !response.keep && response.version == HttpVersion::V11 {
        head += "connection: close\r\n";
    }
    head += "\r\n";
    head.into_bytes()
}

fn version(version: HttpVersion) -> &'static str {
    match version {
        HttpVersion::V10 => "HTTP/1.0",
        HttpVersion::V11 => "HTTP/1.1",
    }
}

fn framing(head: &mut String, body: Body) {
    match body {
        Body::Empty => *head += "content-length: 0\r\n",
        Body::Length { total, .. } => *head += &format!("content-length: {total}\r\n"),
        Body::Chunked { .. } => *head += "transfer-encoding: chunked\r\n",
        Body::UntilClose { .. } => {}
    }
}

fn body(body: Body, payload: Payload) -> Vec<Vec<u8>> {
    match body {
        Body::Empty => Vec::new(),
        Body::Length { total, by } | Body::UntilClose { total, by } => {
            content(total, by, payload).collect()
        }
        Body::Chunked {
            total,
            by,
            trailers,
        } => {
            let chunk = |data: Vec<u8>| {
                let mut chunk = format!("{:x}\r\n", data.len()).into_bytes();
                chunk.extend(data);
                chunk.extend(b"\r\n");
                chunk
            };
            let fields = if trailers {
                "x-one: 1\r\nx-two: 2\r\n"
            } else {
                ""
            };
            let last = format!("0\r\n{fields}\r\n").into_bytes();
            content(total, by, payload)
                .map(chunk)
                .chain([last])
                .collect()
        }
    }
}

/// Content in pieces of `by` bytes.
fn content(total: u32, by: u32, payload: Payload) -> impl Iterator<Item = Vec<u8>> {
    (0..total).step_by(by as usize).map(move |at| {
        let mut piece = vec![0; by.min(total - at) as usize];
        payload.fill(u64::from(at), &mut piece);
        piece
    })
}

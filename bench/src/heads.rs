//! HTTP/1: reading and writing the heads of one exchange, as the load sends them and as a browser
//! does.

use crate::Repeated;
use std::{
    hint::black_box,
    net::{IpAddr, Ipv4Addr},
};
use tidegate_core::{
    http1::{
        Forwarded, Method, RequestHead, Returned, Room, deliver, request_head, request_head_in,
        response_head_in, write_request, write_response,
    },
    limits::Limits,
};

/// What the load sends.
const SMALL: &[u8] = b"GET /64 HTTP/1.1\r\nHost: localhost\r\nUser-Agent: tidegate-bench\r\n\
    Accept: */*\r\nAccept-Encoding: identity\r\n\r\n";

/// The fields, and the lengths, that browsers send.
const BROWSER: &[u8] = b"GET /articles/2024/one-that-has-a-longer-name?page=2 HTTP/1.1\r\n\
    Host: www.example.com\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n\
    Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8\r\n\
    Accept-Language: en-GB,en;q=0.5\r\n\
    Accept-Encoding: gzip, deflate, br, zstd\r\n\
    Referer: https://www.example.com/articles/2024/\r\n\
    Connection: keep-alive\r\n\
    Cookie: session=0123456789abcdef0123456789abcdef; theme=dark; seen=17\r\n\
    Upgrade-Insecure-Requests: 1\r\n\
    Sec-Fetch-Dest: document\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Site: same-origin\r\n\
    Priority: u=0, i\r\n\r\n";

/// What the origin answers.
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nServer: origin\r\n\
    Date: Mon, 01 Jan 2024 00:00:00 GMT\r\nContent-Type: application/octet-stream\r\n\
    Content-Length: 64\r\n\r\n";

fn request<'a>(bytes: &'a [u8], limits: &Limits) -> RequestHead<'a> {
    match request_head(bytes, limits) {
        Ok(Some((_, head))) => head,
        Ok(None) | Err(_) => unreachable!("it is complete"),
    }
}

fn read(bytes: &'static [u8]) -> Repeated {
    let limits = Limits::default();
    Box::new(move || {
        let mut room = Room::default();
        let head = request_head_in(black_box(bytes), &limits, &mut room);
        black_box(&head).as_ref().expect("it is a head");
    })
}

pub(super) fn read_small() -> Repeated {
    read(SMALL)
}

pub(super) fn read_browser() -> Repeated {
    read(BROWSER)
}

fn write(bytes: &'static [u8]) -> Repeated {
    let head = request(bytes, &Limits::default());
    let forwarded = Forwarded::new(IpAddr::V4(Ipv4Addr::LOCALHOST), false, "origin:80");
    let mut out = Vec::with_capacity(4096);
    Box::new(move || {
        out.clear();
        write_request(black_box(&head), &forwarded, &mut out);
        black_box(&out);
    })
}

pub(super) fn write_small() -> Repeated {
    write(SMALL)
}

pub(super) fn write_browser() -> Repeated {
    write(BROWSER)
}

/// A response's head, read and written.
pub(super) fn response() -> Repeated {
    let limits = Limits::default();
    let facts = request(SMALL, &limits).facts;
    let mut out = Vec::with_capacity(4096);
    Box::new(move || {
        out.clear();
        let mut room = Room::default();
        let head = response_head_in(black_box(ANSWER), Method::Get, &limits, &mut room);
        let Ok(Some((_, head))) = head else {
            unreachable!("it is complete");
        };
        let delivery = deliver(&facts, &head.facts, false, 70);
        write_response(&head, &delivery, &Returned::DEFAULT, &mut out);
        black_box(&out);
    })
}

//! The recipe of MUSEUM 1: a response in small chunks, a small send buffer, a client that pauses
//! before it reads. Nothing may be left inside the proxy, and the client's FIN is answered.

use crate::{
    harness::Proxy,
    peers::{End, Message, Origin, Peer, Raw, pattern},
    secure::{Secure, Version},
    serving::Serving,
};
use std::{net::SocketAddr, path::Path, thread, time::Duration};

const CHUNKS: [usize; 5] = [16, 24, 32, 40, 64];

/// What a client's socket takes, in bytes as given to the kernel: with it, no response fits into
/// all the buffers on its way.
const NARROW: usize = 4096;

/// How many responses there are, and how many of them at the same time.
const RESPONSES: usize = 80;
const AT_ONCE: usize = 8;

/// What a slow reader got of its response.
#[derive(Debug, PartialEq, Eq)]
struct Heard {
    whole: bool,
    notified: bool,
    end: End,
}

/// Answers `/CHUNK/SIZE` in chunks of that size, one write each.
fn chunks(up: &mut Raw, request: &Message) -> bool {
    let mut numbers = request
        .line()
        .split(['/', ' '])
        .filter_map(|n| n.parse().ok());
    let (chunk, size): (usize, usize) = (numbers.next().unwrap(), numbers.next().unwrap());
    up.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    for part in pattern(size).chunks(chunk) {
        let mut one = format!("{:x}\r\n", part.len()).into_bytes();
        one.extend(part);
        one.extend(b"\r\n");
        up.say(&one);
    }
    up.say(b"0\r\n\r\n");
    true
}

/// Does not read until the proxy can do nothing more for it.
fn slow_reader(address: SocketAddr, authority: &Path, n: usize) -> Heard {
    let chunk = CHUNKS[n % CHUNKS.len()];
    let size = 24_000 + n * 450;
    let version = Version::BOTH[n / 2 % 2];
    let raw = Raw::narrow(address, NARROW);
    let leg = raw.leg();
    let mut client = Secure::over(raw, authority, version);
    let head = format!("GET /{chunk}/{size} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    client.say(head.as_bytes());
    // Some have said their last word before the stall, the others say it after the end.
    let early = n.is_multiple_of(3);
    if early {
        client.close_notify();
        client.fin();
    }
    leg.until_stuck();
    let answer = client.message();
    let whole = answer.status() == 200 && answer.body == pattern(size);
    if !early {
        client.close_notify();
        client.fin();
    }
    let last = client.last();
    Heard {
        whole: whole && last.bytes.is_empty(),
        notified: last.notified,
        end: last.end,
    }
}

#[test]
fn h12_t12_museum_1_close_notify_is_lost_in_0_of_80_complete_responses() {
    let origin = Serving::with(chunks);
    let listener = "tls = \"dev\"\nsend_buffer = \"4608B\"";
    // Less than any of the responses, so that each fills the relay while its client pauses.
    let limits = "[limits]\nrelay = \"16KiB\"";
    let proxy = Proxy::configured(origin.address(), listener, limits);
    let authority = proxy.authority();
    let (address, authority) = (proxy.address, &authority);
    let heard: Vec<Heard> = thread::scope(|scope| {
        let reader = |first: usize| {
            let responses = (first..RESPONSES).step_by(AT_ONCE);
            let one = move |n| slow_reader(address, authority, n);
            scope.spawn(move || responses.map(one).collect::<Vec<_>>())
        };
        let readers = (0..AT_ONCE).map(reader).collect::<Vec<_>>();
        let heard = readers.into_iter().map(|one| one.join().unwrap());
        heard.flatten().collect()
    });
    let count = |of: fn(&&Heard) -> bool| heard.iter().filter(of).count();
    assert_eq!(count(|one| one.whole), RESPONSES, "complete responses");
    assert_eq!(
        count(|one| !one.notified),
        0,
        "of 80 lost their close_notify"
    );
    assert_eq!(count(|one| one.end != End::Fin), 0, "of 80 lost their FIN");
}

/// T_write_stall, I10: a socket that holds a lot is not writable for long while its peer reads.
#[test]
fn h10_a_reader_that_is_slow_is_not_stalled() {
    const SIZE: usize = 4_000_000;
    let origin = Origin::new();
    let write = "timeouts = { write = \"1s\" }";
    let proxy = Proxy::configured(origin.address(), write, "");
    let mut client = Raw::narrow(proxy.address, 32 * 1024);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut up = origin.accept();
            up.head();
            up.say(format!("HTTP/1.1 200 OK\r\nContent-Length: {SIZE}\r\n\r\n").as_bytes());
            up.try_say(&pattern(SIZE));
        });
        client.say(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        client.head();
        let mut heard = client.hear(1);
        for _ in 0..75 {
            thread::sleep(Duration::from_millis(40));
            heard.extend(client.hear(8 * 1024));
        }
        heard.extend(client.last().bytes);
        assert!(heard == pattern(SIZE), "{} bytes", heard.len());
    });
}

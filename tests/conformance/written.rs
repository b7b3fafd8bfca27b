//! What the writers write, the readers read as the same message, its end at the same byte: from
//! head to trailers, however a message is framed, and whatever becomes of its bytes on the way.

use crate::feed::{Facts, Message, Outcome, Sender, read};
use crate::table::NEXT;
use proptest::{collection::vec, prelude::*, sample::select};
use std::fmt::Display;
use tidegate_core::http1::{BodyEncoder, BodyKind, Framing, Method, RequestFacts, Version};
use tidegate_core::limits::Limits;

const REQUESTS: &[&str] = &[
    "GET /a?b HTTP/1.1\r\nHost: h\r\n",
    "POST http://a:1?b HTTP/1.1\r\nHost: h\r\n",
    "OPTIONS * HTTP/1.1\r\nHost: h\r\n",
    "HEAD / HTTP/1.1\r\nHost: h\r\n",
    "PUT /\"<>^`{|}\\?c HTTP/1.6\r\nHost: h\r\n",
];

const RESPONSES: &[&str] = &[
    "HTTP/1.1 200 OK\r\n",
    "HTTP/1.1 205 \r\n",
    "HTTP/1.1 404\r\n",
    "HTTP/1.2 200 Fine\r\n",
    "HTTP/1.1 500 \u{e9}\r\n",
];

/// Responses that never have a body, whatever they say.
const BODYLESS: &[&str] = &[
    "HTTP/1.1 100 Continue\r\n",
    "HTTP/1.1 101 X\r\nUpgrade: a\r\n",
    "HTTP/1.1 204 X\r\n",
    "HTTP/1.1 304 X\r\n",
];

/// Fields that a writer has to think about, and some that it has not.
const FIELDS: &[&str] = &[
    "Connection: close\r\n",
    "Connection: b, content-length, transfer-encoding\r\n",
    "Connection: keep-alive\r\nKeep-Alive: timeout=5\r\n",
    "Connection: upgrade\r\nUpgrade: websocket\r\n",
    "Connection: TE\r\nTE: trailers\r\n",
    "Trailer: B\r\n",
    "Expect: 100-continue\r\n",
    "Via: 1.0 x\r\n",
    "Accept: application/json\r\n",
    "B: \u{e9}: 3\r\n",
    "X-Content-Length: 7\r\n",
];

const EXTENSIONS: &[&str] = &["", ";a", ";a=\"0;1\"", "; b = c ;d"];

const TRAILERS: &[&str] = &[
    "B: b\r\n",
    "C:\r\n",
    "D: \t d \r\n",
    "Content-Length: 3\r\n",
    "Host: evil\r\n",
    "Set-Cookie: a\r\n",
];

/// What is put into a message, to make it another one.
const NOISE: &[&str] = &[
    "\r",
    "\n",
    "\r\n",
    "\r\n\r\n",
    "\0",
    " ",
    "\t",
    ":",
    ",",
    ";",
    "0",
    "5",
    "ff",
    "0\r\n",
    "\r\n0\r\n\r\n",
    "1\r\na\r\n",
    "Content-Length: 3\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Transfer-Encoding: gzip\r\n",
    "Connection: close\r\n",
    "Host: x\r\n",
    "GET / HTTP/1.1\r\n",
    "\x7f",
    "\u{e9}",
];

/// How a message is delimited.
#[derive(Clone, Copy, Debug)]
enum Kind {
    None,
    Length,
    Chunked,
    Close,
}

/// A well-formed message, in parts.
#[derive(Clone, Debug)]
struct Script {
    start: &'static str,
    fields: Vec<&'static str>,
    kind: Kind,
    pieces: Vec<Vec<u8>>,
    extension: &'static str,
    trailers: Vec<&'static str>,
}

impl Script {
    fn text(&self) -> Vec<u8> {
        let (mut text, body) = (String::from(self.start), self.pieces.concat());
        text.extend(self.fields.iter().copied());
        let behind = match self.kind {
            Kind::None => Vec::new(),
            Kind::Length => {
                text.push_str(&format!("Content-Length: {}\r\n", body.len()));
                body
            }
            Kind::Chunked => {
                text.push_str("Transfer-Encoding: chunked\r\n");
                self.chunks()
            }
            Kind::Close => body,
        };
        [text.as_bytes(), b"\r\n", &behind].concat()
    }

    fn chunks(&self) -> Vec<u8> {
        let mut chunks = Vec::new();
        for piece in &self.pieces {
            chunks.extend(format!("{:02X}{}\r\n", piece.len(), self.extension).bytes());
            chunks.extend(piece);
            chunks.extend(b"\r\n");
        }
        chunks.extend(format!("0{}\r\n", self.extension).bytes());
        chunks.extend(self.trailers.concat().bytes());
        chunks.extend(b"\r\n");
        chunks
    }

    /// What of it may be sent on behind the last chunk.
    fn trailers(&self) -> String {
        let (mut lines, chunked) = (String::new(), matches!(self.kind, Kind::Chunked));
        for line in self.trailers.iter().filter(|_| chunked) {
            let (name, value) = line.split_once(':').expect("a field");
            if name.len() == 1 {
                lines.push_str(&format!("{name}: {}\r\n", value.trim()));
            }
        }
        lines
    }
}

fn scripts(
    starts: &'static [&'static str],
    kinds: &'static [Kind],
) -> impl Strategy<Value = Script> {
    (
        select(starts),
        vec(select(FIELDS), 0..4),
        select(kinds),
        vec(vec(any::<u8>(), 1..40), 0..6),
        select(EXTENSIONS),
        vec(select(TRAILERS), 0..4),
    )
        .prop_map(
            |(start, fields, kind, pieces, extension, trailers)| Script {
                start,
                fields,
                kind,
                pieces,
                extension,
                trailers,
            },
        )
}

/// Ways to cut a text: the lengths of its parts, over and over.
fn cuts() -> impl Strategy<Value = Vec<usize>> {
    vec(1..60_usize, 1..6)
}

fn origins() -> impl Strategy<Value = Sender> {
    const METHODS: &[Method] = &[Method::Get, Method::Head, Method::Post, Method::Connect];
    (select(METHODS), client()).prop_map(|(to, client)| Sender::Origin(to, client))
}

fn client() -> impl Strategy<Value = Version> {
    select(&[Version::Http10, Version::Http11][..])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn rfc9112_6_a_request_is_the_same_behind_us(
        script in scripts(REQUESTS, &[Kind::None, Kind::Length, Kind::Chunked]),
        cuts in cuts(),
        room in 1..50_usize,
    ) {
        let sender = Sender::Client;
        let text = script.text();
        let message = message(sender, &text, &cuts, room);
        prop_assert_eq!(message.taken, text.len());
        if !matches!(script.kind, Kind::None) {
            prop_assert_eq!(&message.body, &script.pieces.concat());
        }
        let trailers = script.trailers();
        prop_assert_eq!(message.trailers.lines(), trailers.as_bytes());
        agree(sender, &message, &cuts, room);
    }

    #[test]
    fn rfc9112_6_a_response_is_the_same_behind_us(
        script in scripts(RESPONSES, &[Kind::Length, Kind::Chunked, Kind::Close]),
        client in client(),
        cuts in cuts(),
        room in 1..50_usize,
    ) {
        let sender = Sender::Origin(Method::Get, client);
        let outcome = read(sender, &Limits::default(), &parts(&script.text(), &cuts), room);
        let Outcome::Message(message) = outcome else {
            panic!("{script:?}: {outcome:?}");
        };
        prop_assert_eq!(&message.body, &script.pieces.concat());
        let trailers = script.trailers();
        prop_assert_eq!(message.trailers.lines(), trailers.as_bytes());
        // RFC 9112, 6.1: HTTP/1.0 knows no transfer codings.
        prop_assert!(client != Version::Http10 || message.head.framing != Framing::Chunked);
        agree(sender, &message, &cuts, room);
    }

    #[test]
    fn rfc9112_6_3_1_a_response_without_body_ends_with_its_head_behind_us(
        script in scripts(BODYLESS, &[Kind::Length, Kind::Chunked, Kind::Close]),
        client in client(),
        cuts in cuts(),
    ) {
        let sender = Sender::Origin(Method::Get, client);
        let head = Script { pieces: Vec::new(), ..script };
        let message = message(sender, &head.text(), &cuts, 1);
        prop_assert_eq!(message.body.len(), 0);
        agree(sender, &message, &cuts, 1);
    }

    #[test]
    fn rfc9112_2_2_whatever_the_bytes_are_they_end_at_one_place(
        script in scripts(REQUESTS, &[Kind::None, Kind::Length, Kind::Chunked]),
        noise in noise(),
        cuts in cuts(),
        room in 1..50_usize,
    ) {
        let text = [mutated(script.text(), &noise), NEXT.to_vec()].concat();
        one_outcome(Sender::Client, &text, &cuts, room);
    }

    #[test]
    fn rfc9112_2_2_whatever_an_origin_says_ends_at_one_place(
        script in scripts(RESPONSES, &[Kind::Length, Kind::Chunked, Kind::Close]),
        sender in origins(),
        noise in noise(),
        cuts in cuts(),
        room in 1..50_usize,
    ) {
        let text = [mutated(script.text(), &noise), NEXT.to_vec()].concat();
        one_outcome(sender, &text, &cuts, room);
    }
}

/// Places, how many bytes go there, and what comes instead.
type Noise = Vec<(prop::sample::Index, usize, &'static str)>;

fn noise() -> impl Strategy<Value = Noise> {
    vec(
        (any::<prop::sample::Index>(), 0..3_usize, select(NOISE)),
        1..4,
    )
}

fn mutated(mut text: Vec<u8>, noise: &Noise) -> Vec<u8> {
    for (at, gone, new) in noise {
        let at = at.index(text.len());
        let end = text.len().min(at + gone);
        text.splice(at..end, new.bytes());
    }
    text
}

fn parts<'a>(mut text: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut parts = Vec::new();
    for cut in cuts.iter().cycle() {
        if text.is_empty() {
            break;
        }
        let (part, rest) = text.split_at(text.len().min(*cut));
        parts.push(part);
        text = rest;
    }
    parts
}

/// The message at the beginning of `text`, which another may follow.
fn message(sender: Sender, text: &[u8], cuts: &[usize], room: usize) -> Message {
    let text = [text, NEXT].concat();
    match read(sender, &Limits::default(), &parts(&text, cuts), room) {
        Outcome::Message(message) => message,
        other => panic!("{}: {other:?}", text.escape_ascii()),
    }
}

/// The neighbour reads what we send on, and finds the same message, its end at our last byte.
fn agree(sender: Sender, message: &Message, cuts: &[usize], room: usize) {
    let mut sent = message.head.written.clone();
    let mut encoder = BodyEncoder::new(message.head.framing);
    for piece in message.body.chunks(cuts[0]) {
        encoder.data(piece, &mut sent);
    }
    encoder.end(&message.trailers, &mut sent);
    let next = match message.head.framing {
        Framing::Close => &[][..],
        Framing::None | Framing::Length(_) | Framing::Chunked => NEXT,
    };
    let text = [&sent, next].concat();
    let shown = text.escape_ascii();
    let outcome = read(sender, &Limits::default(), &parts(&text, cuts), room);
    let Outcome::Message(again) = outcome else {
        panic!("{shown}: {outcome:?}");
    };
    assert_eq!(again.taken, sent.len(), "{shown}");
    assert_eq!(again.head.path, message.head.path, "{shown}");
    assert_eq!(
        again.head.host,
        named(&message.head.host, &message.head.facts),
        "{shown}"
    );
    same_facts(&again.head.facts, &message.head.facts, &shown);
    assert_eq!(again.body, message.body, "{shown}");
    if message.head.framing == Framing::Chunked {
        assert_eq!(again.trailers, message.trailers, "{shown}");
    }
}

/// Whom a request names that had no Host, as HTTP/1.0 may.
fn named(host: &[u8], facts: &Facts) -> Vec<u8> {
    match facts {
        Facts::Request(_) if host.is_empty() => b"default".to_vec(),
        Facts::Request(_) | Facts::Response(_) => host.to_vec(),
    }
}

/// Everything but what belongs to one connection: the version, and whether it closes. A body that the
/// close delimits goes on in chunks, or the other way round (U07).
fn same_facts(again: &Facts, first: &Facts, shown: &impl Display) {
    match (again, first) {
        (Facts::Request(again), Facts::Request(first)) => {
            let same = RequestFacts {
                version: Version::Http11,
                close: false,
                ..*first
            };
            assert_eq!(*again, same, "{shown}");
        }
        (Facts::Response(again), Facts::Response(first)) => {
            assert_eq!(again.status, first.status, "{shown}");
            assert_eq!(
                again.body == BodyKind::None,
                first.body == BodyKind::None,
                "{shown}"
            );
        }
        (Facts::Request(_), Facts::Response(_)) | (Facts::Response(_), Facts::Request(_)) => {
            panic!("a request is no response: {shown}")
        }
    }
}

/// Cut or not, it is the same message, or it is refused for the same reason, which of several faults
/// is the first. What is taken, the neighbour takes for the same.
fn one_outcome(sender: Sender, text: &[u8], cuts: &[usize], room: usize) {
    let limits = Limits::default();
    let whole = read(sender, &limits, &[text], usize::MAX);
    let cut = read(sender, &limits, &parts(text, cuts), room);
    assert_eq!(cut, whole, "{}", text.escape_ascii());
    let bytes: Vec<&[u8]> = text.chunks(1).collect();
    assert_eq!(
        read(sender, &limits, &bytes, room),
        whole,
        "{}",
        text.escape_ascii()
    );
    if let Outcome::Message(message) = whole {
        agree(sender, &message, cuts, room);
    }
}

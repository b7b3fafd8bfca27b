//! The sessions that are walked over.

mod killed;

pub(crate) use self::killed::killed;
use crate::world::shape::{CLOSING, CONNECT, GET, HEAD, OLD, Shape, UPGRADE, post};
use tidegate_core::{
    http1::{BodyKind, RequestFacts},
    session::{ClientFin, OnIdle},
    side::Side,
};

/// Raw bytes both ways.
pub(crate) fn tcp() -> Shape {
    Shape::tcp("tcp", false, [4, 4])
}

/// Raw bytes, both peers over TLS.
pub(crate) fn both() -> Shape {
    Shape::tcp("tls on both legs", true, [4, 4]).to_tls()
}

/// Raw bytes, routed by the first of them.
pub(crate) fn passed() -> Shape {
    Shape::tcp("passthrough", false, [4, 4]).passed()
}

/// Sessions behind somebody who says in a PROXY header for whom it speaks.
pub(crate) fn introduced() -> Vec<Shape> {
    vec![
        Shape::tcp("tcp, introduced", false, [2, 2]).introduced(),
        Shape::tcp("tls, introduced", true, [1, 1])
            .introduced()
            .draining(),
        Shape::tcp("passthrough, introduced", false, [1, 1])
            .passed()
            .introduced(),
        Shape::http("length, introduced", b"H", b"Hb")
            .answering(BodyKind::Length(1))
            .introduced()
            .draining(),
        Shape::http("length over tls, introduced", b"H", b"Hb")
            .answering(BodyKind::Length(1))
            .over_tls()
            .introduced(),
    ]
}

/// Sessions that may have to wait for an endpoint (PRODUCT 5), among them requests that are sent again.
pub(crate) fn queued() -> Vec<Shape> {
    vec![
        Shape::tcp("tcp, queued", false, [2, 2]).queueing(),
        Shape::tcp("tls on both legs, queued", true, [1, 1])
            .to_tls()
            .queueing(),
        Shape::tcp("tcp, queued, draining", false, [1, 1])
            .queueing()
            .draining(),
        Shape::tcp("passthrough, queued", false, [2, 1])
            .passed()
            .queueing(),
        Shape::http("length, queued", b"H", b"Hbb")
            .answering(BodyKind::Length(2))
            .queueing(),
        Shape::http("upload, queued", b"Hbb", b"H")
            .asking(POST_SHORT)
            .queueing(),
        Shape::http("pipelined, queued, draining", b"HH", b"H")
            .queueing()
            .draining(),
        Shape::http("upgrade over tls, queued", b"Ht", b"H")
            .asking(&[UPGRADE])
            .switching()
            .over_tls()
            .queueing(),
        Shape::http("client_fin cancel, queued", b"H", b"H")
            .on_client_fin(ClientFin::Cancel)
            .queueing(),
    ]
}

/// Raw bytes, the client over TLS.
pub(crate) fn tls() -> Shape {
    Shape::tcp("tls", true, [4, 4])
}

/// Relays that a drain comes upon, and its deadline.
pub(crate) fn drained() -> Vec<Shape> {
    let tls = Shape::tcp("tls on both legs, draining", true, [1, 1]).to_tls();
    vec![
        Shape::tcp("tcp, draining", false, [2, 2]).draining(),
        Shape::tcp("passthrough, draining", false, [1, 1])
            .passed()
            .draining(),
        tls.draining(),
    ]
}

/// Relays and exchanges in which the kernel tells of FINs that nobody reads yet.
pub(crate) fn hinted() -> Vec<Shape> {
    vec![
        Shape::tcp("tcp, hinted", false, [4, 4]).hinting(),
        Shape::tcp("tls, hinted", true, [4, 1]).hinting(),
        Shape::http("length, hinted", b"H", b"Hbbbb")
            .answering(BodyKind::Length(4))
            .hinting(),
        Shape::http("upload, hinted", b"Hbbbb", b"H")
            .asking(POST_LENGTH)
            .hinting(),
        Shape::http("pipelined, hinted", b"HHhhh", b"H").hinting(),
        Shape::http("upgrade, hinted", b"Ht", b"H")
            .asking(&[UPGRADE])
            .switching()
            .hinting(),
    ]
}

/// What an operator may ask for instead of the default (LIFECYCLE 4.12), and an idle tunnel.
pub(crate) fn knobs() -> Vec<Shape> {
    let get = |name, origin| Shape::http(name, b"H", origin).answering(BodyKind::Length(2));
    let upgrade = |name| {
        Shape::http(name, b"Ht", b"Ht")
            .asking(&[UPGRADE])
            .switching()
    };
    vec![
        Shape::tcp("tls 1.2, strict", true, [2, 3]).strict(),
        get("length, tls 1.2, strict", b"Hbb").strict(),
        get("client_fin cancel", b"iHbb").on_client_fin(ClientFin::Cancel),
        get("client_fin cancel over tls", b"Hbb")
            .on_client_fin(ClientFin::Cancel)
            .over_tls(),
        Shape::http("client_fin cancel, pipelined", b"HH", b"Hb")
            .answering(BodyKind::Length(1))
            .on_client_fin(ClientFin::Cancel),
        get("client_fin probe", b"iHbb").on_client_fin(ClientFin::Probe),
        get("client_fin probe over tls", b"Hbb")
            .on_client_fin(ClientFin::Probe)
            .over_tls(),
        get("client_fin probe, 1.0", b"Hbb")
            .asking(&[OLD])
            .on_client_fin(ClientFin::Probe),
        upgrade("tunnel_close both").closing_both(),
        Shape::http("tunnel_close both over tls", b"Ht", b"H")
            .asking(&[UPGRADE])
            .switching()
            .closing_both()
            .over_tls(),
        Shape::tcp("idle abort", false, [2, 2]).idling(OnIdle::Abort),
        Shape::tcp("idle finish", false, [2, 2]).idling(OnIdle::Finish),
        Shape::tcp("idle finish, tls on both legs", true, [1, 1])
            .to_tls()
            .idling(OnIdle::Finish),
        upgrade("upgrade, idle finish").idling(OnIdle::Finish),
    ]
}

const POST_LENGTH: &[RequestFacts] = &[post(BodyKind::Length(4)), GET];
const POST_SHORT: &[RequestFacts] = &[post(BodyKind::Length(2)), GET];
const PUT_SHORT: &[RequestFacts] = &[
    RequestFacts {
        idempotent: true,
        ..post(BodyKind::Length(2))
    },
    GET,
];
const POST_CHUNKED: &[RequestFacts] = &[post(BodyKind::Chunked), GET];

/// Requests and responses of every kind.
pub(crate) fn http() -> Vec<Shape> {
    vec![
        Shape::http("bodyless", b"hH", b"hHX"),
        Shape::http("length", b"H", b"Hbbbb").answering(BodyKind::Length(4)),
        Shape::http("chunked", b"H", b"Hbbbbb0").answering(BodyKind::Chunked),
        Shape::http("close-delimited", b"H", b"Hbbbb").answering(BodyKind::Close),
        Shape::http("origin closes", b"H", b"Hbb")
            .answering(BodyKind::Length(2))
            .origin_closes(),
        Shape::http("interim", b"H", b"iHb").answering(BodyKind::Length(1)),
        Shape::http("upload", b"Hbbbb", b"Hb")
            .asking(POST_LENGTH)
            .answering(BodyKind::Length(1)),
        Shape::http("upload, origin closes", b"Hbbbb", b"H")
            .asking(POST_LENGTH)
            .origin_closes(),
        Shape::http("chunked upload", b"Hbbbb0", b"H").asking(POST_CHUNKED),
        Shape::http("broken upload", b"HbX", b"H").asking(POST_CHUNKED),
        Shape::http("pipelined", b"HhH", b"Hbb").answering(BodyKind::Length(2)),
        Shape::http("client closes", b"H", b"Hbb0")
            .asking(&[CLOSING])
            .answering(BodyKind::Chunked),
        Shape::http("1.0", b"H", b"Hbb0")
            .asking(&[OLD])
            .answering(BodyKind::Chunked),
        Shape::http("1.0, close-delimited", b"H", b"Hbbbb")
            .asking(&[OLD])
            .answering(BodyKind::Close),
        Shape::http("head", b"H", b"HX").asking(&[HEAD]),
        Shape::http("connect refused", b"H", b"Hb")
            .asking(&[CONNECT])
            .answering(BodyKind::Length(1))
            .refusing(),
        Shape::http("upgrade declined", b"Ht", b"Hb")
            .asking(&[UPGRADE])
            .answering(BodyKind::Length(1)),
        Shape::http("101 unasked", b"Ht", b"Ht").switching(),
        Shape::http("bad request", b"hX", b""),
        Shape::http("broken response", b"H", b"HbbbbX").answering(BodyKind::Chunked),
        Shape::http("broken upload over tls", b"HbX", b"H")
            .asking(POST_CHUNKED)
            .over_tls(),
        Shape::http("bad response", b"H", b"iX"),
        Shape::http("no response", b"H", b"X"),
        Shape::http("draining", b"HH", b"Hb")
            .answering(BodyKind::Length(1))
            .draining(),
        Shape::http("length over tls", b"H", b"Hbbb")
            .answering(BodyKind::Length(3))
            .over_tls(),
        Shape::http("chunked over tls", b"HH", b"Hbb0")
            .answering(BodyKind::Chunked)
            .over_tls(),
        Shape::http("length, origin over tls", b"H", b"Hbbb")
            .answering(BodyKind::Length(3))
            .to_tls(),
        Shape::http("close-delimited, origin over tls", b"H", b"Hbb")
            .answering(BodyKind::Close)
            .to_tls(),
        Shape::http("upload, origin over tls", b"Hbb", b"H")
            .asking(POST_SHORT)
            .to_tls()
            .over_tls(),
    ]
}

/// Requests that are sent again for their answer's status.
pub(crate) fn declined() -> Vec<Shape> {
    let length = |name, client, origin| {
        let shape = Shape::http(name, client, origin).answering(BodyKind::Length(1));
        shape.declining()
    };
    vec![
        length("declined", b"H", b"hHb"),
        length("declined upload", b"Hbb", b"Hb")
            .asking(PUT_SHORT)
            .draining(),
    ]
}

/// Exchanges that leave HTTP, with bytes behind either head (LIFECYCLE 4.6).
pub(crate) fn tunnels() -> Vec<Shape> {
    let upgrade = |name, client, origin| Shape::http(name, client, origin).asking(&[UPGRADE]);
    vec![
        upgrade("upgrade", b"Httt", b"Ht").switching(),
        upgrade("upgrade over tls", b"Htt", b"Ht")
            .switching()
            .over_tls(),
        upgrade("upgrade, interim", b"Ht", b"iHtt").switching(),
        upgrade("upgrade, draining", b"Ht", b"Ht")
            .switching()
            .draining(),
        Shape::http("connect", b"Ht", b"Httt").asking(&[CONNECT]),
        Shape::http("connect over tls", b"Ht", b"iHt")
            .asking(&[CONNECT])
            .over_tls(),
        Shape::http("connect, kept", b"HHt", b"Ht").asking(&[GET, CONNECT]),
    ]
}

/// What a pipe may hold instead of memory, from now on or no longer.
pub(crate) fn piped() -> Vec<Shape> {
    let upload = Shape::http("upload, piped", b"Hbb", b"Hb").asking(POST_SHORT);
    vec![
        Shape::tcp("tcp, piped", false, [3, 3]).piping(2),
        Shape::tcp("tcp, piped, draining", false, [2, 1])
            .piping(4)
            .draining(),
        Shape::http("length, piped", b"H", b"Hbbbb")
            .answering(BodyKind::Length(4))
            .piping(2),
        upload.answering(BodyKind::Length(1)).piping(4),
        Shape::http("upgrade, piped", b"Htt", b"Ht")
            .asking(&[UPGRADE])
            .switching()
            .piping(2),
    ]
}

/// One peer ends only once it has heard all: nobody waits for the proxy while it waits for them.
pub(crate) fn patient() -> Vec<Shape> {
    let mut shapes = Vec::new();
    for side in Side::BOTH {
        shapes.push(tcp().waiting(side));
        shapes.push(tls().waiting(side));
        shapes.extend(
            http()
                .into_iter()
                .chain(tunnels())
                .filter(|shape| !NEVER_WHOLE.contains(&shape.name))
                .map(|shape| shape.waiting(side)),
        );
    }
    shapes
}

/// Shapes with a message that only an end can complete.
const NEVER_WHOLE: &[&str] = &[
    "close-delimited",
    "1.0, close-delimited",
    "close-delimited, origin over tls",
];

/// Small sessions of every kind, to be walked over once for each wait.
pub(crate) fn timed() -> Vec<Shape> {
    let mut shapes = vec![
        Shape::tcp("tcp", false, [2, 2]),
        Shape::tcp("tls", true, [1, 2]),
        Shape::tcp("tls on both legs", true, [1, 1]).to_tls(),
        Shape::tcp("passthrough", false, [2, 1]).passed(),
        Shape::http("upgrade", b"H", b"Ht")
            .asking(&[UPGRADE])
            .switching(),
        Shape::http("connect", b"Ht", b"H").asking(&[CONNECT]),
        Shape::tcp("tls, introduced", true, [1, 1]).introduced(),
        Shape::http("short upload", b"Hbb", b"H").asking(POST_SHORT),
    ];
    shapes.extend(queued().into_iter().filter(is_not_large));
    shapes.extend(http().into_iter().filter(is_not_large));
    shapes
}

/// Shapes with so many states that once is enough.
const LARGE: &[&str] = &[
    "upload",
    "upload, origin closes",
    "chunked upload",
    "pipelined",
    "pipelined, queued, draining",
    "draining",
    "chunked over tls",
    "upload, origin over tls",
];

fn is_not_large(shape: &Shape) -> bool {
    !LARGE.contains(&shape.name)
}

/// Shapes with so few that every order of the settle rules can be tried on each (order.rs).
const SMALL: &[&str] = &[
    "passthrough, draining",
    "tcp, draining",
    "client_fin cancel",
    "client_fin cancel over tls",
    "client_fin probe, 1.0",
    "idle abort",
    "bodyless",
    "origin closes",
    "interim",
    "broken upload",
    "client closes",
    "1.0",
    "1.0, close-delimited",
    "head",
    "connect refused",
    "upgrade declined",
    "101 unasked",
    "bad request",
    "bad response",
    "no response",
];

/// The smallest.
pub(crate) fn small() -> Vec<Shape> {
    let mut shapes = all();
    // A patient one has the name of the one whose peers are not.
    shapes.retain(|shape| SMALL.contains(&shape.name) && shape.patient.is_none());
    assert_eq!(shapes.len(), SMALL.len(), "a shape has another name");
    shapes
}

/// Everything. Of those whose peers are patient the large ones are left out: what a peer may not do there,
/// it may in the shape of their name, which is here, and whose states theirs are among.
pub(crate) fn all() -> Vec<Shape> {
    let mut shapes = vec![tcp(), tls(), both(), passed()];
    shapes.extend(introduced());
    shapes.extend(drained());
    shapes.extend(hinted());
    shapes.extend(knobs());
    shapes.extend(http());
    shapes.extend(tunnels());
    shapes.extend(piped());
    shapes.extend(queued());
    shapes.extend(declined());
    shapes.extend(killed());
    shapes.extend(patient().into_iter().filter(is_not_large));
    shapes
}

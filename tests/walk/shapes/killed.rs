//! The sessions that an operator ends.

use super::POST_SHORT;
use crate::world::shape::{Shape, UPGRADE};
use tidegate_core::http1::BodyKind;

/// Sessions that an operator ends, in whatever state they are (G10).
pub(crate) fn killed() -> Vec<Shape> {
    let length = |name, client, origin| {
        let shape = Shape::http(name, client, origin).answering(BodyKind::Length(1));
        shape.killing()
    };
    let upgrade = Shape::http("upgrade, killed", b"Ht", b"Ht").asking(&[UPGRADE]);
    vec![
        Shape::tcp("tcp, killed", false, [2, 2]).killing(),
        Shape::tcp("tls on both legs, killed", true, [1, 1])
            .to_tls()
            .killing(),
        Shape::tcp("passthrough, killed", false, [1, 1])
            .passed()
            .killing(),
        Shape::tcp("tls, introduced, killed", true, [1, 1])
            .introduced()
            .killing(),
        Shape::tcp("tcp, queued, killed", false, [1, 1])
            .queueing()
            .killing(),
        Shape::tcp("tcp, draining, killed", false, [1, 1])
            .draining()
            .killing(),
        length("length, killed", b"H", b"Hb"),
        length("length over tls, killed", b"H", b"Hb").over_tls(),
        length("upload, killed", b"Hbb", b"Hb").asking(POST_SHORT),
        Shape::http("pipelined, killed", b"HH", b"H").killing(),
        length("draining, killed", b"H", b"Hb").draining(),
        Shape::http("bad request, killed", b"X", b"").killing(),
        upgrade.switching().killing(),
    ]
}

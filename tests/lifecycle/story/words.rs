//! What a look at HTTP bytes can come to, in a story's words.
//!
//! Lengths are those on the other leg. It never decides what a message means.

use tidegate_core::{
    event::{Decoded, Head, Want},
    http1::{BodyKind, Method, RequestFacts, ResponseFacts, Version},
};

/// GET, HTTP/1.1.
pub(crate) const GET: RequestFacts = RequestFacts::GET;

/// GET with `Connection: close`.
pub(crate) const GET_CLOSE: RequestFacts = RequestFacts { close: true, ..GET };

/// GET with `Connection: upgrade`.
pub(crate) const UPGRADE: RequestFacts = RequestFacts {
    upgrade: true,
    ..GET
};

/// CONNECT.
pub(crate) const CONNECT: RequestFacts = RequestFacts {
    method: Method::Connect,
    idempotent: false,
    ..GET
};

/// HEAD.
pub(crate) const HEAD: RequestFacts = RequestFacts {
    method: Method::Head,
    ..GET
};

/// A POST with a body of so many bytes.
pub(crate) const fn post(bytes: u64) -> RequestFacts {
    RequestFacts {
        method: Method::Post,
        idempotent: false,
        body: BodyKind::Length(bytes),
        ..GET
    }
}

/// 200 with such a body.
pub(crate) const fn ok(body: BodyKind) -> ResponseFacts {
    ResponseFacts {
        status: 200,
        version: Version::Http11,
        body,
        close: false,
        event_stream: false,
    }
}

/// 200 with such a body and `Connection: close`.
pub(crate) const fn ok_close(body: BodyKind) -> ResponseFacts {
    ResponseFacts {
        close: true,
        ..ok(body)
    }
}

/// 200 with a stream of events.
pub(crate) const fn events() -> ResponseFacts {
    ResponseFacts {
        event_stream: true,
        ..ok(BodyKind::Chunked)
    }
}

/// A head that is not complete: so many bytes of it.
pub(crate) const fn partial(left: u32) -> Decoded {
    look(Head::None, 0, left, Want::Bytes)
}

/// A request: complete if it has no body, else its head.
pub(crate) fn request(facts: RequestFacts, bytes: u32) -> Decoded {
    let head = look(Head::Request(facts), bytes, 0, Want::Bytes);
    if facts.body == BodyKind::None {
        ended(head)
    } else {
        head
    }
}

/// An interim response.
pub(crate) const fn interim(bytes: u32) -> Decoded {
    look(Head::Interim, bytes, 0, Want::Turn)
}

/// A response's head: complete if it has no body.
pub(crate) fn response(facts: ResponseFacts, bytes: u32) -> Decoded {
    let head = look(Head::Response(facts), bytes, 0, Want::Bytes);
    if facts.body == BodyKind::None {
        ended(head)
    } else {
        head
    }
}

/// A response after which nothing is HTTP any more: 101, or 200 to CONNECT.
pub(crate) const fn switch(status: u16, bytes: u32) -> Decoded {
    let facts = ResponseFacts {
        status,
        ..ok(BodyKind::None)
    };
    look(Head::Response(facts), bytes, 0, Want::Turn)
}

/// A response, head and body at once.
pub(crate) fn whole(facts: ResponseFacts, bytes: u32) -> Decoded {
    ended(response(facts, bytes))
}

/// A piece of a body.
pub(crate) const fn body(bytes: u32) -> Decoded {
    look(Head::None, bytes, 0, Want::Bytes)
}

/// The last piece of a body.
pub(crate) const fn last(bytes: u32) -> Decoded {
    ended(body(bytes))
}

/// The same look, with so many bytes left for which there was no room.
pub(crate) const fn no_room(decoded: Decoded, left: u32) -> Decoded {
    Decoded {
        left,
        want: Want::Room,
        ..decoded
    }
}

/// The same look, with so many bytes left that belong to what comes next.
pub(crate) const fn and_more(decoded: Decoded, left: u32) -> Decoded {
    Decoded {
        left,
        want: Want::Turn,
        ..decoded
    }
}

const fn look(head: Head, bytes: u32, left: u32, want: Want) -> Decoded {
    Decoded {
        head,
        bytes,
        complete: false,
        left,
        want,
    }
}

const fn ended(decoded: Decoded) -> Decoded {
    Decoded {
        complete: true,
        want: Want::Turn,
        ..decoded
    }
}

//! A request's fields, as routes ask for them.
//!
//! Never shows a route what a client says of its own way, unless the client is trusted: a route that
//! looks at X-Forwarded-Proto would otherwise be anybody's to choose.

use super::RequestHead;
use super::fields::Known;
use crate::route::{Fields, Seen};

/// The fields of a request that may be routed by.
#[derive(Clone, Copy, Debug)]
pub struct Routable<'a, 'h> {
    /// The request.
    pub head: &'a RequestHead<'h>,
    /// The client is a proxy whose word is taken.
    pub trusted: bool,
}

impl Fields for Routable<'_, '_> {
    fn seen(&self, name: &str) -> Seen<'_> {
        let mut all = self.head.fields().filter(|field| {
            let claim = field.known == Known::Claim;
            field.is(name) && (self.trusted || !claim)
        });
        match (all.next(), all.next()) {
            (None, _) => Seen::Never,
            (Some(field), None) => Seen::Once(field.value),
            (Some(_), Some(_)) => Seen::Often,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http1::request_head;
    use crate::limits::Limits;

    #[test]
    fn who_is_not_trusted_is_not_routed_by_what_it_says_of_its_way() {
        let text = b"GET / HTTP/1.1\r\nHost: h\r\nX-A: 1\r\nX-B: 1\r\nx-b: 1\r\n\
                     X-Forwarded-Proto: http\r\n\r\n";
        let (_, head) = request_head(text, &Limits::default()).unwrap().unwrap();
        for trusted in [false, true] {
            let fields = Routable {
                head: &head,
                trusted,
            };
            assert_eq!(fields.seen("x-a"), Seen::Once(b"1"));
            assert_eq!(fields.seen("x-b"), Seen::Often);
            assert_eq!(fields.seen("x-c"), Seen::Never);
            let expected = match trusted {
                true => Seen::Once(&b"http"[..]),
                false => Seen::Never,
            };
            assert_eq!(fields.seen("x-forwarded-proto"), expected);
        }
    }
}

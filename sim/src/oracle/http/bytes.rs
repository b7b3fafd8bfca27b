//! How much there is of a message: of its content, in what was written of it, and on its way.
//!
//! It owns nothing. It counts by the schedule and the framing, and never looks at a log.

use crate::{
    peer::http::response_lengths,
    schedule::{Body, Exchange, Method},
};

/// How much content there is in what the origin has written of the response to this request.
pub(super) fn written(number: usize, exchange: &Exchange) -> u64 {
    let (total, head) = response_lengths(number, exchange);
    let cut = exchange.response.cut.map(|cut| cut.at as usize);
    match cut.filter(|at| *at < total) {
        Some(at) => content_in(exchange.response.body, at.saturating_sub(head) as u64),
        None if exchange.request.method == Method::Head => 0,
        None => u64::from(exchange.response.body.total()),
    }
}

/// How much content there is in so many bytes of a body as it is written.
fn content_in(body: Body, bytes: u64) -> u64 {
    match body {
        Body::Empty => 0,
        Body::Length { total, .. } | Body::UntilClose { total, .. } => bytes.min(u64::from(total)),
        Body::Chunked { total, by, .. } => {
            let (mut left, mut content) = (bytes, 0);
            for at in (0..total).step_by(by as usize) {
                let data = u64::from(by.min(total - at));
                let line = format!("{data:x}\r\n").len() as u64;
                content += left.saturating_sub(line).min(data);
                left = left.saturating_sub(line + data + 2);
            }
            content
        }
    }
}

/// What goes over the wire for an exchange, both ways: at most so much, whoever writes its heads, and hardly
/// less.
pub(super) fn on_the_wire(exchange: &Exchange) -> u64 {
    const HEADS: u64 = 600;
    const CHUNK: u64 = 8;
    let of = |body: Body| {
        let total = u64::from(body.total());
        match body {
            Body::Empty | Body::Length { .. } | Body::UntilClose { .. } => total,
            Body::Chunked { by, .. } => {
                let chunks = total.div_ceil(u64::from(by)) + 1;
                total + chunks * CHUNK
            }
        }
    };
    HEADS + of(exchange.request.body) + of(exchange.response.body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_what_is_left_of_a_body_without_its_framing() {
        let chunked = Body::Chunked {
            total: 25,
            by: 20,
            trailers: true,
        };
        // `14 CRLF`, 20 bytes, CRLF, `5 CRLF`, 5 bytes, CRLF, and what ends it.
        let content = [0, 4, 5, 24, 26, 29, 30, 1_000].map(|bytes| content_in(chunked, bytes));
        assert_eq!(content, [0, 0, 1, 20, 20, 20, 21, 25]);
        let length = Body::Length { total: 9, by: 4 };
        assert_eq!([0, 3, 9].map(|bytes| content_in(length, bytes)), [0, 3, 9]);
    }
}

//! The exchanges of a drawn HTTP run.

use super::{Features, SIZES, network, script};
use crate::{
    peer::http::{request_lengths, response_lengths},
    rng::Rng,
    schedule::{
        Body, Carrier, Cut, CutBy, Exchange, HttpVersion, Method, Reader, Request, Response,
        Schedule, Step, Traffic,
    },
};

/// Longer than T_response.
const OVERDUE_MS: u32 = 65_000;

/// About a head.
const HEAD_BYTES: u32 = 120;

pub(super) fn traffic(on: &Features, bytes: u32, rng: &mut Rng) -> Traffic {
    let count = rng.between(1, 4);
    let each = (bytes / count).max(1);
    let exchanges = (1..=count)
        .map(|n| exchange(on, n, n == count, each, rng))
        .collect();
    let pipelined = rng.one_in(4);
    Traffic::Http {
        exchanges,
        pipelined,
    }
}

/// Makes the last exchange one that leaves HTTP, or asks to and may not.
pub(super) fn leave(on: &Features, traffic: &mut Traffic, rng: &mut Rng) {
    let Traffic::Http { exchanges, .. } = traffic else {
        return;
    };
    let number = exchanges.len();
    let upgrade = rng.one_in(2);
    let declined = rng.one_in(8);
    let request = Request {
        method: if upgrade {
            Method::Get
        } else {
            Method::Connect
        },
        path: match upgrade {
            true => format!("/{number}"),
            false => format!("host-{number}.test:443"),
        },
        version: HttpVersion::V11,
        keep: true,
        body: Body::Empty,
        expect: false,
        upgrade,
        cut: None,
    };
    let status = match (declined, upgrade) {
        (true, _) => 403,
        (false, true) => 101,
        (false, false) => rng.pick(&[200, 200, 204]),
    };
    let response = Response {
        status,
        version: HttpVersion::V11,
        keep: true,
        body: if declined {
            length(200, rng)
        } else {
            Body::Empty
        },
        interim: rng.one_in(6).then(|| rng.pick(&[102, 103])),
        early: false,
        delay_ms: if on.slow_writers {
            rng.pick(&[0, 0, 3, 40])
        } else {
            0
        },
        cut: ((on.truncation || on.resets) && rng.one_in(6)).then(|| Cut {
            at: rng.below(HEAD_BYTES),
            by: rng.pick(&[CutBy::Fin, CutBy::Reset]),
        }),
    };
    exchanges[number - 1] = Exchange { request, response };
}

/// Lets the client end inside its last request, or right behind it, while no answer has come.
pub(super) fn break_off(traffic: &mut Traffic, rng: &mut Rng) {
    let Traffic::Http { exchanges, .. } = traffic else {
        return;
    };
    let number = exchanges.len() - 1;
    let Exchange { request, response } = &mut exchanges[number];
    let (total, head) = request_lengths(number, request);
    let [total, head] = [total, head].map(|n| u32::try_from(n).unwrap_or(u32::MAX));
    let at = match rng.below(5) {
        0 => rng.between(1, head),
        // Where a client that expects a 100 waits for it.
        1 => head,
        2 => rng.between(head, total),
        _ => total,
    };
    let by = rng.pick(&[CutBy::Fin, CutBy::Fin, CutBy::Reset]);
    request.cut = Some(Cut { at, by });
    // An answer that breaks off would be another matter; one that is late shows what its client leaves.
    response.cut = None;
    if rng.one_in(2) {
        response.delay_ms = rng.pick(&[3, 40]);
    }
}

/// Lets the client stop reading, or speak no more behind its last answer; or the origin stop reading, or
/// answer later than anybody waits.
pub(super) fn fall_silent(bytes: u32, schedule: &mut Schedule, rng: &mut Rng) {
    if schedule.traffic.switches() {
        return script::hang(&mut schedule.client);
    }
    match rng.below(8) {
        0 | 1 => stop(bytes, schedule, rng, |schedule| &mut schedule.client.reader),
        2 => stop(bytes, schedule, rng, |schedule| &mut schedule.origin.reader),
        3 => overdue(&mut schedule.traffic, rng),
        _ => script::hang(&mut schedule.client),
    }
}

/// H10: what it does not read fills the buffers, if they are small; else it is just not heard of any more.
fn stop(
    bytes: u32,
    schedule: &mut Schedule,
    rng: &mut Rng,
    whose: fn(&mut Schedule) -> &mut Reader,
) {
    whose(schedule).stop = Some(rng.below(bytes + HEAD_BYTES));
    if rng.one_in(2) {
        schedule.buffers = network::all_alike(network::NARROW_BYTES);
    }
}

/// U14: one of the answers takes too long.
fn overdue(traffic: &mut Traffic, rng: &mut Rng) {
    let Traffic::Http { exchanges, .. } = traffic else {
        return;
    };
    let count = u32::try_from(exchanges.len()).unwrap_or(u32::MAX);
    exchanges[rng.below(count) as usize].response.delay_ms = OVERDUE_MS;
}

/// What the client does when its exchanges are over.
pub(super) fn last_steps(on: &Features, carrier: Carrier, rng: &mut Rng) -> Vec<Step> {
    let mut steps = Vec::new();
    if on.slow_writers {
        steps.push(Step::Sleep(rng.pick(&[1, 5, 30])));
    }
    script::end(on, carrier != Carrier::Tcp, rng, &mut steps);
    steps
}

fn exchange(on: &Features, number: u32, last: bool, bytes: u32, rng: &mut Rng) -> Exchange {
    let old = last && rng.one_in(8);
    let method = rng.pick(&[
        Method::Get,
        Method::Get,
        Method::Post,
        Method::Post,
        Method::Put,
        Method::Head,
        Method::Delete,
    ]);
    let body = match method {
        Method::Get | Method::Head | Method::Delete | Method::Connect => Body::Empty,
        Method::Post | Method::Put if old => length(bytes, rng),
        Method::Post | Method::Put => framed(bytes, rng),
    };
    let request = Request {
        method,
        path: format!("/{number}"),
        version: if old {
            HttpVersion::V10
        } else {
            HttpVersion::V11
        },
        keep: !(old || (last && rng.one_in(2))),
        expect: !old && body.total() > 0 && rng.one_in(6),
        upgrade: false,
        body,
        cut: None,
    };
    let response = response(on, &request, bytes, rng);
    let mut exchange = Exchange { request, response };
    edge(number, &mut exchange, rng);
    exchange
}

/// The ends of a response are its most telling places: before its first byte, and behind its last.
fn edge(number: u32, exchange: &mut Exchange, rng: &mut Rng) {
    let Some(cut) = exchange.response.cut else {
        return;
    };
    let (total, _) = response_lengths(number as usize - 1, exchange);
    let at = match rng.below(4) {
        0 => 0,
        1 => u32::try_from(total).unwrap_or(u32::MAX),
        _ => cut.at,
    };
    exchange.response.cut = Some(Cut { at, ..cut });
}

fn response(on: &Features, request: &Request, bytes: u32, rng: &mut Rng) -> Response {
    let head = request.method == Method::Head;
    let status = rng.pick(&[200, 200, 200, 404, 500, 204, 304]);
    let old = !request.expect && rng.one_in(10);
    let body = match status {
        204 | 304 => Body::Empty,
        _ if head => length(bytes, rng),
        _ if rng.one_in(5) => Body::UntilClose {
            total: rng.below(bytes + 1),
            by: rng.pick(&SIZES),
        },
        _ if old => length(bytes, rng),
        _ => framed(bytes, rng),
    };
    let until_close = matches!(body, Body::UntilClose { .. });
    let cut = on.truncation || on.resets;
    let interims: &[u16] = if request.expect { &[100] } else { &[102, 103] };
    Response {
        status,
        version: if old {
            HttpVersion::V10
        } else {
            HttpVersion::V11
        },
        keep: !(old || until_close || rng.one_in(5)),
        interim: (!old && (request.expect || rng.one_in(6))).then(|| rng.pick(interims)),
        early: rng.one_in(6),
        delay_ms: if on.slow_writers {
            rng.pick(&[0, 0, 3, 40])
        } else {
            0
        },
        cut: (cut && rng.one_in(3)).then(|| Cut {
            at: rng.below(bytes + HEAD_BYTES),
            by: rng.pick(&[CutBy::Fin, CutBy::Reset]),
        }),
        body,
    }
}

fn length(bytes: u32, rng: &mut Rng) -> Body {
    Body::Length {
        total: rng.below(bytes + 1),
        by: rng.pick(&SIZES),
    }
}

fn framed(bytes: u32, rng: &mut Rng) -> Body {
    match rng.below(5) {
        0 => Body::Empty,
        1 | 2 => length(bytes, rng),
        _ => Body::Chunked {
            total: rng.below(bytes + 1),
            by: rng.pick(&SIZES),
            trailers: rng.one_in(3),
        },
    }
}

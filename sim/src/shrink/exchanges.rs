//! Simpler HTTP: fewer exchanges, plainer messages, or none at all.

use super::{
    edits::with,
    numbers::{less, without},
};
use crate::schedule::{
    Body, Cut, Exchange, HttpVersion, Method, Request, Response, Schedule, Step, Traffic,
};

/// What follows a switch needs no exchange before it, if a relay does as well.
pub(super) fn as_relay(schedule: &Schedule) -> Vec<Schedule> {
    if !schedule.traffic.switches() {
        return Vec::new();
    }
    vec![with(schedule, |s| s.traffic = Traffic::Relay)]
}

pub(super) fn fewer_exchanges(schedule: &Schedule) -> Vec<Schedule> {
    let Traffic::Http { exchanges, .. } = &schedule.traffic else {
        return Vec::new();
    };
    let fewer = without(exchanges).into_iter();
    fewer.map(|kept| said(schedule, kept)).collect()
}

pub(super) fn simpler_exchanges(schedule: &Schedule) -> Vec<Schedule> {
    let Traffic::Http { exchanges, .. } = &schedule.traffic else {
        return Vec::new();
    };
    let mut all = Vec::new();
    for (at, exchange) in exchanges.iter().enumerate() {
        let requests = simpler_requests(&exchange.request);
        let responses = simpler_responses(&exchange.response);
        let simpler = [
            requests
                .into_iter()
                .map(|request| Exchange {
                    request,
                    response: exchange.response.clone(),
                })
                .collect::<Vec<_>>(),
            responses
                .into_iter()
                .map(|response| Exchange {
                    request: exchange.request.clone(),
                    response,
                })
                .collect(),
        ];
        for one in simpler.concat() {
            let mut changed = exchanges.clone();
            changed[at] = one;
            all.push(said(schedule, changed));
        }
    }
    all
}

/// `schedule` with other exchanges. Where none of them leaves HTTP any more, nobody says what only
/// a tunnel carries.
fn said(schedule: &Schedule, kept: Vec<Exchange>) -> Schedule {
    with(schedule, |s| {
        if let Traffic::Http { exchanges, .. } = &mut s.traffic {
            *exchanges = kept;
        }
        if schedule.traffic.switches() && !s.traffic.switches() {
            s.origin.writer.clear();
            let silent = |step: &Step| !matches!(step, Step::Write(_));
            s.client.writer.retain(silent);
        }
    })
}

fn simpler_requests(request: &Request) -> Vec<Request> {
    let to = |change: fn(&mut Request)| {
        let mut changed = request.clone();
        change(&mut changed);
        changed
    };
    let mut all = vec![
        to(|r| {
            r.method = Method::Get;
            r.path = "/".to_owned();
            r.body = Body::Empty;
            r.expect = false;
            r.upgrade = false;
        }),
        to(|r| {
            r.method = Method::Get;
            r.body = Body::Empty;
            r.expect = false;
        }),
        to(|r| r.body = Body::Empty),
        to(|r| r.expect = false),
        to(|r| r.cut = None),
        to(|r| {
            r.version = HttpVersion::V11;
            r.keep = true;
        }),
        to(|r| r.keep = true),
    ];
    if request.method != Method::Connect {
        all.push(to(|r| r.path = "/".to_owned()));
    }
    for body in simpler_bodies(request.body) {
        all.push(Request {
            body,
            ..request.clone()
        });
    }
    all.extend(earlier(request.cut, 1).map(|cut| Request {
        cut: Some(cut),
        ..request.clone()
    }));
    all
}

/// Cuts before this one, from `least` on.
fn earlier(cut: Option<Cut>, least: u32) -> impl Iterator<Item = Cut> {
    let cuts = cut.into_iter();
    cuts.flat_map(move |cut| {
        less(cut.at, least)
            .into_iter()
            .map(move |at| Cut { at, ..cut })
    })
}

fn simpler_responses(response: &Response) -> Vec<Response> {
    let to = |change: fn(&mut Response)| {
        let mut changed = response.clone();
        change(&mut changed);
        changed
    };
    let mut all = vec![
        to(|r| {
            r.status = 200;
            r.body = Body::Empty;
        }),
        to(|r| r.cut = None),
        to(|r| r.interim = None),
        to(|r| r.early = false),
        to(|r| r.delay_ms = 0),
        to(|r| {
            r.version = HttpVersion::V11;
            r.keep = true;
        }),
        to(|r| r.version = HttpVersion::V11),
        to(|r| r.keep = true),
        to(|r| r.body = Body::Empty),
    ];
    if response.status != 101 {
        all.push(to(|r| r.status = 200));
    }
    let with_delay = |delay_ms| Response {
        delay_ms,
        ..response.clone()
    };
    all.extend(less(response.delay_ms, 0).into_iter().map(with_delay));
    for body in simpler_bodies(response.body) {
        all.push(Response {
            body,
            ..response.clone()
        });
    }
    all.extend(earlier(response.cut, 0).map(|cut| Response {
        cut: Some(cut),
        ..response.clone()
    }));
    all
}

/// One with less in it, in fewer pieces, or delimited in a plainer way.
fn simpler_bodies(body: Body) -> Vec<Body> {
    let total = body.total();
    let length = |total, by| Body::Length { total, by };
    let mut all = Vec::new();
    match body {
        Body::Empty => {}
        Body::Length { by, .. } => {
            all.extend(less(total, 1).into_iter().map(|total| length(total, by)));
            all.push(length(total, total.max(1)));
        }
        Body::Chunked { by, trailers, .. } => {
            let chunked = |total, by, trailers| Body::Chunked {
                total,
                by,
                trailers,
            };
            all.push(length(total, by));
            all.push(chunked(total, by, false));
            let fewer = less(total, 1).into_iter();
            all.extend(fewer.map(|total| chunked(total, by, trailers)));
            all.push(chunked(total, total.max(1), trailers));
        }
        Body::UntilClose { by, .. } => {
            let until_close = |total, by| Body::UntilClose { total, by };
            all.push(length(total, by));
            let fewer = less(total, 1).into_iter();
            all.extend(fewer.map(|total| until_close(total, by)));
            all.push(until_close(total, total.max(1)));
        }
    }
    all
}

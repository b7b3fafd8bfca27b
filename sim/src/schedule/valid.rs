//! Which schedules mean something: what a generator may draw and a shrinker may keep.
//!
//! A valid schedule brings itself to an end when the proxy behaves: every direction ends, nobody
//! waits for the other in a ring, every held link is released. Otherwise each failure to end would
//! shrink to an empty script that is stuck by itself.

use super::{
    Body, Carrier, Exchange, HttpVersion, Link, LinkAct, Method, Reader, Request, Response,
    Schedule, Script, Step, Traffic,
};
use crate::fault::Site;
use std::fmt;

/// The longest time a schedule may name.
pub const MAX_MS: u32 = 10_000;
/// The longest that an origin may take to answer: nobody waits so long (U14).
pub const MAX_DELAY_MS: u32 = 100_000;
/// The most bytes one direction may carry.
pub const MAX_BYTES: u32 = 262_144;
/// The most requests of a run.
const MAX_EXCHANGES: usize = 16;

/// Why a schedule means nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invalid(pub &'static str);

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Invalid {}

fn must(holds: bool, what: &'static str) -> Result<(), Invalid> {
    if holds { Ok(()) } else { Err(Invalid(what)) }
}

impl Schedule {
    /// Whether this schedule means something.
    ///
    /// # Errors
    /// The first rule it breaks.
    pub fn validate(&self) -> Result<(), Invalid> {
        self.validate_network()?;
        let tls = self.carrier != Carrier::Tcp;
        validate_reader(&self.client.reader)?;
        validate_reader(&self.origin.reader)?;
        if let Traffic::Http { exchanges, .. } = &self.traffic {
            must(!exchanges.is_empty(), "a client of HTTP asks for something")?;
            must(exchanges.len() <= MAX_EXCHANGES, "too many requests")?;
            validate_exchanges(exchanges)?;
        }
        match &self.traffic {
            traffic if matches!(traffic, Traffic::Relay) || traffic.switches() => {
                validate_writer(&self.client.writer, tls)?;
                validate_writer(&self.origin.writer, self.upstream != Carrier::Tcp)?;
                let ring = waits(&self.client) && waits(&self.origin);
                must(!ring, "each peer waits for the other's end")
            }
            Traffic::Relay | Traffic::Http { .. } => {
                let writes = |step: &Step| matches!(step, Step::Write(_));
                let steps = &self.client.writer;
                must(
                    !steps.iter().any(writes),
                    "a client of HTTP writes requests only",
                )?;
                must(
                    self.origin.writer.is_empty(),
                    "an origin of HTTP has no steps",
                )?;
                validate_writer(steps, tls)
            }
        }
    }

    fn validate_network(&self) -> Result<(), Invalid> {
        let (ways, sizes) = (self.latencies, self.buffers);
        for ms in [ways.client_proxy_ms, ways.proxy_origin_ms] {
            must((1..=MAX_MS).contains(&ms), "a latency is at least a tick")?;
        }
        must(sizes.relay > 0, "a buffer holds something")?;
        let from = sizes.pipe > 0 || sizes.pipe_from == 0;
        must(from, "nothing calls for a pipe where there is none")?;
        for socket in [sizes.client, sizes.down, sizes.up, sizes.origin] {
            must(
                socket.send > 0 && socket.recv > 0,
                "a buffer holds something",
            )?;
        }
        for (point, fault) in &self.faults {
            must(
                fault.fits(point.site),
                "a fault must be one its call can have",
            )?;
        }
        if let Some(at_ms) = self.drain_ms {
            must((1..=MAX_MS).contains(&at_ms), "a drain has its time")?;
            let mut sites = self.faults.keys().map(|point| point.site);
            let door = sites.any(|site| site == Site::Accept);
            must(!door, "who is accepted late may find that nobody accepts")?;
        }
        let mut sorted = self
            .links
            .windows(2)
            .map(|pair| pair[0].at_ms <= pair[1].at_ms);
        must(sorted.all(|in_order| in_order), "link events are in order")?;
        for link in [Link::ClientProxy, Link::ProxyOrigin] {
            let mut held = false;
            for event in self.links.iter().filter(|event| event.link == link) {
                must(event.at_ms <= MAX_MS, "too late")?;
                must(
                    (event.act == LinkAct::Hold) != held,
                    "holds and releases alternate",
                )?;
                held = !held;
            }
            must(!held, "what is held is released")?;
        }
        Ok(())
    }
}

fn waits(script: &Script) -> bool {
    script.writer.contains(&Step::AwaitEof)
}

fn validate_reader(reader: &Reader) -> Result<(), Invalid> {
    must(reader.chunk > 0, "a read reads something")?;
    let short = reader.delay_ms <= MAX_MS && reader.pause_ms <= MAX_MS;
    must(short, "too late")
}

/// A writer's steps end its direction, once. Behind its FIN it may still reset (K11), and does nothing else.
fn validate_writer(steps: &[Step], tls: bool) -> Result<(), Invalid> {
    let mut bytes: u64 = 0;
    let (mut notified, mut finished, mut over) = (false, false, false);
    for step in steps {
        let behind = matches!(step, Step::Sleep(_) | Step::Reset);
        must(!over && (!finished || behind), "nothing follows the end")?;
        match step {
            Step::Write(n) => {
                must(*n > 0, "a write writes something")?;
                must(!notified, "nothing follows the end but the FIN")?;
                bytes += u64::from(*n);
            }
            Step::Sleep(ms) => must((1..=MAX_MS).contains(ms), "a sleep is of some length")?,
            Step::AwaitEof => {}
            Step::CloseNotify => {
                must(tls, "close_notify is of TLS")?;
                must(!notified, "one close_notify is enough")?;
                notified = true;
            }
            Step::Fin => finished = true,
            Step::Reset => over = true,
            Step::Hang => {
                must(!notified, "nothing follows the end but the FIN")?;
                over = true;
            }
        }
    }
    must(bytes <= u64::from(MAX_BYTES), "too many bytes")?;
    must(finished || over, "a direction ends")?;
    let rests = !over && steps.last() != Some(&Step::Fin);
    must(!rests, "nobody rests behind the end for nothing")
}

fn validate_exchanges(exchanges: &[Exchange]) -> Result<(), Invalid> {
    let last = exchanges.len() - 1;
    for (index, Exchange { request, response }) in exchanges.iter().enumerate() {
        validate_request(request)?;
        must(request.keep || index == last, "no request follows `close`")?;
        let leaves = request.leaves();
        must(!leaves || index == last, "no request follows a tunnel")?;
        validate_cut(request, response, index == last)?;
        validate_response(request, response)?;
    }
    Ok(())
}

fn validate_request(request: &Request) -> Result<(), Invalid> {
    validate_body(request.body, request.version)?;
    must(is_served(request), "a path is a path")?;
    let bodyless = match request.method {
        Method::Get | Method::Head | Method::Delete | Method::Connect => true,
        Method::Post | Method::Put => request.upgrade,
    };
    must(
        !bodyless || request.body == Body::Empty,
        "this method has no body",
    )?;
    let until_close = matches!(request.body, Body::UntilClose { .. });
    must(!until_close, "no request ends with the connection")?;
    let old = request.version == HttpVersion::V10;
    must(!old || !request.keep, "HTTP/1.0 asks once")?;
    must(!old || !request.leaves(), "HTTP/1.0 knows no tunnels here")?;
    must(request.keep || !request.leaves(), "a tunnel is kept")?;
    must(
        !request.expect || (!old && request.body.total() > 0),
        "nothing to wait for with",
    )
}

/// A client that breaks off ends with that.
fn validate_cut(request: &Request, response: &Response, last: bool) -> Result<(), Invalid> {
    let Some(cut) = request.cut else {
        return Ok(());
    };
    must(last, "no request follows one that is cut")?;
    must(cut.at > 0, "what is cut has begun")?;
    must(!request.leaves(), "who asks to leave says so to the end")?;
    must(response.cut.is_none(), "one of the two is cut short")
}

/// Whether the target is one that nobody refuses: routes and their refusals are tested elsewhere.
fn is_served(request: &Request) -> bool {
    let letters = |text: &str, others: &[u8]| {
        let letter = |byte: u8| byte.is_ascii_alphanumeric() || others.contains(&byte);
        !text.is_empty() && text.bytes().all(letter)
    };
    match request.method {
        Method::Connect => request.path.split_once(':').is_some_and(|(host, port)| {
            let digits = port.bytes().all(|byte| byte.is_ascii_digit());
            letters(host, b"-.") && digits && port.parse::<u16>().is_ok()
        }),
        Method::Get | Method::Head | Method::Post | Method::Put | Method::Delete => {
            let dots = |segment: &str| [".", ".."].contains(&segment);
            let path = request.path.split('?').next().unwrap_or_default();
            path.starts_with('/')
                && letters(&request.path, b"-._~/?=&")
                && !path.split('/').any(dots)
        }
    }
}

fn validate_response(request: &Request, response: &Response) -> Result<(), Invalid> {
    validate_body(response.body, response.version)?;
    let old = response.version == HttpVersion::V10;
    let switches = response.status == 101 && request.upgrade;
    must(
        response.status >= 200 || switches,
        "the final status is final",
    )?;
    let tunnel = request.method == Method::Connect && response.status < 300;
    let bodyless = matches!(response.status, 101 | 204 | 304) || tunnel;
    must(
        !bodyless || response.body == Body::Empty,
        "this status has no body",
    )?;
    let until_close = matches!(response.body, Body::UntilClose { .. });
    must(
        !(until_close || old) || !response.keep,
        "the connection is the end of it",
    )?;
    must(
        !until_close || request.method != Method::Head,
        "HEAD has no body to end",
    )?;
    let interim = response.interim.is_none_or(|status| match status {
        100 => request.expect,
        101 => false,
        _ => status < 200,
    });
    must(
        interim && (!old || response.interim.is_none()),
        "no such interim response",
    )?;
    let invited = response.interim == Some(100) || response.early;
    must(!request.expect || invited, "nobody invites the body")?;
    must(response.delay_ms <= MAX_DELAY_MS, "too late")
}

fn validate_body(body: Body, version: HttpVersion) -> Result<(), Invalid> {
    match body {
        Body::Empty => Ok(()),
        Body::Length { total, by } | Body::UntilClose { total, by } => {
            must(by > 0 && total <= MAX_BYTES, "a body of no possible size")
        }
        Body::Chunked { total, by, .. } => {
            must(version == HttpVersion::V11, "HTTP/1.0 has no chunks")?;
            must(by > 0 && total <= MAX_BYTES, "a body of no possible size")
        }
    }
}

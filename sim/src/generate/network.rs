//! The network of a drawn run: ways, buffers, faults, holds.

use super::{Features, SIZES};
use crate::{
    errno::Errno,
    fault::{Call, Fault, Plan, Point, Site},
    rng::Rng,
    schedule::{BufferBytes, Carrier, Latencies, Link, LinkAct, LinkEvent, Schedule, SocketBytes},
};
use tidegate_core::side::Side;

pub(super) fn latencies(on: &Features, rng: &mut Rng) -> Latencies {
    let mut draw = || {
        if on.long_links {
            rng.pick(&[1, 2, 5, 20])
        } else {
            1
        }
    };
    Latencies {
        client_proxy_ms: draw(),
        proxy_origin_ms: draw(),
    }
}

/// A handshake of TLS is some 1,500 bytes: with windows of one byte it would be all of the run.
pub(super) fn buffers(on: &Features, carriers: [Carrier; 2], rng: &mut Rng) -> BufferBytes {
    if !on.small_buffers {
        return BufferBytes::default();
    }
    let [tls, up_tls] = carriers.map(|carrier| carrier != Carrier::Tcp);
    if rng.one_in(3) {
        // All alike: only then does a slow reader fill every buffer on the way.
        let bytes = rng.pick(if tls || up_tls {
            &SIZES[5..]
        } else {
            &SIZES[..]
        });
        return all_alike(bytes);
    }
    let mut size = |small: bool| {
        let from = if small { &SIZES[..] } else { &SIZES[5..] };
        if rng.one_in(4) {
            65_536
        } else {
            rng.pick(from)
        }
    };
    let mut socket = |small| SocketBytes {
        send: size(small),
        recv: size(small),
    };
    let (client, down) = (socket(!tls), socket(!tls));
    let (up, origin) = (socket(!up_tls), socket(!up_tls));
    BufferBytes {
        relay: size(true),
        pipe: 0,
        pipe_from: 0,
        client,
        down,
        up,
        origin,
    }
}

/// A buffer that is soon full, and through which a handshake of TLS still goes.
pub(super) const NARROW_BYTES: u32 = 40;

/// Every buffer of this size.
pub(super) fn all_alike(bytes: u32) -> BufferBytes {
    let socket = SocketBytes {
        send: bytes,
        recv: bytes,
    };
    BufferBytes {
        relay: bytes,
        pipe: 0,
        pipe_from: 0,
        client: socket,
        down: socket,
        up: socket,
        origin: socket,
    }
}

/// Pipes of any size, and sometimes one that is not to be had.
pub(super) fn pipes(buffers: &mut BufferBytes, rng: &mut Rng) -> Option<(Point, Fault)> {
    buffers.pipe = rng.pick(&SIZES);
    // From 4 on, reads can be too small for a pipe.
    buffers.pipe_from = rng.pick(&[0, 0, 1, 8, 20]);
    rng.one_in(4).then(|| {
        let (site, ordinal) = (Site::Pipe, rng.between(1, 6));
        (Point { site, ordinal }, Fault::Fail(Errno::EMFILE))
    })
}

/// How much a direction can carry in some hundred milliseconds: a few dozen of the least window, or
/// of what the pipes hold.
pub(super) fn affordable_bytes(buffers: &BufferBytes) -> u32 {
    let BufferBytes {
        relay,
        pipe,
        pipe_from: _,
        client,
        down,
        up,
        origin,
    } = *buffers;
    let sockets = [client, down, up, origin];
    let least = sockets
        .iter()
        .map(|socket| socket.send.min(socket.recv))
        .min();
    let most = if pipe > 0 { relay.min(pipe) } else { relay };
    (least.unwrap_or(most).min(most) * 24).clamp(8, 6_000)
}

pub(super) fn faults(on: &Features, http: bool, rng: &mut Rng) -> Plan {
    let mut dials = Dials {
        http,
        rng: rng.fork("dials"),
    };
    let mut plan = Plan::new();
    let cuts = if on.cuts { rng.between(1, 10) } else { 0 };
    for _ in 0..cuts {
        let (point, n) = (
            call(rng, &mut dials, false),
            rng.pick(&[1, 1, 2, 5, 16, 17]),
        );
        plan.insert(point, Fault::Cut(n));
    }
    let pends = if on.pends { rng.between(1, 8) } else { 0 };
    for _ in 0..pends {
        let point = if rng.one_in(8) {
            door(rng, &mut dials)
        } else {
            call(rng, &mut dials, true)
        };
        plan.insert(point, Fault::Pend(rng.pick(&[1, 1, 1, 3, 20])));
    }
    if on.fails {
        let (point, errno) = failure(rng, &mut dials);
        plan.insert(point, Fault::Fail(errno));
    }
    plan
}

/// The connections to origins: one in a relay, some in a run of HTTP. Of the client's there is one.
struct Dials {
    http: bool,
    rng: Rng,
}

impl Dials {
    /// Which of them.
    fn number(&mut self) -> u32 {
        match self.http {
            true => self.rng.pick(&[1, 1, 1, 2, 2, 3]),
            false => 1,
        }
    }

    fn point(&mut self) -> Point {
        Point {
            site: Site::Dial,
            ordinal: self.number(),
        }
    }
}

/// The only accept.
const ACCEPT: Point = Point {
    site: Site::Accept,
    ordinal: 1,
};

/// A dial or an accept.
fn door(rng: &mut Rng, dials: &mut Dials) -> Point {
    match rng.one_in(2) {
        true => dials.point(),
        false => ACCEPT,
    }
}

/// An early call of one of the first connections.
fn call(rng: &mut Rng, dials: &mut Dials, finish: bool) -> Point {
    let side = rng.pick(&Side::BOTH);
    let calls = [
        Call::Read,
        Call::Write,
        Call::Read,
        Call::Write,
        Call::Finish,
    ];
    let call = rng.pick(if finish { &calls[..] } else { &calls[..2] });
    let ordinal = if call == Call::Finish {
        1
    } else {
        rng.between(1, 12)
    };
    let number = match side {
        Side::Down => 1,
        Side::Up => dials.number(),
    };
    Point {
        site: Site::Stream { side, number, call },
        ordinal,
    }
}

fn failure(rng: &mut Rng, dials: &mut Dials) -> (Point, Errno) {
    let refusals = [Errno::ECONNREFUSED, Errno::EHOSTUNREACH, Errno::ETIMEDOUT];
    if rng.one_in(4) {
        // A failed accept ends nothing: the connection waits for the next one.
        return if dials.http && rng.one_in(3) {
            (ACCEPT, rng.pick(&[Errno::EMFILE, Errno::ENOBUFS]))
        } else {
            (dials.point(), rng.pick(&refusals))
        };
    }
    let errno = rng.pick(&[Errno::ECONNRESET, Errno::ETIMEDOUT, Errno::EHOSTUNREACH]);
    (call(rng, dials, true), errno)
}

/// A drain, at a time when the client may be there.
pub(super) fn drain(schedule: &mut Schedule, rng: &mut Rng) {
    let there_ms = 3 * schedule.latencies.client_proxy_ms;
    schedule.drain_ms = Some(there_ms + rng.pick(&[1, 2, 5, 20, 60, 200]));
    let door = |point: &Point| point.site == Site::Accept;
    schedule.faults.retain(|point, _| !door(point));
}

/// Up to two times that a link stands still.
pub(super) fn holds(on: &Features, rng: &mut Rng) -> Vec<LinkEvent> {
    let mut events = Vec::new();
    if on.holds {
        let mut at_ms = 0;
        for _ in 0..rng.between(1, 2) {
            let link = rng.pick(&[Link::ClientProxy, Link::ProxyOrigin]);
            for act in [LinkAct::Hold, LinkAct::Release] {
                at_ms += rng.between(1, 40);
                events.push(LinkEvent { at_ms, link, act });
            }
        }
    }
    events
}

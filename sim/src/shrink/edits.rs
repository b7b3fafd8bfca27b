//! What a search may try: every way to make a schedule simpler, the boldest first.
//!
//! Each edit leads towards less: fewer lines, smaller numbers, TCP in place of TLS, a relay in
//! place of HTTP. So no two of them undo each other. What makes no valid schedule is not played.

use super::{
    exchanges::{as_relay, fewer_exchanges, simpler_exchanges},
    numbers::{less, without},
};
use crate::{
    errno::Errno,
    fault::{Fault, Point},
    schedule::{
        BufferBytes, Carrier, Latencies, Link, LinkEvent, Reader, Schedule, Script, SocketBytes,
        Step, Traffic,
    },
};

/// The simpler schedules that one schedule leads to.
pub(super) type Edit = fn(&Schedule) -> Vec<Schedule>;

/// All of them, in the order in which they are tried.
pub(super) const ALL: [Edit; 11] = [
    calm,
    as_relay,
    plain,
    fewer_exchanges,
    fewer_faults,
    fewer_holds,
    fewer_steps,
    simpler_readers,
    simpler_exchanges,
    default_buffers,
    smaller_numbers,
];

/// `schedule` after `change`.
pub(super) fn with(schedule: &Schedule, change: impl FnOnce(&mut Schedule)) -> Schedule {
    let mut changed = schedule.clone();
    change(&mut changed);
    changed
}

/// A perfect network, all at once and by parts.
fn calm(schedule: &Schedule) -> Vec<Schedule> {
    let changes: [fn(&mut Schedule); 7] = [
        |s| {
            s.faults.clear();
            s.links.clear();
            s.buffers = BufferBytes::default();
            s.latencies = Latencies::default();
        },
        |s| s.faults.clear(),
        |s| s.links.clear(),
        |s| s.drain_ms = None,
        |s| s.buffers = BufferBytes::default(),
        |s| s.latencies = Latencies::default(),
        |s| {
            s.client.reader = Reader::default();
            s.origin.reader = Reader::default();
        },
    ];
    let try_one = |change| with(schedule, change);
    changes.into_iter().map(try_one).collect()
}

/// Without TLS, or without a request that does not wait for its turn.
fn plain(schedule: &Schedule) -> Vec<Schedule> {
    let silent = |script: &mut Script| script.writer.retain(|step| *step != Step::CloseNotify);
    let down = |s: &mut Schedule| {
        s.carrier = Carrier::Tcp;
        silent(&mut s.client);
    };
    let up = |s: &mut Schedule| {
        s.upstream = Carrier::Tcp;
        silent(&mut s.origin);
    };
    vec![
        with(schedule, |s| {
            down(s);
            up(s);
        }),
        with(schedule, down),
        with(schedule, up),
        with(schedule, |s| {
            if let Traffic::Http { pipelined, .. } = &mut s.traffic {
                *pipelined = false;
            }
        }),
    ]
}

fn fewer_faults(schedule: &Schedule) -> Vec<Schedule> {
    let all: Vec<_> = schedule.faults.iter().map(|(p, f)| (*p, *f)).collect();
    let fewer = without(&all).into_iter();
    fewer
        .map(|kept| with(schedule, |s| s.faults = kept.into_iter().collect()))
        .collect()
}

/// A link is held and released, or neither.
fn fewer_holds(schedule: &Schedule) -> Vec<Schedule> {
    let of = |link| move |event: &&LinkEvent| event.link == link;
    let mut pairs = Vec::new();
    for link in [Link::ClientProxy, Link::ProxyOrigin] {
        let events: Vec<LinkEvent> = schedule.links.iter().filter(of(link)).copied().collect();
        pairs.extend(events.chunks(2).map(<[LinkEvent]>::to_vec));
    }
    let fewer = without(&pairs).into_iter().map(|kept| {
        let mut links = kept.concat();
        links.sort();
        with(schedule, |s| s.links = links)
    });
    fewer.collect()
}

fn fewer_steps(schedule: &Schedule) -> Vec<Schedule> {
    let mut all = Vec::new();
    for of in [client, origin] {
        let steps = of(&mut schedule.clone()).writer.clone();
        for kept in without(&steps) {
            all.push(with(schedule, |s| of(s).writer = kept));
        }
        for (at, pair) in steps.windows(2).enumerate() {
            if let Some(one) = joined(pair[0], pair[1]) {
                all.push(with(schedule, |s| {
                    of(s).writer[at] = one;
                    of(s).writer.remove(at + 1);
                }));
            }
        }
        for (at, step) in steps.iter().enumerate() {
            if matches!(step, Step::Reset | Step::Hang) {
                all.push(with(schedule, |s| of(s).writer[at] = Step::Fin));
            }
            if *step == Step::Fin {
                // What is behind it goes together: neither part is anything by itself.
                all.push(with(schedule, |s| of(s).writer.truncate(at + 1)));
            }
        }
    }
    all
}

/// Two steps of one kind as one.
fn joined(first: Step, second: Step) -> Option<Step> {
    if let (Step::Write(one), Step::Write(two)) = (first, second) {
        return Some(Step::Write(one + two));
    }
    if let (Step::Sleep(one), Step::Sleep(two)) = (first, second) {
        return Some(Step::Sleep(one + two));
    }
    None
}

fn client(schedule: &mut Schedule) -> &mut Script {
    &mut schedule.client
}

fn origin(schedule: &mut Schedule) -> &mut Script {
    &mut schedule.origin
}

fn simpler_readers(schedule: &Schedule) -> Vec<Schedule> {
    let plain = Reader::default();
    let mut all = Vec::new();
    for of in [client, origin] {
        all.push(with(schedule, |s| of(s).reader = plain));
        all.push(with(schedule, |s| of(s).reader.delay_ms = plain.delay_ms));
        all.push(with(schedule, |s| of(s).reader.chunk = plain.chunk));
        all.push(with(schedule, |s| of(s).reader.pause_ms = plain.pause_ms));
        all.push(with(schedule, |s| of(s).reader.stop = None));
    }
    all
}

/// A buffer of its usual size is none that anybody has to think of.
fn default_buffers(schedule: &Schedule) -> Vec<Schedule> {
    let sockets: [fn(&mut Schedule) -> &mut SocketBytes; 4] = [
        |s| &mut s.buffers.client,
        |s| &mut s.buffers.down,
        |s| &mut s.buffers.up,
        |s| &mut s.buffers.origin,
    ];
    let plain = SocketBytes::default();
    let usual = BufferBytes::default();
    let mut all = vec![
        with(schedule, |s| {
            (s.buffers.pipe, s.buffers.pipe_from) = (usual.pipe, usual.pipe_from);
        }),
        with(schedule, |s| s.buffers.relay = usual.relay),
    ];
    for of in sockets {
        all.push(with(schedule, |s| *of(s) = plain));
        all.push(with(schedule, |s| of(s).send = plain.send));
        all.push(with(schedule, |s| of(s).recv = plain.recv));
    }
    all
}

fn smaller_numbers(schedule: &Schedule) -> Vec<Schedule> {
    let mut all = Vec::new();
    for n in less(schedule.latencies.client_proxy_ms, 1) {
        all.push(with(schedule, |s| s.latencies.client_proxy_ms = n));
    }
    for n in less(schedule.latencies.proxy_origin_ms, 1) {
        all.push(with(schedule, |s| s.latencies.proxy_origin_ms = n));
    }
    for of in [client, origin] {
        let script = of(&mut schedule.clone()).clone();
        for (at, step) in script.writer.iter().enumerate() {
            for smaller in smaller_steps(*step) {
                all.push(with(schedule, |s| of(s).writer[at] = smaller));
            }
        }
        let reader = script.reader;
        let (delays, pauses) = (less(reader.delay_ms, 0), less(reader.pause_ms, 0));
        let change = |to: Reader| with(schedule, |s| of(s).reader = to);
        all.extend(
            delays
                .into_iter()
                .map(|delay_ms| change(Reader { delay_ms, ..reader })),
        );
        all.extend(
            pauses
                .into_iter()
                .map(|pause_ms| change(Reader { pause_ms, ..reader })),
        );
        let stops = reader.stop.map_or(Vec::new(), |stop| less(stop, 0));
        all.extend(stops.into_iter().map(|stop| {
            let stop = Some(stop);
            change(Reader { stop, ..reader })
        }));
    }
    for (at, event) in schedule.links.iter().enumerate() {
        for n in less(event.at_ms, 1) {
            all.push(with(schedule, |s| s.links[at].at_ms = n));
        }
    }
    for n in schedule.drain_ms.map_or(Vec::new(), |at_ms| less(at_ms, 1)) {
        all.push(with(schedule, |s| s.drain_ms = Some(n)));
    }
    all.extend(smaller_faults(schedule));
    all
}

fn smaller_steps(step: Step) -> Vec<Step> {
    match step {
        Step::Write(n) => less(n, 1).into_iter().map(Step::Write).collect(),
        Step::Sleep(ms) => less(ms, 1).into_iter().map(Step::Sleep).collect(),
        Step::AwaitEof | Step::CloseNotify | Step::Fin | Step::Reset | Step::Hang => Vec::new(),
    }
}

/// A fault of an earlier call, of less, or of the commonest kind.
fn smaller_faults(schedule: &Schedule) -> Vec<Schedule> {
    let mut all = Vec::new();
    for (point, fault) in &schedule.faults {
        let weaker = match *fault {
            Fault::Cut(n) => less(n, 1).into_iter().map(Fault::Cut).collect(),
            Fault::Pend(ms) => less(ms, 1).into_iter().map(Fault::Pend).collect(),
            Fault::Fail(_) => vec![Fault::Fail(Errno::ECONNRESET)],
        };
        for fault in weaker {
            all.push(with(schedule, |s| {
                s.faults.insert(*point, fault);
            }));
        }
        for ordinal in less(point.ordinal, 1) {
            let earlier = Point { ordinal, ..*point };
            if !schedule.faults.contains_key(&earlier) {
                all.push(with(schedule, |s| {
                    s.faults.remove(point);
                    s.faults.insert(earlier, *fault);
                }));
            }
        }
    }
    all
}

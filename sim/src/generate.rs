//! Schedules from seeds, swarm-wise: first which features are in, then how strong, then sizes.
//!
//! It owns what a random run looks like. A run in which everything happens at once tests little,
//! as each thing hides another; so most runs have a few features only. Every use of chance has a
//! stream of its own, and what is drawn is always valid.

mod http;
mod kind;
mod network;
mod script;

use crate::{
    rng::Rng,
    schedule::{Carrier, Schedule},
    tls::Version,
};

/// The sizes everything is drawn from: just around the edges of small buffers, and some large.
pub const SIZES: [u32; 9] = [1, 2, 5, 16, 17, 40, 200, 1_000, 4_096];

/// What a run is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Features {
    /// Buffers are small, of any size in [`SIZES`].
    pub small_buffers: bool,
    /// Readers begin late, read little at once, and rest.
    pub slow_readers: bool,
    /// Writers rest between writes.
    pub slow_writers: bool,
    /// A peer ends its direction only after the other has.
    pub half_close: bool,
    /// A peer resets.
    pub resets: bool,
    /// A TLS peer sends FIN without close_notify.
    pub truncation: bool,
    /// Calls move less than they could.
    pub cuts: bool,
    /// Calls are late.
    pub pends: bool,
    /// Calls fail.
    pub fails: bool,
    /// Links stand still for a while.
    pub holds: bool,
    /// Links are long.
    pub long_links: bool,
    /// The last exchange leaves HTTP.
    pub tunnels: bool,
    /// The proxy drains while its client is still there.
    pub drains: bool,
    /// A peer stops reading for good, or speaking.
    pub silence: bool,
    /// What need not be looked at goes through pipes.
    pub pipes: bool,
    /// A client ends inside its last request, or does not wait for the answer.
    pub haste: bool,
}

/// Which kind of runs a seed is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A relay over what the client speaks.
    Relay(Carrier),
    /// HTTP over what the client speaks.
    Http(Carrier),
    /// A relay to an origin that speaks TLS.
    RelayTo(Carrier, Version),
    /// Exchanges with an origin that speaks TLS.
    HttpTo(Carrier, Version),
    /// Any of these.
    Any,
}

/// The features of `seed`.
#[must_use]
pub fn features(seed: u64) -> Features {
    let mut rng = Rng::new(seed).fork("features");
    Features {
        small_buffers: rng.one_in(2),
        slow_readers: rng.one_in(3),
        slow_writers: rng.one_in(2),
        half_close: rng.one_in(3),
        resets: rng.one_in(5),
        truncation: rng.one_in(6),
        cuts: rng.one_in(2),
        pends: rng.one_in(2),
        fails: rng.one_in(8),
        holds: rng.one_in(6),
        long_links: rng.one_in(4),
        tunnels: rng.one_in(3),
        drains: rng.one_in(6),
        silence: rng.one_in(10),
        pipes: rng.one_in(2),
        haste: rng.one_in(5),
    }
}

/// The schedule of `seed`.
#[must_use]
pub fn schedule(kind: Kind, seed: u64) -> Schedule {
    let (on, rng) = (features(seed), Rng::new(seed));
    let (http, carrier, upstream) = match kind {
        Kind::Relay(carrier) => (false, carrier, Carrier::Tcp),
        Kind::Http(carrier) => (true, carrier, Carrier::Tcp),
        Kind::RelayTo(carrier, version) => (false, carrier, Carrier::Tls(version)),
        Kind::HttpTo(carrier, version) => (true, carrier, Carrier::Tls(version)),
        Kind::Any => {
            let (http, carrier) = any(&mut rng.fork("mode"));
            (http, carrier, any(&mut rng.fork("upstream")).1)
        }
    };
    let mut schedule = Schedule {
        seed,
        carrier,
        upstream,
        latencies: network::latencies(&on, &mut rng.fork("latencies")),
        buffers: network::buffers(&on, [carrier, upstream], &mut rng.fork("buffers")),
        ..Schedule::default()
    };
    let no_pipe = match on.pipes {
        true => network::pipes(&mut schedule.buffers, &mut rng.fork("pipes")),
        false => None,
    };
    let bytes = network::affordable_bytes(&schedule.buffers);
    schedule.client.reader = script::reader(&on, &mut rng.fork("client reader"));
    schedule.origin.reader = script::reader(&on, &mut rng.fork("origin reader"));
    if http {
        schedule.traffic = http::traffic(&on, bytes, &mut rng.fork("traffic"));
        if on.tunnels {
            http::leave(&on, &mut schedule.traffic, &mut rng.fork("tunnel"));
        } else if on.haste {
            http::break_off(&mut schedule.traffic, &mut rng.fork("haste"));
        }
    }
    if http && !schedule.traffic.switches() {
        schedule.client.writer = http::last_steps(&on, carrier, &mut rng.fork("client"));
    } else {
        script::writers(&on, bytes, &mut schedule, &rng);
    }
    if on.silence {
        script::fall_silent(http, bytes, &mut schedule, &mut rng.fork("silence"));
    }
    schedule.faults = network::faults(&on, http, &mut rng.fork("faults"));
    schedule.faults.extend(no_pipe);
    schedule.links = network::holds(&on, &mut rng.fork("holds"));
    if on.drains {
        network::drain(&mut schedule, &mut rng.fork("drain"));
    }
    debug_assert_eq!(schedule.validate(), Ok(()));
    schedule
}

fn any(rng: &mut Rng) -> (bool, Carrier) {
    let carriers = [
        Carrier::Tcp,
        Carrier::Tcp,
        Carrier::Tls(Version::Tls12),
        Carrier::Tls(Version::Tls13),
    ];
    (rng.one_in(2), rng.pick(&carriers))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        fault::{Fault, Site},
        schedule::{Exchange, Script, Step, Traffic},
    };

    const KINDS: [Kind; 5] = [
        Kind::Any,
        Kind::Relay(Carrier::Tcp),
        Kind::Relay(Carrier::Tls(Version::Tls13)),
        Kind::Http(Carrier::Tls(Version::Tls12)),
        Kind::RelayTo(Carrier::Tls(Version::Tls13), Version::Tls12),
    ];

    #[test]
    fn every_seed_is_valid_repeats_and_survives_its_text() {
        for kind in KINDS {
            for seed in 0..2_000 {
                let drawn = schedule(kind, seed);
                assert_eq!(drawn.validate(), Ok(()), "seed {seed}");
                assert_eq!(drawn, schedule(kind, seed));
                let text = drawn.to_string();
                assert_eq!(text.parse(), Ok(drawn), "seed {seed}");
            }
        }
    }

    fn is_http(schedule: &Schedule) -> bool {
        matches!(schedule.traffic, Traffic::Http { .. })
    }

    /// How many of a thousand seeds have something.
    fn count(kind: Kind, has: impl Fn(&Schedule) -> bool) -> usize {
        (0..1_000)
            .filter(|seed| has(&schedule(kind, *seed)))
            .count()
    }

    #[test]
    fn nothing_is_missing_from_a_thousand_seeds() {
        for kind in KINDS {
            let faulty = |want: fn(&Fault) -> bool| count(kind, |s| s.faults.values().any(want));
            let cuts = faulty(|fault| matches!(fault, Fault::Cut(_)));
            let pends = faulty(|fault| matches!(fault, Fault::Pend(_)));
            let fails = faulty(|fault| matches!(fault, Fault::Fail(_)));
            assert!(
                cuts > 200 && pends > 200 && fails > 50,
                "{cuts} {pends} {fails}"
            );
            assert!(count(kind, |s| !s.links.is_empty()) > 50);
            assert!(count(kind, |s| s.faults.is_empty()) > 100);
            assert!(count(kind, |s| s.latencies.proxy_origin_ms > 1) > 50);
            let (tunnels, http) = (count(kind, |s| s.traffic.switches()), count(kind, is_http));
            assert!(tunnels * 6 >= http, "{tunnels} of {http} leave HTTP");
        }
    }

    fn exchanges(schedule: &Schedule) -> &[Exchange] {
        match &schedule.traffic {
            Traffic::Relay => &[],
            Traffic::Http { exchanges, .. } => exchanges,
        }
    }

    /// Whether a peer resets behind its own FIN.
    fn resets_behind(schedule: &Schedule) -> bool {
        let scripts = [&schedule.client, &schedule.origin];
        let both = |script: &&Script| {
            script.writer.contains(&Step::Fin) && script.writer.contains(&Step::Reset)
        };
        scripts.iter().any(both)
    }

    fn breaks_off(schedule: &Schedule) -> bool {
        let mut all = exchanges(schedule).iter();
        all.any(|exchange| exchange.request.cut.is_some())
    }

    fn spoils_a_later_connection(schedule: &Schedule) -> bool {
        let mut sites = schedule.faults.keys().map(|point| point.site);
        sites.any(|site| matches!(site, Site::Stream { number, .. } if number > 1))
    }

    #[test]
    fn who_ends_early_is_among_a_thousand_seeds() {
        for kind in KINDS {
            let behind = count(kind, resets_behind);
            assert!(behind > 20, "{behind} reset behind their FIN");
            let (http, cut) = (count(kind, is_http), count(kind, breaks_off));
            assert!(cut * 15 >= http, "{cut} of {http} break off");
            let later = count(kind, spoils_a_later_connection);
            assert!(
                later * 5 >= http,
                "{later} of {http} spoil what is dialled later"
            );
        }
    }

    #[test]
    fn each_way_to_fall_silent_in_http_is_among_a_thousand_seeds() {
        let drawn = |has: fn(&Schedule) -> bool| count(Kind::Http(Carrier::Tcp), has);
        let hangs = drawn(|s| s.client.writer.contains(&Step::Hang));
        let clients = drawn(|s| s.client.reader.stop.is_some());
        let origins = drawn(|s| s.origin.reader.stop.is_some());
        let late = drawn(|s| exchanges(s).iter().any(|one| one.response.is_overdue()));
        assert!(
            hangs > 20 && clients > 0 && origins > 0 && late > 0,
            "{hangs} {clients} {origins} {late}"
        );
    }
}

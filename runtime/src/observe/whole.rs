//! What is true of the whole process, and of no worker: its configuration, its endpoints, its sockets,
//! its drain, itself.
//!
//! It owns nothing for longer than a scrape, and asks nobody: whoever answers one fills it.

use super::{
    Metrics,
    names::{Family, label_value},
    sockets::Tally,
    usage::Usage,
};
use crate::tls::leaf::Leaf;
use std::collections::BTreeMap;
use tidegate_core::{session::Wait, time::Time};

/// How endpoints are counted.
pub(super) const ENDPOINT_STATES: [&str; 4] = ["available", "ejected", "unhealthy", "disabled"];

/// What a connection may wait for.
pub(super) const WAITS: usize = 16;

/// What is true of it.
#[derive(Clone, Debug, Default)]
pub struct Whole {
    /// Which configuration is served.
    pub generation: u64,
    /// How often it was read again: in order, and in vain.
    pub reloads: [u64; 2],
    /// When what is served was read, in seconds since 1970.
    pub reloaded_at: u64,
    /// The certificates of listeners.
    pub certificates: Vec<Certificate>,
    /// The clusters.
    pub clusters: Vec<Endpoints>,
    /// Its sockets, as the last look has seen them, and the time of whoever looks.
    pub sockets: (Tally, Time),
    /// Who is waited for in a drain, by what that waits for.
    pub remaining: BTreeMap<&'static str, u64>,
    /// What it takes of the machine.
    pub usage: Option<Usage>,
}

/// A certificate that a listener shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// The listener's name; none if it is the admin interface that shows it.
    pub listener: String,
    /// Its file.
    pub name: String,
    /// When that was read, in seconds since 1970.
    pub loaded: u64,
    /// What it says of itself.
    pub leaf: Leaf,
}

/// What an endpoint gets, for what is known of it by all workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gets {
    /// Requests.
    Work,
    /// Nothing: its checks have failed.
    Checks,
    /// Nothing: it has no weight.
    Nothing,
}

/// The endpoints of a cluster.
#[derive(Clone, Debug, Default)]
pub struct Endpoints {
    /// The cluster's name.
    pub cluster: String,
    /// Each by name and address, and whether it is to get work.
    pub members: Vec<(String, Gets)>,
    /// Health checks that were passed, and failed, if there are any.
    pub checks: Option<[u64; 2]>,
}

/// What a connection waits for, as a label has it.
#[must_use]
pub const fn waits(wait: Wait) -> &'static str {
    match wait {
        Wait::Turn => "endpoint",
        Wait::Connect => "connect",
        Wait::ProxyHeader => "proxy_header",
        Wait::Handshake => "handshake",
        Wait::Hello => "client_hello",
        Wait::Request => "request",
        Wait::RestOfRequest => "rest_of_request",
        Wait::Answer => "answer",
        Wait::RestOfAnswer => "rest_of_answer",
        Wait::Bytes => "bytes",
        Wait::Other => "other_leg",
        Wait::Room => "room",
        Wait::RoomForEnd => "room_for_end",
        Wait::Acknowledgement => "acknowledgement",
        Wait::LastWord => "last_word",
        Wait::Flush => "flush",
    }
}

impl Whole {
    /// `sums`: of all workers.
    pub(super) fn write(&self, out: &mut String, sums: &Metrics) {
        self.write_config(out, sums);
        self.write_certificates(out);
        self.write_endpoints(out, sums);
        let (tally, now) = &self.sockets;
        tally.write(out, *now);
        Family::REMAINING.head(out);
        for (wait, count) in &self.remaining {
            let labels = format!("waiting_for=\"{wait}\"");
            Family::REMAINING.sample(out, &labels, count);
        }
        if let Some(usage) = &self.usage {
            usage.write(out);
        }
    }

    fn write_config(&self, out: &mut String, sums: &Metrics) {
        Family::GENERATION.alone(out, self.generation);
        Family::GENERATION_CONNECTIONS.head(out);
        let of = |current: bool| -> u64 {
            let all = sums.generations.iter();
            let some = all.filter(|(generation, _)| (**generation == self.generation) == current);
            some.map(|(_, count)| count).sum()
        };
        for (word, current) in [("current", true), ("earlier", false)] {
            let labels = format!("generation=\"{word}\"");
            Family::GENERATION_CONNECTIONS.sample(out, &labels, of(current));
        }
        Family::RELOADS.head(out);
        for (word, count) in ["success", "failure"].iter().zip(self.reloads) {
            Family::RELOADS.sample(out, &format!("result=\"{word}\""), count);
        }
        Family::RELOADED.alone(out, self.reloaded_at);
    }

    fn write_certificates(&self, out: &mut String) {
        Family::CERTIFICATE.head(out);
        for one in &self.certificates {
            let (listener, name) = (label_value(&one.listener), label_value(&one.name));
            let labels = format!("listener=\"{listener}\",certificate=\"{name}\"");
            Family::CERTIFICATE.sample(out, &labels, one.leaf.not_after);
        }
    }

    fn write_endpoints(&self, out: &mut String, sums: &Metrics) {
        Family::ENDPOINTS.head(out);
        for one in &self.clusters {
            let ejected = sums.clusters.ejected(&one.cluster);
            let mut counts = [0_u64; ENDPOINT_STATES.len()];
            for (name, gets) in &one.members {
                let ejected = ejected.is_some_and(|ejected| ejected.contains(name));
                counts[match (gets, ejected) {
                    (Gets::Work, false) => 0,
                    (Gets::Work, true) => 1,
                    (Gets::Checks, _) => 2,
                    (Gets::Nothing, _) => 3,
                }] += 1;
            }
            let cluster = label_value(&one.cluster);
            for (state, count) in ENDPOINT_STATES.iter().zip(counts) {
                let labels = format!("cluster=\"{cluster}\",state=\"{state}\"");
                Family::ENDPOINTS.sample(out, &labels, count);
            }
        }
        Family::CHECKS.head(out);
        for one in &self.clusters {
            let cluster = label_value(&one.cluster);
            for (word, count) in ["success", "failure"]
                .iter()
                .zip(one.checks.iter().flatten())
            {
                let labels = format!("cluster=\"{cluster}\",result=\"{word}\"");
                Family::CHECKS.sample(out, &labels, count);
            }
        }
    }
}

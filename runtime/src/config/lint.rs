//! What is allowed, and probably not meant: things that nobody uses, and waits that do not go together
//! (LIFECYCLE section 3). Looked for in a configuration with nothing wrong in it; it stops nothing.

use crate::{
    config::{
        At, Cluster, Config, Listener, Protocol, UpstreamTimeouts, access,
        read::{Reader, Section},
        units::show_duration,
    },
    message::{Code, Message, Place},
};
use std::collections::BTreeSet;
use tidegate_core::{limits::Timeouts, time::Span, vigil::Keepalive};

/// When packet filters forget a half-closed connection (K26).
const FILTERS: Span = Span::from_secs(60);
/// When balancers forget an open one in which nothing moves.
const BALANCERS: Span = Span::from_secs(350);

/// The tables of the file, each in the order of what was made of them.
pub(super) struct Written<'t, 'i> {
    pub(super) listeners: Vec<Section<'t, 'i>>,
    pub(super) clusters: Vec<Section<'t, 'i>>,
    /// With the index of its listener.
    pub(super) routes: Vec<(usize, Section<'t, 'i>)>,
}

/// Looks at all of it, before it is sorted.
pub(super) fn look(reader: &mut Reader<'_>, config: &Config, written: &Written<'_, '_>) {
    unused(reader, config, written);
    for (cluster, section) in config.clusters.iter().zip(&written.clusters) {
        endpoints(reader, cluster, section);
        if let Some(keepalive) = cluster.timeouts.keepalive {
            forgotten(reader, section, keepalive);
        }
    }
    let mut said = BTreeSet::new();
    for (at, (listener, section)) in config.listeners.iter().zip(&written.listeners).enumerate() {
        balancer(reader, listener, section);
        forgotten(reader, section, listener.timeouts.keepalive);
        questions(reader, listener, section);
        flush(reader, &listener.timeouts, section);
        for (cluster, route) in led(listener) {
            let pair = Pair {
                listener,
                routed: route.response.is_some(),
                timeouts: route.over(config.timeouts(listener, cluster)),
                above: section,
                below: &written.clusters[cluster],
                routes: written.routes.iter().filter(|(of, _)| *of == at),
            };
            response(reader, &pair, &mut said);
            slow_readers(reader, &pair, &mut said);
        }
    }
}

/// A listener with a cluster that it leads to.
struct Pair<'a, 't, 'i, R> {
    listener: &'a Listener,
    timeouts: Timeouts,
    /// Whether a route has said how long an answer may take.
    routed: bool,
    above: &'a Section<'t, 'i>,
    below: &'a Section<'t, 'i>,
    routes: R,
}

/// The clusters that a listener leads to, and what its routes say of their waits.
fn led(listener: &Listener) -> Vec<(usize, UpstreamTimeouts)> {
    let plain = UpstreamTimeouts::default();
    match &listener.protocol {
        Protocol::Tcp(cluster) => vec![(*cluster, plain)],
        Protocol::Passthrough(table) => {
            let routes = table.routes().iter();
            routes.map(|route| (route.to, plain)).collect()
        }
        Protocol::Http(table) => {
            let routes = table.routes().iter();
            let all = routes.flat_map(|route| {
                let clusters = route.to.clusters();
                clusters.map(|cluster| (cluster, route.to.timeouts))
            });
            all.collect()
        }
    }
}

fn unused(reader: &mut Reader<'_>, config: &Config, written: &Written<'_, '_>) {
    let used: BTreeSet<usize> = config
        .listeners
        .iter()
        .flat_map(led)
        .map(|(cluster, _)| cluster)
        .collect();
    for (at, (cluster, section)) in config.clusters.iter().zip(&written.clusters).enumerate() {
        if used.contains(&at) {
            continue;
        }
        let what = format!("nothing leads to cluster `{}`", cluster.name);
        let place = section
            .get("name")
            .map_or(section.place(), |node| node.span());
        reader.say(
            Message::new(Code::UnusedCluster, what)
                .warning()
                .at(place, ""),
        );
    }
}

fn endpoints(reader: &mut Reader<'_>, cluster: &Cluster, section: &Section<'_, '_>) {
    let places = section.items("endpoints");
    let same = |one: &At, other: &At| one == other;
    for (at, endpoint) in cluster.endpoints.iter().enumerate() {
        let earlier = cluster.endpoints[..at].iter();
        let earlier = earlier.clone().position(|one| same(&one.at, &endpoint.at));
        let Some(earlier) = earlier else { continue };
        let what = format!("`{}` has {} twice", cluster.name, endpoint.authority);
        let message = Message::new(Code::DuplicateEndpoint, what).warning();
        let (here, first) = (places[at].clone(), places[earlier].clone());
        reader.say(message.at(here, "again here").and(first, "first here"));
    }
}

/// Whoever is in front must be the one to close.
fn balancer(reader: &mut Reader<'_>, listener: &Listener, section: &Section<'_, '_>) {
    let preset = section.get("behind").and_then(access::preset);
    let Some(preset) = preset else { return };
    if listener.timeouts.idle >= preset {
        return;
    }
    let what = "`idle` is shorter than `behind` asks for";
    let place = section.deep(&["timeouts", "idle"]);
    let message = Message::new(Code::IdleBelowBalancer, what).warning();
    let message = message.at(place, "").and(section.key_place("behind"), "");
    let (preset, idle) = (show_duration(preset), show_duration(listener.timeouts.idle));
    reader.say(message.note(format!(
        "it would be {preset}; with {idle} the balancer may use a connection that we have closed"
    )));
}

/// K26.
fn forgotten(reader: &mut Reader<'_>, section: &Section<'_, '_>, keepalive: Keepalive) {
    let default = Keepalive::DEFAULT;
    for (key, span, most, usual, whom) in [
        (
            "half_closed",
            keepalive.half_closed,
            FILTERS,
            default.half_closed,
            "packet filters forget a half-closed connection",
        ),
        (
            "established",
            keepalive.established,
            BALANCERS,
            default.established,
            "balancers forget a connection in which nothing moves",
        ),
    ] {
        if span < most {
            continue;
        }
        let what = format!("`{key}` asks too late");
        let message = Message::new(Code::KeepaliveForgotten, what).warning();
        let message = message.at(section.deep(&["keepalive", key]), "");
        let (most, usual) = (show_duration(most), show_duration(usual));
        reader.say(message.note(format!("{whom} after {most}; by default it is {usual}")));
    }
}

/// Keepalive finds who is dead before a backstop gives up who is silent.
fn questions(reader: &mut Reader<'_>, listener: &Listener, section: &Section<'_, '_>) {
    let waits = &listener.timeouts;
    let silence = waits.keepalive.silence();
    if silence <= waits.tunnel {
        return;
    }
    let what = "keepalive takes longer than `tunnel`";
    let keys: [&[&str]; 2] = [&["timeouts", "tunnel"], &["keepalive"]];
    let message = Message::new(Code::KeepaliveBeyondIdle, what).warning();
    let message = message.at(section.first(&keys), "");
    let (silence, tunnel) = (show_duration(silence), show_duration(waits.tunnel));
    reader.say(message.note(format!(
        "a dead peer is found after {silence}, and what is idle for {tunnel} is reset"
    )));
}

fn flush(reader: &mut Reader<'_>, waits: &Timeouts, section: &Section<'_, '_>) {
    if waits.flush_total <= waits.write {
        return;
    }
    let what = "`flush_total` is longer than `write`";
    let keys: [&[&str]; 2] = [&["timeouts", "flush_total"], &["timeouts", "write"]];
    let message = Message::new(Code::FlushBeyondWrite, what).warning();
    let message = message.at(section.first(&keys), "");
    let (flush, write) = (show_duration(waits.flush_total), show_duration(waits.write));
    reader.say(message.note(format!(
        "what is to be reset would be kept for {flush}, and what is alive for {write}"
    )));
}

/// No answer takes longer than the balancer that waits for it.
fn response<'r, 't: 'r, 'i: 'r>(
    reader: &mut Reader<'_>,
    pair: &Pair<'_, 't, 'i, impl Iterator<Item = &'r (usize, Section<'t, 'i>)> + Clone>,
    said: &mut BTreeSet<(usize, Code)>,
) {
    let (response, idle) = (pair.timeouts.response, pair.listener.timeouts.idle);
    let behind = pair.above.get("behind").and_then(access::preset);
    if behind.is_none() || response <= idle {
        return;
    }
    let key = ["timeouts", "response"];
    let place = match pair.routed {
        true => {
            let routes = pair.routes.clone();
            let mut places = routes.filter_map(|(_, section)| section.find(&key));
            let new = |place: &Place| !said.contains(&(place.start, Code::ResponseBeyondIdle));
            match places.find(new) {
                Some(place) => place,
                // Of each of them it was said.
                None => return,
            }
        }
        false => (pair.below.find(&key)).unwrap_or_else(|| pair.above.deep(&["timeouts", "idle"])),
    };
    let what = "an answer may take longer than `idle`";
    let message = Message::new(Code::ResponseBeyondIdle, what).warning();
    let (response, idle) = (show_duration(response), show_duration(idle));
    let name = &pair.listener.name;
    let note = format!("`response` is {response}, and `idle` of listener `{name}` is {idle}");
    once(reader, said, message.note(note), place);
}

/// K24.
fn slow_readers<R>(
    reader: &mut Reader<'_>,
    pair: &Pair<'_, '_, '_, R>,
    said: &mut BTreeSet<(usize, Code)>,
) {
    let waits = &pair.timeouts;
    let http = matches!(pair.listener.protocol, Protocol::Http(_));
    let longest = |write: Span, tunnel: Span| if http { write.max(tunnel) } else { write };
    for (keepalive, write, section) in [
        (
            waits.keepalive,
            longest(waits.write, waits.tunnel_write),
            pair.above,
        ),
        (
            waits.keepalive_up,
            longest(waits.write_up, waits.tunnel_write_up),
            pair.below,
        ),
    ] {
        let key = ["keepalive", "user_timeout"];
        let short = keepalive.user_timeout.filter(|limit| *limit < write);
        let (Some(short), Some(place)) = (short, section.find(&key)) else {
            continue;
        };
        let what = "`user_timeout` is shorter than a peer may take nothing";
        let message = Message::new(Code::UserTimeoutBelowWrite, what).warning();
        let (short, write) = (show_duration(short), show_duration(write));
        let note =
            format!("`write` or `tunnel_write` is {write}, and the kernel ends it after {short}");
        once(reader, said, message.note(note), place);
    }
}

/// Says it of a place only once, however many routes lead there.
fn once(
    reader: &mut Reader<'_>,
    said: &mut BTreeSet<(usize, Code)>,
    message: Message,
    place: Place,
) {
    if said.insert((place.start, message.code())) {
        reader.say(message.at(place, ""));
    }
}

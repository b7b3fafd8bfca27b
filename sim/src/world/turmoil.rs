//! A world on turmoil: three hosts, each with its own runtime, that move a millisecond at a time.

use super::{Cast, Net, Options, Outcome, Player, Proxy, panics, scene::Scene};
use crate::{
    net::SimNet,
    schedule::{Link, LinkAct, Schedule},
};
use std::{
    future::pending,
    net::IpAddr,
    time::{Duration, SystemTime},
};

/// Runs `schedule` with `proxy` between the peers.
pub(super) fn run(
    schedule: &Schedule,
    cast: &impl Cast,
    options: Options,
    proxy: impl Proxy,
) -> Outcome {
    let mut sim = builder(schedule, options).build();
    let hosts = ["client", "proxy", "origin"].map(|name| sim.lookup(name));
    let nets = [SimNet::new(), SimNet::new(), SimNet::new()];
    let (mut scene, players) = Scene::new(schedule, cast, options, nets, hosts, proxy);
    start(&mut sim, schedule, hosts, players);
    let mut events = schedule.links.iter().peekable();
    let mut now_ms = 0;
    let mut panic = None;
    while now_ms < options.budget_ms && panic.is_none() {
        while let Some(event) = events.next_if(|event| u64::from(event.at_ms) <= now_ms) {
            let peer = match event.link {
                Link::ClientProxy => hosts[0],
                Link::ProxyOrigin => hosts[2],
            };
            match event.act {
                LinkAct::Hold => sim.hold(peer, hosts[1]),
                LinkAct::Release => sim.release(peer, hosts[1]),
            }
        }
        let step = sim.step();
        now_ms += 1;
        panic = panics::taken().or(step.err().map(|error| error.to_string()));
        scene.stepped();
        if scene.is_over() && events.peek().is_none() {
            break;
        }
    }
    scene.outcome(Net::Turmoil, now_ms, panic)
}

/// Starts the hosts. None of them ever finishes, as a host that has does no longer close.
fn start(
    sim: &mut turmoil::Sim<'static>,
    schedule: &Schedule,
    hosts: [IpAddr; 3],
    players: [Player; 3],
) {
    for (host, player) in hosts.into_iter().zip(players) {
        sim.client(host, async move {
            player.await;
            pending().await
        });
    }
    let ways = schedule.latencies;
    for (peer, ms) in [(0, ways.client_proxy_ms), (2, ways.proxy_origin_ms)] {
        let latency = Duration::from_millis(u64::from(ms));
        sim.set_link_latency(hosts[peer], hosts[1], latency);
    }
}

fn builder(schedule: &Schedule, options: Options) -> turmoil::Builder {
    let mut builder = turmoil::Builder::new();
    builder
        .rng_seed(schedule.seed)
        .epoch(SystemTime::UNIX_EPOCH)
        .tick_duration(Duration::from_millis(1))
        .tcp_capacity(65_536)
        .simulation_duration(Duration::from_millis(options.budget_ms * 2));
    builder
}

//! A world on the fast network: time goes to whatever happens next, and all tasks are one list's.

use super::{Cast, Net, Options, Outcome, Player, Proxy, panics, scene::Scene};
use crate::{
    fast::{Executor, Fast},
    schedule::{Link, LinkAct, LinkEvent, Schedule},
    tls,
};
use std::{cell::Cell, rc::Rc};
use tidegate_core::time::{Span, Time};

/// The hosts.
const CLIENT: usize = 0;
const PROXY: usize = 1;
const ORIGIN: usize = 2;

/// Runs `schedule` with `proxy` between the peers.
pub(super) fn run(
    schedule: &Schedule,
    cast: &impl Cast,
    options: Options,
    proxy: impl Proxy,
) -> Outcome {
    let fast = Fast::new(3);
    let ways = schedule.latencies;
    for (peer, ms) in [
        (CLIENT, ways.client_proxy_ms),
        (ORIGIN, ways.proxy_origin_ms),
    ] {
        fast.set_latency(peer, PROXY, Span::from_ms(u64::from(ms)));
    }
    let nets = [CLIENT, PROXY, ORIGIN].map(|host| fast.host(host));
    let addresses = [CLIENT, PROXY, ORIGIN].map(|host| nets[host].address());
    let (mut scene, [client, proxy, origin]) =
        Scene::new(schedule, cast, options, nets, addresses, proxy);
    let mut tasks = Executor::new();
    let (proxy, ended) = until_its_end(proxy);
    // The proxy listens first, as it does on turmoil, where a client's SYN takes its time.
    for player in [proxy, origin, client] {
        tasks.spawn(player);
    }
    let mut events = schedule.links.iter().peekable();
    let mut panic = None;
    let end = Time::from_ms(options.budget_ms);
    while panic.is_none() {
        tasks.run();
        fast.beat();
        tasks.run();
        panic = panics::taken();
        scene.stepped();
        // The proxy's own end is part of a run: what it keeps is closed then, and its counters are read.
        let over = ended.get() && scene.is_over() && scene.is_let_go();
        if over && events.peek().is_none() {
            break;
        }
        // Where nothing happens next, nothing ever will.
        let event = events.peek().map(|event| at(event));
        let Some(next) = fast.next().into_iter().chain(event).min() else {
            break;
        };
        if next >= end {
            break;
        }
        while let Some(event) = events.next_if(|event| at(event) <= next) {
            act(&fast, event);
        }
        tls::set_time(next);
        fast.advance(next);
    }
    scene.outcome(Net::Fast, fast.now().as_ms(), panic)
}

/// A player, and whether it has come to its end. One that never does ends with what happens.
fn until_its_end(player: Player) -> (Player, Rc<Cell<bool>>) {
    let ended = Rc::new(Cell::new(false));
    let tell = Rc::clone(&ended);
    let told = async move {
        player.await;
        tell.set(true);
    };
    (Box::pin(told), ended)
}

fn at(event: &LinkEvent) -> Time {
    Time::from_ms(u64::from(event.at_ms))
}

fn act(fast: &Fast, event: &LinkEvent) {
    let peer = match event.link {
        Link::ClientProxy => CLIENT,
        Link::ProxyOrigin => ORIGIN,
    };
    match event.act {
        LinkAct::Hold => fast.hold(peer, PROXY),
        LinkAct::Release => fast.release(peer, PROXY),
    }
}

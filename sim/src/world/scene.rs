//! Who plays in a world, and what they have come to: the same on every network.
//!
//! It owns the peers' logs and knows when a run is over. It passes no time.

use super::{Backstage, Cast, Net, Options, Outcome, Places, Player, Proxy};
use crate::{
    fault::{Faulty, Timers},
    peer::{SharedLog, http::SharedHttpLog},
    schedule::Schedule,
    simulated::Simulated,
};
use std::{
    cell::RefCell,
    net::{IpAddr, SocketAddr},
    rc::Rc,
};

/// The ports: TLS or not, it is the schedule that says what is spoken.
const PROXY_PORT: u16 = 443;
const ORIGIN_PORT: u16 = 80;

/// A run in progress.
pub(super) struct Scene<N: Simulated> {
    client: SharedLog,
    origins: Rc<RefCell<Vec<SharedLog>>>,
    http: SharedHttpLog,
    /// Client, proxy, origin.
    nets: [N; 3],
    faulty: Faulty<N>,
    timers: Timers,
    most_inside: [u64; 2],
}

impl<N: Simulated> Scene<N> {
    /// A scene on three hosts' networks, and who plays in it: client, proxy, origin.
    pub(super) fn new(
        schedule: &Schedule,
        cast: &impl Cast,
        options: Options,
        nets: [N; 3],
        addresses: [IpAddr; 3],
        proxy: impl Proxy,
    ) -> (Scene<N>, [Player; 3]) {
        let plan = Rc::new(schedule.faults.clone());
        let scene = Scene {
            client: SharedLog::default(),
            origins: Rc::default(),
            http: Rc::default(),
            faulty: Faulty::new(nets[1].clone(), plan, options.timers),
            nets,
            timers: options.timers,
            most_inside: [0; 2],
        };
        let places = Places {
            listen: SocketAddr::new(addresses[1], PROXY_PORT),
            origin: SocketAddr::new(addresses[2], ORIGIN_PORT),
        };
        let client = Rc::clone(&scene.client);
        let proxy = proxy.start(scene.faulty.clone(), places, client);
        let [client, origin] = cast.players(Backstage {
            nets: [scene.nets[0].clone(), scene.nets[2].clone()],
            places,
            client: Rc::clone(&scene.client),
            origins: Rc::clone(&scene.origins),
            http: Rc::clone(&scene.http),
        });
        (scene, [client, proxy, origin])
    }

    /// A step of the world is over.
    pub(super) fn stepped(&mut self) {
        self.faulty.stepped();
        self.measure();
    }

    /// How many of the origin's connections wait for another request.
    fn idle(&self) -> usize {
        let (origins, http) = (self.origins.borrow(), self.http.borrow());
        let open = origins.iter().map(|log| log.borrow().done_at.is_none());
        open.zip(&http.idle)
            .filter(|(open, idle)| *open && **idle)
            .count()
    }

    fn peers_done(&self) -> bool {
        if self.client.borrow().done_at.is_none() {
            return false;
        }
        let origins = self.origins.borrow();
        let open = origins.iter().filter(|log| log.borrow().done_at.is_none());
        open.count() == self.idle()
    }

    fn peer_sockets(&self) -> usize {
        self.nets[0].open_sockets() + self.nets[2].open_sockets()
    }

    /// Whether everything has come to its end, but for connections that are kept.
    pub(super) fn is_over(&self) -> bool {
        self.peers_done()
            && self.nets[1].open_sockets() == self.idle()
            && self.peer_sockets() == self.idle()
    }

    /// Whether the proxy has closed every connection but those that are kept.
    pub(super) fn is_let_go(&self) -> bool {
        self.faulty.held() <= self.idle()
    }

    /// How much a relay holds between the peers.
    fn measure(&mut self) {
        let (client, origins) = (self.client.borrow(), self.origins.borrow());
        let Some(origin) = origins.first() else {
            return;
        };
        let origin = origin.borrow();
        let inside = [
            client.sent.bytes.saturating_sub(origin.seen.bytes),
            origin.sent.bytes.saturating_sub(client.seen.bytes),
        ];
        for (most, now) in self.most_inside.iter_mut().zip(inside) {
            *most = now.max(*most);
        }
    }

    /// What it has come to.
    pub(super) fn outcome(&self, net: Net, took_ms: u64, panic: Option<String>) -> Outcome {
        let origins = self.origins.borrow();
        Outcome {
            client: self.client.borrow().clone(),
            origins: origins.iter().map(|log| log.borrow().clone()).collect(),
            http: self.http.borrow().clone(),
            idle: self.idle(),
            peers_done: self.peers_done(),
            proxy_sockets: self.nets[1].open_sockets(),
            peer_sockets: self.peer_sockets(),
            failures: self.faulty.failures(),
            descriptors: self.faulty.held(),
            timers: self.timers,
            hasty_closes: self.faulty.hasty_closes(),
            second_ends: self.faulty.second_ends(),
            dropped: self.faulty.dropped(),
            forgotten: self.faulty.forgotten(),
            timers_fired: self.faulty.timers_fired(),
            most_inside: self.most_inside,
            net,
            took_ms,
            panic,
        }
    }
}

//! Peers that are not heard of any more: what a kernel makes of it, and the worker that ships.

use super::{Pair, look};
use crate::{
    fast::{Executor, Fast, FastNet},
    socket::Call::{Poll, Read, Shutdown, TakeError, Write},
};
use std::{
    cell::RefCell,
    net::SocketAddr,
    rc::Rc,
    task::{Context, Poll as Polled, Waker},
};
use tidegate::{
    config::{
        Balance, Choosing, Cluster, Config, Endpoint, Listener as Listening, Policy, Protocol,
        Queue, Retries, Share, UpstreamTimeouts,
    },
    net::{Buffers, Listener, Network, Stream},
    worker::{Extras, Site, Worker},
};
use tidegate_core::{
    leg::Leg,
    time::{Span, Time},
    vigil::{Keepalive, Vigil},
};

fn half_closed() -> Vigil {
    let mut leg = Leg::opened(false);
    if let Some(open) = leg.open_mut() {
        open.hinted = true;
    }
    let vigil = Keepalive::default().over(&leg, false, Span::from_secs(300));
    vigil.expect("the leg is open")
}

impl Pair {
    fn watch_a(&mut self, vigil: Vigil) {
        self.a.as_mut().expect("it is still held").watch(vigil);
    }

    /// Nothing arrives any more; how long `a` goes on.
    fn cut(&mut self) -> Span {
        let begun = self.fast.now();
        self.fast.cut(0, 1);
        super::pass(&self.fast);
        self.fast.now().since(begun)
    }
}

#[test]
fn k13_keepalive_asks_in_fin_wait_2_and_in_close_wait() {
    let mut pair = Pair::roomy();
    pair.watch_a(half_closed());
    assert_eq!(pair.a(&[Shutdown]), "ok");
    assert_eq!(pair.cut(), Span::from_secs(75));
    assert_eq!(pair.a(&[Read(1), Write(1)]), "ETIMEDOUT EPIPE");
    let mut pair = Pair::roomy();
    pair.watch_a(half_closed());
    assert_eq!(pair.b(&[Shutdown]), "ok");
    assert_eq!(pair.cut(), Span::from_ms(74_999));
    // K11: an end has been read, so only polls, writes and `SO_ERROR` tell.
    assert_eq!(pair.a(&[Poll]), "in+out+rdhup+hup+err");
    assert_eq!(pair.a(&[Read(1), TakeError]), "0 ETIMEDOUT");
}

#[test]
fn k13_an_open_connection_is_asked_for_longer() {
    let mut pair = Pair::roomy();
    pair.watch_a(Keepalive::default().open(Span::from_secs(60)));
    assert_eq!(pair.b(&[Write(1)]), "1");
    // The acknowledgement has taken 1 ms.
    assert_eq!(pair.cut(), Span::from_ms(119_999));
}

#[test]
fn k24_what_stays_unacknowledged_is_bounded_by_the_user_timeout() {
    let mut pair = Pair::roomy();
    pair.watch_a(Keepalive::default().open(Span::from_secs(300)));
    pair.fast.cut(0, 1);
    assert_eq!(pair.a(&[Write(9)]), "9");
    assert_eq!(pair.fast.now().as_ms() / 1_000, 300);
    assert_eq!(pair.a(&[Read(1)]), "ETIMEDOUT");
}

#[test]
fn who_is_heard_of_is_never_given_up() {
    let mut pair = Pair::roomy();
    pair.watch_a(half_closed());
    assert_eq!(pair.a(&[Write(9), Shutdown]), "9 ok");
    assert_eq!(pair.fast.next(), None, "nothing is spent on it");
}

fn nobody() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

/// The worker as it ships, a relay between host 0 and host 2, and its tasks.
pub(super) struct Relay {
    fast: Fast,
    tasks: Executor,
    worker: Rc<RefCell<Option<Worker<FastNet>>>>,
}

impl Relay {
    pub(super) fn new(listen: SocketAddr, origin: SocketAddr, fast: Fast, share: Share) -> Relay {
        Relay::to(listen, &[origin], fast, share)
    }

    /// To whichever of several.
    pub(super) fn to(
        listen: SocketAddr,
        origins: &[SocketAddr],
        fast: Fast,
        share: Share,
    ) -> Relay {
        let (config, site) = relay(listen, origins, share);
        Relay::serve(config, site, fast)
    }

    /// Whatever is configured.
    pub(super) fn serve(config: Config, site: Site, fast: Fast) -> Relay {
        let net = fast.host(1);
        let (worker, mut tasks) = (Rc::default(), Executor::new());
        let started: Rc<RefCell<Option<Worker<FastNet>>>> = Rc::clone(&worker);
        tasks.spawn(async move {
            let begun = Worker::start(net, &config, &[site], &Extras::default());
            let begun = begun.unwrap_or_else(|(at, error)| panic!("{at}: {error}"));
            *started.borrow_mut() = Some(begun);
        });
        tasks.run();
        Relay {
            fast,
            tasks,
            worker,
        }
    }

    /// Runs everything for so long.
    pub(super) fn run(&mut self, span: Span) {
        super::run(&self.fast, &mut self.tasks, span);
    }

    /// Lets pass whatever time it takes until something happens.
    pub(super) fn leap(&mut self) {
        self.tasks.run();
        if let Some(at) = self.fast.next() {
            self.fast.advance(at);
        }
        self.tasks.run();
    }

    pub(super) fn sessions(&self) -> usize {
        let worker = self.worker.borrow();
        worker.as_ref().map_or(0, Worker::sessions)
    }
}

pub(super) fn relay(listen: SocketAddr, origins: &[SocketAddr], share: Share) -> (Config, Site) {
    let protocol = Protocol::Tcp(0);
    let listener = Listening {
        name: "simulated".to_string(),
        bind: vec![listen],
        timeouts: protocol.default_timeouts(),
        protocol,
        tls: None,
        buffers: Buffers::default(),
        policy: Policy::default(),
        clients: None,
        forwarding: tidegate::config::Forwarding::default(),
        access: tidegate::config::Access::default(),
    };
    let endpoint = |origin: &SocketAddr| Endpoint {
        authority: origin.to_string(),
        at: (*origin).into(),
        share,
    };
    let cluster = Cluster {
        name: "origin".to_string(),
        endpoints: origins.iter().map(endpoint).collect(),
        balance: Balance::default(),
        choosing: Choosing::default(),
        queue: Some(Queue::default()),
        retries: Retries::default(),
        takes_connect: false,
        health: None,
        proxy_protocol: None,
        buffers: Buffers::default(),
        timeouts: UpstreamTimeouts::default(),
        tls: None,
    };
    let config = Config {
        listeners: vec![listener.clone()],
        clusters: vec![cluster],
        admin: tidegate::config::Admin::OFF,
        ..Config::default()
    };
    let site = Site {
        bind: vec![listen],
        listener,
        tls: None,
        admission: tidegate::admission::Admission::open(),
        origins: vec![None],
    };
    (config, site)
}

/// Nobody says anything, and one of the two is not there any more. Its kernel's questions find that
/// out, and the other one is told by a reset.
#[test]
fn s22_k25_r16_a_client_that_vanishes_half_closed_is_found_within_80_s() {
    let fast = Fast::new(3);
    let [client, proxy, origin] = [0, 1, 2].map(|host| fast.host(host));
    let listen: SocketAddr = (proxy.address(), 7).into();
    let at: SocketAddr = (origin.address(), 9).into();
    let mut listener = origin.listen(at, Buffers::default()).unwrap();
    let mut relay = Relay::new(listen, at, fast.clone(), Share::default());
    let mut connect = Box::pin(client.connect(listen, Buffers::default()));
    relay.run(Span::from_ms(20));
    let mut client = look(|cx| connect.as_mut().poll(cx)).unwrap().unwrap();
    let mut up = look(|cx| listener.poll_accept(cx)).unwrap().unwrap();
    assert_eq!(client.call(Shutdown).to_string(), "ok");
    relay.run(Span::from_ms(20));
    assert_eq!(up.call(Read(1)).to_string(), "0", "the end is passed on");
    fast.cut(0, 1);
    relay.run(Span::from_secs(70));
    assert_eq!(relay.sessions(), 1, "silence is allowed");
    assert!(up.poll_fault(&mut nobody()).is_pending());
    relay.run(Span::from_secs(10));
    assert_eq!(relay.sessions(), 0, "both legs are gone");
    assert!(matches!(up.poll_fault(&mut nobody()), Polled::Ready(_)));
    assert!(fast.now() <= Time::from_ms(80_100), "{:?}", fast.now());
}

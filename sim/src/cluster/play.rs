//! One plan, played: the worker that ships, with the checks of its endpoints, between clients and
//! endpoints on the fast network.
//!
//! It owns the hosts and the order of a run: the clients' requests; then every endpoint serves, and is
//! given time to be thought well of again; then one client asks for the calm's requests, one after the
//! other; then the proxy drains. It judges nothing.

use super::{
    client::Client,
    configured::{NAME, config, ms},
    log::{Entry, Log},
    origin::Origin,
    plan::{Method, Plan, Request},
};
use crate::{
    fast::{Capture, Executor, Fast, FastNet, Packet},
    fault::{self, Faulty, Timers},
    simulated::Simulated,
    world::{Fnv, panics},
};
use std::{
    cell::{Cell, RefCell},
    hash::{Hash, Hasher},
    net::SocketAddr,
    rc::Rc,
    sync::Arc,
};
use tidegate::{
    admission::Admission,
    check::{Checks, Known},
    config::{self, Config},
    crowd::Crowd,
    drain::Drain,
    linger::Lingering,
    members::{self, Roster},
    net::{Buffers, Network},
    observe::{Metrics, Observer},
    pool::Pool,
    upstream::Place,
    worker::{Extras, Site, Worker},
};
use tidegate_core::{
    time::{Span, Time},
    variant::Variant,
};

/// The hosts; endpoints are those from [`ORIGINS`] on.
pub(super) const CLIENTS: usize = 0;
pub(super) const PROXY: usize = 1;
const CHECKER: usize = 2;
pub(super) const ORIGINS: usize = 3;

/// The longest that a run may take, in simulated time.
const BUDGET: Time = Time::from_ms(120_000);

/// What a run came to.
#[derive(Clone, Debug)]
pub struct Played {
    /// What the peers have written down.
    pub log: Vec<Entry>,
    /// What was sent between the hosts.
    pub packets: Vec<Packet>,
    /// Which endpoints were up, as the proxy was told, from when on.
    pub told: Vec<(Time, Vec<bool>)>,
    /// The first request of the calm that is counted.
    pub counted: Option<usize>,
    /// Whether the proxy has come to the end of its drain.
    pub done: bool,
    /// What was left of the proxy then.
    pub left: Left,
    /// What the proxy tells of itself.
    pub metrics: Option<Metrics>,
    /// When it ended.
    pub took: Time,
    /// The first panic of any task.
    pub panic: Option<String>,
}

/// What was left of the proxy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Left {
    /// Connections that were not over.
    pub sockets: usize,
    /// Connections that it had not closed.
    pub descriptors: usize,
    /// Connections that it closed over what was not acknowledged.
    pub hasty: u32,
    /// Connections that it let go of without a close or a reset.
    pub dropped: u32,
}

impl Played {
    /// A number that is the same for the same run.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        let mut hash = Fnv::default();
        for entry in &self.log {
            hash.write(format!("{entry}\n").as_bytes());
        }
        (&self.packets, &self.told, self.took.0, self.done, self.left).hash(&mut hash);
        hash.finish()
    }
}

/// What the director of a run tells of it.
#[derive(Default)]
struct Told {
    done: Cell<bool>,
    counted: Cell<Option<usize>>,
    ups: RefCell<Vec<(Time, Vec<bool>)>>,
    metrics: RefCell<Option<Metrics>>,
    /// Clients that have come to their end.
    over: Cell<usize>,
}

/// Plays `plan`, with a wrong rule if one is asked for.
#[must_use]
pub fn play(plan: &Plan, variant: Option<Variant>) -> Played {
    tidegate::variant::break_rule(variant);
    let played = panics::watched(|| Stage::new(plan, variant).run());
    tidegate::variant::break_rule(None);
    played
}

struct Stage {
    fast: Fast,
    capture: Capture,
    tasks: Executor,
    faulty: Faulty<FastNet>,
    log: Log,
    told: Rc<Told>,
}

impl Stage {
    fn new(plan: &Plan, variant: Option<Variant>) -> Stage {
        let fast = Fast::new(ORIGINS + plan.endpoints.len());
        fast.set_latency(CLIENTS, PROXY, ms(plan.latency_ms));
        for (one, host) in plan.endpoints.iter().zip(ORIGINS..) {
            fast.set_latency(PROXY, host, ms(one.latency_ms));
        }
        let proxy = fast.host(PROXY);
        let stage = Stage {
            capture: fast.capture(),
            tasks: Executor::new(),
            faulty: Faulty::new(proxy, Rc::new(fault::Plan::default()), Timers::Running),
            log: Log::default(),
            told: Rc::default(),
            fast,
        };
        stage.cast(plan, variant);
        stage
    }

    fn cast(&self, plan: &Plan, variant: Option<Variant>) {
        let listen: SocketAddr = (self.fast.host(PROXY).address(), 80).into();
        let mut origins = Vec::new();
        let mut addresses = Vec::new();
        for (index, one) in plan.endpoints.iter().enumerate() {
            let net = self.fast.host(ORIGINS + index);
            let address: SocketAddr = (net.address(), 80).into();
            let origin = Origin::new(index, net, address, self.log.clone());
            self.tasks.spawn(Rc::clone(&origin).live(one.moods.clone()));
            origins.push(origin);
            addresses.push(address);
        }
        let config = config(plan, listen, &addresses);
        let roster = self.check(plan, &config.clusters[0]);
        let extras = extras(plan, variant, &roster);
        let client = || Client {
            net: self.fast.host(CLIENTS),
            proxy: listen,
            log: self.log.clone(),
        };
        let mut first = 0;
        for one in &plan.clients {
            let (client, told) = (client(), Rc::clone(&self.told));
            let (requests, begins) = (one.requests.clone(), Time::from_ms(one.at_ms.into()));
            let number = first;
            first += requests.len();
            self.tasks.spawn(async move {
                client.net.sleep_until(begins).await;
                client.ask(&requests, number).await;
                told.over.set(told.over.get() + 1);
            });
        }
        let run = direct(
            plan.clone(),
            (self.faulty.clone(), config, extras),
            client(),
            origins,
            Rc::clone(&self.told),
        );
        self.tasks.spawn(run);
    }

    /// Has the endpoints checked, if they are to be, and writes down what comes of it.
    fn check(&self, plan: &Plan, cluster: &config::Cluster) -> Roster {
        let roster = Roster::new(members::configured(cluster));
        let (mut news, told) = (roster.news(), Rc::clone(&self.told));
        let net = self.fast.host(CHECKER);
        let clock = net.clone();
        self.tasks.spawn(async move {
            loop {
                let ups = news
                    .borrow_and_update()
                    .all
                    .iter()
                    .map(|one| one.up)
                    .collect();
                told.ups.borrow_mut().push((clock.now(), ups));
                if news.changed().await.is_err() {
                    return;
                }
            }
        });
        let Some(health) = cluster.health.clone() else {
            return roster;
        };
        let checks = Checks {
            cluster: NAME.into(),
            health,
            buffers: Buffers::default(),
            origin: None,
            roster: roster.clone(),
            known: Arc::new(Known::default()),
        };
        let lingering = Lingering::new(9);
        let pool = Pool::new(
            net.clone(),
            lingering,
            Drain::default(),
            Observer::default(),
        );
        for (member, nth) in roster.members().all.iter().zip(0_u64..) {
            let (checks, pool) = (checks.clone(), pool.clone());
            let seed = plan.seed.wrapping_add(nth);
            let task = checks.run(net.clone(), pool, member.clone(), seed);
            self.tasks.spawn(task);
        }
        roster
    }

    fn run(mut self) -> Played {
        let mut panic = None;
        while panic.is_none() {
            self.tasks.run();
            self.faulty.stepped();
            panic = panics::taken();
            // What was closed last is acknowledged yet.
            let over = self.told.done.get() && self.faulty.open_sockets() == 0;
            match self.fast.next().filter(|next| *next < BUDGET && !over) {
                Some(next) => self.fast.advance(next),
                None => break,
            }
        }
        let told = &self.told;
        Played {
            log: self.log.entries(),
            packets: self.capture.packets(),
            told: told.ups.take(),
            counted: told.counted.get(),
            done: told.done.get(),
            left: Left {
                sockets: self.faulty.open_sockets(),
                descriptors: self.faulty.held(),
                hasty: self.faulty.hasty_closes(),
                dropped: self.faulty.dropped(),
            },
            metrics: told.metrics.take(),
            took: self.fast.now(),
            panic,
        }
    }
}

/// What happens when.
async fn direct(
    plan: Plan,
    (net, config, extras): (Faulty<FastNet>, Config, Extras),
    client: Client,
    origins: Vec<Rc<Origin>>,
    told: Rc<Told>,
) {
    let listener = config.listeners[0].clone();
    let site = Site {
        bind: listener.bind.clone(),
        listener,
        tls: None,
        admission: Admission::open(),
        origins: vec![None],
    };
    let observer = extras.observer.clone();
    let worker = Worker::start(net, &config, &[site], &extras)
        .unwrap_or_else(|(address, error)| panic!("cannot listen at {address}: {error}"));
    let clock = client.net.clone();
    let sleep = |ms: u32| clock.sleep_until(clock.now() + Span::from_ms(u64::from(ms)));
    while told.over.get() < plan.clients.len() {
        sleep(10).await;
    }
    origins.iter().for_each(|origin| origin.calm_down());
    sleep(plan.recovery_ms()).await;
    if plan.calm > 0 {
        let first = plan.requests().count();
        // Who comes back is noticed, and begins slowly, when somebody asks.
        client.ask(&vec![CALM; plan.endpoints.len()], first).await;
        sleep(plan.slow_start_ms + 1).await;
        let first = first + plan.endpoints.len();
        told.counted.set(Some(first));
        let count = (plan.calm * plan.weight()) as usize;
        client.ask(&vec![CALM; count], first).await;
    }
    worker.drain(std::future::pending()).await;
    *told.metrics.borrow_mut() = Some(observer.metrics(clock.now()));
    told.done.set(true);
}

/// A request of the calm.
pub(super) const CALM: Request = Request {
    after_ms: 0,
    method: Method::Get,
    body_bytes: 0,
    pause_ms: 0,
    close: false,
    leaves: None,
};

fn extras(plan: &Plan, variant: Option<Variant>, roster: &Roster) -> Extras {
    Extras {
        setup: Rc::new(move |mut setup| {
            setup.variant = variant;
            setup
        }),
        taps: Rc::new(|_| None),
        // A wrong rule is to be caught by what the peers see, not by its own confession.
        paranoid: variant.is_none(),
        ink: None,
        observer: Observer::default(),
        // Every other one puts away whoever is idle.
        crowd: Crowd::new(if plan.seed.is_multiple_of(2) {
            0
        } else {
            usize::MAX
        }),
        seed: plan.seed,
        place: Place::ONLY,
        news: vec![Some(roster.news())],
        ..Extras::default()
    }
}

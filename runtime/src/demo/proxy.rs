//! The proxy that the demo shows: one worker on the kernel's sockets, with a tap on each session.
//!
//! It owns the worker's thread and hears the rows of its sessions. It waits for a word or, when it
//! serves, for an interrupt; either way it drains. What it runs is what production runs.

use crate::{
    config::{
        self, Balance, Choosing, Cluster, Config, Endpoint, Policy, Protocol, Retries, Share,
        UpstreamTimeouts,
    },
    net::{Buffers, kernel::Kernel},
    tap::Tap,
    worker::{Extras, Site, Worker},
};
use rustls::ServerConfig;
use std::{
    cell::Cell,
    collections::BTreeMap,
    io,
    net::{Ipv4Addr, SocketAddr},
    rc::Rc,
    sync::{Arc, mpsc},
    thread::{self, JoinHandle},
    time::Duration,
};
use tidegate_core::{
    effect::Effect,
    event::Event,
    limits::Limits,
    relay::Source,
    route::{Route, Table},
    session::Session,
    side::Side,
    time::Time,
    timer::Timer,
    trace::Row,
};
use tokio::{runtime::Builder, sync::oneshot, task::LocalSet};

/// How long a drain may take before it counts as failed.
const DRAIN: Duration = Duration::from_secs(5);

/// How long to wait for the last rows of sessions whose clients are gone.
const LAST_ROWS: Duration = Duration::from_secs(3);

/// One row and what the judge wants to know of it.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// When, since the session began.
    pub(super) at: Time,
    /// The row, counting from the session's beginning.
    pub(super) row: Row,
    /// Whether a timer ran out.
    pub(super) fired: bool,
    /// How many timers were armed.
    pub(super) armed: usize,
    /// Whether the origin was held.
    pub(super) held: bool,
    /// Whether it was the session's last.
    pub(super) over: bool,
}

/// The rows of one session.
#[derive(Clone, Debug, Default)]
pub(super) struct Trace {
    /// In order.
    pub(super) lines: Vec<Line>,
}

impl Trace {
    /// Whether the session came to its end.
    pub(super) fn is_over(&self) -> bool {
        self.lines.last().is_some_and(|line| line.over)
    }
}

/// What to run.
#[derive(Debug)]
pub(super) struct Plan {
    /// The certificate.
    pub(super) tls: Arc<ServerConfig>,
    /// Where requests go.
    pub(super) origin: SocketAddr,
    /// Buffers of the clients' sockets.
    pub(super) buffers: Buffers,
    /// How much a session may hold.
    pub(super) limits: Limits,
}

/// Until when to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Until {
    /// Now.
    Now,
    /// The user interrupts.
    Interrupt,
}

/// A running proxy.
#[derive(Debug)]
pub(super) struct Proxy {
    /// Where it listens.
    pub(super) address: SocketAddr,
    until: oneshot::Sender<Until>,
    thread: JoinHandle<bool>,
    rows: mpsc::Receiver<(u64, Line)>,
    traces: BTreeMap<u64, Trace>,
}

impl Proxy {
    /// Starts it.
    pub(super) fn start(plan: Plan) -> io::Result<Proxy> {
        let (told, rows) = mpsc::channel();
        let (ready, address) = mpsc::channel();
        let (until, word) = oneshot::channel();
        let thread = thread::Builder::new()
            .name("demo-proxy".to_string())
            .spawn(move || work(&plan, told, &ready, word))?;
        let address = address.recv().map_err(io::Error::other)??;
        Ok(Proxy {
            address,
            until,
            thread,
            rows,
            traces: BTreeMap::new(),
        })
    }

    /// The traces of all sessions so far, the first first, once `sessions` of them are over or
    /// nothing more comes.
    pub(super) fn traces(&mut self, sessions: usize) -> Vec<&Trace> {
        while self.traces.values().filter(|one| one.is_over()).count() < sessions {
            match self.rows.recv_timeout(LAST_ROWS) {
                Ok((session, line)) => self.traces.entry(session).or_default().lines.push(line),
                Err(_) => break,
            }
        }
        self.traces.values().collect()
    }

    /// Drains it; whether every connection was closed in time.
    pub(super) fn drain(self) -> bool {
        // A worker that is gone has panicked, which `join` tells.
        let _heard = self.until.send(Until::Now);
        self.thread.join().unwrap_or(false)
    }

    /// Serves until the user interrupts, and hands over each session's trace when it is over.
    pub(super) fn serve(self, mut show: impl FnMut(&Trace) -> io::Result<()>) -> io::Result<bool> {
        let _heard = self.until.send(Until::Interrupt);
        let mut traces: BTreeMap<u64, Trace> = BTreeMap::new();
        while let Ok((session, line)) = self.rows.recv() {
            let over = line.over;
            traces.entry(session).or_default().lines.push(line);
            if !over {
                continue;
            }
            if let Some(trace) = traces.remove(&session) {
                show(&trace)?;
            }
        }
        Ok(self.thread.join().unwrap_or(false))
    }
}

type Ready = mpsc::Sender<io::Result<SocketAddr>>;

/// The life of the worker's thread; whether it drained in time.
fn work(
    plan: &Plan,
    told: mpsc::Sender<(u64, Line)>,
    ready: &Ready,
    word: oneshot::Receiver<Until>,
) -> bool {
    let runtime = match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return ready.send(Err(error)).is_ok(),
    };
    let local = LocalSet::new();
    runtime.block_on(local.run_until(async move {
        let (config, site) = site(plan);
        let started = Worker::start(Kernel::new(), &config, &[site], &extras(told));
        let worker = match started {
            Ok(worker) => worker,
            Err((_, error)) => return ready.send(Err(error)).is_ok(),
        };
        let Some(&address) = worker.addresses().first() else {
            return false;
        };
        let _heard = ready.send(Ok(address));
        if word.await == Ok(Until::Interrupt) && tokio::signal::ctrl_c().await.is_err() {
            return false;
        }
        worker.drain(tokio::time::sleep(DRAIN)).await == 0
    }))
}

fn site(plan: &Plan) -> (Config, Site) {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let protocol = Protocol::Http(Table::new(vec![Route::new(None, "/", config::Plan::to(0))]));
    let listener = config::Listener {
        name: "demo".to_string(),
        bind: vec![any],
        timeouts: protocol.default_timeouts(),
        protocol,
        tls: None, // It is made in memory, and handed over below.
        buffers: plan.buffers,
        policy: Policy::default(),
        clients: None,
        forwarding: config::Forwarding::default(),
        access: config::Access::default(),
    };
    let cluster = Cluster {
        name: "demo".to_string(),
        endpoints: vec![Endpoint {
            authority: plan.origin.to_string(),
            at: plan.origin.into(),
            share: Share::default(),
        }],
        balance: Balance::default(),
        choosing: Choosing::default(),
        queue: Some(config::Queue::default()),
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
        limits: plan.limits,
        admin: config::Admin::OFF,
        ..Config::default()
    };
    let site = Site {
        bind: vec![any],
        listener,
        tls: Some(Arc::clone(&plan.tls)),
        admission: crate::admission::Admission::open(),
        origins: vec![None],
    };
    (config, site)
}

fn extras(told: mpsc::Sender<(u64, Line)>) -> Extras {
    let taps = move |session| -> Option<Box<dyn Tap>> {
        Some(Box::new(Telling {
            session,
            told: told.clone(),
            began: Cell::new(None),
        }))
    };
    Extras {
        taps: Rc::new(taps),
        ..Extras::default()
    }
}

/// A tap that sends what it hears to the demo's thread.
struct Telling {
    session: u64,
    told: mpsc::Sender<(u64, Line)>,
    began: Cell<Option<Time>>,
}

impl Tap for Telling {
    fn step(
        &mut self,
        now: Time,
        event: Event,
        before: &Session,
        after: &Session,
        effects: &[Effect],
    ) {
        if matches!(event, Event::Routed(_)) {
            return;
        }
        let began = self.began.get().unwrap_or(now);
        self.began.set(Some(began));
        let at = Time(now.since(began).0);
        let held = |session: &Session| session.from(Side::Up).source() == Source::Held;
        let newly = |timer: &Timer| after.timers().armed(*timer) && !before.timers().armed(*timer);
        let line = Line {
            at,
            row: Row::new(at, event, before, after, effects),
            fired: matches!(event, Event::Fired),
            armed: Timer::ALL.iter().filter(|timer| newly(timer)).count(),
            held: held(after) && !held(before),
            over: after.is_closed(),
        };
        // Nobody listens any more once the demo has what it wants.
        let _heard = self.told.send((self.session, line));
    }
}

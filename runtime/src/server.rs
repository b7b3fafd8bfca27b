//! The process: workers on threads, signals, the drain and its deadline.
//!
//! It owns the threads. Nothing on the data path crosses them: each worker has its own listeners
//! (`SO_REUSEPORT`), sessions and pool, and hears only a few words from here: serve by this, drain, be
//! over, stop.

mod ask;
mod changes;
mod checked;
mod claim;
mod confined;
mod control;
mod deadline;
mod facts;
mod files;
mod inherited;
mod keep;
mod lead;
mod ledger;
mod memory;
mod plan;
mod privileges;
mod reload;
mod seldom;
mod signals;
mod supervised;
mod trouble;
mod upgrade;
mod watcher;
mod words;
mod work;

pub use self::{
    ask::{Answers, Workers},
    changes::{Changed, Wish},
    control::{Again, ClusterStatus, EndpointStatus, Process, Refused, Reloaded, Status, Upgraded},
    facts::Facts,
    files::Files,
    inherited::Inherited,
    upgrade::{Before, Wanted},
    words::Readiness,
};
use self::{
    claim::claim,
    control::Control,
    keep::keep,
    lead::Lead,
    reload::Current,
    signals::Signals,
    trouble::cannot_start,
    upgrade::Upgrades,
    watcher::Watch,
    words::Word,
    work::{Common, work},
};
use crate::{
    admin::{self, Admin},
    check::Known,
    clock::WallTime,
    config::{self, Config, Noted},
    log::{Log, Place},
    message::{Code, Message},
    net::kernel::Shares,
    observe::Metrics,
    tls::{files::reason, provider::provider},
};
use rustls::time_provider::TimeProvider;
use std::{
    mem,
    net::SocketAddr,
    num::NonZeroUsize,
    sync::{Arc, mpsc},
    thread::{self, JoinHandle},
};
use tokio::sync::{
    mpsc::{UnboundedReceiver, unbounded_channel},
    oneshot, watch,
};

/// How serving ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Served {
    /// Everything in flight was finished.
    Drained,
    /// The deadline, or a second signal, closed sessions by force.
    Forced,
}

/// A server that has begun to serve.
#[derive(Debug)]
pub struct Server {
    /// Where each listener listens, in the order of the configuration; ports are the real ones.
    pub addresses: Vec<Vec<SocketAddr>>,
    /// What the open-file limit allows.
    pub files: Files,
    word: watch::Sender<Word>,
    workers: Vec<JoinHandle<(Served, Metrics)>>,
    /// Dropped once the workers are: their last lines are written.
    log: Log,
    signals: Signals,
    upgrades: Upgrades,
    current: Current,
    control: UnboundedReceiver<Control>,
    asks: Workers,
    /// Where an operator asks; gone, it is closed.
    pub admin: Admin,
}

impl Server {
    /// Loads certificates, listens everywhere and begins to serve, or does none of it.
    ///
    /// # Errors
    ///
    /// What cannot be loaded or listened at, or that whoever serves until now goes on.
    pub fn start(
        config: &Config,
        mut inherited: Inherited,
        before: Option<&Before>,
    ) -> Result<Server, Message> {
        let upgrades = Upgrades::new();
        let (provider, files) = (provider(), Files::raised());
        let signals = Signals::new().map_err(|error| cannot_start(&error))?;
        let (process, time) = (files.seats(), Arc::new(WallTime) as Arc<dyn TimeProvider>);
        let (known, shares) = (Arc::new(Known::default()), Shares::of(workers(config)));
        let machine = (&provider, &time);
        let claimed = claim(config, machine, &process, (None, &mut inherited))?;
        for (at, given) in claimed.given {
            let sockets = given.into_iter().map(|given| given.socket);
            shares.sockets().give(at, sockets, workers(config));
        }
        // Threads that are there already would be left out.
        let confined = confined::confine(config);
        let (rosters, keeper) = keep(config, &known, &provider, &time, &|cluster| {
            inherited.members(cluster)
        })?;
        let log = log(config)?;
        let common = Arc::new(Common {
            config: config.clone(),
            sites: claimed.sites,
            shares: Arc::clone(&shares),
            rosters,
            inks: (0..workers(config)).map(|_| log.ink()).collect(),
            workers: workers(config),
        });
        let (word, _) = watch::channel(Word::Start);
        let (process_words, control) = unbounded_channel();
        let doors = mem::take(&mut inherited.admin);
        let mut server = Server {
            files,
            control,
            admin: Admin::default(),
            asks: Workers::default(),
            addresses: common.sites.iter().map(|site| site.bind.clone()).collect(),
            word,
            workers: Vec::new(),
            log,
            signals,
            upgrades,
            current: Current {
                facts: Facts::new(&common, claimed.certificates, &known),
                common,
                keeper,
                known,
                process,
                provider,
                time,
                shares,
                orders: Vec::new(),
                inherited,
                generation: 1,
                confined,
                admin: None,
            },
        };
        server.hire().inspect_err(|_| server.say(Word::Stop))?;
        // The workers listen themselves now.
        drop(claimed.held);
        let opened = server.open((&config.admin, doors), Process(process_words));
        let begun = opened.and_then(|()| server.begin(before));
        begun.inspect_err(|_| server.say(Word::Stop))?;
        Ok(server)
    }

    /// Starts the workers, each listening everywhere.
    fn hire(&mut self) -> Result<(), Message> {
        let (told, tells) = mpsc::channel();
        for index in 0..self.current.common.workers {
            let common = Arc::clone(&self.current.common);
            let (order, orders) = unbounded_channel();
            let (ask, asked) = unbounded_channel();
            let (words, told) = ((self.word.subscribe(), orders, asked), told.clone());
            self.asks.ways.push(ask);
            let ledger = self.asks.ledger.clone();
            let worker = thread::Builder::new()
                .name(format!("worker-{index}"))
                .spawn(move || work((index, &ledger), &common, words, &told))
                .map_err(|error| cannot_start(&error))?;
            self.workers.push(worker);
            self.current.orders.push(order);
        }
        for _ in 0..self.workers.len() {
            let gone = |_| Message::new(Code::WorkerFailed, "a worker did not start");
            tells.recv().map_err(gone).and_then(|told| told)?;
        }
        Ok(())
    }

    /// Opens a door for an operator.
    fn open(
        &mut self,
        (doors, given): (&config::Admin, admin::Given),
        process: Process,
    ) -> Result<(), Message> {
        let asked = admin::Asked {
            process,
            workers: self.asks.clone(),
            facts: self.current.facts.clone(),
            readiness: self.readiness(),
        };
        let with = (&self.current.provider, &self.current.time);
        self.admin = admin::start(doors, given, asked, with)?;
        self.current.admin.clone_from(&self.admin.secure);
        Ok(())
    }

    /// Begins to serve; after whoever serves until now has said that we may.
    fn begin(&mut self, before: Option<&Before>) -> Result<(), Message> {
        privileges::give_up(&self.current.common.config, self.admin.unix.as_deref())?;
        if let Some(before) = before {
            let may = before.ready(self.admin.was_given());
            may.map_err(|why| Message::new(Code::WorkerFailed, why))?;
        } else {
            self.current.inherited.tell_unused();
        }
        self.say(Word::Serve);
        if let Some(before) = before {
            // Whoever served until now has them too, and serves those who wait there (G2).
            self.current.inherited.close_unused();
            self.admin.takes_over();
            before.serving();
        }
        Ok(())
    }

    fn say(&self, word: Word) {
        // A worker that is gone needs no word.
        self.word.send_replace(word);
    }

    /// Whether it wants more connections.
    #[must_use]
    pub fn readiness(&self) -> Readiness {
        Readiness(self.word.subscribe())
    }

    /// Serves until a signal, or until an operator says so: the first one drains, a second one, or the
    /// deadline, ends what is left by force. SIGHUP has `again` read the configuration, if it can be
    /// read, and serves by it; so does a change of what was `noted`, if that is configured.
    #[must_use]
    pub fn run(self, again: &mut Again<'_>, noted: &Noted) -> Served {
        let Server {
            word,
            workers,
            signals,
            upgrades,
            current,
            control,
            admin,
            log,
            asks,
            ..
        } = self;
        let lead = Lead {
            word,
            current,
            control,
            over: joined(workers),
            workers: asks,
            upgrades,
            watch: Watch::default(),
            noted: noted.clone(),
            admin,
            log,
        };
        signals.lead(lead, again)
    }

    /// Stops at once: what is in flight is reset.
    pub fn stop(self) {
        self.say(Word::Stop);
        for worker in self.workers {
            // A worker that panicked has said so already.
            let _ended = worker.join();
        }
    }
}

/// Waits for every worker, on a thread of its own, whatever became of the ones before it.
fn joined(workers: Vec<JoinHandle<(Served, Metrics)>>) -> oneshot::Receiver<Served> {
    let (done, over) = oneshot::channel();
    thread::spawn(move || {
        let (mut all, mut metrics) = (Served::Drained, Metrics::default());
        for worker in workers {
            // One that panicked has said so, and has no sums to add.
            let (served, sums) = worker
                .join()
                .unwrap_or((Served::Forced, Metrics::default()));
            metrics.add(&sums);
            if served == Served::Forced {
                all = Served::Forced;
            }
        }
        metrics.log();
        // Nobody waits for this after a second signal and its stop.
        let _heard = done.send(all);
    });
    over
}

/// Opens the log as it is configured.
fn log(config: &Config) -> Result<Log, Message> {
    Log::start(&config.log).map_err(|error| {
        let what = match &config.log.to {
            Place::File(path) => format!("cannot open the log {}", path.display()),
            Place::Stdout | Place::Stderr => "cannot start the log".to_owned(),
        };
        Message::new(Code::CannotLog, what).note(reason(&error))
    })
}

fn workers(config: &Config) -> usize {
    let cores = || thread::available_parallelism().map_or(1, NonZeroUsize::get);
    config.workers.map_or_else(cores, NonZeroUsize::get)
}

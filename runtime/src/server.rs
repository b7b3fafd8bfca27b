//! The process: workers on threads, signals, the drain and its deadline.
//!
//! It owns the threads. Nothing on the data path crosses them: each worker has its own listeners
//! (`SO_REUSEPORT`), sessions and pool, and hears only a few words from here: serve by this, drain, be
//! over, stop.

mod ask;
mod checked;
mod claim;
mod control;
mod facts;
mod files;
mod keep;
mod lead;
mod memory;
mod plan;
mod reload;
mod supervised;
mod trouble;
mod work;

pub use self::{
    ask::{Answers, Workers},
    control::{Again, ClusterStatus, Process, Reloaded, Status},
    facts::Facts,
    files::Files,
};
use self::{
    claim::claim,
    control::Control,
    keep::keep,
    lead::Lead,
    reload::Current,
    trouble::cannot_start,
    work::{Common, work},
};
use crate::{
    admin::{self, Admin},
    check::Known,
    clock::WallTime,
    config::{self, Config},
    log::{Log, Place},
    message::{Code, Message},
    net::kernel::Shares,
    observe::Metrics,
    tls::{files::reason, provider::provider},
};
use rustls::time_provider::TimeProvider;
use std::{
    io,
    net::SocketAddr,
    num::NonZeroUsize,
    sync::{Arc, mpsc},
    thread::{self, JoinHandle},
};
use tokio::{
    runtime::{Builder, Runtime},
    signal::unix::{Signal, SignalKind, signal},
    sync::{
        mpsc::{UnboundedReceiver, unbounded_channel},
        oneshot, watch,
    },
};

/// The words for a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Word {
    Serve,
    /// Not ready any more; connections are still accepted (G1).
    Leave,
    Drain,
    /// The drain has lasted as long as it may (G9).
    Expired,
    Stop,
}

/// Whether the process wants more connections: false from the first signal on, before any listener
/// closes (G1). Ask it from any thread.
#[derive(Clone, Debug)]
pub struct Readiness(watch::Receiver<Word>);

impl Readiness {
    /// Whether it is ready.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        *self.0.borrow() == Word::Serve
    }

    /// Whether it waits for those that it has to end.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        *self.0.borrow() >= Word::Drain
    }
}

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
    current: Current,
    control: UnboundedReceiver<Control>,
    asks: Workers,
    /// Where an operator asks; gone, it is closed.
    pub admin: Admin,
}

/// The signals that end serving or change it, waited for from before the first connection on: later there may
/// be no descriptor left to wait with.
#[derive(Debug)]
struct Signals {
    waiting: Runtime,
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
    user1: Signal,
}

impl Signals {
    fn new() -> io::Result<Signals> {
        let waiting = Builder::new_current_thread().enable_all().build()?;
        let (terminate, interrupt, hangup, user1) = waiting.block_on(async {
            io::Result::Ok((
                signal(SignalKind::terminate())?,
                signal(SignalKind::interrupt())?,
                signal(SignalKind::hangup())?,
                signal(SignalKind::user_defined1())?,
            ))
        })?;
        Ok(Signals {
            waiting,
            terminate,
            interrupt,
            hangup,
            user1,
        })
    }
}

impl Server {
    /// Loads certificates, listens everywhere and begins to serve, or does none of it.
    ///
    /// # Errors
    ///
    /// What cannot be loaded or listened at.
    pub fn start(config: &Config) -> Result<Server, Message> {
        let (provider, files) = (provider(), Files::raised());
        let signals = Signals::new().map_err(|error| cannot_start(&error))?;
        let (process, time) = (files.seats(), Arc::new(WallTime) as Arc<dyn TimeProvider>);
        let claimed = claim(config, (&provider, &time), &process, None)?;
        let known = Arc::new(Known::default());
        let (rosters, keeper) = keep(config, &known, &provider, &time, &|_| None)?;
        let log = log(config)?;
        let inks = (0..workers(config)).map(|_| log.ink()).collect();
        let (word, words) = watch::channel(Word::Serve);
        let shares = Shares::of(workers(config));
        let common = Arc::new(Common {
            config: config.clone(),
            sites: claimed.sites,
            shares: Arc::clone(&shares),
            rosters,
            inks,
            workers: workers(config),
        });
        let (process_words, control) = unbounded_channel();
        let readiness = Readiness(words.clone());
        let mut asks = Vec::new();
        let mut server = Server {
            files,
            control,
            admin: Admin::default(),
            asks: Workers(Vec::new()),
            addresses: common.sites.iter().map(|site| site.bind.clone()).collect(),
            word,
            workers: Vec::new(),
            log,
            signals,
            current: Current {
                common: Arc::clone(&common),
                keeper,
                facts: Facts::new(&common, claimed.certificates, &known),
                known,
                process,
                provider,
                time,
                shares,
                orders: Vec::new(),
                generation: 1,
            },
        };
        let (told, tells) = mpsc::channel();
        for index in 0..common.workers {
            let common = Arc::clone(&common);
            let (order, orders) = unbounded_channel();
            let (ask, asked) = unbounded_channel();
            let (words, told) = ((words.clone(), orders, asked), told.clone());
            asks.push(ask);
            let worker = thread::Builder::new()
                .name(format!("worker-{index}"))
                .spawn(move || work(index, &common, words, &told))
                .map_err(|error| cannot_start(&error))?;
            server.workers.push(worker);
            server.current.orders.push(order);
        }
        for _ in 0..server.workers.len() {
            let gone = |_| Message::new(Code::WorkerFailed, "a worker did not start");
            let told = tells.recv().map_err(gone).and_then(|told| told);
            told.inspect_err(|_| server.say(Word::Stop))?;
        }
        // The workers listen themselves now.
        drop(claimed.held);
        server.asks = Workers(asks);
        server.opened(&config.admin, Process(process_words), readiness)
    }

    /// With a door for an operator.
    fn opened(
        mut self,
        doors: &config::Admin,
        process: Process,
        readiness: Readiness,
    ) -> Result<Server, Message> {
        let asked = admin::Asked {
            process,
            workers: self.asks.clone(),
            facts: self.current.facts.clone(),
            readiness,
        };
        let admin = admin::start(doors, asked);
        self.admin = admin.inspect_err(|_| self.say(Word::Stop))?;
        Ok(self)
    }

    fn say(&self, word: Word) {
        // A worker that is gone needs no word.
        let _heard = self.word.send(word);
    }

    /// Whether it wants more connections.
    #[must_use]
    pub fn readiness(&self) -> Readiness {
        Readiness(self.word.subscribe())
    }

    /// Serves until a signal, or until an operator says so: the first one drains, a second one, or the
    /// deadline, ends what is left by force. SIGHUP has `again` read the configuration, if it can be
    /// read, and serves by it.
    #[must_use]
    pub fn run(self, again: &mut Again<'_>) -> Served {
        let Server {
            word,
            workers,
            signals,
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
            log,
        };
        let served = signals.lead(lead, again);
        // Whoever asks of it is no connection of its, and is not waited for.
        drop(admin);
        served
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g1_from_the_first_signal_on_it_is_not_ready() {
        let (word, words) = watch::channel(Word::Serve);
        let readiness = Readiness(words);
        assert!(readiness.is_ready());
        for later in [Word::Leave, Word::Drain, Word::Expired, Word::Stop] {
            let _heard = word.send(later);
            assert!(!readiness.is_ready(), "{later:?}");
        }
    }
}

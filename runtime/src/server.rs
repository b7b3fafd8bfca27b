//! The process: workers on threads, signals, the drain and its deadline.
//!
//! It owns the threads. Nothing on the data path crosses them: each worker has its own listeners
//! (`SO_REUSEPORT`), sessions and pool, and hears only three words from here: drain, be over, stop.

mod files;
mod keep;
mod trouble;
mod work;

pub use self::files::Files;
use self::{
    keep::{Keeper, keep},
    trouble::{cannot_bind, cannot_start},
    work::{Common, work},
};
use crate::{
    admission::{Admission, Seats},
    check::Known,
    clock::WallTime,
    config::{self, Config},
    message::{Code, Message},
    net::kernel::{self, Claim, Shares},
    observe::Metrics,
    tls::{accept, origin, provider::provider},
    worker::Site,
};
use rustls::{crypto::CryptoProvider, time_provider::TimeProvider};
use std::{
    hash::{BuildHasher, RandomState},
    io,
    net::SocketAddr,
    num::NonZeroUsize,
    sync::{Arc, mpsc},
    thread::{self, JoinHandle},
    time::Duration,
};
use tidegate_core::time::Span;
use tokio::{
    runtime::{Builder, Runtime},
    signal::unix::{Signal, SignalKind, signal},
    sync::{oneshot, watch},
    time::sleep,
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

/// How long workers may take to be over once they have been told.
const GRACE: Duration = Duration::from_secs(1);

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
    shares: Arc<Shares>,
    workers: Vec<JoinHandle<(Served, Metrics)>>,
    drain: config::Drain,
    signals: Signals,
    keeper: Option<Keeper>,
}

/// The signals that end serving, waited for from before the first connection on: later there may
/// be no descriptor left to wait with.
#[derive(Debug)]
struct Signals {
    waiting: Runtime,
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> io::Result<Signals> {
        let waiting = Builder::new_current_thread().enable_all().build()?;
        let (terminate, interrupt) = waiting.block_on(async {
            io::Result::Ok((
                signal(SignalKind::terminate())?,
                signal(SignalKind::interrupt())?,
            ))
        })?;
        Ok(Signals {
            waiting,
            terminate,
            interrupt,
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
        let provider = provider();
        let files = Files::raised();
        let signals = Signals::new().map_err(|error| cannot_start(&error))?;
        let (sites, _held) = claim(config, &provider, &files.seats())?;
        // What is known of endpoints outlives a keeper: a next one begins with it.
        let known = Arc::new(Known::default());
        let time: Arc<dyn TimeProvider> = Arc::new(WallTime);
        let (rosters, keeper) = keep(config, &known, &provider, &time)?;
        let (word, words) = watch::channel(Word::Serve);
        let mut server = Server {
            files,
            addresses: sites.iter().map(|site| site.bind.clone()).collect(),
            word,
            shares: Shares::of(workers(config)),
            workers: Vec::new(),
            drain: config.drain,
            signals,
            keeper,
        };
        let common = Arc::new(Common {
            config: config.clone(),
            sites,
            shares: Arc::clone(&server.shares),
            rosters,
            workers: workers(config),
        });
        let (told, tells) = mpsc::channel();
        for index in 0..workers(config) {
            let common = Arc::clone(&common);
            let (words, told) = (words.clone(), told.clone());
            let worker = thread::Builder::new()
                .name(format!("worker-{index}"))
                .spawn(move || work(index, &common, words, &told))
                .map_err(|error| cannot_start(&error))?;
            server.workers.push(worker);
        }
        for _ in 0..server.workers.len() {
            match tells.recv() {
                Ok(Ok(())) => {}
                Ok(Err(message)) => {
                    server.say(Word::Stop);
                    return Err(message);
                }
                Err(_) => return Err(Message::new(Code::WorkerFailed, "a worker did not start")),
            }
        }
        Ok(server)
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

    /// Serves until a signal: the first one drains, a second one, or the deadline, ends what is
    /// left by force.
    #[must_use]
    pub fn run(self) -> Served {
        let Server {
            word,
            shares,
            workers,
            drain,
            signals,
            // Endpoints are checked for as long as anybody may be sent to them.
            keeper: _keeper,
            ..
        } = self;
        let Signals {
            waiting,
            mut terminate,
            mut interrupt,
        } = signals;
        let (done, mut over) = oneshot::channel();
        thread::spawn(move || {
            // Every worker is waited for, whatever became of the ones before it.
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
        // A worker that is gone needs no word.
        let say = |it: Word| {
            let _heard = word.send(it);
        };
        waiting.block_on(async {
            signalled(&mut terminate, &mut interrupt).await;
            say(Word::Leave);
            let (delay, limit) = (wait(drain.pre_delay), wait(drain.timeout));
            if !delay.is_zero() {
                tracing::info!(?delay, "not ready any more; connections are still accepted");
            }
            let leave = async {
                sleep(delay).await;
                tracing::info!(deadline = ?limit, "draining; a second signal stops");
                shares.close();
                say(Word::Drain);
                sleep(limit).await;
                tracing::warn!("the drain deadline has passed; what is left is reset");
                say(Word::Expired);
                sleep(GRACE).await;
            };
            tokio::select! {
                served = &mut over => return served.unwrap_or(Served::Forced),
                () = signalled(&mut terminate, &mut interrupt) => {}
                () = leave => {}
            }
            say(Word::Stop);
            over.await.unwrap_or(Served::Forced)
        })
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

/// Loads what each listener needs, and makes its addresses ours: for as long as the claims live, until
/// the workers listen themselves.
fn claim(
    config: &Config,
    provider: &Arc<CryptoProvider>,
    process: &Arc<Seats>,
) -> Result<(Vec<Site>, Vec<Vec<Claim>>), Message> {
    let seed = RandomState::new().hash_one(0);
    let mut claims = Vec::new();
    let mut sites = Vec::new();
    for listener in &config.listeners {
        let time: Arc<dyn TimeProvider> = Arc::new(WallTime);
        let tls = accept::load(listener, provider, &time)?;
        let origins = origin::load(
            &config.clusters,
            listener.protocol.spoken(),
            provider,
            &time,
        )?;
        let held = listener
            .bind
            .iter()
            .map(|&address| kernel::claim(address).map_err(|error| cannot_bind(address, &error)))
            .collect::<Result<Vec<Claim>, _>>()?;
        sites.push(Site {
            bind: held.iter().map(|claim| claim.address).collect(),
            listener: listener.clone(),
            tls,
            admission: Admission::new(
                &listener.name,
                listener.access.clone(),
                Arc::clone(process),
                seed,
            ),
            origins,
        });
        claims.push(held);
    }
    Ok((sites, claims))
}

async fn signalled(terminate: &mut Signal, interrupt: &mut Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

fn wait(span: Span) -> Duration {
    Duration::from_micros(span.0)
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

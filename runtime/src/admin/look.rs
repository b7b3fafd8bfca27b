//! The sockets of the process, looked at every few seconds and whenever somebody asks.
//!
//! It owns what the last look has seen. The kernel lists the sockets, on a thread where that keeps
//! nobody waiting; where it may not, each session is asked for its own. A look takes time where there
//! are many sockets: then there are fewer looks, and whoever asks is told of the last one.

use super::{
    Asked,
    joined::{self, Without},
    query::Filter,
};
use crate::{
    clock::Clock,
    net::kernel,
    observe::{
        Conn,
        sockets::{Held, Own, Owner, Places, Seen, Socket, Tally},
    },
    roll::{Order, Said},
    server::Answers,
};
use rustix::{io::Errno, process::geteuid};
use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    fs,
    os::unix::fs::MetadataExt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tidegate_core::{
    side::Side,
    time::{Span, Time},
};
use tokio::{
    task::spawn_blocking,
    time::{sleep, timeout},
};

/// How often it is looked at least: so coarse an age is.
const EVERY: Span = Span::from_secs(5);
/// Who asks so soon behind a look is told of that one.
const FRESH: Span = Span::from_secs(1);
/// So much longer than a look takes nothing is looked at.
const REST: u64 = 50;
/// Who asks waits for a look for so long.
const PATIENCE: Duration = Duration::from_secs(3);

/// What looks.
#[derive(Debug)]
pub(super) struct Sockets {
    clock: Clock,
    /// The look that is under way has it.
    seen: Arc<Mutex<Seen>>,
    last: RefCell<Tally>,
    /// When nobody need look again yet.
    due: Cell<Time>,
    under_way: Cell<bool>,
    /// When whoever asks again and again is told of them again.
    sample_due: Cell<Time>,
    /// The kernel does not list them: that was said.
    asks_sessions: Cell<bool>,
}

impl Sockets {
    pub(super) fn new() -> Self {
        Sockets {
            clock: Clock::start(),
            seen: Arc::default(),
            last: RefCell::default(),
            due: Cell::default(),
            under_way: Cell::default(),
            sample_due: Cell::default(),
            asks_sessions: Cell::default(),
        }
    }

    /// Looks, for ever.
    pub(super) async fn watch(&self, asked: &Asked) {
        loop {
            self.look(asked).await;
            let now = self.clock.now();
            let next = (now + EVERY).max(self.due.get());
            sleep(Duration::from_micros(next.since(now).0)).await;
        }
    }

    /// What there is, and the time of this answer.
    pub(super) async fn now(&self, asked: &Asked) -> (Tally, Time) {
        if self.clock.now() >= self.due.get() {
            // What a look finds that takes longer is for the next who asks.
            let _late = timeout(PATIENCE, self.look(asked)).await;
        }
        (self.last.borrow().clone(), self.clock.now())
    }

    async fn look(&self, asked: &Asked) {
        if self.under_way.replace(true) {
            return;
        }
        let _over = Over(&self.under_way);
        let begun = self.clock.now();
        let tally = match self.asks_sessions.get() {
            false => self.ask_kernel(asked).await,
            true => None,
        };
        let tally = match tally {
            Some(tally) => tally,
            None => self.ask_sessions(asked).await,
        };
        *self.last.borrow_mut() = tally;
        let now = self.clock.now();
        let took = now.since(begun);
        self.due.set(now + FRESH.max(Span(took.0 * REST)));
    }

    /// The connections that are meant, with their sockets as the kernel lists them, and the sockets that
    /// none of them has; as each connection says of its own where the kernel lists none.
    pub(super) async fn connections(
        &self,
        asked: &Asked,
        filter: &Filter,
    ) -> (Answers<Said>, Option<Without>) {
        let before = self.each(asked).await;
        let mut all = asked.workers.sessions(None, Order::Look).await;
        let mut without = None;
        if let Some((before, _)) = before
            && let Some((behind, now)) = self.each(asked).await
        {
            joined::join(&mut all.answers, &behind, now);
            // Whoever does not answer has sockets, too.
            if all.silent.is_empty() {
                let behind = (&*behind, now);
                without = Some(joined::without(&all.answers, &before, behind, filter));
            }
        }
        all.answers.retain(|said| filter.means(said));
        (all, without)
    }

    /// The same of all, for who asks again and again: where there are so many sockets that a list takes
    /// long, most answers are without it.
    pub(super) async fn sampled(&self, asked: &Asked) -> (Answers<Said>, Option<Without>) {
        let begun = self.clock.now();
        if begun < self.sample_due.get() {
            return (asked.workers.sessions(None, Order::Look).await, None);
        }
        let all = self.connections(asked, &Filter::default()).await;
        let now = self.clock.now();
        self.sample_due.set(now + Span(now.since(begun).0 * REST));
        all
    }

    /// Each of our sockets, now; nothing where the kernel does not tell.
    pub(super) async fn each(&self, asked: &Asked) -> Option<(Vec<Held>, Time)> {
        if self.asks_sessions.get() {
            return None;
        }
        let listed = self.list(asked, |seen, now, sockets, places, own| {
            let mut all = Vec::new();
            seen.each(now, sockets, places, own, |held| all.push(held));
            all
        });
        Some((listed.await??, self.clock.now()))
    }

    /// Nothing where the kernel does not tell.
    async fn ask_kernel(&self, asked: &Asked) -> Option<Tally> {
        match self.list(asked, Seen::look).await? {
            Some(tally) => Some(tally),
            // A look that failed inside has said so, and the next one may go well.
            None => Some(self.last.borrow().clone()),
        }
    }

    /// What `read` makes of all sockets of the machine, on a thread that may wait for them: nothing where
    /// the kernel does not tell, and nothing inside that where the look has failed.
    async fn list<T: Send + 'static>(
        &self,
        asked: &Asked,
        read: impl FnOnce(&mut Seen, Time, &[Socket], &Places, &mut Own<'_>) -> T + Send + 'static,
    ) -> Option<Option<T>> {
        let (facts, seen, clock) = (asked.facts.clone(), Arc::clone(&self.seen), self.clock);
        let listed = spawn_blocking(move || {
            let all = kernel::connections()?;
            // A list of what was seen is whole, whatever happened to its last holder.
            let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            let mut own = Own {
                user: geteuid().as_raw(),
                inodes: &mut inodes,
            };
            std::io::Result::Ok(read(
                &mut seen,
                clock.now(),
                &all,
                &facts.places(),
                &mut own,
            ))
        });
        match listed.await {
            Ok(Ok(found)) => Some(Some(found)),
            Ok(Err(error)) if !is_for_good(&error) => {
                tracing::warn!(%error, "the kernel did not list sockets this time");
                Some(None)
            }
            Ok(Err(error)) => {
                let why = error.to_string();
                tracing::warn!(
                    why,
                    "the kernel does not list sockets (sock_diag): sessions are asked for theirs, \
                     and connections without a session are not counted"
                );
                self.asks_sessions.set(true);
                None
            }
            Err(_) => Some(None),
        }
    }

    async fn ask_sessions(&self, asked: &Asked) -> Tally {
        let all = asked.workers.sessions(None, Order::Look).await.answers;
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.hear(self.clock.now(), all.iter().flat_map(legs))
    }
}

/// Whether the kernel will not list them the next time either: it may not, or knows of no such thing. Anything
/// else is a lack of something, which passes.
fn is_for_good(error: &std::io::Error) -> bool {
    let for_good = [
        Errno::PERM,
        Errno::ACCESS,
        Errno::PROTONOSUPPORT,
        Errno::AFNOSUPPORT,
        Errno::OPNOTSUPP,
        Errno::NOSYS,
        Errno::NOENT,
    ];
    Errno::from_io_error(error).is_none_or(|errno| for_good.contains(&errno))
}

/// Whoever gives up waiting for a look leaves it to the next.
struct Over<'a>(&'a Cell<bool>);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

/// The inodes of this process' descriptors.
fn inodes() -> Option<BTreeSet<u32>> {
    let all = fs::read_dir("/proc/self/fd").ok()?;
    // Some are gone by the time they are looked at, and such an inode is nobody's.
    let inode = |entry: std::io::Result<fs::DirEntry>| {
        let found = fs::metadata(entry.ok()?.path()).ok()?;
        u32::try_from(found.ino()).ok()
    };
    Some(all.filter_map(inode).collect())
}

/// What a session says of its legs.
fn legs(said: &Said) -> impl Iterator<Item = (u64, Owner, &'static str)> {
    let leg = |side: Side| {
        let state = said.legs[side as usize].as_ref()?.look.state?;
        let owner = match side {
            Side::Down => Owner::Listener(said.listener.as_str().into()),
            Side::Up => Owner::Cluster(said.cluster.as_deref()?.into()),
        };
        Some((number(said.conn, side), owner, state))
    };
    Side::BOTH.into_iter().filter_map(leg)
}

fn number(conn: Conn, side: Side) -> u64 {
    conn.number() << 1 | u64::from(side == Side::Up)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lack_of_descriptors_passes_and_a_refusal_does_not() {
        for (errno, for_good) in [
            (Errno::MFILE, false),
            (Errno::NFILE, false),
            (Errno::NOMEM, false),
            (Errno::NOBUFS, false),
            (Errno::AGAIN, false),
            (Errno::ACCESS, true),
            (Errno::PROTONOSUPPORT, true),
        ] {
            assert_eq!(is_for_good(&errno.into()), for_good, "{errno}");
        }
    }
}

//! How connections are shared among workers.
//!
//! The kernel spreads them over the listeners of one address by a hash, so that by chance a worker can
//! have many more than another. Whoever accepts one while another worker has fewer by more than
//! [`SLACK`] hands it over, before anything was read. So the shares differ by no more than that, and
//! by what is on its way; behind that moment nothing of a connection crosses threads.
//!
//! It owns the counts, and a letter box for each listener. It waits for nothing. The lock is taken to
//! hand a connection over, and never otherwise while serving.

use super::sockets::Sockets;
use socket2::Socket;
use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Connections that a worker may have more than another, whatever their number.
const SLACK: usize = 8;

/// And for so many that the other has, one more: to hand one over costs a wake-up.
const RELATIVE: usize = 16;

/// A connection on its way to another worker.
pub(super) type Handed = (Socket, SocketAddr);

/// The shares of all workers of a process.
#[derive(Debug)]
pub struct Shares {
    open: Vec<Open>,
    boxes: Mutex<Boxes>,
    sockets: Sockets,
}

/// Connections that a worker has accepted or was handed and that are not closed; each worker writes
/// its own, on a cache line of its own.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Open(AtomicUsize);

#[derive(Debug, Default)]
struct Boxes {
    /// The youngest last: one that a failed reload has opened goes, and the one before is left.
    to: BTreeMap<(SocketAddr, usize), Vec<UnboundedSender<Handed>>>,
    /// Whether nothing is handed over any more: what was is in its box by then.
    closed: bool,
    /// The same of single addresses.
    closing: BTreeSet<SocketAddr>,
}

impl Shares {
    /// Those of so many workers.
    #[must_use]
    pub fn of(workers: usize) -> Arc<Shares> {
        Arc::new(Shares {
            open: (0..workers).map(|_| Open::default()).collect(),
            boxes: Mutex::default(),
            sockets: Sockets::default(),
        })
    }

    /// The listening sockets of the process.
    #[must_use]
    pub fn sockets(&self) -> &Sockets {
        &self.sockets
    }

    /// From now on every worker keeps what it accepts. Said before the workers are told to drain: each
    /// empties its boxes, and closes its listeners behind that (G2).
    pub fn close(&self) {
        self.boxes().closed = true;
    }

    /// The same of what is accepted at `address`, until somebody listens there anew.
    pub fn close_at(&self, address: SocketAddr) {
        self.boxes().closing.insert(address);
    }

    /// How many connections each worker has.
    #[must_use]
    pub fn counts(&self) -> Vec<usize> {
        let count = |open: &Open| open.0.load(Ordering::Relaxed);
        self.open.iter().map(count).collect()
    }

    fn boxes(&self) -> std::sync::MutexGuard<'_, Boxes> {
        // A map of letter boxes is whole whatever happened to its last holder.
        self.boxes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The worker that a connection of `mine` should go to, if that is another one.
    fn better(&self, mine: usize) -> Option<usize> {
        let count = |worker: usize| self.open[worker].0.load(Ordering::Relaxed);
        let least = (0..self.open.len()).min_by_key(|worker| count(*worker))?;
        let fair = count(least) + SLACK + count(least) / RELATIVE;
        (count(mine) >= fair).then_some(least)
    }
}

/// One worker's part in it.
#[derive(Clone, Debug)]
pub struct Share {
    shares: Arc<Shares>,
    worker: usize,
}

impl Share {
    /// The part of the worker with this number.
    #[must_use]
    pub fn new(shares: Arc<Shares>, worker: usize) -> Share {
        Share { shares, worker }
    }

    /// What this worker was given to listen at `address` with.
    pub(super) fn given(&self, address: SocketAddr) -> Vec<Arc<Socket>> {
        self.shares.sockets.take(address, self.worker)
    }

    /// Further holds of what this worker listens at `address` with, or of what another one does.
    pub(super) fn shared(&self, address: SocketAddr) -> io::Result<Vec<Socket>> {
        self.shares.sockets.shared(address, self.worker)
    }

    /// This worker listens at `address` with it from now on.
    pub(super) fn opened(&self, address: SocketAddr, socket: &Arc<Socket>) {
        self.shares.sockets.opened(address, self.worker, socket);
    }

    /// The letter box of this worker's listener at `address`.
    pub(super) fn listens(&self, address: SocketAddr) -> LetterBox {
        let (to, from) = unbounded_channel();
        let mut boxes = self.shares.boxes();
        boxes.closing.remove(&address);
        let mine = boxes.to.entry((address, self.worker)).or_default();
        mine.retain(|to| !to.is_closed());
        mine.push(to);
        LetterBox {
            from,
            share: self.clone(),
        }
    }

    /// A connection was accepted at `address`: it stays, or goes to a worker that has fewer.
    pub(super) fn place(&self, address: SocketAddr, accepted: Handed) -> Option<Handed> {
        let Some(other) = self.shares.better(self.worker) else {
            return Some(accepted);
        };
        let boxes = self.shares.boxes();
        let theirs = boxes.to.get(&(address, other));
        match theirs.and_then(|all| all.iter().rfind(|to| !to.is_closed())) {
            Some(to) if !boxes.closed && !boxes.closing.contains(&address) => {
                // Counted by whoever has it, at once: the next one must not go there for want of it.
                self.shares.open[other].0.fetch_add(1, Ordering::Relaxed);
                let Err(refused) = to.send(accepted) else {
                    return None;
                };
                self.shares.open[other].0.fetch_sub(1, Ordering::Relaxed);
                Some(refused.0)
            }
            Some(_) | None => Some(accepted),
        }
    }

    /// A connection that this worker keeps; with `counted` it was counted as it was handed over.
    pub(super) fn keep(&self, counted: bool) -> Kept {
        if !counted {
            self.shares.open[self.worker]
                .0
                .fetch_add(1, Ordering::Relaxed);
        }
        Kept(self.clone())
    }
}

/// Where others put what they hand over to one listener.
#[derive(Debug)]
pub(super) struct LetterBox {
    from: UnboundedReceiver<Handed>,
    share: Share,
}

impl LetterBox {
    /// Takes one out, which was counted as it was put in.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<(Handed, Kept)> {
        match self.from.poll_recv(cx) {
            Poll::Ready(Some(handed)) => Poll::Ready((handed, self.share.keep(true))),
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }

    #[cfg(test)]
    pub(super) fn take(&mut self) -> Option<Kept> {
        let mut cx = Context::from_waker(std::task::Waker::noop());
        match self.poll(&mut cx) {
            Poll::Ready((_, kept)) => Some(kept),
            Poll::Pending => None,
        }
    }
}

impl Drop for LetterBox {
    /// Who is still in it counts no more.
    fn drop(&mut self) {
        {
            // Nobody is about to put one in.
            let _boxes = self.share.shares.boxes();
            self.from.close();
        }
        while self.from.try_recv().is_ok() {
            drop(self.share.keep(true));
        }
    }
}

/// Counts one connection, for as long as it lives.
#[derive(Debug)]
pub(super) struct Kept(Share);

impl Drop for Kept {
    fn drop(&mut self) {
        let Share { shares, worker } = &self.0;
        shares.open[*worker].0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use socket2::{Domain, Type};

    fn connection() -> Handed {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        (socket, SocketAddr::from(([192, 0, 2, 1], 1)))
    }

    fn here() -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 9], 80))
    }

    #[test]
    fn no_worker_has_many_more_than_another() {
        let shares = Shares::of(3);
        let part = |worker| Share::new(Arc::clone(&shares), worker);
        let mut boxes: Vec<_> = (0..3).map(|worker| part(worker).listens(here())).collect();
        let mut kept = Vec::new();
        // All of them come to one.
        for _ in 0..300 {
            match part(0).place(here(), connection()) {
                Some(_) => kept.push(part(0).keep(false)),
                None => kept.push((1..3).find_map(|other| boxes[other].take()).unwrap()),
            }
        }
        let counts = shares.counts();
        let (least, most) = (counts.iter().min().unwrap(), counts.iter().max().unwrap());
        assert_eq!(counts.iter().sum::<usize>(), 300);
        assert!(most - least <= SLACK + least / RELATIVE, "{counts:?}");
        kept.clear();
        assert_eq!(shares.counts(), [0, 0, 0]);
    }

    #[test]
    fn g2_behind_the_last_hour_everybody_keeps_what_comes() {
        let shares = Shares::of(2);
        let part = |worker| Share::new(Arc::clone(&shares), worker);
        let mut other = part(1).listens(here());
        let _kept: Vec<_> = (0..3 * SLACK).map(|_| part(0).keep(false)).collect();
        assert!(part(0).place(here(), connection()).is_none());
        // The shares are as unequal as before.
        shares.close();
        assert!(part(0).place(here(), connection()).is_some());
        assert!(other.take().is_some(), "what was handed over is there");
        assert!(other.take().is_none());
    }

    #[test]
    fn behind_the_last_hour_of_an_address_everybody_keeps_what_comes_there() {
        let shares = Shares::of(2);
        let part = |worker| Share::new(Arc::clone(&shares), worker);
        let elsewhere = SocketAddr::from(([192, 0, 2, 9], 81));
        let _boxes = [here(), elsewhere].map(|address| part(1).listens(address));
        let _kept: Vec<_> = (0..3 * SLACK).map(|_| part(0).keep(false)).collect();
        shares.close_at(here());
        assert!(part(0).place(here(), connection()).is_some());
        assert!(part(0).place(elsewhere, connection()).is_none());
        // Somebody listens there again.
        let _again = part(1).listens(here());
        assert!(part(0).place(here(), connection()).is_none());
    }

    #[test]
    fn who_listens_no_more_is_handed_nothing() {
        let shares = Shares::of(2);
        let part = |worker| Share::new(Arc::clone(&shares), worker);
        drop(part(1).listens(here()));
        let _kept: Vec<_> = (0..SLACK).map(|_| part(0).keep(false)).collect();
        assert!(part(0).place(here(), connection()).is_some());
        assert_eq!(shares.counts(), [SLACK, 0]);
    }
}

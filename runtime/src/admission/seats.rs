//! Seats: so many connections, and no more. Whoever finds none waits, and is woken by whoever leaves.
//!
//! It owns one count and the wakers of those who accept; there are as many of those as there are
//! workers and listeners, so all are woken. No wake-up can be lost: who waits looks again behind having
//! said so, and who leaves has counted before it looks for somebody.

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{
            AtomicBool, AtomicU64, AtomicUsize,
            Ordering::{Relaxed, SeqCst},
        },
    },
    task::{Context, Poll, Waker},
};

/// What is full, for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pause {
    /// A listener, by its name.
    Listener(Box<str>),
    /// The process: as many as its descriptors allow.
    Process,
}

/// So many seats.
#[derive(Debug)]
pub struct Seats {
    most: usize,
    of: Pause,
    /// Nobody gets one, whoever has left.
    shut: AtomicBool,
    taken: AtomicUsize,
    /// How often a connection has left.
    left: AtomicU64,
    /// Whether somebody waits.
    awaited: AtomicBool,
    waiting: Mutex<Vec<Waker>>,
    /// Whether the log was told that they are all taken.
    told: AtomicBool,
    pauses: AtomicU64,
}

impl Seats {
    /// So many, at least one.
    #[must_use]
    pub fn new(most: usize, of: Pause) -> Arc<Seats> {
        Arc::new(Seats {
            most: most.max(1),
            of,
            shut: AtomicBool::new(false),
            taken: AtomicUsize::new(0),
            left: AtomicU64::new(0),
            awaited: AtomicBool::new(false),
            waiting: Mutex::default(),
            told: AtomicBool::new(false),
            pauses: AtomicU64::new(0),
        })
    }

    /// As many as anybody wants.
    #[must_use]
    pub fn unlimited() -> Arc<Seats> {
        Seats::new(usize::MAX, Pause::Process)
    }

    /// How many are taken.
    #[must_use]
    pub fn taken(&self) -> usize {
        self.taken.load(Relaxed)
    }

    /// How often the log was told that all are taken.
    #[must_use]
    pub fn pauses(&self) -> u64 {
        self.pauses.load(Relaxed)
    }

    /// Takes one; pending as long as there is none.
    pub(super) fn poll_take(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.take() {
            return Poll::Ready(());
        }
        self.wait(cx);
        // Somebody may have left before that was heard.
        if self.take() {
            return Poll::Ready(());
        }
        let shut = self.shut.load(SeqCst);
        if !shut && !self.told.swap(true, SeqCst) {
            self.pauses.fetch_add(1, Relaxed);
            tracing::warn!(connections = self.most, "{self}: accepting pauses");
        }
        Poll::Pending
    }

    /// Whether nobody gets one for now, for a reason that is not theirs; who shuts them tells the log.
    pub fn shut(&self, shut: bool) {
        self.shut.store(shut, SeqCst);
        if !shut {
            self.wake();
        }
    }

    /// Ready once a connection has left since `seen`, which is what [`Seats::left`] said before.
    pub fn poll_left(&self, cx: &mut Context<'_>, seen: u64) -> Poll<()> {
        self.wait(cx);
        match self.left() == seen {
            true => Poll::Pending,
            false => Poll::Ready(()),
        }
    }

    /// How often a connection has left so far.
    #[must_use]
    pub fn left(&self) -> u64 {
        self.left.load(SeqCst)
    }

    /// Gives one back; with `used` a connection had it, and has left.
    pub(super) fn give_back(&self, used: bool) {
        let taken = self.taken.fetch_sub(1, SeqCst) - 1;
        self.left.fetch_add(u64::from(used), SeqCst);
        if self.told.load(Relaxed) && taken <= self.again() && self.told.swap(false, SeqCst) {
            tracing::info!(connections = taken, "{self}: accepting again");
        }
        self.wake();
    }

    fn wake(&self) {
        if self.awaited.load(SeqCst) {
            let waiting = {
                let mut waiting = self.waiting();
                self.awaited.store(false, SeqCst);
                std::mem::take(&mut *waiting)
            };
            waiting.into_iter().for_each(Waker::wake);
        }
    }

    /// As few as this are taken before the log is told that it goes on: who comes and goes at the limit
    /// is not told each time.
    const fn again(&self) -> usize {
        self.most - 1 - self.most / 16
    }

    fn take(&self) -> bool {
        let more = |taken| (taken < self.most).then_some(taken + 1);
        !self.shut.load(SeqCst) && self.taken.fetch_update(SeqCst, SeqCst, more).is_ok()
    }

    fn wait(&self, cx: &Context<'_>) {
        let mut waiting = self.waiting();
        if !waiting.iter().any(|one| one.will_wake(cx.waker())) {
            waiting.push(cx.waker().clone());
        }
        self.awaited.store(true, SeqCst);
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<Waker>> {
        // A list of wakers is whole whatever happened to its last holder.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Display for Seats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.of {
            Pause::Listener(name) => write!(f, "listener `{name}` has all its connections"),
            Pause::Process => f.write_str("as many connections as the open-file limit allows"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{sync::mpsc, task::Wake, thread};

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, SeqCst);
        }
    }

    #[test]
    fn who_leaves_wakes_whoever_waits_and_nobody_else_is_asked() {
        let seats = Seats::new(2, Pause::Process);
        let count = Arc::new(Count::default());
        let waker = Waker::from(Arc::clone(&count));
        let cx = &mut Context::from_waker(&waker);
        assert!(seats.poll_take(cx).is_ready());
        assert!(seats.poll_take(cx).is_ready());
        seats.give_back(true);
        assert_eq!(count.0.load(SeqCst), 0, "nobody waits");
        assert!(seats.poll_take(cx).is_ready());
        for _ in 0..3 {
            assert!(seats.poll_take(cx).is_pending());
        }
        assert_eq!(seats.pauses(), 1, "once for as long as it lasts");
        seats.give_back(true);
        seats.give_back(true);
        assert_eq!(count.0.load(SeqCst), 1);
        assert!(seats.poll_take(cx).is_ready());
    }

    #[test]
    fn at_the_limit_who_comes_and_goes_is_told_once() {
        let seats = Seats::new(32, Pause::Process);
        let cx = &mut Context::from_waker(Waker::noop());
        (0..32).for_each(|_| assert!(seats.poll_take(cx).is_ready()));
        for _ in 0..100 {
            assert!(seats.poll_take(cx).is_pending());
            seats.give_back(true);
            assert!(seats.poll_take(cx).is_ready());
        }
        assert_eq!(seats.pauses(), 1);
        (0..3).for_each(|_| seats.give_back(true));
        (0..3).for_each(|_| assert!(seats.poll_take(cx).is_ready()));
        assert!(seats.poll_take(cx).is_pending());
        assert_eq!(seats.pauses(), 2);
    }

    #[test]
    fn while_they_are_shut_nobody_gets_one_and_all_wait() {
        let seats = Seats::new(9, Pause::Process);
        let count = Arc::new(Count::default());
        let waker = Waker::from(Arc::clone(&count));
        let cx = &mut Context::from_waker(&waker);
        assert!(seats.poll_take(cx).is_ready());
        seats.shut(true);
        assert!(seats.poll_take(cx).is_pending());
        seats.give_back(true);
        assert_eq!(count.0.load(SeqCst), 1, "it looks again, in vain");
        assert!(seats.poll_take(cx).is_pending());
        assert_eq!(seats.pauses(), 0, "they are not all taken");
        seats.shut(false);
        assert_eq!(count.0.load(SeqCst), 2);
        assert!(seats.poll_take(cx).is_ready());
    }

    struct Ring(mpsc::Sender<()>);

    impl Wake for Ring {
        fn wake(self: Arc<Self>) {
            let _heard = self.0.send(());
        }
    }

    /// Threads that take and give back one seat among them: a lost wake-up would hang.
    #[test]
    fn no_wake_up_is_lost_between_threads() {
        let seats = Seats::new(1, Pause::Process);
        let threads: Vec<_> = (0..3)
            .map(|_| {
                let seats = Arc::clone(&seats);
                thread::spawn(move || {
                    let (ring, bell) = mpsc::channel();
                    let waker = Waker::from(Arc::new(Ring(ring)));
                    let cx = &mut Context::from_waker(&waker);
                    for _ in 0..2_000 {
                        while seats.poll_take(cx).is_pending() {
                            bell.recv().unwrap();
                        }
                        seats.give_back(true);
                    }
                })
            })
            .collect();
        threads.into_iter().for_each(|one| one.join().unwrap());
        assert_eq!(seats.taken(), 0);
    }
}

//! A worker's sessions: one task of the runtime's for all of them, in which each is woken by itself.
//!
//! It owns those that are alive, who of them has been woken, and who has just come. Whoever is ready has one
//! turn before anybody who was behind it has two; and after some turns the network is asked who else is. A
//! task for each would be 200 bytes more for every connection. It decides nothing, and waits for whatever
//! its sessions wait for.

use std::{
    cell::RefCell,
    collections::VecDeque,
    fmt,
    future::Future,
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    rc::{Rc, Weak},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

/// Turns before others of the thread have theirs: about as many as the network wakes at a time, and accepts.
const AT_ONCE: usize = 96;

/// Where sessions begin; every clone is the same place.
pub struct Sessions<S>(Weak<Entrance<S>>);

/// Who has come and has had no turn.
struct Entrance<S> {
    came: RefCell<Vec<S>>,
    woken: Arc<Woken>,
}

/// Who has been woken. Any thread may wake.
#[derive(Debug, Default)]
struct Woken(Mutex<Calls>);

#[derive(Debug, Default)]
struct Calls {
    /// In the order in which they were woken.
    places: Vec<u32>,
    /// Of the task, while it waits for one.
    waker: Option<Waker>,
}

/// What wakes one session. Whoever keeps it keeps a few bytes, and not the session.
struct Bell {
    place: u32,
    /// Since its last turn has begun.
    rung: AtomicBool,
    woken: Arc<Woken>,
}

/// All of them, until the thread lets go of its tasks.
struct Alive<S> {
    entrance: Rc<Entrance<S>>,
    all: Vec<Option<One<S>>>,
    free: Vec<u32>,
    /// Whose turn it is, in their order.
    ready: VecDeque<u32>,
    /// Whether this is the second sweep since the network was asked.
    second: bool,
    /// Wakes the task once the network was asked.
    behind: Box<dyn Fn(&Waker)>,
}

struct One<S> {
    session: S,
    bell: Arc<Bell>,
    /// The same.
    waker: Waker,
}

impl Woken {
    fn lock(&self) -> MutexGuard<'_, Calls> {
        // Whoever held it before did one thing with it, or nothing.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whose turn it is, if it is somebody's, and that the task has something to do.
    fn call(&self, place: Option<u32>) {
        let mut calls = self.lock();
        calls.places.extend(place);
        let waker = calls.waker.take();
        drop(calls);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    /// Either the session sees in the turn that begins what it is woken for, or it has another one: the swaps of
    /// both are in one order.
    fn wake_by_ref(self: &Arc<Self>) {
        if !self.rung.swap(true, Ordering::AcqRel) {
            self.woken.call(Some(self.place));
        }
    }
}

impl<S: Future<Output = ()> + Unpin + 'static> Sessions<S> {
    /// None yet. They live on the local tasks of the calling thread; `behind` wakes one of them once the network
    /// was asked again what it has to tell.
    #[must_use]
    pub fn start(behind: impl Fn(&Waker) + 'static) -> Self {
        let entrance = Rc::new(Entrance {
            came: RefCell::default(),
            woken: Arc::default(),
        });
        let sessions = Sessions(Rc::downgrade(&entrance));
        // Each has a budget of its own, and none shares one with the others.
        tokio::task::spawn_local(tokio::task::unconstrained(Alive {
            entrance,
            all: Vec::new(),
            free: Vec::new(),
            ready: VecDeque::new(),
            second: false,
            behind: Box::new(behind),
        }));
        sessions
    }

    /// One more. Where nothing lives any more, it is dropped.
    pub fn begin(&self, session: S) {
        if let Some(entrance) = self.0.upgrade() {
            entrance.came.borrow_mut().push(session);
            entrance.woken.call(None);
        }
    }
}

impl<S> Alive<S> {
    /// Gives those who have come their places, and their first turns.
    fn let_in(&mut self) {
        for session in self.entrance.came.borrow_mut().drain(..) {
            let place = self.free.pop().unwrap_or_else(|| {
                self.all.push(None);
                // There are not as many descriptors.
                u32::try_from(self.all.len() - 1).unwrap_or(u32::MAX)
            });
            let bell = Arc::new(Bell {
                place,
                rung: AtomicBool::new(true),
                woken: Arc::clone(&self.entrance.woken),
            });
            let waker = Waker::from(Arc::clone(&bell));
            self.all[place as usize] = Some(One {
                session,
                bell,
                waker,
            });
            self.ready.push_back(place);
        }
    }

    /// The one at this place is over; what its end may do wrong is nobody else's trouble.
    fn lets_go(&mut self, place: u32) {
        let over = self.all[place as usize].take();
        self.free.push(place);
        let _ = catch_unwind(AssertUnwindSafe(|| drop(over)));
    }

    /// There is more to do. Who has put off what it has to say until all were heard says it at once; whoever
    /// still goes on then does so behind the network's word.
    fn goes_on(&mut self, cx: &Context<'_>) {
        if self.ready.is_empty() && !self.second {
            self.second = true;
            cx.waker().wake_by_ref();
        } else {
            self.second = false;
            (self.behind)(cx.waker());
        }
    }
}

impl<S: Future<Output = ()> + Unpin> One<S> {
    /// Whether it is over.
    fn turns(&mut self) -> bool {
        // See `Bell::wake_by_ref`.
        self.bell.rung.swap(false, Ordering::AcqRel);
        let mut cx = Context::from_waker(&self.waker);
        Pin::new(&mut self.session).poll(&mut cx).is_ready()
    }
}

impl<S: Future<Output = ()> + Unpin> Future for Alive<S> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let woken = Arc::clone(&this.entrance.woken);
        this.ready.extend(woken.lock().places.drain(..));
        this.let_in();
        for _ in 0..this.ready.len().min(AT_ONCE) {
            let Some(place) = this.ready.pop_front() else {
                break;
            };
            // Somebody may still have the bell of one that is over.
            if let Some(one) = &mut this.all[place as usize] {
                let turn = catch_unwind(AssertUnwindSafe(|| one.turns()));
                if turn.unwrap_or(true) {
                    this.lets_go(place);
                }
            }
        }
        let mut calls = woken.lock();
        let came = !this.entrance.came.borrow().is_empty();
        if came || !this.ready.is_empty() || !calls.places.is_empty() {
            drop(calls);
            this.goes_on(cx);
        } else {
            this.second = false;
            calls.waker = Some(cx.waker().clone());
        }
        Poll::Pending
    }
}

impl<S> Unpin for Alive<S> {}

impl<S> Drop for Alive<S> {
    fn drop(&mut self) {
        for one in mem::take(&mut self.all) {
            let _ = catch_unwind(AssertUnwindSafe(|| drop(one)));
        }
    }
}

impl<S> Clone for Sessions<S> {
    fn clone(&self) -> Self {
        Sessions(Weak::clone(&self.0))
    }
}

impl<S> fmt::Debug for Sessions<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sessions")
    }
}

#[cfg(test)]
mod tests;

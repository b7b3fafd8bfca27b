//! Who runs a world's tasks: tokio's local tasks, with no runtime, no reactor and no clock.
//!
//! It owns the tasks of one run, and ends them with it. It never waits: it runs until no task has
//! anything left to do.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};
use tokio::task::LocalSet;

/// The tasks of one run. The worker spawns its own among them.
#[derive(Debug)]
pub struct Executor {
    tasks: LocalSet,
    woken: Arc<Woken>,
    waker: Waker,
}

#[derive(Debug)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Executor {
    /// No tasks.
    #[must_use]
    pub fn new() -> Executor {
        let woken = Arc::new(Woken(AtomicBool::new(true)));
        Executor {
            tasks: LocalSet::new(),
            waker: Waker::from(Arc::clone(&woken)),
            woken,
        }
    }

    /// Adds a task.
    pub fn spawn(&self, task: impl Future<Output = ()> + 'static) {
        // Nobody waits for it: what it does is seen in the world.
        let _handle = self.tasks.spawn_local(task);
    }

    /// Runs every task until none of them can go on.
    pub fn run(&mut self) {
        let mut cx = Context::from_waker(&self.waker);
        while self.woken.0.swap(false, Ordering::Relaxed) {
            match Pin::new(&mut self.tasks).poll(&mut cx) {
                Poll::Ready(()) | Poll::Pending => {}
            }
        }
    }
}

impl Default for Executor {
    fn default() -> Executor {
        Executor::new()
    }
}

//! A future that is polled when somebody wakes it, and not in every turn of the tasks beside it.
//!
//! It owns the waker that it is given. What lies around many tasks, as a worker's orders around its sessions,
//! would else be asked first in each of their turns.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    task::{Context, Poll, Wake, Waker},
};

/// A future that is polled first, and then when it was woken.
pub(super) struct Seldom<F> {
    future: Pin<Box<F>>,
    line: Arc<Line>,
    waker: Waker,
}

/// Where it is woken, and who is woken by that.
struct Line {
    woken: AtomicBool,
    outer: Mutex<Option<Waker>>,
}

impl<F: Future> Seldom<F> {
    pub(super) fn of(future: F) -> Self {
        let line = Arc::new(Line {
            woken: AtomicBool::new(true),
            outer: Mutex::new(None),
        });
        Seldom {
            future: Box::pin(future),
            waker: Waker::from(Arc::clone(&line)),
            line,
        }
    }
}

impl Wake for Line {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.store(true, SeqCst);
        let outer = self.outer.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(outer) = &*outer {
            outer.wake_by_ref();
        }
    }
}

impl<F: Future> Future for Seldom<F> {
    type Output = F::Output;

    /// One task polls it, always: nobody else would be woken.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = &mut *self;
        if !this.line.woken.swap(false, SeqCst) {
            return Poll::Pending;
        }
        *this
            .line
            .outer
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(cx.waker().clone());
        this.future
            .as_mut()
            .poll(&mut Context::from_waker(&this.waker))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        cell::Cell,
        future::poll_fn,
        sync::atomic::AtomicUsize,
        task::{Context, Wake},
    };

    /// Counts how often it is woken.
    #[derive(Default)]
    struct Outer(AtomicUsize);

    impl Wake for Outer {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, SeqCst);
        }
    }

    #[test]
    fn it_is_polled_first_and_then_whenever_it_was_woken() {
        let outer = Arc::new(Outer::default());
        let waker = Waker::from(Arc::clone(&outer));
        let mut cx = Context::from_waker(&waker);
        let (polls, inner) = (Cell::new(0), Cell::new(None));
        let mut seldom = Seldom::of(poll_fn(|cx| {
            polls.set(polls.get() + 1);
            inner.set(Some(cx.waker().clone()));
            match polls.get() {
                3 => Poll::Ready(()),
                _ => Poll::Pending,
            }
        }));
        let mut poll = || Pin::new(&mut seldom).poll(&mut cx);
        assert!(poll().is_pending());
        for _ in 0..9 {
            assert!(poll().is_pending());
        }
        assert_eq!((polls.get(), outer.0.load(SeqCst)), (1, 0));
        inner.take().unwrap().wake();
        assert_eq!(outer.0.load(SeqCst), 1, "whoever polls it hears of that");
        assert!(poll().is_pending());
        assert!(poll().is_pending());
        assert_eq!(polls.get(), 2);
        inner.take().unwrap().wake();
        assert!(poll().is_ready());
    }

    #[test]
    fn a_wake_while_it_is_polled_is_not_lost() {
        let mut cx = Context::from_waker(Waker::noop());
        let polls = Cell::new(0);
        let mut seldom = Seldom::of(poll_fn(|cx| {
            polls.set(polls.get() + 1);
            cx.waker().wake_by_ref();
            Poll::<()>::Pending
        }));
        for _ in 0..3 {
            assert!(Pin::new(&mut seldom).poll(&mut cx).is_pending());
        }
        assert_eq!(polls.get(), 3);
    }
}

//! Who has a turn, and when.

use super::*;
use std::thread;
use tokio::{runtime::Builder, task::LocalSet};

/// What is seen of the sessions: a letter for each turn.
type Log = Rc<RefCell<String>>;

/// So many turns, each of which calls for the next; then it is over.
struct Busy {
    name: char,
    turns: u32,
    log: Log,
}

impl Future for Busy {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.log.borrow_mut().push(self.name);
        assert!(self.name != '!', "as it is asked to");
        self.turns -= 1;
        if self.turns == 0 {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.log.borrow_mut().push('.');
    }
}

/// One more of them.
fn begin(sessions: &Sessions<Busy>, log: &Log, (name, turns): (char, u32)) {
    let log = Rc::clone(log);
    sessions.begin(Busy { name, turns, log });
}

fn story<T>(story: impl Future<Output = T>) -> T {
    let runtime = Builder::new_current_thread().build().unwrap();
    LocalSet::new().block_on(&runtime, story)
}

async fn wait_for(log: &Log, all: &str) {
    for _ in 0..100 {
        if log.borrow().len() == all.len() {
            break;
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(*log.borrow(), all);
}

#[test]
fn each_who_is_ready_has_one_turn_before_anybody_has_another() {
    let log = Log::default();
    story(async {
        let sessions = Sessions::start(Waker::wake_by_ref);
        for one in [('a', 3), ('b', 1), ('c', 2)] {
            begin(&sessions, &log, one);
        }
        wait_for(&log, "ab.cac.a.").await;
        // The places of those who are gone are the next ones'.
        for one in [('d', 2), ('e', 2)] {
            begin(&sessions, &log, one);
        }
        wait_for(&log, "ab.cac.a.ded.e.").await;
    });
}

#[test]
fn whoever_goes_on_and_on_does_so_behind_the_networks_word() {
    let log = Log::default();
    story(async {
        let asked = Rc::clone(&log);
        let sessions = Sessions::start(move |who| {
            asked.borrow_mut().push('|');
            who.wake_by_ref();
        });
        begin(&sessions, &log, ('a', 5));
        wait_for(&log, "aa|aa|a.").await;
        log.take();
        // Of many who are ready some have to wait for it.
        for _ in 0..AT_ONCE + 2 {
            begin(&sessions, &log, ('b', 1));
        }
        wait_for(&log, &format!("{}|b.b.", "b.".repeat(AT_ONCE))).await;
    });
}

#[test]
fn a_panic_is_its_sessions_own() {
    let log = Log::default();
    story(async {
        let sessions = Sessions::start(Waker::wake_by_ref);
        for one in [('a', 2), ('!', 2), ('b', 2)] {
            begin(&sessions, &log, one);
        }
        wait_for(&log, "a!.ba.b.").await;
    });
}

#[test]
fn with_its_thread_all_are_over_and_whoever_comes_then() {
    let log = Log::default();
    let sessions = story(async {
        let sessions = Sessions::start(Waker::wake_by_ref);
        for one in [('a', u32::MAX), ('a', u32::MAX)] {
            begin(&sessions, &log, one);
        }
        tokio::task::yield_now().await;
        begin(&sessions, &log, ('b', 1));
        sessions
    });
    assert_eq!(log.borrow().matches('.').count(), 3, "{log:?}");
    begin(&sessions, &log, ('c', 1));
    assert_eq!(log.borrow().matches('.').count(), 4, "{log:?}");
    assert!(!log.borrow().contains('c'));
}

/// Over once another thread has woken it so often.
struct Woken(u32);

impl Future for Woken {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Some(left) = self.0.checked_sub(1) else {
            return Poll::Ready(());
        };
        self.0 = left;
        let waker = cx.waker().clone();
        drop(thread::spawn(move || waker.wake()));
        Poll::Pending
    }
}

#[test]
fn any_thread_may_wake_one() {
    story(async {
        let sessions = Sessions::start(Waker::wake_by_ref);
        let (over, is_over) = tokio::sync::oneshot::channel();
        sessions.begin(Box::pin(async {
            Woken(500).await;
            over.send(()).unwrap();
        }));
        is_over.await.unwrap();
    });
}

#[test]
fn whoever_keeps_the_waker_of_one_that_is_over_wakes_the_next_in_vain_at_most() {
    let log = Log::default();
    story(async {
        let sessions = Sessions::start(Waker::wake_by_ref);
        let kept: Rc<RefCell<Option<Waker>>> = Rc::default();
        let first = Rc::clone(&kept);
        let (called, log) = (Rc::clone(&kept), Rc::clone(&log));
        sessions.begin(Box::pin(std::future::poll_fn(move |cx| {
            *first.borrow_mut() = Some(cx.waker().clone());
            Poll::Ready(())
        })) as Pin<Box<dyn Future<Output = ()>>>);
        tokio::task::yield_now().await;
        let seen = Rc::clone(&log);
        sessions.begin(Box::pin(std::future::poll_fn(move |_| {
            seen.borrow_mut().push('s');
            Poll::Pending
        })));
        tokio::task::yield_now().await;
        called.borrow_mut().take().expect("it had a turn").wake();
        wait_for(&log, "ss").await;
    });
}

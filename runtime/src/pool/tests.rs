//! The pool on a network without peers: who is given out, who makes room, and what a leg costs.

mod back;
pub(crate) mod fake;

use self::fake::{Fake, Fate, Hand, Say};
use super::{Lease, MOST_IDLE, Pool};
use crate::{drain::Drain, linger::Lingering, net::Network, observe::Observer, port::Port};
use std::{
    cell::RefCell,
    future::Future,
    net::SocketAddr,
    panic::{AssertUnwindSafe, catch_unwind},
    rc::Rc,
    task::{Context, Waker},
};
use tidegate_core::{
    ending::Cause,
    event::Call,
    leg::ReadEnd,
    limits::Waits,
    time::{Span, Time},
};
use tokio::task::{LocalSet, yield_now};

const WAITS: Waits = Waits::HTTP;
const HERE: SocketAddr = address(1);

const fn address(n: u8) -> SocketAddr {
    let ip = std::net::Ipv4Addr::new(192, 0, 2, n);
    SocketAddr::new(std::net::IpAddr::V4(ip), 80)
}

/// A pool, its clock, and who lingers with its legs.
struct Stage {
    net: Fake,
    pool: Pool<Fake>,
    lingering: Lingering,
    drain: Drain,
}

impl Stage {
    fn parked(&self, address: SocketAddr) -> Hand {
        let (stream, hand) = self.net.open(address);
        let now = self.net.now();
        self.pool
            .park(Port::plain(stream), Lease::default(), WAITS.into(), now);
        hand
    }

    fn retired(&self) -> Hand {
        let (stream, hand) = self.net.open(HERE);
        let now = self.net.now();
        self.pool
            .retire(Port::plain(stream), ReadEnd::Open, WAITS, now);
        hand
    }

    /// Takes a connection, and lets go of it at once.
    fn takes(&self, address: SocketAddr) -> bool {
        self.pool.take(address.into(), None).is_some()
    }

    async fn pass(&self, span: Span) {
        self.net.pass(span);
        settle().await;
    }
}

/// Lets every task run until it waits.
async fn settle() {
    for _ in 0..50 {
        yield_now().await;
    }
}

fn play<F: Future<Output = ()>>(most: usize, story: impl FnOnce(Stage) -> F) {
    let net = Fake::default();
    let (lingering, drain) = (Lingering::new(most), Drain::default());
    let stage = Stage {
        pool: Pool::new(
            net.clone(),
            lingering.clone(),
            drain.clone(),
            Observer::default(),
        ),
        drain,
        lingering,
        net,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    LocalSet::new().block_on(&runtime, story(stage));
}

#[test]
fn u01_the_youngest_to_an_address_is_taken_and_is_the_pools_no_more() {
    play(9, |stage| async move {
        let [first, second, other] = [HERE, HERE, address(2)].map(|to| stage.parked(to));
        settle().await;
        assert_eq!((stage.pool.len(), stage.pool.idle()), (3, 3));
        let (taken, _lease) = stage.pool.take(HERE.into(), None).unwrap();
        assert_eq!((stage.pool.len(), stage.pool.idle()), (2, 2));
        stage.pass(WAITS.pool_idle).await;
        assert!(!second.has_finished(), "nobody else looks after it");
        assert!(first.has_finished() && other.has_finished());
        assert!(!stage.takes(HERE) && !stage.takes(address(2)));
        drop(taken);
        assert_eq!(second.fate(), Fate::Reset);
    });
}

#[test]
fn u01_a_connection_is_looked_at_once_more_before_it_is_given_out() {
    for say in [Say::Bytes, Say::Fin, Say::Reset] {
        play(9, |stage| async move {
            let quiet = stage.parked(HERE);
            let talks = stage.parked(HERE);
            settle().await;
            talks.say_unheard(say);
            let taken = stage.pool.take(HERE.into(), None).unwrap();
            assert_eq!(quiet.fate(), Fate::Held);
            assert_eq!(stage.pool.idle(), 0, "and out of the order at once");
            assert_eq!(talks.fate(), Fate::Held, "its own task ends it");
            settle().await;
            match say {
                Say::Reset => assert_eq!(talks.fate(), Fate::Reset),
                Say::Bytes | Say::Fin | Say::Panic => assert!(talks.has_finished()),
            }
            drop(taken);
        });
    }
}

#[test]
fn u01_whatever_is_heard_takes_a_connection_out_of_the_order() {
    for say in [Say::Bytes, Say::Fin, Say::Reset] {
        play(9, |stage| async move {
            let hand = stage.parked(HERE);
            settle().await;
            hand.say(say);
            settle().await;
            assert_eq!(stage.pool.idle(), 0, "{say:?}");
            assert!(!stage.takes(HERE));
        });
    }
}

#[test]
fn a_connection_can_be_taken_and_evicted_before_its_task_has_run() {
    play(9, |stage| async move {
        let [taken, evicted] = [stage.parked(address(2)), stage.parked(HERE)];
        let port = stage.pool.take(address(2).into(), None).unwrap();
        stage.pool.evict(usize::MAX);
        settle().await;
        assert!(!taken.has_finished() && evicted.has_finished());
        assert_eq!(stage.pool.len(), 1);
        drop(port);
    });
}

#[test]
fn beyond_so_many_idle_ones_the_oldest_is_finished() {
    play(9, |stage| async move {
        let hands: Vec<Hand> = (0..MOST_IDLE).map(|_| stage.parked(HERE)).collect();
        settle().await;
        let last = stage.parked(HERE);
        settle().await;
        assert_eq!(stage.pool.idle(), MOST_IDLE);
        assert!(hands[0].has_finished());
        let others = hands.iter().skip(1).chain([&last]);
        assert!(others.clone().all(|hand| !hand.has_finished()));
        // Evicted from among the idle ones, it still waits for its peer's last word (4.11, 6).
        assert_eq!(hands[0].fate(), Fate::Held);
        hands[0].ack();
        hands[0].say(Say::Fin);
        settle().await;
        assert_eq!(hands[0].fate(), Fate::Closed);
    });
}

#[test]
fn a_wake_costs_one_connection() {
    play(9, |stage| async move {
        let hands: Vec<Hand> = (0..20).map(|_| stage.parked(HERE)).collect();
        settle().await;
        let before: Vec<u32> = hands.iter().map(|hand| hand.reads()).collect();
        hands[7].say(Say::Bytes);
        stage.parked(HERE);
        settle().await;
        for (n, hand) in hands.iter().enumerate() {
            assert_eq!(hand.reads() == before[n], n != 7, "{n}");
        }
    });
}

#[test]
fn a_panic_costs_one_connection() {
    play(9, |stage| async move {
        let [idle, fails, leaves, gone] = [
            stage.parked(HERE),
            stage.parked(HERE),
            stage.retired(),
            stage.retired(),
        ];
        settle().await;
        fails.say(Say::Panic);
        gone.say(Say::Panic);
        settle().await;
        assert_eq!((fails.fate(), gone.fate()), (Fate::Reset, Fate::Reset));
        assert_eq!((stage.pool.len(), stage.pool.idle()), (2, 1));
        assert_eq!(stage.lingering.len(), 1);
        leaves.ack();
        leaves.say(Say::Fin);
        settle().await;
        assert_eq!(leaves.fate(), Fate::Closed);
        assert!(stage.takes(HERE), "the other one is there");
        assert_eq!((idle.fate(), stage.pool.len()), (Fate::Reset, 0));
    });
}

#[test]
fn a_panic_of_the_last_look_costs_the_connection_that_was_looked_at() {
    play(9, |stage| async move {
        let [idle, fails] = [stage.parked(HERE), stage.parked(HERE)];
        settle().await;
        fails.say_unheard(Say::Panic);
        let looked = catch_unwind(AssertUnwindSafe(|| stage.takes(HERE)));
        assert!(looked.is_err());
        settle().await;
        assert_eq!((fails.fate(), idle.fate()), (Fate::Reset, Fate::Held));
        assert_eq!((stage.pool.len(), stage.pool.idle()), (1, 1));
        assert!(stage.takes(HERE));
    });
}

#[test]
fn u12_a_leg_that_has_failed_is_reset_at_once() {
    play(9, |stage| async move {
        let (stream, hand) = stage.net.open(HERE);
        let read = ReadEnd::Open.failed(Cause::Reset, Call::Poll);
        let now = stage.net.now();
        stage.pool.retire(Port::plain(stream), read, WAITS, now);
        assert_eq!((hand.fate(), stage.pool.len()), (Fate::Reset, 0));
    });
}

#[test]
fn what_is_stopped_is_reset_and_not_finished() {
    let kept = Rc::new(RefCell::new(Vec::new()));
    let hands = Rc::clone(&kept);
    play(9, |stage| async move {
        *hands.borrow_mut() = vec![stage.parked(HERE), stage.retired()];
        settle().await;
        // Its task never runs.
        hands.borrow_mut().push(stage.parked(HERE));
    });
    assert!(kept.borrow().iter().all(|hand| hand.fate() == Fate::Reset));
}

#[test]
fn g9_at_the_deadline_of_a_drain_every_connection_ends() {
    play(9, |stage| async move {
        let [idle, deaf, heard] = [stage.parked(HERE), stage.retired(), stage.retired()];
        heard.ack();
        settle().await;
        stage.drain.begin();
        settle().await;
        assert_eq!(idle.fate(), Fate::Held, "what is in flight may want it");
        stage.drain.expire();
        settle().await;
        assert_eq!((idle.fate(), deaf.fate()), (Fate::Reset, Fate::Reset));
        // K21: nothing is lost with it.
        assert_eq!(heard.fate(), Fate::Closed);
        assert_eq!((stage.drain.cut(), stage.pool.len()), (2, 0));
        let late = stage.retired();
        settle().await;
        assert_eq!(late.fate(), Fate::Reset);
    });
}

/// 4.11, 10.
#[test]
fn beyond_so_many_that_linger_the_one_without_progress_for_longest_ends_now() {
    play(3, |stage| async move {
        let [deaf, heard] = [stage.retired(), stage.retired()];
        heard.ack();
        settle().await;
        stage.pass(Span::from_ms(1)).await;
        let talks = stage.retired();
        let idle = stage.parked(HERE);
        settle().await;
        assert_eq!(stage.lingering.len(), 3, "who is idle does not count");
        stage.pass(Span::from_ms(1)).await;
        // The first makes progress, and then so does the third.
        deaf.say(Say::Bytes);
        stage.pass(Span::from_ms(1)).await;
        talks.say(Say::Bytes);
        settle().await;
        let first = stage.retired();
        settle().await;
        // 4.11, 6: its FIN is acknowledged, so it may be closed.
        assert_eq!(heard.fate(), Fate::Closed);
        let second = stage.retired();
        settle().await;
        assert_eq!(deaf.fate(), Fate::Reset, "its FIN is not");
        for hand in [talks, idle, first, second] {
            assert_eq!(hand.fate(), Fate::Held);
        }
        assert_eq!((stage.lingering.len(), stage.pool.len()), (3, 4));
    });
}

/// 4.11, 10: one cap for sessions and spare legs.
#[test]
fn a_session_that_lingers_and_a_spare_leg_make_room_for_each_other() {
    play(1, |stage| async move {
        let mut cx = Context::from_waker(Waker::noop());
        let leg = stage.retired();
        settle().await;
        let mut session = stage.lingering.place();
        assert!(!session.poll(&mut cx, Some(Time(5))));
        settle().await;
        assert_eq!(leg.fate(), Fate::Reset);
        stage.pass(Span::from_ms(1)).await;
        let leg = stage.retired();
        settle().await;
        assert!(session.poll(&mut cx, Some(Time(5))), "it is told");
        assert_eq!(leg.fate(), Fate::Held);
    });
}

#[test]
fn i10_what_an_origin_takes_is_progress_as_long_as_it_takes_something() {
    // Told of by the wait for the acknowledgement, or by nobody before the deadline comes; with
    // our FIN on its way, or behind what does not leave.
    for (woken, blocked) in [(true, false), (false, false), (false, true)] {
        play(9, |stage| async move {
            let hand = stage.parked(HERE);
            hand.leave_unacked(100);
            if blocked {
                hand.block();
            }
            stage.pool.evict(1);
            settle().await;
            for left in (90..100).rev() {
                stage.pass(Span(WAITS.write_up.0 - 1)).await;
                hand.leave_unacked(left);
                if woken {
                    hand.wake();
                }
                stage.pass(Span(1)).await;
                assert_eq!(hand.fate(), Fate::Held, "{left}, {woken}, {blocked}");
            }
            stage.pass(Span(WAITS.write_up.0 - 1)).await;
            assert_eq!(hand.fate(), Fate::Held);
            stage.pass(Span(1)).await;
            assert_eq!(hand.fate(), Fate::Reset, "{woken}, {blocked}");
        });
    }
}

#[test]
fn u12_a_leg_that_nobody_answers_is_closed_in_time() {
    play(9, |stage| async move {
        let hand = stage.retired();
        settle().await;
        hand.ack();
        settle().await;
        stage.pass(Span(WAITS.linger.0 - 1)).await;
        assert_eq!(hand.fate(), Fate::Held);
        stage.pass(Span(1)).await;
        assert_eq!(hand.fate(), Fate::Closed);
    });
}

#[test]
fn g8_a_drain_waits_for_the_last_connection() {
    play(9, |stage| async move {
        let [idle, leaves] = [stage.parked(HERE), stage.retired()];
        settle().await;
        stage.pool.evict(usize::MAX);
        let pool = stage.pool.clone();
        let over = std::future::poll_fn(move |cx| pool.poll_empty(cx));
        let over = tokio::task::spawn_local(over);
        for hand in [leaves, idle] {
            settle().await;
            assert!(hand.has_finished() && !over.is_finished());
            hand.ack();
            hand.say(Say::Fin);
            settle().await;
            assert_eq!(hand.fate(), Fate::Closed);
        }
        assert!(over.is_finished() && stage.pool.is_empty());
    });
}

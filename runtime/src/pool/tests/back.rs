//! What a session takes and brings back: its place in the pool is kept, and its task sleeps.

use super::{
    HERE, WAITS,
    fake::{Fate, Say},
    play, settle,
};
use crate::net::Network;
use tidegate_core::time::Span;

#[test]
fn u01_what_a_session_brings_back_is_idle_anew_and_its_task_sleeps_meanwhile() {
    play(9, |stage| async move {
        let hand = stage.parked(HERE);
        settle().await;
        let half = Span(WAITS.pool_idle.0 / 2);
        for round in 0..3 {
            stage.pass(half).await;
            let (port, lease) = stage.pool.take(HERE.into(), None).unwrap();
            assert_eq!((stage.pool.len(), stage.pool.idle()), (0, 0));
            // In one round the alarm goes off while a session has it.
            let away = if round == 1 { WAITS.pool_idle } else { half };
            stage.pass(away).await;
            let now = stage.net.now();
            stage.pool.park(port, lease, WAITS.into(), now);
            assert_eq!((stage.pool.len(), stage.pool.idle()), (1, 1));
            settle().await;
            assert!(!hand.has_finished(), "its time begins anew");
        }
        stage.pass(Span(WAITS.pool_idle.0 - 1)).await;
        assert!(!hand.has_finished());
        stage.pass(Span(1)).await;
        assert!(hand.has_finished() && !stage.takes(HERE));
    });
}

#[test]
fn u01_what_was_brought_back_is_heard_and_evicted_as_before() {
    for say in [Some(Say::Bytes), Some(Say::Fin), Some(Say::Reset), None] {
        play(9, |stage| async move {
            let hand = stage.parked(HERE);
            settle().await;
            let (port, lease) = stage.pool.take(HERE.into(), None).unwrap();
            stage.pool.park(port, lease, WAITS.into(), stage.net.now());
            match say {
                Some(say) => hand.say(say),
                None => stage.pool.evict(1),
            }
            settle().await;
            assert_eq!(stage.pool.idle(), 0);
            let reset = hand.fate() == Fate::Reset;
            assert!(if let Some(Say::Reset) = say {
                reset
            } else {
                hand.has_finished()
            });
        });
    }
}

#[test]
fn u01_what_is_said_while_it_is_brought_back_is_heard() {
    play(9, |stage| async move {
        let hand = stage.parked(HERE);
        settle().await;
        let (port, lease) = stage.pool.take(HERE.into(), None).unwrap();
        hand.say_unheard(Say::Fin);
        stage.pool.park(port, lease, WAITS.into(), stage.net.now());
        settle().await;
        assert!(stage.pool.idle() == 0 && hand.has_finished());
    });
}

#[test]
fn u01_what_was_heard_while_it_was_brought_back_is_given_to_nobody() {
    for say in [Say::Bytes, Say::Fin, Say::Reset] {
        play(9, |stage| async move {
            let hand = stage.parked(HERE);
            settle().await;
            let (port, lease) = stage.pool.take(HERE.into(), None).unwrap();
            hand.say_unheard(say);
            stage.pool.park(port, lease, WAITS.into(), stage.net.now());
            // Before its task has had a turn. A close_notify, too, is told once only.
            assert!(!stage.takes(HERE), "{say:?}");
            assert_eq!(stage.pool.idle(), 0);
            assert_eq!(hand.fate(), Fate::Held, "its own task ends it");
            settle().await;
            assert!(hand.has_finished() || hand.fate() == Fate::Reset);
        });
    }
}

#[test]
fn the_task_of_a_connection_that_does_not_come_back_ends() {
    play(9, |stage| async move {
        let hand = stage.parked(HERE);
        settle().await;
        let tasks = stage.net.holders();
        let (port, lease) = stage.pool.take(HERE.into(), None).unwrap();
        settle().await;
        assert_eq!(stage.net.holders(), tasks, "it waits for it");
        drop((port, lease));
        settle().await;
        assert!(stage.net.holders() < tasks);
        assert_eq!(hand.fate(), Fate::Reset);
    });
}

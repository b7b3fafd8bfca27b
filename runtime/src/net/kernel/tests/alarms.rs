//! Moments that are waited for: in order, each by itself.

use super::{
    super::{Alarm, Kernel},
    bench::{run, within},
};
use crate::net::Network;
use std::{
    cell::RefCell,
    future::{Future, poll_fn},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};
use tidegate_core::time::{Span, Time};

/// An alarm so many milliseconds from now.
fn alarm(kernel: &Kernel, ms: u64) -> Alarm {
    kernel.sleep_until(kernel.now() + Span::from_ms(ms))
}

fn poll(alarm: &mut Alarm, cx: &mut Context<'_>) -> Poll<()> {
    Pin::new(alarm).poll(cx)
}

#[test]
fn a_moment_before_all_others_is_not_kept_for_them() {
    run(async {
        let kernel = Kernel::new();
        let mut late = alarm(&kernel, 60_000);
        assert!(within(5, &mut late).await.is_none());
        assert!(within(5_000, alarm(&kernel, 5)).await.is_some());
    });
}

#[test]
fn alarms_ring_in_order_and_one_that_is_dropped_is_forgotten() {
    run(async {
        let kernel = Kernel::new();
        let rung = Rc::new(RefCell::new(Vec::new()));
        let tasks: Vec<_> = [9, 3, 7, 1, 5]
            .map(|ms| {
                let (rung, alarm) = (Rc::clone(&rung), alarm(&kernel, ms));
                tokio::task::spawn_local(async move {
                    alarm.await;
                    rung.borrow_mut().push(ms);
                })
            })
            .into();
        let mut dropped = alarm(&kernel, 2);
        assert!(
            poll_fn(|cx| Poll::Ready(poll(&mut dropped, cx)))
                .await
                .is_pending()
        );
        drop(dropped);
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(*rung.borrow(), [1, 3, 5, 7, 9]);
    });
}

#[test]
fn an_alarm_wakes_who_has_asked_last() {
    run(async {
        let kernel = Kernel::new();
        let shared = Rc::new(RefCell::new(alarm(&kernel, 5)));
        // Another task asks first.
        let asked = Rc::clone(&shared);
        let first = tokio::task::spawn_local(async move {
            assert!(
                poll_fn(|cx| Poll::Ready(poll(&mut asked.borrow_mut(), cx)))
                    .await
                    .is_pending()
            );
        });
        first.await.unwrap();
        let rings = poll_fn(|cx| poll(&mut shared.borrow_mut(), cx));
        assert!(within(5_000, rings).await.is_some());
    });
}

#[test]
fn a_moment_that_is_past_is_not_waited_for() {
    run(async {
        let kernel = Kernel::new();
        assert!(within(5_000, kernel.sleep_until(Time(0))).await.is_some());
    });
}

#[test]
fn time_begins_with_the_network_and_sleeps_end() {
    run(async {
        let kernel = Kernel::new();
        let before = kernel.now();
        assert!(before < Time::from_ms(1_000));
        let at = before + Span::from_ms(3);
        kernel.sleep_until(at).await;
        assert!(kernel.now() >= at);
        kernel.sleep_until(Time(0)).await;
        drop(kernel.sleep_until(Time(u64::MAX)));
    });
}

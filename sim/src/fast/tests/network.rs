//! What is the network's and not a socket's: the handshake, windows, holding, time, and leaving.

use super::{PORT, Pair, buffers, look, pass};
use crate::{
    fast::{Executor, Fast, FastStream},
    simulated::Simulated,
    socket::Call::{Poll as Flags, Read, Shutdown, Unacked, Write},
};
use std::{
    cell::{Cell, RefCell},
    future::{Future, poll_fn},
    io::{
        ErrorKind::{AddrInUse, ConnectionRefused},
        IoSlice,
    },
    rc::Rc,
    task::{Context, Poll},
};
use tidegate::net::{Buffers, Listener, Network, Stream};
use tidegate_core::time::{Span, Time};

#[test]
fn a_handshake_takes_two_latencies_and_needs_no_accept() {
    let fast = Fast::new(2);
    fast.set_latency(0, 1, Span::from_ms(5));
    let at = (fast.host(1).address(), PORT).into();
    let listener = fast.host(1).listen(at, Buffers::default()).unwrap();
    let mut connect = Box::pin(fast.host(0).connect(at, Buffers::default()));
    assert!(look(|cx| connect.as_mut().poll(cx)).is_none());
    fast.advance(Time::from_ms(5));
    assert!(look(|cx| connect.as_mut().poll(cx)).is_none());
    fast.advance(Time::from_ms(10));
    let mut stream = look(|cx| connect.as_mut().poll(cx)).unwrap().unwrap();
    assert_eq!(stream.call(Write(4)).to_string(), "4");
    pass(&fast);
    assert_eq!(stream.call(Unacked).to_string(), "0", "the backlog has it");
    drop(listener);
    pass(&fast);
    assert_eq!(stream.call(Read(1)).to_string(), "ECONNRESET");
}

#[test]
fn a_refusal_takes_two_latencies() {
    let fast = Fast::new(2);
    let at: std::net::SocketAddr = (fast.host(1).address(), PORT).into();
    let mut connect = Box::pin(fast.host(0).connect(at, Buffers::default()));
    fast.advance(Time::from_ms(1));
    assert!(look(|cx| connect.as_mut().poll(cx)).is_none());
    fast.advance(Time::from_ms(2));
    let refused = look(|cx| connect.as_mut().poll(cx)).unwrap();
    assert_eq!(refused.unwrap_err().kind(), ConnectionRefused);
    assert_eq!(fast.host(0).open_sockets(), 0);
}

#[test]
fn a_connect_that_is_given_up_is_never_accepted() {
    let fast = Fast::new(2);
    let server = fast.host(1);
    let at = (server.address(), PORT).into();
    let mut listener = server.listen(at, Buffers::default()).unwrap();
    let again = server.listen(at, Buffers::default()).err().unwrap();
    assert_eq!(again.kind(), AddrInUse);
    let connect = fast.host(0).connect(at, Buffers::default());
    fast.advance(Time::from_ms(1));
    assert_eq!(server.open_sockets(), 1, "the SYN is answered");
    drop(connect);
    pass(&fast);
    assert!(look(|cx| listener.poll_accept(cx)).is_none());
    assert_eq!((fast.host(0).open_sockets(), server.open_sockets()), (0, 0));
}

#[test]
fn windows_count_bytes_and_reads_coalesce() {
    let mut pair = Pair::new((5, 5), (5, 16));
    for taken in ["5", "5", "5", "5"] {
        assert_eq!(pair.a(&[Write(40)]), taken);
    }
    assert_eq!(pair.a(&[Write(40), Unacked]), "1 5", "16 there, 5 here");
    assert_eq!(pair.a(&[Write(40), Flags]), "EAGAIN -");
    assert_eq!(pair.b(&[Read(100)]), "16");
    assert_eq!(pair.b(&[Read(100)]), "5");
    assert_eq!(pair.a(&[Flags, Unacked]), "out 0");
}

#[test]
fn a_held_link_holds_everything_and_a_release_lets_it_arrive() {
    let mut pair = Pair::roomy();
    pair.a.as_mut().unwrap().call(Write(10));
    pair.fast.hold(0, 1);
    assert_eq!(pair.a(&[Shutdown]), "ok");
    assert_eq!(pair.b(&[Read(99), Write(1)]), "EAGAIN 1");
    assert_eq!(pair.a(&[Read(9), Unacked]), "EAGAIN 11");
    pair.fast.release(0, 1);
    let now = pair.fast.now();
    pair.fast.advance(now);
    assert_eq!(pair.b(&[Read(99), Read(99)]), "10 0");
    assert_eq!(pair.a(&[Read(9), Unacked]), "1 0");
}

#[test]
fn simultaneous_ends_leave_nothing() {
    let mut pair = Pair::roomy();
    for stream in [pair.a.as_mut().unwrap(), pair.b.as_mut().unwrap()] {
        stream.call(Write(3));
        stream.call(Shutdown);
    }
    pass(&pair.fast);
    assert_eq!(pair.a(&[Read(9), Read(9)]), "3 0");
    assert_eq!(pair.b(&[Read(9), Read(9)]), "3 0");
    assert_eq!(pair.open(), [0, 0]);
    pair.close_a();
    assert_eq!(pair.b(&[Flags]), "in+out+rdhup+hup");
}

#[test]
fn dropping_a_stream_resets_it() {
    let mut pair = Pair::roomy();
    pair.a = None;
    pass(&pair.fast);
    assert_eq!(pair.b(&[Read(9)]), "ECONNRESET");
    assert_eq!(pair.open(), [0, 0]);
}

#[test]
fn peers_know_each_other() {
    let pair = Pair::roomy();
    let (a, b) = (pair.a.as_ref().unwrap(), pair.b.as_ref().unwrap());
    assert_eq!(
        a.peer(),
        std::net::SocketAddr::from((pair.fast.host(1).address(), PORT))
    );
    assert_eq!(
        b.peer().inet().map(|at| at.ip()),
        Some(pair.fast.host(0).address())
    );
    assert_eq!(b.unacked().unwrap(), 0);
}

#[test]
fn time_goes_from_one_event_to_the_next_and_never_to_one_that_was_dropped() {
    let fast = Fast::new(1);
    let net = fast.host(0);
    let seen: Rc<RefCell<Vec<u64>>> = Rc::default();
    let mut tasks = Executor::new();
    for ms in [30, 10, 20] {
        let (net, seen) = (net.clone(), Rc::clone(&seen));
        tasks.spawn(async move {
            net.sleep_until(Time::from_ms(ms)).await;
            seen.borrow_mut().push(net.now().as_ms());
        });
    }
    let mut dropped = Box::pin(net.sleep_until(Time::from_ms(15)));
    assert!(look(|cx| dropped.as_mut().poll(cx)).is_none());
    tasks.run();
    assert_eq!(fast.next(), Some(Time::from_ms(10)));
    fast.advance(Time::from_ms(10));
    tasks.run();
    drop(dropped);
    assert_eq!(fast.next(), Some(Time::from_ms(20)));
    while let Some(at) = fast.next() {
        fast.advance(at);
        tasks.run();
    }
    assert_eq!(*seen.borrow(), [10, 20, 30]);
    let mut over = Box::pin(net.sleep_until(Time::from_ms(1)));
    assert!(look(|cx| over.as_mut().poll(cx)).is_some());
}

#[test]
fn a_beat_is_the_next_step_and_keeps_nothing_alive() {
    let fast = Fast::new(1);
    let mut beat = Box::pin(fast.host(0).beat());
    assert!(look(|cx| beat.as_mut().poll(cx)).is_none());
    assert_eq!(fast.next(), None);
    fast.beat();
    assert!(look(|cx| beat.as_mut().poll(cx)).is_some());
}

#[test]
fn a_wildcard_port_is_one_of_its_own() {
    let fast = Fast::new(1);
    let net = fast.host(0);
    let listener = net
        .listen((net.address(), 0).into(), buffers((1, 1)))
        .unwrap();
    assert_ne!(listener.local().port(), 0);
}

#[test]
fn what_is_held_for_the_fin_leaves_with_it_or_by_order_or_when_it_fills_the_buffer() {
    let mut pair = Pair::new((20, 20), (20, 20));
    pair.a.as_mut().unwrap().hold_for_finish(true);
    assert_eq!(pair.a(&[Write(5), Unacked]), "5 5");
    assert_eq!(pair.b(&[Read(99)]), "EAGAIN");
    pair.a.as_mut().unwrap().hold_for_finish(false);
    pass(&pair.fast);
    assert_eq!(pair.b(&[Read(99)]), "5");
    pair.a.as_mut().unwrap().hold_for_finish(true);
    assert_eq!(pair.a(&[Write(99)]), "20");
    assert_eq!(pair.b(&[Read(99)]), "20");
    pair.a.as_mut().unwrap().hold_for_finish(true);
    assert_eq!(pair.a(&[Write(5)]), "5");
    assert_eq!(pair.b(&[Flags]), "out");
    assert_eq!(pair.a(&[Shutdown]), "ok");
    assert_eq!(pair.b(&[Read(99), Read(99)]), "5 0");
}

#[test]
fn a_reset_behind_the_last_fin_is_not_heard() {
    let mut pair = Pair::roomy();
    assert_eq!(pair.b(&[Shutdown]), "ok");
    let mut a = pair.a.take().unwrap();
    assert_eq!(a.call(Write(5)).to_string(), "5");
    assert_eq!(a.call(Shutdown).to_string(), "ok");
    a.reset();
    pass(&pair.fast);
    assert_eq!(pair.b(&[Read(9), Read(9), Flags]), "5 0 in+out+rdhup+hup");
    assert_eq!(pair.open(), [0, 0]);
}

/// Whether a task that waits for `wait` on `a` goes on once `b` has done as `cause` says.
fn is_woken(
    mut wait: impl FnMut(&mut FastStream, &mut Context<'_>) -> bool + 'static,
    cause: impl FnOnce(&mut Pair),
) -> bool {
    let mut pair = Pair::new((40, 40), (40, 40));
    assert_eq!(pair.a(&[Write(40)]), "40");
    assert_eq!(pair.a(&[Write(40)]), "40");
    let mut stream = pair.a.take().unwrap();
    let done = Rc::new(Cell::new(false));
    let told = Rc::clone(&done);
    let mut tasks = Executor::new();
    tasks.spawn(async move {
        poll_fn(|cx| match wait(&mut stream, cx) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        })
        .await;
        told.set(true);
        std::future::pending().await
    });
    tasks.run();
    assert!(!done.get(), "nothing has happened yet");
    cause(&mut pair);
    tasks.run();
    done.get()
}

#[test]
fn whoever_waits_is_woken_by_what_ends_the_wait() {
    fn write(stream: &mut FastStream, cx: &mut Context<'_>) -> bool {
        stream.poll_write(cx, &[IoSlice::new(b"x")]).is_ready()
    }
    fn read(stream: &mut FastStream, cx: &mut Context<'_>) -> bool {
        stream.poll_read(cx, &mut [0]).is_ready()
    }
    let drain = |pair: &mut Pair| {
        assert_eq!(pair.b(&[Read(99)]), "40");
        assert_eq!(pair.b(&[Read(99)]), "40");
    };
    let reset = |pair: &mut Pair| {
        pair.b = None;
        pass(&pair.fast);
    };
    let say = |call| {
        move |pair: &mut Pair| {
            pair.b(&[call]);
        }
    };
    assert!(is_woken(write, drain));
    assert!(is_woken(write, reset), "turmoil's defect 2");
    assert!(is_woken(read, say(Write(1))));
    assert!(is_woken(read, say(Shutdown)));
    assert!(is_woken(read, reset));
    assert!(is_woken(
        |stream, cx| stream.poll_acked(cx).is_ready(),
        drain
    ));
    assert!(is_woken(
        |stream, cx| stream.poll_acked(cx).is_ready(),
        reset
    ));
    assert!(is_woken(
        |stream, cx| stream.poll_fault(cx).is_ready(),
        reset
    ));
    let fault = |stream: &mut FastStream, cx: &mut Context<'_>| stream.poll_fault(cx).is_ready();
    assert!(!is_woken(fault, say(Shutdown)), "a FIN is no failure");
}

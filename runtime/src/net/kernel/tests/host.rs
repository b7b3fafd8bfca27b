//! A thread that rests in its network alone.

use super::{super::Kernel, bench::any_port};
use crate::net::{Address, Buffers, Listener, Network, Stream};
use std::{
    cell::RefCell,
    future::{Future, poll_fn},
    io::{IoSlice, Write as _},
    net::TcpStream,
    rc::Rc,
    task::Poll,
    thread,
    time::Duration,
};
use tidegate_core::time::Span;
use tokio::{
    sync::mpsc::unbounded_channel,
    task::{LocalSet, spawn_local, yield_now},
};

/// Turns of somebody who never rests: seconds.
const YIELDS: u32 = 20_000_000;

/// What `story` comes to on a thread of the network's own, which has 10 s for it.
fn hosted<T>(kernel: &Kernel, story: impl Future<Output = T>) -> T {
    let late = async {
        kernel.sleep_until(kernel.now() + Span::from_secs(10)).await;
        panic!("not in time");
    };
    let story = async {
        tokio::select! {
            told = story => told,
            () = late => unreachable!(),
        }
    };
    let local = LocalSet::new();
    kernel.run(local.run_until(story)).unwrap()
}

#[test]
fn other_threads_wake_it_whenever_they_do() {
    let (to, mut from) = unbounded_channel();
    let teller = thread::spawn(move || {
        for n in 0..2_000 {
            to.send(n).unwrap();
            // Now it rests, now it is about to, now it does not.
            if n % 7 == 0 {
                thread::sleep(Duration::from_micros(n % 50));
            }
        }
    });
    let kernel = Kernel::new();
    let heard = hosted(&kernel, async {
        let mut heard = 0;
        while from.recv().await.is_some() {
            heard += 1;
        }
        heard
    });
    assert_eq!(heard, 2_000);
    teller.join().unwrap();
}

#[test]
fn alarms_ring_in_order_while_nothing_else_happens() {
    let kernel = Kernel::new();
    let rung = hosted(&kernel, async {
        let (to, mut from) = unbounded_channel();
        for ms in [9, 3, 7, 1, 5] {
            let alarm = kernel.sleep_until(kernel.now() + Span::from_ms(ms));
            let to = to.clone();
            spawn_local(async move {
                alarm.await;
                to.send(ms).unwrap();
            });
        }
        drop(to);
        let mut rung = Vec::new();
        while let Some(ms) = from.recv().await {
            rung.push(ms);
        }
        rung
    });
    assert_eq!(rung, [1, 3, 5, 7, 9]);
}

#[test]
fn who_never_rests_keeps_nobody_waiting() {
    let kernel = Kernel::new();
    hosted(&kernel, async {
        let restless = spawn_local(async {
            // Not for ever: whoever is not heard meanwhile is late.
            for _ in 0..YIELDS {
                yield_now().await;
            }
        });
        let mut listener = kernel.listen(any_port(), Buffers::default()).unwrap();
        let mut peer = TcpStream::connect(listener.local()).unwrap();
        let mut stream = poll_fn(|cx| listener.poll_accept(cx)).await.unwrap();
        let mut bytes = [0; 3];
        let reads = poll_fn(|cx| stream.poll_read(cx, &mut bytes));
        let writes = async {
            // The read is waited for by now.
            kernel.sleep_until(kernel.now() + Span::from_ms(5)).await;
            peer.write_all(b"abc").unwrap();
        };
        let (read, ()) = tokio::join!(reads, writes);
        assert_eq!(read.unwrap(), 3);
        assert_eq!(&bytes, b"abc");
        restless.abort();
    });
}

#[test]
fn a_connection_there_and_back() {
    let kernel = Kernel::new();
    hosted(&kernel, async {
        let mut listener = kernel.listen(any_port(), Buffers::default()).unwrap();
        let to = Address::Inet(listener.local());
        let dialled = kernel.connect(to, Buffers::default());
        let accepted = poll_fn(|cx| listener.poll_accept(cx));
        let (dialled, accepted) = tokio::join!(dialled, accepted);
        let (mut near, mut far) = (dialled.unwrap(), accepted.unwrap());
        let mut bytes = [0; 8];
        for said in [&b"to"[..], b"and fro"] {
            let n = poll_fn(|cx| near.poll_write(cx, &[IoSlice::new(said)])).await;
            assert_eq!(n.unwrap(), said.len());
            let n = poll_fn(|cx| far.poll_read(cx, &mut bytes)).await.unwrap();
            assert_eq!(&bytes[..n], said);
            std::mem::swap(&mut near, &mut far);
        }
    });
}

#[test]
fn who_is_to_be_woken_behind_others_is_woken_behind_what_the_network_tells() {
    let kernel = Kernel::new();
    let log = hosted(&kernel, async {
        let log = Rc::new(RefCell::new(String::new()));
        let mut listener = kernel.listen(any_port(), Buffers::default()).unwrap();
        let client = TcpStream::connect(listener.local()).unwrap();
        let mut stream = poll_fn(|cx| listener.poll_accept(cx)).await.unwrap();
        let mut bytes = [0; 8];
        // From here on it waits for the network's word.
        poll_fn(|cx| match stream.poll_read(cx, &mut bytes) {
            Poll::Pending => Poll::Ready(()),
            Poll::Ready(_) => panic!("nothing has come"),
        })
        .await;
        let (reads, goes_on) = (Rc::clone(&log), Rc::clone(&log));
        let reader = spawn_local(async move {
            poll_fn(|cx| stream.poll_read(cx, &mut bytes))
                .await
                .unwrap();
            reads.borrow_mut().push('r');
        });
        yield_now().await;
        (&client).write_all(b"x").unwrap();
        let again = kernel.clone();
        let mut turns = 0;
        let worker = spawn_local(poll_fn(move |cx| {
            goes_on.borrow_mut().push('t');
            turns += 1;
            again.wake_behind(cx.waker());
            if turns == 3 {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        }));
        worker.await.unwrap();
        reader.await.unwrap();
        log.take()
    });
    // One that wakes itself at once has all of its turns first.
    assert_eq!(log, "trtt");
}

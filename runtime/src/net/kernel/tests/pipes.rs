//! What passes through a pipe keeps the order and the ends that it came with (SIMULATION 5.4).

use super::{
    super::{Kernel, KernelPipe, KernelStream, pipe::MOST},
    bench::{SMALL, any_port, fill, finish, pair, pair_with, reset, run, within, write},
    hear,
};
use crate::net::{Buffers, Network, Stream};
use rustix::net::{SendFlags, send};
use std::{
    future::poll_fn,
    io::{ErrorKind, Read as _, Result, Write as _},
    net::{Shutdown, TcpStream},
    task::{Context, Poll, Waker},
};

const PIPE: u32 = 64 * 1024;

fn pipe() -> KernelPipe {
    Kernel::new().pipe(PIPE).expect("a pipe is to be had")
}

async fn fill_pipe(stream: &mut KernelStream, pipe: &mut KernelPipe) -> Result<usize> {
    poll_fn(|cx| stream.poll_fill(cx, pipe, PIPE as usize)).await
}

async fn drain_pipe(stream: &mut KernelStream, pipe: &mut KernelPipe, n: usize) -> Result<usize> {
    poll_fn(|cx| stream.poll_drain(cx, pipe, n)).await
}

/// Passes on what `from` says, to its end, as a relay does; how much it was, and the end.
async fn pass(from: &mut KernelStream, to: &mut KernelStream) -> (usize, Result<()>) {
    let (mut pipe, mut passed) = (pipe(), 0);
    loop {
        let mut left = match fill_pipe(from, &mut pipe).await {
            Ok(0) => return (passed, Ok(())),
            Err(error) => return (passed, Err(error)),
            Ok(n) => n,
        };
        passed += left;
        while left > 0 {
            left -= drain_pipe(to, &mut pipe, left).await.unwrap();
        }
    }
}

/// What is said at this place.
fn byte(at: usize) -> u8 {
    u8::try_from(at % 251).unwrap()
}

/// Reads to the end; how many bytes came, each as it should be.
fn hear_all(mut peer: TcpStream) -> usize {
    let (mut buf, mut heard) = (vec![0; 100_000], 0_usize);
    loop {
        let n = peer.read(&mut buf).unwrap();
        if n == 0 {
            return heard;
        }
        for said in &buf[..n] {
            assert_eq!(*said, byte(heard), "byte {heard}");
            heard += 1;
        }
    }
}

#[test]
fn r03_bytes_then_fin() {
    run(async {
        let (mut from, mut source) = pair().await;
        let (mut to, sink) = pair().await;
        let says = std::thread::spawn(move || {
            let bytes: Vec<u8> = (0..3_000_000).map(byte).collect();
            source.write_all(&bytes).unwrap();
        });
        let hears = std::thread::spawn(move || hear_all(sink));
        let (passed, end) = pass(&mut from, &mut to).await;
        end.unwrap();
        finish(&mut to).await.unwrap();
        says.join().unwrap();
        assert_eq!((passed, hears.join().unwrap()), (3_000_000, 3_000_000));
    });
}

#[test]
fn k9b_bytes_before_a_reset_go_through_before_it() {
    run(async {
        let (mut from, mut source) = pair().await;
        let mut pipe = pipe();
        source.write_all(b"four").unwrap();
        reset(source);
        assert_eq!(fill_pipe(&mut from, &mut pipe).await.unwrap(), 4);
        for _ in 0..2 {
            let end = fill_pipe(&mut from, &mut pipe).await.unwrap_err();
            assert_eq!(end.kind(), ErrorKind::ConnectionReset, "and never clean");
        }
        let end = finish(&mut from).await.unwrap_err();
        assert_eq!(end.kind(), ErrorKind::ConnectionReset);
    });
}

#[test]
fn k9_a_drain_that_meets_the_reset_does_not_hide_it_from_reads() {
    run(async {
        let (mut from, mut source) = pair().await;
        let (mut to, mut sink) = pair().await;
        let mut pipe = pipe();
        source.write_all(b"hello").unwrap();
        assert_eq!(fill_pipe(&mut from, &mut pipe).await.unwrap(), 5);
        sink.write_all(b"four").unwrap();
        reset(sink);
        let error = drain_pipe(&mut to, &mut pipe, 5).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        let mut empty = Kernel::new().pipe(PIPE).unwrap();
        assert_eq!(fill_pipe(&mut to, &mut empty).await.unwrap(), 4);
        let end = fill_pipe(&mut to, &mut empty).await.unwrap_err();
        assert_eq!(end.kind(), ErrorKind::ConnectionReset);
    });
}

/// A connection, and its peer, that has not taken all of what a pipe had for it.
async fn cut_short() -> (KernelStream, TcpStream) {
    let (mut from, mut source) = pair().await;
    let (mut to, sink) = pair_with(SMALL).await;
    loop {
        let mut pipe = pipe();
        source.write_all(&[7; 8_192]).unwrap();
        let all = fill_pipe(&mut from, &mut pipe).await.unwrap();
        let sent = within(100, drain_pipe(&mut to, &mut pipe, all)).await;
        if sent.expect("a part has gone before nothing goes").unwrap() < all {
            return (to, sink);
        }
    }
}

/// splice(2) sends a pipe in several calls of its own, and drops the error of one that comes behind another
/// that went well: what was sent is all it tells.
#[test]
fn k9_a_reset_that_a_drain_was_told_of_and_kept_to_itself_is_no_fin() {
    run(async {
        let (mut to, sink) = cut_short().await;
        reset(sink);
        poll_fn(|cx| to.poll_hint(cx)).await;
        // As that call would have.
        let kept = to.socket().take_error().unwrap().unwrap();
        assert_eq!(kept.kind(), ErrorKind::ConnectionReset);
        let end = fill_pipe(&mut to, &mut pipe()).await.unwrap_err();
        assert_eq!(end.kind(), ErrorKind::ConnectionReset);
        let end = poll_fn(|cx| to.poll_read(cx, &mut [0])).await.unwrap_err();
        assert_eq!(end.kind(), ErrorKind::ConnectionReset);
    });
}

#[test]
fn k9_a_fin_behind_a_drain_that_was_cut_short_is_a_fin() {
    run(async {
        let (mut to, sink) = cut_short().await;
        sink.shutdown(Shutdown::Write).unwrap();
        assert_eq!(fill_pipe(&mut to, &mut pipe()).await.unwrap(), 0);
    });
}

/// What is sent through a pipe leaves at once as well, behind the first words (R01).
#[test]
fn r01_what_a_pipe_says_waits_for_no_acknowledgement() {
    run(async {
        let listener = std::net::TcpListener::bind(any_port()).unwrap();
        let to = listener.local_addr().unwrap();
        let mut stream = Kernel::new().connect(to, Buffers::default()).await.unwrap();
        let (mut from, mut source) = pair().await;
        let mut pipe = pipe();
        write(&mut stream, b"first").await.unwrap();
        source.write_all(b"then").unwrap();
        let n = fill_pipe(&mut from, &mut pipe).await.unwrap();
        drain_pipe(&mut stream, &mut pipe, n).await.unwrap();
        assert!(stream.socket().tcp_nodelay().unwrap());
    });
}

/// A pipe has slots and not bytes: of many small segments it takes some, and says of the others what
/// an empty socket says.
#[test]
fn what_a_full_pipe_leaves_is_told_of_by_nobody() {
    run(async {
        let (mut from, mut source) = pair().await;
        source.set_nodelay(true).unwrap();
        for n in 0..200_u8 {
            source.write_all(&[n]).unwrap();
        }
        // The reactor has heard of all of them.
        within(20, std::future::pending::<()>()).await;
        let mut full = pipe();
        let first = fill_pipe(&mut from, &mut full).await.unwrap();
        let mut cx = Context::from_waker(Waker::noop());
        let more = from.poll_fill(&mut cx, &mut full, PIPE as usize);
        assert!(first < 200, "there are too few segments to fill a pipe");
        assert!(more.is_pending(), "a full pipe says nothing of the socket");
        drop(full);
        // So whoever had believed that would wait for ever, and that is why nobody asks.
        let stalled = within(20, fill_pipe(&mut from, &mut pipe())).await;
        assert!(stalled.is_none(), "{first} of 200, then {stalled:?}");
        source.write_all(&[200]).unwrap();
        assert!(fill_pipe(&mut from, &mut pipe()).await.unwrap() > 0);
    });
}

/// The same, as a relay does it: every fill finds an empty pipe.
#[test]
fn many_small_segments_all_go_through() {
    run(async {
        let (mut from, mut source) = pair().await;
        let (mut to, sink) = pair().await;
        source.set_nodelay(true).unwrap();
        for n in 0..200_u8 {
            source.write_all(&[n]).unwrap();
        }
        source.shutdown(Shutdown::Write).unwrap();
        let (passed, end) = pass(&mut from, &mut to).await;
        end.unwrap();
        finish(&mut to).await.unwrap();
        assert_eq!((passed, hear_all(sink)), (200, 200));
    });
}

#[test]
fn a_drain_into_a_small_buffer_takes_a_part_and_waits_for_the_rest() {
    run(async {
        let (mut from, mut source) = pair().await;
        let (mut to, sink) = pair_with(SMALL).await;
        let says = std::thread::spawn(move || {
            let bytes: Vec<u8> = (0..8_000_000).map(byte).collect();
            source.write_all(&bytes).unwrap();
        });
        let (mut pipe, mut passed, mut left) = (pipe(), 0, 0);
        while left == 0 {
            let filled = fill_pipe(&mut from, &mut pipe).await.unwrap();
            passed += filled;
            left = filled;
            // Until it takes no more: nobody has read.
            while left > 0 {
                let drained = within(20, drain_pipe(&mut to, &mut pipe, left)).await;
                let Some(drained) = drained else { break };
                left -= drained.unwrap();
            }
        }
        let hears = std::thread::spawn(move || hear_all(sink));
        while left > 0 {
            left -= drain_pipe(&mut to, &mut pipe, left).await.unwrap();
        }
        let (rest, end) = pass(&mut from, &mut to).await;
        end.unwrap();
        finish(&mut to).await.unwrap();
        says.join().unwrap();
        assert_eq!(
            (passed + rest, hears.join().unwrap()),
            (8_000_000, 8_000_000)
        );
    });
}

/// 4.11, 9: what waits for FIN leaves with it, and not 200 ms later.
#[test]
fn the_last_bytes_of_a_pipe_leave_with_fin() {
    run(async {
        let (mut from, mut source) = pair().await;
        let (mut to, sink) = pair().await;
        source.write_all(&[0; 100]).unwrap();
        let mut pipe = pipe();
        assert_eq!(fill_pipe(&mut from, &mut pipe).await.unwrap(), 100);
        to.hold_for_finish(true);
        assert_eq!(drain_pipe(&mut to, &mut pipe, 100).await.unwrap(), 100);
        sink.set_nonblocking(true).unwrap();
        let early = sink.peek(&mut [0; 1]).map_err(|error| error.kind());
        assert_eq!(early, Err(ErrorKind::WouldBlock), "they wait");
        sink.set_nonblocking(false).unwrap();
        finish(&mut to).await.unwrap();
        assert_eq!(hear(sink), (100, None));
    });
}

/// R28: splice(2) would stop at the mark for ever.
#[test]
fn r28_urgent_data_does_not_go_through_a_pipe() {
    run(async {
        let (mut stream, mut source) = pair().await;
        assert!(stream.pipes());
        source.write_all(b"before").unwrap();
        send(&source, b"!", SendFlags::OOB).unwrap();
        source.write_all(b"behind").unwrap();
        assert_eq!(fill_pipe(&mut stream, &mut pipe()).await.unwrap(), 6);
        let stopped = within(20, fill_pipe(&mut stream, &mut pipe())).await;
        assert!(stopped.is_none(), "{stopped:?}");
        assert!(!stream.pipes(), "it is announced");
        source.write_all(b".").unwrap();
        let mut read = Vec::new();
        while read.len() < 8 {
            let mut buf = [0; 16];
            let n = poll_fn(|cx| stream.poll_read(cx, &mut buf)).await.unwrap();
            read.extend_from_slice(&buf[..n]);
        }
        assert_eq!(read, b"!behind.");
    });
}

/// At its mark a splice finds nothing, which behind a FIN looks like the end.
#[test]
fn r28_urgent_data_with_a_fin_behind_it_is_not_taken_for_the_end() {
    run(async {
        let (mut stream, mut source) = pair().await;
        source.write_all(b"before").unwrap();
        send(&source, b"!", SendFlags::OOB).unwrap();
        source.write_all(b"behind").unwrap();
        source.shutdown(Shutdown::Write).unwrap();
        assert_eq!(fill_pipe(&mut stream, &mut pipe()).await.unwrap(), 6);
        let stopped = within(20, fill_pipe(&mut stream, &mut pipe())).await;
        assert!(stopped.is_none(), "{stopped:?}");
        assert!(!stream.pipes(), "it is known now");
        let mut read = Vec::new();
        loop {
            let mut buf = [0; 16];
            match poll_fn(|cx| stream.poll_read(cx, &mut buf)).await.unwrap() {
                0 => break,
                n => read.extend_from_slice(&buf[..n]),
            }
        }
        assert_eq!(read, b"!behind");
    });
}

/// A FIN that has come is no reason to copy what came before it.
#[test]
fn a_fin_is_not_taken_for_urgent_data() {
    run(async {
        let (mut stream, mut source) = pair().await;
        source.write_all(b"bytes").unwrap();
        source.shutdown(Shutdown::Write).unwrap();
        poll_fn(|cx| stream.poll_hint(cx)).await;
        assert!(stream.pipes());
        assert_eq!(fill_pipe(&mut stream, &mut pipe()).await.unwrap(), 5);
    });
}

#[test]
fn pipes_are_counted_kept_and_let_go_of() {
    run(async {
        let kernel = Kernel::new();
        let all: Vec<KernelPipe> = (0..MOST).map_while(|_| kernel.pipe(4_096)).collect();
        assert_eq!(all.len(), MOST as usize);
        assert!(kernel.pipe(4_096).is_none(), "no more of them");
        for pipe in all {
            kernel.put_back(pipe);
        }
        let other = kernel
            .pipe(8_192)
            .expect("one of another size takes one's place");
        drop(other);
        assert!(kernel.pipe(4_096).is_some());
        assert!(
            kernel.pipe(u32::MAX).is_none(),
            "larger than the kernel allows"
        );
    });
}

/// A pipe is let go of with what is in it, never kept.
#[test]
fn nothing_of_one_connection_comes_out_in_another() {
    run(async {
        let (mut from, mut source) = pair().await;
        let (mut to, mut sink) = pair().await;
        let kernel = Kernel::new();
        source.write_all(b"given up").unwrap();
        let mut pipe = kernel.pipe(PIPE).unwrap();
        assert_eq!(fill_pipe(&mut from, &mut pipe).await.unwrap(), 8);
        drop(pipe);
        let mut pipe = kernel.pipe(PIPE).unwrap();
        let mut cx = Context::from_waker(Waker::noop());
        assert!(matches!(
            to.poll_drain(&mut cx, &mut pipe, 8),
            Poll::Pending
        ));
        write(&mut to, b"x").await.unwrap();
        let mut heard = [0; 1];
        sink.read_exact(&mut heard).unwrap();
        assert_eq!(&heard, b"x");
        assert!(fill(&mut sink) > 0);
    });
}

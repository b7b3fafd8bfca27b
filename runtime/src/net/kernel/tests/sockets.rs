//! How sockets come to be: options, listening, accepting, connecting.

use super::{
    super::{
        Kernel, KernelStream,
        share::{Share, Shares},
    },
    bench::{SMALL, any_port, fill_out, finish, pair, pair_with, read, reset, run, within, write},
};
use crate::{
    net::{Buffers, KEPT, Listener, Network, Stream},
    sys::Info,
};
use rustix::{
    fs::{OFlags, fcntl_getfl},
    io::{FdFlags, fcntl_getfd},
    net::sockopt,
};
use socket2::{Domain, SockRef, Socket, Type};
use std::{
    future::{Future, poll_fn},
    io::{ErrorKind, Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    pin::pin,
    sync::Arc,
    task::Poll,
    time::Duration,
};
use tidegate_core::{leg::Leg, time::Span, vigil::Keepalive};

/// Every option of 4.11 and the timer table, on one socket that was accepted.
fn check_options(stream: &KernelStream) {
    let socket = stream.socket();
    assert!(socket.tcp_nodelay().unwrap());
    assert!(socket.keepalive().unwrap());
    check_first_options(stream);
    assert_eq!(watched(stream), (60, 15, 4, 120_000));
}

/// Those of them that a connection of ours has from its first moment.
fn check_first_options(stream: &KernelStream) {
    let socket = stream.socket();
    assert!(socket.out_of_band_inline().unwrap());
    // A process that is killed resets its connections too.
    assert_eq!(socket.linger().unwrap(), Some(Duration::ZERO));
    assert!(fcntl_getfd(socket).unwrap().contains(FdFlags::CLOEXEC));
    assert!(fcntl_getfl(socket).unwrap().contains(OFlags::NONBLOCK));
}

#[test]
fn accepted_and_dialled_sockets_carry_every_option() {
    run(async {
        let (stream, _peer) = pair().await;
        check_options(&stream);
        let listener = TcpListener::bind(any_port()).unwrap();
        let address = listener.local_addr().unwrap();
        let mut stream = Kernel::new()
            .connect(address, Buffers::default())
            .await
            .unwrap();
        assert_eq!(stream.peer(), address);
        check_first_options(&stream);
        assert!(!stream.socket().keepalive().unwrap());
        // The others come when they are due: the first write leaves at once in any case.
        write(&mut stream, &[7]).await.unwrap();
        assert!(!stream.socket().tcp_nodelay().unwrap());
        write(&mut stream, &[7]).await.unwrap();
        assert!(!stream.watches(KEPT));
        stream.watch(KEPT);
        assert!(stream.watches(KEPT));
        check_options(&stream);
    });
}

#[test]
fn buffers_are_as_small_as_asked_for() {
    run(async {
        // The kernel doubles what it is given, for its own book-keeping.
        let size = |stream: &KernelStream| {
            let socket = stream.socket();
            let sizes = (socket.send_buffer_size(), socket.recv_buffer_size());
            (sizes.0.unwrap(), sizes.1.unwrap())
        };
        let (stream, _peer) = pair_with(SMALL).await;
        assert_eq!(size(&stream), (8_192, 8_192));
        let listener = TcpListener::bind(any_port()).unwrap();
        let address = listener.local_addr().unwrap();
        let stream = Kernel::new().connect(address, SMALL).await.unwrap();
        assert_eq!(size(&stream), (8_192, 8_192));
    });
}

/// Keepalive's three numbers, and TCP_USER_TIMEOUT, of a socket.
fn watched(stream: &KernelStream) -> (u64, u64, u32, u32) {
    let socket = stream.socket();
    (
        sockopt::tcp_keepidle(socket).unwrap().as_secs(),
        sockopt::tcp_keepintvl(socket).unwrap().as_secs(),
        sockopt::tcp_keepcnt(socket).unwrap(),
        sockopt::tcp_user_timeout(socket).unwrap(),
    )
}

#[test]
fn r06_k24_what_the_kernel_watches_for_is_what_it_was_told() {
    run(async {
        let (mut stream, _peer) = pair().await;
        assert_eq!(watched(&stream), (60, 15, 4, 120_000), "from its listener");
        let keepalive = Keepalive::default();
        stream.watch(keepalive.open(Span::from_secs(300)));
        assert_eq!(watched(&stream), (60, 15, 4, 300_000));
        let open = Leg::opened(false);
        let mut half = open.clone();
        half.open_mut().unwrap().hinted = true;
        let half = keepalive.over(&half, false, Span::from_secs(300)).unwrap();
        stream.watch(half);
        assert_eq!(
            watched(&stream),
            (15, 15, 4, 0),
            "keepalive alone decides (K25)"
        );
        let other = Keepalive {
            established: Span::from_ms(1_500),
            interval: Span::from_ms(1),
            probes: 9,
            ..keepalive
        };
        stream.watch(other.open(Span(1)));
        assert_eq!(watched(&stream), (2, 1, 9, 1_509));
        let listener = TcpListener::bind(any_port()).unwrap();
        let address = listener.local_addr().unwrap();
        let mut dialled = Kernel::new().connect(address, SMALL).await.unwrap();
        assert!(!dialled.socket().keepalive().unwrap(), "nothing yet");
        dialled.watch(other.open(Span(1)));
        assert_eq!(watched(&dialled), (2, 1, 9, 1_509));
        assert!(dialled.socket().keepalive().unwrap());
    });
}

/// K5: EPOLLRDHUP comes at once, also for a FIN behind bytes that nobody reads.
#[test]
fn r17_a_fin_behind_unread_bytes_is_hinted_at() {
    run(async {
        let (mut stream, mut peer) = pair().await;
        peer.write_all(&[7; 1_000]).unwrap();
        let hint = within(20, poll_fn(|cx| stream.poll_hint(cx))).await;
        assert_eq!(hint, None, "bytes are no end");
        peer.shutdown(Shutdown::Write).unwrap();
        poll_fn(|cx| stream.poll_hint(cx)).await;
        // It has taken nothing, and means nothing.
        assert_eq!(read(&mut stream).await.unwrap().len(), 1_000);
    });
}

fn segments(stream: &KernelStream) -> u32 {
    Info::of(stream.socket()).unwrap().segments_out()
}

/// Segments that `stream` sends for some bytes and its FIN.
async fn segments_of_the_end(stream: &mut KernelStream) -> u32 {
    let before = segments(stream);
    assert_eq!(write(stream, b"the last bytes").await.unwrap(), 14);
    finish(stream).await.unwrap();
    segments(stream) - before
}

#[test]
fn row_4_11_9_fin_rides_with_the_last_bytes() {
    run(async {
        let (mut stream, mut peer) = pair().await;
        stream.hold_for_finish(true);
        assert_eq!(segments_of_the_end(&mut stream).await, 1);
        let mut bytes = String::new();
        peer.read_to_string(&mut bytes).unwrap();
        assert_eq!(bytes, "the last bytes");
        let (mut stream, _peer) = pair().await;
        assert_eq!(segments_of_the_end(&mut stream).await, 2, "nobody said so");
    });
}

#[test]
fn row_4_11_9_what_waits_for_fin_leaves_when_fin_does_not_come() {
    run(async {
        let (mut stream, mut peer) = pair().await;
        stream.hold_for_finish(true);
        let before = segments(&stream);
        write(&mut stream, b"kept").await.unwrap();
        assert_eq!(segments(&stream), before, "it waits");
        stream.hold_for_finish(false);
        assert_eq!(segments(&stream), before + 1);
        let mut bytes = [0; 4];
        peer.read_exact(&mut bytes).unwrap();
        assert_eq!(&bytes, b"kept");
    });
}

#[test]
fn row_4_11_9_what_waits_for_fin_does_not_wait_for_room() {
    run(async {
        // As data before a close_notify that does not fit (T12).
        for each in [600, 4_000, 9_000] {
            let (mut stream, _peer) = pair_with(SMALL).await;
            stream.hold_for_finish(true);
            let most = fill_out(&mut stream, each);
            assert!(most > 0);
            assert_eq!(Info::of(stream.socket()).unwrap().unsent_bytes(), 0);
        }
    });
}

#[test]
fn workers_share_an_address() {
    run(async {
        let kernel = Kernel::new();
        let one = kernel.listen(any_port(), Buffers::default()).unwrap();
        let two = kernel.listen(one.local(), Buffers::default()).unwrap();
        assert_eq!(one.local(), two.local());
    });
}

#[test]
fn a_peer_that_reset_before_accept_still_has_an_address() {
    run(async {
        let mut listener = Kernel::new()
            .listen(any_port(), Buffers::default())
            .unwrap();
        let mut peer = TcpStream::connect(listener.local()).unwrap();
        let address = peer.local_addr().unwrap();
        peer.write_all(b"gone").unwrap();
        reset(peer);
        let mut stream = poll_fn(|cx| listener.poll_accept(cx)).await.unwrap();
        assert_eq!(stream.peer(), address);
        assert_eq!(read(&mut stream).await.unwrap(), b"gone");
        assert!(read(&mut stream).await.is_err());
    });
}

#[test]
fn an_empty_queue_is_waited_for() {
    run(async {
        let mut listener = Kernel::new()
            .listen(any_port(), Buffers::default())
            .unwrap();
        for _ in 0..3 {
            let none = within(5, poll_fn(|cx| listener.poll_accept(cx))).await;
            assert!(none.is_none());
            let _peers = [(); 2].map(|()| TcpStream::connect(listener.local()).unwrap());
            for _ in 0..2 {
                poll_fn(|cx| listener.poll_accept(cx)).await.unwrap();
            }
        }
    });
}

#[test]
fn r21_a_refused_connect_is_refused() {
    run(async {
        let listener = TcpListener::bind(any_port()).unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let error = Kernel::new()
            .connect(address, Buffers::default())
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    });
}

#[test]
fn r10_words_before_a_reset_that_the_connect_meets() {
    run(async {
        for words in ["all of it", ""] {
            let listener = TcpListener::bind(any_port()).unwrap();
            let address = listener.local_addr().unwrap();
            let connect = Kernel::new().connect(address, Buffers::default());
            let (mut peer, _) = listener.accept().unwrap();
            peer.write_all(words.as_bytes()).unwrap();
            reset(peer);
            let kind = match connect.await {
                Ok(mut stream) => {
                    assert_eq!(read(&mut stream).await.unwrap(), words.as_bytes());
                    read(&mut stream).await.unwrap_err().kind()
                }
                Err(error) => {
                    assert_eq!(words, "", "words are not thrown away");
                    error.kind()
                }
            };
            assert_eq!(kind, ErrorKind::ConnectionReset);
        }
    });
}

#[test]
fn r20_a_connect_is_cancelled_by_dropping_it() {
    run(async {
        // A listener whose queue is full answers no SYN.
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        listener.bind(&any_port().into()).unwrap();
        listener.listen(0).unwrap();
        let address = listener.local_addr().unwrap().as_socket().unwrap();
        let kernel = Kernel::new();
        let mut held = Vec::new();
        for _ in 0..8 {
            let mut connect = pin!(kernel.connect(address, Buffers::default()));
            match within(20, connect.as_mut()).await {
                Some(stream) => held.push(stream.unwrap()),
                None => {
                    let waits = poll_fn(|cx| Poll::Ready(connect.as_mut().poll(cx).is_pending()));
                    assert!(waits.await);
                    return; // Dropped here.
                }
            }
        }
        panic!("the queue is never full");
    });
}

#[test]
fn a_dialled_stream_carries_bytes_both_ways() {
    run(async {
        let listener = TcpListener::bind(any_port()).unwrap();
        let address = listener.local_addr().unwrap();
        let mut stream = Kernel::new()
            .connect(address, Buffers::default())
            .await
            .unwrap();
        let (mut peer, _) = listener.accept().unwrap();
        write(&mut stream, b"question").await.unwrap();
        let mut heard = [0; 8];
        peer.read_exact(&mut heard).unwrap();
        assert_eq!(&heard, b"question");
        for _ in 0..3 {
            peer.write_all(b"answer").unwrap();
            assert_eq!(read(&mut stream).await.unwrap(), b"answer");
        }
        drop(peer);
        assert!(read(&mut stream).await.unwrap().is_empty());
        assert_eq!(
            SockRef::from(stream.socket())
                .take_error()
                .unwrap()
                .map(|e| e.kind()),
            None
        );
        stream.close();
    });
}

#[test]
fn who_queued_for_another_worker_is_reset_when_dropped() {
    // The one whose the socket is has not looked at it yet, and nothing of ours is on it.
    let given = TcpListener::bind(any_port()).unwrap();
    let at = given.local_addr().unwrap();
    let shares = Shares::of(2);
    shares.sockets().give(at, vec![given.into()], 2);
    run(async {
        let worker = |n| Kernel::sharing(Share::new(Arc::clone(&shares), n));
        let [first, second] = [worker(0), worker(1)];
        let _waits = first.listen(at, Buffers::default()).unwrap();
        let queued = TcpStream::connect(at).unwrap();
        let mut listener = second.listen(at, Buffers::default()).unwrap();
        assert_eq!(listener.local(), at);
        let stream = poll_fn(|cx| listener.poll_accept(cx)).await.unwrap();
        assert_eq!(stream.peer(), queued.local_addr().unwrap());
        assert_eq!(stream.socket().linger().unwrap(), Some(Duration::ZERO));
    });
}

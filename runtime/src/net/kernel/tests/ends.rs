//! How sockets end: what is acknowledged, and what a close makes of it.

use super::{
    super::KernelStream,
    bench::{SMALL, acked, finish, pair, pair_with, read, run, within, write},
};
use crate::net::Stream;
use std::{
    future::poll_fn,
    io::{self, Read as _},
    net::{Shutdown, TcpStream},
    task::{Context, Poll, Waker},
};

#[test]
fn a_finished_socket_with_a_long_way_to_go_is_left_to_the_kernel() {
    run(async {
        let (mut stream, _peer) = pair_with(SMALL).await;
        while within(20, write(&mut stream, &[7; 4_096])).await.is_some() {}
        finish(&mut stream).await.unwrap();
        assert!(within(20, acked(&mut stream)).await.is_none());
        assert_eq!(stream.socket().linger().unwrap(), None);
    });
}

/// What the peer reads, and what its socket has to tell of the connection, when we have sent FIN, know that it
/// has arrived, and close.
fn closed_behind_fin(peers_first: bool) -> io::Result<(usize, Option<io::Error>)> {
    run(async {
        let (mut stream, mut peer) = pair().await;
        if peers_first {
            peer.shutdown(Shutdown::Write).unwrap();
            assert!(read(&mut stream).await.unwrap().is_empty());
        }
        finish(&mut stream).await.unwrap();
        // Before anybody looks.
        while stream.unacked().unwrap() > 0 {
            tokio::task::yield_now().await;
        }
        acked(&mut stream).await.unwrap();
        stream.close();
        Ok((peer.read(&mut [0])?, peer.take_error()?))
    })
}

#[test]
fn a_finished_socket_that_is_closed_is_not_reset() {
    // Unless the peer's FIN has come too, the kernel would reset it, if it were not told otherwise.
    for peers_first in [true, false] {
        let (bytes, failed) = closed_behind_fin(peers_first).unwrap();
        assert_eq!((bytes, failed.map(|error| error.kind())), (0, None));
    }
}

/// Whether a look has found that the peer has everything.
fn look(stream: &mut KernelStream) -> Poll<()> {
    let mut cx = Context::from_waker(Waker::noop());
    stream.poll_acked(&mut cx).map(Result::unwrap)
}

/// A stream that is finished, whose peer has acknowledged that and not finished itself.
async fn acknowledged() -> (KernelStream, TcpStream) {
    let (mut stream, peer) = pair().await;
    finish(&mut stream).await.unwrap();
    while stream.unacked().unwrap() > 0 {
        tokio::task::yield_now().await;
    }
    (stream, peer)
}

#[test]
fn row_4_11_8_what_the_peers_fin_acknowledges_is_not_looked_at_before() {
    run(async {
        let (mut stream, peer) = acknowledged().await;
        assert_eq!(look(&mut stream), Poll::Pending);
        peer.shutdown(Shutdown::Write).unwrap();
        poll_fn(|cx| stream.poll_hint(cx)).await;
        assert_eq!(look(&mut stream), Poll::Ready(()));
    });
}

#[test]
fn i10_a_look_that_waits_is_made_at_once_for_a_deadline() {
    run(async {
        let (mut stream, _peer) = acknowledged().await;
        assert_eq!(look(&mut stream), Poll::Pending);
        stream.look_again();
        assert_eq!(look(&mut stream), Poll::Ready(()));
    });
}

//! The kernel's facts, on real loopback sockets. Tests are named after rows of LIFECYCLE 1.

mod alarms;
mod bench;
mod ends;
mod handshake;
mod host;
mod pipes;
mod queue;
mod sockets;

use super::KernelStream;
use crate::net::{Buffers, Stream};
use bench::{
    SMALL, acked, drain, fault, fill, fill_out, finish, pair, pair_with, read, reset, run, within,
    write,
};
use socket2::SockRef;
use std::{
    future::poll_fn,
    io::{ErrorKind, IoSlice, Read as _, Write as _},
    net::{Shutdown, TcpStream},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

/// How the peer's next read ends: bytes read before it, and the end.
fn hear(mut peer: TcpStream) -> (usize, Option<ErrorKind>) {
    let mut bytes = Vec::new();
    let end = peer.read_to_end(&mut bytes);
    (bytes.len(), end.err().map(|error| error.kind()))
}

#[test]
fn k23_what_the_peer_has_acknowledged_is_counted() {
    run(async {
        let (mut stream, mut peer) = pair().await;
        let before = stream.acked_bytes().unwrap();
        assert_eq!(stream.sent_bytes().unwrap(), before);
        write(&mut stream, &[7; 1_000]).await.unwrap();
        peer.read_exact(&mut [0; 1_000]).unwrap();
        while stream.unacked().unwrap() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(stream.acked_bytes().unwrap() - before, 1_000);
        assert_eq!(stream.sent_bytes().unwrap() - before, 1_000);
    });
}

/// What a request comes to that meets the end of its connection, where the peer has left before it, or
/// does `then` with it: how the read ends, and how much was acknowledged.
fn k23(then: Option<fn(TcpStream)>) -> (Result<(), ErrorKind>, u64) {
    run(async {
        let (mut stream, mut peer) = pair().await;
        let before = stream.acked_bytes().unwrap();
        let request = [7; 1_000];
        if let Some(then) = then {
            write(&mut stream, &request).await.unwrap();
            peer.read_exact(&mut [0; 1_000]).unwrap();
            then(peer);
        } else {
            drop(peer);
            write(&mut stream, &request).await.unwrap();
        }
        let (bytes, end) = drain(&mut stream).await;
        assert_eq!(bytes, 0);
        let acked = stream.acked_bytes().unwrap() - before;
        (end.map_err(|error| error.kind()), acked)
    })
}

/// The table: only an end of file, with nothing acknowledged, proves that nobody has the request.
#[test]
fn k23_an_end_of_file_with_nothing_acknowledged_is_the_only_proof() {
    // K23a: it had left.
    assert_eq!(k23(None), (Ok(()), 0));
    // K23b: it reads, and leaves.
    assert_eq!(k23(Some(drop)), (Ok(()), 1_000));
    // K23c: it has read the request, whatever it had acknowledged before its RST.
    let (end, _) = k23(Some(reset));
    assert_eq!(end, Err(ErrorKind::ConnectionReset));
}

#[test]
fn k5b_fin_behind_unread_bytes_is_read_after_them() {
    run(async {
        let (mut stream, mut peer) = pair().await;
        peer.write_all(&[7; 10_000]).unwrap();
        peer.shutdown(Shutdown::Write).unwrap();
        assert_eq!(
            within(20, fault(&mut stream)).await.map(|e| e.kind()),
            None,
            "a FIN is no fault"
        );
        let (count, end) = drain(&mut stream).await;
        assert_eq!(count, 10_000);
        end.unwrap();
        assert!(read(&mut stream).await.unwrap().is_empty(), "and again");
    });
}

#[test]
fn k5c_rst_behind_a_zero_window_is_a_fault_though_nobody_reads() {
    run(async {
        let (mut stream, mut peer) = pair_with(SMALL).await;
        fill(&mut peer);
        assert!(within(20, fault(&mut stream)).await.is_none());
        reset(peer);
        let error = within(1_000, fault(&mut stream)).await.expect("at once");
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        // K9c: the error is consumed, the queue is not, and its end is not clean.
        let (count, end) = drain(&mut stream).await;
        assert!(count > 0, "what had arrived is still there");
        assert_eq!(end.unwrap_err().kind(), ErrorKind::ConnectionReset);
        assert_eq!(
            finish(&mut stream).await.unwrap_err().kind(),
            ErrorKind::ConnectionReset
        );
    });
}

#[test]
fn k9_a_write_that_meets_the_reset_does_not_hide_it_from_reads() {
    run(async {
        let (mut stream, mut peer) = pair().await;
        peer.write_all(&[7; 50_000]).unwrap();
        reset(peer);
        let error = write(&mut stream, b"hello").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        // R15: drain first, then the error; never FIN.
        let (count, end) = drain(&mut stream).await;
        assert_eq!(count, 50_000);
        assert_eq!(end.unwrap_err().kind(), ErrorKind::ConnectionReset);
        let again = write(&mut stream, b"hello").await.unwrap_err();
        assert_eq!(again.kind(), ErrorKind::ConnectionReset, "the first one");
        assert_eq!(
            fault(&mut stream).await.kind(),
            ErrorKind::ConnectionReset,
            "nor from the fault"
        );
    });
}

#[test]
fn k9b_bytes_before_a_reset_are_read_before_it() {
    run(async {
        let (mut stream, mut peer) = pair().await;
        peer.write_all(&[7; 50_000]).unwrap();
        reset(peer);
        let (count, end) = drain(&mut stream).await;
        assert_eq!(count, 50_000);
        assert_eq!(end.unwrap_err().kind(), ErrorKind::ConnectionReset);
        let end = read(&mut stream).await.unwrap_err();
        assert_eq!(end.kind(), ErrorKind::ConnectionReset, "it stays");
    });
}

#[test]
fn k11_a_reset_after_fin_is_a_fault() {
    run(async {
        let (mut stream, peer) = pair().await;
        peer.shutdown(Shutdown::Write).unwrap();
        assert!(read(&mut stream).await.unwrap().is_empty());
        assert!(within(20, fault(&mut stream)).await.is_none());
        reset(peer);
        let error = within(1_000, fault(&mut stream)).await.expect("at once");
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    });
}

/// Counts wake-ups.
#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn k17_fin_on_both_sides_is_no_fault() {
    run(async {
        let (mut stream, peer) = pair().await;
        finish(&mut stream).await.unwrap();
        assert_eq!(hear(peer), (0, None));
        assert!(read(&mut stream).await.unwrap().is_empty());
        acked(&mut stream).await.unwrap();
        assert!(within(20, fault(&mut stream)).await.is_none());
        stream.close();
    });
}

#[test]
fn r18_waiting_for_a_fault_is_not_woken_by_bytes() {
    run(async {
        let (mut stream, mut peer) = pair().await;
        let count = Arc::new(Count::default());
        let waker = Waker::from(Arc::clone(&count));
        let cx = &mut Context::from_waker(&waker);
        assert!(stream.poll_fault(cx).is_pending());
        for _ in 0..5 {
            peer.write_all(b"more").unwrap();
            tokio::task::yield_now().await;
            assert!(stream.poll_fault(cx).is_pending());
        }
        peer.shutdown(Shutdown::Write).unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        assert_eq!(count.0.load(Ordering::Relaxed), 0);
        reset(peer);
        while count.0.load(Ordering::Relaxed) == 0 {
            tokio::task::yield_now().await;
        }
        assert!(stream.poll_fault(cx).is_ready());
    });
}

#[test]
fn k18_a_reset_does_not_wait() {
    run(async {
        let (mut stream, peer) = pair_with(SMALL).await;
        let sent = fill_out(&mut stream, 4_096);
        stream.reset();
        let (heard, end) = hear(peer);
        assert!(heard <= sent);
        assert_eq!(end, Some(ErrorKind::ConnectionReset));
    });
}

#[test]
fn k20_acknowledged_first_then_reset_loses_no_byte() {
    run(async {
        let (mut stream, peer) = pair().await;
        let peer = std::thread::spawn(|| hear(peer));
        let mut left = 3_000_000;
        while left > 0 {
            left -= write(&mut stream, &vec![7; left]).await.unwrap();
        }
        acked(&mut stream).await.unwrap();
        assert_eq!(stream.unacked().unwrap(), 0);
        stream.reset();
        let heard = peer.join().unwrap();
        assert_eq!(heard, (3_000_000, Some(ErrorKind::ConnectionReset)));
    });
}

#[test]
fn k21_the_fin_counts_until_it_is_acknowledged() {
    run(async {
        let (mut stream, peer) = pair_with(SMALL).await;
        SockRef::from(&peer).set_recv_buffer_size(4_096).unwrap();
        let sent = fill_out(&mut stream, 4_096);
        let before = stream.unacked().unwrap();
        assert!(before > 0);
        finish(&mut stream).await.unwrap();
        assert_eq!(stream.unacked().unwrap(), before + 1);
        assert!(within(20, acked(&mut stream)).await.is_none());
        let peer = std::thread::spawn(|| hear(peer));
        acked(&mut stream).await.unwrap();
        assert_eq!(peer.join().unwrap(), (sent, None));
        stream.close();
    });
}

#[test]
fn k20_a_connection_that_fails_is_never_acknowledged() {
    run(async {
        let (mut stream, peer) = pair_with(SMALL).await;
        SockRef::from(&peer).set_recv_buffer_size(4_096).unwrap();
        fill_out(&mut stream, 4_096);
        assert!(within(20, acked(&mut stream)).await.is_none());
        reset(peer);
        let error = acked(&mut stream).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        assert!(stream.unacked().unwrap() > 0, "the count stays");
        assert!(read(&mut stream).await.is_err(), "and no FIN is read");
    });
}

#[test]
fn r22_a_writer_resumes_when_the_peer_reads() {
    run(async {
        let (mut stream, peer) = pair_with(SMALL).await;
        let sent = fill_out(&mut stream, 4_096);
        let mut blocked = pin!(async {
            write(&mut stream, b"last").await.unwrap();
            finish(&mut stream).await.unwrap();
            acked(&mut stream).await.unwrap();
            stream.close();
        });
        let first = poll_fn(|cx| Poll::Ready(blocked.as_mut().poll(cx).is_pending())).await;
        assert!(first, "it is full");
        let peer = std::thread::spawn(|| hear(peer));
        blocked.await;
        assert_eq!(peer.join().unwrap(), (sent + 4, None));
    });
}

#[test]
fn r25_dropped_is_reset() {
    run(async {
        let (stream, peer) = pair().await;
        drop(stream);
        assert_eq!(hear(peer), (0, Some(ErrorKind::ConnectionReset)));
        // Also after a FIN, which leaves the peer free to go on sending.
        let (mut stream, mut peer) = pair().await;
        finish(&mut stream).await.unwrap();
        assert_eq!(peer.read(&mut [0]).unwrap(), 0);
        drop(stream);
        let error = SockRef::from(&peer).take_error().unwrap().unwrap();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    });
}

#[test]
fn r08_closed_is_a_clean_end() {
    run(async {
        let (mut stream, peer) = pair().await;
        write(&mut stream, b"bye").await.unwrap();
        stream.close();
        assert_eq!(hear(peer), (3, None));
        let (mut stream, peer) = pair().await;
        write(&mut stream, b"bye").await.unwrap();
        finish(&mut stream).await.unwrap();
        stream.close();
        assert_eq!(hear(peer), (3, None));
    });
}

#[test]
fn r28_urgent_data_is_inline_and_does_not_stall_the_bytes_behind_it() {
    run(async {
        let (mut stream, mut peer) = pair().await;
        // The first read is over, so that readiness is waited for.
        peer.write_all(b"x").unwrap();
        assert_eq!(read(&mut stream).await.unwrap(), b"x");
        peer.write_all(b"ab").unwrap();
        SockRef::from(&peer).send_out_of_band(b"c").unwrap();
        peer.write_all(b"de").unwrap();
        let mut heard = Vec::new();
        while heard.len() < 5 {
            let more = within(1_000, read(&mut stream)).await;
            heard.extend(more.expect("no stall").unwrap());
        }
        assert_eq!(heard, b"abcde");
    });
}

#[test]
fn many_slices_are_written_in_order() {
    run(async {
        let (mut stream, peer) = pair_with(Buffers::default()).await;
        let words: Vec<[u8; 2]> = (0..3_000_u16).map(u16::to_be_bytes).collect();
        let mut bufs: Vec<IoSlice<'_>> = words.iter().map(|word| IoSlice::new(word)).collect();
        let mut left = &mut bufs[..];
        while !left.is_empty() {
            let n = poll_fn(|cx| stream.poll_write(cx, left)).await.unwrap();
            IoSlice::advance_slices(&mut left, n);
        }
        stream.close();
        let mut heard = Vec::new();
        { peer }.read_to_end(&mut heard).unwrap();
        assert_eq!(heard, words.concat());
    });
}

#[test]
fn a_stream_moves_into_a_task() {
    fn needs_static<T: Unpin + 'static>(_: &T) {}
    run(async {
        let (stream, _peer) = pair().await;
        needs_static::<KernelStream>(&stream);
    });
}

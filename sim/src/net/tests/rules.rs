//! Linux's rules of one connection (LIFECYCLE section 1), and the handshake's times.

use super::{ANY, SimNet, SimStream, dial, serve};
use crate::simulated::Simulated;
use crate::testing::{
    accept, acked, buffers, builder, fault, finish, here, read, read_to_end, run, server, sleep,
    within, write, write_all,
};
use std::io::ErrorKind::{BrokenPipe, ConnectionRefused, ConnectionReset};
use tidegate::net::{Network, Stream};

#[test]
fn a_handshake_takes_two_latencies_and_needs_no_accept() {
    let ((), took) = run(
        async {
            let _listener = SimNet::new().listen(here(), ANY).unwrap();
            sleep(200).await;
        },
        async {
            let net = SimNet::new();
            let begun = net.now();
            let mut stream = net.connect(server(), ANY).await.unwrap();
            let took = net.now().since(begun);
            write_all(&mut stream, b"into the backlog").await.unwrap();
            acked(&mut stream).await.unwrap();
            took.as_ms()
        },
    );
    assert_eq!(took, 10);
}

#[test]
fn a_refusal_takes_two_latencies() {
    let ((), refused) = run(sleep(100), async {
        let net = SimNet::new();
        let error = net.connect(server(), ANY).await.unwrap_err();
        (error.kind(), net.now().as_ms())
    });
    assert_eq!(refused, (ConnectionRefused, 10));
}

#[test]
fn a_held_link_makes_a_connect_hang_and_dropping_it_is_quiet() {
    let ((), ()) = run(
        async {
            let mut listener = SimNet::new().listen(here(), ANY).unwrap();
            let seen = within(500, accept(&mut listener)).await;
            assert!(seen.is_none(), "the cancelled connect is never accepted");
        },
        async {
            turmoil::hold("client", "server");
            let connect = SimNet::new().connect(server(), ANY);
            assert!(within(100, connect).await.is_none());
            turmoil::release("client", "server");
            sleep(500).await;
        },
    );
}

#[test]
fn k1_close_with_unread_input_resets() {
    let ((), got) = run(
        serve(ANY, |mut stream| async move {
            sleep(50).await;
            write_all(&mut stream, b"reply").await.unwrap();
            stream.close();
            sleep(50).await;
        }),
        dial(ANY, |mut stream| async move {
            write_all(&mut stream, b"unread").await.unwrap();
            read_to_end(&mut stream).await
        }),
    );
    assert_eq!(got, (b"reply".to_vec(), Some(ConnectionReset)));
}

#[test]
fn k1c_a_clean_close_delivers_all() {
    let ((), got) = run(
        serve(buffers(1_000, 1_000), |mut stream| async move {
            assert_eq!(write(&mut stream, &[3; 5_000]).await.unwrap(), 1_000);
            stream.close();
            sleep(500).await;
        }),
        dial(buffers(40, 40), |mut stream| async move {
            sleep(20).await;
            read_to_end(&mut stream).await
        }),
    );
    assert_eq!(got, (vec![3; 1_000], None));
}

#[test]
fn k4_late_data_after_close_resets_and_cuts_what_was_queued() {
    let ((), (got, error)) = run(
        serve(buffers(1_000, 1_000), |mut stream| async move {
            assert_eq!(write(&mut stream, &[3; 1_000]).await.unwrap(), 1_000);
            stream.close();
            sleep(100).await;
        }),
        dial(buffers(40, 40), |mut stream| async move {
            sleep(20).await;
            write_all(&mut stream, b"late").await.unwrap();
            sleep(20).await;
            read_to_end(&mut stream).await
        }),
    );
    assert_eq!((got.len(), error), (40, Some(ConnectionReset)));
}

#[test]
fn k6_the_first_write_after_the_peer_closed_succeeds() {
    let ((), ()) = run(
        serve(ANY, |stream| async move {
            stream.close();
            sleep(200).await;
        }),
        dial(ANY, |mut stream| async move {
            assert_eq!(read(&mut stream, 9).await.unwrap(), b"");
            assert_eq!(write(&mut stream, b"1").await.unwrap(), 1);
            sleep(20).await;
            assert_eq!(
                write(&mut stream, b"2").await.unwrap_err().kind(),
                BrokenPipe
            );
            assert_eq!(
                write(&mut stream, b"3").await.unwrap_err().kind(),
                BrokenPipe
            );
            // The trait's contract: Linux says 0 here (K6b).
            assert_eq!(read(&mut stream, 9).await.unwrap_err().kind(), BrokenPipe);
        }),
    );
}

#[test]
fn k9_data_received_before_the_reset_stays_readable() {
    let ((), ()) = run(
        serve(ANY, |mut stream| async move {
            write_all(&mut stream, &[9; 50]).await.unwrap();
            stream.reset();
            sleep(200).await;
        }),
        dial(ANY, |mut stream| async move {
            assert_eq!(fault(&mut stream).await, ConnectionReset);
            let write = write(&mut stream, b"x").await.unwrap_err();
            assert_eq!(write.kind(), ConnectionReset, "latched");
            assert_eq!(read(&mut stream, 40).await.unwrap().len(), 40);
            assert_eq!(read(&mut stream, 40).await.unwrap().len(), 10);
            let last = read(&mut stream, 40).await.unwrap_err();
            assert_eq!(last.kind(), ConnectionReset, "not 0");
        }),
    );
}

#[test]
fn k11_a_reset_after_the_fin_is_invisible_to_reads() {
    let ((), ()) = run(
        serve(ANY, |mut stream| async move {
            finish(&mut stream).await;
            sleep(20).await;
            stream.reset();
            sleep(200).await;
        }),
        dial(ANY, |mut stream| async move {
            sleep(50).await;
            assert_eq!(read(&mut stream, 9).await.unwrap(), b"");
            assert_eq!(fault(&mut stream).await, BrokenPipe);
        }),
    );
}

#[test]
fn k18_an_immediate_reset_discards_what_the_window_held_back() {
    let ((), (got, error)) = run(
        serve(buffers(1_000, 1_000), |mut stream| async move {
            write_all(&mut stream, &[1; 1_000]).await.unwrap();
            stream.reset();
            sleep(50).await;
        }),
        dial(buffers(40, 40), |mut stream| async move {
            sleep(50).await;
            read_to_end(&mut stream).await
        }),
    );
    assert_eq!((got.len(), error), (40, Some(ConnectionReset)));
}

#[test]
fn k20_waiting_for_the_acknowledgement_first_loses_nothing() {
    let ((), (got, error)) = run(
        serve(buffers(1_000, 1_000), |mut stream| async move {
            write_all(&mut stream, &[1; 1_000]).await.unwrap();
            acked(&mut stream).await.unwrap();
            stream.reset();
            sleep(50).await;
        }),
        dial(buffers(40, 40), |mut stream| async move {
            sleep(50).await;
            read_to_end(&mut stream).await
        }),
    );
    assert_eq!((got.len(), error), (1_000, Some(ConnectionReset)));
}

#[test]
fn dropping_a_stream_resets_it() {
    let ((), got) = run(
        serve(ANY, |stream| async move {
            drop(stream);
            sleep(50).await;
        }),
        dial(
            ANY,
            |mut stream| async move { read_to_end(&mut stream).await },
        ),
    );
    assert_eq!(got, (vec![], Some(ConnectionReset)));
}

#[test]
fn windows_count_bytes_and_reads_coalesce() {
    let (reads, ()) = run(
        serve(buffers(5, 16), |mut stream| async move {
            sleep(100).await;
            let mut reads = Vec::new();
            loop {
                let n = read(&mut stream, 100).await.unwrap().len();
                if n == 0 {
                    stream.close();
                    return reads;
                }
                reads.push(n);
            }
        }),
        dial(buffers(5, 5), |mut stream| async move {
            // 16 arrive and 5 wait: the writer holds send buffer plus the peer's receive buffer.
            let mut taken = 0;
            while let Some(n) = within(50, write(&mut stream, &[0; 40])).await {
                taken += n.unwrap();
            }
            assert_eq!((taken, stream.unacked().unwrap()), (21, 5));
            finish(&mut stream).await;
            assert_eq!(stream.unacked().unwrap(), 6);
            acked(&mut stream).await.unwrap();
            assert_eq!(stream.unacked().unwrap(), 0);
            stream.close();
        }),
    );
    assert_eq!(reads, [16, 5]);
}

#[test]
fn simultaneous_ends_leave_no_socket_and_no_reset() {
    async fn both(net: SimNet, mut stream: SimStream) -> usize {
        write_all(&mut stream, b"bye").await.unwrap();
        finish(&mut stream).await;
        assert_eq!(read_to_end(&mut stream).await, (b"bye".to_vec(), None));
        stream.close();
        sleep(50).await;
        net.open_sockets()
    }
    let left = run(
        async {
            let net = SimNet::new();
            let mut listener = net.listen(here(), ANY).unwrap();
            let stream = accept(&mut listener).await;
            both(net, stream).await
        },
        async {
            let net = SimNet::new();
            let stream = net.connect(server(), ANY).await.unwrap();
            both(net, stream).await
        },
    );
    assert_eq!(left, (0, 0));
}

#[test]
fn a_crashed_host_resets() {
    let mut sim = builder(5).tcp_capacity(65_536).build();
    sim.host("server", || async {
        let mut listener = SimNet::new().listen(here(), ANY).unwrap();
        let mut stream = accept(&mut listener).await;
        write_all(&mut stream, b"half").await.unwrap();
        std::future::pending().await
    });
    sim.client("client", async {
        dial(ANY, |mut stream| async move {
            let got = read_to_end(&mut stream).await;
            assert_eq!(got, (b"half".to_vec(), Some(ConnectionReset)));
        })
        .await;
        Ok(())
    });
    for _ in 0..40 {
        assert!(!sim.step().unwrap());
    }
    sim.crash("server");
    sim.run().unwrap();
}

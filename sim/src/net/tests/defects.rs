//! turmoil's four defects, each shown on raw turmoil and gone on ours.

use super::{ANY, dial, serve};
use crate::testing::{
    acked, buffers, builder, fault, finish, here, read, read_to_end, run, run_in, server, sleep,
    within, write_all,
};
use std::io::ErrorKind::{ConnectionReset, NotConnected};
use tidegate::net::Stream;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use turmoil::net::{TcpListener, TcpStream};

#[test]
fn turmoil_defect_1_fin_behind_a_full_window() {
    // Raw: 64 segments fill the window; the FIN behind them never arrives.
    let (eof, ()) = run_in(
        &builder(5),
        async {
            let listener = TcpListener::bind(here()).await.unwrap();
            let (mut stream, _) = listener.accept().await.unwrap();
            sleep(100).await;
            within(10_000, stream.read_to_end(&mut Vec::new())).await
        },
        async {
            let mut stream = TcpStream::connect(server()).await.unwrap();
            for _ in 0..64 {
                stream.write_all(b"x").await.unwrap();
            }
            stream.shutdown().await.unwrap();
            sleep(15_000).await;
        },
    );
    assert!(
        eof.is_none(),
        "turmoil has learnt it: the work-around may go"
    );

    // Ours: the FIN waits for the window, and comes.
    let (got, ()) = run(
        serve(buffers(64, 64), |mut stream| async move {
            sleep(100).await;
            let got = read_to_end(&mut stream).await;
            stream.close();
            got
        }),
        dial(buffers(200, 200), |mut stream| async move {
            write_all(&mut stream, &[7; 200]).await.unwrap();
            finish(&mut stream).await;
            acked(&mut stream).await.unwrap();
            stream.close();
        }),
    );
    assert_eq!(got, (vec![7; 200], None));
}

#[test]
fn turmoil_defect_2_reset_wakes_a_blocked_writer() {
    // Raw: the writer is out of credits when the reset comes, and sleeps on.
    let ((), woken) = run_in(
        &builder(5),
        async {
            let listener = TcpListener::bind(here()).await.unwrap();
            let (stream, _) = listener.accept().await.unwrap();
            sleep(100).await;
            drop(stream); // unread input: turmoil sends RST
            sleep(5_000).await;
        },
        async {
            let mut stream = TcpStream::connect(server()).await.unwrap();
            within(2_500, async {
                loop {
                    if let Err(error) = stream.write_all(b"x").await {
                        return error.kind();
                    }
                }
            })
            .await
        },
    );
    assert_eq!(woken, None, "turmoil has learnt it: the work-around may go");

    // Ours: the writer has ECONNRESET after one latency.
    let ((), woken) = run(
        serve(buffers(5, 5), |stream| async move {
            sleep(100).await;
            stream.reset();
            sleep(100).await;
        }),
        dial(buffers(5, 5), |mut stream| async move {
            within(150, write_all(&mut stream, &[0; 100])).await
        }),
    );
    assert_eq!(woken.unwrap().unwrap_err().kind(), ConnectionReset);
}

#[test]
fn turmoil_defect_3_dropping_the_read_half_resets() {
    // Raw: the server gives its read half away; the client's next bytes draw an RST.
    let ((), ended) = run_in(
        &builder(5),
        async {
            let listener = TcpListener::bind(here()).await.unwrap();
            let (read_half, mut write_half) = listener.accept().await.unwrap().0.into_split();
            drop(read_half);
            sleep(100).await;
            let _ = write_half.write_all(b"answer").await;
            sleep(100).await;
        },
        async {
            let mut stream = TcpStream::connect(server()).await.unwrap();
            stream.write_all(b"late").await.unwrap();
            let mut answer = [0; 6];
            stream.read_exact(&mut answer).await.map(|_| answer)
        },
    );
    let raw = ended.map_err(|error| error.kind());
    assert_eq!(raw, Err(ConnectionReset), "turmoil has learnt it");

    // Ours: a stream nobody reads takes bytes and answers.
    let ((), got) = run(
        serve(ANY, |mut stream| async move {
            sleep(100).await;
            write_all(&mut stream, b"answer").await.unwrap();
            finish(&mut stream).await;
            sleep(100).await;
        }),
        dial(ANY, |mut stream| async move {
            write_all(&mut stream, b"late").await.unwrap();
            read_to_end(&mut stream).await
        }),
    );
    assert_eq!(got, (b"answer".to_vec(), None));
}

#[test]
fn turmoil_defect_4_second_shutdown() {
    // Raw: the second shutdown fails, where the kernel says yes.
    let (second, ()) = run_in(
        &builder(5),
        async {
            let listener = TcpListener::bind(here()).await.unwrap();
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.shutdown().await.unwrap();
            stream.shutdown().await.map_err(|error| error.kind())
        },
        async {
            let mut stream = TcpStream::connect(server()).await.unwrap();
            stream.read_to_end(&mut Vec::new()).await.unwrap();
        },
    );
    assert_eq!(second, Err(NotConnected), "turmoil has learnt it");

    // Ours: yes, and after an RST too (the kernel's ENOTCONN is Ok in the trait).
    let ((), ()) = run(
        serve(ANY, |mut stream| async move {
            finish(&mut stream).await;
            finish(&mut stream).await;
            sleep(20).await;
            finish(&mut stream).await;
            assert_eq!(fault(&mut stream).await, ConnectionReset);
        }),
        dial(ANY, |mut stream| async move {
            assert_eq!(read(&mut stream, 9).await.unwrap(), b"");
            stream.reset();
            sleep(20).await;
        }),
    );
}

//! What rides on the handshake of a connection of ours.

use super::bench::{any_port, run, write};
use crate::net::{Buffers, Network, kernel::Kernel};
use std::{net::TcpListener, time::Duration};

#[test]
fn the_first_words_ride_on_the_last_ack_of_the_handshake() {
    run(async {
        let listener = TcpListener::bind(any_port()).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let kernel = Kernel::new();
        // Who may have nothing to say is there at once.
        let _silent = kernel.connect(address, Buffers::default()).await.unwrap();
        assert!(until(|| listener.accept().ok()).await.is_some());
        let mut rode = false;
        // An ACK waits for 40 ms at least; where this thread is held up for longer, it leaves by itself.
        for _ in 0..10 {
            let dialled = kernel.connect_to_speak(address, Buffers::default());
            let mut stream = dialled.await.unwrap();
            let early = listener.accept();
            write(&mut stream, &[7]).await.unwrap();
            let is_early = early.is_ok();
            let accepted = match early {
                Ok(accepted) => Some(accepted),
                Err(_) => until(|| listener.accept().ok()).await,
            };
            assert!(accepted.is_some(), "it is there with its first words");
            rode |= !is_early;
        }
        assert!(rode);
    });
}

/// What `find` finds, sooner or later: never, if it takes thousands of looks.
async fn until<T>(mut find: impl FnMut() -> Option<T>) -> Option<T> {
    for _ in 0..5_000 {
        if let Some(found) = find() {
            return Some(found);
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    None
}

//! Clients that ask as fast as they are answered, and miss nothing.

use crate::{
    exchange::GET,
    peers::{Peer, Raw},
};
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
};

/// Clients that ask as fast as they are answered, until they are told to stop: one half with a connection for
/// each request, the other half with one for as long as the proxy likes.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    answers: Arc<AtomicUsize>,
    clients: Vec<JoinHandle<()>>,
}

impl Load {
    pub(crate) fn new(address: SocketAddr) -> Load {
        let (stop, answers) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let client = |n: usize| {
            let (stop, answers) = (Arc::clone(&stop), Arc::clone(&answers));
            thread::spawn(move || {
                let mut client = Raw::connect(address);
                while !stop.load(Ordering::Relaxed) {
                    client.say(GET);
                    let answer = client.message();
                    assert_eq!(answer.status(), 200);
                    answers.fetch_add(1, Ordering::Relaxed);
                    if n.is_multiple_of(2) || answer.field("connection") == Some("close") {
                        client = Raw::connect(address);
                    }
                }
            })
        };
        let clients = (0..4).map(client).collect();
        Load {
            stop,
            answers,
            clients,
        }
    }

    /// Until some more were answered; or until a client has met what none may meet.
    pub(crate) fn goes_on(&self) {
        let enough = self.answers.load(Ordering::Relaxed) + 50;
        while self.answers.load(Ordering::Relaxed) < enough {
            assert!(!self.clients.iter().any(JoinHandle::is_finished));
            thread::yield_now();
        }
    }

    /// Everybody was answered.
    pub(crate) fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        for client in self.clients {
            client.join().unwrap();
        }
    }
}

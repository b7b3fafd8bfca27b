//! A peer that says much which is nobody's: others have their turns all the same.

use super::{
    BOTH,
    memory::{Hand, Memory, memory},
    peer::{Pair, configs, cx},
};
use crate::{
    port::{Port, Read},
    tls::{origin::Terms, port::scratch::SEALED_BYTES},
};
use rustls::{crypto::aws_lc_rs, pki_types::ServerName, version::TLS13};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Wake, Waker},
};

/// Whether somebody was woken.
#[derive(Default)]
struct Bell(AtomicBool);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// How many reads it took until nothing was left on the wire.
fn reads_until_dry(port: &mut Port<Memory>, hand: &Hand) -> usize {
    for n in 1..100 {
        let bell = Arc::new(Bell::default());
        let waker = Waker::from(Arc::clone(&bell));
        let read = port.poll_read(&mut Context::from_waker(&waker), &mut [0; 100]);
        assert!(read.is_pending(), "{read:?}");
        if hand.wire().inward.is_empty() {
            return n;
        }
        assert!(bell.0.load(Ordering::Relaxed), "it goes on by itself");
    }
    panic!("there is no end to it");
}

#[test]
fn t04_what_follows_close_notify_is_thrown_away_in_turns() {
    for version in BOTH {
        let mut pair = Pair::secured(version);
        pair.client_closes();
        assert_eq!(pair.read_end(), Read::CloseNotify);
        pair.hand.wire().inward.extend(vec![0; 2_000_000]);
        let reads = reads_until_dry(&mut pair.port, &pair.hand);
        assert!((5..30).contains(&reads), "{reads}");
    }
}

#[test]
fn tickets_without_end_are_taken_in_turns() {
    let (mut server, client) = configs(&TLS13, aws_lc_rs::default_provider());
    // Nearly as many as an engine's memory for one flight takes.
    Arc::make_mut(&mut server).send_tls13_tickets = 700;
    let name = ServerName::try_from("localhost").unwrap();
    let ((near, near_hand), (far, far_hand)) = (memory(), memory());
    let mut near = Port::client(near, Terms::new(client, name.into())).unwrap();
    let mut far = Port::server(far, server).unwrap();
    let mut secured = false;
    while !secured {
        secured = near.poll_secure(&mut cx()).is_ready() & far.poll_secure(&mut cx()).is_ready();
        far_hand.wire().inward.extend(near_hand.take_outward());
        if !secured {
            near_hand.wire().inward.extend(far_hand.take_outward());
        }
    }
    let tickets = far_hand.take_outward();
    assert!(tickets.len() > 3 * SEALED_BYTES, "{}", tickets.len());
    near_hand.wire().inward.extend(tickets);
    let reads = reads_until_dry(&mut near, &near_hand);
    assert!(reads > 1, "{reads}");
}

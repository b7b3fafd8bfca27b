//! A peer that says much which is nobody's: others have their turns all the same.

use super::{
    BOTH,
    memory::{Hand, Memory},
    peer::{Pair, before_tickets, configs},
};
use crate::{
    port::{Port, Read},
    tls::port::scratch::SEALED_BYTES,
};
use rustls::{crypto::aws_lc_rs, version::TLS13};
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
    let ((mut near, near_hand), (_far, far_hand)) = before_tickets(server, client);
    let tickets = far_hand.take_outward();
    assert!(tickets.len() > 3 * SEALED_BYTES, "{}", tickets.len());
    near_hand.wire().inward.extend(tickets);
    let reads = reads_until_dry(&mut near, &near_hand);
    assert!(reads > 1, "{reads}");
}

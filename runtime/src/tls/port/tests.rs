//! A TLS leg over a stream in memory, against a rustls client, on TLS 1.2 and 1.3.

mod batch;
mod engine;
mod memory;
mod peer;
mod pieces;
mod turns;

use crate::port::{Call, Fault, Read, fault::Detail};
use peer::{Pair, cx};
use rustls::{
    SupportedProtocolVersion,
    version::{TLS12, TLS13},
};
use std::{
    io::{ErrorKind, IoSlice},
    task::Poll,
};
use tidegate_core::ending::Cause;

const BOTH: [&SupportedProtocolVersion; 2] = [&TLS12, &TLS13];

/// A record that no key ever sealed.
const FORGED: [u8; 37] = {
    let mut record = [0xff; 37];
    record[0] = 23;
    record[1] = 3;
    record[2] = 3;
    record[3] = 0;
    record[4] = 32;
    record
};

fn ok<T>(value: T) -> Poll<Result<T, Fault>> {
    Poll::Ready(Ok(value))
}

#[test]
fn t01_t02_close_notify_ends_one_direction_and_is_not_answered() {
    for version in BOTH {
        let mut pair = Pair::secured(version);
        pair.client_says(b"last words");
        pair.client_closes();
        assert_eq!(pair.read_bytes(), b"last words");
        assert_eq!(pair.read_end(), Read::CloseNotify);
        assert!(pair.read().is_pending(), "it is told once");
        assert!(!pair.port.wants_flush(), "no reply by itself");
        pair.listen().unwrap();
        assert!(!pair.closed, "{version:?}");
        // The other direction goes on.
        assert_eq!(pair.write(b"the answer"), ok(10));
        assert_eq!(pair.finish(), ok(()));
        pair.listen().unwrap();
        assert_eq!(pair.heard, b"the answer");
        assert!(pair.closed);
    }
}

#[test]
fn t03_fin_after_close_notify_is_just_fin() {
    for version in BOTH {
        let mut pair = Pair::secured(version);
        pair.client_closes();
        pair.hand.wire().inward_fin = true;
        assert_eq!(pair.read_end(), Read::CloseNotify);
        assert_eq!(pair.read_end(), Read::Fin);
        assert_eq!(pair.read_end(), Read::Fin, "and stays so");
        assert_eq!(pair.write(b"answer"), ok(6));
    }
}

#[test]
fn t04_data_after_close_notify_is_drained_and_ignored() {
    for version in BOTH {
        let mut pair = Pair::secured(version);
        pair.client_closes();
        pair.client_says(b"too late");
        assert_eq!(pair.read_end(), Read::CloseNotify);
        pair.client_says(b"much too late");
        pair.hand.wire().inward.extend(FORGED);
        assert!(pair.read().is_pending());
        assert!(pair.hand.wire().inward.is_empty(), "drained");
        pair.hand.wire().inward_fin = true;
        assert_eq!(pair.read_end(), Read::Fin);
    }
}

#[test]
fn t05_a_bare_fin_is_told_without_close_notify() {
    for version in BOTH {
        let mut pair = Pair::secured(version);
        pair.client_says(b"half a");
        pair.hand.wire().inward_fin = true;
        assert_eq!(pair.read_bytes(), b"half a");
        assert_eq!(pair.read_end(), Read::Fin);
        // The same inside a record.
        let mut pair = Pair::secured(version);
        pair.client_says(b"half a record");
        pair.hand.wire().inward.pop_back();
        pair.hand.wire().inward_fin = true;
        assert_eq!(pair.read_end(), Read::Fin);
    }
}

#[test]
fn t06_a_bad_record_comes_after_the_plaintext_before_it_and_is_answered_by_an_alert() {
    for version in BOTH {
        let mut pair = Pair::secured(version);
        pair.client_says(b"authentic");
        pair.hand.wire().inward.extend(FORGED);
        assert_eq!(pair.read_bytes(), b"authentic");
        let fault = pair.read_fault();
        assert_eq!((fault.cause, fault.call), (Cause::Tls, Call::Read));
        assert_eq!(
            fault.detail,
            Detail::Tls(Box::new(rustls::Error::DecryptError))
        );
        let told = pair.listen().unwrap_err().to_string();
        assert!(told.contains("BadRecordMac"), "{told}");
        assert_eq!(pair.read_fault(), fault, "it stays");
        let Poll::Ready(Err(fault)) = pair.write(b"x") else {
            panic!("nothing is written behind an alert");
        };
        assert_eq!(fault.cause, Cause::Tls);
        assert!(matches!(pair.finish(), Poll::Ready(Err(_))), "nor a FIN");
        assert_eq!(pair.hand.wire().fins, 0);
    }
}

#[test]
fn t06_a_fatal_alert_comes_after_the_plaintext_before_it() {
    for version in BOTH {
        let mut pair = Pair::secured(version);
        pair.client_says(b"authentic");
        pair.hand.take_outward();
        pair.hand.wire().outward.extend(FORGED);
        pair.listen().unwrap_err();
        pair.speak();
        assert_eq!(pair.read_bytes(), b"authentic");
        let fault = pair.read_fault();
        assert_eq!(
            fault.to_string(),
            "tls error on read: received fatal alert: BadRecordMac"
        );
    }
}

#[test]
fn t06_a_reset_comes_after_the_plaintext_before_it() {
    for version in BOTH {
        let mut pair = Pair::secured(version);
        pair.client_says(b"authentic");
        pair.hand.wire().inward_error = Some(ErrorKind::ConnectionReset);
        assert_eq!(pair.read_bytes(), b"authentic");
        assert_eq!(pair.read_fault().cause, Cause::Reset);
        let Poll::Ready(fault) = pair.port.poll_fault(&mut cx()) else {
            panic!("the stream speaks up");
        };
        assert_eq!((fault.cause, fault.call), (Cause::Reset, Call::Poll));
    }
}

#[test]
fn t08_close_notify_and_fin_leave_in_one_flight() {
    for version in BOTH {
        let mut pair = Pair::secured(version);
        let writes = pair.hand.wire().writes;
        assert_eq!(pair.finish(), ok(()));
        assert_eq!(pair.hand.wire().writes, writes + 1);
        assert_eq!(pair.hand.wire().fins, 1);
        assert!(pair.hand.wire().held, "4.11, 9: in one packet");
        pair.listen().unwrap();
        assert!(pair.closed);
        assert_eq!(pair.finish(), ok(()), "asked again, it sends nothing");
        assert_eq!(pair.hand.wire().fins, 1);
        // Reads continue.
        pair.client_says(b"still here");
        assert_eq!(pair.read_bytes(), b"still here");
    }
}

#[test]
fn t12_fin_waits_for_close_notify_and_close_notify_for_room() {
    for version in BOTH {
        let mut pair = Pair::secured(version);
        pair.hand.wire().room = 0;
        assert!(pair.finish().is_pending());
        for _ in 0..5 {
            pair.hand.wire().room = 1;
            assert!(pair.finish().is_pending());
            assert_eq!(pair.hand.wire().fins, 0);
        }
        pair.hand.wire().room = 1_000;
        assert_eq!(pair.finish(), ok(()));
        assert_eq!(pair.hand.wire().fins, 1);
        pair.listen().unwrap();
        assert!(pair.closed);
    }
}

#[test]
fn t14_fin_inside_the_handshake_is_a_failure() {
    for version in BOTH {
        let mut pair = Pair::new(version);
        pair.speak();
        assert!(pair.port.poll_secure(&mut cx()).is_pending());
        pair.hand.wire().inward_fin = true;
        let Poll::Ready(Err(fault)) = pair.port.poll_secure(&mut cx()) else {
            panic!("it is over");
        };
        assert_eq!(fault.cause, Cause::Tls);
    }
}

#[test]
fn t17_plaintext_counts_when_its_record_is_wholly_in_the_socket() {
    for version in BOTH {
        let mut pair = Pair::secured(version);
        let words = vec![7; 40_000];
        let (mut written, mut rounds) = (0, 0);
        while written < words.len() {
            pair.hand.wire().room = 0;
            assert!(pair.write(&words[written..]).is_pending());
            pair.hand.wire().room = 1_000;
            let Poll::Ready(Ok(n)) = pair.write(&words[written..]) else {
                panic!("a thousand bytes moved");
            };
            assert!(n <= 16 * 1024, "a batch is bounded");
            written += n;
            rounds += 1;
            pair.listen().unwrap();
            assert_eq!(pair.heard.len(), written, "told when it can be heard");
        }
        assert_eq!(pair.heard, words);
        assert!(rounds > 40, "most rounds only moved ciphertext");
    }
}

#[test]
fn t17_slices_share_a_record() {
    for version in BOTH {
        let mut pair = Pair::secured(version);
        let (head, body) = (b"head ".as_slice(), b"body".as_slice());
        let bufs = [head, b"".as_slice(), body].map(IoSlice::new);
        assert_eq!(pair.port.poll_write(&mut cx(), &bufs), ok(9));
        let wire = pair.hand.wire();
        let length = usize::from(wire.outward[3]) * 256 + usize::from(wire.outward[4]);
        assert_eq!(wire.outward.len(), 5 + length, "one record");
    }
}

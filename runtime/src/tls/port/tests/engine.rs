//! What the engine does by itself, and records of every size.

use super::{
    BOTH,
    memory::{Fate, memory},
    ok,
    peer::{Pair, before_tickets, configs, cx},
};
use crate::{
    port::{Call, Fault, Port, Read, fault::Detail},
    tls::origin::Terms,
};
use rustls::{
    ProtocolVersion, SupportedCipherSuite, Tls12CipherSuite,
    crypto::{CipherSuiteCommon, aws_lc_rs},
    pki_types::ServerName,
    version::{TLS12, TLS13},
};
use std::{io::ErrorKind, task::Poll};
use tidegate_core::ending::Cause;

#[test]
fn tickets_are_flushed_though_nobody_writes() {
    let mut pair = Pair::new(&TLS13);
    pair.exchange();
    assert!(pair.port.poll_secure(&mut cx()).is_pending());
    pair.exchange();
    pair.hand.wire().room = 0;
    assert_eq!(pair.port.poll_secure(&mut cx()), ok(()));
    assert!(pair.port.wants_flush());
    assert!(pair.port.poll_flush(&mut cx()).is_pending());
    pair.hand.wire().room = 100_000;
    assert_eq!(pair.port.poll_flush(&mut cx()), ok(()));
    assert!(!pair.port.wants_flush());
    pair.listen().unwrap();
    assert_eq!(pair.client.tls13_tickets_received(), 2);
}

#[test]
fn a_byte_at_a_time_in_every_direction() {
    for version in BOTH {
        let mut pair = Pair::new(version);
        pair.hand.wire().chunk = 1;
        pair.shake();
        pair.client_says(b"letters");
        let mut read = Vec::new();
        while read.len() < 7 {
            let mut byte = [0];
            assert_eq!(
                pair.port.poll_read(&mut cx(), &mut byte),
                ok(Read::Bytes(1))
            );
            read.extend(byte);
        }
        assert_eq!(read, b"letters");
        for byte in b"replies" {
            assert_eq!(pair.write(&[*byte]), ok(1));
        }
        pair.client_closes();
        assert_eq!(pair.read_end(), Read::CloseNotify);
        assert_eq!(pair.finish(), ok(()));
        pair.listen().unwrap();
        assert_eq!(pair.heard, b"replies");
        assert!(pair.closed);
    }
}

#[test]
fn a_small_reader_loses_nothing_of_many_records() {
    for version in BOTH {
        let mut pair = Pair::secured(version);
        let words: Vec<u8> = (0..100_000_u32).map(|n| n.to_le_bytes()[0]).collect();
        for part in words.chunks(10_000) {
            pair.client_says(part);
        }
        pair.client_closes();
        let mut read: Vec<u8> = Vec::new();
        let mut buf = [0; 700];
        while read.len() < words.len() {
            let Poll::Ready(Ok(Read::Bytes(n))) = pair.port.poll_read(&mut cx(), &mut buf) else {
                panic!("there is more");
            };
            read.extend(&buf[..n]);
        }
        assert_eq!(pair.read_end(), Read::CloseNotify);
        assert_eq!(read, words);
    }
}

#[test]
fn a_failed_handshake_tells_its_alert_and_then_fails() {
    let (server, _) = configs(&TLS13, aws_lc_rs::default_provider());
    let (stream, hand) = memory();
    let mut port = Port::server(stream, server).unwrap();
    hand.wire().inward.extend(b"GET / HTTP/1.1\r\n\r\n");
    let Poll::Ready(Err(fault)) = port.poll_secure(&mut cx()) else {
        panic!("it is no TLS");
    };
    assert_eq!(fault.cause, Cause::Tls);
    let alert = hand.take_outward();
    assert_eq!((alert[0], alert[5]), (21, 2), "a fatal alert");
}

#[test]
fn both_sides_of_the_proxy_speak_to_each_other() {
    for version in BOTH {
        let (server, client) = configs(version, aws_lc_rs::default_provider());
        let name = ServerName::try_from("localhost").unwrap();
        let ((near, near_hand), (far, far_hand)) = (memory(), memory());
        let mut near = Port::client(near, Terms::new(client, name.into())).unwrap();
        let mut far = Port::server(far, server).unwrap();
        loop {
            let done =
                near.poll_secure(&mut cx()).is_ready() & far.poll_secure(&mut cx()).is_ready();
            far_hand.wire().inward.extend(near_hand.take_outward());
            near_hand.wire().inward.extend(far_hand.take_outward());
            if done {
                break;
            }
        }
        assert_eq!(near.version(), far.version());
        assert_eq!(far.alpn(), Some(b"http/1.1".as_slice()));
        assert!(matches!(
            near.version(),
            Some(ProtocolVersion::TLSv1_2 | ProtocolVersion::TLSv1_3)
        ));
        near.close();
        assert_eq!(near_hand.wire().fate, Fate::Closed);
        far.reset();
        assert_eq!(far_hand.wire().fate, Fate::Reset);
    }
}

#[test]
fn keys_that_are_used_up_are_a_fault_and_no_close_notify() {
    let mut provider = aws_lc_rs::default_provider();
    provider.cipher_suites = provider
        .cipher_suites
        .iter()
        .filter_map(|suite| match suite {
            SupportedCipherSuite::Tls12(suite) => Some(*suite),
            SupportedCipherSuite::Tls13(_) => None,
        })
        .map(|suite| {
            let common = CipherSuiteCommon {
                confidentiality_limit: 100,
                ..suite.common
            };
            let limited = Tls12CipherSuite { common, ..*suite };
            SupportedCipherSuite::Tls12(Box::leak(Box::new(limited)))
        })
        .collect();
    let mut pair = Pair::with(&TLS12, provider);
    pair.shake();
    let mut written = 0;
    let fault = loop {
        match pair.write(b"x") {
            Poll::Ready(Ok(n)) => written += n,
            Poll::Ready(Err(fault)) => break fault,
            Poll::Pending => panic!("there is room"),
        }
    };
    assert_eq!((fault.cause, fault.call), (Cause::Tls, Call::Read));
    pair.listen().unwrap();
    assert_eq!(
        pair.heard.len(),
        written,
        "what was told as written was sent"
    );
    assert!(!pair.closed, "no end of the engine's own making");
}

#[test]
fn a_plain_port_tells_bytes_fin_and_failure_apart() {
    let (stream, hand) = memory();
    let mut port = Port::plain(stream);
    assert_eq!(port.poll_secure(&mut cx()), ok(()));
    hand.wire().inward.extend(b"abc");
    hand.wire().inward_fin = true;
    let mut buf = [0; 8];
    assert_eq!(port.poll_read(&mut cx(), &mut buf), ok(Read::Bytes(3)));
    assert_eq!(port.poll_read(&mut cx(), &mut buf), ok(Read::Fin));
    hand.wire().inward_error = Some(ErrorKind::BrokenPipe);
    assert_eq!(
        port.poll_read(&mut cx(), &mut buf),
        Poll::Ready(Err(Fault {
            cause: Cause::Reset,
            call: Call::Read,
            detail: Detail::Io(ErrorKind::BrokenPipe),
        }))
    );
    drop(port);
    assert_eq!(hand.wire().fate, Fate::Dropped);
}

#[test]
fn t07_user_canceled_is_no_end_of_the_handshake_but_the_fin_behind_it_is() {
    let alert = |what: u8| [21, 3, 3, 0, 2, 1, what];
    let (server, _) = configs(&TLS13, aws_lc_rs::default_provider());
    let (stream, hand) = memory();
    let mut port = Port::server(stream, server).unwrap();
    for warning in [90, 0] {
        // user_canceled, then the close_notify that follows it.
        hand.wire().inward.extend(alert(warning));
        assert!(port.poll_secure(&mut cx()).is_pending(), "{warning}");
    }
    hand.wire().inward_fin = true;
    let Poll::Ready(Err(fault)) = port.poll_secure(&mut cx()) else {
        panic!("it has ended");
    };
    assert_eq!(fault.detail, Detail::Fin);
}

#[test]
fn t15_a_key_update_that_asks_for_ours_after_our_end_is_not_answered() {
    let mut pair = Pair::secured(&TLS13);
    assert_eq!(pair.finish(), ok(()));
    pair.exchange();
    pair.client.refresh_traffic_keys().unwrap();
    pair.client_says(b"with new keys");
    assert_eq!(pair.read_bytes(), b"with new keys");
    assert!(!pair.port.wants_flush(), "nothing follows our FIN");
    pair.client_closes();
    assert_eq!(pair.read_end(), Read::CloseNotify);
}

#[test]
fn t16_what_a_server_says_after_the_handshake_is_read_by_a_client_that_has_finished() {
    let (server, client) = configs(&TLS13, aws_lc_rs::default_provider());
    let ((mut near, near_hand), (_far, far_hand)) = before_tickets(server, client);
    // The tickets are still on their way when our end has been said.
    assert_eq!(near.poll_finish(&mut cx()), ok(()));
    let tickets = far_hand.take_outward();
    assert!(!tickets.is_empty(), "there are some");
    near_hand.wire().inward.extend(tickets);
    let mut buf = [0; 64];
    assert!(near.poll_read(&mut cx(), &mut buf).is_pending());
    assert!(
        near_hand.wire().inward.is_empty(),
        "read, and of no account"
    );
    assert!(!near.wants_flush());
}

#[test]
fn r14_t13_what_is_unacknowledged_before_our_last_word_is_told_apart_from_it() {
    for version in BOTH {
        let mut pair = Pair::secured(version);
        let delivered = |pair: &Pair| pair.port.is_delivered().unwrap();
        pair.hand.take_outward();
        assert!(delivered(&pair), "nothing was said");
        assert_eq!(pair.write(b"the answer"), ok(10));
        let record = pair.hand.wire().outward.len();
        assert!(!delivered(&pair));
        pair.hand.wire().room = 5;
        assert!(pair.finish().is_pending());
        assert!(!delivered(&pair), "nor behind a part of close_notify");
        pair.hand.wire().room = 1_000;
        assert_eq!(pair.finish(), ok(()));
        assert!(!delivered(&pair));
        pair.hand.wire().outward.drain(..record - 1);
        assert!(!delivered(&pair), "a byte of it is a loss");
        pair.hand.wire().outward.pop_front();
        assert!(delivered(&pair), "close_notify alone is none");
        pair.hand.take_outward();
        assert!(delivered(&pair));
    }
}

#[test]
fn r14_what_is_sealed_and_has_not_left_is_not_delivered() {
    for version in BOTH {
        let mut pair = Pair::secured(version);
        pair.hand.take_outward();
        pair.hand.wire().room = 7;
        assert_eq!(pair.write(b"the answer"), ok(0));
        pair.hand.take_outward();
        assert!(!pair.port.is_delivered().unwrap());
        assert!(pair.finish().is_pending());
        assert!(!pair.port.is_delivered().unwrap());
    }
}

//! Handshake messages in many records: put together, and bounded.

use super::{
    BOTH,
    memory::memory,
    ok,
    peer::{Pair, configs, cx},
};
use crate::{
    port::{Port, Read},
    tls::origin::Terms,
};
use rustls::{crypto::aws_lc_rs, pki_types::ServerName, version::TLS13};
use std::{io::IoSlice, sync::Arc, task::Poll};
use tidegate_core::ending::Cause;

/// Handshake records of `size` bytes each that carry `message`.
fn records(message: &[u8], size: usize) -> Vec<u8> {
    let record = |part: &[u8]| {
        let length = u16::try_from(part.len()).unwrap().to_be_bytes();
        [&[22, 3, 3, length[0], length[1]], part].concat()
    };
    message.chunks(size).flat_map(record).collect()
}

#[test]
fn a_client_hello_may_come_in_many_records() {
    for version in BOTH {
        for size in [1, 7, 500] {
            let mut pair = Pair::new(version);
            pair.speak();
            let whole: Vec<u8> = pair.hand.wire().inward.drain(..).collect();
            let mut rest = &records(&whole[5..], size)[..];
            while !rest.is_empty() {
                let (now, later) = rest.split_at(rest.len().min(40));
                pair.hand.wire().inward.extend(now);
                assert!(pair.port.poll_secure(&mut cx()).is_pending());
                rest = later;
            }
            assert_eq!(pair.port.buffered_bytes(), 0, "it is answered");
            pair.exchange();
            pair.shake();
        }
    }
}

#[test]
fn a_handshake_message_without_an_end_is_not_held_for_ever() {
    for (length, size) in [(60_000_u32, 1), (60_000, 1_000), (70_000, 1_000)] {
        let (server, _) = configs(&TLS13, aws_lc_rs::default_provider());
        let (stream, hand) = memory();
        let mut port = Port::server(stream, server).unwrap();
        let mut message = vec![1];
        message.extend(&length.to_be_bytes()[1..]);
        let all = usize::try_from(length).unwrap();
        message.resize(all, 0);
        let mut most = 0;
        let mut given_up = false;
        for part in records(&message, size).chunks(1_000) {
            hand.wire().inward.extend(part);
            if let Poll::Ready(secured) = port.poll_secure(&mut cx()) {
                assert_eq!(secured.unwrap_err().cause, Cause::Tls);
                given_up = true;
                break;
            }
            most = most.max(port.buffered_bytes());
        }
        assert!(given_up || size == 1_000 && length == 60_000);
        assert!(most < 140_000, "{most} bytes held for {length} in {size}");
    }
}

#[test]
fn a_request_may_be_written_while_half_a_ticket_is_held() {
    let (server, client) = configs(&TLS13, aws_lc_rs::default_provider());
    let mut server = (*server).clone();
    server.max_fragment_size = Some(64);
    let name = ServerName::try_from("localhost").unwrap();
    let ((near, near_hand), (far, far_hand)) = (memory(), memory());
    let mut near = Port::client(near, Terms::new(client, name.into())).unwrap();
    let mut far = Port::server(far, Arc::new(server)).unwrap();
    while near.poll_secure(&mut cx()).is_pending() {
        far_hand.wire().inward.extend(near_hand.take_outward());
        let _until_the_last_word = far.poll_secure(&mut cx());
        near_hand.wire().inward.extend(far_hand.take_outward());
    }
    far_hand.wire().inward.extend(near_hand.take_outward());
    assert!(far.poll_secure(&mut cx()).is_ready());
    let (request, answer) = (b"a request".as_slice(), b"an answer".as_slice());
    assert_eq!(far.poll_write(&mut cx(), &[IoSlice::new(answer)]), ok(9));
    let (mut buf, mut read) = ([0; 100], Vec::<u8>::new());
    for byte in far_hand.take_outward() {
        near_hand.wire().inward.push_back(byte);
        if let Poll::Ready(brought) = near.poll_read(&mut cx(), &mut buf) {
            assert_eq!(brought.unwrap(), Read::Bytes(9));
            read.extend(&buf[..9]);
        }
        assert_eq!(near.poll_write(&mut cx(), &[IoSlice::new(request)]), ok(9));
        far_hand.wire().inward.extend(near_hand.take_outward());
        assert_eq!(far.poll_read(&mut cx(), &mut buf), ok(Read::Bytes(9)));
        assert_eq!(&buf[..9], request);
    }
    assert_eq!(read, answer);
}

//! How much is sealed at a time, in how few calls it leaves, and what a leg keeps.

use super::{
    BOTH, ok,
    peer::{Pair, cx},
};
use crate::port::Read;
use rustls::version::TLS13;
use std::task::Poll;

const RECORD: usize = 16 * 1024;

fn words(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|n| n.to_le_bytes()[1]).collect()
}

#[test]
fn a_reader_that_takes_all_is_told_more_at_a_time_up_to_a_limit() {
    for version in BOTH {
        let mut pair = Pair::secured(version);
        let words = words(200_000);
        for records in [1, 2, 4, 8, 8] {
            let writes = pair.hand.wire().writes;
            assert_eq!(pair.write(&words), ok(records * RECORD));
            assert_eq!(pair.hand.wire().writes, writes + 1, "in one call");
            pair.heard.clear();
            pair.listen().unwrap();
            assert_eq!(pair.heard, words[..records * RECORD]);
        }
        // Less than that is no reason for less.
        assert_eq!(pair.write(&words[..RECORD + 5]), ok(RECORD + 5));
        assert_eq!(pair.write(&words), ok(8 * RECORD));
    }
}

#[test]
fn a_reader_that_takes_a_part_costs_a_record_at_a_time() {
    for version in BOTH {
        let mut pair = Pair::secured(version);
        let words = words(200_000);
        for records in [1, 2, 4] {
            assert_eq!(pair.write(&words), ok(records * RECORD));
        }
        // Eight are sealed; the socket takes three of them and a little.
        pair.hand.wire().room = 3 * RECORD + 5_000;
        pair.hand.take_outward();
        assert_eq!(pair.write(&words), ok(3 * RECORD));
        assert!(pair.write(&words[3 * RECORD..]).is_pending());
        pair.hand.wire().room = 2 * RECORD;
        assert_eq!(pair.write(&words[3 * RECORD..]), ok(2 * RECORD));
        pair.hand.wire().room = usize::MAX;
        assert_eq!(pair.write(&words[5 * RECORD..]), ok(3 * RECORD));
        assert_eq!(pair.write(&words), ok(RECORD));
        assert_eq!(pair.write(&words), ok(2 * RECORD));
    }
}

#[test]
fn what_a_socket_took_of_a_batch_is_told_record_by_record() {
    for version in BOTH {
        let mut pair = Pair::secured(version);
        let words = words(200_000);
        for _ in 0..3 {
            assert!(pair.write(&words).is_ready());
        }
        pair.listen().unwrap();
        pair.heard.clear();
        let mut written = 0;
        while written < words.len() {
            pair.hand.wire().room = 3_000;
            let Poll::Ready(Ok(n)) = pair.write(&words[written..]) else {
                panic!("something moved");
            };
            written += n;
            pair.listen().unwrap();
            assert_eq!(pair.heard.len(), written, "told when it can be heard");
        }
        assert_eq!(pair.heard, words);
    }
}

#[test]
fn t12_close_notify_is_behind_what_a_socket_did_not_take() {
    for version in BOTH {
        let mut pair = Pair::secured(version);
        let words = words(RECORD);
        pair.hand.wire().room = 100;
        assert_eq!(pair.write(&words), ok(0));
        assert!(pair.finish().is_pending());
        assert!(pair.port.wants_flush());
        pair.hand.wire().room = usize::MAX;
        assert_eq!(pair.finish(), ok(()));
        pair.listen().unwrap();
        assert_eq!((pair.heard.len(), pair.closed), (RECORD, true));
    }
}

#[test]
fn an_idle_leg_holds_no_buffer() {
    for version in BOTH {
        let mut pair = Pair::secured(version);
        assert_eq!(pair.port.buffered_bytes(), 0, "after the handshake");
        for _ in 0..3 {
            pair.client_says(&words(5_000));
            let mut buf = [0; 4_000];
            assert_eq!(
                pair.port.poll_read(&mut cx(), &mut buf),
                ok(Read::Bytes(4_000))
            );
            assert!(pair.port.buffered_bytes() >= 1_000, "{version:?}");
            assert_eq!(pair.read_bytes().len(), 1_000);
            pair.hand.wire().room = 100;
            assert_eq!(pair.write(b"an answer"), ok(9));
            pair.hand.wire().room = 100;
            assert_eq!(pair.write(&words(RECORD)), ok(0));
            assert!(pair.port.buffered_bytes() >= RECORD - 100);
            pair.hand.wire().room = usize::MAX;
            assert_eq!(pair.write(&words(RECORD)), ok(RECORD));
            assert_eq!(pair.port.buffered_bytes(), 0, "{version:?}");
        }
        // A part of a record is all that is held of it.
        pair.client_says(b"in two parts");
        let last = pair.hand.wire().inward.pop_back().unwrap();
        assert!(pair.read().is_pending());
        assert!(pair.port.buffered_bytes() > 0);
        pair.hand.wire().inward.push_back(last);
        assert_eq!(pair.read_bytes(), b"in two parts");
        assert_eq!(pair.port.buffered_bytes(), 0);
    }
}

#[test]
fn many_records_are_one_read() {
    for version in BOTH {
        let mut pair = Pair::secured(version);
        let words = words(60_000);
        pair.client_says(&words[..10_000]);
        pair.client_says(&words[10_000..11_000]);
        pair.client_says(&words[11_000..]);
        assert_eq!(pair.read_bytes(), words);
    }
}

#[test]
fn an_answer_may_be_written_while_half_a_record_is_held() {
    for version in BOTH {
        let mut pair = Pair::secured(version);
        pair.client_says(b"a question in two parts");
        let mut rest = Vec::new();
        for _ in 0..10 {
            rest.extend(pair.hand.wire().inward.pop_back());
        }
        assert!(pair.read().is_pending());
        assert_eq!(pair.write(b"an answer"), ok(9));
        pair.listen().unwrap();
        assert_eq!(pair.heard, b"an answer");
        pair.hand.wire().inward.extend(rest.into_iter().rev());
        assert_eq!(pair.read_bytes(), b"a question in two parts");
        assert_eq!(pair.finish(), ok(()));
    }
}

#[test]
fn a_key_update_is_answered_in_front_of_what_is_written_next() {
    let mut pair = Pair::secured(&TLS13);
    pair.exchange();
    for _ in 0..3 {
        pair.client.refresh_traffic_keys().unwrap();
        pair.client_says(b"with new keys");
        assert_eq!(pair.read_bytes(), b"with new keys");
        assert_eq!(pair.write(b"so have I"), ok(9));
        pair.listen().unwrap();
        assert_eq!(pair.heard, b"so have I");
        pair.heard.clear();
    }
}

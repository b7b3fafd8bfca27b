//! Each row that a socket without `SHUT_RD`, keepalive and time-outs can keep. `a` is whoever the
//! row says closes or resets; `b` is its peer.

use super::{Pair, look};
use crate::socket::Call::{Poll, Read, Shutdown, TakeError, Unacked, Write};
use std::io::{ErrorKind::ConnectionReset, IoSlice};
use tidegate::net::Stream;

#[test]
fn k1_close_with_unread_input_resets_behind_what_was_delivered() {
    let mut pair = Pair::roomy();
    assert_eq!(pair.b(&[Write(100)]), "100");
    assert_eq!(pair.a(&[Write(500)]), "500");
    pair.close_a();
    assert_eq!(pair.b(&[Read(1_000), Read(1), Read(1)]), "500 ECONNRESET 0");
    assert_eq!(pair.open(), [0, 0]);
}

#[test]
fn k1b_close_with_unread_input_discards_the_send_queue() {
    let mut pair = Pair::new((1_000, 1_000), (40, 40));
    assert_eq!(pair.b(&[Write(1)]), "1");
    assert_eq!(pair.a(&[Write(1_000)]), "1000");
    pair.close_a();
    assert_eq!(pair.b(&[Read(1_000), Read(1)]), "40 ECONNRESET");
}

#[test]
fn k1c_a_close_behind_read_input_delivers_all() {
    let mut pair = Pair::new((1_000, 1_000), (40, 40));
    assert_eq!(pair.b(&[Write(1)]), "1");
    assert_eq!(pair.a(&[Read(9), Write(90)]), "1 90");
    pair.close_a();
    assert_eq!(pair.b(&[Read(99)]), "40");
    assert_eq!(pair.b(&[Read(99)]), "40");
    assert_eq!(pair.b(&[Read(99), Read(99), Read(99)]), "10 0 0");
}

#[test]
fn k2_a_shutdown_before_the_close_does_not_help() {
    let mut pair = Pair::new((1_000, 1_000), (40, 40));
    assert_eq!(pair.b(&[Write(1)]), "1");
    assert_eq!(pair.a(&[Write(1_000), Shutdown]), "1000 ok");
    pair.close_a();
    assert_eq!(pair.b(&[Read(1_000), Read(1)]), "40 ECONNRESET");
}

#[test]
fn k4_late_data_after_a_clean_close_resets() {
    let mut pair = Pair::new((1_000, 1_000), (40, 40));
    assert_eq!(pair.a(&[Write(1_000)]), "1000");
    pair.close_a();
    assert_eq!(pair.b(&[Write(4)]), "4");
    assert_eq!(pair.b(&[Read(1_000), Read(1)]), "40 ECONNRESET");
    assert_eq!(pair.open(), [0, 0]);
}

#[test]
fn k4b_a_shutdown_that_keeps_the_descriptor_delivers_all_despite_late_data() {
    let mut pair = Pair::new((1_000, 1_000), (40, 40));
    assert_eq!(pair.a(&[Write(80), Shutdown]), "80 ok");
    assert_eq!(pair.b(&[Write(4), Read(99)]), "4 40");
    assert_eq!(pair.b(&[Read(99)]), "40");
    assert_eq!(pair.b(&[Read(99)]), "0");
    assert_eq!(pair.a(&[Read(99), Unacked]), "4 0");
}

#[test]
fn k5_a_fin_is_announced_behind_unread_bytes() {
    let mut pair = Pair::roomy();
    assert_eq!(pair.a(&[Write(10), Shutdown]), "10 ok");
    assert_eq!(
        pair.b(&[Poll, Read(99), Poll]),
        "in+out+rdhup 10 in+out+rdhup"
    );
}

#[test]
fn k5b_a_fin_behind_a_zero_window_is_hidden() {
    let mut pair = Pair::new((1_000, 1_000), (40, 40));
    assert_eq!(pair.a(&[Write(40), Shutdown, Unacked]), "40 ok 41");
    assert_eq!(pair.b(&[Poll]), "in+out");
    assert_eq!(pair.a(&[Unacked]), "1");
    assert_eq!(pair.b(&[Read(40)]), "40");
    assert_eq!(pair.b(&[Poll, Read(1)]), "in+out+rdhup 0");
}

#[test]
fn k5c_a_reset_behind_a_zero_window_is_not_hidden() {
    let mut pair = Pair::new((1_000, 1_000), (40, 40));
    assert_eq!(pair.a(&[Write(1_000)]), "1000");
    pair.reset_a();
    assert_eq!(pair.b(&[Poll]), "in+out+rdhup+hup+err");
    assert_eq!(pair.b(&[Read(99), Read(1)]), "40 ECONNRESET");
}

#[test]
fn k6_the_first_write_after_the_peer_closed_succeeds() {
    let mut pair = Pair::roomy();
    pair.close_a();
    assert_eq!(pair.b(&[Write(1)]), "1");
    assert_eq!(pair.b(&[Write(1), Write(1)]), "EPIPE EPIPE");
}

#[test]
fn k6b_a_reset_in_close_wait_is_invisible_to_read() {
    let mut pair = Pair::roomy();
    pair.close_a();
    assert_eq!(pair.b(&[Write(1)]), "1");
    assert_eq!(pair.b(&[Read(9), TakeError, Read(9)]), "0 EPIPE 0");
}

#[test]
fn k9_an_error_told_by_a_write_is_none_to_a_read() {
    let mut pair = Pair::roomy();
    assert_eq!(pair.a(&[Write(50)]), "50");
    pair.reset_a();
    let told = pair.b(&[Write(1), Write(1), Read(99), Read(99)]);
    assert_eq!(told, "ECONNRESET EPIPE 50 0");
}

#[test]
fn k9_the_trait_latches_what_the_kernel_forgets() {
    let mut pair = Pair::roomy();
    assert_eq!(pair.a(&[Write(50)]), "50");
    pair.reset_a();
    let b = pair.b.as_mut().unwrap();
    let fault = look(|cx| b.poll_fault(cx)).unwrap();
    assert_eq!(fault.kind(), ConnectionReset);
    let written = look(|cx| b.poll_write(cx, &[IoSlice::new(b"x")])).unwrap();
    assert_eq!(written.unwrap_err().kind(), ConnectionReset);
    let mut buf = [0; 99];
    assert_eq!(look(|cx| b.poll_read(cx, &mut buf)).unwrap().unwrap(), 50);
    let end = look(|cx| b.poll_read(cx, &mut buf)).unwrap();
    assert_eq!(end.unwrap_err().kind(), ConnectionReset, "not 0");
    let finished = look(|cx| b.poll_finish(cx)).unwrap();
    assert_eq!(finished.unwrap_err().kind(), ConnectionReset);
}

#[test]
fn k9b_data_before_the_reset_stays_readable() {
    let mut pair = Pair::roomy();
    assert_eq!(pair.a(&[Write(50)]), "50");
    pair.reset_a();
    let told = pair.b(&[Read(30), Read(30), Read(30), Read(30), Write(1)]);
    assert_eq!(told, "30 20 ECONNRESET 0 EPIPE");
}

#[test]
fn k9c_asking_for_the_error_consumes_it() {
    let mut pair = Pair::roomy();
    assert_eq!(pair.a(&[Write(50)]), "50");
    pair.reset_a();
    let told = pair.b(&[TakeError, TakeError, Read(99), Read(99)]);
    assert_eq!(told, "ECONNRESET none 50 0");
}

#[test]
fn k11_a_reset_after_the_fin_is_epipe_and_no_read_tells_it() {
    let mut pair = Pair::roomy();
    assert_eq!(pair.a(&[Shutdown]), "ok");
    pair.reset_a();
    let told = pair.b(&[Poll, Read(9), TakeError, Read(9), Write(1)]);
    assert_eq!(told, "in+out+rdhup+hup+err 0 EPIPE 0 EPIPE");
}

#[test]
fn k17_two_fins_hang_up_without_an_error() {
    let mut pair = Pair::roomy();
    assert_eq!(pair.a(&[Shutdown]), "ok");
    assert_eq!(pair.b(&[Shutdown, Write(1)]), "ok EPIPE");
    assert_eq!(pair.a(&[Poll, TakeError]), "in+out+rdhup+hup none");
    assert_eq!(pair.b(&[Poll, Shutdown]), "in+out+rdhup+hup ENOTCONN");
}

#[test]
fn k18_an_immediate_reset_discards_what_the_window_held_back() {
    let mut pair = Pair::new((1_000, 1_000), (40, 40));
    assert_eq!(pair.a(&[Write(1_000)]), "1000");
    pair.reset_a();
    assert_eq!(pair.b(&[Read(99), Read(9)]), "40 ECONNRESET");
}

#[test]
fn k20_a_reset_behind_an_empty_send_queue_loses_nothing() {
    let mut pair = Pair::new((1_000, 1_000), (40, 40));
    assert_eq!(pair.a(&[Write(60)]), "60");
    assert_eq!(pair.a(&[Unacked]), "20");
    assert_eq!(pair.b(&[Read(40)]), "40");
    assert_eq!(pair.a(&[Unacked]), "0");
    pair.reset_a();
    assert_eq!(pair.b(&[Read(99), Read(9)]), "20 ECONNRESET");
}

#[test]
fn k21_once_the_fin_is_acknowledged_late_data_harms_nobody() {
    let mut pair = Pair::roomy();
    assert_eq!(pair.a(&[Write(500), Shutdown, Unacked]), "500 ok 501");
    assert_eq!(pair.a(&[Unacked]), "0");
    pair.close_a();
    assert_eq!(pair.b(&[Write(4)]), "4");
    assert_eq!(pair.b(&[Read(999), Read(9), Read(9)]), "500 0 0");
    assert_eq!(pair.open(), [0, 0]);
}

#[test]
fn k22_it_is_the_peers_kernel_that_acknowledges() {
    let mut pair = Pair::roomy();
    assert_eq!(pair.a(&[Write(500), Shutdown]), "500 ok");
    // `b` has read nothing.
    assert_eq!(pair.a(&[Unacked]), "0");
    pair.close_a();
    assert_eq!(pair.b(&[Read(999), Read(9)]), "500 0");
}

#[test]
fn k23a_what_a_closed_peer_was_sent_is_not_acknowledged() {
    let mut pair = Pair::roomy();
    pair.close_a();
    let before = acked(&pair);
    assert_eq!(pair.b(&[Write(100)]), "100");
    assert_eq!(pair.b(&[Read(9)]), "0");
    assert_eq!(acked(&pair) - before, 0);
}

#[test]
fn k23b_what_was_read_before_the_close_is() {
    let mut pair = Pair::roomy();
    let before = acked(&pair);
    assert_eq!(pair.b(&[Write(100)]), "100");
    assert_eq!(pair.a(&[Read(999)]), "100");
    pair.close_a();
    assert_eq!(pair.b(&[Read(9)]), "0");
    assert_eq!(acked(&pair) - before, 100);
}

#[test]
fn k23c_with_a_reset_the_count_proves_nothing() {
    let mut pair = Pair::roomy();
    let before = acked(&pair);
    pair.b.as_mut().unwrap().call(Write(100));
    let at = pair.fast.next().unwrap();
    pair.fast.advance(at);
    let mut a = pair.a.take().unwrap();
    assert_eq!(a.call(Read(999)).to_string(), "100", "it was read");
    a.reset();
    super::pass(&pair.fast);
    assert_eq!(pair.b(&[Read(9)]), "ECONNRESET");
    assert_eq!(acked(&pair) - before, 0);
}

fn acked(pair: &Pair) -> u64 {
    pair.b.as_ref().unwrap().acked_bytes().unwrap()
}

#[test]
fn k11_our_own_fin_leaves_close_wait_even_while_it_waits_for_a_window() {
    let mut pair = Pair::new((1_000, 1_000), (40, 40));
    assert_eq!(pair.a(&[Write(1_000)]), "1000");
    assert_eq!(pair.b(&[Shutdown]), "ok");
    assert_eq!(pair.a(&[Read(9), Shutdown]), "0 ok");
    pair.b.take().unwrap().reset();
    super::pass(&pair.fast);
    assert_eq!(pair.a(&[TakeError, Read(9)]), "ECONNRESET 0");
}

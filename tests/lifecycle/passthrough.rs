//! TLS that ends elsewhere (LIFECYCLE 4.2), and TLS 1.2 by the letter (T02).

use crate::story::Story;
use tidegate_core::{
    event::{Call, Peeked},
    side::Side::{Down, Up},
    timer::Timer,
};

#[test]
fn p3_p4_r19_first_words() {
    hello("A ClientHello in two parts, then FIN: all of it goes to the origin, its FIN behind it.")
        .at(2)
        .received(Down, 300)
        .peeked(Peeked::Routed)
        .fin(Down)
        .at(3)
        .connected()
        .sent(Up, 500)
        .finished(Up)
        .at(4)
        .acked(Up)
        .received(Up, 7)
        .fin(Up)
        .sent(Down, 7)
        .finished(Down)
        .at(5)
        .acked(Down)
        .tells("passthrough_first_words");
}

#[test]
fn p1_fin_inside_the_hello() {
    hello("FIN inside the ClientHello: the connection is closed, and nothing was dialled.")
        .at(2)
        .fin(Down)
        .tells("passthrough_fin");
}

#[test]
fn p1_reset_inside_the_hello() {
    hello("RST inside the ClientHello: the connection is dropped, and nothing was dialled.")
        .at(2)
        .reset(Down, Call::Read)
        .tells("passthrough_reset");
}

#[test]
fn p2_no_hello_in_time() {
    hello("A ClientHello that does not end within T_tls: reset.")
        .fired(Timer::Tls)
        .tells("passthrough_silent");
}

#[test]
fn p2_unroutable() {
    hello("A name that no route has: the alert unrecognized_name, then RST behind it.")
        .peeked(Peeked::Unroutable)
        .sent(Down, 7)
        .at(2)
        .acked(Down)
        .tells("passthrough_unroutable");
}

#[test]
fn p2_no_hello_at_all() {
    hello("What is no ClientHello: reset, and nothing was dialled.")
        .peeked(Peeked::Alien)
        .tells("passthrough_alien");
}

#[test]
fn t02_by_the_letter() {
    Story::strict(
        "TLS 1.2 by the letter: close_notify is answered at once, what is pending is lost.",
    )
    .limit(64)
    .accepted()
    .at(3)
    .secured_12()
    .at(4)
    .connected()
    .received(Down, 20)
    .received(Up, 30)
    .at(6)
    .close_notify(Down)
    .finished(Down)
    .sent(Up, 20)
    .finished(Up)
    .at(7)
    .acked(Down)
    .acked(Up)
    .at(8)
    .fin(Down)
    .tells("tls12_strict");
}

/// A client that has said 200 bytes of its ClientHello.
fn hello(claim: &str) -> Story {
    Story::passthrough(claim)
        .limit(1000)
        .accepted()
        .at(1)
        .received(Down, 200)
}

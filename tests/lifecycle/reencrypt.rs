//! TLS to the origin, and what an end on one leg is on the other (LIFECYCLE 4.4).

use crate::story::{
    Story,
    words::{GET, request},
};
use tidegate_core::{
    ending::Cause,
    event::Call,
    side::Side::{Down, Up},
    timer::Timer,
};

#[test]
fn t08_t11_close_notify_is_close_notify_on_the_other_leg() {
    opened("Server close_notify, re-encrypted: the client gets one too, and goes on uploading.")
        .at(6)
        .received(Up, 20)
        .close_notify(Up)
        .sent(Down, 20)
        .finished(Down)
        .at(7)
        .acked(Down)
        .received(Down, 30)
        .sent(Up, 30)
        .at(8)
        .close_notify(Down)
        .finished(Up)
        .at(9)
        .acked(Up)
        .fin(Up)
        .fin(Down)
        .tells("reencrypt_close_notify");
}

#[test]
fn s33_t05_bare_fin_of_the_origin() {
    opened("Server FIN without close_notify: the client gets the bytes and RST, no close_notify.")
        .at(6)
        .received(Up, 50)
        .fin(Up)
        .sent(Down, 50)
        .at(7)
        .acked(Down)
        .at(8)
        .acked(Up)
        .tells("reencrypt_bare_fin");
}

#[test]
fn t09_bad_record_of_the_origin() {
    opened("A bad record from the server: our alert to it, and the client's direction is cut.")
        .at(6)
        .received(Up, 50)
        .failed(Up, Cause::Tls)
        .sent(Down, 50)
        .at(7)
        .acked(Up)
        .acked(Down)
        .tells("reencrypt_bad_record");
}

#[test]
fn r21_certificate_refused() {
    shaking("A server whose certificate nobody vouches for: the client is reset, never finished.")
        .received(Down, 30)
        .at(6)
        .failed(Up, Cause::Certificate)
        .at(7)
        .acked(Down)
        .tells("reencrypt_refused");
}

#[test]
fn r19_t14_fin_inside_the_handshake() {
    shaking("A client that ends while the server shakes hands: bytes and close_notify follow it.")
        .received(Down, 30)
        .close_notify(Down)
        .fin(Down)
        .at(9)
        .up_secured()
        .sent(Up, 30)
        .finished(Up)
        .at(12)
        .acked(Up)
        .received(Up, 5)
        .close_notify(Up)
        .sent(Down, 5)
        .finished(Down)
        .at(13)
        .fin(Up)
        .acked(Down)
        .tells("reencrypt_fin_in_handshake");
}

#[test]
fn r20_t14_reset_inside_the_handshake() {
    shaking("A client that resets while the server shakes hands: the handshake is given up.")
        .received(Down, 30)
        .at(6)
        .reset(Down, Call::Read)
        .tells("reencrypt_reset_in_handshake");
}

#[test]
fn certificate_refused_is_502() {
    asked("A server certificate that is refused: the client is told 502, and stays.")
        .at(5)
        .failed(Up, Cause::Certificate)
        .all_sent(Down)
        .tells("reencrypt_502");
}

#[test]
fn t_tls_of_the_origin() {
    asked(
        "A server that does not shake hands: T_tls, 504, and no FIN that would look like an end.",
    )
    .fired(Timer::TlsUp)
    .all_sent(Down)
    .tells("reencrypt_silent");
}

fn asked(claim: &str) -> Story {
    Story::http_to_tls(claim)
        .accepted()
        .at(1)
        .decoded(Down, request(GET, 60))
        .at(2)
        .connected()
}

/// Both legs open.
fn opened(claim: &str) -> Story {
    shaking(claim).at(5).up_secured()
}

/// The origin is reached, and shakes hands.
fn shaking(claim: &str) -> Story {
    let story = Story::reencrypted(claim).limit(64);
    story.accepted().at(3).secured().at(4).connected()
}

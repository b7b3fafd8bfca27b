//! The known-bad variants of the first hour, each caught on either network within this many seeds,
//! and in tunnels that began as exchanges. All of them, on the fast network: `museum`.

use tidegate_core::variant::Variant;
use tidegate_sim::{
    batch::{Batch, Plan},
    generate::Kind,
    schedule::Carrier,
    tls::Version,
    world::Net,
};

/// A variant that passes so many seeds is one that nobody would have caught.
const SEEDS: u64 = 300;

/// On each network by itself.
fn caught(variant: Variant, kind: Kind) {
    for nets in [&[Net::Fast], &[Net::Turmoil]] {
        let plan = Plan {
            nets,
            kind,
            variant: Some(variant),
            twice: false,
            first: true,
        };
        let batch = Batch::play(0..SEEDS, plan);
        let Some((seed, wrong)) = batch.bad.first() else {
            panic!("{variant:?} passed {SEEDS} seeds of {kind} on {nets:?}");
        };
        let what = &wrong[0];
        println!("{variant:?}: caught at seed {seed} of {kind}: {what}");
    }
}

#[test]
fn a_bare_fin_of_an_origin_taken_for_an_end_is_caught() {
    let kind = Kind::RelayTo(Carrier::Tls(Version::Tls13), Version::Tls13);
    caught(Variant::BareFinAsClean, kind);
}

#[test]
fn a_fin_on_a_timer_is_caught() {
    caught(Variant::FinOnTimer, Kind::Relay(Carrier::Tcp));
}

#[test]
fn a_fin_on_a_timer_behind_an_answer_is_caught() {
    caught(Variant::FinOnTimer, Kind::Http(Carrier::Tcp));
}

#[test]
fn a_fin_that_overtakes_is_caught() {
    caught(Variant::FinOvertakes, Kind::Relay(Carrier::Tcp));
}

#[test]
fn a_fin_forgotten_with_bytes_inside_is_caught() {
    caught(Variant::FinForgotten, Kind::Relay(Carrier::Tcp));
}

#[test]
fn a_close_of_both_sides_on_the_first_fin_is_caught() {
    caught(Variant::CloseBoth, Kind::Relay(Carrier::Tcp));
}

#[test]
fn a_reset_told_as_a_fin_is_caught() {
    caught(Variant::ResetAsFin, Kind::Relay(Carrier::Tcp));
}

/// What was an exchange and is a tunnel now is held to a relay's rules.
#[test]
fn what_is_wrong_in_a_tunnel_that_began_as_an_exchange_is_caught() {
    for variant in [
        Variant::FinOvertakes,
        Variant::FinForgotten,
        Variant::CloseBoth,
        Variant::ResetAsFin,
        Variant::BehindForgotten,
    ] {
        caught(variant, Kind::Http(Carrier::Tcp));
    }
}

#[test]
fn a_wake_up_lost_at_a_full_relay_is_caught() {
    caught(Variant::LostWakeup, Kind::Http(Carrier::Tcp));
}

#[test]
fn the_mistake_that_started_this_is_caught() {
    caught(Variant::Original, Kind::Http(Carrier::Tcp));
}

//! The production driver on a simulated network: a batch of every kind of seed, the known-bad
//! variants that it must catch, and the schedules kept as files.
//!
//! These are the small batches, for every build; `tidegate-sim --seeds` plays the large ones.

mod clusters;
mod files;
mod mirror;
mod museum;
mod probe;
mod shrink;
mod variants;

use std::{
    ops::Range,
    path::{Path, PathBuf},
};
use tidegate_sim::{
    batch::{Batch, Plan},
    generate::Kind,
    reproduce,
    schedule::Carrier,
    tls::Version,
    world::Net,
};

/// Where a failing seed leaves its shrunk schedule: `target/shrunk`.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("shrunk")
}

/// Plays a batch, each seed twice, and complains of the first that is not good.
fn good(kind: Kind, seeds: Range<u64>) {
    let plan = Plan {
        nets: &Net::ALL,
        kind,
        variant: None,
        twice: true,
        first: true,
    };
    let batch = Batch::play(seeds, plan);
    if let Some((seed, wrong)) = batch.bad.first() {
        panic!("{}", reproduce::seed(*seed, wrong, &plan, &folder()));
    }
    println!(
        "{} seeds of {kind}, {} FINs passed on: good",
        batch.seeds, batch.fins
    );
}

#[test]
fn seeds_of_relays_over_tcp_are_good() {
    good(Kind::Relay(Carrier::Tcp), 0..150);
}

#[test]
fn seeds_of_relays_over_tls13_are_good() {
    good(Kind::Relay(Carrier::Tls(Version::Tls13)), 0..100);
}

#[test]
fn seeds_of_relays_over_tls12_are_good() {
    good(Kind::Relay(Carrier::Tls(Version::Tls12)), 0..100);
}

#[test]
fn seeds_of_relays_to_origins_over_tls_are_good() {
    good(Kind::RelayTo(Carrier::Tcp, Version::Tls13), 0..60);
    good(
        Kind::RelayTo(Carrier::Tls(Version::Tls13), Version::Tls12),
        0..60,
    );
}

#[test]
fn seeds_of_exchanges_with_origins_over_tls_are_good() {
    good(Kind::HttpTo(Carrier::Tcp, Version::Tls13), 0..30);
}

#[test]
fn seeds_of_exchanges_in_clear_text_are_good() {
    good(Kind::Http(Carrier::Tcp), 0..30);
}

#[test]
fn seeds_of_exchanges_over_tls_are_good() {
    good(Kind::Http(Carrier::Tls(Version::Tls13)), 0..30);
}

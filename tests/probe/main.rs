//! The probe, tried on proxies whose faults are known: it finds those and no others. And what it
//! prints, as reviewed text.
#![allow(clippy::unwrap_used, reason = "in a test, a surprise is a failure")]

mod output;
mod server;
mod verdict;
mod wire;

use std::{collections::BTreeSet, net::SocketAddr, time::Duration};
use tidegate::probe::{
    self, Asked, Outcome, Progress, Row,
    play::Stage,
    scenario::{Mode, Versions},
    socket::{Door, Heard, Plain},
    step::Pace,
    transcript::What,
    wire::Version,
};
use wire::{Fault, Relay};

/// Long enough for a machine that is busy with other things; no row waits for it unless something
/// is wrong.
const PATIENCE: Duration = Duration::from_secs(10);

/// Pauses that make a point without making a wait, and no bound on latencies: these tests do not
/// measure.
fn asked(relay: &Relay, only: &[&str]) -> Asked {
    Asked {
        only: only.iter().map(|&row| row.to_owned()).collect(),
        slack: PATIENCE,
        pace: Pace {
            think: Duration::from_millis(200),
            reply: Duration::from_millis(100),
            gap: Duration::from_millis(100),
            beats: 3,
            patience: Duration::from_secs(3),
        },
        ..Asked::new(relay.address, relay.stage.door.address(), Mode::Tcp)
    }
}

fn probe(fault: Fault, only: &[&str]) -> Vec<Row> {
    let mut relay = Relay::start(fault);
    let asked = asked(&relay, only);
    play(&asked, &mut relay)
}

fn play(asked: &Asked, relay: &mut Relay) -> Vec<Row> {
    probe::proxy_at(asked, &mut relay.stage, &mut |_| {}).unwrap()
}

fn failed(rows: &[Row]) -> BTreeSet<&str> {
    rows.iter()
        .filter(|row| matches!(row.outcome, Outcome::Failed(_)))
        .map(|row| row.key.as_str())
        .collect()
}

fn reasons(rows: &[Row], key: &str) -> Vec<String> {
    match &rows.iter().find(|row| row.key == key).unwrap().outcome {
        Outcome::Failed(faults) => faults.clone(),
        Outcome::Passed => vec!["passed".to_owned()],
        Outcome::Skipped(reason) => vec![format!("skipped: {reason}")],
    }
}

#[test]
fn a_transparent_relay_passes_every_row() {
    let rows = probe(Fault::None, &[]);
    assert_eq!(failed(&rows), BTreeSet::new(), "{rows:#?}");
    let skipped: Vec<&str> = rows
        .iter()
        .filter(|row| matches!(row.outcome, Outcome::Skipped(_)))
        .map(|row| row.key.as_str())
        .collect();
    assert_eq!(skipped, ["S22", "S24", "S69"]);
    assert_eq!(rows.len(), 19);
}

#[test]
fn a_relay_that_closes_both_on_the_first_fin() {
    let rows = probe(Fault::ClosesBoth, &[]);
    let due = [
        "S01", "S02", "S03", "S04", "S05", "S11", "S19", "S37@1.2", "S37@1.3",
    ];
    let mut failed = failed(&rows);
    // Of two FINs at the same moment, the second may come before it sees the first.
    failed.remove("S13");
    assert_eq!(failed, BTreeSet::from(due));
}

#[test]
fn a_relay_that_makes_a_fin_of_a_reset() {
    let rows = probe(Fault::ResetIsFin, &[]);
    let due = ["S06", "S07", "S09", "S11", "S18"];
    assert_eq!(failed(&rows), BTreeSet::from(due));
    let said = "the client read FIN where RST was due: a broken end was made to look clean";
    assert_eq!(reasons(&rows, "S07"), [said]);
    let said = "the origin was not told of the client's RST on its half-closed connection";
    assert_eq!(reasons(&rows, "S11"), [said]);
}

#[test]
fn a_relay_that_loses_bytes() {
    let rows = probe(Fault::LosesHalf, &[]);
    // What carries nothing, or one byte, is not hurt.
    let whole = ["S06", "S13", "S18", "S19", "S22", "S24", "S69"];
    let failed = failed(&rows);
    for row in &rows {
        let due = !whole.contains(&row.key.as_str());
        assert_eq!(failed.contains(row.key.as_str()), due, "{}", row.key);
    }
    let said = "the origin read other bytes than were sent, from byte ";
    assert!(reasons(&rows, "S16")[0].starts_with(said), "{rows:#?}");
}

#[test]
fn a_relay_that_is_late() {
    let mut relay = Relay::start(Fault::None);
    let asked = Asked {
        slack: Duration::ZERO,
        ..asked(&relay, &["S01"])
    };
    let rows = play(&asked, &mut relay);
    let said = reasons(&rows, "S01").concat();
    assert!(said.contains("the bound is 0.0 ms"), "{said}");
}

#[test]
fn a_relay_that_dials_for_the_first_client_only() {
    let rows = probe(Fault::DialsOnce, &["S06"]);
    assert_eq!(
        reasons(&rows, "S06"),
        ["the proxy did not connect to the origin"]
    );
}

#[test]
fn rows_are_repeated_and_a_row_passes_if_it_always_does() {
    let mut relay = Relay::start(Fault::Sometimes);
    let asked = Asked {
        repeat: 4,
        ..asked(&relay, &["S06"])
    };
    let mut heard = Vec::new();
    let mut heed = |at: Progress<'_>| heard.push(format!("{} {}", at.key, at.play));
    let rows = probe::proxy_at(&asked, &mut relay.stage, &mut heed).unwrap();
    assert_eq!((rows[0].plays, rows[0].passes), (4, 2));
    assert_eq!(failed(&rows), BTreeSet::from(["S06"]));
    assert_eq!(heard, ["S06 1", "S06 2", "S06 3", "S06 4"]);
}

#[test]
fn silence_is_looked_at_if_its_limit_is_known() {
    let mut relay = Relay::start(Fault::None);
    let asked = Asked {
        idle: Some(Duration::from_millis(100)),
        ..asked(&relay, &["S24"])
    };
    let rows = play(&asked, &mut relay);
    // Whichever of the two peers gives up first.
    let said = reasons(&rows, "S24").concat();
    assert!(said.contains(" read no end within "), "{said}");
}

#[test]
fn s22_a_peer_that_vanishes_is_looked_at_if_somebody_waits() {
    let mut relay = Relay::start(Fault::None);
    let asked = Asked {
        idle: Some(Duration::from_millis(100)),
        ..asked(&relay, &["S22"])
    };
    let rows = play(&asked, &mut relay);
    let said = reasons(&rows, "S22").concat();
    // Where the kernel wants a privilege for it, that is said.
    let due = "the origin was not told of the client's FIN on its half-closed connection";
    assert!(
        said == due || said.starts_with("skipped: the kernel does not let"),
        "{said}"
    );
}

#[test]
fn tls_is_spoken_in_the_version_that_was_asked_for() {
    let mut relay = Relay::start(Fault::None);
    for (tls, due) in [
        (Versions::Both, vec!["S37@1.2", "S37@1.3"]),
        (Versions::Only(Version::Tls12), vec!["S37@1.2"]),
        (Versions::Only(Version::Tls13), vec!["S37@1.3"]),
    ] {
        let asked = Asked {
            tls,
            ..asked(&relay, &["S37"])
        };
        let rows = play(&asked, &mut relay);
        let keys: Vec<&str> = rows.iter().map(|row| row.key.as_str()).collect();
        assert_eq!(keys, due);
        assert_eq!(failed(&rows), BTreeSet::new(), "{rows:#?}");
        for row in &rows {
            let spoken = if row.key.ends_with("1.2") {
                "TLS 1.2"
            } else {
                "TLS 1.3"
            };
            assert!(row.play.client.when(&What::Secured(spoken)).is_some());
        }
    }
}

#[test]
fn what_keeps_the_probe_from_running_is_said() {
    let mut relay = Relay::start(Fault::None);
    // The door is bound and does not listen: whoever connects is refused.
    let nobody = Stage::open(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    nobody.door.shut().unwrap();
    let elsewhere = Asked {
        via: nobody.door.address(),
        ..asked(&relay, &["S01"])
    };
    let heed = &mut |_: Progress<'_>| {};
    let error = probe::proxy_at(&elsewhere, &mut relay.stage, heed).unwrap_err();
    assert!(
        error.starts_with("the proxy does not accept at "),
        "{error}"
    );
    let error = probe::proxy(&asked(&relay, &["S01"]), heed).unwrap_err();
    assert!(
        error.starts_with("cannot listen as the origin at "),
        "{error}"
    );
    let error = probe::proxy_at(&asked(&relay, &["S99"]), &mut relay.stage, heed).unwrap_err();
    assert!(error.contains("`S99`"), "{error}");
}

/// Nothing can be said of it, and no row is played to say so.
#[test]
fn a_relay_that_never_dials_cannot_be_looked_at() {
    let mut relay = Relay::start(Fault::NeverDials);
    let mut asked = asked(&relay, &[]);
    asked.pace.patience = Duration::from_millis(300);
    let heed = &mut |at: Progress<'_>| panic!("{} is played", at.key);
    for mode in Mode::ALL {
        asked.mode = mode;
        let error = probe::proxy_at(&asked, &mut relay.stage, heed).unwrap_err();
        let (via, origin) = (asked.via, asked.origin);
        let due = format!("the proxy at {via} does not connect to the origin at {origin}");
        assert!(error.starts_with(&due), "{error}");
    }
}

#[test]
fn the_probe_is_not_taken_for_a_proxy() {
    let any = |ip: &str| Stage::open(format!("{ip}:0").parse().unwrap()).unwrap();
    let heed = &mut |at: Progress<'_>| panic!("{} is played", at.key);
    for (origin, via) in [
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.1", "0.0.0.0"),
        ("0.0.0.0", "0.0.0.0"),
        ("0.0.0.0", "127.0.0.2"),
        ("[::]", "[::1]"),
        ("[::]", "127.0.0.1"),
        ("127.0.0.1", "[::ffff:127.0.0.1]"),
    ] {
        let mut stage = any(origin);
        let origin = stage.door.address();
        let via = format!("{via}:{}", origin.port()).parse().unwrap();
        let asked = Asked::new(via, origin, Mode::Tcp);
        let due = format!("{via} is where the probe itself listens as the origin");
        let error = probe::proxy_at(&asked, &mut stage, heed).unwrap_err();
        assert!(error.starts_with(&due), "{error}");
        drop(stage);
        let error = probe::proxy(&asked, heed).unwrap_err();
        assert!(error.starts_with(&due), "{error}");
    }
}

#[test]
fn a_proxy_may_have_the_origins_port_at_another_address() {
    let mut stage = Stage::open(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let origin = stage.door.address();
    let via = SocketAddr::from(([127, 0, 0, 2], origin.port()));
    let asked = Asked::new(via, origin, Mode::Tcp);
    // It might be there, and is not.
    let error = probe::proxy_at(&asked, &mut stage, &mut |_| {}).unwrap_err();
    assert!(error.starts_with("the proxy does not accept"), "{error}");
}

/// K9: the kernel tells a reset once; what a read says behind that is no FIN.
#[test]
fn a_reset_that_a_write_was_told_of_is_still_a_reset_for_the_read_behind_it() {
    let door = Door::open(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let mut client = Plain::connect(door.address(), None, PATIENCE).unwrap();
    let mut server = door.accept(PATIENCE, PATIENCE).unwrap();
    server.write(b"last", false).unwrap();
    server.flush_for_reset();
    drop(server);
    let (sent, why) = client.write(b"late", false).unwrap_err();
    assert_eq!((sent, why.as_str()), (0, "ECONNRESET"));
    assert_eq!(client.read(&mut [0; 64], PATIENCE), Heard::Bytes(4));
    assert_eq!(client.read(&mut [0; 64], PATIENCE), Heard::Reset);
}

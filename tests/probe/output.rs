//! What the probe prints, read as the one who ran it. Made from rows of this file's own.

use std::time::Duration;
use tidegate::probe::{
    Asked, Outcome, Row,
    play::Play,
    report::{Paint, json, lanes, list, table},
    scenario::Mode,
    server::{self, Finding},
    transcript::{Transcript, What},
};

fn snapshot(name: &str, said: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../snapshots/probe");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, said));
}

fn transcript(tls: bool, bytes: usize, events: Vec<(u64, What)>) -> Transcript {
    let mut transcript = Transcript {
        tls,
        bytes: vec![0; bytes],
        ..Transcript::default()
    };
    for (us, what) in events {
        transcript.note(Duration::from_micros(us), what);
    }
    transcript
}

fn row(key: &str, name: &'static str, outcome: Outcome, play: Play) -> Row {
    Row {
        key: key.to_owned(),
        name,
        claim: "a claim of one line",
        outcome,
        plays: 1,
        passes: 1,
        latencies: vec![Duration::from_micros(312)],
        play,
    }
}

/// An answer behind a FIN, as it should be.
fn good() -> Row {
    let client = transcript(
        false,
        10_000,
        vec![
            (210, What::Connected),
            (240, What::Sent(3)),
            (251, What::SentFin),
            (51_402, What::Got(6_000)),
            (51_460, What::Got(4_000)),
            (51_731, What::GotFin),
        ],
    );
    let origin = transcript(
        false,
        3,
        vec![
            (402, What::Connected),
            (480, What::Got(3)),
            (563, What::GotFin),
            (51_101, What::Sent(10_000)),
            (51_204, What::SentFin),
            (51_206, What::Closed),
        ],
    );
    let play = Play {
        client,
        origins: vec![origin],
    };
    row("S01", "hc-fast-reply", Outcome::Passed, play)
}

/// A reset that became a clean end over TLS.
fn bad() -> Row {
    let client = transcript(
        true,
        50_000,
        vec![
            (180, What::Connected),
            (1_830, What::Secured("TLS 1.3")),
            (2_911, What::Got(50_000)),
            (3_020, What::GotNotify),
            (3_024, What::GotFin),
        ],
    );
    let origin = transcript(
        false,
        0,
        vec![
            (2_004, What::Connected),
            (2_101, What::Sent(50_000)),
            (2_602, What::SentReset),
        ],
    );
    let play = Play {
        client,
        origins: vec![origin],
    };
    let fault = "the client read close_notify and FIN where RST was due: a broken end was made to \
                 look clean";
    let outcome = Outcome::Failed(vec![fault.to_owned()]);
    Row {
        plays: 20,
        passes: 13,
        latencies: (400..420).map(Duration::from_micros).collect(),
        ..row("S27@1.3", "tls-no-laundering", outcome, play)
    }
}

fn skipped() -> Row {
    let outcome = Outcome::Skipped("needs a \"packet filter\"".to_owned());
    row("S22", "vanish-half-closed", outcome, Play::default())
}

fn asked() -> Asked {
    let address = |port| ([127, 0, 0, 1], port).into();
    Asked::new(address(8443), address(3000), Mode::Tls)
}

#[test]
fn the_table() {
    let rows = [good(), skipped(), bad()];
    snapshot("table", &table(&asked(), &rows, Paint(false)));
    let colours = table(&asked(), &rows, Paint(true));
    assert!(colours.contains("\u{1b}[32mpass\u{1b}[0m"));
    assert!(colours.contains("\u{1b}[1;31mFAIL 13/20, 99 % 0.4 ms\u{1b}[0m"));
}

#[test]
fn the_swim_lanes() {
    let all = [good(), bad(), skipped()].map(|row| lanes::draw(&row, Paint(false)));
    snapshot("lanes", &all.join("\n"));
}

#[test]
fn the_json() {
    snapshot("json", &json::proxy(&asked(), &[good(), skipped(), bad()]));
}

#[test]
fn the_list() {
    snapshot("list", &list(Paint(false)));
    assert!(json::list().starts_with("{\"rows\":[{\"row\":\"S01\""));
}

#[test]
fn the_findings_of_a_server() {
    let finding = |key, question, answer: &str| Finding {
        key,
        question,
        answer: answer.to_owned(),
        number: None,
        took: None,
        note: None,
    };
    let findings = [
        Finding {
            took: Some(Duration::from_micros(480)),
            note: Some("behind status 200".to_owned()),
            ..finding("close", "the end, when it is asked to close", "FIN")
        },
        Finding {
            number: Some(1_000),
            ..finding("requests", "requests on one connection", "1000, then FIN")
        },
    ];
    let asked = server::Asked {
        server: ([127, 0, 0, 1], 80).into(),
        tls: false,
        host: "localhost".to_owned(),
        wait: Duration::from_secs(60),
    };
    let text = server::report(&asked, &findings, Paint(false));
    let json = json::server(asked.server, asked.tls, &findings);
    snapshot("server", &format!("{text}\n{json}"));
}

//! The line about a connection, in each format that has one.

use super::*;
use crate::{log::Format, observe::Observer};
use tidegate_core::{
    event::{Event, Origin},
    record::Recorder,
    session::{Kind, Session, Setup},
};

/// 2026-11-22T14:31:05.113Z.
const MOMENT: u64 = 1_795_357_865_113_000;

/// A relay whose client has said its last word, and whose origin never answered.
fn half_closed() -> (Record, String) {
    let setup = Setup::new(Kind::Tcp, false);
    let mut session = Session::new(setup);
    let mut recorder = Recorder::new(Time(0), setup.timeouts);
    let (mut effects, mut now) = (Vec::new(), Time(0));
    for (at, event) in [
        (0, Event::Accepted),
        (4_000, Event::Connected(Origin::Fresh)),
        (5_000, Event::Received(Side::Down, 812)),
        (5_000, Event::Sent(Side::Up, 812)),
        (1_200_000, Event::Fin(Side::Down)),
        (1_200_000, Event::Finished(Side::Up)),
        (1_210_000, Event::Acked(Side::Up)),
        (3_601_210_000, Event::Fired),
    ] {
        now = Time(at);
        recorder.begins(now, &event, &session);
        session.step(now, event, &mut effects);
        recorder.ends(now, &session);
    }
    let report = session.report();
    let line = recorder.timeline(&setup).brief(&report);
    let client = Wired {
        read: 812,
        state: Some("close_wait"),
        ..Wired::default()
    };
    let record = Record {
        conn: Observer::new(0).next(),
        listener: "web".into(),
        client: ([203, 0, 113, 9], 50_000).into(),
        endpoint: "10.0.0.11:5432".to_owned(),
        report,
        wires: [client, Wired::default()],
        now,
        handed_over: false,
    };
    (record, line)
}

#[test]
fn every_format_that_tells_connections_has_the_state_and_the_timeline() {
    let (record, timeline) = half_closed();
    let told = |format: Format| {
        let mut out = Vec::new();
        record.with_entry(MOMENT, &timeline, |entry| format.write(entry, &mut out));
        String::from_utf8(out).expect("a line is text")
    };
    let lines = [Format::Pretty, Format::Json, Format::Logfmt].map(told);
    insta::with_settings!({snapshot_path => "../../../../snapshots/log", prepend_module_to_snapshot => false}, {
        insta::assert_snapshot!("connection", lines.join("\n"));
    });
}

//! What a recorder keeps and forgets, and that what it keeps leads to the session it was made of.

use crate::{
    ending::Cause,
    event::{Call, Decoded, Event, Head, Origin, Want},
    http1::{BodyKind, RequestFacts, ResponseFacts, Version},
    record::{KEPT, MOST, Recorder, Replay, Timeline, replay},
    session::{Kind, Session, Setup},
    side::Side::{self, Down, Up},
    time::Time,
};
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

/// A session and its recorder.
struct Kept {
    setup: Setup,
    session: Session,
    recorder: Recorder,
    now: Time,
}

impl Kept {
    fn new(setup: Setup) -> Self {
        let mut kept = Kept {
            setup,
            session: Session::new(setup),
            recorder: Recorder::new(Time(5), setup.timeouts),
            now: Time(5),
        };
        kept.tell(0, Event::Accepted);
        kept
    }

    fn http() -> Self {
        Kept::new(Setup::new(Kind::Http, false))
    }

    fn tcp() -> Self {
        let mut kept = Kept::new(Setup::new(Kind::Tcp, false));
        kept.tell(10, Event::Connected(Origin::Fresh));
        kept
    }

    fn tell(&mut self, later: u64, event: Event) {
        self.now = Time(self.now.0 + later);
        self.recorder.begins(self.now, &event, &self.session);
        self.session.step(self.now, event, &mut Vec::new());
        self.recorder.ends(self.now, &self.session);
        self.is_told();
    }

    fn timeline(&self) -> Timeline {
        self.recorder.timeline(&self.setup)
    }

    /// What is kept leads to this very session, and the file plays as it was written.
    fn is_told(&self) {
        let timeline = self.timeline();
        let file = timeline.write(Some("A test."));
        let steps = timeline.steps().len();
        match timeline.session() {
            Some(session) => {
                assert_eq!(session, self.session, "{file}");
                assert_eq!(
                    replay(&file, &mut |_| {}),
                    Ok(Replay::Same { steps }),
                    "{file}"
                );
            }
            None => {
                let told = replay(&file, &mut |_| {}).expect_err("it cannot be played");
                assert!(told.what.contains("forgotten"), "{told:?}");
            }
        }
        let again = Timeline::read(&file).unwrap_or_else(|wrong| panic!("{wrong:?}: {file}"));
        assert_eq!(again.write(Some("A test.")), file);
    }

    fn decoded(&mut self, side: Side, head: Head, bytes: u32, complete: bool) {
        let want = if complete { Want::Turn } else { Want::Bytes };
        let decoded = Decoded {
            head,
            bytes,
            complete,
            left: 0,
            want,
        };
        self.tell(3, Event::Decoded(side, decoded));
    }

    fn asks(&mut self, length: u64) {
        self.decoded(Down, Head::Request(RequestFacts::GET), 50, true);
        self.tell(2, Event::Connected(Origin::Reused));
        self.tell(1, Event::Sent(Up, 50));
        let facts = ResponseFacts {
            status: 200,
            version: Version::Http11,
            body: BodyKind::Length(length),
            close: false,
            event_stream: false,
        };
        self.decoded(Up, Head::Response(facts), 90, false);
    }

    fn exchange(&mut self) {
        self.asks(10);
        self.decoded(Up, Head::None, 10, true);
        self.tell(4, Event::Sent(Down, 100));
    }

    fn moves(&mut self, bytes: u32) {
        self.tell(7, Event::Received(Down, bytes));
        self.tell(7, Event::Sent(Up, bytes));
    }
}

#[test]
fn an_idle_connection_keeps_little() {
    let mut kept = Kept::http();
    for _ in 0..100 {
        kept.exchange();
    }
    let timeline = kept.timeline();
    assert!(timeline.is_whole());
    assert!(timeline.steps().len() >= 5, "the last request is there");
    assert_eq!(timeline.steps().len() + timeline.forgotten() as usize, 601);
    assert_eq!(kept.recorder.entries.capacity(), KEPT);
}

#[test]
fn a_relay_keeps_its_last_bytes() {
    let mut kept = Kept::tcp();
    for bytes in 1..100 {
        kept.moves(bytes);
    }
    kept.tell(1, Event::Fin(Down));
    kept.tell(1, Event::Finished(Up));
    kept.tell(1, Event::Failed(Up, Cause::Reset, Call::Read));
    assert!(kept.timeline().is_whole());
    assert!(kept.recorder.entries.len() <= KEPT);
}

#[test]
fn a_long_body_is_shown_and_not_played() {
    let mut kept = Kept::http();
    kept.exchange();
    kept.asks(1_000_000);
    for _ in 0..200 {
        kept.decoded(Up, Head::None, 1_000, false);
        kept.tell(1, Event::Sent(Down, kept.session.to(Down).bytes()));
    }
    let timeline = kept.timeline();
    assert!(!timeline.is_whole());
    assert!(kept.recorder.entries.capacity() <= MOST);
    assert!(timeline.steps().len() >= MOST / 2);
    assert!(timeline.forgotten() > 300);
    // The next moment that it can begin at is one from which it can be played again.
    kept.decoded(Up, Head::None, 800_000, true);
    kept.tell(1, Event::Sent(Down, kept.session.to(Down).bytes()));
    assert!(kept.timeline().is_whole());
    kept.exchange();
    assert!(kept.timeline().is_whole());
    assert_eq!(kept.timeline().steps().len(), 6);
}

#[test]
fn a_long_silence_is_an_entry_of_its_own() {
    let hours = 5_000_000_000;
    let mut kept = Kept::new(Setup::new(Kind::Tcp, true));
    kept.tell(hours, Event::Secured(Down, crate::tls::Version::V12));
    kept.tell(hours, Event::Connected(Origin::Fresh));
    let steps = kept.timeline();
    let at: Vec<u64> = steps.steps().iter().map(|step| step.at.0).collect();
    assert_eq!(at, [5, 5 + hours, 5 + 2 * hours]);
}

/// What failed is told, and not played.
#[test]
fn a_step_that_does_not_end_is_told_as_such() {
    let mut kept = Kept::tcp();
    kept.moves(3);
    kept.now = Time(kept.now.0 + 9);
    let event = Event::Acked(Down);
    kept.recorder.begins(kept.now, &event, &kept.session);
    let timeline = kept.timeline();
    assert_eq!(timeline.session().as_ref(), Some(&kept.session));
    let file = timeline.write(None);
    assert!(file.contains("fails     D acked"), "{file}");
    match replay(&file, &mut |_| {}) {
        Ok(Replay::Fails { session, step, .. }) => {
            assert_eq!(session.phase(), kept.session.phase());
            assert_eq!(step.event, event);
        }
        other => panic!("{other:?}"),
    }
}

fn file() -> String {
    let mut kept = Kept::http();
    kept.exchange();
    kept.tell(1, Event::Fin(Down));
    kept.timeline().write(Some("One request."))
}

fn told(file: &str) -> Result<Replay, super::super::Trouble> {
    replay(file, &mut |_| {})
}

#[test]
fn a_row_that_is_changed_is_found() {
    let file = file();
    let wrong = file.replace("D sent 100       idle    ", "D sent 100       head    ");
    assert_ne!(wrong, file);
    let Ok(Replay::Differs {
        line,
        expected,
        found,
    }) = told(&wrong)
    else {
        panic!("{wrong}");
    };
    assert_eq!(
        wrong
            .lines()
            .nth(line - 1)
            .map(|text| text.starts_with(&expected)),
        Some(true)
    );
    assert!(found.contains("idle"), "{found}");
}

#[test]
fn an_entry_that_is_changed_is_found() {
    let file = file();
    let wrong = file.replacen("0000005a00000000", "0000005b00000000", 1);
    assert_ne!(wrong, file, "90 bytes of a head");
    assert!(
        matches!(told(&wrong), Ok(Replay::Differs { .. })),
        "{wrong}"
    );
}

#[test]
fn a_verdict_that_is_changed_is_found() {
    let file = file();
    let wrong = file.replace("verdict   open", "verdict   shut");
    assert!(
        matches!(told(&wrong), Ok(Replay::Differs { .. })),
        "{wrong}"
    );
}

#[test]
fn what_is_no_trace_is_said_with_its_line() {
    let file = file();
    let line = |text: &str| {
        file.lines()
            .position(|line| line.starts_with(text))
            .unwrap()
            + 1
    };
    for (from, to, at, what) in [
        ("tidegate trace v1", "tidegate trace v2", 1, "begins with"),
        ("kind=http", "kind=smtp", line("setup"), "no value"),
        ("relay_bytes", "relay_bites", line("limits"), "no key"),
        ("waits 0", "waits 7", line("waits"), "numbered"),
        (
            "begins    fresh",
            "begins    soon",
            line("begins"),
            "no session",
        ),
        ("begins    fresh", "", line("   ms"), "how it begins"),
        (
            "begins    fresh",
            "begins    idle waits=3",
            line("   ms"),
            "waits 3",
        ),
        (" ; 01", " ; 7f", line("    0  D accepted"), "no event"),
        (" ; 01", " ; 1", line("    0  D accepted"), "32 digits"),
        (" ; 01", " : 01", line("    0  D accepted"), "entries"),
    ] {
        let wrong = file.replacen(from, to, 1);
        let trouble = told(&wrong).expect_err(to);
        assert_eq!(trouble.line, at, "{to}: {trouble:?}");
        assert!(trouble.what.contains(what), "{to}: {trouble:?}");
    }
    let more = format!("{file}more\n");
    assert_eq!(
        told(&more).expect_err("more").line,
        file.lines().count() + 1
    );
    let claimed = file.replace("# One request.", "# Another claim,\n# of two lines.");
    assert!(
        matches!(told(&claimed), Ok(Replay::Same { .. })),
        "{}",
        claimed.to_string()
    );
}

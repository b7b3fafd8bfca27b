//! `trace record`: the last steps of sessions, kept as they end.

use crate::{
    admin::{SOCKET, Stage},
    exchange::OK,
    harness::{Running, program, run},
    peers::{End, Peer},
};
use std::{fs, process::Command, thread};

/// What `record` makes of `trace record` while clients come and leave one after the other, by a reset every second time.
fn recorded<T: Send + 'static>(stage: &Stage, args: &str, record: fn(Command) -> T) -> T {
    let mut command = program(stage.proxy.scratch());
    command.args(["trace", "record"]).args(args.split(' '));
    command
        .arg("--admin")
        .arg(stage.proxy.scratch().path(SOCKET));
    let recording = thread::spawn(move || record(command));
    let mut up = None;
    for reset in [false, true].into_iter().cycle() {
        if recording.is_finished() {
            break;
        }
        let mut client = stage.proxy.client();
        client.say(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        // The connection that the last one has left, if there is one.
        let mut origin = up.take().unwrap_or_else(|| stage.origin.accept());
        origin.message();
        if reset {
            client.reset();
            assert_eq!(origin.last().end, End::Reset);
        } else {
            origin.say(OK);
            assert_eq!(client.message().body, b"ok");
            up = Some(origin);
        }
    }
    recording.join().unwrap()
}

#[test]
fn sessions_are_recorded_as_they_end_and_can_be_played_again() {
    let stage = Stage::new("");
    let folder = stage.proxy.scratch().path("kept");
    let args = "--most 3 --for 60s --listener l --cluster c --to";
    let done = recorded(&stage, &format!("{args} {}", folder.display()), run);
    assert_eq!(done.code(), Some(0), "{}", done.said);
    assert!(done.said.contains("3 recorded"), "{}", done.said);
    let kept = fs::read_dir(&folder).unwrap();
    let kept: Vec<_> = kept.map(|file| file.unwrap().path()).collect();
    assert_eq!(kept.len(), 3, "{}", done.said);
    for file in kept {
        let text = fs::read_to_string(&file).unwrap();
        // Counts and times, and nobody's address.
        assert!(text.contains(" of listener l: "), "{text}");
        assert!(!text.contains("127.0.0.1"), "{text}");
        let played = stage.told(&format!("trace replay {}", file.display()));
        assert!(played.contains(": the same, "), "{played}");
        let drawn = stage.told(&format!("trace show --svg {}", file.display()));
        assert!(drawn.starts_with("<svg "), "{drawn}");
    }
    let none = stage.ask("trace record --for 10ms --cluster nobody");
    assert!(none.said.contains("0 recorded"), "{}", none.said);
    let wrong = stage.ask("trace record --cause tired");
    assert_eq!(wrong.code(), Some(64));
    let why = "`tired` is no close cause";
    assert!(wrong.said.contains(why), "{}", wrong.said);
}

#[test]
fn those_alone_are_recorded_that_are_meant() {
    let stage = Stage::new("");
    let said = recorded(&stage, "--most 2 --for 60s --cause client_reset", run).said;
    assert_eq!(said.matches("tidegate trace v1").count(), 2, "{said}");
    assert_eq!(said.matches(": client_reset").count(), 2, "{said}");
}

#[test]
fn what_has_come_before_an_interruption_is_kept() {
    let stage = Stage::new("");
    let folder = stage.proxy.scratch().path("kept");
    let args = format!("--for 10m --to {}", folder.display());
    // It is killed as soon as it has told of one.
    recorded(&stage, &args, |mut command| {
        let mut running = Running::start(&mut command, "none: it is the program under test");
        running.until("a session", |said| {
            said.contains(".trace  l  ").then_some(())
        });
    });
    let kept = fs::read_dir(&folder).unwrap().count();
    assert!(kept > 0);
    // Nobody records any more, and nobody minds.
    assert!(stage.told("conns").starts_with("CONN"));
}

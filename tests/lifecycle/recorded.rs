//! Stories that the program has told: timelines of sessions on real sockets, as its recorder kept them
//! (`tidegate -vv` logs one when a session ends). Each is a script: the core of today has to answer its
//! events as the core of that day did. Where it does
//! not, and is right, a new recording is made, and read before it is kept.

use std::{fs, path::Path};
use tidegate_core::record::{Replay, Timeline, replay, show};

fn file(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lifecycle/recorded");
    fs::read_to_string(folder.join(name)).expect("the recording is there")
}

/// It tells of at least so many steps, and all of them have the effects that it says.
fn plays(name: &str, least: usize) {
    let file = file(name);
    match replay(&file, &mut |_| {}) {
        Ok(Replay::Same { steps }) => assert!(steps >= least, "{name}: {steps} steps"),
        other => panic!("{name}: {other:?}"),
    }
    // What is read is what was written.
    let claim = file.lines().find_map(|line| line.strip_prefix("# "));
    let again = Timeline::read(&file).expect("it was played").write(claim);
    assert_eq!(again, file, "{name}");
}

#[test]
fn requests_on_a_warm_connection_until_the_client_leaves() {
    plays("warm.trace", 6);
}

#[test]
fn a_half_closed_relay() {
    plays("half_closed.trace", 8);
}

#[test]
fn what_is_shown_has_no_entries() {
    let shown = show(&file("warm.trace")).expect("it is a trace");
    assert!(shown.contains("   ms  event"), "{shown}");
    assert!(shown.lines().all(|line| !line.contains(" ; ")), "{shown}");
}

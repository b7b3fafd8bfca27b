//! Tests that need a network of their own, to break it.
//!
//! Owns a network namespace, in which the test runs itself again. Where a machine does not let it make
//! one, it says so on its error stream, and proves nothing.

use std::{io::Write, process::Command};

/// Set where the test runs inside.
const INSIDE: &str = "TIDEGATE_WIRE_INSIDE";

/// How to make a network namespace: as one who may, or as the root of a user namespace.
const WAYS: [&[&str]; 2] = [&["--net"], &["--user", "--map-root-user", "--net"]];

/// Plays the `story` of the test of this `name`, which proves these `rows`, where nobody else is.
pub(crate) fn plays(name: &str, rows: &str, story: impl FnOnce()) {
    if std::env::var_os(INSIDE).is_some() {
        return story();
    }
    let Some(way) = WAYS.into_iter().find(|way| is_open(way)) else {
        // Past the capture of a test that passes.
        let said =
            format!("{rows} NOT PROVEN HERE: no network namespaces for `unshare` and `ip`\n");
        return std::io::stderr().write_all(said.as_bytes()).unwrap();
    };
    let mut again = Command::new("unshare");
    again.args(way).arg(std::env::current_exe().unwrap());
    again
        .args(["--exact", name, "--nocapture"])
        .env(INSIDE, "1");
    // Every wait inside has a limit.
    let done = again.output().unwrap();
    let said = String::from_utf8_lossy(&done.stdout) + String::from_utf8_lossy(&done.stderr);
    let passed = said.contains("1 passed") && done.status.success();
    assert!(passed, "{said}");
}

/// Whether a namespace can be made, and a cable in it.
fn is_open(way: &[&str]) -> bool {
    let mut cable = Command::new("unshare");
    cable
        .args(way)
        .args("ip link add cable0 type veth peer name cable1".split(' '));
    cable.output().is_ok_and(|done| done.status.success())
}

/// Changes the network.
pub(crate) fn ip(args: &str) {
    let done = Command::new("ip").args(args.split(' ')).output().unwrap();
    assert!(done.status.success(), "ip {args}: {done:?}");
}

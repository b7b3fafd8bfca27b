//! The rows that the probe does not play, and why: what is not looked at must not look passed.

use super::Mode;

/// A row that is not played.
#[derive(Clone, Copy, Debug)]
pub struct Absent {
    /// The row.
    pub row: &'static str,
    /// Its name.
    pub name: &'static str,
    /// The modes in whose report it stands as skipped.
    pub modes: &'static [Mode],
    /// Why it is not played.
    pub reason: &'static str,
}

const fn absent(
    row: &'static str,
    name: &'static str,
    modes: &'static [Mode],
    reason: &'static str,
) -> Absent {
    Absent {
        row,
        name,
        modes,
        reason,
    }
}

const H2: &str = "the probe does not speak HTTP/2";
const PROCESS: &str =
    "needs a signal to the proxy's process; Tidegate's own test is in tests/wire/drain.rs";

const TCP: &[Mode] = &[Mode::Tcp, Mode::Tls];
const HTTP: &[Mode] = &[Mode::Http, Mode::Https];

/// All of them.
pub const ROWS: &[Absent] = &[
    absent("S59", "h2-connect-map", &[], H2),
    absent("S60", "h2-download-hc", &[], H2),
    absent("S61", "h2-client-fin-open-stream", &[], H2),
    absent("S62", "h2-early-response", &[], H2),
    absent("S64", "h2-h1-truncation", &[], H2),
    absent("S66", "drain-idle-h2", &[], H2),
    absent("S67", "drain-inflight", HTTP, PROCESS),
    absent("S69", "drain-half-closed-relay", TCP, PROCESS),
    absent("S70", "drain-backlog", HTTP, PROCESS),
];

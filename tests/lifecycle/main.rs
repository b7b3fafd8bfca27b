//! Stories: short scripts that drive the core alone, each with a reviewed trace.
//!
//! A story claims one thing, and its trace in `snapshots/lifecycle/` shows it: a step a line, a
//! verdict last, computed from the steps. After every step the wait-for graph is walked, and no
//! step tells of anything that a driver could not have seen (`story/feasible.rs`).
//!
//! A trace that is not the reviewed one fails. Continuous integration sets `INSTA_UPDATE=no` and
//! `CI=true`, so that nothing is written there; at a desk, `INSTA_UPDATE=always` writes what is
//! then to be read row by row against LIFECYCLE, and committed with the reason for its change.

mod client;
mod header;
mod idle;
mod origin;
mod original;
mod passthrough;
mod picture;
mod queue;
mod recorded;
mod reencrypt;
mod relay;
mod relay_abort;
mod request;
mod retry;
mod story;
mod tls_relay;
mod tunnel;

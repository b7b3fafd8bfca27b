//! The rows of LIFECYCLE section 4 that the core alone decides, each as a test named after it.
//! Every state is reached by events, and the wait-for graph is walked after each.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm)] // a test fails loudly

mod account;
mod buffer;
mod cause;
mod connect;
mod downstream;
mod drain;
mod graph;
mod interest;
mod killed;
mod lane;
mod last_word;
mod order;
mod original;
mod pass;
mod policy;
mod queue;
mod relay;
mod report;
mod retry;
mod spare;
mod stage;
mod status;
mod strict;
mod switch;
mod tls;
mod tunnel;
mod unconnected;
mod upstream;
mod vigil;
mod waits;

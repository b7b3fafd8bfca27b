//! The program on real sockets: its own binary between clients and origins on loopback.
//!
//! Tests are named after the rows of LIFECYCLE that they prove. None measures speed, none sleeps
//! to let something happen, and each has a proxy, an origin and a directory of its own.
#![allow(clippy::unwrap_used, reason = "in a test, a surprise is a failure")]

mod admin;
mod bad_input;
mod balance;
mod browser;
mod clients;
mod close;
mod curl;
mod dns;
mod drain;
mod examples;
mod exchange;
mod forwarded;
mod harness;
mod health;
mod heard;
mod key_kinds;
mod keys;
mod leg;
mod letter;
mod log;
mod main_job;
mod mutual;
mod names;
mod own;
mod page;
mod passthrough;
mod peers;
mod phases;
mod pipes;
mod probe;
mod protect;
mod proxy_header;
mod queue;
mod reencrypt;
mod relay;
mod reload;
mod report;
mod requests;
mod resets;
mod resumed;
mod retries;
mod routes;
mod scratch;
mod secure;
mod serving;
mod stall;
mod start;
mod supervised;
mod tls;
mod tunnel;
mod turned_away;
mod unix;
mod vanish;
mod waits;

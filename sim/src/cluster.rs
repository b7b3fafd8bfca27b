//! A cluster in seeds: the worker that ships, between several clients and up to four endpoints with
//! moods, on the fast network.
//!
//! It owns nothing itself: what is played is a [`plan`], drawn ([`draw`]) or read ([`text`]); who plays
//! are [`origin`], [`client`] and the proxy ([`configured`], [`play`]); what came of it is told by the peers ([`log`])
//! and by the wire ([`wire`]), and judged by [`oracle`]. A [`batch`] counts what was reached.
//!
//! Beside `schedule`, which has one client and one origin, and faults at every call: this one is about
//! whom a request goes to, and how often.

pub mod batch;
mod client;
pub mod command;
mod configured;
mod draw;
pub mod log;
pub mod oracle;
mod origin;
pub mod plan;
pub mod play;
#[cfg(test)]
mod tests;
mod text;
pub mod wire;

pub use self::draw::draw;

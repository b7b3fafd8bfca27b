//! The lifecycle of a proxied connection, as pure state transitions.
//!
//! No I/O, no clock, no randomness, no async: `session.step(now, event, &mut effects)` is the way
//! in; `effects` (orders, each given once), `session.interest(side)` (what may be read and waits
//! to be written: a pure function of the state) and `session.deadline()` are the ways out. Time
//! arrives as an argument, bytes as counts.
//!
//! # The map
//!
//! - [`event`], [`effect`], [`interest`], [`ending`], [`timer`], [`time`], [`limits`]: the words.
//! - [`relay`]: one direction. [`leg`]: one connection. [`exchange`]: a request and its response.
//! - [`report`]: what each leg and each direction came to, kept beside the state. [`close`]: why it was
//!   closed, in one word of a closed set.
//! - [`session`]: a downstream leg and all it caused; `session/settle.rs` holds the joint rules.
//! - [`spare`]: an upstream leg without a session: idle in the pool, or on its way out.
//! - [`http1`]: bytes to facts and back; it never sees a session.
//! - [`route`], [`balance`], [`group`], [`health`], [`budget`], [`draws`], [`rate`], [`lookup`]: policies, pure.
//!   [`source`]: who asks, as limits count it.
//! - [`proxy_protocol`]: what a balancer says of its client.
//! - [`vigil`]: what the kernel is told to watch for.
//! - [`tls`]: the end rules of TLS. [`trace`]: one line per step. [`record`]: the last steps of a session,
//!   kept, told and played again.
//!
//! # Glossary
//!
//! A **leg** is one transport connection, *downstream* towards the client, *upstream* towards the
//! origin. A **relay** is one direction across the proxy. An **exchange** is one request and its
//! response; a **tunnel** has no exchanges. A **session** is a downstream leg and all it caused.
//! We *hold* and *resume* a source, *finish* a sink, *reset* a leg, *park* a reusable one.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod balance;
pub mod budget;
pub mod close;
pub mod draws;
pub mod effect;
pub mod ending;
pub mod event;
pub mod exchange;
pub mod group;
pub mod health;
pub mod http1;
pub mod interest;
pub mod leg;
pub mod limits;
pub mod lookup;
pub mod proxy_protocol;
pub mod queue;
pub mod rate;
pub mod record;
pub mod relay;
pub mod report;
pub mod route;
pub mod session;
pub mod side;
pub mod source;
pub mod spare;
pub mod time;
pub mod timer;
pub mod tls;
pub mod trace;
pub mod variant;
pub mod vigil;

/// What only we can have got wrong: an assertion in words, kept in production.
macro_rules! bug {
    ($($words:tt)+) => { panic!($($words)+) };
}
pub(crate) use bug;

//! The signals that a serving process hears.
//!
//! It owns the runtime that waits for them.

use std::io;
use tokio::{
    runtime::{Builder, Runtime},
    signal::unix::{Signal, SignalKind, signal},
};

/// The signals that end serving or change it, waited for from before the first connection on: later there may
/// be no descriptor left to wait with.
#[derive(Debug)]
pub(super) struct Signals {
    pub(super) waiting: Runtime,
    pub(super) terminate: Signal,
    pub(super) interrupt: Signal,
    pub(super) hangup: Signal,
    pub(super) user1: Signal,
    pub(super) user2: Signal,
}

impl Signals {
    pub(super) fn new() -> io::Result<Signals> {
        let waiting = Builder::new_current_thread().enable_all().build()?;
        let (terminate, interrupt, hangup, user1, user2) = waiting.block_on(async {
            io::Result::Ok((
                signal(SignalKind::terminate())?,
                signal(SignalKind::interrupt())?,
                signal(SignalKind::hangup())?,
                signal(SignalKind::user_defined1())?,
                signal(SignalKind::user_defined2())?,
            ))
        })?;
        Ok(Signals {
            waiting,
            terminate,
            interrupt,
            hangup,
            user1,
            user2,
        })
    }
}

//! A relay of TCP that is as plain as can be, and the same with one fault each.
//!
//! Owns a door and a thread for each connection. It ends with the test.

use std::{net::SocketAddr, thread, time::Duration};
use tidegate::probe::{
    play::Stage,
    socket::{Door, Heard, Plain},
};

const TICK: Duration = Duration::from_millis(1);
const PATIENCE: Duration = Duration::from_secs(5);

/// What is wrong with a relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// The first FIN ends both directions.
    ClosesBoth,
    /// An abort is passed on as a clean end.
    ResetIsFin,
    /// Half of each read is lost.
    LosesHalf,
    /// It accepts, and never connects.
    NeverDials,
    /// It does so for the first who comes.
    DialsOnce,
    /// Every other connection makes a FIN of a reset.
    Sometimes,
}

/// A relay that runs.
pub(crate) struct Relay {
    pub(crate) address: SocketAddr,
    /// The door it forwards to.
    pub(crate) stage: Stage,
}

impl Relay {
    pub(crate) fn start(fault: Fault) -> Relay {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let door = Door::open(any).unwrap();
        let address = door.address();
        let stage = Stage::open(any).unwrap();
        let origin = stage.door.address();
        thread::spawn(move || {
            for count in 0_u32.. {
                let down = loop {
                    if let Some(down) = door.accept(PATIENCE, PATIENCE) {
                        break down;
                    }
                };
                let fault = match (fault, count.is_multiple_of(2)) {
                    (Fault::Sometimes, true) => Fault::None,
                    (Fault::Sometimes, false) => Fault::ResetIsFin,
                    (Fault::DialsOnce, _) if count > 0 => Fault::NeverDials,
                    (always, _) => always,
                };
                thread::spawn(move || serve(down, origin, fault));
            }
        });
        Relay { address, stage }
    }
}

fn serve(mut down: Plain, origin: SocketAddr, fault: Fault) {
    if fault == Fault::NeverDials {
        while matches!(down.read(&mut [0; 64], PATIENCE), Heard::Bytes(_)) {}
        return;
    }
    match Plain::connect(origin, None, PATIENCE) {
        Ok(up) => relay([down, up], fault),
        Err(_) if fault == Fault::ResetIsFin => {
            down.fin().unwrap();
            // What is unread would make a reset of the close.
            while matches!(down.read(&mut [0; 64], PATIENCE), Heard::Bytes(_)) {}
        }
        Err(_) => down.flush_for_reset(),
    }
}

/// Both directions in turn, until both have ended or one is broken off.
fn relay(mut legs: [Plain; 2], fault: Fault) {
    let mut ended = [false; 2];
    let mut buf = vec![0; 64 * 1024];
    while ended != [true; 2] {
        for from in [0, 1] {
            let to = 1 - from;
            if ended[from] {
                if legs[from].error(Duration::ZERO).is_some() {
                    return abort(&legs[to], fault);
                }
                continue;
            }
            match legs[from].read(&mut buf, TICK) {
                Heard::Nothing => {}
                Heard::Bytes(n) => {
                    let n = if fault == Fault::LosesHalf {
                        n.div_ceil(2)
                    } else {
                        n
                    };
                    if legs[to].write(&buf[..n], false).is_err() {
                        return abort(&legs[from], fault);
                    }
                }
                Heard::Fin if fault == Fault::ClosesBoth => return,
                Heard::Fin => {
                    ended[from] = true;
                    if legs[to].fin().is_err() {
                        return abort(&legs[from], fault);
                    }
                }
                Heard::Reset => return abort(&legs[to], fault),
            }
        }
    }
}

/// The close that follows is a reset, unless that is the fault.
fn abort(leg: &Plain, fault: Fault) {
    if fault != Fault::ResetIsFin {
        leg.flush_for_reset();
    }
}

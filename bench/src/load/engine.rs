//! Who asks next, and when. Owns every connection and all that was counted.

use super::{conn::Conn, plan::Plan, reply::Guess};
use crate::{
    clock::Clock,
    histogram::Histogram,
    poll::{Poll, Ready},
};
use std::{collections::VecDeque, io};

/// What is read at once.
const READ: usize = 256 * 1024;

/// Connections that are being made at once, so that no queue of a listener overflows.
const RAMP: usize = 256;

/// How long the first answers, or the last, may take: 30 s.
const PATIENCE: u64 = 30_000_000_000;

/// After so many failures there is nothing to measure.
const FAILURES: u64 = 1_000;

const SECOND: u64 = 1_000_000_000;

/// A place for a connection.
struct Slot {
    conn: Option<Conn>,
    /// From when its request counts: when it was sent, or should have been.
    due: u64,
    busy: bool,
}

#[derive(Default)]
struct Counts {
    done: u64,
    bytes: u64,
    failed: u64,
    reconnected: u64,
    resumed: u64,
    nanos: u64,
}

pub(super) struct Engine {
    plan: Plan,
    poll: Poll,
    clock: Clock,
    slots: Vec<Slot>,
    /// Who has nothing to do, the longest first.
    idle: VecDeque<usize>,
    busy: usize,
    /// When nobody asks again at once any more.
    until: u64,
    guess: Guess,
    buffer: Vec<u8>,
    counts: Counts,
    latencies: Histogram,
    /// Answers since the start.
    ever: u64,
    last_error: Option<io::Error>,
}

impl Engine {
    pub(super) fn new(plan: Plan, conns: usize) -> io::Result<Engine> {
        let slot = || Slot {
            conn: None,
            due: 0,
            busy: false,
        };
        Ok(Engine {
            plan,
            poll: Poll::new()?,
            clock: Clock::start(),
            slots: (0..conns).map(|_| slot()).collect(),
            idle: VecDeque::new(),
            busy: 0,
            until: 0,
            guess: Guess::default(),
            buffer: vec![0; READ],
            counts: Counts::default(),
            latencies: Histogram::new(),
            ever: 0,
            last_error: None,
        })
    }

    /// Gives every connection its first answer.
    pub(super) fn ramp(&mut self) -> io::Result<()> {
        let limit = self.clock.now() + PATIENCE;
        let mut next = 0;
        while next < self.slots.len() || self.busy > 0 {
            while next < self.slots.len() && self.busy < RAMP {
                self.start(next, self.clock.now())?;
                next += 1;
            }
            self.turn(limit)?;
            if self.clock.now() > limit {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "no first answers"));
            }
        }
        Ok(())
    }

    /// Asks for so many nanoseconds: each connection again as soon as it has its answer, or all
    /// together so often a second. Ends when everything that was asked is answered.
    pub(super) fn drive(&mut self, span: u64, rate: Option<u64>) -> io::Result<()> {
        let begin = self.clock.now();
        let end = begin + span;
        let until = if rate.is_none() { end } else { 0 };
        self.until = until;
        let due = |count: u64| rate.map_or(begin, |rate| begin + count * SECOND / rate);
        let mut asked = 0;
        loop {
            let now = self.clock.now();
            // Whoever should have asked before the end does so, however late it is.
            let open = rate.is_some() && due(asked) < end || now < until;
            if (!open && self.busy == 0) || now > end + PATIENCE {
                break;
            }
            while open && due(asked) <= now.min(end) {
                let Some(slot) = self.idle.pop_front() else {
                    break;
                };
                self.start(slot, if rate.is_some() { due(asked) } else { now })?;
                asked += 1;
            }
            let waits = rate.is_some() && open && !self.idle.is_empty();
            self.turn(if waits { due(asked) } else { end + PATIENCE })?;
        }
        self.counts.nanos = self.clock.now() - begin;
        // What never came counts as failed.
        self.counts.failed += self.busy as u64;
        Ok(())
    }

    /// Forgets what was counted.
    pub(super) fn reset(&mut self) {
        self.counts = Counts::default();
        self.latencies = Histogram::new();
    }

    fn start(&mut self, at: usize, due: u64) -> io::Result<()> {
        let slot = &mut self.slots[at];
        slot.due = due;
        slot.busy = true;
        self.busy += 1;
        let asked = ask(slot, at, &self.plan, &self.poll);
        match asked {
            Ok(()) => Ok(()),
            Err(error) => self.fail(at, error),
        }
    }

    /// Waits until a moment, and takes what comes before it.
    fn turn(&mut self, until: u64) -> io::Result<()> {
        let wait = until.saturating_sub(self.clock.now());
        for at in 0..self.poll.wait(Some(wait))? {
            let ready = self.poll.ready(at);
            self.take(ready)?;
        }
        Ok(())
    }

    fn take(&mut self, ready: Ready) -> io::Result<()> {
        let at = ready.token;
        let slot = &mut self.slots[at];
        let Some(conn) = &mut slot.conn else {
            return Ok(());
        };
        let (plan, guess) = (&self.plan, &mut self.guess);
        match conn.advance(ready.ended, plan, guess, &mut self.buffer) {
            Ok(true) if slot.busy => self.done(at),
            Ok(_) => Ok(()),
            Err(error) if slot.busy => self.fail(at, error),
            // A proxy may end a connection that nobody uses.
            Err(_) => {
                slot.conn = None;
                self.counts.reconnected += 1;
                Ok(())
            }
        }
    }

    fn done(&mut self, at: usize) -> io::Result<()> {
        let slot = &mut self.slots[at];
        let now = self.clock.now();
        self.latencies.add(now.saturating_sub(slot.due));
        self.counts.done += 1;
        self.ever += 1;
        self.counts.bytes += self.plan.expect.bytes(&self.guess);
        if self.plan.fresh {
            let conn = slot.conn.take();
            self.counts.resumed += u64::from(conn.is_some_and(|conn| conn.is_resumed()));
        }
        slot.busy = false;
        self.busy -= 1;
        if now < self.until {
            return self.start(at, now);
        }
        self.idle.push_back(at);
        Ok(())
    }

    fn fail(&mut self, at: usize, error: io::Error) -> io::Result<()> {
        self.slots[at].conn = None;
        self.slots[at].busy = false;
        self.busy -= 1;
        self.idle.push_back(at);
        self.counts.failed += 1;
        if self.counts.failed >= FAILURES {
            return Err(error);
        }
        self.last_error = Some(error);
        Ok(())
    }

    /// What was counted, as fields of JSON.
    pub(super) fn json(&self) -> String {
        let counts = &self.counts;
        let error = self.last_error.as_ref().map(ToString::to_string);
        format!(
            "\"ops\":{},\"ever\":{},\"bytes\":{},\"ns\":{},\"failed\":{},\"reconnected\":{},\"resumed\":{},\
             \"error\":{:?},{}",
            counts.done,
            self.ever,
            counts.bytes,
            counts.nanos,
            counts.failed,
            counts.reconnected,
            counts.resumed,
            error.unwrap_or_default(),
            self.latencies.json("")
        )
    }
}

fn ask(slot: &mut Slot, at: usize, plan: &Plan, poll: &Poll) -> io::Result<()> {
    if slot.conn.is_none() {
        let conn = Conn::open(plan)?;
        poll.add(conn.socket(), at)?;
        slot.conn = Some(conn);
    }
    match &mut slot.conn {
        Some(conn) => conn.ask(plan),
        None => Ok(()),
    }
}

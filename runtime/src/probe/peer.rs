//! A peer at work: one connection and the steps of its script, performed one after the other.
//!
//! It owns the connection and writes its transcript. It waits as long as the script says and as
//! its patience lasts, and never judges what it sees.

use super::{
    flags::Flags,
    socket::Plain,
    step::{Pace, Pattern, Payload, Step, Until, Who},
    transcript::{Transcript, What},
    wire::{Heard, Wire},
};
use crate::clock::Clock;
use std::{thread, time::Duration};

/// How often a peer that reads to no particular end looks whether it is still needed.
const TICK: Duration = Duration::from_millis(20);

/// The shortest wait there is.
const INSTANT: Duration = Duration::from_millis(1);

/// Between the reads of a slow reader.
const SLOW: Duration = Duration::from_millis(5);

/// What a peer needs besides its connection.
#[derive(Clone, Copy)]
pub(super) struct Around<'a> {
    pub(super) who: Who,
    pub(super) clock: &'a Clock,
    pub(super) flags: &'a Flags,
    pub(super) pace: &'a Pace,
    pub(super) host: &'a str,
    /// How long it waits for anything.
    pub(super) limit: Duration,
}

impl Around<'_> {
    /// The time since the play began.
    pub(super) fn now(&self) -> Duration {
        Duration::from_micros(self.clock.now().0)
    }
}

/// A peer with its connection.
pub(super) struct Peer<'a> {
    around: Around<'a>,
    wire: Option<Wire>,
    transcript: Transcript,
    pattern: Pattern,
    /// How much of what came was asked for by [`Until`].
    read: usize,
    over: bool,
}

impl<'a> Peer<'a> {
    pub(super) fn new(around: Around<'a>, wire: Wire, transcript: Transcript) -> Peer<'a> {
        Peer {
            around,
            wire: Some(wire),
            transcript,
            pattern: Pattern::of(around.who),
            read: 0,
            over: false,
        }
    }

    /// Plays the script and lets go of the connection.
    pub(super) fn play(mut self, steps: &[Step]) -> Transcript {
        for step in steps {
            self.step(*step);
        }
        self.transcript
    }

    fn step(&mut self, step: Step) {
        let around = self.around;
        match step {
            Step::Write(payload) => self.write(payload, false),
            Step::WriteLast(payload) => {
                self.write(payload, true);
                self.finish(true);
            }
            Step::Stream {
                bytes,
                every,
                beats,
            } => {
                for _ in 0..around.pace.beats(beats) {
                    thread::sleep(around.pace.length(every));
                    self.write(Payload::Pattern(bytes), false);
                }
            }
            Step::Echo => {
                let bytes = self.transcript.bytes.clone();
                self.send(&bytes, false);
            }
            Step::Finish => self.finish(false),
            Step::Fin => self.fin(),
            Step::CloseNotify => self.notify(false),
            Step::Reset => {
                if let Some(wire) = self.wire.take() {
                    wire.plain.flush_for_reset();
                    self.note(What::SentReset);
                }
            }
            Step::Close => {
                self.notify(false);
                self.read_what_is_there();
                self.close();
            }
            Step::Wait(pause) => thread::sleep(around.pace.length(pause)),
            Step::Read(n) => self.read(Until::Bytes(n)),
            Step::AwaitBytes => self.await_that(|plain| plain.wait(INSTANT) != Some(false)),
            Step::ReadHead => self.read(Until::Head),
            Step::ReadMessage => self.read(Until::Message),
            Step::ReadClean => self.read(Until::Clean),
            Step::ReadEnd => self.read(Until::End),
            Step::ReadSlowly(bytes) => self.read_slowly(bytes),
            Step::ReadOn => self.read(Until::Over),
            Step::AwaitError => self.await_error(),
            Step::Deafen => self.deafen(true),
            Step::AwaitLoss => self.await_that(|plain| plain.losses() != Some(0)),
            Step::Undeafen => self.deafen(false),
            Step::Tell(flag) => around.flags.tell(around.who, flag),
            Step::Hear(flag) => around.flags.hear(around.who.other(), flag, around.limit),
            Step::Meet(flag) => {
                around.flags.tell(around.who, flag);
                around.flags.hear(around.who.other(), flag, around.limit);
            }
        }
    }

    fn note(&mut self, what: What) {
        self.transcript.note(self.around.now(), what);
    }

    fn write(&mut self, payload: Payload, more: bool) {
        let around = self.around;
        let bytes = payload.bytes(&mut self.pattern, around.pace, around.host);
        self.send(&bytes, more);
    }

    fn send(&mut self, bytes: &[u8], more: bool) {
        let Some(wire) = &mut self.wire else { return };
        let at = self.around.now();
        let (sent, refused) = match wire.write(bytes, more) {
            Ok(()) => (bytes.len(), None),
            Err((sent, why)) => (sent, Some(why)),
        };
        if sent > 0 {
            self.transcript.note(at, What::Sent(sent));
        }
        if let Some(why) = refused {
            self.note(What::NotSent(why));
        }
    }

    fn notify(&mut self, more: bool) {
        let at = self.around.now();
        let Some(wire) = &mut self.wire else { return };
        match wire.notify(more) {
            Ok(true) => self.transcript.note(at, What::SentNotify),
            Ok(false) => {}
            Err(why) => self.note(What::NotSent(why)),
        }
    }

    fn fin(&mut self) {
        let at = self.around.now();
        let Some(wire) = &self.wire else { return };
        match wire.plain.fin() {
            Ok(()) => self.transcript.note(at, What::SentFin),
            Err(why) => self.note(What::NotSent(why)),
        }
    }

    fn finish(&mut self, more: bool) {
        self.notify(more);
        self.fin();
    }

    fn read(&mut self, until: Until) {
        let deadline = self.around.now() + self.around.limit;
        while !until.is_met(&self.transcript, self.read) && !self.over {
            let left = deadline.saturating_sub(self.around.now());
            let limit = match until {
                // Every wait of the other peer has a limit.
                Until::Over if self.around.flags.is_over(self.around.who.other()) => return,
                Until::Over => TICK,
                Until::Bytes(_) | Until::Head | Until::Message | Until::Clean | Until::End => left,
            };
            if limit.is_zero() {
                self.note(What::Waited);
                return;
            }
            self.hear(limit, None);
        }
        self.read += until.takes(&self.transcript, self.read);
    }

    fn read_slowly(&mut self, bytes: usize) {
        let deadline = self.around.now() + self.around.limit;
        while !self.over {
            let left = deadline.saturating_sub(self.around.now());
            if left.is_zero() {
                self.note(What::Waited);
                return;
            }
            self.hear(left, Some(bytes));
            thread::sleep(SLOW);
        }
    }

    fn hear(&mut self, limit: Duration, most: Option<usize>) {
        let Some(wire) = &mut self.wire else {
            self.over = true;
            return;
        };
        let bytes = &mut self.transcript.bytes;
        let heard = match most {
            Some(most) => wire.read_some(bytes, most, limit),
            None => wire.read(bytes, limit),
        };
        if heard == Heard::Nothing {
            return;
        }
        let what = heard.what();
        self.over = what.is_end();
        self.note(what);
    }

    fn close(&mut self) {
        let Some(wire) = self.wire.take() else { return };
        // With unread input the kernel makes a reset of it (K1).
        let unread = !self.transcript.tls && wire.plain.wait(INSTANT) == Some(true);
        self.note(if unread {
            What::SentReset
        } else {
            What::SentFin
        });
        drop(wire);
        self.note(What::Closed);
    }

    /// Over TLS: tickets that nobody has read would make a reset of the close (T16, K1). Over
    /// plain TCP, what was not read on purpose stays unread.
    fn read_what_is_there(&mut self) {
        if self.transcript.tls && !self.over {
            self.hear(TICK, None);
        }
    }

    /// Waits until `done` says so, or the other peer has done all it had to.
    fn await_that(&mut self, done: impl Fn(&Plain) -> bool) {
        let deadline = self.around.now() + self.around.limit;
        while self.around.now() < deadline {
            let Some(wire) = &self.wire else { return };
            if done(&wire.plain) || self.around.flags.is_over(self.around.who.other()) {
                return;
            }
            thread::sleep(INSTANT);
        }
        self.note(What::Waited);
    }

    fn deafen(&mut self, deaf: bool) {
        let Some(wire) = &self.wire else { return };
        match wire.plain.deafen(deaf) {
            Ok(()) if deaf => self.note(What::Deafened),
            Ok(()) => self.note(What::Undeafened),
            Err(why) => self.note(What::NotSent(why)),
        }
    }

    fn await_error(&mut self) {
        let Some(wire) = &self.wire else { return };
        match wire.plain.error(self.around.limit) {
            Some(why) => self.note(What::GotError(why)),
            None => self.note(What::Waited),
        }
    }
}

//! What a peer does, as data: a script is a list of steps, and the words they are made of.
//!
//! It owns the vocabulary and what goes over the wire. It waits for nothing and never touches a
//! socket: `play` performs what is written here.

use super::{message, transcript::Transcript};
use std::time::Duration;

/// One of the two peers of the proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// It connects to the proxy.
    Client,
    /// The proxy connects to it.
    Origin,
}

impl Who {
    /// The one at the other end.
    #[must_use]
    pub const fn other(self) -> Who {
        match self {
            Who::Client => Who::Origin,
            Who::Origin => Who::Client,
        }
    }

    /// As it is called in a sentence.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Who::Client => "client",
            Who::Origin => "origin",
        }
    }
}

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payload {
    /// This text; `$HOST` in it is the host that is asked for.
    Text(&'static str),
    /// The next so many bytes of the writer's pattern.
    Pattern(usize),
    /// So many bytes of it for each beat of a long stream.
    Beats(usize),
}

impl Payload {
    /// The bytes of it, behind those that `pattern` has given before.
    #[must_use]
    pub fn bytes(self, pattern: &mut Pattern, pace: &Pace, host: &str) -> Vec<u8> {
        match self {
            Payload::Text(text) => text.replace("$HOST", host).into_bytes(),
            Payload::Pattern(n) => pattern.take(n),
            Payload::Beats(n) => pattern.take(n * pace.beats as usize),
        }
    }
}

/// How long a step takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    /// Milliseconds.
    Ms(u64),
    /// As long as a slow application thinks (S02).
    Think,
    /// As long as a TLS server lets a half-closed client wait (S29).
    Reply,
    /// Between the beats of a long stream (S03).
    Gap,
}

/// What both peers may tell each other, outside of the proxy.
pub type Flag = u8;

/// One thing a peer does. A step that cannot be done is noted, and the next one is tried: what a
/// peer can still do after a failure is what a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Writes all of it.
    Write(Payload),
    /// Writes it with the clean end in the same segment: `MSG_MORE`, then [`Step::Finish`].
    WriteLast(Payload),
    /// Writes so many bytes of the pattern at every beat.
    Stream {
        /// Bytes a beat.
        bytes: usize,
        /// Before each.
        every: Pause,
        /// How many; 0 is as many as a long stream has (S03).
        beats: u32,
    },
    /// Writes back all that was read.
    Echo,
    /// Ends its direction as its transport does it: close_notify over TLS, and then FIN.
    Finish,
    /// Ends it with a FIN alone, which over TLS is a truncation.
    Fin,
    /// Ends it over TLS and leaves the connection open.
    CloseNotify,
    /// Waits until the proxy's kernel has everything, then resets: `SO_LINGER{1,0}` and close.
    Reset,
    /// Finishes and lets go of the connection, as most programs do. With unread input the kernel
    /// makes a reset of it.
    Close,
    /// Waits.
    Wait(Pause),
    /// Reads until so many more bytes have come, or the end.
    Read(usize),
    /// Waits until there is something to read, and does not read it.
    AwaitBytes,
    /// Reads to the end of the next HTTP head.
    ReadHead,
    /// Reads to the end of the next HTTP message.
    ReadMessage,
    /// Reads until the proxy's direction has ended: close_notify alone is enough over TLS.
    ReadClean,
    /// Reads until the connection's end.
    ReadEnd,
    /// The same, so many bytes at a time and five milliseconds between.
    ReadSlowly(usize),
    /// Reads until the end, or until the other peer has done all it had to.
    ReadOn,
    /// Waits for an error of the connection without reading or writing: `POLLERR`.
    AwaitError,
    /// From now on its kernel drops every segment that comes, and acknowledges none: to the proxy
    /// it has vanished. What it says itself still goes out.
    Deafen,
    /// Waits until something has come that was dropped.
    AwaitLoss,
    /// Ends what [`Step::Deafen`] began.
    Undeafen,
    /// Tells the other peer.
    Tell(Flag),
    /// Waits until the other peer has told.
    Hear(Flag),
    /// Waits until both have come here, so that what follows happens at the same moment.
    Meet(Flag),
}

/// When reading is enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// So many more bytes.
    Bytes(usize),
    /// An HTTP head.
    Head,
    /// An HTTP message.
    Message,
    /// The clean end of TLS.
    Clean,
    /// The connection's end.
    End,
    /// That, or when the other peer has done all it had to.
    Over,
}

impl Until {
    /// Whether `transcript` has it, `read` bytes of which were asked for before.
    #[must_use]
    pub fn is_met(self, transcript: &Transcript, read: usize) -> bool {
        let rest = &transcript.bytes[read..];
        match self {
            Until::Bytes(n) => rest.len() >= n,
            Until::Head => message::head(rest).is_some(),
            Until::Message => message::read(rest).is_some_and(|message| message.complete),
            Until::Clean => transcript.notified(),
            Until::End | Until::Over => false,
        }
    }

    /// How many more bytes are read then; what came with them stays for the next step.
    #[must_use]
    pub fn takes(self, transcript: &Transcript, read: usize) -> usize {
        let rest = &transcript.bytes[read..];
        match self {
            Until::Bytes(n) => n.min(rest.len()),
            Until::Head => message::head(rest).unwrap_or(0),
            Until::Message => message::read(rest).map_or(0, |message| message.length),
            Until::Clean | Until::End | Until::Over => rest.len(),
        }
    }
}

/// How long the pauses are that have a name, and how patient the peers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// [`Pause::Think`].
    pub think: Duration,
    /// [`Pause::Reply`].
    pub reply: Duration,
    /// [`Pause::Gap`].
    pub gap: Duration,
    /// The beats of a long stream.
    pub beats: u32,
    /// How long a peer waits for anything that should come at once.
    pub patience: Duration,
}

impl Pace {
    /// Long enough to see the usual half-close timers of a second or two.
    pub const SHORT: Pace = Pace {
        think: Duration::from_secs(3),
        reply: Duration::from_millis(300),
        gap: Duration::from_secs(2),
        beats: 3,
        patience: Duration::from_secs(5),
    };

    /// As LIFECYCLE section 5 has it.
    pub const LONG: Pace = Pace {
        think: Duration::from_secs(90),
        reply: Duration::from_secs(10),
        gap: Duration::from_secs(20),
        beats: 6,
        patience: Duration::from_secs(10),
    };

    /// How long `pause` is.
    #[must_use]
    pub fn length(&self, pause: Pause) -> Duration {
        match pause {
            Pause::Ms(ms) => Duration::from_millis(ms),
            Pause::Think => self.think,
            Pause::Reply => self.reply,
            Pause::Gap => self.gap,
        }
    }

    /// How many beats a step means that says `beats`.
    #[must_use]
    pub fn beats(&self, beats: u32) -> u32 {
        if beats == 0 { self.beats } else { beats }
    }

    /// How long `steps` pause on purpose.
    #[must_use]
    pub fn pauses(&self, steps: &[Step]) -> Duration {
        steps.iter().map(|step| self.pause(step)).sum()
    }

    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "only these pause on purpose"
    )]
    fn pause(&self, step: &Step) -> Duration {
        match *step {
            Step::Wait(pause) => self.length(pause),
            Step::Stream { every, beats, .. } => self.length(every) * self.beats(beats),
            _ => Duration::ZERO,
        }
    }
}

/// The bytes a peer writes: they repeat late, so that a lost, doubled or displaced part shows.
#[derive(Clone, Debug)]
pub struct Pattern(u32);

impl Pattern {
    /// That of a peer; the two differ, so that an echo is not taken for an answer.
    #[must_use]
    pub const fn of(who: Who) -> Pattern {
        match who {
            Who::Client => Pattern(0x9e37_79b9),
            Who::Origin => Pattern(0x85eb_ca6b),
        }
    }

    /// The next `n` bytes.
    #[must_use]
    pub fn take(&mut self, n: usize) -> Vec<u8> {
        let mut state = self.0;
        let bytes = (0..n)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 17;
                state ^= state << 5;
                state.to_be_bytes()[0]
            })
            .collect();
        self.0 = state;
        bytes
    }
}

/// All that `parts` come to when `who` writes them one after the other.
#[must_use]
pub fn written(who: Who, parts: &[Payload], pace: &Pace, host: &str) -> Vec<u8> {
    let mut pattern = Pattern::of(who);
    let mut bytes = Vec::new();
    for part in parts {
        bytes.extend(part.bytes(&mut pattern, pace, host));
    }
    bytes
}

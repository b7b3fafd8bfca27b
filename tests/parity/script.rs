//! A script: what the two ends of a connection do, one step after the other.
//!
//! `a` connects and `b` listens. A script whose first word is `small` asks for the smallest buffers
//! there are; one that does not say `listen` begins with an accepted connection.

use std::{fmt, str::FromStr};
use tidegate_sim::socket::{Call, Readiness, Told};

/// Which end does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    A,
    B,
}

/// What is waited for, for a while that no machine is too slow for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    In,
    Out,
    ReadHangup,
    Hangup,
    Error,
    /// Everything sent is acknowledged.
    Acked,
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    Listen,
    Unlisten,
    Connect,
    Accept,
    Call(Call),
    /// Writes until neither the socket nor the peer takes more; tells what the last write said.
    Fill,
    /// Reads until nothing more comes; tells what the last read said.
    Drain,
    Await(Wait),
    Close,
    Reset,
}

/// One step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) end: End,
    pub(crate) act: Act,
}

/// A script.
pub(crate) struct Script {
    pub(crate) small: bool,
    pub(crate) steps: Vec<Step>,
}

/// Who plays scripts: two ends on one network.
pub(crate) trait Player {
    /// Does a step and tells what it said.
    fn play(&mut self, step: &Step) -> String;
}

impl Script {
    pub(crate) fn parse(text: &str) -> Script {
        let (small, text) = match text.strip_prefix("small; ") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let step = |step: &str| -> Step {
            step.parse()
                .unwrap_or_else(|()| panic!("no step: {step:?}"))
        };
        let mut steps: Vec<Step> = Vec::new();
        if !text.contains("listen") && !text.starts_with("a connect") {
            steps.extend(["b listen", "a connect", "b accept"].map(step));
        }
        steps.extend(text.split("; ").map(step));
        Script { small, steps }
    }
}

impl Wait {
    const ALL: [(Wait, &'static str); 6] = [
        (Wait::In, "in"),
        (Wait::Out, "out"),
        (Wait::ReadHangup, "rdhup"),
        (Wait::Hangup, "hup"),
        (Wait::Error, "err"),
        (Wait::Acked, "acked"),
    ];

    /// Whether a socket that says so is waited for no longer.
    pub(crate) fn is_over(self, mut call: impl FnMut(Call) -> Told) -> bool {
        if self == Wait::Acked {
            return call(Call::Unacked) == Told::Bytes(0);
        }
        let Told::Ready(ready) = call(Call::Poll) else {
            return false;
        };
        self.is_in(ready)
    }

    fn is_in(self, ready: Readiness) -> bool {
        match self {
            Wait::In => ready.input,
            Wait::Out => ready.output,
            Wait::ReadHangup => ready.read_hangup,
            Wait::Hangup => ready.hangup,
            Wait::Error => ready.error,
            Wait::Acked => false,
        }
    }
}

impl FromStr for Step {
    type Err = ();

    fn from_str(text: &str) -> Result<Step, ()> {
        let words: Vec<&str> = text.split(' ').collect();
        let number = |text: &str| text.parse::<u32>().map_err(|_| ());
        let (end, act) = words.split_first().ok_or(())?;
        let end = match *end {
            "a" => End::A,
            "b" => End::B,
            _ => return Err(()),
        };
        let act = match act {
            ["listen"] => Act::Listen,
            ["unlisten"] => Act::Unlisten,
            ["connect"] => Act::Connect,
            ["accept"] => Act::Accept,
            ["write", n] => Act::Call(Call::Write(number(n)?)),
            ["read", n] => Act::Call(Call::Read(number(n)?)),
            ["shutdown"] => Act::Call(Call::Shutdown),
            ["error"] => Act::Call(Call::TakeError),
            ["poll"] => Act::Call(Call::Poll),
            ["unacked"] => Act::Call(Call::Unacked),
            ["fill"] => Act::Fill,
            ["drain"] => Act::Drain,
            ["await", what] => {
                let found = Wait::ALL.iter().find(|(_, word)| word == what);
                Act::Await(found.ok_or(())?.0)
            }
            ["close"] => Act::Close,
            ["reset"] => Act::Reset,
            _ => return Err(()),
        };
        Ok(Step { end, act })
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.end {
            End::A => "a ",
            End::B => "b ",
        })?;
        match self.act {
            Act::Listen => f.write_str("listen"),
            Act::Unlisten => f.write_str("unlisten"),
            Act::Connect => f.write_str("connect"),
            Act::Accept => f.write_str("accept"),
            Act::Call(call) => call.fmt(f),
            Act::Fill => f.write_str("fill"),
            Act::Drain => f.write_str("drain"),
            Act::Await(wait) => {
                let mut all = Wait::ALL.iter();
                let word = all.find(|(one, _)| *one == wait).map(|(_, word)| word);
                write!(f, "await {}", word.unwrap())
            }
            Act::Close => f.write_str("close"),
            Act::Reset => f.write_str("reset"),
        }
    }
}

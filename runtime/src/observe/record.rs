//! One session's record: its report, what only the kernel and the driver know beside it, and the
//! line of the log that tells both (PRODUCT section 6).

#[cfg(test)]
mod tests;

use super::Conn;
use crate::{clock, log, port::Fault};
use std::{fmt, net::SocketAddr, rc::Rc};
use tidegate_core::{
    close::CloseCause,
    ending::{End, Ending, How},
    report::{LegReport, Report, Tally},
    side::Side,
    time::Time,
};
use tracing::field;

/// What became of one session.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Its connection's name.
    pub conn: Conn,
    /// The listener's name.
    pub listener: Rc<str>,
    /// The client's address.
    pub client: SocketAddr,
    /// The endpoint that was dialled last, if any was.
    pub endpoint: String,
    /// What the session says itself.
    pub report: Report,
    /// What was seen of its legs, by side.
    pub wires: [Wired; 2],
    /// When it was written.
    pub now: Time,
    /// Whether its process leaves because another one serves.
    pub handed_over: bool,
}

/// What only the driver knows of one side: plaintext bytes of all its legs, and the last leg's
/// end as the kernel or the TLS engine has put it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wired {
    /// Bytes that were read.
    pub read: u64,
    /// Those of them that were read only to be thrown away (R26).
    pub thrown: u64,
    /// Bytes that the transport has taken.
    pub written: u64,
    /// Bytes that the peer's kernel had not acknowledged when a leg was reset (R14): of TLS,
    /// ciphertext; a FIN counts as one.
    pub undelivered: u64,
    /// The first fault of the last leg: errno or alert, and the call that met it.
    pub fault: Option<Box<Fault>>,
    /// The state of the client's socket, as the kernel had it when something first went wrong, or else
    /// when it was left; asked only where there will be a line to say it.
    pub state: Option<&'static str>,
}

/// Why the session of a report was closed, if it was.
pub(crate) fn cause(report: &Report, handed_over: bool) -> Option<CloseCause> {
    // The session hears of a drain, and not of its reason.
    match CloseCause::of(report) {
        Some(CloseCause::DrainIdle) if handed_over => Some(CloseCause::HandedOver),
        cause => cause,
    }
}

impl Record {
    /// Why it was closed, if it was.
    #[must_use]
    pub fn cause(&self) -> Option<CloseCause> {
        cause(&self.report, self.handed_over)
    }

    /// Whether nothing went wrong: all that was said has arrived, or nothing was said for too long.
    #[must_use]
    pub fn is_normal(&self) -> bool {
        is_normal(&self.report)
    }

    /// Tells whoever looks for mistakes; the line that an operator asks for is [`Record::tell`]'s.
    pub fn log(&self) {
        let (cause, ending) = (self.cause(), self.report.ending);
        tracing::debug!(
            conn = %self.conn,
            cause = cause.map(field::display),
            ending = ending.map(field::display),
            "connection over"
        );
    }

    /// Writes its line, with its steps in the words of `timeline`.
    pub fn tell(&self, ink: &log::Ink, timeline: &str) {
        self.with_entry(clock::unix_micros(), timeline, |entry| ink.write(entry));
    }

    /// What its line says, of `moment`.
    fn with_entry(&self, moment: u64, timeline: &str, write: impl FnOnce(&log::Entry<'_>)) {
        use log::Value::{Conn, Count, Seconds, Word};
        let report = &self.report;
        let [down, up] = &self.wires;
        let [client, origin] = &report.legs;
        let text = |shown: &dyn fmt::Display| shown.to_string();
        let (how, side, during) = match &report.ending {
            Some(ending) => (text(&ending.how), text(&ending.by), text(&ending.during)),
            None => Default::default(),
        };
        let ends = [client, origin].map(end);
        let last = [client, origin].map(|leg| text(&leg.last()));
        let faults = [down, up].map(|wire| wire.fault.as_ref().map(|fault| text(fault)));
        let lost = [0, 1].map(|side: usize| losses(&report.tallies[side]));
        let (peer, first) = (text(&self.client), report.first.map(|by| text(&by)));
        let retry = report.retry.map(|rule| text(&rule));
        let mut entry = log::Entry::new(moment, "connection");
        entry.put("conn", Conn(self.conn));
        entry.put("listener", Word(&self.listener));
        entry.put("client", Word(&peer));
        entry.maybe("endpoint", some(&self.endpoint).map(Word));
        entry.maybe("cause", self.cause().map(|cause| Word(cause.word())));
        entry.put("how", Word(&how));
        entry.put("side", Word(&side));
        entry.put("during", Word(&during));
        entry.maybe("first", first.as_deref().map(Word));
        entry.put("age", Seconds(report.age(self.now)));
        entry.maybe("state", down.state.map(Word));
        entry.put("bytes_in", Count(down.read));
        entry.put("bytes_out", Count(down.written));
        for (n, keys) in [
            ["client_end", "client_told", "client_error"],
            ["origin_end", "origin_told", "origin_error"],
        ]
        .into_iter()
        .enumerate()
        {
            entry.put(keys[0], Word(&ends[n]));
            entry.put(keys[1], Word(&last[n]));
            entry.maybe(keys[2], faults[n].as_deref().map(Word));
        }
        let after = |source| report.latency(source).map(Seconds);
        entry.maybe("to_origin_after", after(Side::Down));
        entry.maybe("to_client_after", after(Side::Up));
        entry.maybe("undelivered_in", more_than_none(up.undelivered).map(Count));
        entry.maybe(
            "undelivered_out",
            more_than_none(down.undelivered).map(Count),
        );
        entry.maybe("discarded_in", lost[0].as_deref().map(Word));
        entry.maybe("discarded_out", lost[1].as_deref().map(Word));
        entry.maybe("linger", client.lingering(self.now).map(Seconds));
        entry.maybe("linger_origin", origin.lingering(self.now).map(Seconds));
        entry.maybe("proxy_status", report.error.map(Word));
        entry.maybe("retry", retry.as_deref().map(Word));
        entry.put("timeline", Word(timeline));
        write(&entry);
    }
}

/// Whether nothing went wrong with a session of this report.
pub(crate) fn is_normal(report: &Report) -> bool {
    let clean = |ending: Ending| ending.how == How::Clean;
    report.ending.is_some_and(clean) || CloseCause::of(report) == Some(CloseCause::ClientIdle)
}

fn some(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

fn more_than_none(bytes: u64) -> Option<u64> {
    (bytes > 0).then_some(bytes)
}

/// How a peer's direction ended, in a word or two: the end that was heard, and a failure behind it.
fn end(leg: &LegReport) -> String {
    let heard = leg.heard.map(|heard| heard.end);
    let failed = leg.failed.map(|failed| End::Abort(failed.cause));
    match (heard, failed) {
        (None, None) => "open".to_string(),
        (Some(end), None) | (None, Some(end)) => end.to_string(),
        (Some(end), Some(failed)) if end == failed => end.to_string(),
        (Some(end), Some(failed)) => format!("{end}, then {failed}"),
    }
}

/// What was lost of a direction, by reason: `25 sink failed`; nothing if nothing was.
fn losses(tally: &Tally) -> Option<String> {
    let told: Vec<_> = tally
        .losses()
        .map(|(loss, bytes)| format!("{bytes} {loss}"))
        .collect();
    (!told.is_empty()).then(|| told.join(", "))
}

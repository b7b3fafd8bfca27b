//! One session's record: its report, what only the kernel and the driver know beside it, and the
//! line of the log that tells both (PRODUCT section 6).

use super::Conn;
use crate::port::Fault;
use std::{net::SocketAddr, rc::Rc, time::Duration};
use tidegate_core::{
    ending::{End, How},
    report::{LegReport, Report, Tally},
    side::Side,
    time::{Span, Time},
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
    pub fault: Option<Fault>,
}

/// The line, at either of the two levels that it is told at.
macro_rules! tell {
    ($level:ident, $record:expr) => {{
        let (record, report) = ($record, &$record.report);
        let [down, up] = &record.wires;
        let [client, origin] = &report.legs;
        tracing::$level!(
            conn = %record.conn,
            listener = &*record.listener,
            client = %record.client,
            endpoint = some(&record.endpoint),
            cause = report.ending.map(|ending| field::display(ending.how)),
            side = report.ending.map(|ending| field::display(ending.by)),
            during = report.ending.map(|ending| field::display(ending.during)),
            first = report.first.map(field::display),
            age = seconds(report.age(record.now)),
            bytes_in = down.read,
            bytes_out = down.written,
            client_end = end(client),
            client_told = %client.last(),
            client_error = down.fault.as_ref().map(field::display),
            origin_end = end(origin),
            origin_told = %origin.last(),
            origin_error = up.fault.as_ref().map(field::display),
            to_origin_after = report.latency(Side::Down).map(seconds),
            to_client_after = report.latency(Side::Up).map(seconds),
            undelivered_in = more_than_none(up.undelivered),
            undelivered_out = more_than_none(down.undelivered),
            discarded_in = losses(&report.tallies[Side::Down as usize]),
            discarded_out = losses(&report.tallies[Side::Up as usize]),
            linger = client.lingering(record.now).map(seconds),
            linger_origin = origin.lingering(record.now).map(seconds),
            proxy_status = report.error,
            retry = report.retry.map(field::display),
            "connection over"
        )
    }};
}

impl Record {
    /// Tells the log: what did not end clean at the level of information, the rest for debugging.
    pub fn log(&self) {
        match self.report.ending.map(|ending| ending.how) {
            Some(How::Clean) => tell!(debug, self),
            Some(How::Truncated | How::Abort(_) | How::Expired(_)) | None => tell!(info, self),
        }
    }
}

fn some(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

fn more_than_none(bytes: u64) -> Option<u64> {
    (bytes > 0).then_some(bytes)
}

fn seconds(span: Span) -> f64 {
    Duration::from_micros(span.0).as_secs_f64()
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

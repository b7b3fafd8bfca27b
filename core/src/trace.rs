//! One line per step, in the format of the reviewed snapshots, read by people and tests alike.
//!
//! A row tells the moment, the event, the phase after it, both relays drawn as they flow (source,
//! bytes inside, sink), and what changed: orders, interest, timers. It holds nothing secret and
//! nothing random.
//!
//! Ends: `.` no leg, `=` open, `#` held or blocked, `-` message complete, `/` told to finish, `|`
//! finished, `!` truncated or told to abort, `x` reset.
//!
//! Waits are told when they begin and when they are over, not when progress restarts them. What
//! follows from an order is not told beside it: T_write_stall from `send` and `finish`, the total
//! of a flush from the flush, the discarding of input from `abort`.

use crate::{
    effect::Effect,
    ending::End,
    event::{Call, Decoded, Event, Head, Kill, Origin, Peeked, Refusal},
    exchange::{Request, Response},
    interest::Read,
    leg::{Leg, ReadEnd, WriteEnd},
    relay::{Sink, Source},
    session::{Phase, Session},
    side::Side,
    time::Time,
    timer::Timer,
};
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

/// The head of a trace.
pub const HEADER: &str = "   ms  event            phase     D>U        U>D        effects";

/// One step, as it will be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    at: Time,
    event: String,
    phase: &'static str,
    d2u: Drawn,
    u2d: Drawn,
    changes: Vec<String>,
}

/// A relay, drawn as it flows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Drawn {
    source: char,
    bytes: u32,
    sink: char,
}

impl Row {
    /// The row of the step that led from `before` to `after`.
    #[must_use]
    pub fn new(
        at: Time,
        event: Event,
        before: &Session,
        after: &Session,
        effects: &[Effect],
    ) -> Self {
        Row {
            at,
            event: name(event, before),
            phase: phase(after),
            d2u: draw(after, Side::Down),
            u2d: draw(after, Side::Up),
            changes: changes(event, before, after, effects),
        }
    }

    /// The row with its moment to the microsecond, as the demo prints it.
    #[must_use]
    pub fn precise(&self) -> String {
        format!(
            "{:>5}.{:03}{}",
            self.at.0 / 1_000,
            self.at.0 % 1_000,
            self.rest()
        )
    }

    fn rest(&self) -> String {
        let line = format!(
            "  {:<15}  {:<8}  {}   {}   {}",
            self.event,
            self.phase,
            self.d2u,
            self.u2d,
            self.changes.join(", ")
        );
        line.trim_end().to_string()
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>5}{}", self.at.as_ms(), self.rest())
    }
}

impl fmt::Display for Drawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:>4} {}", self.source, self.bytes, self.sink)
    }
}

/// The word for an event: who it happened to, and what.
pub(crate) fn name(event: Event, before: &Session) -> String {
    match event {
        Event::Accepted => "D accepted".to_string(),
        Event::Introduced => "D introduced".to_string(),
        Event::Rejected(why) => format!("D {why}"),
        Event::Secured(side, _) => format!("{side} secured"),
        Event::Peeked(Peeked::Routed) => "D hello".to_string(),
        Event::Peeked(Peeked::Unroutable) => "D unroutable".to_string(),
        Event::Peeked(Peeked::Alien) => "D no hello".to_string(),
        Event::Routed(_) => "D routed".to_string(),
        Event::Queued => "U queued".to_string(),
        Event::Granted => "U granted".to_string(),
        Event::Connected(Origin::Fresh) => "U connected".to_string(),
        Event::Connected(Origin::Reused) => "U reused".to_string(),
        Event::Unconnected(Refusal::NoRoute) => "U no route".to_string(),
        Event::Redialled => "U redialled".to_string(),
        Event::Unconnected(Refusal::NoEndpoint) => "U no endpoint".to_string(),
        Event::Unconnected(Refusal::NoAddress(_)) => "U no address".to_string(),
        Event::Unconnected(Refusal::Busy) => "U busy".to_string(),
        Event::Unconnected(Refusal::NoRetry) => "U no retry".to_string(),
        Event::Unconnected(Refusal::NoConnect) => "U takes no connect".to_string(),
        Event::Unconnected(Refusal::Configured { status, .. }) => format!("U configured {status}"),
        Event::Unconnected(Refusal::TooMany(_)) => "U too many".to_string(),
        Event::Unconnected(Refusal::Failed(cause)) => format!("U {cause}"),
        Event::Received(side, bytes) => format!("{side} received {bytes}"),
        Event::Piped(side, _) => format!("{side} piped"),
        Event::Copied(side) => format!("{side} copied"),
        Event::Decoded(side, decoded) => decoded_name(side, &decoded),
        Event::Refused(side, reply) => format!("{side} refused {}", reply.status),
        Event::Declined(status) => format!("U declined {status}"),
        Event::Sent(side, bytes) => format!("{side} sent {bytes}"),
        Event::CloseNotify(side) => format!("{side} close_notify"),
        Event::Unaccepted => "U unaccepted".to_string(),
        Event::Fin(side) => format!("{side} fin"),
        Event::Undelivered(side) => format!("{side} undelivered"),
        Event::Failed(side, cause, Call::Read) => format!("{side} {cause}"),
        Event::Failed(side, cause, Call::Write) => format!("{side} write {cause}"),
        Event::Failed(side, cause, Call::Poll) => format!("{side} poll {cause}"),
        Event::Failed(side, cause, Call::Finish) => format!("{side} finish {cause}"),
        Event::Hinted(side) => format!("{side} rdhup"),
        Event::Finished(side) => format!("{side} finished"),
        Event::Acked(side) => format!("{side} acked"),
        Event::Fired => match before.deadline() {
            Some((_, timer)) => format!("{timer} fired"),
            None => "fired".to_string(),
        },
        Event::Evicted => "evicted".to_string(),
        Event::Drained => "drain".to_string(),
        Event::DrainExpired => "drain expired".to_string(),
        Event::Killed(Kill::Last) => "killed".to_string(),
        Event::Killed(Kill::Reset) => "killed at once".to_string(),
    }
}

fn decoded_name(side: Side, decoded: &Decoded) -> String {
    let bytes = decoded.bytes;
    match (decoded.head, decoded.complete) {
        (_, true) => format!("{side} message {bytes}"),
        (Head::None, false) if bytes == 0 => format!("{side} partial {}", decoded.left),
        (Head::None, false) => format!("{side} body {bytes}"),
        (Head::Interim | Head::Continue, false) => format!("{side} interim {bytes}"),
        (Head::Request(_) | Head::Response(_), false) => format!("{side} head {bytes}"),
    }
}

/// What the session is about, in the word of the table.
#[must_use]
pub fn phase(session: &Session) -> &'static str {
    match session.phase() {
        Phase::New => "new",
        Phase::ProxyHeader => "header",
        Phase::Securing => "securing",
        Phase::Peeking => "peeking",
        Phase::Idle(_) => "idle",
        Phase::Exchange(exchange) if exchange.request == Request::Head => "head",
        Phase::Exchange(_) => "exchange",
        Phase::Tunnel => "tunnel",
        Phase::Closing => "closing",
        Phase::Closed => "closed",
    }
}

fn draw(session: &Session, source: Side) -> Drawn {
    Drawn {
        source: source_glyph(session, source),
        bytes: session.from(source).bytes(),
        sink: sink_glyph(session, source.other()),
    }
}

fn end_glyph(end: End) -> char {
    match end {
        End::Clean => '|',
        End::Truncated => '!',
        End::Abort(_) => 'x',
    }
}

fn source_glyph(session: &Session, side: Side) -> char {
    match session.leg(side) {
        Leg::Absent | Leg::Queued | Leg::Connecting | Leg::Securing => '.',
        Leg::Gone(end) | Leg::Reset(end) => end_glyph(*end),
        Leg::Open(open) => match open.read {
            ReadEnd::Notified => '|',
            ReadEnd::Fin(end) => end_glyph(end),
            ReadEnd::Draining(_) | ReadEnd::Failed(_) => 'x',
            ReadEnd::Open => match session.from(side).source() {
                Source::Open => '=',
                Source::Held => '#',
                Source::Complete => '-',
            },
        },
    }
}

fn sink_glyph(session: &Session, side: Side) -> char {
    let relay = session.to(side);
    match session.leg(side) {
        Leg::Absent | Leg::Queued | Leg::Connecting | Leg::Securing => '.',
        Leg::Gone(_) => '|',
        Leg::Reset(_) => 'x',
        Leg::Open(open) => match open.write {
            WriteEnd::Finishing => '/',
            WriteEnd::Sent | WriteEnd::Acked => '|',
            WriteEnd::Flushing => '!',
            WriteEnd::Open => match (relay.sink(), relay.source()) {
                (Sink::Blocked, _) => '#',
                (Sink::Open, Source::Complete) if relay.bytes() == 0 && said(session, side) => '-',
                (Sink::Open, Source::Open | Source::Held | Source::Complete) => '=',
            },
        },
    }
}

/// Whether the message towards this leg is wholly with its kernel.
fn said(session: &Session, sink: Side) -> bool {
    match session.phase() {
        Phase::Exchange(exchange) => match sink {
            Side::Up => exchange.request == Request::Complete,
            Side::Down => exchange.response == Response::Complete,
        },
        Phase::New
        | Phase::ProxyHeader
        | Phase::Securing
        | Phase::Peeking
        | Phase::Idle(_)
        | Phase::Tunnel
        | Phase::Closing
        | Phase::Closed => false,
    }
}

fn changes(event: Event, before: &Session, after: &Session, effects: &[Effect]) -> Vec<String> {
    let mut told = Vec::new();
    let fired = (event == Event::Fired).then(|| before.deadline()).flatten();
    for timer in Timer::ALL {
        let stopped = before.timers().armed(timer) && !after.timers().armed(timer);
        if stopped
            && !follows(timer)
            && fired.is_none_or(|(_, it)| it != timer)
            && !after.is_closed()
        {
            told.push(format!("stop {timer}"));
        }
    }
    told.extend(effects.iter().filter_map(order));
    for side in [Side::Up, Side::Down] {
        sends(before, after, side, &mut told);
    }
    for side in Side::BOTH {
        if aborts(before, after, side) {
            told.push(format!("{side} abort"));
        } else {
            reads(before, after, side, &mut told);
        }
    }
    for timer in Timer::ALL {
        let armed = after.timers().armed(timer) && !before.timers().armed(timer);
        if armed
            && !follows(timer)
            && let Some(span) = after.bound(timer)
        {
            told.push(format!("arm {timer} {span}"));
        }
    }
    told.extend(effects.iter().filter_map(last_word));
    told
}

/// Whether an order beside it says as much as its arming would.
const fn follows(timer: Timer) -> bool {
    matches!(timer, Timer::WriteDown | Timer::WriteUp | Timer::FlushTotal)
}

fn order(effect: &Effect) -> Option<String> {
    Some(match effect {
        Effect::Connect => "U connect".to_string(),
        Effect::Cancel => "U cancel".to_string(),
        Effect::Finish(side) => format!("{side} finish"),
        Effect::Reset(side) => format!("{side} reset"),
        Effect::Close(side) => format!("{side} close"),
        Effect::Park => "U park".to_string(),
        Effect::Retire(_) => "U retire".to_string(),
        Effect::Reply(reply) => format!("D reply {}", reply.status),
        Effect::Alert => "D alert".to_string(),
        Effect::Probe => "D probe".to_string(),
        Effect::LastChunk => "D last chunk".to_string(),
        Effect::End(_) => return None,
    })
}

fn last_word(effect: &Effect) -> Option<String> {
    match effect {
        Effect::End(ending) => Some(format!("end {ending}")),
        Effect::Connect
        | Effect::Cancel
        | Effect::Finish(_)
        | Effect::Reset(_)
        | Effect::Close(_)
        | Effect::Park
        | Effect::Retire(_)
        | Effect::Reply(_)
        | Effect::Alert
        | Effect::Probe
        | Effect::LastChunk => None,
    }
}

fn sends(before: &Session, after: &Session, side: Side, told: &mut Vec<String>) {
    let (old, new) = (before.interest(side).write, after.interest(side).write);
    if new > old {
        told.push(format!("{side} send {}", new - old));
    }
}

/// Holding and resuming: a source that could be read and cannot, or the other way round.
fn reads(before: &Session, after: &Session, side: Side, told: &mut Vec<String>) {
    let open = |session: &Session| {
        session
            .leg(side)
            .open()
            .is_some_and(|open| open.read == ReadEnd::Open)
    };
    if !open(before) || !open(after) {
        return;
    }
    match (before.interest(side).read, after.interest(side).read) {
        (Read::Take(_), Read::Off) => told.push(format!("{side} hold")),
        (Read::Off, Read::Take(_)) => told.push(format!("{side} resume")),
        (Read::Take(_) | Read::Off, Read::Discard) => told.push(format!("{side} discard")),
        (Read::Take(_), Read::Take(_))
        | (Read::Off, Read::Off)
        | (Read::Discard, Read::Off | Read::Take(_) | Read::Discard) => {}
    }
}

fn aborts(before: &Session, after: &Session, side: Side) -> bool {
    let flushing = |session: &Session| {
        session
            .leg(side)
            .open()
            .is_some_and(|open| open.write == WriteEnd::Flushing)
    };
    flushing(after) && !flushing(before)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::{Kind, Setup};

    #[test]
    fn a_precise_row_differs_in_its_moment_alone() {
        let before = Session::new(Setup::new(Kind::Http, false));
        let (mut after, mut effects) = (before.clone(), Vec::new());
        let at = Time(1_234_056);
        after.step(at, Event::Accepted, &mut effects);
        let row = Row::new(at, Event::Accepted, &before, &after, &effects);
        let text = row.to_string();
        assert!(text.starts_with(" 1234  D accepted "), "{text}");
        assert_eq!(row.precise(), format!(" 1234.056{}", &text[5..]));
    }
}

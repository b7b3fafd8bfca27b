//! How long "at once" is for each check of a row: the two ways, and nothing else where nothing else stands
//! between a cause and what follows.
//!
//! It owns what may stand there, as it follows from the row's own scripts. It plays nothing and waits for
//! nothing; the verdict is the probe's judge's.

use super::HOST;
use crate::{schedule::SocketBytes, world::Net};
use std::{slice, time::Duration};
use tidegate::probe::{
    judge::{Terms, judge},
    play::Play,
    scenario::{After, Cause, Check, Scenario},
    step::{Pace, Payload, Step, Who},
};

/// From one peer to the other, over ways of a millisecond each.
const WAYS: Duration = Duration::from_millis(2);

/// To the origin and back, where the proxy has still to connect.
const CONNECT: Duration = Duration::from_millis(2);

/// There and back on one leg, where what comes before an end has to wait for room.
const ROOM: Duration = Duration::from_millis(2);

/// What is wrong with a play of `scenario`; each check has the time that it needs, and no more.
pub(super) fn judged(
    scenario: &'static Scenario,
    play: &Play,
    pace: &Pace,
    net: Net,
) -> Vec<String> {
    let mut faults: Vec<String> = Vec::new();
    for check in scenario.checks {
        let alone = Scenario {
            checks: slice::from_ref(check),
            ..*scenario
        };
        let terms = Terms {
            slack: at_once(scenario, check, pace) + Duration::from_millis(net.slack_ms()),
            pace,
            host: HOST,
        };
        let wrong = judge(&alone, play, terms).faults;
        // Without its tunnel nothing else of a row is looked at.
        let closed = *check == Check::Upgraded && !wrong.is_empty();
        // What is wrong with all of a play is said once.
        let news = wrong.into_iter().filter(|fault| !faults.contains(fault));
        let news: Vec<String> = news.collect();
        faults.extend(news);
        if closed {
            break;
        }
    }
    faults
}

fn at_once(scenario: &Scenario, check: &Check, pace: &Pace) -> Duration {
    let mut most = WAYS;
    if let Some((who, before)) = before(scenario, check) {
        if comes_before_the_connect(who, before) {
            most += CONNECT;
        }
        if may_wait_for_room(before, pace) {
            most += ROOM;
        }
    }
    most
}

/// Whose deed what is looked for follows, and which.
fn cause(check: &Check) -> Option<(Who, Cause)> {
    match *check {
        Check::Clean(seer, Some(After(cause, _)))
        | Check::Broken(seer, Some(After(cause, _)))
        | Check::Ended(seer, After(cause, _))
        | Check::Notified(seer, After(cause, _))
        | Check::Error(seer, After(cause, _)) => Some((seer.other(), cause)),
        Check::NeverComplete => Some((Who::Client, Cause::Fin)),
        Check::Released => Some((Who::Origin, Cause::Fin)),
        Check::Clean(_, None)
        | Check::Broken(_, None)
        | Check::Got(..)
        | Check::GotBehindHead(..)
        | Check::Upgraded
        | Check::Statuses(_)
        | Check::Asked(_)
        | Check::Body(_)
        | Check::VisiblyCut => None,
    }
}

/// Who does what is followed by what is looked for, and all that this peer does before it, on its first
/// connection.
fn before(scenario: &Scenario, check: &Check) -> Option<(Who, &'static [Step])> {
    let (who, cause) = cause(check)?;
    let steps = match who {
        Who::Client => scenario.client,
        Who::Origin => scenario.origin.first().copied()?,
    };
    let does = |step: &Step| match cause {
        // Over TLS the close_notify says it all.
        Cause::Fin | Cause::Notify => matches!(
            step,
            Step::Finish | Step::Fin | Step::CloseNotify | Step::Close | Step::WriteLast(_)
        ),
        Cause::Reset => *step == Step::Reset,
    };
    let at = steps.iter().position(does)?;
    Some((who, &steps[..at]))
}

/// Whether a client says it before the proxy can have connected: it has neither heard of its origin yet,
/// nor waited.
fn comes_before_the_connect(who: Who, before: &[Step]) -> bool {
    who == Who::Client && !before.iter().any(takes_time)
}

/// Whether a peer that does this hears of the other one, or waits.
fn takes_time(step: &Step) -> bool {
    match step {
        Step::Stream { .. }
        | Step::Wait(_)
        | Step::Read(_)
        | Step::AwaitBytes
        | Step::ReadHead
        | Step::ReadMessage
        | Step::ReadClean
        | Step::ReadEnd
        | Step::ReadSlowly(_)
        | Step::ReadOn
        | Step::AwaitError
        | Step::AwaitLoss
        | Step::Hear(_)
        | Step::Meet(_) => true,
        Step::Write(_)
        | Step::WriteLast(_)
        | Step::Echo
        | Step::Finish
        | Step::Fin
        | Step::CloseNotify
        | Step::Reset
        | Step::Close
        | Step::Deafen
        | Step::Undeafen
        | Step::Tell(_) => false,
    }
}

/// Whether what is written right before may find less room than it needs. Room is announced when half of a
/// buffer is free (`socket.rs`), so only a burst that is not the first may find so little.
fn may_wait_for_room(before: &[Step], pace: &Pace) -> bool {
    let buffer = SocketBytes::default().recv as usize;
    let (mut earlier, mut burst) = (0, 0);
    for step in before {
        if takes_time(step) {
            (earlier, burst) = (earlier + burst, 0);
        }
        if let Step::Write(payload) | Step::WriteLast(payload) = *step {
            burst += bytes(payload, pace);
        }
        if let Step::Stream { bytes, beats, .. } = *step {
            (earlier, burst) = (earlier + bytes * pace.beats(beats) as usize, bytes);
        }
    }
    burst > buffer || burst > buffer / 2 && earlier > 0
}

fn bytes(payload: Payload, pace: &Pace) -> usize {
    match payload {
        Payload::Text(text) => text.len(),
        Payload::Pattern(n) => n,
        Payload::Beats(n) => n * pace.beats as usize,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use tidegate::probe::scenario::all;

    /// The rows with a check of this sort.
    fn rows(is: impl Fn(Who, &[Step]) -> bool) -> BTreeSet<&'static str> {
        let has = |scenario: &&Scenario| {
            let mut causes = scenario
                .checks
                .iter()
                .filter_map(|one| before(scenario, one));
            causes.any(|(who, before)| is(who, before))
        };
        all().filter(has).map(|scenario| scenario.row).collect()
    }

    /// In these the client ends before it can have heard of its origin; in no other has the proxy to connect.
    #[test]
    fn a_connect_is_waited_for_only_where_the_cause_comes_before_it() {
        let due = [
            "S01", "S02", "S03", "S05", "S11", "S19", "S22", "S28", "S29", "S30",
        ];
        assert_eq!(rows(comes_before_the_connect), BTreeSet::from(due));
    }

    /// A long stream, and what is more than a buffer holds.
    #[test]
    fn little_waits_for_room() {
        let waits = |_, before: &[Step]| may_wait_for_room(before, &Pace::LONG);
        assert_eq!(rows(waits), BTreeSet::from(["S03", "S09"]));
    }
}

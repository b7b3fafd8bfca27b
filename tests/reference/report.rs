//! The report of a tunnel (LIFECYCLE 4.14, I19, I20), worked out afresh from the script: from the
//! events, the orders and the moments of both. A moment is the number of its event.

use crate::plain::History;
use tidegate_core::{
    effect::Effect,
    ending::By,
    event::{Call, Event},
    report::{LegReport, Parting, Report},
    side::Side,
    time::Time,
};

/// What was ordered, and when.
pub(crate) type Orders = [(Time, Effect)];

/// The moment of an event in a history.
pub(crate) fn moment(at: usize) -> Time {
    Time(u64::try_from(at).unwrap())
}

/// Whether a report says what the history does.
pub(crate) fn compare(report: &Report, history: &History, orders: &Orders) -> Result<(), String> {
    for side in Side::BOTH {
        let [sent, got] = [
            history.sent[side as usize].len(),
            history.got[side.other() as usize].len(),
        ];
        let tally = &report.tallies[side as usize];
        let [received, delivered] = [tally.received, tally.delivered];
        same("received", side, moment(sent), Time(received))?;
        same("delivered", side, moment(got), Time(delivered))?;
        let lost = tally.discarded();
        same("discarded", side, moment(sent - got), Time(lost))?;
        let leg = &report.legs[side as usize];
        compare_leg(leg, side, history, orders)?;
    }
    let ends = |event: &Event| ended(*event).is_some();
    let first = history.events.iter().find(|event| ends(event));
    same(
        "first",
        Side::Down,
        first.and_then(|event| ended(*event)),
        report.first,
    )
}

fn compare_leg(
    leg: &LegReport,
    side: Side,
    history: &History,
    orders: &Orders,
) -> Result<(), String> {
    let event = |wanted: &dyn Fn(Event) -> bool| {
        let at = history.events.iter().position(|event| wanted(*event));
        at.map(moment)
    };
    let order = |wanted: &dyn Fn(Effect) -> bool| {
        let found = orders.iter().find(|(_, order)| wanted(*order));
        found.map(|(at, _)| *at)
    };
    let failed = event(&|event| match event {
        Event::Failed(of, ..) => of == side,
        Event::Unconnected(_) => side == Side::Up,
        _ => false,
    });
    let heard = event(&|event| match event {
        Event::CloseNotify(of) | Event::Fin(of) | Event::Failed(of, _, Call::Read) => of == side,
        Event::Unconnected(_) => side == Side::Up,
        _ => false,
    });
    same("failed", side, failed, leg.failed.map(|failed| failed.at))?;
    same("heard", side, heard, leg.heard.map(|heard| heard.at))?;
    let whose = [leg.failed.map(|one| one.by), leg.heard.map(|one| one.by)];
    same("by us", side, false, whose.contains(&Some(By::Proxy)))?;
    let finish = order(&|order| order == Effect::Finish(side));
    let finished = event(&|event| event == Event::Finished(side));
    let reset = order(&|order| order == Effect::Reset(side));
    let closed = order(&|order| order == Effect::Close(side));
    // What is acknowledged before a reset is not our end.
    let acked = event(&|event| event == Event::Acked(side)).filter(|at| reset != Some(*at));
    same("finish", side, finish, leg.said.finish)?;
    same("finished", side, finished, leg.said.finished)?;
    same("acked", side, acked, leg.said.acked)?;
    same("reset", side, reset, leg.reset_at())?;
    let over = leg.over.filter(|over| over.parting == Parting::Closed);
    same("closed", side, closed, over.map(|over| over.at))
}

/// Who ends something with an event.
fn ended(event: Event) -> Option<By> {
    let side = match event {
        Event::CloseNotify(side) | Event::Fin(side) | Event::Failed(side, ..) => side,
        Event::Unconnected(_) => Side::Up,
        _ => return None,
    };
    Some(match side {
        Side::Down => By::Client,
        Side::Up => By::Origin,
    })
}

fn same<T: PartialEq + std::fmt::Debug>(
    what: &str,
    side: Side,
    due: T,
    told: T,
) -> Result<(), String> {
    if due == told {
        return Ok(());
    }
    Err(format!(
        "{what} of {side} is told as {told:?}, and it is {due:?}"
    ))
}

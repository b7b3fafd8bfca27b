//! Each word that is said of a run from inside is said by somebody: of a wrong rule, or of what was made by hand.

use super::*;
use tidegate::tap::Tap;
use tidegate_core::{
    event::Event,
    session::{Kind, Session, Setup},
    side::Side,
    time::Time,
};

const RELAY: &str = "relay-schedule v1
seed 0x1
mode relay tcp
latency client-proxy 1ms
latency proxy-origin 1ms
client fin
origin fin
";

const LAST_ANSWER: &str = "relay-schedule v1
seed 0x1
mode http tcp
latency client-proxy 1ms
latency proxy-origin 1ms
request GET / 1.1 close empty
response 200 1.1 keep length 10 by 10
client fin
";

/// Who speaks of a schedule, with timers that run.
fn spoken(text: &str, variant: Option<Variant>) -> Vec<Invariant> {
    let schedule: Schedule = text.parse().expect("a schedule");
    let played = play(Net::Fast, &schedule, Timers::Running, variant, false);
    let invariants = played.wrong.iter().map(|one| one.violation.invariant);
    invariants.collect()
}

#[test]
fn a_fin_that_waits_is_one_that_is_not_ordered_at_once() {
    for text in [RELAY, LAST_ANSWER] {
        assert_eq!(spoken(text, None), []);
        let found = spoken(text, Some(Variant::FinOnTimer));
        assert!(found.contains(&Invariant::FinAtOnce), "{found:?}\n{text}");
    }
    let late = (Time(1), Time(2), Side::Up);
    assert_eq!(claimed(|seen| seen.late.push(late)), [Invariant::FinAtOnce]);
}

/// Also where the timer has the name of one that is on nobody's way, T_linger_ack.
#[test]
fn a_fin_that_a_timer_lets_go_is_on_a_timers_way() {
    for text in [RELAY, LAST_ANSWER] {
        let found = spoken(text, Some(Variant::FinOnTimer));
        assert!(found.contains(&Invariant::NoTimer), "{found:?}\n{text}");
    }
    assert_eq!(claimed(|seen| seen.fired += 1), [Invariant::NoTimer]);
}

/// Who speaks of a run in peace of which this was seen.
fn claimed(see: impl FnOnce(&mut Watch)) -> Vec<Invariant> {
    let (mut watch, mut wrong) = (Watch::default(), Vec::new());
    see(&mut watch);
    claim(&watch, false, &mut wrong);
    wrong.iter().map(|one| one.invariant).collect()
}

#[test]
fn i18_an_event_of_a_leg_that_is_not_there_is_astray() {
    let watch = Rc::new(RefCell::new(Watch::default()));
    let mut tap = Watch::tap(&watch);
    let session = Session::new(Setup::new(Kind::Tcp, false));
    for event in [Event::Accepted, Event::Fin(Side::Up)] {
        tap.step(Time(1), event, &session, &session, &[]);
    }
    let watch = watch.take();
    assert_eq!(watch.astray, [(Time(1), Event::Fin(Side::Up))]);
    let found: Vec<Invariant> = astray(&watch).map(|one| one.invariant).collect();
    assert_eq!(found, [Invariant::NoEventAstray]);
}

/// Two runs of one schedule; what `change` does is done to the second.
fn compared(change: impl FnOnce(&mut Played)) -> Option<Finding> {
    let schedule: Schedule = LAST_ANSWER.parse().expect("a schedule");
    let [first, mut second] =
        [(); 2].map(|()| play(Net::Fast, &schedule, Timers::Running, None, false));
    change(&mut second);
    differs(&first, &second)
}

#[test]
fn a_second_run_that_goes_or_tells_otherwise_is_seen() {
    assert_eq!(compared(|_| {}), None);
    let seen = |change: &dyn Fn(&mut Played)| {
        let found = compared(change).map(|found| found.violation.invariant);
        assert_eq!(found, Some(Invariant::SameSteps));
    };
    seen(&|second| second.fingerprint[0] ^= 1);
    seen(&|second| second.fingerprint[1] ^= 1);
    seen(&|second| second.watch.told.accepted += 1);
    seen(&|second| second.watch.told.records.clear());
    seen(&|second| second.watch.told.records[0].wires[0].read += 1);
    seen(&|second| second.watch.told.words[0] = None);
    seen(&|second| {
        let metrics = second.watch.told.metrics.as_mut();
        metrics.expect("counters").counters.bare_fin += 1;
    });
}

#[test]
fn the_same_schedule_is_as_good_with_nobody_put_away() {
    let schedule: Schedule = LAST_ANSWER.parse().expect("a schedule");
    let awake = again(Net::Fast, &schedule, None);
    assert_eq!(awake.wrong().count(), 0);
    let asleep = verdict(Net::Fast, &schedule, None);
    let mut runs = asleep.played.iter().zip(&awake.played);
    let other = runs.find_map(|(one, other)| differs(one, other));
    assert_eq!(other, None);
    let wrong = again(Net::Fast, &schedule, Some(Variant::FinOnTimer));
    let found = wrong.wrong().next().expect("a wrong rule");
    let said = found.to_string();
    assert!(
        found.awake && said.starts_with("fast, with nobody put away: "),
        "{said}"
    );
}

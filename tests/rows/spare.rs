//! An upstream leg without a session: LIFECYCLE U01 and U12, its waits (I10, I11), and how it makes
//! room (4.11, 6 and 10).

use tidegate_core::{
    ending::{By, Cause, End},
    event::Call,
    leg::ReadEnd,
    limits::Waits,
    report::{Last, Parting},
    spare::{Effect, Event, Spare},
    time::{Span, Time},
    timer::Timer,
};

const WAITS: Waits = Waits::HTTP;

/// A spare leg and the hour.
#[derive(Clone)]
struct Stage {
    spare: Spare,
    now: Time,
}

impl Stage {
    fn parked(tls: bool) -> Self {
        Stage {
            spare: Spare::parked(Time(0), tls, WAITS.into()),
            now: Time(0),
        }
    }

    /// A leg whose session is done with it, and with everything it had to say.
    fn retired(tls: bool) -> Self {
        let mut orders = Vec::new();
        let spare = Spare::retired(Time(0), tls, ReadEnd::Open, WAITS, &mut orders);
        assert_eq!(orders, [Effect::Finish]);
        Stage {
            spare,
            now: Time(0),
        }
    }

    /// The same, as far as `events` take it without an order.
    fn after(events: &[Event]) -> Self {
        let mut stage = Stage::retired(false);
        for event in events {
            assert_eq!(stage.tell(*event), [], "{event:?}");
        }
        stage
    }

    fn tell(&mut self, event: Event) -> Vec<Effect> {
        let mut orders = Vec::new();
        self.spare.step(self.now, event, &mut orders);
        orders
    }

    /// What can become of a plain leg at its next event, as long as it is not gone.
    fn onward(&self) -> impl Iterator<Item = Stage> + use<'_> {
        use Event::*;
        let reads = [Received, Fin, Failed(Cause::Reset)];
        let events = reads
            .into_iter()
            .filter(|_| self.spare.reads())
            .chain(self.spare.is_finishing().then_some(Finished))
            .chain(self.spare.observes_sent().then_some(Sent))
            .chain(self.spare.waits_for_ack().then_some(Acked))
            .chain([Fired, Evicted]);
        events.filter_map(|event| {
            let mut stage = self.clone();
            if event == Fired {
                stage.now = stage.spare.deadline()?.0;
            }
            stage.tell(event);
            (!stage.spare.is_gone()).then_some(stage)
        })
    }

    /// Time passes until the deadline, which is `timer`'s.
    fn expires(&mut self, timer: Timer) -> Vec<Effect> {
        let (at, next) = self.spare.deadline().unwrap();
        assert_eq!(next, timer);
        self.now = at;
        self.tell(Event::Fired)
    }
}

#[test]
fn u01_whatever_comes_on_an_idle_leg_ends_it() {
    let cases = [
        (Event::Received, Effect::Finish),
        (Event::Fin, Effect::Finish),
        (Event::CloseNotify, Effect::Finish),
        (Event::Failed(Cause::Reset), Effect::Reset),
    ];
    for (event, expected) in cases {
        let mut stage = Stage::parked(true);
        assert!(stage.spare.is_idle());
        assert_eq!(stage.tell(event), [expected], "{event:?}");
        assert!(!stage.spare.is_idle());
    }
}

#[test]
fn u01_a_leg_that_nobody_uses_is_finished() {
    let mut stage = Stage::parked(false);
    assert_eq!(stage.expires(Timer::Idle), [Effect::Finish]);
    assert_eq!(stage.now, Time(0) + WAITS.pool_idle);
}

#[test]
fn u12_a_leg_that_its_origin_closes_is_finished_drained_and_closed() {
    use Event::*;
    let mut stage = Stage::retired(true);
    for event in [Received, Finished, Acked, CloseNotify] {
        assert_eq!(stage.tell(event), [], "{event:?}");
    }
    assert_eq!(stage.tell(Fin), [Effect::Close]);
    assert!(stage.spare.is_gone());
}

#[test]
fn u12_a_leg_that_has_failed_is_reset_at_once_and_not_finished_first() {
    for call in [Call::Read, Call::Write, Call::Poll, Call::Finish] {
        let read = ReadEnd::Open.failed(Cause::Reset, call);
        let mut orders = Vec::new();
        let spare = Spare::retired(Time(0), false, read, WAITS, &mut orders);
        assert_eq!(orders, [Effect::Reset], "{call:?}");
        assert!(spare.is_gone(), "{call:?}");
    }
}

#[test]
fn u12_an_origin_that_hears_our_fin_and_says_nothing_has_its_time() {
    let mut stage = Stage::after(&[Event::Finished, Event::Acked]);
    assert_eq!(stage.expires(Timer::Linger), [Effect::Close]);
    assert_eq!(stage.now, Time(0) + WAITS.linger);
}

#[test]
fn i10_an_origin_that_takes_what_was_sent_is_not_stalled() {
    for before in [&[][..], &[Event::Finished]] {
        let mut stage = Stage::after(before);
        for _ in 0..10 {
            stage.now = stage.now + Span(WAITS.write_up.0 - 1);
            assert!(stage.spare.observes_sent());
            assert_eq!(stage.tell(Event::Sent), [], "{before:?}");
        }
        let last = stage.now;
        assert_eq!(stage.expires(Timer::WriteUp), [Effect::Reset]);
        assert_eq!(stage.now, last + WAITS.write_up, "{before:?}");
    }
}

#[test]
fn i10_nothing_taken_is_a_stall() {
    for before in [&[][..], &[Event::Finished], &[Event::Received, Event::Fin]] {
        let mut stage = Stage::after(before);
        assert_eq!(stage.expires(Timer::WriteUp), [Effect::Reset]);
        assert_eq!(stage.now, Time(0) + WAITS.write_up, "{before:?}");
    }
}

/// 4.11, 10.
#[test]
fn who_was_told_to_finish_lingers_and_who_is_idle_does_not() {
    let mut stage = Stage::parked(false);
    assert!(!stage.spare.is_lingering());
    for event in [Event::Received, Event::Finished, Event::Acked] {
        stage.tell(event);
        assert!(stage.spare.is_lingering(), "{event:?}");
    }
    stage.tell(Event::Fin);
    assert!(!stage.spare.is_lingering(), "it is gone");
}

/// I10: a timer that is late is one; a timer before its time is the driver's mistake.
#[test]
fn a_spare_legs_timer_may_be_late() {
    let mut stage = Stage::parked(false);
    stage.now = Time(0) + WAITS.pool_idle + Span(1);
    assert_eq!(stage.tell(Event::Fired), [Effect::Finish]);
}

#[test]
#[should_panic(expected = "before its time")]
fn a_spare_legs_timer_is_never_early() {
    let mut stage = Stage::parked(false);
    stage.now = Time(WAITS.pool_idle.0 - 1);
    stage.tell(Event::Fired);
}

/// What a leg says of itself, by name.
fn says(spare: &Spare) -> Vec<&'static str> {
    [
        (spare.is_idle(), "idle"),
        (spare.reads(), "reads"),
        (spare.is_lingering(), "lingers"),
        (spare.is_finishing(), "finishing"),
        (spare.observes_sent(), "sends"),
        (spare.waits_for_ack(), "sent"),
        (spare.is_heard(), "heard"),
        (spare.is_gone(), "gone"),
        (spare.was_reset(), "reset"),
    ]
    .into_iter()
    .filter_map(|(is, word)| is.then_some(word))
    .collect()
}

/// 4.11: its driver knows what to wait for, in every state.
#[test]
fn a_spare_leg_says_what_it_waits_for() {
    let mut stage = Stage::parked(false);
    assert_eq!(says(&stage.spare), ["idle", "reads"]);
    for (event, words) in [
        (
            Event::Received,
            &["reads", "lingers", "finishing", "sends"][..],
        ),
        (Event::Finished, &["reads", "lingers", "sends", "sent"]),
        (Event::Acked, &["reads", "lingers", "heard"]),
        (Event::Fin, &["gone"]),
    ] {
        stage.tell(event);
        assert_eq!(says(&stage.spare), words, "{event:?}");
    }
    let stage = Stage::after(&[Event::Fin]);
    assert_eq!(says(&stage.spare), ["lingers", "finishing", "sends"]);
    let mut stage = Stage::parked(false);
    stage.tell(Event::Failed(Cause::Reset));
    assert_eq!(says(&stage.spare), ["gone", "reset"]);
}

/// 4.11, 6 and 10: closed where our FIN is acknowledged, and reset where it is not.
#[test]
fn a_spare_leg_that_lingers_makes_room_at_once() {
    let cases = [
        (&[][..], Effect::Reset),
        (&[Event::Fin], Effect::Reset),
        (&[Event::Finished], Effect::Reset),
        (&[Event::Finished, Event::Fin], Effect::Reset),
        (&[Event::Finished, Event::Acked], Effect::Close),
    ];
    for (before, expected) in cases {
        let mut stage = Stage::after(before);
        assert_eq!(stage.tell(Event::Evicted), [expected], "{before:?}");
        assert!(stage.spare.is_gone() && stage.spare.deadline().is_none());
    }
}

/// G9, K21: only who has acknowledged our FIN loses nothing by a close.
#[test]
fn g9_the_deadline_resets_a_spare_leg_unless_its_peer_has_heard_all() {
    let cases = [
        (&[][..], Effect::Reset),
        (&[Event::Fin], Effect::Reset),
        (&[Event::Finished], Effect::Reset),
        (&[Event::Finished, Event::Acked], Effect::Close),
    ];
    for (before, expected) in cases {
        let mut stage = Stage::after(before);
        assert_eq!(stage.tell(Event::DrainExpired), [expected], "{before:?}");
        assert!(stage.spare.is_gone() && stage.spare.deadline().is_none());
    }
    let mut stage = Stage::parked(false);
    assert_eq!(stage.tell(Event::DrainExpired), [Effect::Reset], "idle");
}

#[test]
fn an_idle_leg_makes_room_by_a_finish_and_then_lingers() {
    let mut stage = Stage::parked(false);
    assert_eq!(stage.tell(Event::Evicted), [Effect::Finish]);
    assert!(!stage.spare.is_idle() && stage.spare.is_lingering());
    assert_eq!(stage.tell(Event::Evicted), [Effect::Reset], "told again");
}

#[test]
fn i11_a_spare_leg_waits_for_nothing_without_a_limit() {
    let mut stages = vec![Stage::parked(false), Stage::retired(false)];
    for _ in 0..5 {
        for stage in &stages {
            assert!(stage.spare.deadline().is_some(), "{:?}", stage.spare);
        }
        stages = stages.iter().flat_map(Stage::onward).collect();
        assert!(!stages.is_empty());
    }
}

#[test]
fn i19_a_spare_leg_that_we_close_has_heard_nothing() {
    let mut stage = Stage::after(&[Event::Finished, Event::Acked]);
    assert_eq!(stage.expires(Timer::Linger), [Effect::Close]);
    assert_eq!(stage.spare.report().heard, None);
}

#[test]
fn i19_an_end_that_is_a_spare_legs_last_event_is_its_peers_all_the_same() {
    for (event, end) in [
        (Event::Fin, End::Clean),
        (Event::Failed(Cause::Reset), End::Abort(Cause::Reset)),
    ] {
        let mut stage = Stage::after(&[Event::Finished, Event::Acked]);
        stage.tell(event);
        assert!(stage.spare.is_gone());
        let heard = stage.spare.report().heard.unwrap();
        assert_eq!((heard.end, heard.by), (end, By::Origin));
    }
}

#[test]
fn t05_i19_only_a_fin_that_lacks_its_close_notify_is_bare() {
    for (tls, events, bare) in [
        (false, &[Event::Fin][..], false),
        (true, &[Event::CloseNotify], false),
        (true, &[Event::CloseNotify, Event::Fin], false),
        (true, &[Event::Received], false),
        (true, &[Event::Received, Event::Fin], true),
    ] {
        let mut stage = Stage::parked(tls);
        for event in events {
            stage.tell(*event);
        }
        assert_eq!(stage.spare.report().bare_fin, bare, "{tls} {events:?}");
    }
}

#[test]
fn i19_our_end_of_a_spare_leg_is_told_step_by_step() {
    let mut stage = Stage::parked(false);
    let said = |stage: &Stage| stage.spare.report().last();
    assert_eq!(said(&stage), Last::Never);
    for (event, last) in [
        (Event::Received, Last::Finishing),
        (Event::Finished, Last::Finished),
        (Event::Acked, Last::Acked),
    ] {
        stage.tell(event);
        assert_eq!(said(&stage), last, "{event:?}");
    }
}

#[test]
fn i19_a_spare_legs_end_is_told() {
    let mut orders = Vec::new();
    let mut spare = Spare::parked(Time(0), true, WAITS.into());
    spare.step(Time(5), Event::Fin, &mut orders);
    spare.step(Time(6), Event::Finished, &mut orders);
    let report = *spare.report();
    assert!(report.bare_fin);
    assert_eq!(
        (report.heard.unwrap().end, report.heard.unwrap().at),
        (End::Truncated, Time(5))
    );
    assert_eq!(report.half_closed(), None);
    let mut stalled = spare.clone();
    spare.step(Time(9), Event::Acked, &mut orders);
    let report = spare.report();
    assert_eq!(
        (report.last(), report.said.acked),
        (Last::Acked, Some(Time(9)))
    );
    let over = report.over.unwrap();
    assert_eq!(
        (over.parting, over.end, over.at),
        (Parting::Closed, Some(End::Truncated), Time(9))
    );
    assert_eq!(report.lingering(Time(9)), Some(Span(4)));
    assert!(!report.linger_stalled);
    let (at, timer) = stalled.deadline().unwrap();
    assert_eq!(timer, Timer::WriteUp);
    stalled.step(at, Event::Fired, &mut orders);
    assert!(stalled.report().linger_stalled);
    assert_eq!(stalled.report().over.unwrap().parting, Parting::Reset);

    let mut spare = Spare::parked(Time(0), false, WAITS.into());
    spare.step(Time(3), Event::Failed(Cause::Reset), &mut orders);
    let report = spare.report();
    assert_eq!(report.failed.unwrap().cause, Cause::Reset);
    assert_eq!(report.over.unwrap().end, Some(End::Abort(Cause::Reset)));
}

//! Who listens to the steps of a session: traces, tests, the demo. Nobody, in production.

use crate::observe::Record;
use tidegate_core::{effect::Effect, event::Event, session::Session, time::Time, trace::Row};

/// Hears of every step. It costs a copy of the session a step, so production has none.
pub trait Tap {
    /// A step led from `before` to `after`.
    fn step(
        &mut self,
        now: Time,
        event: Event,
        before: &Session,
        after: &Session,
        effects: &[Effect],
    );

    /// The session is over, and this is what became of it.
    fn ended(&mut self, _: &Record) {}
}

/// A tap that writes the trace.
#[derive(Debug)]
pub struct Rows<F>(pub F);

impl<F: FnMut(Row)> Tap for Rows<F> {
    fn step(
        &mut self,
        now: Time,
        event: Event,
        before: &Session,
        after: &Session,
        effects: &[Effect],
    ) {
        // Which waits a cluster asks for is not a step of the lifecycle.
        if !matches!(event, Event::Routed(_)) {
            self.0(Row::new(now, event, before, after, effects));
        }
    }
}

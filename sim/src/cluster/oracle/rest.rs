//! What is left at the end, and whether the proxy's own counts say what the wire says.

use super::{Court, Rule};
use crate::cluster::{configured::NAME, play::Left};
use tidegate::observe::Kind;
use tidegate_core::side::Side;

impl Court<'_> {
    pub(super) fn judge_rest(&mut self) {
        let (done, left) = (self.played.done, self.played.left);
        self.unless(done, Rule::Answered, || {
            "it has not come to an end".to_owned()
        });
        if !done {
            return;
        }
        self.unless(left == Left::default(), Rule::Rest, || format!("{left:?}"));
        let Some(metrics) = &self.played.metrics else {
            return;
        };
        let legs = |side: Side| {
            let ends = metrics.counters.ends.iter();
            let ends = ends.filter(|(end, _)| end.leg == side && end.kind != Kind::Unconnected);
            ends.map(|(_, count)| count).sum::<u64>()
        };
        let told = [legs(Side::Down), legs(Side::Up)];
        let (depth, waited) = metrics.queues.counts(NAME);
        let seen = [self.wire.clients, self.wire.upstream];
        self.unless(told == seen, Rule::Rest, || {
            format!("it tells of {told:?} legs, down and up, and there were {seen:?}")
        });
        let surely = self.waited() as u64;
        self.unless(depth == 0 && waited >= surely, Rule::Rest, || {
            format!("it tells of {waited} that waited, {depth} of them still, and {surely} did")
        });
    }
}

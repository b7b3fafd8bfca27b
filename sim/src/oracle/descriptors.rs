//! The judge of what the proxy did with its connections themselves: each is told one end, and closed
//! or reset once, in order (LIFECYCLE 4.11, I7, I8, I18). It looks at the simulated sockets, and at
//! what peers read behind an end.

use super::{Court, Invariant};
use crate::world::Net;

impl Court<'_> {
    pub(super) fn judge_descriptors(&mut self) {
        let outcome = self.outcome;
        let (hasty, dropped) = (outcome.hasty_closes, outcome.dropped);
        self.unless(hasty == 0, Invariant::CloseInOrder, || {
            format!("{hasty} connections were closed before all they had sent had arrived")
        });
        self.unless(dropped == 0, Invariant::ClosedOnce, || {
            format!("{dropped} connections were let go of, neither closed nor reset")
        });
        let descriptors = outcome.descriptors;
        let held = outcome.net == Net::Fast && outcome.is_over() && descriptors > outcome.idle;
        self.unless(!held, Invariant::NoLeak, || {
            format!("{descriptors} connections are over and not closed")
        });
        let again = outcome.second_ends;
        self.unless(again == 0, Invariant::OneEnd, || {
            format!("{again} connections were told two ends")
        });
        let mut logs = outcome.origins.iter().chain([&outcome.client]);
        let behind = logs.find(|log| log.seen.behind_end > 0);
        self.unless(behind.is_none(), Invariant::OneEnd, || {
            let bytes = behind.map_or(0, |log| log.seen.behind_end);
            format!("{bytes} bytes of records came behind a close_notify")
        });
    }

    /// The kernel would send it 200 ms later: nobody may wait for that. Asked last, for whatever else is wrong
    /// tells more.
    pub(super) fn judge_kept_back(&mut self) {
        let forgotten = self.outcome.forgotten;
        self.unless(forgotten == 0, Invariant::KeptBack, || {
            format!("{forgotten} times bytes were kept back for more, and none followed")
        });
    }
}

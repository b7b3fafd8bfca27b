//! Why the clients' connections were closed, as the proxy counts it, held against what the clients did
//! (PRODUCT section 7).

use super::{Court, Rule};
use crate::cluster::{log::Fact, plan::Leave};
use tidegate_core::close::CloseCause;

impl Court<'_> {
    /// Each connection has one cause, and it is one that its client has given: whatever an endpoint does is
    /// told to the client in an answer, and closes nothing by itself.
    pub(super) fn judge_causes(&mut self) {
        let Some(metrics) = &self.played.metrics else {
            return;
        };
        let closed = |cause| metrics.listeners.closed(cause);
        let (clients, all): (u64, u64) = (
            self.wire.clients,
            CloseCause::ALL.into_iter().map(closed).sum(),
        );
        self.unless(clients == all, Rule::Cause, || {
            format!("{all} causes for {clients} connections")
        });
        for cause in CloseCause::ALL {
            let (count, most) = (closed(cause), self.at_most_closed(cause));
            self.unless(count <= most, Rule::Cause, || {
                format!("{count} closed for {cause}, and at most {most} were")
            });
        }
    }

    /// How many connections may have been closed for that.
    fn at_most_closed(&self, cause: CloseCause) -> u64 {
        let count = |which: &dyn Fn(&Fact) -> bool| {
            let all = self.played.log.iter();
            all.filter(|entry| which(&entry.fact)).count() as u64
        };
        let is_reset = |fact: &Fact| matches!(fact, Fact::Left(_, Leave::Reset) | Fact::Lost(_));
        // In order: by the client, or behind the answer to a request that was its last.
        let in_order = [CloseCause::ClientFin, CloseCause::Completed];
        if cause == CloseCause::ClientReset {
            count(&is_reset)
        } else if in_order.contains(&cause) {
            self.wire.clients
        } else {
            0
        }
    }
}

//! What must hold after every step, where somebody wants to know (`--paranoid`, every test): the
//! wait-for graph leads somewhere, and the session's counts are those of the transports.

use super::{Driver, wire};
use crate::net::Network;
use tidegate_core::{
    record::{Replay, rebuilt, replay},
    session::Kind,
    side::Side,
    time::Moment,
};

impl<N: Network> Driver<N> {
    pub(super) fn check(&self) {
        if !self.service.paranoid {
            return;
        }
        if let Err(stuck) = self.session.check() {
            panic!("nothing leads to {stuck:?}: {:?}", self.session);
        }
        for side in Side::BOTH {
            let piped = wire::size(self.lanes[side.other() as usize].bytes());
            let (held, counted) = (
                self.wires[side as usize].outbox.len() + piped,
                self.session.to(side).bytes(),
            );
            assert!(
                held == usize::try_from(counted).unwrap_or(usize::MAX),
                "{side}: {held} bytes held, {counted} counted"
            );
            self.check_sums(side);
        }
        self.check_watch();
        if let Some(again) = rebuilt(&self.session, self.now) {
            let same = again == self.session;
            assert!(same, "{again:?} is not {:?}", self.session);
        }
        if self.session.can_be_put_away() {
            self.check_dormant();
        }
        // At the end, and now and then before it: the whole is played again.
        if self.session.is_closed() || self.now.0.is_multiple_of(16) {
            self.check_timeline();
        }
    }

    /// Each leg's network watches for what it should, or will be told to (LIFECYCLE section 3).
    fn check_watch(&self) {
        for side in Side::BOTH {
            assert!(
                self.watch_at != Moment::NEVER || !self.is_unwatched(side),
                "{side}: nobody tells the network of {:?}",
                self.session.vigil(side)
            );
        }
    }

    /// Put away and woken, it is this very session, and tells the same of itself.
    fn check_dormant(&self) {
        let dormant = self.session.clone().put_away();
        let again = dormant.wake(&self.service.setup);
        let same = again == self.session && again.report() == self.session.report();
        assert!(same, "{again:?} is not {:?}", self.session);
    }

    /// What the recorder has kept leads to this very session, and its file tells the same.
    fn check_timeline(&self) {
        let timeline = self.timeline();
        let Some(again) = timeline.session() else {
            return;
        };
        assert!(
            again == self.session,
            "another session than {:?} follows from\n{}",
            self.session,
            timeline.write(None)
        );
        #[cfg(feature = "known-bad")]
        if self.service.setup.variant.is_some() {
            // A file has no word for a wrong rule.
            return;
        }
        // Writing takes longer than all else here: of four sessions one is also read back from its file.
        if !(self.now.0 ^ self.begun.0).is_multiple_of(4) {
            return;
        }
        let (file, steps) = (timeline.write(None), timeline.steps().len());
        let played = replay(&file, &mut |_| {});
        assert!(
            played == Ok(Replay::Same { steps }),
            "{played:?} is not what was written:\n{file}"
        );
    }

    /// I20: the session's sums are those of the transports. What HTTP says is written anew, so it
    /// is counted as it leaves, and not as it came.
    fn check_sums(&self, side: Side) {
        let told = &self.wires[side as usize].told;
        let delivered = self.session.to(side).tally().delivered;
        assert!(
            told.written == delivered,
            "{side}: {} bytes written, {delivered} counted",
            told.written
        );
        let received = self.session.from(side).tally().received + told.thrown;
        assert!(
            self.service.setup.kind == Kind::Http || told.read == received,
            "{side}: {} bytes read, {received} counted",
            told.read
        );
    }
}

#[cfg(all(test, target_pointer_width = "64"))]
mod tests {
    use crate::{
        driver::{Driver, dormant::Dormant},
        net::kernel::{Kernel, KernelStream},
    };
    use tidegate_core::{event::Event, session::Session, spare::Spare};

    /// What an idle connection costs is this, and what the runtime keeps of its waker and its sockets: a
    /// field more is a decision. An event is copied with every step.
    #[test]
    fn a_session_is_small() {
        for (what, bytes, most) in [
            ("session", size_of::<Session>(), 504),
            ("driver", size_of::<Driver<Kernel>>(), 1_400),
            (
                "driver that was put away",
                size_of::<Dormant<Kernel>>(),
                576,
            ),
            ("stream", size_of::<KernelStream>(), 88),
            ("spare leg", size_of::<Spare>(), 248),
            ("event", size_of::<Event>(), 56),
        ] {
            assert!(bytes <= most, "a {what} has {bytes} bytes");
        }
    }
}

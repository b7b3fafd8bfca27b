//! What a kernel does about a peer that is not heard of any more: keepalive and TCP_USER_TIMEOUT
//! (K13, K24, K25).
//!
//! On a way that is not cut every question is answered, which nobody would notice, so nothing is
//! sent and no time is spent on it. On one that is, it is known beforehand when a kernel will have
//! asked often enough. Where this differs from Linux: a live peer with a zero window is not given up
//! (the second half of K24), and a peer's kernel never forgets a closed connection.

use super::{EndId, Fabric, ends::Phase};
use crate::errno::Errno;
use tidegate_core::{
    time::{Span, Time},
    vigil::Vigil,
};

/// How long Linux sends again what nobody acknowledges, if it is not told otherwise: about so long
/// with `tcp_retries2` at 15.
const RETRIES: Span = Span::from_secs(924);

/// What one end watches for, and what it has seen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Watch {
    /// What it was told; a peer's socket in a simulation is told nothing, and asks nobody.
    pub(super) vigil: Option<Vigil>,
    /// When something last arrived.
    pub(super) heard: Time,
    /// Since when nothing that is outstanding has been acknowledged.
    pub(super) waiting: Option<Time>,
    acked_bytes: u64,
}

impl Default for Watch {
    fn default() -> Self {
        Watch::new(Time(0))
    }
}

impl Watch {
    pub(super) fn new(now: Time) -> Watch {
        Watch {
            vigil: None,
            heard: now,
            waiting: None,
            acked_bytes: 0,
        }
    }

    /// The socket has been used, or has heard something.
    pub(super) fn look(&mut self, now: Time, acked_bytes: u64, unacked_bytes: u32) {
        let progress = acked_bytes != self.acked_bytes;
        self.acked_bytes = acked_bytes;
        self.waiting = match (unacked_bytes, self.waiting) {
            (0, _) => None,
            (_, Some(since)) if !progress => Some(since),
            (_, _) => Some(now),
        };
    }

    /// When the kernel gives the connection up, whose ways were cut at `cut`.
    fn death(&self, cut: Time) -> Option<Time> {
        let vigil = self.vigil?;
        if let Some(since) = self.waiting {
            // Linux asks nothing while there is something to send again.
            return Some(since + vigil.unacked.unwrap_or(RETRIES));
        }
        // The last question that was answered.
        let asked = cut.since(self.heard).0 / vigil.idle.0.max(1);
        let heard = Time(self.heard.0 + asked * vigil.idle.0);
        Some(heard + vigil.given_up())
    }
}

impl Fabric {
    /// Tells an end what to watch for.
    pub(in crate::fast) fn watch(&mut self, id: EndId, vigil: Vigil) {
        self.ends[id.0].watch.vigil = Some(vigil);
    }

    /// Whether an end watches for that.
    pub(in crate::fast) fn watches(&self, id: EndId, vigil: Vigil) -> bool {
        self.ends[id.0].watch.vigil == Some(vigil)
    }

    /// The ends that nobody will hear of any more, and when their kernels know it.
    fn deaths(&self) -> impl Iterator<Item = (Time, EndId)> + '_ {
        let cut = |from: usize, to: usize| self.ways[from * self.hosts + to].cut;
        let ends = self.ends.iter().enumerate();
        ends.filter_map(move |(index, end)| {
            let open = matches!(end.phase, Phase::Open);
            let held = end.socket.as_ref().is_some_and(|socket| socket.is_held());
            let cut = cut(end.peer_host, end.host)?;
            let at = end.watch.death(cut)?;
            (open && held).then_some((at, EndId(index)))
        })
    }

    /// When the next of them dies.
    pub(super) fn next_death(&self) -> Option<Time> {
        // Almost no run has a cut.
        let any = self.ways.iter().any(|way| way.cut.is_some());
        any.then(|| self.deaths().map(|(at, _)| at).min()).flatten()
    }

    /// Those whose time has come fail.
    pub(super) fn bury(&mut self) {
        if self.next_death().is_none_or(|at| at > self.now) {
            return;
        }
        let now = self.now;
        let due: Vec<EndId> = self
            .deaths()
            .filter(|(at, _)| *at <= now)
            .map(|(_, id)| id)
            .collect();
        for id in due {
            self.with(id, |socket, _| socket.fail_with(Errno::ETIMEDOUT));
        }
    }
}

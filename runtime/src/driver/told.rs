//! What a session tells of itself: what became of it, and its last steps.

use super::Driver;
use crate::{
    net::Network,
    observe::{self, Record},
    port,
    roll::Ended,
};
use std::{fmt, net::SocketAddr, rc::Rc};
use tidegate_core::{close::CloseCause, record::Timeline};

impl<N: Network> fmt::Debug for Driver<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver")
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

impl<N: Network> Driver<N> {
    /// What became of it, or has become of it so far.
    #[must_use]
    pub fn record(&self) -> Record {
        Record {
            conn: self.conn,
            listener: Rc::clone(&self.service.name),
            client: self.client(),
            endpoint: self.endpoint().to_owned(),
            report: self.session.report(),
            wires: [0, 1].map(|side: usize| self.wires[side].told.wired()),
            now: self.now,
            handed_over: self.service.drain.was_handed_over(),
        }
    }

    /// Why it was closed, if it was.
    pub(super) fn cause(&self) -> Option<CloseCause> {
        let handed_over = self.service.drain.was_handed_over();
        observe::cause(&self.session.report(), handed_over)
    }

    /// Whose connection it is, as far as is known.
    pub(super) fn client(&self) -> SocketAddr {
        port::client(self.client.get())
    }

    /// The name of the endpoint of its last upstream leg; empty if there was none.
    pub(super) fn endpoint(&self) -> &str {
        self.endpoint.as_deref().unwrap_or_default()
    }

    /// It is over, and whoever records sessions is to have its steps.
    pub(super) fn tell_recorders(&self, cause: CloseCause) {
        let cluster = self.cluster_index();
        let cluster = cluster.and_then(|cluster| self.service.upstreams.name(cluster));
        let ended = || Ended {
            conn: self.conn,
            listener: self.service.name.to_string(),
            cluster: cluster.map(str::to_owned),
            cause,
            age: self.now.since(self.begun),
            timeline: String::new(),
        };
        let claim = || format!("{} of listener {}: {cause}", self.conn, self.service.name);
        self.presence
            .ended(ended, || self.timeline().write(Some(&claim())));
    }

    /// Its last steps, to be shown and to be played again.
    #[must_use]
    pub fn timeline(&self) -> Timeline {
        self.recorder.timeline(&self.service.setup)
    }
}

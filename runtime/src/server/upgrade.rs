//! Another process in place of this one, without a connection that is refused or reset (LIFECYCLE 4.9).
//!
//! The new one is started by the old one and given its listening sockets, so that their queues are never
//! without somebody who empties them. It reads its configuration, loads what it needs, and says that it is
//! ready; it is told to begin, and says that it serves; only then a supervisor is told of it, and the old one
//! drains. Until then the old one serves as if nothing had been, and if anything goes wrong it goes on so.
//!
//! It owns the upgrade that is under way, if one is.

mod before;
mod between;
mod letter;
mod own;
mod start;

pub use self::before::Before;
use self::{
    own::Own,
    start::{Gifts, Started, start},
};
use super::{control::Upgraded, reload::Current, supervised};
use crate::admin::Admin;
use std::{io, path::PathBuf, time::Duration};
use tidegate_core::time::Span;
use tokio::sync::oneshot;

/// The variable that names the line between the two.
const LINE: &str = "TIDEGATE_HANDOVER";

/// How long each may be silent while there is nothing to wait for but the other.
const PATIENCE: Duration = Duration::from_secs(10);
/// And one that was told to serve, where whoever told it is to leave. Also that one, once the other serves: all
/// that it has yet to do is to say so to a supervisor.
const LAST: Duration = Duration::from_secs(1);

/// How long the new one may take until it is ready, where nobody says otherwise: it looks up names.
const WITHIN: Duration = Duration::from_secs(30);

/// Why process 1 never begins one.
const FIRST: &str =
    "this is process 1, and whatever is in its container ends with it: start another container";

/// What is wanted.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// What is started; if nobody says, whatever is now where this process was started from.
    pub binary: Option<PathBuf>,
    /// How long it may take until it is ready.
    pub within: Duration,
    /// How long what is left here may take then; as the configuration has it if nobody says.
    pub deadline: Option<Span>,
}

impl Default for Wanted {
    fn default() -> Self {
        Wanted {
            binary: None,
            within: WITHIN,
            deadline: None,
        }
    }
}

/// Who serves now, and what it has of what an operator asks at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Handed {
    pub(super) pid: u32,
    unix: bool,
    http: bool,
}

/// Who wants to know what came of it.
type Asker = oneshot::Sender<Result<Upgraded, String>>;

/// The upgrades of a process: one at a time, and none after one that went well.
#[derive(Debug)]
pub(super) struct Upgrades {
    own: Own,
    under_way: Option<UnderWay>,
}

#[derive(Debug)]
struct UnderWay {
    started: Started,
    asker: Option<Asker>,
    deadline: Option<Span>,
}

impl Upgrades {
    pub(super) fn new() -> Upgrades {
        Upgrades {
            own: Own::new(),
            under_way: None,
        }
    }

    /// Whether one is under way.
    pub(super) fn is_under_way(&self) -> bool {
        self.under_way.is_some()
    }

    /// Begins one.
    pub(super) fn begin(
        &mut self,
        wanted: &Wanted,
        asker: Option<Asker>,
        current: &Current,
        admin: &Admin,
    ) {
        let started = match self.under_way {
            Some(_) => Err("an upgrade is under way".to_owned()),
            None if std::process::id() == 1 => Err(FIRST.to_owned()),
            None => gifts(current, admin)
                .map_err(|error| format!("cannot hand over all listening sockets: {error}"))
                .and_then(|gifts| start(&self.own, wanted, gifts)),
        };
        match started {
            Ok(started) => {
                tracing::info!("upgrading: another process is started");
                self.under_way = Some(UnderWay {
                    started,
                    asker,
                    deadline: wanted.deadline,
                });
            }
            Err(why) => refused(asker, why),
        }
    }

    /// We leave: whoever was to serve after us and does not yet never will. Somebody who does by now is told of
    /// as ever; says whether there is one.
    pub(super) async fn abandon(&mut self, admin: &mut Admin) -> bool {
        let Some(UnderWay { started, asker, .. }) = self.under_way.take() else {
            return false;
        };
        let Started { done, go_on } = started;
        drop(go_on);
        // Whoever is ended must be so before we are: alone, it would serve.
        match done.await {
            Ok(Ok(handed)) => {
                handed.tell(asker, admin);
                true
            }
            Ok(Err(_)) | Err(_) => {
                let why = "this process leaves";
                tracing::error!("not upgraded: {why}");
                answer(asker, Err(why.to_owned()));
                false
            }
        }
    }

    /// This process leaves in order: whoever served before it need not wonder at its end.
    pub(super) fn leaves(&self) {
        before::leaves();
    }

    /// Waits for whoever served before and still drains: with the end of its main process systemd kills whatever
    /// is left of a service.
    pub(super) async fn outlast(&self) {
        if !supervised::is_there() {
            return;
        }
        if let Some(over) = before::still_there() {
            tracing::info!("all is over here; the process before drains, and is waited for");
            // A thread that has failed has said so.
            let _over = over.await;
        }
    }

    /// Waits for the end of what is under way. If another process serves now, says so, and how long what is
    /// left may take.
    pub(super) async fn done(&mut self) -> Option<(Handed, Option<Asker>, Option<Span>)> {
        let Some(under_way) = &mut self.under_way else {
            return std::future::pending().await;
        };
        let outcome = (&mut under_way.started.done).await;
        let UnderWay {
            asker, deadline, ..
        } = self.under_way.take()?;
        match outcome {
            Ok(Ok(handed)) => Some((handed, asker, deadline)),
            Ok(Err(why)) => {
                refused(asker, why);
                None
            }
            Err(_) => {
                refused(
                    asker,
                    "the thread that was to lead it has failed".to_owned(),
                );
                None
            }
        }
    }
}

impl Handed {
    /// Another process serves: whoever asks from now on asks that one. Tells `asker` so, and where this one is
    /// asked.
    pub(super) fn tell(self, asker: Option<Asker>, admin: &mut Admin) {
        let pid = self.pid;
        let asked_at = admin.hand_over((self.unix, self.http));
        tracing::info!(pid, "another process serves");
        answer(asker, Ok(Upgraded { pid, asked_at }));
    }
}

fn refused(asker: Option<Asker>, why: String) {
    tracing::error!("not upgraded: {}; this process goes on", why.trim_end());
    answer(asker, Err(why));
}

fn answer(asker: Option<Asker>, outcome: Result<Upgraded, String>) {
    if let Some(asker) = asker {
        // Whoever has asked may have gone; it is so all the same.
        let _heard = asker.send(outcome);
    }
}

fn gifts(current: &Current, admin: &Admin) -> io::Result<Gifts> {
    let common = &current.common;
    let bound: Vec<_> = common.sites.iter().map(|site| site.bind.clone()).collect();
    // As they were configured: in the order of the sites, which is that of the listeners.
    Ok(Gifts {
        listening: current
            .inherited
            .to_give(&common.config, &bound, &current.shares)?,
        admin: admin.given(),
        changes: common.changes(),
    })
}

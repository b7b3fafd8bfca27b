//! Leading the process: signals and an operator's words, until everything is over.
//!
//! It owns the order in which a process leaves. It waits for both, for the workers, and under a supervisor for
//! the process before.

use super::{
    Served, Signals, Word,
    ask::Workers,
    control::{Again, Control, Refused, Reloaded},
    deadline::Deadline,
    memory,
    reload::Current,
    supervised,
    upgrade::{Upgrades, Wanted},
    watcher::Watch,
};
use crate::{admin::Admin, config::Noted, log::Log};
use std::{cell::Cell, sync::Arc, time::Duration};
use tidegate_core::time::Span;
use tokio::{
    signal::unix::Signal,
    sync::{mpsc::UnboundedReceiver, oneshot, watch},
    time::sleep,
};

/// How long workers may take to be over once they have been told.
const GRACE: Duration = Duration::from_secs(1);

/// Who leads, and by what.
pub(super) struct Lead {
    pub(super) word: watch::Sender<Word>,
    pub(super) current: Current,
    pub(super) control: UnboundedReceiver<Control>,
    pub(super) workers: Workers,
    pub(super) upgrades: Upgrades,
    pub(super) watch: Watch,
    /// What was read of the configuration.
    pub(super) noted: Noted,
    /// Where an operator asks; whoever does is no connection of ours, and is not waited for.
    pub(super) admin: Admin,
    /// Gone once the workers are: their last lines are written.
    pub(super) log: Log,
    /// Ready when every worker is over.
    pub(super) over: oneshot::Receiver<Served>,
}

impl Lead {
    /// Serves until it is told to leave, and leaves.
    pub(super) async fn run(
        mut self,
        [terminate, interrupt, hangup, user1, user2]: [&mut Signal; 5],
        again: &mut Again<'_>,
    ) -> Served {
        let (limit, limits) = watch::channel(self.current.common.config.memory);
        tokio::task::spawn_local(memory::guard(Arc::clone(&self.current.process), limits));
        tokio::task::spawn_local(supervised::watched(self.workers.clone()));
        supervised::ready(self.current.generation);
        self.watch_over();
        let mut leaving = Leaving {
            handed: false,
            deadline: None,
        };
        loop {
            tokio::select! {
                () = signalled(terminate, interrupt) => break,
                _ = hangup.recv() => drop(self.read_again(again).await),
                path = self.watch.changed(), if !self.upgrades.is_under_way() => {
                    tracing::info!("{} has changed", path.display());
                    drop(self.read_again(again).await);
                }
                _ = user1.recv() => self.log.reopen(),
                _ = user2.recv() => {
                    self.upgrades.begin(&Wanted::default(), None, &self.current, &self.admin);
                }
                // Also of one that has come to nothing: what was not looked at meanwhile is from then on.
                done = self.upgrades.done() => if let Some((handed, asker, deadline)) = done {
                    handed.tell(asker, &mut self.admin);
                    leaving = Leaving { handed: true, deadline };
                    break;
                },
                Some(control) = self.control.recv() => match self.obey(control, again).await {
                    Next::Serve => {}
                    Next::Leave(deadline) => {
                        leaving.deadline = deadline;
                        break;
                    }
                    Next::Stop => {
                        self.upgrades.leaves();
                        self.say(Word::Stop);
                        self.upgrades.abandon(&mut self.admin).await;
                        let served = self.over.await.unwrap_or(Served::Forced);
                        last_answers(self.control, self.admin).await;
                        return served;
                    }
                },
            }
            limit.send_replace(self.current.common.config.memory);
        }
        self.upgrades.leaves();
        // Who waits in a queue is still served (G2).
        limit.send_replace(None);
        let served = self.leave((terminate, interrupt, user1), leaving).await;
        last_answers(self.control, self.admin).await;
        served
    }

    /// Finishes what is in flight, as long as that may take.
    async fn leave(
        &mut self,
        (terminate, interrupt, user1): (&mut Signal, &mut Signal, &mut Signal),
        Leaving { handed, deadline }: Leaving,
    ) -> Served {
        let handed = self.upgrades.abandon(&mut self.admin).await || handed;
        if !handed {
            supervised::stopping();
        }
        let Lead {
            word,
            current,
            control,
            over,
            upgrades,
            log,
            ..
        } = self;
        // A worker that is gone needs no word.
        let say = |it: Word| {
            let _heard = word.send(it);
        };
        let drain = current.common.config.drain;
        let most = wait(deadline.unwrap_or(drain.timeout));
        // Nobody need hear that it goes: whoever connects is served by another.
        let (delay, drains) = match handed {
            true => (Duration::ZERO, Word::HandedOver),
            false => {
                say(Word::Leave);
                (wait(drain.pre_delay), Word::Drain)
            }
        };
        let deadline = Deadline::after(delay, most);
        if !delay.is_zero() {
            tracing::info!(?delay, "not ready any more; connections are still accepted");
        }
        let ended = Cell::new(None);
        let all = async {
            ended.set(Some((&mut *over).await.unwrap_or(Served::Forced)));
            upgrades.outlast().await;
        };
        let leave = async {
            sleep(delay).await;
            tracing::info!(deadline = ?deadline.left(), "draining; a second signal stops");
            current.shares.close();
            say(drains);
            deadline.has_come().await;
            if ended.get().is_some() {
                // Who is left is not ours.
                return;
            }
            tracing::warn!("the drain deadline has passed; what is left is reset");
            say(Word::Expired);
            sleep(GRACE).await;
        };
        tokio::select! {
            () = all => {}
            () = reopens(log, user1) => {}
            () = signalled(terminate, interrupt) => {}
            () = leave => {}
            () = answers(control, current, (word, &deadline)) => {}
        }
        if let Some(served) = ended.get() {
            return served;
        }
        say(Word::Stop);
        over.await.unwrap_or(Served::Forced)
    }

    async fn read_again(&mut self, again: &mut Again<'_>) -> Result<Vec<String>, String> {
        if self.upgrades.is_under_way() {
            tracing::warn!(
                "not reloaded: an upgrade is under way, and reads the configuration too"
            );
            return Err("an upgrade is under way, and reads the configuration too".to_owned());
        }
        supervised::reloading();
        let done = self.current.read_again(again).await;
        supervised::ready(self.current.generation);
        self.watch_over();
        done
    }

    /// The same configuration, with certificates that are new.
    async fn renew(&mut self) -> Result<u64, Refused> {
        if self.upgrades.is_under_way() {
            let why = "an upgrade is under way, and reads the certificates too";
            return Err(Refused::Busy(why.to_owned()));
        }
        supervised::reloading();
        let done = self.current.renew().await;
        supervised::ready(self.current.generation);
        done.map(|()| self.current.generation)
    }

    /// Watches what was read last, right or wrong, if that is configured.
    fn watch_over(&mut self) {
        self.watch = match self.current.common.config.watch {
            true => Watch::over(&self.noted),
            false => Watch::default(),
        };
    }

    async fn obey(&mut self, control: Control, again: &mut Again<'_>) -> Next {
        match control {
            Control::Reload(told) => {
                let done = self.read_again(again).await;
                let generation = self.current.generation;
                let done = done.map(|plan| Reloaded { generation, plan });
                // Whoever has asked may have gone; it is done all the same.
                let _heard = told.send(done);
                Next::Serve
            }
            Control::Renew(told) => {
                let _heard = told.send(self.renew().await);
                Next::Serve
            }
            Control::Plan(told) => {
                let read = self.noted.aside(again);
                let plan = read.map(|config| self.current.plan(&config));
                let _heard = told.send(plan);
                Next::Serve
            }
            Control::Change(wish, told) => {
                // Whoever is being started would not hear of it.
                let done = match self.upgrades.is_under_way() {
                    true => {
                        let why = "an upgrade is under way: ask the process that serves then";
                        Err(Refused::Busy(why.to_owned()))
                    }
                    false => self.current.change(&wish).map_err(Refused::Wrong),
                };
                let _heard = told.send(done);
                Next::Serve
            }
            Control::Upgrade(wanted, told) => {
                let (upgrades, current) = (&mut self.upgrades, &self.current);
                upgrades.begin(&wanted, Some(told), current, &self.admin);
                Next::Serve
            }
            Control::Drain(deadline, told) => {
                let _heard = told.send(());
                Next::Leave(deadline)
            }
            Control::Status(_) => {
                answer(control, &self.current, (Word::Serve, None));
                Next::Serve
            }
            Control::Stop(told) => {
                let _heard = told.send(());
                Next::Stop
            }
        }
    }

    fn say(&self, word: Word) {
        let _heard = self.word.send(word);
    }
}

/// How it leaves: for good, or as another process has taken over; and how long that may take, if that was
/// said.
struct Leaving {
    handed: bool,
    deadline: Option<Span>,
}

enum Next {
    Serve,
    Leave(Option<Span>),
    Stop,
}

/// Whoever rotates logs tells all who write there, also who leaves for hours.
async fn reopens(log: &Log, user1: &mut Signal) {
    while user1.recv().await.is_some() {
        log.reopen();
    }
    std::future::pending().await
}

/// Answers while it leaves, until it is to stop.
async fn answers(
    control: &mut UnboundedReceiver<Control>,
    current: &Current,
    (word, deadline): (&watch::Sender<Word>, &Deadline),
) {
    while let Some(asked) = control.recv().await {
        if let Control::Drain(Some(most), _) = asked {
            deadline.sooner(wait(most));
        }
        if answer(asked, current, (*word.borrow(), Some(deadline.left()))) {
            return;
        }
    }
    std::future::pending().await
}

/// Answers one while it leaves; says whether it is to stop.
fn answer(control: Control, current: &Current, (word, left): (Word, Option<Duration>)) -> bool {
    let leaves = || "it drains, and reads no configuration any more".to_owned();
    let over = || "it drains: there is nothing to hand over any more".to_owned();
    match control {
        Control::Status(told) => {
            let _heard = told.send(current.status(word, left));
        }
        Control::Reload(told) => {
            let _heard = told.send(Err(leaves()));
        }
        Control::Renew(told) => {
            let _heard = told.send(Err(Refused::Busy(leaves())));
        }
        Control::Plan(told) => {
            let _heard = told.send(Err(leaves()));
        }
        Control::Upgrade(_, told) => {
            let _heard = told.send(Err(over()));
        }
        Control::Change(_, told) => {
            let why = "it drains: nothing new goes to any endpoint but by its last requests";
            let _heard = told.send(Err(Refused::Busy(why.to_owned())));
        }
        Control::Drain(_, told) => {
            let _heard = told.send(());
        }
        Control::Stop(told) => {
            let _heard = told.send(());
            return true;
        }
    }
    false
}

impl Signals {
    /// Leads until everything is over.
    pub(super) fn lead(self, lead: Lead, again: &mut Again<'_>) -> Served {
        let Signals {
            waiting,
            mut terminate,
            mut interrupt,
            mut hangup,
            mut user1,
            mut user2,
        } = self;
        let local = tokio::task::LocalSet::new();
        let signals = [
            &mut terminate,
            &mut interrupt,
            &mut hangup,
            &mut user1,
            &mut user2,
        ];
        local.block_on(&waiting, lead.run(signals, again))
    }
}

/// Nobody leads from now on: who asks is told that, who has been answered hears it.
async fn last_answers(control: UnboundedReceiver<Control>, admin: Admin) {
    drop(control);
    admin.finish().await;
}

async fn signalled(terminate: &mut Signal, interrupt: &mut Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

fn wait(span: Span) -> Duration {
    Duration::from_micros(span.0)
}

//! What an operator may ask of the process while it serves, and what it answers.
//!
//! It owns the words between the admin interface and the thread that leads the process; that one does
//! what is asked, in its own turn.

use super::{
    Word,
    changes::{Changed, Wish},
    reload::Current,
    upgrade::Wanted,
};
use crate::{
    config,
    members::{Member, Members},
    message::Message,
};
use std::{net::SocketAddr, path::PathBuf, time::Duration};
use tidegate_core::time::Span;
use tokio::sync::{mpsc::UnboundedSender, oneshot};

/// Something asked of the process.
#[derive(Debug)]
pub(super) enum Control {
    /// How it stands.
    Status(oneshot::Sender<Status>),
    /// To read its configuration again, and serve by it.
    Reload(oneshot::Sender<Result<Reloaded, String>>),
    /// To make its development certificates anew, and to read all others again.
    Renew(oneshot::Sender<Result<u64, Refused>>),
    /// What a reload would change.
    Plan(oneshot::Sender<Result<Vec<String>, String>>),
    /// To treat an endpoint otherwise than the file says.
    Change(Wish, oneshot::Sender<Result<Changed, Refused>>),
    /// To have another process serve in its place.
    Upgrade(Wanted, oneshot::Sender<Result<Upgraded, String>>),
    /// To finish what is in flight and end, within so long if that is said.
    Drain(Option<Span>, oneshot::Sender<()>),
    /// To end at once.
    Stop(oneshot::Sender<()>),
}

/// Why something that was asked was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It is wrong.
    Wrong(String),
    /// Now is not the time: another process is about to serve, or this one leaves.
    Busy(String),
}

/// What a reload came to.
#[derive(Clone, Debug)]
pub struct Reloaded {
    /// How often the configuration was read.
    pub generation: u64,
    /// What is different, a part each.
    pub plan: Vec<String>,
}

/// What an upgrade came to.
#[derive(Clone, Debug)]
pub struct Upgraded {
    /// Who serves now.
    pub pid: u32,
    /// Where this process is asked until it is over.
    pub asked_at: Option<PathBuf>,
}

/// How the process stands.
#[derive(Clone, Debug)]
pub struct Status {
    /// `starting`, `serving`, `leaving` or `draining`.
    pub state: &'static str,
    /// How long what is left may still take, in a drain.
    pub left: Option<Duration>,
    /// How often the configuration was read.
    pub generation: u64,
    /// How far Landlock confines it, and why not in all; nothing if it was not to.
    pub confined: Option<String>,
    /// How many workers there are.
    pub workers: usize,
    /// The listeners' names, and where they listen.
    pub listeners: Vec<(String, Vec<SocketAddr>)>,
    /// The clusters.
    pub clusters: Vec<ClusterStatus>,
    /// The configuration, as a file that says where each line was written, without what may be secret.
    pub config: String,
}

/// How a cluster stands, for all workers.
#[derive(Clone, Debug)]
pub struct ClusterStatus {
    /// Its name.
    pub name: String,
    /// How it chooses.
    pub balance: String,
    /// Its endpoints, those of one name an address each.
    pub endpoints: Vec<EndpointStatus>,
}

/// How an endpoint stands, for all workers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointStatus {
    /// `HOST:PORT` as configured.
    pub authority: String,
    /// The address in use.
    pub address: String,
    /// Whether its checks let it get work.
    pub up: bool,
    /// What it weighs, drained or not.
    pub weight: u32,
    /// Whether an operator has said that it gets nothing new.
    pub drained: bool,
    /// Whether anything of it is otherwise than the file says.
    pub changed: bool,
}

/// The process, to be asked from any thread.
#[derive(Clone, Debug)]
pub struct Process(pub(super) UnboundedSender<Control>);

impl Process {
    /// How it stands; nothing if it is over.
    pub async fn status(&self) -> Option<Status> {
        self.ask(Control::Status).await
    }

    /// Has it read its configuration again.
    pub async fn reload(&self) -> Option<Result<Reloaded, String>> {
        self.ask(Control::Reload).await
    }

    /// Has it make its development certificates anew, and read all others again; says which generation that
    /// is.
    pub async fn renew(&self) -> Option<Result<u64, Refused>> {
        self.ask(Control::Renew).await
    }

    /// What that would change.
    pub async fn plan(&self) -> Option<Result<Vec<String>, String>> {
        self.ask(Control::Plan).await
    }

    /// Treats an endpoint otherwise than the file says.
    pub async fn change(&self, wish: Wish) -> Option<Result<Changed, Refused>> {
        self.ask(|told| Control::Change(wish, told)).await
    }

    /// Has another process serve in its place.
    pub async fn upgrade(&self, wanted: Wanted) -> Option<Result<Upgraded, String>> {
        self.ask(|told| Control::Upgrade(wanted, told)).await
    }

    /// Has it finish what is in flight and end.
    pub async fn drain(&self, deadline: Option<Span>) -> Option<()> {
        self.ask(|told| Control::Drain(deadline, told)).await
    }

    /// Has it end at once.
    pub async fn stop(&self) -> Option<()> {
        self.ask(Control::Stop).await
    }

    async fn ask<T>(&self, control: impl FnOnce(oneshot::Sender<T>) -> Control) -> Option<T> {
        let (told, tells) = oneshot::channel();
        self.0.send(control(told)).ok()?;
        tells.await.ok()
    }
}

/// What a file was found to say, or a message for whoever wanted it read.
pub type Again<'a> = dyn FnMut() -> Result<config::Config, String> + 'a;

impl Current {
    /// How it stands, as far as it knows itself.
    pub(super) fn status(&self, word: Word, left: Option<Duration>) -> Status {
        let common = &self.common;
        let clusters = common.config.clusters.iter().filter_map(|cluster| {
            let members = common.members(&cluster.name)?;
            Some(ClusterStatus::of(cluster, &members))
        });
        let sites = common.sites.iter();
        Status {
            state: match word {
                Word::Start => "starting",
                Word::Serve => "serving",
                Word::Leave => "leaving",
                Word::Drain | Word::HandedOver | Word::Expired | Word::Stop => "draining",
            },
            left,
            generation: self.generation,
            confined: self.confined.as_ref().map(ToString::to_string),
            workers: common.workers,
            listeners: sites
                .map(|site| (site.listener.name.clone(), site.bind.clone()))
                .collect(),
            clusters: clusters.collect(),
            config: common.config.shown(),
        }
    }
}

impl ClusterStatus {
    /// Of one with these members.
    pub(super) fn of(cluster: &config::Cluster, members: &Members) -> ClusterStatus {
        let told = |one: &Member| EndpointStatus {
            authority: one.authority.to_string(),
            address: one.address.to_string(),
            up: one.up,
            weight: one.change.weight.unwrap_or(one.share.weight),
            drained: one.change.drained,
            changed: !one.change.is_none(),
        };
        // One of which no address is known is told of, too, if it is not as the file says.
        let known = |authority: &str| members.all.iter().any(|one| *one.authority == *authority);
        let without = members.changes.all().filter(|(one, _)| !known(one));
        let without = without.map(|(authority, change)| EndpointStatus {
            authority: authority.to_owned(),
            address: "-".to_owned(),
            up: false,
            weight: change.weight.unwrap_or_default(),
            drained: change.drained,
            changed: true,
        });
        ClusterStatus {
            name: cluster.name.clone(),
            balance: config::word(cluster.balance).to_owned(),
            endpoints: members.all.iter().map(told).chain(without).collect(),
        }
    }
}

/// A message in one line, as whoever asked hears it.
pub(super) fn line(message: &Message) -> String {
    let next = message.next().map(|next| format!("; {next}"));
    format!(
        "{}: {}{}",
        message.code(),
        message.what(),
        next.unwrap_or_default()
    )
}

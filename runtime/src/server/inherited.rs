//! What a process is given as it is started: listening sockets, by the process that it takes over from or
//! by its supervisor.
//!
//! It owns them until a listener of the configuration asks for them. What nobody asks for of a supervisor's is
//! kept open: the next reload may.

use super::{changes, upgrade::Before};
use crate::{
    admin,
    config::{Config, Listener},
    members::Members,
    net::kernel::{Shares, listens_at},
    sys,
};
use std::{io, mem, net::SocketAddr, os::fd::OwnedFd};

/// What this process was given.
#[derive(Debug, Default)]
pub struct Inherited {
    pub(super) listening: Vec<Given>,
    /// What an operator asks at.
    pub(super) admin: admin::Given,
    /// What an operator has changed of endpoints.
    pub(super) changes: changes::All,
}

/// A listening socket.
#[derive(Debug)]
pub(super) struct Given {
    /// Of the listener, or what the supervisor calls it.
    pub(super) name: String,
    /// Where it was configured to listen, if that is known: any port may have become one.
    pub(super) bind: Option<SocketAddr>,
    pub(super) at: SocketAddr,
    pub(super) socket: OwnedFd,
}

impl Given {
    /// The same socket, in another descriptor.
    ///
    /// # Errors
    /// There is no descriptor left.
    pub(super) fn again(&self) -> io::Result<Given> {
        Ok(Given {
            name: self.name.clone(),
            socket: self.socket.try_clone()?,
            ..*self
        })
    }
}

impl Inherited {
    /// What there is, asked for once, before there is any thread; and who serves until we do, if that is so.
    ///
    /// # Errors
    /// Who began to hand over did not go through with it.
    pub fn take() -> Result<(Inherited, Option<Before>), String> {
        let Some(before) = Before::take() else {
            let inherited = Inherited {
                listening: activated(),
                ..Inherited::default()
            };
            return Ok((inherited, None));
        };
        let inherited = before.handed()?;
        Ok((inherited, Some(before)))
    }

    /// What is known of the cluster of this name, if anything is.
    pub(super) fn members(&self, cluster: &str) -> Option<Members> {
        let changes = self.changes.get(cluster)?.clone();
        Some(Members {
            all: [].into(),
            lacking: None,
            changes,
        })
    }

    /// What is there for `listener` to listen at `address`, and where that is.
    pub(super) fn of(
        &mut self,
        listener: &Listener,
        address: SocketAddr,
    ) -> Option<(SocketAddr, Vec<Given>)> {
        let means = |given: &&Given| {
            let named = given.name == listener.name;
            let meant = match given.bind {
                Some(bind) => bind == address,
                None => address.port() == 0 || address.port() == given.at.port(),
            };
            given.at == address || named && meant
        };
        let at = self.listening.iter().find(means)?.at;
        let (taken, left) = mem::take(&mut self.listening)
            .into_iter()
            .partition::<Vec<_>, _>(|given| given.at == at);
        self.listening = left;
        Some((at, taken))
    }

    /// What was asked for, by a configuration that will not be served by after all.
    pub(super) fn put_back(&mut self, given: impl IntoIterator<Item = (SocketAddr, Vec<Given>)>) {
        self.listening
            .extend(given.into_iter().flat_map(|(_, given)| given));
    }

    /// Says what nobody has asked for.
    pub(super) fn tell_unused(&self) {
        for Given { name, at, .. } in &self.listening {
            tracing::warn!(
                "nobody takes the socket `{name}` at {at} that we were given: no listener has this name or address"
            );
        }
    }

    /// Closes what nobody has asked for, as a reload would: a socket that listens and is never accepted from
    /// keeps whoever connects waiting.
    pub(super) fn close_unused(&mut self) {
        for Given { name, at, .. } in self.listening.drain(..) {
            tracing::info!(
                "{at} is closed: no listener has the name `{name}` or this address any more"
            );
        }
    }

    /// What another process would be given of ours: all of it, or the queues of what is left out would be
    /// closed with whoever waits in them.
    ///
    /// # Errors
    /// There is no descriptor left.
    pub(super) fn of_ours(
        config: &Config,
        bound: &[Vec<SocketAddr>],
        shares: &Shares,
    ) -> io::Result<Vec<Given>> {
        let sockets = shares.sockets().open()?;
        let of = |at: SocketAddr| {
            let mut all = config.listeners.iter().zip(bound);
            all.find_map(|(listener, bound)| {
                let nth = bound.iter().position(|one| *one == at)?;
                Some((listener.name.clone(), listener.bind.get(nth).copied()))
            })
        };
        // One that belongs to no listener any more is emptied and closed by us.
        let given = sockets.into_iter().filter_map(|(at, socket)| {
            let (name, bind) = of(at)?;
            Some(Given {
                name,
                bind,
                at,
                socket,
            })
        });
        Ok(given.collect())
    }
}

/// What the supervisor has opened for us (sd_listen_fds(3)).
fn activated() -> Vec<Given> {
    let named = match sd_notify::listen_fds_with_names() {
        Ok(named) => named,
        Err(error) => {
            tracing::warn!(%error, "the sockets that a supervisor seems to have opened are not used");
            return Vec::new();
        }
    };
    let mut all = Vec::new();
    for (number, name) in named {
        let socket = match sys::inherited(number) {
            Ok(socket) => socket,
            Err(error) => {
                tracing::warn!(%error, "the socket `{name}` is not there");
                continue;
            }
        };
        match listens_at(&socket) {
            Ok(at) => all.push(Given {
                name,
                bind: None,
                at,
                socket,
            }),
            Err(why) => tracing::warn!("the socket `{name}` is not used: {why}"),
        }
    }
    all
}

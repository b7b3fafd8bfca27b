//! What a process is given as it is started: listening sockets, by the process that it takes over from or
//! by its supervisor.
//!
//! It owns them until a listener of the configuration asks for them. A supervisor's are held for as long as the
//! process lives, and given to the next one, whether a listener has them or not: a reload may want them then. The
//! supervisor has them open anyhow, so nobody could listen there anew, and whoever connects waits in the queue.

use super::{changes, upgrade::Before};
use crate::{
    admin,
    config::{Config, Listener},
    members::UntilNow,
    net::kernel::{Shares, listens_at},
    sys,
};
use rustix::net::sockopt;
use std::{io, net::SocketAddr, os::fd::OwnedFd};

/// What this process was given.
#[derive(Debug, Default)]
pub struct Inherited {
    pub(super) listening: Listening,
    /// What an operator asks at.
    pub(super) admin: admin::Given,
    /// What an operator has changed of endpoints, and where their names were.
    pub(super) changes: changes::All,
}

/// The listening sockets of it.
#[derive(Debug, Default)]
pub(super) struct Listening {
    /// What no listener has.
    left: Vec<Given>,
    /// The same as listeners have of what a supervisor has opened: there once they are gone.
    kept: Vec<Given>,
}

impl FromIterator<Given> for Listening {
    fn from_iter<I: IntoIterator<Item = Given>>(all: I) -> Listening {
        Listening {
            left: all.into_iter().collect(),
            kept: Vec::new(),
        }
    }
}

/// A listening socket.
#[derive(Debug)]
pub(super) struct Given {
    /// Of the listener, or what the supervisor calls it.
    pub(super) name: String,
    /// Where it was configured to listen, since any port may have become one; of what a supervisor has opened,
    /// nothing, and so from process to process.
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

    /// Whether a supervisor has opened it.
    fn is_a_supervisors(&self) -> bool {
        self.bind.is_none()
    }

    /// Whether both are one socket.
    fn is(&self, other: &Given) -> bool {
        let cookie = |one: &Given| sockopt::socket_cookie(&one.socket);
        let same = || matches!((cookie(self), cookie(other)), (Ok(one), Ok(two)) if one == two);
        self.at == other.at && same()
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
                listening: activated().into_iter().collect(),
                ..Inherited::default()
            };
            return Ok((inherited, None));
        };
        let inherited = before.handed()?;
        Ok((inherited, Some(before)))
    }

    /// What is known of the cluster of this name, if anything is.
    pub(super) fn members(&self, cluster: &str) -> Option<UntilNow> {
        self.changes.get(cluster).cloned()
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
        let Listening { left, kept } = &mut self.listening;
        let at = left.iter().find(means)?.at;
        let taken: Vec<_> = left.extract_if(.., |given| given.at == at).collect();
        // Without a descriptor for another one there is only this to listen with.
        let again = taken.iter().filter(|given| given.is_a_supervisors());
        kept.extend(again.filter_map(|given| given.again().ok()));
        Some((at, taken))
    }

    /// No listener is at `at` any more: what a supervisor has opened there is for the next one that is.
    pub(super) fn is_free(&mut self, at: SocketAddr) {
        let Listening { left, kept } = &mut self.listening;
        left.extend(kept.extract_if(.., |given| given.at == at));
    }

    /// What was asked for, by a configuration that will not be served by after all.
    pub(super) fn put_back(&mut self, given: impl IntoIterator<Item = (SocketAddr, Vec<Given>)>) {
        for (at, given) in given {
            self.is_free(at);
            for one in given {
                let left = &mut self.listening.left;
                if !left.iter().any(|same| same.is(&one)) {
                    left.push(one);
                }
            }
        }
    }

    /// Says what nobody has asked for.
    pub(super) fn tell_unused(&self) {
        for Given { name, at, .. } in &self.listening.left {
            tracing::warn!(
                "nobody takes the socket `{name}` at {at} that we were given: no listener has this name or address"
            );
        }
    }

    /// Closes what nobody has asked for, as a reload would: a socket that listens and is never accepted from
    /// keeps whoever connects waiting. A supervisor's does so in any case.
    pub(super) fn close_unused(&mut self) {
        let left = &mut self.listening.left;
        for Given { name, at, .. } in left.extract_if(.., |given| !given.is_a_supervisors()) {
            tracing::info!(
                "{at} is closed: no listener has the name `{name}` or this address any more"
            );
        }
        self.tell_unused();
    }

    /// What another process would be given: all that listeners have, and all that a supervisor has opened.
    ///
    /// # Errors
    /// There is no descriptor left.
    pub(super) fn to_give(
        &self,
        config: &Config,
        bound: &[Vec<SocketAddr>],
        shares: &Shares,
    ) -> io::Result<Vec<Given>> {
        let Listening { left, kept } = &self.listening;
        let again = left.iter().chain(kept).map(Given::again);
        let mut all = again.collect::<io::Result<Vec<_>>>()?;
        let mut ours = Inherited::of_ours(config, bound, shares)?;
        // What listeners have of a supervisor's goes as that gave it, and once.
        ours.retain(|one| !all.iter().any(|same| same.is(one)));
        all.extend(ours);
        Ok(all)
    }

    /// What listeners have: all of it, or the queues of what is left out would be closed with whoever waits in
    /// them.
    ///
    /// # Errors
    /// There is no descriptor left.
    fn of_ours(
        config: &Config,
        bound: &[Vec<SocketAddr>],
        shares: &Shares,
    ) -> io::Result<Vec<Given>> {
        let sockets = shares.sockets().open()?;
        let of = |at: SocketAddr| {
            let mut all = config.listeners.iter().zip(bound);
            all.find_map(|(listener, bound)| {
                let nth = bound.iter().position(|one| *one == at)?;
                let bind = listener.bind.get(nth).copied().unwrap_or(at);
                Some((listener.name.clone(), bind))
            })
        };
        // One that belongs to no listener any more is emptied and closed by us.
        let given = sockets.into_iter().filter_map(|(at, socket)| {
            let (name, bind) = of(at)?;
            Some(Given {
                name,
                bind: Some(bind),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::testing;
    use rustix::net::{AddressFamily, SocketType, socket};

    /// One that was given for a listener that is called so; by a supervisor without `bind`.
    fn given(name: &str, bind: Option<SocketAddr>) -> Given {
        Given {
            name: name.to_owned(),
            bind,
            at: here(),
            socket: socket(AddressFamily::INET, SocketType::STREAM, None).unwrap(),
        }
    }

    fn here() -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 9], 8080))
    }

    fn of(all: impl IntoIterator<Item = Given>) -> Inherited {
        Inherited {
            listening: all.into_iter().collect(),
            ..Inherited::default()
        }
    }

    fn asks(inherited: &mut Inherited) -> Option<Vec<Given>> {
        let listener = testing::listener();
        let found = inherited.of(&listener, listener.bind[0])?;
        assert_eq!(found.0, here());
        Some(found.1)
    }

    #[test]
    fn what_a_supervisor_has_opened_is_there_again_once_no_listener_has_it() {
        let first = given("web", None);
        let same = first.again().unwrap();
        let mut inherited = of([first]);
        for _ in 0..3 {
            let taken = asks(&mut inherited).unwrap();
            assert!(taken.len() == 1 && taken[0].is(&same));
            assert!(asks(&mut inherited).is_none(), "a listener has it");
            drop(taken);
            inherited.is_free(here());
        }
    }

    #[test]
    fn what_another_process_has_given_goes_with_its_listener() {
        let bind = testing::listener().bind[0];
        let mut inherited = of([given("web", Some(bind)), given("web", Some(bind))]);
        assert_eq!(asks(&mut inherited).unwrap().len(), 2);
        inherited.is_free(here());
        assert!(asks(&mut inherited).is_none());
    }

    #[test]
    fn what_is_put_back_is_there_once() {
        let bind = testing::listener().bind[0];
        let mut inherited = of([given("web", None), given("web", Some(bind))]);
        for _ in 0..3 {
            let taken = asks(&mut inherited).unwrap();
            assert_eq!(taken.len(), 2);
            inherited.put_back([(here(), taken)]);
        }
    }

    #[test]
    fn of_what_nobody_wants_a_supervisors_stays_open() {
        let bind = testing::listener().bind[0];
        let mut inherited = of([given("a", None), given("b", Some(bind))]);
        inherited.close_unused();
        let left: Vec<_> = inherited
            .listening
            .left
            .iter()
            .map(|one| &*one.name)
            .collect();
        assert_eq!(left, ["a"]);
    }
}

//! The listening sockets of a process, for all its workers: those that it was given by another process
//! and nobody has yet, and those that are open, to be given on.
//!
//! A listening socket with connections in its queue may never be closed by its last holder: the kernel
//! resets them. So what was given is always listened at by somebody, however many workers there are: more
//! workers listen at sockets of their own beside it, or, where the kernel does not allow that, at the same
//! ones; of fewer workers each has several.
//!
//! It owns what nobody has yet. It waits for nothing.

use rustix::{
    io::Errno,
    net::{AddressFamily, SocketType, sockopt},
};
use socket2::Socket;
use std::{
    collections::BTreeSet,
    io,
    net::SocketAddr,
    os::fd::{AsFd, OwnedFd},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

/// The listening sockets of a process.
#[derive(Debug, Default)]
pub struct Sockets(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Where somebody is to listen, which of the workers, and with what.
    given: Vec<(SocketAddr, usize, Arc<Socket>)>,
    /// Where somebody listens, which of the workers, for as long as that does.
    open: Vec<(SocketAddr, usize, Weak<Socket>)>,
}

impl Sockets {
    /// These are listening at `address`, and are shared among so many workers.
    pub fn give(
        &self,
        address: SocketAddr,
        sockets: impl IntoIterator<Item = OwnedFd>,
        workers: usize,
    ) {
        let sockets = sockets.into_iter().enumerate();
        let given = sockets.map(|(n, fd)| {
            let socket = Arc::new(Socket::from(fd));
            (address, n % workers.max(1), socket)
        });
        self.state().given.extend(given);
    }

    /// What nobody has taken of what was given for `address` is not for anybody any more.
    pub fn forget(&self, address: SocketAddr) {
        self.state().given.retain(|(at, ..)| *at != address);
    }

    /// Every socket that is open, once each, with the address that it is known by.
    ///
    /// # Errors
    /// There is no descriptor left.
    pub fn open(&self) -> io::Result<Vec<(SocketAddr, OwnedFd)>> {
        let open: Vec<_> = {
            let mut state = self.state();
            state.open.retain(|(.., socket)| socket.strong_count() > 0);
            let open = state.open.iter();
            open.filter_map(|(address, _, socket)| Some((*address, socket.upgrade()?)))
                .collect()
        };
        let mut known = BTreeSet::new();
        let mut all = Vec::new();
        for (address, socket) in open {
            if known.insert(sockopt::socket_cookie(&*socket)?) {
                all.push((address, socket.as_fd().try_clone_to_owned()?));
            }
        }
        Ok(all)
    }

    /// What was given for this worker to listen at `address` with. It is open from now on: there is no
    /// moment in which another worker finds it in neither list.
    pub(super) fn take(&self, address: SocketAddr, worker: usize) -> Vec<Arc<Socket>> {
        let mut state = self.state();
        let taken = state
            .given
            .extract_if(.., |(at, whose, _)| *at == address && *whose == worker);
        let taken: Vec<_> = taken.map(|(.., socket)| socket).collect();
        for socket in &taken {
            state.opens(address, worker, socket);
        }
        taken
    }

    /// Further holds of sockets of this process that listen at `address`: of those that this worker has, so that
    /// none of them is left by its last holder; or else of one that follows from its number, so that workers are
    /// spread over what there is. None if nobody listens there.
    pub(super) fn shared(&self, address: SocketAddr, worker: usize) -> io::Result<Vec<Socket>> {
        let here: Vec<(usize, Arc<Socket>)> = {
            let state = self.state();
            let given = state.given.iter();
            let given = given.map(|(at, whose, socket)| (*at, *whose, Some(Arc::clone(socket))));
            let open = state.open.iter();
            let open = open.map(|(at, whose, socket)| (*at, *whose, socket.upgrade()));
            let here = given.chain(open).filter(|(at, ..)| *at == address);
            here.filter_map(|(_, whose, socket)| Some((whose, socket?)))
                .collect()
        };
        let has_any = here.iter().any(|(whose, _)| *whose == worker);
        let (mut known, mut all) = (BTreeSet::new(), Vec::new());
        for (whose, socket) in &here {
            let meant = !has_any || *whose == worker;
            if meant && known.insert(sockopt::socket_cookie(&**socket)?) {
                all.push(socket);
            }
        }
        if !has_any {
            let nth = worker.checked_rem(all.len());
            all = nth.map(|nth| all[nth]).into_iter().collect();
        }
        all.into_iter().map(|socket| socket.try_clone()).collect()
    }

    /// This one is open from now on, for as long as its holder lives, which is this worker.
    pub(super) fn opened(&self, address: SocketAddr, worker: usize, socket: &Arc<Socket>) {
        self.state().opens(address, worker, socket);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Lists are whole whatever happened to their last holder.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn opens(&mut self, address: SocketAddr, worker: usize, socket: &Arc<Socket>) {
        self.open.retain(|(.., socket)| socket.strong_count() > 0);
        self.open.push((address, worker, Arc::downgrade(socket)));
    }
}

/// Where a descriptor listens for TCP connections that somebody has given us.
///
/// # Errors
/// It does no such thing; in words.
pub fn listens_at(fd: impl AsFd) -> Result<SocketAddr, &'static str> {
    let fd = fd.as_fd();
    let kind = sockopt::socket_type(fd).map_err(|_| "it is no socket")?;
    let family = sockopt::socket_domain(fd).map_err(|_| "it is no socket")?;
    if ![AddressFamily::INET, AddressFamily::INET6].contains(&family) || kind != SocketType::STREAM
    {
        return Err("it is no TCP socket");
    }
    match sockopt::socket_acceptconn(fd) {
        Ok(true) => {}
        // Accept=yes of a socket unit gives a connection.
        Ok(false) | Err(_) => return Err("it does not listen"),
    }
    let address = rustix::net::getsockname(fd).and_then(|any| any.try_into().or(Err(Errno::INVAL)));
    address.map_err(|_| "it has no address")
}

#[cfg(test)]
mod tests {
    use super::*;
    use socket2::{Domain, Type};

    fn here() -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 9], 80))
    }

    fn sockets(count: usize) -> Vec<OwnedFd> {
        let socket = || Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        (0..count).map(|_| socket().into()).collect()
    }

    #[test]
    fn every_socket_that_was_given_is_somebodys() {
        for (count, workers) in [(1, 1), (1, 3), (3, 1), (5, 2), (2, 2)] {
            let all = Sockets::default();
            all.give(here(), sockets(count), workers);
            let elsewhere = SocketAddr::from(([192, 0, 2, 9], 81));
            assert!(all.take(elsewhere, 0).is_empty());
            let taken = (0..workers).map(|worker| all.take(here(), worker).len());
            assert_eq!(taken.sum::<usize>(), count, "{count} for {workers}");
            assert!(
                all.shared(here(), 0).unwrap().is_empty(),
                "nobody has kept any"
            );
        }
    }

    #[test]
    fn one_that_a_worker_has_taken_is_there_for_the_next_at_once() {
        let all = Sockets::default();
        all.give(here(), sockets(1), 2);
        let _taken = all.take(here(), 0);
        assert!(all.take(here(), 1).is_empty());
        assert_eq!(
            all.shared(here(), 1).unwrap().len(),
            1,
            "between taken and opened"
        );
    }

    #[test]
    fn a_worker_shares_all_of_its_own_and_those_without_any_are_spread() {
        let all = Sockets::default();
        all.give(here(), sockets(3), 2);
        let cookies = |some: &[Arc<Socket>]| -> Vec<_> {
            let cookies = some.iter().map(|one| sockopt::socket_cookie(&**one));
            cookies.map(Result::unwrap).collect()
        };
        let taken = [0, 1].map(|worker| all.take(here(), worker));
        let own = [0, 1].map(|nth: usize| cookies(&taken[nth]));
        assert_eq!(own.each_ref().map(Vec::len), [2, 1]);
        let shares = |worker| -> Vec<Arc<Socket>> {
            let shared = all.shared(here(), worker).unwrap().into_iter();
            let shared: Vec<_> = shared.map(Arc::new).collect();
            for socket in &shared {
                all.opened(here(), worker, socket);
            }
            shared
        };
        let first: Vec<_> = (0..2).map(shares).collect();
        // What a worker had it has again, each once.
        assert_eq!([&first[0], &first[1]].map(|one| cookies(one)), own);
        let others: Vec<_> = (2..5).flat_map(shares).collect();
        let mut spread = cookies(&others);
        spread.sort_unstable();
        spread.dedup();
        assert_eq!((others.len(), spread.len()), (3, 3), "one each");
    }

    #[test]
    fn what_is_open_is_given_on_once_and_what_is_closed_is_not() {
        let all = Sockets::default();
        let one = Arc::new(Socket::new(Domain::IPV4, Type::STREAM, None).unwrap());
        let same = Arc::new(one.try_clone().unwrap());
        let other = Arc::new(Socket::new(Domain::IPV4, Type::STREAM, None).unwrap());
        for socket in [&one, &same, &other] {
            all.opened(here(), 0, socket);
        }
        assert_eq!(all.open().unwrap().len(), 2);
        drop((one, other));
        assert_eq!(all.open().unwrap().len(), 1);
        drop(same);
        assert_eq!(all.open().unwrap().len(), 0);
        assert!(all.shared(here(), 0).unwrap().is_empty());
    }

    #[test]
    fn only_what_listens_for_tcp_is_taken() {
        let tcp = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        assert_eq!(listens_at(&tcp), Ok(tcp.local_addr().unwrap()));
        let connected = std::net::TcpStream::connect(tcp.local_addr().unwrap()).unwrap();
        assert_eq!(listens_at(&connected), Err("it does not listen"));
        let udp = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        assert_eq!(listens_at(&udp), Err("it is no TCP socket"));
        let file = std::fs::File::open("/dev/null").unwrap();
        assert_eq!(listens_at(&file), Err("it is no socket"));
    }
}

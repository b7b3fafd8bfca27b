//! What the hosts have in common: every end of every connection, what is on its way, and time.
//!
//! It owns the order in which things happen: by time, then by the way they take, then in the order
//! they were sent. A way keeps its order, as one network path does. It runs no program: it wakes
//! whoever waits, and whoever runs them passes time when none has anything left to do.

mod ends;
mod watch;
mod way;

pub(super) use self::ends::{Backlog, EndId};
use self::{
    ends::{End, Listening, Phase},
    watch::Watch,
    way::{Parcel, Sender, Tap, Way, Word},
};
use super::{
    capture::Capture,
    timer::{Beats, Timers},
};
use crate::{
    errno::Errno,
    socket::{Frame, Polled, Sizes},
};
use std::{
    cell::RefCell,
    io,
    net::SocketAddr,
    rc::Rc,
    task::{Context, Poll},
};
use tidegate_core::time::{Span, Time};

/// The first port of a client.
const CLIENT_PORT: u16 = 32_768;

/// Everything of one network.
pub(super) struct Fabric {
    now: Time,
    hosts: usize,
    /// By where they lead from, then to.
    ways: Vec<Way>,
    ends: Vec<End>,
    listening: Vec<Listening>,
    /// By host: connections that are not over.
    open: Vec<usize>,
    pub(super) timers: Timers,
    pub(super) beats: Beats,
    /// Ends at which something has arrived and is not acknowledged.
    owing: Vec<EndId>,
}

impl Fabric {
    pub(super) fn new(hosts: usize, latency: Span) -> Fabric {
        Fabric {
            now: Time::default(),
            hosts,
            ways: (0..hosts * hosts).map(|_| Way::new(latency)).collect(),
            ends: Vec::new(),
            listening: Vec::new(),
            open: vec![0; hosts],
            timers: Timers::default(),
            beats: Beats::default(),
            owing: Vec::new(),
        }
    }

    pub(super) fn now(&self) -> Time {
        self.now
    }

    pub(super) fn open_sockets(&self, host: usize) -> usize {
        self.open[host]
    }

    fn both(&mut self, one: usize, other: usize, f: impl Fn(&mut Way)) {
        let hosts = self.hosts;
        f(&mut self.ways[one * hosts + other]);
        if one != other {
            f(&mut self.ways[other * hosts + one]);
        }
    }

    pub(super) fn set_latency(&mut self, one: usize, other: usize, latency: Span) {
        self.both(one, other, |way| way.latency = latency);
    }

    pub(super) fn hold(&mut self, one: usize, other: usize) {
        self.both(one, other, |way| way.held = true);
    }

    pub(super) fn cut(&mut self, one: usize, other: usize) {
        let now = self.now;
        self.both(one, other, |way| way.cut(now));
    }

    pub(super) fn capture(&mut self, capture: &Capture) {
        let hosts = self.hosts;
        for (index, way) in self.ways.iter_mut().enumerate() {
            way.tap = Some(Tap {
                capture: capture.clone(),
                from: index / hosts,
                to: index % hosts,
            });
        }
    }

    pub(super) fn release(&mut self, one: usize, other: usize) {
        let now = self.now;
        self.both(one, other, |way| way.release(now));
    }

    /// When something happens next.
    pub(super) fn next(&mut self) -> Option<Time> {
        let ways = self.ways.iter().filter_map(Way::next).min();
        let timer = self.timers.next();
        [ways, timer, self.next_death()].into_iter().flatten().min()
    }

    /// Passes time to `at`: what is due arrives, and is acknowledged; then timers fire.
    pub(super) fn advance(&mut self, at: Time) {
        self.now = self.now.max(at);
        for index in 0..self.ways.len() {
            while let Some(parcel) = self.ways[index].arrived(self.now) {
                self.arrive(parcel);
            }
        }
        for end in std::mem::take(&mut self.owing) {
            self.with(end, |socket, wire| socket.acknowledge(wire));
        }
        self.bury();
        self.timers.fire(self.now);
    }

    /// Runs `f` on an end's socket, and notes if the connection is over for it then.
    pub(super) fn with<R>(
        &mut self,
        id: EndId,
        f: impl FnOnce(&mut Polled, &mut Sender<'_>) -> R,
    ) -> R {
        let end = &mut self.ends[id.0];
        let mut wire = Sender {
            way: &mut self.ways[end.host * self.hosts + end.peer_host],
            to: end.peer,
            now: self.now,
        };
        let socket = end.socket.as_mut().expect("it has been open");
        let out = f(socket, &mut wire);
        end.watch
            .look(self.now, socket.acked_bytes(), socket.unacked_bytes());
        if end.is_over() {
            end.leave(&mut self.open);
        }
        out
    }

    pub(super) fn socket(&self, id: EndId) -> &Polled {
        let socket = self.ends[id.0].socket.as_ref();
        socket.expect("it has been open")
    }

    pub(super) fn peer(&self, id: EndId) -> SocketAddr {
        self.ends[id.0].peer_address
    }

    fn send(&mut self, from: EndId, word: Word) {
        let end = &self.ends[from.0];
        let way = &mut self.ways[end.host * self.hosts + end.peer_host];
        way.send(self.now, end.peer, word);
    }

    fn add(&mut self, end: End) -> EndId {
        self.open[end.host] += 1;
        self.ends.push(end);
        EndId(self.ends.len() - 1)
    }

    pub(super) fn listen(
        &mut self,
        host: usize,
        port: u16,
        sizes: Sizes,
    ) -> io::Result<Rc<RefCell<Backlog>>> {
        let mut listening = self.listening.iter();
        if listening.any(|one| one.host == host && one.port == port) {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        let backlog = Rc::new(RefCell::new(Backlog::default()));
        self.listening.push(Listening {
            host,
            port,
            sizes,
            backlog: Rc::clone(&backlog),
        });
        Ok(backlog)
    }

    pub(super) fn unlisten(&mut self, backlog: &Rc<RefCell<Backlog>>) {
        self.listening
            .retain(|one| !Rc::ptr_eq(&one.backlog, backlog));
        for end in backlog.borrow_mut().take() {
            self.with(end, |socket, wire| socket.reset(wire));
        }
    }

    /// Begins to connect: SYN.
    pub(super) fn connect(&mut self, host: usize, to: SocketAddr, sizes: Sizes) -> EndId {
        let number = u16::try_from(self.ends.len()).expect("a run has few connections");
        let local = SocketAddr::new(super::address(host), CLIENT_PORT + number);
        let peer_host = (0..self.hosts).find(|host| super::address(*host) == to.ip());
        let end = self.add(End {
            host,
            // Nothing answers from where nobody is; a host's way to itself is as good.
            peer_host: peer_host.unwrap_or(host),
            peer: EndId::NOBODY,
            peer_address: to,
            phase: Phase::Connecting(None),
            sizes,
            socket: None,
            watch: Watch::default(),
        });
        if peer_host.is_some() {
            let client = (end, local);
            self.send(
                end,
                Word::Syn {
                    client,
                    port: to.port(),
                    window_bytes: sizes.recv_bytes,
                },
            );
        }
        end
    }

    /// Ready when a connect has come to something.
    pub(super) fn poll_connected(
        &mut self,
        id: EndId,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        let end = &mut self.ends[id.0];
        match &mut end.phase {
            Phase::Connecting(waker) => {
                *waker = Some(cx.waker().clone());
                Poll::Pending
            }
            Phase::Refused => Poll::Ready(Err(Errno::ECONNREFUSED.into())),
            Phase::Opening | Phase::Open | Phase::Left => Poll::Ready(Ok(())),
        }
    }

    /// Gives a connect up (R20).
    pub(super) fn give_up(&mut self, id: EndId) {
        if self.ends[id.0].socket.is_some() {
            self.with(id, |socket, wire| socket.reset(wire));
        } else {
            self.ends[id.0].leave(&mut self.open);
        }
    }

    fn arrive(&mut self, parcel: Parcel) {
        let Parcel { to, word, .. } = parcel;
        match word {
            Word::Syn {
                client,
                port,
                window_bytes,
            } => self.on_syn(client, port, window_bytes),
            Word::SynAck {
                server,
                window_bytes,
            } => self.on_syn_ack(to, server, window_bytes),
            Word::Refused => self.on_refused(to),
            Word::Open => self.on_open(to),
            Word::Data(bytes) => self.deliver(to, Frame::Data(&bytes)),
            Word::Fin => self.deliver(to, Frame::Fin),
            Word::Ack(ack) => self.deliver(to, ack.frame()),
            Word::Reset => self.deliver(to, Frame::Reset),
        }
    }

    fn on_syn(&mut self, client: (EndId, SocketAddr), port: u16, window_bytes: u32) {
        let (client, address) = client;
        let (host, client_host) = (self.ends[client.0].peer_host, self.ends[client.0].host);
        let mut all = self.listening.iter();
        let Some(listening) = all.find(|one| one.host == host && one.port == port) else {
            let way = &mut self.ways[host * self.hosts + client_host];
            return way.send(self.now, client, Word::Refused);
        };
        let sizes = listening.sizes;
        let server = self.add(End {
            host,
            peer_host: client_host,
            peer: client,
            peer_address: address,
            phase: Phase::Opening,
            sizes,
            socket: Some(Polled::new(sizes, window_bytes)),
            watch: Watch::new(self.now),
        });
        let window_bytes = sizes.recv_bytes;
        self.send(
            server,
            Word::SynAck {
                server: (server, port),
                window_bytes,
            },
        );
    }

    fn on_syn_ack(&mut self, to: EndId, server: (EndId, u16), window_bytes: u32) {
        let end = &mut self.ends[to.0];
        end.peer = server.0;
        let Phase::Connecting(waker) = &mut end.phase else {
            // It was given up: nobody knows this connection.
            return self.send(to, Word::Reset);
        };
        let waker = waker.take();
        end.phase = Phase::Open;
        end.socket = Some(Polled::new(end.sizes, window_bytes));
        end.watch = Watch::new(self.now);
        self.send(to, Word::Open);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn on_refused(&mut self, to: EndId) {
        let end = &mut self.ends[to.0];
        let Phase::Connecting(waker) = &mut end.phase else {
            return;
        };
        let waker = waker.take();
        end.leave(&mut self.open);
        end.phase = Phase::Refused;
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// The handshake is over: the connection waits to be accepted.
    fn on_open(&mut self, to: EndId) {
        let end = &mut self.ends[to.0];
        end.phase = Phase::Open;
        let (host, client) = (end.host, end.peer);
        let Some(port) = self.ends.get(client.0).map(|end| end.peer_address.port()) else {
            return;
        };
        let mut all = self.listening.iter();
        match all.find(|one| one.host == host && one.port == port) {
            Some(listening) => listening.backlog.borrow_mut().push(to),
            None => self.with(to, |socket, wire| socket.reset(wire)),
        }
    }

    fn deliver(&mut self, to: EndId, frame: Frame<'_>) {
        let end = &mut self.ends[to.0];
        match end.phase {
            // The client gave up before it was one; nobody has seen it.
            Phase::Opening => end.leave(&mut self.open),
            Phase::Open => {
                end.watch.heard = self.now;
                self.with(to, |socket, wire| socket.arrive(frame, wire));
                if self.owing.last() != Some(&to) {
                    self.owing.push(to);
                }
            }
            Phase::Connecting(_) | Phase::Refused | Phase::Left => {}
        }
    }
}

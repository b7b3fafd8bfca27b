//! The network trait on turmoil: whole programs on simulated hosts.
//!
//! It owns the way from turmoil's messages to sockets that behave like Linux's. The rules of one
//! connection are [`socket`](crate::socket), the way across turmoil [`stream`]. A connect takes the
//! two latencies of a handshake, as does a refusal; an accept happens in the listening kernel,
//! whether or not the program accepts. Never does a stream rely on turmoil's window, its FIN or
//! its RST: four defects there are proved by the tests.

mod stream;
#[cfg(test)]
mod tests;

pub use self::stream::SimStream;
use crate::{
    errno::Errno,
    simulated::Simulated,
    socket::{Pipe, Sizes},
};
use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    future::Future,
    io,
    net::{Ipv4Addr, SocketAddr},
    pin::{Pin, pin},
    rc::Rc,
    task::{Context, Poll, Waker},
    time::Duration,
};
use tidegate::net::{Address, Buffers, Listener, Network};
use tidegate_core::time::Time;
use tokio::task::{JoinHandle, spawn_local};
use turmoil::net::{TcpListener, TcpStream};

/// The network as one host sees it. It must be used inside the simulation, on that host.
#[derive(Clone, Debug, Default)]
pub struct SimNet {
    open: Rc<Cell<usize>>,
}

/// One connection, counted from its first word to its last.
#[derive(Debug)]
struct Counted(Rc<Cell<usize>>);

impl Counted {
    fn new(net: &SimNet) -> Counted {
        net.open.set(net.open.get() + 1);
        Counted(Rc::clone(&net.open))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

impl SimNet {
    /// A host's network.
    #[must_use]
    pub fn new() -> SimNet {
        SimNet::default()
    }
}

impl Simulated for SimNet {
    type Beat = Pin<Box<tokio::time::Sleep>>;

    fn open_sockets(&self) -> usize {
        self.open.get()
    }

    fn beat(&self) -> Self::Beat {
        Box::pin(tokio::time::sleep(Duration::from_millis(1)))
    }
}

impl Network for SimNet {
    type Stream = SimStream;
    type Listener = SimListener;
    type Connect = Pin<Box<dyn Future<Output = io::Result<SimStream>>>>;
    type Sleep = Pin<Box<tokio::time::Sleep>>;

    fn listen(&self, address: SocketAddr, buffers: Buffers) -> io::Result<SimListener> {
        // turmoil binds a host's wildcard only; every host has but one address.
        let wildcard = SocketAddr::from((Ipv4Addr::UNSPECIFIED, address.port()));
        let mut cx = Context::from_waker(Waker::noop());
        let Poll::Ready(bound) = pin!(TcpListener::bind(wildcard)).poll(&mut cx) else {
            unreachable!("turmoil's bind never waits");
        };
        let listener = bound?;
        let local = SocketAddr::new(address.ip(), listener.local_addr()?.port());
        let backlog = Rc::new(RefCell::new(Backlog::default()));
        let kernel = accept_all(listener, buffers.into(), self.clone(), Rc::clone(&backlog));
        Ok(SimListener {
            local,
            backlog,
            kernel: spawn_local(kernel),
        })
    }

    fn connect(&self, address: impl Into<Address>, buffers: Buffers) -> Self::Connect {
        let address = address.into().inet().expect("its hosts have no files");
        Box::pin(connect(address, buffers.into(), self.clone()))
    }

    fn pipe(&self, bytes: u32) -> Option<Pipe> {
        Some(Pipe::of(bytes))
    }

    fn put_back(&self, pipe: Pipe) {
        assert!(pipe.front().is_empty(), "bytes of one relay for another");
    }

    fn now(&self) -> Time {
        let since = turmoil::sim_elapsed().expect("the clock is read on a simulated host");
        Time(u64::try_from(since.as_micros()).expect("a simulation is shorter than an age"))
    }

    fn sleep_until(&self, at: Time) -> Self::Sleep {
        let wait = at.since(self.now());
        Box::pin(tokio::time::sleep(Duration::from_micros(wait.0)))
    }
}

async fn connect(address: SocketAddr, sizes: Sizes, net: SimNet) -> io::Result<SimStream> {
    let counted = Counted::new(&net);
    let begun = net.now();
    let mut carrier = match TcpStream::connect(address).await {
        Ok(carrier) => carrier,
        Err(_) => {
            // turmoil refuses when the SYN arrives; the RST has the way back before it.
            let way_back = net.now().since(begun);
            tokio::time::sleep(Duration::from_micros(way_back.0)).await;
            return Err(Errno::ECONNREFUSED.into());
        }
    };
    let credit_bytes = stream::receive_open(&mut carrier).await?;
    stream::send_open(&carrier, sizes)?;
    Ok(SimStream::start(
        carrier,
        address,
        sizes,
        credit_bytes,
        counted,
    ))
}

/// What the listening kernel has accepted and the program has not.
#[derive(Debug, Default)]
struct Backlog {
    ready: VecDeque<SimStream>,
    waker: Option<Waker>,
}

/// Accepts in the kernel's stead, for as long as the listener lives.
async fn accept_all(
    listener: TcpListener,
    sizes: Sizes,
    net: SimNet,
    backlog: Rc<RefCell<Backlog>>,
) {
    while let Ok((mut carrier, peer)) = listener.accept().await {
        let (counted, backlog) = (Counted::new(&net), Rc::clone(&backlog));
        spawn_local(async move {
            if stream::send_open(&carrier, sizes).is_err() {
                return;
            }
            // A client that gives up during the handshake is never seen.
            if let Ok(credit_bytes) = stream::receive_open(&mut carrier).await {
                let stream = SimStream::start(carrier, peer, sizes, credit_bytes, counted);
                let mut backlog = backlog.borrow_mut();
                backlog.ready.push_back(stream);
                if let Some(waker) = backlog.waker.take() {
                    waker.wake();
                }
            }
        });
    }
}

/// A listening socket. Dropping it resets what it has not handed out, as the kernel does.
#[derive(Debug)]
pub struct SimListener {
    local: SocketAddr,
    backlog: Rc<RefCell<Backlog>>,
    kernel: JoinHandle<()>,
}

impl Listener for SimListener {
    type Stream = SimStream;

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<SimStream>> {
        let mut backlog = self.backlog.borrow_mut();
        if let Some(stream) = backlog.ready.pop_front() {
            return Poll::Ready(Ok(stream));
        }
        backlog.waker = Some(cx.waker().clone());
        Poll::Pending
    }

    fn local(&self) -> SocketAddr {
        self.local
    }
}

impl Drop for SimListener {
    fn drop(&mut self) {
        self.kernel.abort();
        self.backlog.borrow_mut().ready.clear();
    }
}

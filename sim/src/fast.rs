//! The fast network: the network trait on nothing but an ordered list of what happens next.
//!
//! It owns a network's handles: hosts, their listeners and their connects. Sockets are those of
//! [`socket`](crate::socket), the same as on turmoil; what travels between hosts, and time, are
//! [`fabric`]'s. A handshake is three messages, and is finished whether or not the program accepts;
//! a connect that is given up is answered by RST. Time goes from one event to the next, so a run
//! costs what happens in it and not how long it takes. All of it is one thread's.

mod capture;
mod executor;
mod fabric;
mod stream;
#[cfg(test)]
mod tests;
mod timer;

use self::fabric::{Backlog, EndId, Fabric};
pub use self::{
    capture::{Capture, Packet, What},
    executor::Executor,
    stream::FastStream,
    timer::FastSleep,
};
use crate::{simulated::Simulated, socket::Pipe};
use std::{
    cell::RefCell,
    fmt,
    future::Future,
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};
use tidegate::net::{Address, Buffers, Listener, Network};
use tidegate_core::time::{Span, Time};

/// The first port that is given out where none is asked for.
const FIRST_PORT: u16 = 49_152;

/// A network of some hosts, from outside: who may pass time.
#[derive(Clone)]
pub struct Fast {
    fabric: Rc<RefCell<Fabric>>,
}

/// The network as one host sees it.
#[derive(Clone)]
pub struct FastNet {
    fabric: Rc<RefCell<Fabric>>,
    host: usize,
}

impl fmt::Debug for FastNet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FastNet")
            .field("host", &self.host)
            .finish_non_exhaustive()
    }
}

impl Fast {
    /// A network of so many hosts, 1 ms apart.
    #[must_use]
    pub fn new(hosts: usize) -> Fast {
        Fast {
            fabric: Rc::new(RefCell::new(Fabric::new(hosts, Span::from_ms(1)))),
        }
    }

    /// The network as host `index` sees it.
    #[must_use]
    pub fn host(&self, index: usize) -> FastNet {
        FastNet {
            fabric: Rc::clone(&self.fabric),
            host: index,
        }
    }

    /// Sets the latency between two hosts, each way, for what is sent from now on.
    pub fn set_latency(&self, one: usize, other: usize, latency: Span) {
        self.fabric.borrow_mut().set_latency(one, other, latency);
    }

    /// From now on nothing arrives between two hosts, neither what is on its way.
    pub fn hold(&self, one: usize, other: usize) {
        self.fabric.borrow_mut().hold(one, other);
    }

    /// From now on whatever is sent between two hosts is lost, and what is on its way: for ever.
    pub fn cut(&self, one: usize, other: usize) {
        self.fabric.borrow_mut().cut(one, other);
    }

    /// Everything that waited between two hosts arrives, and what is sent later arrives again.
    pub fn release(&self, one: usize, other: usize) {
        self.fabric.borrow_mut().release(one, other);
    }

    /// From now on all that is sent is written down.
    #[must_use]
    pub fn capture(&self) -> Capture {
        let capture = Capture::default();
        self.fabric.borrow_mut().capture(&capture);
        capture
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Time {
        self.fabric.borrow().now()
    }

    /// When something happens next by itself, if ever.
    #[must_use]
    pub fn next(&self) -> Option<Time> {
        self.fabric.borrow_mut().next()
    }

    /// Passes time to `at` and lets happen what is due by then; nothing is due before.
    pub fn advance(&self, at: Time) {
        self.fabric.borrow_mut().advance(at);
    }

    /// Wakes whoever waits for the world's next step.
    pub fn beat(&self) {
        self.fabric.borrow_mut().beats.wake();
    }
}

impl FastNet {
    /// The host's address.
    #[must_use]
    pub fn address(&self) -> IpAddr {
        address(self.host)
    }
}

impl Simulated for FastNet {
    type Beat = timer::Beat;

    fn open_sockets(&self) -> usize {
        self.fabric.borrow().open_sockets(self.host)
    }

    fn beat(&self) -> timer::Beat {
        timer::Beat::new(Rc::clone(&self.fabric))
    }
}

fn address(host: usize) -> IpAddr {
    let last = u8::try_from(host + 1).expect("a network has a few hosts");
    IpAddr::V4(Ipv4Addr::new(10, 0, 0, last))
}

impl Network for FastNet {
    type Stream = FastStream;
    type Listener = FastListener;
    type Connect = FastConnect;
    type Sleep = FastSleep;

    fn listen(&self, address: SocketAddr, buffers: Buffers) -> io::Result<FastListener> {
        let mut fabric = self.fabric.borrow_mut();
        let port = match address.port() {
            0 => FIRST_PORT,
            port => port,
        };
        let backlog = fabric.listen(self.host, port, buffers.into())?;
        Ok(FastListener {
            fabric: Rc::clone(&self.fabric),
            backlog,
            local: SocketAddr::new(self.address(), port),
        })
    }

    fn connect(&self, to: impl Into<Address>, buffers: Buffers) -> FastConnect {
        let to = to.into().inet().expect("its hosts have no files");
        let end = self
            .fabric
            .borrow_mut()
            .connect(self.host, to, buffers.into());
        FastConnect {
            fabric: Rc::clone(&self.fabric),
            end: Some(end),
        }
    }

    fn pipe(&self, bytes: u32) -> Option<Pipe> {
        Some(Pipe::of(bytes))
    }

    fn put_back(&self, pipe: Pipe) {
        assert!(pipe.front().is_empty(), "bytes of one relay for another");
    }

    fn now(&self) -> Time {
        self.fabric.borrow().now()
    }

    fn sleep_until(&self, at: Time) -> FastSleep {
        FastSleep::new(Rc::clone(&self.fabric), at)
    }
}

/// A connect in progress. Dropping it gives it up.
pub struct FastConnect {
    fabric: Rc<RefCell<Fabric>>,
    end: Option<EndId>,
}

impl Future for FastConnect {
    type Output = io::Result<FastStream>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let end = self.end.expect("a connect is not polled after its end");
        let connected = self.fabric.borrow_mut().poll_connected(end, cx);
        connected.map(|connected| {
            self.end = None;
            connected.map(|()| FastStream::new(Rc::clone(&self.fabric), end))
        })
    }
}

impl Drop for FastConnect {
    fn drop(&mut self) {
        if let Some(end) = self.end {
            self.fabric.borrow_mut().give_up(end);
        }
    }
}

/// A listening socket. Dropping it resets what it has not handed out, as the kernel does.
pub struct FastListener {
    fabric: Rc<RefCell<Fabric>>,
    backlog: Rc<RefCell<Backlog>>,
    local: SocketAddr,
}

impl Listener for FastListener {
    type Stream = FastStream;

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<FastStream>> {
        let accepted = self.backlog.borrow_mut().poll_accept(cx);
        accepted.map(|end| Ok(FastStream::new(Rc::clone(&self.fabric), end)))
    }

    fn local(&self) -> SocketAddr {
        self.local
    }
}

impl Drop for FastListener {
    fn drop(&mut self) {
        self.fabric.borrow_mut().unlisten(&self.backlog);
    }
}

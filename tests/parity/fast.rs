//! The ends on the fast network.

use crate::script::{Act, End, Player, Step};
use std::{
    future::Future,
    net::SocketAddr,
    pin::pin,
    task::{Context, Poll, Waker},
};
use tidegate::net::{Buffers, Listener, Network, Stream};
use tidegate_sim::{
    fast::{Fast, FastListener, FastNet, FastStream},
    socket::{Call, Told},
};

/// Two hosts, and what they have of one connection.
pub(crate) struct Pair {
    fast: Fast,
    listener: Option<FastListener>,
    streams: [Option<FastStream>; 2],
    buffers: Buffers,
}

/// The buffers of a script, on simulated sockets.
pub(crate) fn buffers(small: bool) -> Buffers {
    let bytes = small.then_some(1_000);
    Buffers {
        send_bytes: bytes,
        recv_bytes: bytes,
    }
}

impl Pair {
    pub(crate) fn new(small: bool) -> Pair {
        Pair {
            fast: Fast::new(2),
            listener: None,
            streams: [None, None],
            buffers: buffers(small),
        }
    }

    fn net(&self, end: End) -> FastNet {
        self.fast.host(end as usize)
    }

    fn place(&self) -> SocketAddr {
        (self.net(End::B).address(), 7).into()
    }

    /// Lets everything on its way arrive.
    fn settle(&self) {
        while let Some(at) = self.fast.next() {
            self.fast.advance(at);
        }
    }

    fn call(&mut self, end: End, call: Call) -> Told {
        let stream = self.streams[end as usize].as_mut();
        let told = stream.expect("the end is there").call(call);
        self.settle();
        told
    }

    fn connect(&mut self) -> String {
        let mut connect = pin!(self.net(End::A).connect(self.place(), self.buffers));
        let mut cx = Context::from_waker(Waker::noop());
        self.settle();
        match connect.as_mut().poll(&mut cx) {
            Poll::Ready(Ok(stream)) => {
                self.streams[0] = Some(stream);
                "ok".to_string()
            }
            Poll::Ready(Err(error)) => format!("{:?}", error.kind()),
            Poll::Pending => "never".to_string(),
        }
    }

    fn accept(&mut self) -> String {
        let mut cx = Context::from_waker(Waker::noop());
        let listener = self.listener.as_mut().expect("it listens");
        match listener.poll_accept(&mut cx) {
            Poll::Ready(accepted) => {
                self.streams[1] = Some(accepted.unwrap());
                "ok".to_string()
            }
            Poll::Pending => "never".to_string(),
        }
    }

    /// Repeats a call until it says something else than bytes; then what it says.
    fn repeat(&mut self, end: End, call: Call) -> String {
        loop {
            match self.call(end, call) {
                Told::Bytes(0) => return Told::Bytes(0).to_string(),
                Told::Bytes(_) => {}
                told => return told.to_string(),
            }
        }
    }
}

impl Player for Pair {
    fn play(&mut self, step: &Step) -> String {
        let end = step.end;
        let told = match step.act {
            Act::Listen => {
                let listener = self.net(End::B).listen(self.place(), self.buffers);
                self.listener = Some(listener.unwrap());
                "ok".to_string()
            }
            Act::Unlisten => {
                self.listener = None;
                "ok".to_string()
            }
            Act::Connect => self.connect(),
            Act::Accept => self.accept(),
            Act::Call(call) => self.call(end, call).to_string(),
            Act::Fill => self.repeat(end, Call::Write(100)),
            Act::Drain => self.repeat(end, Call::Read(4_096)),
            Act::Await(wait) => match wait.is_over(|call| self.call(end, call)) {
                true => "yes".to_string(),
                false => "never".to_string(),
            },
            Act::Close | Act::Reset => {
                let stream = self.streams[end as usize].take();
                let stream = stream.expect("the end is there");
                match step.act {
                    Act::Close => stream.close(),
                    _ => stream.reset(),
                }
                "ok".to_string()
            }
        };
        self.settle();
        told
    }
}

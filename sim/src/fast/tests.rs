//! The fast network: the rows of LIFECYCLE section 1 in [`rows`], hands and time in [`network`].
//!
//! Time passes when the test says so.

mod bounds;
mod check;
mod dial;
mod names;
mod network;
mod queue;
mod rows;
mod vanish;

use super::{Executor, Fast, FastStream};
use crate::{simulated::Simulated, socket::Call};
use std::{
    future::Future,
    task::{Context, Poll, Waker},
};
use tidegate::net::{Buffers, Listener, Network, Stream};
use tidegate_core::time::Span;

/// Where the second host listens.
const PORT: u16 = 7;

/// One look at a future or a call.
fn look<T>(f: impl FnOnce(&mut Context<'_>) -> Poll<T>) -> Option<T> {
    match f(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(out) => Some(out),
        Poll::Pending => None,
    }
}

fn buffers((send, recv): (u32, u32)) -> Buffers {
    Buffers {
        send_bytes: Some(send),
        recv_bytes: Some(recv),
    }
}

/// Lets everything that is on its way arrive.
fn pass(fast: &Fast) {
    while let Some(at) = fast.next() {
        fast.advance(at);
    }
}

/// Runs the tasks, and all that happens, for so long.
fn run(fast: &Fast, tasks: &mut Executor, span: Span) {
    let until = fast.now() + span;
    loop {
        tasks.run();
        match fast.next() {
            Some(at) if at <= until => fast.advance(at),
            Some(_) | None => break,
        }
    }
    fast.advance(until);
    tasks.run();
}

/// Two ends of one connection: what each may hold, to send and to read.
struct Pair {
    fast: Fast,
    a: Option<FastStream>,
    b: Option<FastStream>,
}

impl Pair {
    fn new(a: (u32, u32), b: (u32, u32)) -> Pair {
        let fast = Fast::new(2);
        let (client, server) = (fast.host(0), fast.host(1));
        let at = (server.address(), PORT).into();
        let mut listener = server.listen(at, buffers(b)).unwrap();
        let mut connect = Box::pin(client.connect(at, buffers(a)));
        pass(&fast);
        let a = look(|cx| connect.as_mut().poll(cx)).unwrap().unwrap();
        let b = look(|cx| listener.poll_accept(cx)).unwrap().unwrap();
        Pair {
            fast,
            a: Some(a),
            b: Some(b),
        }
    }

    /// Two ends with room for a thousand bytes each way.
    fn roomy() -> Pair {
        Pair::new((1_000, 1_000), (1_000, 1_000))
    }

    /// Does calls one after the other, and then lets everything arrive.
    fn calls(end: &mut Option<FastStream>, fast: &Fast, calls: &[Call]) -> String {
        let stream = end.as_mut().expect("it is still held");
        let told: Vec<String> = calls
            .iter()
            .map(|call| stream.call(*call).to_string())
            .collect();
        pass(fast);
        told.join(" ")
    }

    fn a(&mut self, calls: &[Call]) -> String {
        Pair::calls(&mut self.a, &self.fast, calls)
    }

    fn b(&mut self, calls: &[Call]) -> String {
        Pair::calls(&mut self.b, &self.fast, calls)
    }

    fn close_a(&mut self) {
        self.a.take().expect("it is still held").close();
        pass(&self.fast);
    }

    fn reset_a(&mut self) {
        self.a.take().expect("it is still held").reset();
        pass(&self.fast);
    }

    /// How many ends are not over, by host.
    fn open(&self) -> [usize; 2] {
        [0, 1].map(|host| self.fast.host(host).open_sockets())
    }
}

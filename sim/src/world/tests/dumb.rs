//! A dumb relay: the least that is right, and the ways in which it can be made wrong.

use crate::{
    fault::Faulty,
    peer::SharedLog,
    simulated::Simulated,
    world::{Places, Proxy},
};
use std::{
    future::{Future, poll_fn},
    io::IoSlice,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};
use tidegate::{
    net::{Buffers, Listener, Network},
    port::{Fault, Port, Read},
};

/// What is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bug {
    /// Nothing.
    None,
    /// An end is never passed on.
    EndForgotten,
    /// An end overtakes the bytes before it.
    EndEarly,
    /// An end with bytes before it is forgotten.
    EndOnlyIfEmpty,
    /// The first end closes both directions.
    EndClosesAll,
    /// An end waits for the other one.
    EndWaitsForBoth,
    /// An end is sent a while later.
    EndOnTimer,
    /// An abort is passed on a while later.
    AbortOnTimer,
    /// A reset is passed on as an end.
    ResetLaundered,
    /// A truncation is passed on as an end.
    TruncationLaundered,
    /// It reads on over its limit.
    LimitIgnored,
    /// A byte is doubled where a write was short.
    ShortWriteDoubled,
    /// It closes without waiting for what it has sent.
    ClosesAtOnce,
    /// It lets go of its connections and closes none.
    Drops,
    /// It says each end twice.
    EndsTwice,
    /// It is done with a connection and keeps it.
    Leaks,
    /// It panics when a peer resets.
    PanicsOnReset,
}

/// What the relay is told.
#[derive(Clone)]
pub(super) struct Setup {
    pub(super) bug: Bug,
    pub(super) limit: usize,
    pub(super) down: Buffers,
    pub(super) up: Buffers,
    pub(super) tls: Option<Arc<rustls::ServerConfig>>,
}

/// How far one direction has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Open,
    /// The source ended cleanly.
    Ending,
    /// The end is passed on.
    Ended,
    /// The source, or the sink, is gone.
    Broken,
}

struct Direction {
    bytes: Vec<u8>,
    stage: Stage,
    /// The source says no more.
    silent: bool,
}

type Stream<N> = <Faulty<N> as Network>::Stream;

impl Proxy for Setup {
    fn start<N: Simulated>(
        self,
        net: Faulty<N>,
        places: Places,
        _client: SharedLog,
    ) -> Pin<Box<dyn Future<Output = ()>>> {
        Box::pin(relay(net, places, self))
    }
}

/// Relays one connection after another.
async fn relay<N: Simulated>(net: Faulty<N>, places: Places, setup: Setup) {
    let mut listener = net.listen(places.listen, setup.down).expect("free");
    loop {
        let Ok(down) = poll_fn(|cx| listener.poll_accept(cx)).await else {
            continue;
        };
        let mut down = match &setup.tls {
            None => Port::plain(down),
            Some(config) => Port::server(down, Arc::clone(config)).expect("sound"),
        };
        if poll_fn(|cx| down.poll_secure(cx)).await.is_err() {
            down.reset();
            continue;
        }
        match dial(&net, places, &setup, &mut down).await {
            Some(up) => Relay::new(down, Port::plain(up), &setup).run(&net).await,
            None => down.reset(),
        }
    }
}

/// Dials, for as long as the client is there.
async fn dial<N: Simulated>(
    net: &Faulty<N>,
    places: Places,
    setup: &Setup,
    down: &mut Port<Stream<N>>,
) -> Option<Stream<N>> {
    let mut connect = net.connect(places.origin, setup.up);
    poll_fn(|cx| {
        if down.poll_fault(cx).is_ready() {
            return Poll::Ready(None);
        }
        connect.as_mut().poll(cx).map(Result::ok)
    })
    .await
}

struct Relay<N: Simulated> {
    ports: [Port<Stream<N>>; 2],
    ways: [Direction; 2],
    bug: Bug,
    limit: usize,
}

impl<N: Simulated> Relay<N> {
    fn new(down: Port<Stream<N>>, up: Port<Stream<N>>, setup: &Setup) -> Self {
        let way = || Direction {
            bytes: Vec::new(),
            stage: Stage::Open,
            silent: false,
        };
        Relay {
            ports: [down, up],
            ways: [way(), way()],
            bug: setup.bug,
            limit: setup.limit,
        }
    }

    async fn run(mut self, net: &Faulty<N>) {
        let mut timer = None;
        poll_fn(|cx| {
            loop {
                let mut moved = false;
                for from in [0, 1] {
                    moved |= self.poll_read(cx, from) | self.poll_write(cx, from);
                    moved |= self.poll_end(cx, from, net, &mut timer);
                }
                let broken = |way: &Direction| way.stage == Stage::Broken && way.bytes.is_empty();
                if self.ways.iter().any(broken) || self.ways.iter().all(|w| w.stage == Stage::Ended)
                {
                    return Poll::Ready(());
                }
                if !moved {
                    return Poll::Pending;
                }
            }
        })
        .await;
        let broken = self.ways.iter().any(|way| way.stage == Stage::Broken);
        if broken && self.bug == Bug::AbortOnTimer {
            let pause = tidegate_core::time::Span::from_ms(100);
            net.sleep_until(net.now() + pause).await;
        }
        self.leave().await;
    }

    /// Reads one way; whether anything came of it.
    fn poll_read(&mut self, cx: &mut Context<'_>, from: usize) -> bool {
        let room = self.limit.saturating_sub(self.ways[from].bytes.len());
        let room = if self.bug == Bug::LimitIgnored {
            4_096
        } else {
            room
        };
        let ended = self.ways[from].stage != Stage::Open;
        if self.ways[from].silent || (room == 0 && !ended) {
            return self.poll_fault(cx, from);
        }
        let mut buf = vec![0; room.clamp(1, 4_096)];
        let Poll::Ready(read) = self.ports[from].poll_read(cx, &mut buf) else {
            return false;
        };
        let bug = self.bug;
        let way = &mut self.ways[from];
        match read {
            Ok(Read::Bytes(n)) if !ended => way.bytes.extend_from_slice(&buf[..n]),
            Ok(Read::Bytes(_)) => {}
            Ok(Read::CloseNotify) => way.stage = Stage::Ending,
            Ok(Read::Fin) => {
                way.silent = true;
                let clean = self.ports[from].version().is_none();
                if way.stage == Stage::Open {
                    let launder = bug == Bug::TruncationLaundered;
                    way.stage = if clean || launder {
                        Stage::Ending
                    } else {
                        Stage::Broken
                    };
                }
            }
            Err(fault) => self.broke(from, &fault),
        }
        true
    }

    /// A peer that is not read may still reset.
    fn poll_fault(&mut self, cx: &mut Context<'_>, from: usize) -> bool {
        match self.ports[from].poll_fault(cx) {
            Poll::Ready(fault) if self.ways[from].stage != Stage::Broken => {
                self.broke(from, &fault);
                true
            }
            Poll::Ready(_) | Poll::Pending => false,
        }
    }

    fn broke(&mut self, from: usize, fault: &Fault) {
        assert!(self.bug != Bug::PanicsOnReset, "a peer reset: {fault:?}");
        self.ways[from].silent = true;
        let launder = self.bug == Bug::ResetLaundered && self.ways[from].stage == Stage::Open;
        self.ways[from].stage = if launder {
            Stage::Ending
        } else {
            Stage::Broken
        };
        let back = &mut self.ways[1 - from];
        back.bytes.clear(); // nobody is there to take them
        back.stage = if launder { Stage::Ended } else { Stage::Broken };
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, from: usize) -> bool {
        if self.ways[from].bytes.is_empty() {
            return self.ports[1 - from].wants_flush()
                && matches!(self.ports[1 - from].poll_flush(cx), Poll::Ready(Ok(())));
        }
        let bytes = IoSlice::new(&self.ways[from].bytes);
        match self.ports[1 - from].poll_write(cx, &[bytes]) {
            Poll::Pending => return false,
            Poll::Ready(Ok(n)) => {
                let short = n > 1 && n < self.ways[from].bytes.len();
                let doubled = self.bug == Bug::ShortWriteDoubled && short;
                self.ways[from].bytes.drain(..n - usize::from(doubled));
            }
            Poll::Ready(Err(fault)) => {
                self.ways[from].bytes.clear();
                self.broke(1 - from, &fault);
            }
        }
        true
    }

    /// Passes an end on when its time has come.
    fn poll_end(
        &mut self,
        cx: &mut Context<'_>,
        from: usize,
        net: &Faulty<N>,
        timer: &mut Option<<Faulty<N> as Network>::Sleep>,
    ) -> bool {
        if self.ways[from].stage != Stage::Ending {
            return false;
        }
        let empty = self.ways[from].bytes.is_empty();
        let other = self.ways[1 - from].stage;
        if self.bug == Bug::EndOnlyIfEmpty && !empty {
            self.limit = 0;
            self.ways[from].silent = true;
        }
        let due = match self.bug {
            Bug::EndForgotten => false,
            Bug::EndEarly => true,
            Bug::EndWaitsForBoth => empty && other != Stage::Open,
            Bug::EndOnTimer if empty => {
                let at = net.now() + tidegate_core::time::Span::from_ms(100);
                let sleep = timer.get_or_insert_with(|| net.sleep_until(at));
                Pin::new(sleep).poll(cx).is_ready()
            }
            Bug::None
            | Bug::EndOnlyIfEmpty
            | Bug::EndClosesAll
            | Bug::EndOnTimer
            | Bug::AbortOnTimer
            | Bug::ResetLaundered
            | Bug::TruncationLaundered
            | Bug::LimitIgnored
            | Bug::ShortWriteDoubled
            | Bug::ClosesAtOnce
            | Bug::Drops
            | Bug::EndsTwice
            | Bug::Leaks
            | Bug::PanicsOnReset => empty,
        };
        if !due {
            return false;
        }
        if self.bug == Bug::EndClosesAll && other == Stage::Open {
            self.ways[1 - from].stage = Stage::Ending;
        }
        match self.ports[1 - from].poll_finish(cx) {
            Poll::Pending => return false,
            Poll::Ready(Ok(())) => self.ways[from].stage = Stage::Ended,
            Poll::Ready(Err(fault)) => self.broke(1 - from, &fault),
        }
        if self.bug == Bug::EndsTwice {
            let _again = self.ports[1 - from].poll_finish(cx);
        }
        true
    }

    /// All is said: waits until it has arrived, and goes as it must.
    async fn leave(self) {
        let Relay {
            ports, ways, bug, ..
        } = self;
        let broken = ways.iter().any(|way| way.stage == Stage::Broken);
        let [mut down, mut up] = ports;
        poll_fn(|cx| {
            let waits = [&mut down, &mut up].map(|port| {
                let mut rest = [0; 512];
                while let Poll::Ready(Ok(Read::Bytes(_) | Read::CloseNotify)) =
                    port.poll_read(cx, &mut rest)
                {}
                let flushed = port.poll_flush(cx).is_ready();
                bug == Bug::ClosesAtOnce || flushed && port.poll_acked(cx).is_ready()
            });
            if waits == [true; 2] {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
        if bug == Bug::Leaks {
            std::mem::forget((down, up));
        } else if bug == Bug::Drops {
            drop((down, up));
        } else if broken {
            down.reset();
            up.reset();
        } else {
            down.close();
            up.close();
        }
    }
}

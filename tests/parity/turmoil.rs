//! The ends on turmoil: each lives on a host, and a step is handed to that host's task.

use crate::{
    fast::buffers,
    script::{Act, End, Player, Step},
};
use std::{
    cell::RefCell,
    future::poll_fn,
    net::{Ipv4Addr, SocketAddr},
    rc::Rc,
    time::Duration,
};
use tidegate::net::{Listener, Network, Stream};
use tidegate_sim::{
    net::{SimListener, SimNet, SimStream},
    socket::{Call, Told},
};

/// Ticks after a step, in which everything on its way arrives.
const TICKS: u32 = 20;

/// The port that is listened at.
const PORT: u16 = 7;

/// What a host is to do, and what came of it.
#[derive(Default)]
struct Desk {
    order: Option<Act>,
    told: Option<String>,
}

/// Two hosts.
pub(crate) struct Pair {
    sim: turmoil::Sim<'static>,
    desks: [Rc<RefCell<Desk>>; 2],
}

/// What one host has.
struct Host {
    net: SimNet,
    server: SocketAddr,
    small: bool,
    listener: Option<SimListener>,
    stream: Option<SimStream>,
}

impl Pair {
    pub(crate) fn new(small: bool) -> Pair {
        let mut sim = turmoil::Builder::new()
            .rng_seed(0)
            .epoch(std::time::SystemTime::UNIX_EPOCH)
            .tcp_capacity(65_536)
            .simulation_duration(Duration::from_secs(3_600))
            .min_message_latency(Duration::from_millis(1))
            .max_message_latency(Duration::from_millis(1))
            .build();
        let names = ["a", "b"];
        let desks: [Rc<RefCell<Desk>>; 2] = Default::default();
        let server = SocketAddr::new(sim.lookup("b"), PORT);
        for (name, desk) in names.into_iter().zip(&desks) {
            let desk = Rc::clone(desk);
            sim.client(name, async move {
                let mut host = Host {
                    net: SimNet::new(),
                    server,
                    small,
                    listener: None,
                    stream: None,
                };
                loop {
                    let order = desk.borrow_mut().order.take();
                    if let Some(act) = order {
                        let told = host.act(act).await;
                        desk.borrow_mut().told = Some(told);
                    }
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            });
        }
        Pair { sim, desks }
    }

    fn tick(&mut self) {
        assert!(!self.sim.step().unwrap(), "hosts go on for ever");
    }

    fn act(&mut self, end: End, act: Act) -> String {
        self.desks[end as usize].borrow_mut().order = Some(act);
        loop {
            self.tick();
            let told = self.desks[end as usize].borrow_mut().told.take();
            if let Some(told) = told {
                for _ in 0..TICKS {
                    self.tick();
                }
                return told;
            }
        }
    }

    /// Repeats a call until it says something else than bytes; then what it says.
    fn repeat(&mut self, end: End, call: Call) -> String {
        loop {
            let told = self.act(end, Act::Call(call));
            if told == "0" || told.parse::<u32>().is_err() {
                return told;
            }
        }
    }
}

impl Player for Pair {
    fn play(&mut self, step: &Step) -> String {
        match step.act {
            Act::Fill => self.repeat(step.end, Call::Write(100)),
            Act::Drain => self.repeat(step.end, Call::Read(4_096)),
            act => self.act(step.end, act),
        }
    }
}

impl Host {
    fn call(&mut self, call: Call) -> Told {
        self.stream.as_mut().expect("the end is there").call(call)
    }

    async fn act(&mut self, act: Act) -> String {
        match act {
            Act::Listen => {
                let here = SocketAddr::from((Ipv4Addr::UNSPECIFIED, PORT));
                self.listener = Some(self.net.listen(here, buffers(self.small)).unwrap());
            }
            Act::Unlisten => self.listener = None,
            Act::Connect => match self.net.connect(self.server, buffers(self.small)).await {
                Ok(stream) => self.stream = Some(stream),
                Err(error) => return format!("{:?}", error.kind()),
            },
            Act::Accept => {
                let listener = self.listener.as_mut().expect("it listens");
                let accepted = poll_fn(|cx| listener.poll_accept(cx)).await;
                self.stream = Some(accepted.unwrap());
            }
            Act::Call(call) => return self.call(call).to_string(),
            Act::Await(wait) => {
                let yes = wait.is_over(|call| self.call(call));
                return if yes { "yes" } else { "never" }.to_string();
            }
            Act::Close => self.stream.take().expect("the end is there").close(),
            Act::Reset => self.stream.take().expect("the end is there").reset(),
            Act::Fill | Act::Drain => unreachable!("these are many calls"),
        }
        "ok".to_string()
    }
}

//! `check --bounds` beside what the worker that ships does on the simulated network: nobody holds a socket
//! for longer than was said, and somebody holds one for as long.

use super::{look, vanish::Relay};
use crate::{
    fast::{Fast, FastStream},
    rng::Rng,
};
use std::{
    io::IoSlice,
    net::SocketAddr,
    task::{Context, Waker},
};
use tidegate::{
    bounds::{self, Bounds, Effort, Stage, Whom},
    config::{Config, Plan, Protocol, Share},
    net::{Buffers, Listener as _, Network as _, Stream as _},
    worker::Site,
};
use tidegate_core::{
    limits::Timeouts,
    route::{Route, Table},
    time::Span,
};

/// What a peer does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    /// The client says this.
    Asks(&'static [u8]),
    /// The origin says this.
    Answers(&'static [u8]),
    /// The client is done.
    Ends,
    /// The origin is done.
    Over,
}

use Act::{Answers, Asks, Ends, Over};

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n";
const POST: &[u8] = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n";
const UPGRADE: &[u8] = b"GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n";
const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const HALF: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok";
const EVENTS: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\nsome";
const SWITCHED: &[u8] = b"HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n";
const BYTES: &[u8] = b"some";

/// What is said, as far as it gets.
const HTTP: [&[Act]; 6] = [
    &[
        Asks(b"GET / HT"),
        Asks(b"TP/1.1\r\nHost: h\r\n\r\n"),
        Answers(OK),
        Asks(b"GE"),
    ],
    &[Asks(POST), Asks(BYTES), Answers(HALF)],
    &[Asks(GET), Ends, Answers(HALF)],
    &[Asks(GET), Answers(EVENTS), Answers(BYTES)],
    &[
        Asks(UPGRADE),
        Answers(SWITCHED),
        Asks(BYTES),
        Answers(BYTES),
        Ends,
        Answers(BYTES),
        Over,
    ],
    &[
        Asks(UPGRADE),
        Answers(SWITCHED),
        Answers(BYTES),
        Over,
        Asks(BYTES),
        Ends,
    ],
];
const RELAY: [&[Act]; 3] = [
    &[Asks(BYTES), Answers(BYTES), Ends, Answers(BYTES), Over],
    &[Answers(BYTES), Over, Asks(BYTES), Ends],
    &[Ends, Over],
];

/// One session: what was said, who went, and what was on its way then.
struct Scene {
    fast: Fast,
    relay: Relay,
    client: FastStream,
    listener: <crate::fast::FastNet as tidegate::net::Network>::Listener,
    origin: Option<FastStream>,
}

impl Scene {
    /// `tight`: of which peers' kernels can hold almost nothing: what is sent to them stays where it is.
    fn new(config: &Config, tight: [bool; 2]) -> Scene {
        let [down, up] = tight.map(|tight| Buffers {
            send_bytes: None,
            recv_bytes: tight.then_some(2),
        });
        let fast = Fast::new(3);
        let [client, proxy, origin] = [0, 1, 2].map(|host| fast.host(host));
        let listen: SocketAddr = (proxy.address(), 7).into();
        let at: SocketAddr = (origin.address(), 9).into();
        let listener = origin.listen(at, up).unwrap();
        let mut config = config.clone();
        config.listeners[0].bind = vec![listen];
        config.clusters[0].endpoints[0].at = at.into();
        let site = Site {
            bind: vec![listen],
            listener: config.listeners[0].clone(),
            tls: None,
            admission: tidegate::admission::Admission::open(),
            origins: vec![None],
        };
        let mut relay = Relay::serve(config, site, fast.clone());
        let mut connect = Box::pin(client.connect(listen, down));
        relay.run(Span::from_ms(20));
        let client = look(|cx| connect.as_mut().poll(cx)).unwrap().unwrap();
        let mut scene = Scene {
            fast,
            relay,
            client,
            listener,
            origin: None,
        };
        scene.settle();
        scene
    }

    fn settle(&mut self) {
        self.relay.run(Span::from_ms(20));
        self.greet();
        self.relay.run(Span::from_ms(20));
    }

    fn greet(&mut self) {
        if let Some(accepted) = look(|cx| self.listener.poll_accept(cx)) {
            self.origin = Some(accepted.unwrap());
        }
    }

    /// Does it; nothing of it has arrived yet.
    fn act(&mut self, act: Act) {
        let (end, bytes) = match act {
            Asks(bytes) => (Some(&mut self.client), Some(bytes)),
            Answers(bytes) => (self.origin.as_mut(), Some(bytes)),
            Ends => (Some(&mut self.client), None),
            Over => (self.origin.as_mut(), None),
        };
        let Some(end) = end else { return };
        let mut cx = Context::from_waker(Waker::noop());
        match bytes {
            // What it says to somebody who has left is lost.
            Some(bytes) => drop(end.poll_write(&mut cx, &[IoSlice::new(bytes)])),
            None => drop(end.poll_finish(&mut cx)),
        }
    }

    /// How long the proxy has a session from now on.
    fn hold(mut self) -> Span {
        let begun = self.fast.now();
        while self.relay.sessions() > 0 {
            assert!(
                self.fast.now().since(begun) < Span::from_secs(7_200),
                "nothing ends it"
            );
            self.relay.leap();
            self.greet();
        }
        self.fast.now().since(begun)
    }
}

/// Plays the first acts, with the last of them on its way when somebody goes.
fn played(
    config: &Config,
    (acts, late): (&[Act], Option<Act>),
    tight: [bool; 2],
    whom: Whom,
) -> Span {
    let mut scene = Scene::new(config, tight);
    for act in acts {
        scene.act(*act);
        scene.settle();
    }
    if let Some(act) = late {
        // It has left its peer, and reaches the proxy; what that says then is lost.
        scene.act(act);
        scene.relay.run(Span(500));
    }
    match whom {
        Whom::Client => scene.fast.cut(0, 1),
        Whom::Origin => scene.fast.cut(1, 2),
        Whom::Silence => {}
    }
    scene.hold()
}

/// Latencies, and the looks at send queues.
const SLACK: Span = Span::from_ms(200);

/// The worst that was measured of each, and that none is beyond what was said.
fn compare(config: &Config, scripts: &[&[Act]], seeds: u64) -> [Span; 3] {
    let bounds = bounds::of(config, &config.listeners[0], Effort::Whole);
    let all = [Whom::Client, Whom::Origin, Whom::Silence];
    let mut worst = [Span(0); 3];
    let mut plays: Vec<(Vec<Act>, Option<Act>)> = Vec::new();
    for script in scripts {
        for n in 0..=script.len() {
            plays.push((script[..n].to_vec(), None));
            plays.extend(
                script
                    .get(n)
                    .map(|late| (script[..n].to_vec(), Some(*late))),
            );
        }
    }
    for seed in 0..seeds {
        let mut rng = Rng::new(seed);
        let script = rng.pick(scripts);
        // Some of it is left out, and may come later.
        let mut acts: Vec<Act> = script.to_vec();
        acts.retain(|_| !rng.one_in(4));
        let n = rng.below(u32::try_from(acts.len()).unwrap() + 1) as usize;
        plays.push((acts[..n].to_vec(), acts.get(n).copied()));
    }
    for (acts, late) in &plays {
        for (at, whom) in all.into_iter().enumerate() {
            let most = bounds.worst(whom).expect("somebody goes").span;
            for tight in [[false, false], [true, false], [false, true]] {
                let held = played(config, (acts, *late), tight, whom);
                assert!(
                    held <= Span(most.0 + SLACK.0),
                    "{whom:?} {held:?} of {most:?}: {acts:?} {late:?} {tight:?}"
                );
                worst[at] = worst[at].max(held);
            }
        }
    }
    for (at, whom) in all.into_iter().enumerate() {
        let most = bounds.worst(whom).expect("somebody goes").span;
        let near = worst[at].0 + SLACK.0 >= most.0;
        assert!(
            near,
            "{whom:?}: {:?} was said, and {:?} is the worst",
            most, worst[at]
        );
    }
    worst
}

fn of(change: impl FnOnce(&mut Timeouts), http: bool) -> Config {
    let mut config = super::vanish::relay(
        ([0; 4], 0).into(),
        &[([127, 0, 0, 1], 9).into()],
        Share::default(),
    )
    .0;
    if http {
        let all = Table::new(vec![Route::new(None, "/", Plan::to(0))]);
        config.listeners[0].protocol = Protocol::Http(all);
    }
    let mut timeouts = config.listeners[0].protocol.default_timeouts();
    change(&mut timeouts);
    config.listeners[0].timeouts = timeouts;
    config
}

fn odd(waits: &mut Timeouts) {
    let s = Span::from_secs;
    waits.head = s(7);
    waits.idle = s(11);
    waits.request = s(13);
    waits.response = s(41);
    waits.body = s(43);
    (waits.write, waits.write_up) = (s(17), s(17));
    (waits.tunnel_write, waits.tunnel_write_up) = (s(2_000), s(2_000));
    waits.tunnel = s(4_000);
    waits.half_idle = s(500);
    waits.linger_stall = s(29);
    waits.keepalive.established = s(31);
    waits.keepalive.interval = s(3);
    waits.keepalive_up.half_closed = s(9);
}

#[test]
fn nobody_holds_a_relay_for_longer_than_check_says_and_somebody_does_for_as_long() {
    compare(&of(|_| {}, false), &RELAY, 40);
    compare(&of(odd, false), &RELAY, 20);
}

#[test]
fn nobody_holds_http_for_longer_than_check_says_and_somebody_does_for_as_long() {
    compare(&of(|_| {}, true), &HTTP, 40);
    compare(&of(odd, true), &HTTP, 20);
}

/// Stage by stage, where a short way leads to the worst of it.
#[test]
fn each_wait_holds_for_as_long_as_check_says() {
    for config in [of(|_| {}, true), of(odd, true)] {
        let said: Bounds = bounds::of(&config, &config.listeners[0], Effort::Whole);
        let roomy = [false, false];
        for (acts, late, tight, whom, stage) in [
            (&[][..], None, roomy, Whom::Silence, Stage::Fresh),
            (&[][..], None, roomy, Whom::Client, Stage::Fresh),
            (
                &[Asks(GET), Answers(OK)][..],
                None,
                roomy,
                Whom::Client,
                Stage::Kept,
            ),
            (
                &[Asks(UPGRADE), Answers(SWITCHED)][..],
                None,
                [false, true],
                Whom::Client,
                Stage::Open,
            ),
        ] {
            let held = played(&config, (acts, late), tight, whom);
            let most = said.phases[&(stage, whom)].span;
            let same = held.0.abs_diff(most.0) <= SLACK.0;
            assert!(same, "{stage:?} {whom:?}: {held:?}, and {most:?} was said");
        }
    }
}

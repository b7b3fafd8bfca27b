//! The proxy in a world: the worker that ships, on the world's network.
//!
//! It owns nothing but the way from a schedule to a configuration. Accept, dial, pool, TLS, driver
//! and core are the production ones; only keys, random numbers and the network are simulated.

use crate::{
    fault::Faulty,
    peer::SharedLog,
    schedule::{Carrier, Schedule, Traffic},
    simulated::Simulated,
    tls::{self, Party, Version},
    watch::Watch,
    world::{Places, Proxy},
};
use rustls::ServerConfig;
use std::{
    cell::RefCell,
    future::{Future, poll_fn},
    path::PathBuf,
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::Poll,
};
use tidegate::{
    config::{self, Balance, CertificateFiles, Cluster, Config, Endpoint, Plan, Protocol, Tls},
    crowd::Crowd,
    net::Network,
    observe::Observer,
    tap::Tap,
    worker::{Extras, Site, Worker},
};
use tidegate_core::{
    limits::Limits,
    route::{Route, Table},
    time::Time,
    variant::Variant,
};

/// The production worker under a schedule, watched, with a wrong rule if one is asked for. It drains
/// when the schedule says so, or once the client has come to its end: what is in the pool is closed. When
/// all is, it tells its counters and ends.
#[derive(Debug)]
pub struct Production<'a> {
    /// What the configuration follows from.
    pub schedule: &'a Schedule,
    /// The wrong rule.
    pub variant: Option<Variant>,
    /// Who watches.
    pub watch: &'a Rc<RefCell<Watch>>,
    /// How many idle sessions are let be, and not put away.
    pub crowd: Crowd,
}

impl Proxy for Production<'_> {
    fn start<N: Simulated>(
        self,
        net: Faulty<N>,
        places: Places,
        client: SharedLog,
    ) -> Pin<Box<dyn Future<Output = ()>>> {
        tidegate::variant::break_rule(self.variant);
        let (config, site) = (config(self.schedule, places), site(self.schedule, places));
        let extras = extras(&self);
        let drain = self.schedule.drain_ms.map(u64::from).map(Time::from_ms);
        let (observer, watch) = (extras.observer.clone(), Rc::clone(self.watch));
        Box::pin(async move {
            let mut drain = drain.map(|at| Box::pin(net.untouched_sleep(at)));
            let worker = Worker::start(net.clone(), &config, &[site], &extras)
                .unwrap_or_else(|(address, error)| panic!("cannot listen at {address}: {error}"));
            while client.borrow().done_at.is_none() || worker.sessions() > 0 {
                let due = poll_fn(|cx| {
                    let due = drain
                        .as_mut()
                        .map(|sleep| sleep.as_mut().poll(cx).is_ready());
                    Poll::Ready(due.unwrap_or(false))
                });
                if due.await {
                    break;
                }
                net.beat().await;
            }
            worker.drain(std::future::pending()).await;
            let metrics = observer.metrics(net.now());
            watch.borrow_mut().told.metrics = Some(metrics);
        })
    }
}

fn extras(production: &Production<'_>) -> Extras {
    let (variant, watch) = (production.variant, Rc::clone(production.watch));
    Extras {
        setup: Rc::new(move |mut setup| {
            setup.variant = variant;
            setup
        }),
        taps: Rc::new(move |_| Some(Box::new(Watch::tap(&watch)) as Box<dyn Tap>)),
        // A wrong rule is to be caught by what the peers see, not by its own confession.
        paranoid: variant.is_none(),
        seed: 0,
        place: tidegate::upstream::Place::ONLY,
        news: Vec::new(),
        ink: None,
        observer: Observer::default(),
        crowd: production.crowd.clone(),
        ..Extras::default()
    }
}

fn protocol(schedule: &Schedule) -> Protocol {
    match schedule.traffic {
        Traffic::Relay => Protocol::Tcp(0),
        Traffic::Http { .. } => {
            Protocol::Http(Table::new(vec![Route::new(None, "/", Plan::to(0))]))
        }
    }
}

fn config(schedule: &Schedule, places: Places) -> Config {
    Config {
        listeners: vec![listener(schedule, places)],
        clusters: vec![Cluster {
            name: "origin".to_string(),
            endpoints: vec![Endpoint {
                authority: format!("{}:{}", tls::NAMES[1], places.origin.port()),
                at: places.origin.into(),
                share: config::Share::default(),
            }],
            balance: Balance::default(),
            choosing: config::Choosing::default(),
            queue: Some(config::Queue::default()),
            retries: config::Retries::default(),
            takes_connect: true,
            health: None,
            proxy_protocol: None,
            buffers: schedule.buffers.up.into(),
            timeouts: config::UpstreamTimeouts::default(),
            tls: (schedule.upstream != Carrier::Tcp).then(config::OriginTls::default),
        }],
        limits: Limits {
            relay_bytes: schedule.buffers.relay,
            pipe_bytes: schedule.buffers.pipe,
            pipe_from_bytes: schedule.buffers.pipe_from,
            ..Limits::default()
        },
        admin: config::Admin::OFF,
        ..Config::default()
    }
}

fn listener(schedule: &Schedule, places: Places) -> config::Listener {
    let protocol = protocol(schedule);
    let timeouts = protocol.default_timeouts();
    config::Listener {
        name: "simulated".to_string(),
        bind: vec![places.listen],
        protocol,
        // Files that nobody opens: the certificates come with the site.
        tls: (schedule.carrier != Carrier::Tcp).then(|| {
            let file = PathBuf::from("simulated.pem");
            Tls::Files(vec![CertificateFiles {
                cert: file.clone(),
                key: file,
            }])
        }),
        buffers: schedule.buffers.down.into(),
        timeouts,
        policy: config::Policy::default(),
        clients: None,
        forwarding: config::Forwarding::default(),
        access: config::Access::default(),
    }
}

fn site(schedule: &Schedule, places: Places) -> Site {
    Site {
        bind: vec![places.listen],
        listener: listener(schedule, places),
        tls: match schedule.carrier {
            Carrier::Tcp => None,
            Carrier::Tls(_) => Some(certificates(schedule)),
        },
        admission: tidegate::admission::Admission::open(),
        origins: vec![match schedule.upstream {
            Carrier::Tcp => None,
            Carrier::Tls(version) => Some(tls::client_config(Party::Proxy, version)),
        }],
    }
}

/// Both versions: which one is spoken, the client says.
fn certificates(schedule: &Schedule) -> Arc<ServerConfig> {
    let shared = tls::server_config(Party::Proxy, &[Version::Tls13, Version::Tls12]);
    let mut config = ServerConfig::clone(&shared);
    config.alpn_protocols = protocol(schedule)
        .alpn()
        .iter()
        .map(|name| name.to_vec())
        .collect();
    Arc::new(config)
}

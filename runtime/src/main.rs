//! The `tidegate` binary.
use tidegate::{config::*, net::Buffers, server::Server};
fn main() {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .init();
    let a: Vec<String> = std::env::args().collect();
    let http = a[1] == "http";
    let tls = a.get(4).map(|d| Tls::Dev(d.into()));
    let protocol = if http {
        Protocol::Http(tidegate_core::route::Table::new(vec![
            tidegate_core::route::Route::new(None, "/", 0),
        ]))
    } else {
        Protocol::Tcp(0)
    };
    let timeouts = protocol.default_timeouts();
    let config = Config {
        listeners: vec![Listener {
            name: "x".into(),
            bind: vec![a[2].parse().unwrap()],
            protocol,
            tls,
            buffers: Buffers::default(),
            timeouts,
            bare_fin: Default::default(),
            tls12_half_close: Default::default(),
        }],
        clusters: vec![Cluster {
            name: "y".into(),
            endpoints: vec![Endpoint {
                authority: a[3].clone(),
                address: a[3].parse().unwrap(),
            }],
            balance: Default::default(),
            buffers: Buffers::default(),
            timeouts: Default::default(),
        }],
        limits: Default::default(),
        drain: Config::DRAIN,
        workers: None,
    };
    match Server::start(&config) {
        Ok(server) => {
            println!("{:?}", server.addresses);
            println!("{:?}", server.run());
        }
        Err(e) => println!("{e:?}"),
    }
}

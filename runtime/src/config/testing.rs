//! Small configurations for unit tests.

use super::*;
use tidegate_core::route::Route;

/// An HTTP listener with every default: port 8080, everything to the first cluster.
pub(crate) fn listener() -> Listener {
    Listener {
        name: "web".to_owned(),
        bind: vec![SocketAddr::from(([0, 0, 0, 0], 8080))],
        protocol: Protocol::Http(Table::new(vec![Route::new(None, "/", Plan::to(0))])),
        tls: None,
        buffers: Buffers::default(),
        timeouts: Timeouts::http(),
        policy: Policy::default(),
        clients: None,
        forwarding: Forwarding::default(),
        access: Access::default(),
    }
}

/// A cluster of these endpoints, whose addresses do not matter.
pub(crate) fn cluster(endpoints: &[&str]) -> Cluster {
    let endpoint = |authority: &&str| Endpoint {
        authority: (*authority).to_owned(),
        at: SocketAddr::from(([127, 0, 0, 1], 1)).into(),
        share: Share::default(),
    };
    Cluster {
        name: "api".to_owned(),
        endpoints: endpoints.iter().map(endpoint).collect(),
        balance: Balance::default(),
        choosing: Choosing::default(),
        queue: Some(Queue::default()),
        retries: Retries::default(),
        takes_connect: false,
        health: None,
        proxy_protocol: None,
        buffers: Buffers::default(),
        timeouts: UpstreamTimeouts::default(),
        tls: None,
    }
}

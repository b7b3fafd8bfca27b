//! How the proxy is configured for a plan: one listener, one cluster.

use super::{origin::CHECK, plan::Plan};
use std::net::SocketAddr;
use tidegate::{
    config::{self, Config},
    net::Buffers,
};
use tidegate_core::{
    budget::Allowance,
    group, health,
    route::{Route, Table},
    time::Span,
};

/// The name of the cluster.
pub(super) const NAME: &str = "cluster";

pub(super) fn ms(ms: u32) -> Span {
    Span::from_ms(u64::from(ms))
}

/// The whole configuration.
pub(super) fn config(plan: &Plan, listen: SocketAddr, addresses: &[SocketAddr]) -> Config {
    let protocol =
        config::Protocol::Http(Table::new(vec![Route::new(None, "/", config::Plan::to(0))]));
    Config {
        listeners: vec![config::Listener {
            name: "clients".to_owned(),
            bind: vec![listen],
            timeouts: protocol.default_timeouts(),
            protocol,
            tls: None,
            buffers: Buffers::default(),
            policy: config::Policy::default(),
            clients: None,
            forwarding: config::Forwarding::default(),
            access: config::Access::default(),
        }],
        clusters: vec![cluster(plan, addresses)],
        admin: config::Admin::OFF,
        ..Config::default()
    }
}

fn cluster(plan: &Plan, addresses: &[SocketAddr]) -> config::Cluster {
    let endpoints = plan.endpoints.iter().zip(addresses);
    let endpoints = endpoints.map(|(one, address)| config::Endpoint {
        authority: address.to_string(),
        at: (*address).into(),
        share: config::Share {
            weight: one.weight,
            tier: 0,
            max_connections: one.most,
        },
    });
    let ejection = plan.ejection.map(|ejection| config::Ejection {
        rules: group::Ejection {
            failures: ejection.failures,
            base: ms(ejection.base_ms),
            most: ms(ejection.most_ms),
            percent: ejection.percent,
        },
        ..config::Ejection::default()
    });
    let slow_start = (plan.slow_start_ms > 0).then(|| ms(plan.slow_start_ms));
    config::Cluster {
        name: NAME.to_owned(),
        endpoints: endpoints.collect(),
        balance: plan.balance,
        choosing: config::Choosing {
            affinity: None,
            ejection,
            slow_start,
        },
        queue: plan.queue.map(|queue| config::Queue {
            depth: queue.depth,
            timeout: ms(queue.timeout_ms),
        }),
        retries: config::Retries {
            allowance: Allowance {
                percent: plan.retries.percent,
                per_second: plan.retries.per_second,
            },
            statuses: plan.retries.statuses.clone(),
        },
        takes_connect: false,
        proxy_protocol: None,
        buffers: Buffers::default(),
        timeouts: config::UpstreamTimeouts {
            response: Some(ms(plan.response_ms)),
            ..config::UpstreamTimeouts::default()
        },
        tls: None,
        health: plan.health.map(|health| config::Health {
            plan: health::Plan {
                interval: ms(health.interval_ms),
                fast: ms(health.interval_ms / 2),
                timeout: ms(health.timeout_ms),
                rise: health.rise,
                fall: health.fall,
                initial: health::Initial::Up,
            },
            ask: config::Ask::Http(config::Request {
                path: CHECK.to_owned(),
                host: None,
                status: config::Statuses::default(),
                body: None,
            }),
        }),
    }
}

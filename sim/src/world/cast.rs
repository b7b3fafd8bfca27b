//! Who plays the two peers of a world.
//!
//! It owns the way from a schedule to its peers; others bring peers of their own.

use super::Places;
use crate::{
    peer::{
        self, SharedLog,
        http::{self, Http, SharedHttpLog},
    },
    schedule::{Exchange, Schedule, Traffic},
    simulated::Simulated,
};
use std::{cell::RefCell, future::Future, pin::Pin, rc::Rc};

/// A peer, or the proxy.
pub type Player = Pin<Box<dyn Future<Output = ()>>>;

/// What the peers find behind the scene: their hosts, where to go, and the logs by which a world
/// knows when they are done.
#[derive(Debug)]
pub struct Backstage<N> {
    /// The client's network, and the origin's.
    pub nets: [N; 2],
    /// Where the proxy listens, and where it expects the origin.
    pub places: Places,
    /// The client's connection.
    pub client: SharedLog,
    /// The origin's, one for each.
    pub origins: Rc<RefCell<Vec<SharedLog>>>,
    /// What HTTP's peers write down.
    pub(super) http: SharedHttpLog,
}

/// Two peers.
pub trait Cast {
    /// The client and the origin, for one run.
    fn players<N: Simulated>(&self, stage: Backstage<N>) -> [Player; 2];
}

impl Cast for Schedule {
    fn players<N: Simulated>(&self, stage: Backstage<N>) -> [Player; 2] {
        match &self.traffic {
            Traffic::Relay => relay(self, stage),
            Traffic::Http {
                exchanges,
                pipelined,
            } => http(self, stage, exchanges, *pipelined),
        }
    }
}

fn relay<N: Simulated>(schedule: &Schedule, stage: Backstage<N>) -> [Player; 2] {
    let [client, origin] = stage.nets;
    let client = peer::client(
        client,
        stage.places.listen,
        schedule.buffers.client,
        schedule.carrier,
        schedule.client.clone(),
        stage.client,
    );
    let origin = peer::origin(
        origin,
        stage.places.origin,
        schedule.buffers.origin,
        schedule.upstream,
        schedule.origin.clone(),
        stage.origins,
    );
    [Box::pin(client), Box::pin(origin)]
}

fn http<N: Simulated>(
    schedule: &Schedule,
    stage: Backstage<N>,
    exchanges: &[Exchange],
    pipelined: bool,
) -> [Player; 2] {
    let http = Http {
        exchanges: exchanges.into(),
        log: stage.http,
    };
    let [client, origin] = stage.nets;
    let client = http::client(
        client,
        stage.places.listen,
        schedule.buffers.client,
        schedule.carrier,
        schedule.client.clone(),
        pipelined,
        http.clone(),
        stage.client,
    );
    let origin = http::origin(
        origin,
        stage.places.origin,
        schedule.buffers.origin,
        schedule.upstream,
        schedule.origin.clone(),
        http,
        stage.origins,
    );
    [Box::pin(client), Box::pin(origin)]
}

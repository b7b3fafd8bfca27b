//! What holds of every stream of this network, in two stories: turmoil's defects and Linux's rules.

mod defects;
mod rules;

use super::{SimNet, SimStream};
use crate::testing::{accept, here, server};
use std::future::Future;
use tidegate::net::{Buffers, Network};

/// Whatever the network gives.
const ANY: Buffers = Buffers {
    send_bytes: None,
    recv_bytes: None,
};
/// A server that accepts one of our streams and goes on with it.
async fn serve<T, F: Future<Output = T>>(buffers: Buffers, then: impl FnOnce(SimStream) -> F) -> T {
    let mut listener = SimNet::new().listen(here(), buffers).unwrap();
    let stream = accept(&mut listener).await;
    then(stream).await
}

/// A client that connects one of our streams and goes on with it.
async fn dial<T, F: Future<Output = T>>(buffers: Buffers, then: impl FnOnce(SimStream) -> F) -> T {
    let stream = SimNet::new().connect(server(), buffers).await.unwrap();
    then(stream).await
}

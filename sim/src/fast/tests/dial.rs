//! The worker that ships, before endpoints of which some do not answer a SYN.

use super::{look, vanish::Relay};
use crate::{
    fast::Fast,
    socket::Call::{Read, Write},
};
use std::net::SocketAddr;
use tidegate::{
    config::Share,
    net::{Buffers, Listener, Network},
};
use tidegate_core::time::Span;

/// R21: a black hole costs a try, and T_connect bounds each try by itself.
#[test]
fn r21_behind_an_endpoint_that_is_silent_another_one_is_tried() {
    let fast = Fast::new(5);
    let hosts = [0, 1, 2, 3, 4].map(|host| fast.host(host));
    let listen: SocketAddr = (hosts[1].address(), 7).into();
    let origins = [2, 3, 4].map(|host: usize| SocketAddr::from((hosts[host].address(), 9)));
    let mut listener = hosts[4].listen(origins[2], Buffers::default()).unwrap();
    for silent in [2, 3] {
        fast.cut(1, silent);
    }
    let mut relay = Relay::to(listen, &origins, fast, Share::default());
    let mut clients = Vec::new();
    for n in 1..=9 {
        let mut connect = Box::pin(hosts[0].connect(listen, Buffers::default()));
        relay.run(Span::from_ms(20));
        let mut client = look(|cx| connect.as_mut().poll(cx)).unwrap().unwrap();
        assert_eq!(client.call(Write(n)).to_string(), n.to_string());
        clients.push(client);
    }
    let mut reached = 0;
    let mut all = Vec::new();
    // Two tries in vain, of 5 s each.
    for seconds in [4, 2, 5] {
        relay.run(Span::from_secs(seconds));
        while let Some(accepted) = look(|cx| listener.poll_accept(cx)) {
            all.push(accepted.unwrap());
        }
        assert!(all.len() > reached, "some meet more silence than others");
        reached = all.len();
    }
    assert_eq!(reached, 9);
    let mut heard: Vec<_> = all
        .iter_mut()
        .map(|up| up.call(Read(99)).to_string())
        .collect();
    heard.sort();
    assert_eq!(heard, ["1", "2", "3", "4", "5", "6", "7", "8", "9"]);
}

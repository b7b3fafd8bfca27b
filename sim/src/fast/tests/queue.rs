//! The worker that ships, before an origin that has one session at a time (PRODUCT section 5).

use super::{look, vanish::Relay};
use crate::{
    fast::{Fast, FastNet, FastStream},
    socket::Call::{Read, Shutdown, Write},
};
use std::{net::SocketAddr, num::NonZeroU32};
use tidegate::{
    config::Share,
    net::{Buffers, Listener, Network, Stream},
};
use tidegate_core::time::Span;

struct Stage {
    relay: Relay,
    client: FastNet,
    listen: SocketAddr,
    listener: <FastNet as Network>::Listener,
}

impl Stage {
    fn new() -> Stage {
        let fast = Fast::new(3);
        let [client, proxy, origin] = [0, 1, 2].map(|host| fast.host(host));
        let listen: SocketAddr = (proxy.address(), 7).into();
        let at: SocketAddr = (origin.address(), 9).into();
        let listener = origin.listen(at, Buffers::default()).unwrap();
        let share = Share {
            max_connections: NonZeroU32::new(1),
            ..Share::default()
        };
        Stage {
            relay: Relay::new(listen, at, fast, share),
            client,
            listen,
            listener,
        }
    }

    fn connects(&mut self) -> FastStream {
        let mut connect = Box::pin(self.client.connect(self.listen, Buffers::default()));
        self.relay.run(Span::from_ms(20));
        look(|cx| connect.as_mut().poll(cx)).unwrap().unwrap()
    }

    fn accepts(&mut self) -> Option<FastStream> {
        look(|cx| self.listener.poll_accept(cx)).map(Result::unwrap)
    }
}

#[test]
fn row_4_8_7_row_4_8_8_turns_come_in_the_order_of_coming_and_past_who_has_left() {
    let mut stage = Stage::new();
    let first = stage.connects();
    let up = stage.accepts().unwrap();
    let mut others: Vec<_> = (0..3).map(|_| stage.connects()).collect();
    for (other, n) in others.iter_mut().zip(1..) {
        assert_eq!(other.call(Write(n)).to_string(), n.to_string());
    }
    stage.relay.run(Span::from_ms(100));
    assert!(stage.accepts().is_none(), "it has one");
    others.remove(0).reset();
    stage.relay.run(Span::from_ms(100));
    assert_eq!(stage.relay.sessions(), 3);
    first.reset();
    stage.relay.run(Span::from_ms(20));
    drop(up);
    let mut up = stage.accepts().expect("there is room");
    assert!(stage.accepts().is_none(), "for one");
    assert_eq!(up.call(Read(9)).to_string(), "2");
    for end in [&mut others[0], &mut up] {
        assert_eq!(end.call(Shutdown).to_string(), "ok");
    }
    stage.relay.run(Span::from_ms(20));
    let mut up = stage.accepts().expect("there is room again");
    assert_eq!(up.call(Read(9)).to_string(), "3");
}

#[test]
fn row_4_8_7_r21_a_turn_that_does_not_come_is_a_reset() {
    let mut stage = Stage::new();
    let _first = stage.connects();
    let _up = stage.accepts().unwrap();
    let mut second = stage.connects();
    stage.relay.run(Span::from_ms(900));
    assert_eq!(stage.relay.sessions(), 2);
    stage.relay.run(Span::from_ms(100));
    assert_eq!(stage.relay.sessions(), 1);
    assert_eq!(second.call(Read(1)).to_string(), "ECONNRESET");
    assert!(stage.accepts().is_none());
}

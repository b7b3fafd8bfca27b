//! Who is in a listener's queue when it closes, and who was handed over to it.

use super::{
    super::{
        Kernel, KernelListener,
        share::{Kept, Share, Shares},
    },
    bench::{any_port, run, within},
};
use crate::net::{Buffers, Listener, Network};
use std::{
    future::poll_fn,
    net::TcpStream,
    sync::Arc,
    task::{Context, Poll, Waker},
};

/// More than one worker may have before it hands over what comes.
const MANY: usize = 24;

/// A worker that listens, and has more connections than it should beside the other.
fn unequal() -> (Arc<Shares>, KernelListener, Vec<Kept>) {
    let shares = Shares::of(2);
    let share = Share::new(Arc::clone(&shares), 0);
    let kept = (0..MANY).map(|_| share.keep(false)).collect();
    let listener = Kernel::sharing(share).listen(any_port(), Buffers::default());
    (shares, listener.unwrap(), kept)
}

#[test]
fn g2_a_listener_that_closes_asks_its_queue_and_not_the_reactor() {
    run(async {
        let mut listener = Kernel::new()
            .listen(any_port(), Buffers::default())
            .unwrap();
        let mut cx = Context::from_waker(Waker::noop());
        assert!(listener.poll_accept(&mut cx).is_pending());
        let queued = [(); 3].map(|()| TcpStream::connect(listener.local()).unwrap());
        assert!(
            listener.poll_accept(&mut cx).is_pending(),
            "the reactor has had no turn since"
        );
        listener.closes();
        for _ in &queued {
            let accepted = listener.poll_accept(&mut cx);
            assert!(matches!(accepted, Poll::Ready(Ok(_))), "{accepted:?}");
        }
        assert!(listener.poll_accept(&mut cx).is_pending());
    });
}

#[test]
fn g2_a_listener_that_closes_keeps_whoever_comes() {
    run(async {
        let (shares, mut listener, _kept) = unequal();
        let mut others = Share::new(shares, 1).listens(listener.local());
        listener.closes();
        let _queued = TcpStream::connect(listener.local()).unwrap();
        let mut cx = Context::from_waker(Waker::noop());
        let accepted = listener.poll_accept(&mut cx);
        assert!(matches!(accepted, Poll::Ready(Ok(_))), "{accepted:?}");
        assert!(others.take().is_none());
    });
}

#[test]
fn who_was_handed_over_to_a_listener_that_goes_counts_no_more() {
    run(async {
        let (shares, mut first, _kept) = unequal();
        let second = Share::new(Arc::clone(&shares), 1).listens(first.local());
        let _queued = TcpStream::connect(first.local()).unwrap();
        within(20, poll_fn(|cx| first.poll_accept(cx))).await;
        assert_eq!(shares.counts(), [MANY, 1], "it is on its way");
        drop(second);
        assert_eq!(shares.counts(), [MANY, 0]);
    });
}

/// A reload that fails opens its sockets, and closes them again.
#[test]
fn whoever_listened_before_is_handed_over_to_again_when_the_next_one_goes() {
    let shares = Shares::of(2);
    let part = |worker| Share::new(Arc::clone(&shares), worker);
    let at = any_port();
    let mut before = part(1).listens(at);
    drop(part(1).listens(at));
    let _kept: Vec<_> = (0..MANY).map(|_| part(0).keep(false)).collect();
    let connection = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None);
    assert!(part(0).place(at, (connection.unwrap(), at)).is_none());
    assert!(before.take().is_some());
    assert_eq!(shares.counts(), [MANY, 0], "it was let go of");
}

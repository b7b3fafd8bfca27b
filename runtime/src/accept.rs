//! Accepting connections and running their sessions, each as one task of its worker.
//!
//! It owns the listener. It waits for connections and for the drain, and keeps accepting through
//! whatever a single connection or a full descriptor table does (R25).

use crate::{
    drain::Word,
    driver::{Driver, Service},
    net::{Listener, Network},
    tap::Tap,
};
use std::{
    future::{Future, poll_fn},
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    rc::Rc,
    task::{Context, Poll},
};
use tidegate_core::time::Span;

/// Connections accepted before sessions get their turn.
const AT_ONCE: usize = 16;

/// How long to leave a listener alone that has no descriptors or memory to accept with.
const EXHAUSTED: Span = Span::from_ms(50);

/// Makes the tap of the n-th session; production makes none.
pub type Taps = dyn Fn(u64) -> Option<Box<dyn Tap>>;

/// Accepts until the drain has begun and the queue is empty (G2), or until the drain's deadline, and
/// then closes the listener.
pub async fn accept<N: Network>(
    mut listener: N::Listener,
    service: Rc<Service<N>>,
    taps: Rc<Taps>,
) {
    let mut ticket = service.drain.ear();
    let mut count = 0;
    let mut exhausted_at = None;
    loop {
        let turn = poll_fn(|cx| {
            ticket.poll(cx);
            let word = service.drain.word();
            if word == Word::Expired {
                return Poll::Ready(Turn::Over);
            }
            for _ in 0..AT_ONCE {
                match listener.poll_accept(cx) {
                    Poll::Ready(Ok(stream)) => {
                        count += 1;
                        start(&service, stream, taps(count));
                    }
                    Poll::Ready(Err(error)) => return Poll::Ready(Turn::Exhausted(error)),
                    Poll::Pending if word != Word::Serve => {
                        return Poll::Ready(Turn::Over);
                    }
                    Poll::Pending => return Poll::Pending,
                }
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        });
        match turn.await {
            Turn::Over => return,
            Turn::Exhausted(error) => {
                // Once for as long as it lasts.
                if exhausted_at != Some(count) {
                    tracing::error!(%error, "cannot accept; trying again");
                }
                exhausted_at = Some(count);
                let net = service.upstreams.net();
                let pause = pin!(net.sleep_until(net.now() + EXHAUSTED));
                pause.await;
            }
        }
    }
}

enum Turn {
    Over,
    Exhausted(io::Error),
}

fn start<N: Network>(service: &Rc<Service<N>>, stream: N::Stream, tap: Option<Box<dyn Tap>>) {
    match Driver::new(Rc::clone(service), stream, tap) {
        Ok(driver) => {
            // A session is one task; nobody waits for it, and its drain ticket counts it.
            tokio::task::spawn_local(Guarded(Some(driver)));
        }
        Err(error) => tracing::error!(%error, "cannot begin a TLS session"),
    }
}

/// A session whose panic costs its own connections only: they are reset, never finished.
struct Guarded<N: Network>(Option<Driver<N>>);

impl<N: Network> Unpin for Guarded<N> {}

impl<N: Network> Future for Guarded<N> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Some(driver) = self.0.as_mut() else {
            return Poll::Ready(());
        };
        match catch_unwind(AssertUnwindSafe(|| Pin::new(&mut *driver).poll(cx))) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(_)) => driver.record().log(),
            Err(_) => tracing::error!("a session failed inside the proxy; its legs are reset"),
        }
        self.0 = None;
        Poll::Ready(())
    }
}

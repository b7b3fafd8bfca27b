//! How everything stands, once a second, for whoever listens.
//!
//! It owns one sampler for all of them, which asks the workers only while somebody is there. A listener
//! that does not read misses what came meanwhile: it is told the latest, nothing is kept for it, and
//! nobody waits for it.

use super::{Asked, json, look::Sockets};
use hyper::body::{Body, Bytes, Frame};
use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{sync::watch, time::sleep};

/// How often it is looked at.
const EVERY: Duration = Duration::from_secs(1);

/// What is told, to all who listen; nothing once all is over.
#[derive(Debug)]
pub(super) struct Events(watch::Sender<Option<Bytes>>);

impl Events {
    pub(super) fn new() -> Self {
        Events(watch::Sender::new(Some(Bytes::new())))
    }

    /// Somebody listens.
    pub(super) fn listen(&self) -> Told {
        let mut news = self.0.subscribe();
        // What was said when nobody listened is old; that all is over stays true.
        let goes_on = news.borrow().is_some();
        match goes_on {
            true => news.mark_unchanged(),
            false => news.mark_changed(),
        }
        Told {
            next: Box::pin(next(news)),
        }
    }

    /// Nobody is told any more: every answer comes to its end.
    pub(super) fn end(&self) {
        self.0.send_replace(None);
    }

    /// Looks, as long as anybody listens, and tells them; it never ends.
    pub(super) async fn sample(&self, asked: &Asked, sockets: &Sockets) {
        loop {
            if self.0.receiver_count() > 0
                && let Some(status) = asked.process.status().await
            {
                let (all, without) = sockets.sampled(asked).await;
                let mut event = json::connections(all, without.as_ref());
                let count = event["connections"].as_array().map_or(0, Vec::len);
                event["status"] = json::status(&status, count);
                let metrics = asked.workers.metrics().await.answers;
                event["closed"] = json::closed(&metrics);
                json::strips(&mut event["status"], &metrics);
                let text = format!("data: {event}\n\n");
                self.0.send_if_modified(|latest| {
                    let goes_on = latest.is_some();
                    if goes_on {
                        *latest = Some(Bytes::from(text));
                    }
                    goes_on
                });
            }
            sleep(EVERY).await;
        }
    }
}

type News = watch::Receiver<Option<Bytes>>;
type Next = Pin<Box<dyn Future<Output = Option<(Bytes, News)>>>>;

/// What one listener is told, until all is over.
pub(super) struct Told {
    next: Next,
}

async fn next(mut news: News) -> Option<(Bytes, News)> {
    news.changed().await.ok()?;
    let latest = news.borrow_and_update().clone()?;
    Some((latest, news))
}

impl Body for Told {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Some((latest, news)) = ready!(self.next.as_mut().poll(cx)) else {
            return Poll::Ready(None);
        };
        self.next = Box::pin(next(news));
        Poll::Ready(Some(Ok(Frame::data(latest))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::Waker;

    #[test]
    fn who_does_not_read_is_told_the_latest_alone() {
        let events = Events::new();
        let mut told = Box::pin(events.listen());
        let mut cx = Context::from_waker(Waker::noop());
        assert!(told.as_mut().poll_frame(&mut cx).is_pending());
        for text in ["one", "two", "three"] {
            events.0.send_replace(Some(Bytes::from(text)));
        }
        let Poll::Ready(Some(Ok(frame))) = told.as_mut().poll_frame(&mut cx) else {
            panic!("nothing is told");
        };
        assert_eq!(frame.into_data().unwrap(), "three");
        assert!(told.as_mut().poll_frame(&mut cx).is_pending());
        let mut late = {
            events.end();
            Box::pin(events.listen())
        };
        for told in [&mut told, &mut late] {
            let last = told.as_mut().poll_frame(&mut cx);
            assert!(matches!(last, Poll::Ready(None)));
        }
    }
}

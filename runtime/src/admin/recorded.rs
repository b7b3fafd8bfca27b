//! Recording sessions as they end: the question, and the answer that goes on until there are enough, or
//! its time is over: an object a line.
//!
//! It owns how much is kept for a reader that is slow.

use crate::{
    config::duration,
    roll::{Ended, Recording, Wanted},
};
use hyper::body::{Body, Bytes, Frame};
use serde_json::json;
use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};
use tidegate_core::{close::CloseCause, time::Span};
use tokio::{
    sync::mpsc::{Receiver, channel},
    time::{Sleep, sleep},
};

/// Sessions that wait for whoever records them.
const KEPT: usize = 256;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Records {
    /// Whom.
    pub wanted: Wanted,
    /// For how long.
    pub span: Span,
    /// How many at most.
    pub most: u64,
}

impl Default for Records {
    fn default() -> Records {
        Records {
            wanted: Wanted::default(),
            span: Span::from_secs(60),
            most: 100,
        }
    }
}

impl Records {
    /// Reads what is behind the `?` of a target.
    ///
    /// # Errors
    /// The key that is unknown, or the value that cannot be meant.
    pub fn read(query: &str) -> Result<Records, String> {
        let mut records = Records::default();
        let parts = query.split('&').filter(|part| !part.is_empty());
        for part in parts {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            let value = super::query::decoded(value)
                .ok_or_else(|| format!("`{part}` is not encoded as a query is"))?;
            let span = || {
                let why = || format!("`{value}` is not a duration, as 90s or 5m");
                duration(&value).ok_or_else(why)
            };
            match key {
                "cluster" => records.wanted.cluster = Some(value),
                "listener" => records.wanted.listener = Some(value),
                "cause" => records.wanted.cause = Some(cause(&value)?),
                "older" => records.wanted.older = Some(span()?),
                "for" => records.span = span()?,
                "most" => {
                    let why = |_| format!("`{value}` is no number");
                    records.most = value.parse().map_err(why)?;
                }
                _ => {
                    return Err(format!(
                        "`{key}` is no filter; there are cluster, listener, cause, older, for, most"
                    ));
                }
            }
        }
        Ok(records)
    }

    /// As [`Records::read`] reads it.
    #[must_use]
    pub fn show(&self) -> String {
        let Wanted {
            cluster,
            listener,
            cause,
            older,
        } = &self.wanted;
        let span = |span: Span| format!("{}us", span.0);
        let parts = [
            ("cluster", cluster.clone()),
            ("listener", listener.clone()),
            ("cause", cause.map(|cause| cause.to_string())),
            ("older", older.map(span)),
            ("for", Some(span(self.span))),
            ("most", Some(self.most.to_string())),
        ];
        let said = parts
            .into_iter()
            .filter_map(|(key, value)| Some(format!("{key}={}", super::query::encoded(&value?))));
        said.collect::<Vec<_>>().join("&")
    }

    /// The answer, and what the workers are to be told.
    pub(super) fn begin(&self) -> (Recorded, Recording) {
        let (to, from) = channel(KEPT);
        let lost = Arc::new(AtomicU64::new(0));
        let wanted = self.wanted.clone();
        let recording = Recording {
            wanted,
            to,
            lost: Arc::clone(&lost),
        };
        let over = Box::pin(sleep(Duration::from_micros(self.span.0)));
        let recorded = Recorded {
            from,
            over,
            left: self.most,
            lost,
            done: false,
        };
        (recorded, recording)
    }
}

/// The close cause of this name.
///
/// # Errors
/// There is none.
pub fn cause(name: &str) -> Result<CloseCause, String> {
    let mut all = CloseCause::ALL.into_iter();
    let found = all.find(|cause| cause.to_string() == name);
    found.ok_or_else(|| format!("`{name}` is no close cause; docs/CAUSES.md has them"))
}

/// The sessions that have ended, one after the other, and at last how many were lost.
pub(super) struct Recorded {
    from: Receiver<Ended>,
    over: Pin<Box<Sleep>>,
    left: u64,
    lost: Arc<AtomicU64>,
    done: bool,
}

impl Body for Recorded {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.done {
            return Poll::Ready(None);
        }
        // Before the queue: one who reads more slowly than sessions end never finds that empty.
        if self.over.as_mut().poll(cx).is_ready() {
            self.from.close();
        }
        let next = match self.left {
            0 => None,
            _ => ready!(self.from.poll_recv(cx)),
        };
        // There is no next one once the time is over, nor where there are no workers any more.
        let Some(ended) = next else {
            self.done = true;
            self.from.close();
            return line(&json!({ "lost": self.lost.load(Ordering::Relaxed) }));
        };
        self.left -= 1;
        line(&json!({
            "conn": ended.conn.to_string(),
            "listener": ended.listener,
            "cluster": ended.cluster,
            "cause": ended.cause.to_string(),
            "age": Duration::from_micros(ended.age.0).as_secs_f64(),
            "timeline": ended.timeline,
        }))
    }
}

fn line(value: &serde_json::Value) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
    Poll::Ready(Some(Ok(Frame::data(Bytes::from(format!("{value}\n"))))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::Observer;
    use std::future::poll_fn;
    use tokio::runtime::Builder;

    fn ended() -> Ended {
        Ended {
            conn: Observer::new(0).next(),
            listener: "l".to_owned(),
            cluster: None,
            cause: CloseCause::Completed,
            age: Span::from_secs(1),
            timeline: String::new(),
        }
    }

    #[test]
    fn its_time_is_over_also_for_one_who_reads_more_slowly_than_sessions_end() {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let records = Records {
                span: Span::from_ms(1),
                most: 1_000,
                ..Records::default()
            };
            let (mut recorded, recording) = records.begin();
            let ends = || recording.to.try_send(ended()).is_ok();
            while ends() {}
            recorded.over.as_mut().await;
            let mut told = Vec::new();
            while let Some(frame) = poll_fn(|cx| Pin::new(&mut recorded).poll_frame(cx)).await {
                let data = frame.unwrap().into_data().unwrap();
                told.push(String::from_utf8(data.to_vec()).unwrap());
                // In the place of the one that was read.
                ends();
            }
            assert_eq!(told.len(), KEPT + 1);
            let (last, before) = told.split_last().unwrap();
            assert_eq!(last, "{\"lost\":0}\n");
            let session = |line: &String| line.contains("completed");
            assert!(before.iter().all(session));
        });
    }
}

//! What is asked of workers while they serve or drain, by whoever is none of them.
//!
//! It owns the way there and back. A worker answers between two turns of its sessions, on its own
//! thread; one that does not answer in time is said to be silent, and nobody waits for it any longer.

use crate::{
    net::{Network, kernel::Kernel},
    observe::{Conn, Metrics, Observer},
    roll::{Order, Recording, Roll, Said},
};
use std::time::Duration;
use tokio::{
    sync::{
        mpsc::{UnboundedReceiver, UnboundedSender},
        oneshot,
    },
    time::timeout,
};

/// How long a worker may take for an answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// A question for one worker.
#[derive(Debug)]
pub(super) enum Ask {
    /// How its sessions stand, or one of them.
    Sessions(Option<Conn>, Order, oneshot::Sender<Vec<Said>>),
    /// What they have come to.
    Metrics(oneshot::Sender<Metrics>),
    /// Record those that end from now on.
    Record(Recording),
}

/// The workers of a process, to be asked from any thread.
#[derive(Clone, Debug)]
pub struct Workers(pub(super) Vec<UnboundedSender<Ask>>);

/// What came of a question to all.
#[derive(Debug)]
pub struct Answers<T> {
    /// In the order of the workers.
    pub answers: Vec<T>,
    /// Workers that did not answer in time.
    pub silent: Vec<usize>,
}

impl Workers {
    /// Has all sessions, or the one of this name, do as is said.
    pub async fn sessions(&self, which: Option<Conn>, order: Order) -> Answers<Said> {
        let asked = self.all(|told| Ask::Sessions(which, order, told)).await;
        Answers {
            answers: asked.answers.into_iter().flatten().collect(),
            silent: asked.silent,
        }
    }

    /// What all connections have come to.
    pub async fn metrics(&self) -> Answers<Metrics> {
        self.all(Ask::Metrics).await
    }

    /// Has sessions that end recorded, until whoever takes them is gone.
    pub fn record(&self, recording: &Recording) {
        for worker in &self.0 {
            // One that is gone has no sessions.
            let _heard = worker.send(Ask::Record(recording.clone()));
        }
    }

    async fn all<T>(&self, ask: impl Fn(oneshot::Sender<T>) -> Ask) -> Answers<T> {
        let asked: Vec<_> = self
            .0
            .iter()
            .map(|worker| {
                let (told, tells) = oneshot::channel();
                // A worker that is gone lets go of the question, and that is its answer.
                let _heard = worker.send(ask(told));
                tells
            })
            .collect();
        let (mut answers, mut silent) = (Vec::new(), Vec::new());
        for (index, tells) in asked.into_iter().enumerate() {
            match timeout(PATIENCE, tells).await {
                Ok(Ok(answer)) => answers.push(answer),
                // It is over, and so are its sessions.
                Ok(Err(_)) => {}
                Err(_) => silent.push(index),
            }
        }
        Answers { answers, silent }
    }
}

/// Answers for one worker, one question after the other.
pub(super) async fn answer(
    mut asks: UnboundedReceiver<Ask>,
    roll: Roll,
    observer: Observer,
    net: Kernel,
) {
    while let Some(ask) = asks.recv().await {
        match ask {
            Ask::Sessions(which, order, told) => {
                // Whoever has asked may have gone.
                let _heard = told.send(roll.ask(which, order).await);
            }
            Ask::Record(recording) => roll.record(recording),
            Ask::Metrics(told) => {
                let _heard = told.send(observer.metrics(net.now()));
            }
        }
    }
}

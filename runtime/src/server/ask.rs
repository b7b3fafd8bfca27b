//! What is asked of workers while they serve or drain, by whoever is none of them.
//!
//! It owns the way there and back. A worker answers between two turns of its sessions, on its own
//! thread; one that does not answer in time is said to be silent, and nobody waits for it any longer.

use super::ledger::Ledger;
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
#[derive(Clone, Debug, Default)]
pub struct Workers {
    pub(super) ways: Vec<UnboundedSender<Ask>>,
    pub(super) ledger: Ledger,
}

/// What came of a question to one.
enum Told<T> {
    Answer(T),
    /// It is over, and so are its sessions.
    Over,
    /// There was none in time.
    Silent,
}

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

    /// What all connections have come to, those of workers included that are over, or do not answer.
    pub async fn metrics(&self) -> Answers<Metrics> {
        let (mut answers, mut silent, mut lives) = (Vec::new(), Vec::new(), false);
        for (worker, told) in self.each(Ask::Metrics).await.into_iter().enumerate() {
            match told {
                Told::Answer(metrics) => {
                    self.ledger.stood(worker, &metrics);
                    answers.push(metrics);
                    lives = true;
                }
                Told::Over => answers.extend(self.ledger.of(worker)),
                Told::Silent => {
                    silent.push(worker);
                    answers.extend(self.ledger.of(worker));
                }
            }
        }
        // Where none lives any more nothing is anybody's, and this is the last word of it.
        if lives {
            answers
                .iter_mut()
                .for_each(|one| self.ledger.leaves_out(one));
        }
        Answers { answers, silent }
    }

    /// Has sessions that end recorded, until whoever takes them is gone.
    pub fn record(&self, recording: &Recording) {
        for worker in &self.ways {
            // One that is gone has no sessions.
            let _heard = worker.send(Ask::Record(recording.clone()));
        }
    }

    async fn all<T>(&self, ask: impl Fn(oneshot::Sender<T>) -> Ask) -> Answers<T> {
        let (mut answers, mut silent) = (Vec::new(), Vec::new());
        for (worker, told) in self.each(ask).await.into_iter().enumerate() {
            match told {
                Told::Answer(answer) => answers.push(answer),
                Told::Over => {}
                Told::Silent => silent.push(worker),
            }
        }
        Answers { answers, silent }
    }

    async fn each<T>(&self, ask: impl Fn(oneshot::Sender<T>) -> Ask) -> Vec<Told<T>> {
        let ways = self.ways.iter();
        let asked: Vec<_> = ways
            .map(|worker| {
                let (told, tells) = oneshot::channel();
                // A worker that is gone lets go of the question, and that is its answer.
                let _heard = worker.send(ask(told));
                tells
            })
            .collect();
        let mut all = Vec::new();
        for tells in asked {
            all.push(match timeout(PATIENCE, tells).await {
                Ok(Ok(answer)) => Told::Answer(answer),
                Ok(Err(_)) => Told::Over,
                Err(_) => Told::Silent,
            });
        }
        all
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

//! Who is asked, who answers, and that nobody is waited for who is gone.

use super::*;
use crate::observe::Observer;
use std::{future::poll_fn, net::SocketAddr, task::Poll};
use tidegate_core::time::Span;
use tokio::{runtime::Builder, task::LocalSet};

fn said(conn: Conn) -> Said {
    Said {
        conn,
        listener: "l".to_owned(),
        client: SocketAddr::from(([127, 0, 0, 1], 9)),
        phase: "idle",
        cluster: None,
        endpoint: String::new(),
        age: Span(0),
        quiet: Span(0),
        timer: None,
        draining: false,
        legs: [None, None],
        timeline: None,
    }
}

/// A session that answers until it is killed.
async fn session(mut presence: Presence, conn: Conn) {
    poll_fn(|cx| {
        let Some(question) = presence.poll(cx) else {
            return Poll::Pending;
        };
        question.answer(said(conn));
        match question.order {
            Order::Look | Order::Why => Poll::Pending,
            Order::Kill(_) => Poll::Ready(()),
        }
    })
    .await;
}

fn played(play: impl AsyncFnOnce(&Roll, &Observer)) {
    let runtime = Builder::new_current_thread().build().unwrap();
    let (roll, observer) = (Roll::default(), Observer::new(0));
    LocalSet::new().block_on(&runtime, play(&roll, &observer));
}

fn names(said: &[Said]) -> Vec<String> {
    let mut names: Vec<_> = said.iter().map(|said| said.conn.to_string()).collect();
    names.sort();
    names
}

#[test]
fn everybody_answers_once_also_of_many() {
    played(async |roll, observer| {
        for _ in 0..200 {
            let conn = observer.next();
            tokio::task::spawn_local(session(roll.enter(conn), conn));
        }
        // Before anybody had a turn, and after.
        for _ in 0..2 {
            let mut names = names(&roll.ask(None, Order::Look).await);
            names.dedup();
            assert_eq!(names.len(), 200);
        }
    });
}

#[test]
fn one_is_asked_by_its_name_and_killed_and_gone() {
    played(async |roll, observer| {
        let conns = [observer.next(), observer.next(), observer.next()];
        for conn in conns {
            tokio::task::spawn_local(session(roll.enter(conn), conn));
        }
        let kill = Order::Kill(Kill::Reset);
        assert_eq!(names(&roll.ask(Some(conns[1]), kill).await), ["0-2"]);
        assert_eq!(names(&roll.ask(None, Order::Look).await), ["0-1", "0-3"]);
        assert_eq!(names(&roll.ask(Some(conns[1]), Order::Why).await), [""; 0]);
        // A place is given again, and its question with it is not.
        let conn = observer.next();
        tokio::task::spawn_local(session(roll.enter(conn), conn));
        assert_eq!(
            names(&roll.ask(None, Order::Look).await),
            ["0-1", "0-3", "0-4"]
        );
    });
}

#[test]
fn who_leaves_without_an_answer_is_not_waited_for() {
    played(async |roll, observer| {
        let presence = roll.enter(observer.next());
        let asked = roll.ask(None, Order::Look);
        tokio::task::spawn_local(async move { drop(presence) });
        assert_eq!(names(&asked.await), [""; 0]);
    });
}

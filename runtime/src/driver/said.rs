//! What a session says of itself when it is asked, and that it ends when it is told to.
//!
//! It waits for questions, and decides nothing.

use super::Driver;
use crate::{
    drain::Word,
    net::Network,
    port::Port,
    roll::{Leg, Look, Order, Said},
    upstream::Held,
};
use std::task::Context;
use tidegate_core::{event::Event, side::Side, trace};

impl<N: Network> Driver<N> {
    /// Answers whoever asks.
    pub(super) fn poll_roll(&mut self, cx: &Context<'_>) -> bool {
        let Some(question) = self.presence.poll(cx) else {
            return false;
        };
        question.answer(Said {
            timeline: (question.order == Order::Why).then(|| self.timeline().write(None)),
            ..self.said()
        });
        match question.order {
            Order::Look | Order::Why => false,
            Order::Kill(kill) => {
                self.step(Event::Killed(kill));
                true
            }
        }
    }

    /// 4.11, 10: a session that lingers may have to make room for one that has just begun to.
    pub(super) fn poll_linger(&mut self, cx: &mut Context<'_>) -> bool {
        let since = self.session.is_lingering().then_some(self.progress);
        let evicted = self.place.poll(cx, since);
        if evicted {
            self.step(Event::Evicted);
        }
        evicted
    }

    pub(super) fn poll_drain(&mut self, cx: &Context<'_>) -> bool {
        match self.ticket.poll(cx) {
            None | Some(Word::Serve) => return false,
            Some(Word::Drain) => self.step(Event::Drained),
            Some(Word::Expired) => self.expire(),
        }
        true
    }

    fn said(&self) -> Said {
        let (cluster, endpoint) = self.held_or_wanted().unzip();
        Said {
            conn: self.conn,
            listener: self.service.name.to_string(),
            client: self.client(),
            phase: trace::phase(&self.session),
            cluster,
            endpoint: endpoint.unwrap_or_else(|| self.endpoint().to_owned()),
            age: self.now.since(self.begun),
            quiet: self.now.since(self.progress),
            timer: self
                .session
                .deadline()
                .map(|(at, timer)| (timer, at.since(self.now))),
            draining: self.service.drain.word() != Word::Serve,
            legs: Side::BOTH.map(|side| self.said_of(side)),
            timeline: None,
        }
    }

    /// The cluster, and the endpoint in it, that it has a share in: also of one that it is only about to reach.
    fn held_or_wanted(&self) -> Option<(String, String)> {
        let name = |held: &Held| {
            let endpoint = held.endpoint().authority.to_string();
            (held.cluster_name().to_owned(), endpoint)
        };
        match (&self.held, self.coming.as_deref()) {
            (Some(held), _) => Some(name(held)),
            (None, Some(coming)) => coming.look_at_share(name),
            (None, None) => None,
        }
    }

    fn said_of(&self, side: Side) -> Option<Leg> {
        let wait = self.session.wait(side)?;
        let wire = &self.wires[side as usize];
        let halved = self.session.half_closed(side);
        Some(Leg {
            wait,
            look: wire.port.as_ref().map(look).unwrap_or_default(),
            read: wire.told.read,
            written: wire.told.written,
            unsent: self.session.to(side).bytes(),
            half_closed: halved.map(|since| self.now.since(since)),
        })
    }
}

fn look<S: crate::net::Stream>(port: &Port<S>) -> Look {
    Look {
        peer: port.peer().to_string(),
        local: port.local().ok(),
        state: port.state(),
        state_for: None,
        unacked: port.unacked().unwrap_or(0),
    }
}

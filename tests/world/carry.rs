//! HTTP across the proxy in letters, as `runtime/src/driver/carry.rs` does it in bytes: what was
//! read becomes facts for the session and letters for the other leg; and what each peer has heard.

use super::{outbox::Outbox, shape::Shape};
use tidegate_core::{
    event::{Decoded, Event, Head, Want},
    http1::{BodyKind, Framing, Reply},
    session::Session,
    side::Side,
};

/// What a peer has heard of the message that is for it now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Heard {
    /// Nothing of it.
    #[default]
    Nothing,
    /// Its head, and a part of its body.
    Body(Framing),
    /// What no message can be.
    Garbled,
}

/// One side of HTTP.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Stream {
    /// How many letters have been read, and how many of them understood.
    pub(crate) read: u8,
    pub(crate) taken: u8,
    /// The body under way: how it is delimited, and how it is sent on.
    pub(crate) body: Option<(BodyKind, Framing)>,
    /// The body under way is over, and the next message is not due.
    pub(crate) spent: bool,
    /// The answer is one that the cluster asks to have from another endpoint.
    pub(crate) declined: bool,
    /// Messages understood whole.
    pub(crate) complete: u8,
    /// Heads understood.
    pub(crate) heads: u8,
    outbox: Outbox,
    /// How the heads that wait to be written are delimited.
    pending: Vec<Framing>,
    /// All that was put there of the request in flight, while it is kept (U02).
    kept: Outbox,
    kept_pending: Vec<Framing>,
    /// What the peer of this leg has heard.
    pub(crate) heard: Heard,
    /// Messages that it has heard whole.
    pub(crate) answered: u8,
    /// A reply of ours is among them.
    pub(crate) replied: bool,
    /// The last answer's head says that it is the last.
    pub(crate) announced: bool,
}

/// Both sides.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Carry([Stream; 2]);

impl Carry {
    pub(crate) fn stream(&self, side: Side) -> &Stream {
        &self.0[side as usize]
    }

    fn stream_mut(&mut self, side: Side) -> &mut Stream {
        &mut self.0[side as usize]
    }

    pub(crate) fn outbox(&self, side: Side) -> &Outbox {
        &self.stream(side).outbox
    }

    /// Letters that the peer may still send.
    pub(crate) fn unread(&self, shape: &Shape, side: Side) -> u8 {
        u8::try_from(script(shape, side).len()).unwrap_or(u8::MAX) - self.stream(side).read
    }

    pub(crate) fn fill(&mut self, side: Side, n: u8) {
        self.stream_mut(side).read += n;
    }

    pub(crate) fn throw_away(&mut self, side: Side) {
        let stream = self.stream_mut(side);
        stream.read += 1;
        stream.taken = stream.read;
    }

    /// A new origin, with all of its script before it.
    pub(crate) fn connected(&mut self) {
        let outbox = std::mem::take(&mut self.stream_mut(Side::Up).outbox);
        let pending = std::mem::take(&mut self.stream_mut(Side::Up).pending);
        let kept = std::mem::take(&mut self.stream_mut(Side::Up).kept);
        let kept_pending = std::mem::take(&mut self.stream_mut(Side::Up).kept_pending);
        *self.stream_mut(Side::Up) = Stream {
            outbox,
            pending,
            kept,
            kept_pending,
            ..Stream::default()
        };
    }

    pub(crate) fn next_response(&mut self) {
        self.stream_mut(Side::Up).body = None;
        self.stream_mut(Side::Up).spent = false;
    }

    /// The request is sent again, from its first letter.
    pub(crate) fn repeat(&mut self) {
        let stream = self.stream_mut(Side::Up);
        stream.outbox = stream.kept.clone();
        stream.pending.clone_from(&stream.kept_pending);
    }

    /// The request will not be sent again.
    pub(crate) fn forget(&mut self) {
        self.stream_mut(Side::Up).kept = Outbox::default();
        self.stream_mut(Side::Up).kept_pending.clear();
    }

    fn put(&mut self, sink: Side, letter: u8) {
        let stream = self.stream_mut(sink);
        stream.outbox.push(letter, 1);
        if sink == Side::Up {
            stream.kept.push(letter, 1);
        }
    }

    /// Something of our own, in so many bytes.
    pub(crate) fn say(&mut self, letter: u8, bytes: usize) {
        let bytes = u32::try_from(bytes).unwrap();
        self.stream_mut(Side::Down).outbox.push(letter, bytes);
    }

    /// Whether the answer says that it is the last.
    pub(crate) fn announce(&mut self, close: bool) {
        self.stream_mut(Side::Down).announced = close;
    }

    pub(crate) fn clear_outbox(&mut self, side: Side) {
        self.stream_mut(side).outbox = Outbox::default();
        self.stream_mut(side).pending.clear();
    }

    pub(crate) fn clear_inbox(&mut self, side: Side) {
        let stream = self.stream_mut(side);
        stream.taken = stream.read;
    }

    /// The peer of `side` has got `n` bytes.
    pub(crate) fn sent(&mut self, _: &Shape, side: Side, n: u32) {
        let stream = self.stream_mut(side);
        for _ in 0..n {
            let Some(letter) = stream.outbox.take() else {
                continue;
            };
            stream.hear(letter);
        }
    }

    /// What was read waits for its turn.
    pub(crate) fn keep(&self, shape: &Shape, side: Side) -> Event {
        self.told(shape, side, Head::None, 0, false, Want::Turn)
    }

    /// Looks at what was read, as much of it as there is room for.
    pub(crate) fn look(
        &mut self,
        shape: &Shape,
        session: &Session,
        side: Side,
        room: u32,
    ) -> [Option<Event>; 2] {
        let sink = side.other();
        let before = self.outbox(sink).len();
        if self.stream(side).spent {
            return self.partial(shape, side);
        }
        if self.stream(side).body.is_some() {
            return self.body(shape, side, Head::None, before, room);
        }
        let inbox = self.inbox(shape, side);
        let Some(at) = inbox.iter().position(|letter| *letter != b'h') else {
            return self.partial(shape, side);
        };
        let letter = inbox[at];
        let switches = side == Side::Up && session.switches(&shape.response);
        let unasked = side == Side::Up && letter == b'H' && shape.response.status == 101;
        if matches!(letter, b'X' | b'b' | b'0' | b't') || unasked && !switches {
            return [Some(refused(side)), None];
        }
        if shape.declines && side == Side::Up && letter == b'H' && session.may_retry() {
            self.stream_mut(side).taken = self.stream(side).read;
            self.stream_mut(side).declined = true;
            return [Some(Event::Declined(shape.response.status)), None];
        }
        self.stream_mut(side).taken += u8::try_from(at).unwrap() + 1;
        if letter == b'H' && switches {
            let head = Head::Response(shape.response);
            self.stream_mut(sink).outbox.push(b'H', 1);
            let switch = self.told(shape, side, head, 1, false, Want::Turn);
            return [Some(switch), None];
        }
        if letter == b'i' {
            self.stream_mut(sink).outbox.push(b'i', 1);
            let interim = self.told(shape, side, Head::Interim, 1, false, Want::Turn);
            return [Some(interim), None];
        }
        let head = self.head(shape, session, side);
        self.body(shape, side, head, before, room)
    }

    /// More bytes, nothing else, can lead on.
    fn partial(&self, shape: &Shape, side: Side) -> [Option<Event>; 2] {
        let partial = self.told(shape, side, Head::None, 0, false, Want::Bytes);
        [Some(partial), None]
    }

    /// Carries as much of a body as there is room for.
    fn body(
        &mut self,
        shape: &Shape,
        side: Side,
        head: Head,
        before: u32,
        mut room: u32,
    ) -> [Option<Event>; 2] {
        let sink = side.other();
        let (want, complete) = loop {
            let (kind, framing) = self.stream(side).body.unwrap();
            let next = self.inbox(shape, side).first().copied();
            match (kind, next) {
                (BodyKind::None | BodyKind::Length(0), _) => break (Want::Turn, true),
                (_, None) => break (Want::Bytes, false),
                (BodyKind::Chunked, Some(b'0')) => {
                    self.stream_mut(side).taken += 1;
                    if framing == Framing::Chunked {
                        self.put(sink, b'0');
                    }
                    break (Want::Turn, true);
                }
                (BodyKind::Chunked, Some(letter)) if letter != b'b' => {
                    let bytes = self.outbox(sink).len() - before;
                    let first = self.told(shape, side, head, bytes, false, Want::Bytes);
                    return [Some(emptied(first)), Some(refused(side))];
                }
                (_, Some(_)) if room == 0 => break (Want::Room, false),
                (_, Some(_)) => {
                    room -= 1;
                    self.put(sink, b'b');
                    let stream = self.stream_mut(side);
                    stream.taken += 1;
                    if let BodyKind::Length(left) = kind {
                        stream.body = Some((BodyKind::Length(left - 1), framing));
                    }
                }
            }
        };
        if complete {
            self.stream_mut(side).over(side);
        }
        let bytes = self.outbox(sink).len() - before;
        let told = self.told(shape, side, head, bytes, complete, want);
        [Some(told), None]
    }

    fn head(&mut self, shape: &Shape, session: &Session, side: Side) -> Head {
        let (sink, heads) = (side.other(), usize::from(self.stream(side).heads));
        let (head, kind, framing) = match side {
            Side::Down => {
                let facts = shape.requests[heads];
                (Head::Request(facts), facts.body, facts.framing())
            }
            Side::Up => {
                let facts = shape.response;
                let delivery = session.delivery(&facts);
                self.stream_mut(sink).announced = delivery.close;
                (Head::Response(facts), facts.body, delivery.framing)
            }
        };
        let stream = self.stream_mut(side);
        stream.heads += 1;
        stream.body = Some((kind, framing));
        self.put(side.other(), b'H');
        let sink = self.stream_mut(side.other());
        sink.pending.push(framing);
        if side == Side::Down {
            sink.kept_pending.push(framing);
        }
        head
    }

    pub(crate) fn inbox<'a>(&self, shape: &'a Shape, side: Side) -> &'a [u8] {
        let stream = self.stream(side);
        &script(shape, side)[usize::from(stream.taken)..usize::from(stream.read)]
    }

    fn told(
        &self,
        shape: &Shape,
        side: Side,
        head: Head,
        bytes: u32,
        complete: bool,
        want: Want,
    ) -> Event {
        let left = u32::try_from(self.inbox(shape, side).len()).unwrap();
        Event::Decoded(
            side,
            Decoded {
                head,
                bytes,
                complete,
                left,
                want,
            },
        )
    }
}

impl Stream {
    pub(crate) fn outbox_is_empty(&self) -> bool {
        self.outbox.len() == 0
    }

    fn hear(&mut self, letter: u8) {
        self.heard = match (letter, self.heard) {
            (b'i', Heard::Nothing) => Heard::Nothing,
            (b'R', Heard::Nothing) => {
                self.replied = true;
                self.whole()
            }
            (b'H', Heard::Nothing) if !self.pending.is_empty() => match self.pending.remove(0) {
                Framing::None | Framing::Length(0) => self.whole(),
                framing => Heard::Body(framing),
            },
            (b'b', Heard::Body(Framing::Length(1))) => self.whole(),
            (b'b', Heard::Body(Framing::Length(n))) => Heard::Body(Framing::Length(n - 1)),
            (b'b', Heard::Body(framing)) => Heard::Body(framing),
            (b'0', Heard::Body(Framing::Chunked)) => self.whole(),
            _ => Heard::Garbled,
        };
    }

    /// The message under way is understood to its end.
    fn over(&mut self, side: Side) {
        self.complete += 1;
        match side {
            Side::Down => self.body = None,
            // The driver keeps a spent decoder until the next response is due.
            Side::Up => self.spent = true,
        }
    }

    fn whole(&mut self) -> Heard {
        self.answered += 1;
        Heard::Nothing
    }
}

fn script(shape: &Shape, side: Side) -> &'static [u8] {
    match side {
        Side::Down => shape.client,
        Side::Up => shape.origin,
    }
}

fn refused(side: Side) -> Event {
    let reply = match side {
        Side::Down => Reply::bad_request(),
        Side::Up => Reply::bad_gateway("http_protocol_error"),
    };
    Event::Refused(side, reply)
}

/// What the driver tells before a refusal inside a body.
fn emptied(event: Event) -> Event {
    match event {
        Event::Decoded(side, decoded) => Event::Decoded(side, Decoded { left: 0, ..decoded }),
        other => other,
    }
}

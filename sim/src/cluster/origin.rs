//! An endpoint: it does to each request what it is in the mood for when it has read it.
//!
//! It owns its listener and its connections. A connection waits for bytes, for its own time, and for
//! its endpoint's death, whichever comes first.

use super::{
    log::{Fact, Log},
    plan::Mood,
};
use crate::fast::{FastListener, FastNet, FastStream};
use std::{
    cell::{Cell, RefCell},
    future::{Future, poll_fn},
    io::IoSlice,
    net::SocketAddr,
    rc::Rc,
    task::{Poll, Waker},
};
use tidegate::net::{Buffers, Listener, Network, Stream};
use tidegate_core::time::{Span, Time};

/// What it is asked to check it.
pub(super) const CHECK: &str = "/up";

/// How long it waits for the FIN of who was told that it closes.
const LINGER: Span = Span::from_ms(200);

/// One endpoint.
pub(super) struct Origin {
    index: usize,
    net: FastNet,
    address: SocketAddr,
    log: Log,
    mood: Cell<Mood>,
    /// How often it has died.
    deaths: Cell<u32>,
    /// Whether it serves from now on, whatever was planned.
    calm: Cell<bool>,
    wakers: RefCell<Vec<Waker>>,
}

/// What comes first to a connection.
enum Came {
    Bytes(usize),
    Fin,
    Reset,
    Late,
    Death,
}

impl Origin {
    pub(super) fn new(index: usize, net: FastNet, address: SocketAddr, log: Log) -> Rc<Origin> {
        Rc::new(Origin {
            index,
            net,
            address,
            log,
            mood: Cell::new(Mood::Serve(0)),
            deaths: Cell::new(0),
            calm: Cell::new(false),
            wakers: RefCell::default(),
        })
    }

    /// From now on it serves.
    pub(super) fn calm_down(&self) {
        self.calm.set(true);
        self.wake();
    }

    fn wake(&self) {
        let wakers = std::mem::take(&mut *self.wakers.borrow_mut());
        wakers.into_iter().for_each(Waker::wake);
    }

    fn enter(&self, mood: Mood) {
        self.mood.set(mood);
        self.note(Fact::Mood(self.index, mood));
        if mood == Mood::Dead {
            self.deaths.set(self.deaths.get() + 1);
            self.wake();
        }
    }

    fn note(&self, fact: Fact) {
        self.log.note(self.net.now(), fact);
    }

    fn listen(&self) -> FastListener {
        let listener = self.net.listen(self.address, Buffers::default());
        listener.expect("nobody else listens there")
    }

    /// Goes through its moods, and takes connections where they let it.
    pub(super) async fn live(self: Rc<Self>, moods: Vec<(u32, Mood)>) {
        let mut listener: Option<FastListener> = None;
        let mut moods = moods.into_iter().peekable();
        loop {
            let now = self.net.now();
            let due = |at_ms: &u32| Time::from_ms(u64::from(*at_ms)) <= now;
            if self.calm.get() {
                moods = Vec::new().into_iter().peekable();
                if self.mood.get() != Mood::Serve(1) {
                    self.enter(Mood::Serve(1));
                }
            }
            while let Some((_, mood)) = moods.next_if(|(at, _)| due(at)) {
                self.enter(mood);
            }
            match self.mood.get().listens() {
                true => listener = Some(listener.unwrap_or_else(|| self.listen())),
                false => listener = None,
            }
            let next = moods.peek().map(|(at, _)| Time::from_ms(u64::from(*at)));
            let accepted = self.accepted(listener.as_mut(), next).await;
            if let Some(stream) = accepted {
                tokio::task::spawn_local(Rc::clone(&self).serve(stream));
            }
        }
    }

    /// The next connection; none once it is time for another mood.
    async fn accepted(
        &self,
        mut listener: Option<&mut FastListener>,
        until: Option<Time>,
    ) -> Option<FastStream> {
        let mut late = until.map(|at| Box::pin(self.net.sleep_until(at)));
        let calm = self.calm.get();
        poll_fn(|cx| {
            if let Some(listener) = &mut listener
                && let Poll::Ready(accepted) = listener.poll_accept(cx)
            {
                return Poll::Ready(accepted.ok());
            }
            self.wakers.borrow_mut().push(cx.waker().clone());
            let late = late
                .as_mut()
                .is_some_and(|late| late.as_mut().poll(cx).is_ready());
            if late || self.calm.get() != calm {
                return Poll::Ready(None);
            }
            Poll::Pending
        })
        .await
    }

    async fn came(
        &self,
        stream: &mut FastStream,
        buf: &mut [u8],
        deaths: u32,
        until: Option<Time>,
    ) -> Came {
        let mut late = until.map(|at| Box::pin(self.net.sleep_until(at)));
        poll_fn(|cx| {
            if self.deaths.get() != deaths {
                return Poll::Ready(Came::Death);
            }
            match stream.poll_read(cx, buf) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Came::Fin),
                Poll::Ready(Ok(bytes)) => return Poll::Ready(Came::Bytes(bytes)),
                Poll::Ready(Err(_)) => return Poll::Ready(Came::Reset),
                Poll::Pending => {}
            }
            self.wakers.borrow_mut().push(cx.waker().clone());
            match late.as_mut().map(|late| late.as_mut().poll(cx)) {
                Some(Poll::Ready(())) => Poll::Ready(Came::Late),
                Some(Poll::Pending) | None => Poll::Pending,
            }
        })
        .await
    }

    /// One connection, to its end.
    async fn serve(self: Rc<Self>, mut stream: FastStream) {
        let deaths = self.deaths.get();
        let mut heard = Vec::new();
        let mut buf = [0; 4_096];
        // When it is closed, if nothing comes before.
        let mut idle: Option<Time> = None;
        loop {
            match self.came(&mut stream, &mut buf, deaths, idle).await {
                Came::Bytes(bytes) => heard.extend_from_slice(&buf[..bytes]),
                Came::Late => {
                    self.note(Fact::Idled(self.index));
                    return stream.close();
                }
                Came::Fin => return stream.close(),
                Came::Reset | Came::Death => return stream.reset(),
            }
            idle = None;
            let Some(path) = whole(&mut heard) else {
                continue;
            };
            let number = path.strip_prefix('/').and_then(|path| path.parse().ok());
            if let Some(number) = number {
                let endpoint = self.index;
                self.note(Fact::Read { endpoint, number });
            }
            let (status, after_ms) = match self.mood.get() {
                Mood::Serve(ms) | Mood::Last(ms) | Mood::Idle(ms, _) => (200, ms),
                Mood::Refuse => (200, 0),
                Mood::Busy(ms) => (503, ms),
                Mood::Stall => (200, u32::MAX),
                Mood::Reset | Mood::Dead => return stream.reset(),
                Mood::Hangup => return stream.close(),
            };
            let mood = self.mood.get();
            let until =
                (after_ms < u32::MAX).then(|| self.net.now() + Span::from_ms(u64::from(after_ms)));
            match self.came(&mut stream, &mut buf, deaths, until).await {
                Came::Late => {}
                // Nobody has anything to say before the answer.
                Came::Bytes(_) | Came::Fin | Came::Reset | Came::Death => return stream.reset(),
            }
            let last = matches!(mood, Mood::Last(_));
            self.answer(&mut stream, number, (status, last)).await;
            match mood {
                Mood::Idle(_, ms) => idle = Some(self.net.now() + Span::from_ms(u64::from(ms))),
                Mood::Last(_) => return self.linger(stream, deaths).await,
                Mood::Serve(_)
                | Mood::Refuse
                | Mood::Stall
                | Mood::Busy(_)
                | Mood::Reset
                | Mood::Hangup
                | Mood::Dead => {}
            }
        }
    }

    async fn answer(
        &self,
        stream: &mut FastStream,
        number: Option<usize>,
        (status, last): (u16, bool),
    ) {
        let endpoint = self.index;
        let content = match number {
            Some(number) => format!("{endpoint} {number}"),
            None => "up".to_owned(),
        };
        let reason = if status == 200 { "OK" } else { "No" };
        let close = if last { "Connection: close\r\n" } else { "" };
        let length = content.len();
        let text = format!(
            "HTTP/1.1 {status} {reason}\r\nContent-Length: {length}\r\n{close}\r\n{content}"
        );
        if let Some(number) = number {
            self.note(Fact::Said {
                endpoint,
                number,
                status,
            });
        }
        say(stream, &text).await;
    }

    /// It has said its last word.
    async fn linger(&self, mut stream: FastStream, deaths: u32) {
        let _told = poll_fn(|cx| stream.poll_finish(cx)).await;
        let until = self.net.now() + LINGER;
        match self
            .came(&mut stream, &mut [0; 64], deaths, Some(until))
            .await
        {
            Came::Fin | Came::Late => stream.close(),
            Came::Bytes(_) | Came::Reset | Came::Death => stream.reset(),
        }
    }
}

/// Writes all of it, or as much as the connection lives for.
pub(super) async fn say(stream: &mut FastStream, text: &str) {
    let mut rest = text.as_bytes();
    while !rest.is_empty() {
        let bufs = [IoSlice::new(rest)];
        match poll_fn(|cx| stream.poll_write(cx, &bufs)).await {
            Ok(written) => rest = &rest[written..],
            Err(_) => return,
        }
    }
}

/// Takes a whole message off the front of `heard`: the second word of its first line, and its bytes are
/// gone; nothing if it is not there whole.
fn whole(heard: &mut Vec<u8>) -> Option<String> {
    let (head, end) = head(heard)?;
    let whole = end + length(&head);
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    (heard.len() >= whole).then(|| {
        heard.drain(..whole);
        path
    })
}

/// The head at the front of `heard`, and where it ends.
pub(super) fn head(heard: &[u8]) -> Option<(String, usize)> {
    let end = heard.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    Some((String::from_utf8_lossy(&heard[..end]).into_owned(), end))
}

/// The value of a field of a head.
pub(super) fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut fields = head.lines().filter_map(|line| line.split_once(':'));
    let found = fields.find(|(found, _)| found.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.trim())
}

/// How much content follows a head.
pub(super) fn length(head: &str) -> usize {
    let length = field(head, "content-length");
    length.map_or(0, |length| length.parse().expect("a length"))
}

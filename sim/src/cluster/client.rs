//! A client: one request after the other, each on the connection of the one before it while that is
//! kept. It waits for an answer for as long as it takes, unless it is one that leaves.

use super::{
    log::{Fact, Log},
    origin::{field, head, length, say},
    plan::{Leave, Request},
};
use crate::fast::{FastNet, FastStream};
use std::{
    future::{Future, poll_fn},
    net::SocketAddr,
    task::Poll,
};
use tidegate::net::{Buffers, Network, Stream};
use tidegate_core::time::{Span, Time};

/// One client.
pub(super) struct Client {
    pub(super) net: FastNet,
    pub(super) proxy: SocketAddr,
    pub(super) log: Log,
}

/// An answer, as far as it matters.
struct Answer {
    status: u16,
    error: Option<String>,
    from: Option<(usize, usize)>,
    close: bool,
}

/// What came while it waited.
enum Came {
    Answer(Answer),
    /// The connection is over.
    End,
    Late,
}

impl Client {
    /// Asks all of `requests`, which have the numbers from `first` on.
    pub(super) async fn ask(&self, requests: &[Request], first: usize) {
        let mut kept = None;
        for (request, number) in requests.iter().zip(first..) {
            let begins = self.net.now() + ms(request.after_ms);
            self.net.sleep_until(begins).await;
            let stream = match kept.take() {
                Some(stream) => stream,
                None => {
                    let connect = self.net.connect(self.proxy, Buffers::default());
                    connect.await.expect("the proxy listens")
                }
            };
            kept = self.exchange(stream, request, number).await;
        }
        if let Some(stream) = kept {
            end(stream).await;
        }
    }

    /// The connection, if it is good for another request.
    async fn exchange(
        &self,
        mut stream: FastStream,
        request: &Request,
        number: usize,
    ) -> Option<FastStream> {
        let leaves = request
            .leaves
            .map(|(after, how)| (self.net.now() + ms(after), how));
        self.note(Fact::Asked(number));
        self.send(&mut stream, request, number).await;
        let mut heard = Vec::new();
        let mut until = leaves.map(|(at, _)| at);
        let mut half = false;
        loop {
            match (self.came(&mut stream, &mut heard, until).await, leaves) {
                (Came::Answer(answer), _) => {
                    let Answer {
                        status,
                        error,
                        from,
                        close,
                    } = answer;
                    self.note(Fact::Got {
                        number,
                        status,
                        error,
                        from,
                    });
                    if close || request.close || half {
                        end(stream).await;
                        return None;
                    }
                    return Some(stream);
                }
                (Came::Late, Some((_, Leave::Reset))) => {
                    self.note(Fact::Left(number, Leave::Reset));
                    stream.reset();
                    return None;
                }
                (Came::Late, Some((_, Leave::Fin))) => {
                    self.note(Fact::Left(number, Leave::Fin));
                    let _told = poll_fn(|cx| stream.poll_finish(cx)).await;
                    (until, half) = (None, true);
                }
                (Came::End, _) | (Came::Late, None) => {
                    self.note(Fact::Lost(number));
                    stream.reset();
                    return None;
                }
            }
        }
    }

    async fn send(&self, stream: &mut FastStream, request: &Request, number: usize) {
        let method = request.method.word();
        let close = if request.close {
            "Connection: close\r\n"
        } else {
            ""
        };
        let bytes = request.body_bytes as usize;
        let content = "x".repeat(bytes);
        let length = match request.method.word() {
            "GET" => String::new(),
            _ => format!("Content-Length: {bytes}\r\n"),
        };
        let mut text = format!("{method} /{number} HTTP/1.1\r\nHost: a\r\n{length}{close}\r\n");
        if request.pause_ms > 0 {
            say(stream, &text).await;
            text.clear();
            let until = self.net.now() + ms(request.pause_ms);
            self.net.sleep_until(until).await;
        }
        text += &content;
        say(stream, &text).await;
    }

    async fn came(
        &self,
        stream: &mut FastStream,
        heard: &mut Vec<u8>,
        until: Option<Time>,
    ) -> Came {
        let mut buf = [0; 4_096];
        let mut late = until.map(|at| Box::pin(self.net.sleep_until(at)));
        loop {
            if let Some(answer) = whole(heard) {
                return Came::Answer(answer);
            }
            let read = poll_fn(|cx| match stream.poll_read(cx, &mut buf) {
                Poll::Ready(read) => Poll::Ready(Some(read)),
                Poll::Pending => match &mut late {
                    Some(late) => late.as_mut().poll(cx).map(|()| None),
                    None => Poll::Pending,
                },
            });
            match read.await {
                None => return Came::Late,
                Some(Ok(0) | Err(_)) => return Came::End,
                Some(Ok(bytes)) => heard.extend_from_slice(&buf[..bytes]),
            }
        }
    }

    fn note(&self, fact: Fact) {
        self.log.note(self.net.now(), fact);
    }
}

fn ms(ms: u32) -> Span {
    Span::from_ms(u64::from(ms))
}

/// Ends its side, hears the other's end, and closes.
async fn end(mut stream: FastStream) {
    let _told = poll_fn(|cx| stream.poll_finish(cx)).await;
    let mut buf = [0; 512];
    while let Ok(1..) = poll_fn(|cx| stream.poll_read(cx, &mut buf)).await {}
    stream.close();
}

/// Takes a whole answer off the front of `heard`; interim ones are passed over.
fn whole(heard: &mut Vec<u8>) -> Option<Answer> {
    loop {
        let (head, end) = head(heard)?;
        let status: u16 = head.get(9..12)?.parse().expect("a status");
        if status < 200 {
            heard.drain(..end);
            continue;
        }
        let whole = end + length(&head);
        if heard.len() < whole {
            return None;
        }
        let content = String::from_utf8_lossy(&heard[end..whole]).into_owned();
        heard.drain(..whole);
        let numbers = content.split_once(' ');
        let numbers =
            numbers.and_then(|(one, other)| Some((one.parse().ok()?, other.parse().ok()?)));
        let error = field(&head, "proxy-status").and_then(|value| value.split_once("error="));
        return Some(Answer {
            status,
            from: numbers.filter(|_| error.is_none()),
            error: error.map(|(_, error)| error.to_owned()),
            close: field(&head, "connection").is_some_and(|value| value.contains("close")),
        });
    }
}

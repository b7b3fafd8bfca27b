//! One check: a connection, a handshake where there is TLS, a request where one is asked for, and what
//! came of them.
//!
//! It owns the connection while it lasts. It sets no limit of time: whoever asks does, and drops it
//! then, which resets the connection. In every other case the connection is handed back, to be ended
//! in order: its peer never sees a reset for having answered.

use super::Checks;
use crate::{
    config::{Ask, BODY_BYTES, Request, endpoint::host},
    members::Member,
    net::{Network, Stream},
    port::{Call, Fault, Port, Read},
    tls::origin::Terms,
};
use std::{fmt, future::poll_fn, io::IoSlice};
use tidegate_core::{
    ending::End,
    http1::{BodyDecoder, Method, Piece, Reject, ResponseFacts, response_head, write_check},
    leg::ReadEnd,
    limits::Limits,
    time::Span,
};

/// Bytes that one read takes at most.
const CHUNK: usize = 16 << 10;

/// Why a check has failed.
#[derive(Clone, Debug, PartialEq)]
pub enum Failure {
    /// No connection, or one that failed.
    Transport(Fault),
    /// The endpoint has ended before it had answered.
    CutShort,
    /// The answer is not HTTP.
    Malformed(Reject),
    /// The answer is another.
    Status(u16),
    /// The body does not contain what it must.
    Body,
    /// Nothing of all this within so long.
    Late(Span),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Transport(fault) => fault.fmt(f),
            Failure::CutShort => f.write_str("it closed before it had answered"),
            Failure::Malformed(reject) => write!(f, "its answer is malformed: {reject}"),
            Failure::Status(status) => write!(f, "it answered {status}"),
            Failure::Body => f.write_str("its answer has another body"),
            Failure::Late(timeout) => write!(f, "no answer within {timeout}"),
        }
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Failure::Transport(fault)
    }
}

/// A connection that is still to be ended.
#[derive(Debug)]
pub(super) struct Left<S: Stream> {
    pub(super) port: Port<S>,
    pub(super) read: ReadEnd,
}

/// Asks `member` once.
pub(super) async fn once<N: Network>(
    net: &N,
    checks: &Checks,
    member: &Member,
    terms: Option<&Terms>,
) -> (Result<(), Failure>, Option<Left<N::Stream>>) {
    let stream = match net.connect(member.address, checks.buffers).await {
        Ok(stream) => stream,
        Err(error) => return (Err(Fault::io(Call::Connect, &error).into()), None),
    };
    let port = match terms {
        None => Ok(Port::plain(stream)),
        Some(terms) => Port::client(stream, terms.clone()),
    };
    let port = match port {
        Ok(port) => port,
        Err(error) => return (Err(Fault::tls(Call::Connect, &error).into()), None),
    };
    let mut talk = Talk {
        port,
        read: ReadEnd::Open,
        inbox: Vec::new(),
    };
    let result = talk.asks(checks, member).await;
    if let Err(Failure::Transport(_)) = result {
        talk.port.reset();
        return (result, None);
    }
    let Talk { port, read, .. } = talk;
    (result, Some(Left { port, read }))
}

/// A check's connection, and what it has said that nobody has understood yet.
struct Talk<S: Stream> {
    port: Port<S>,
    read: ReadEnd,
    inbox: Vec<u8>,
}

impl<S: Stream> Talk<S> {
    async fn asks(&mut self, checks: &Checks, member: &Member) -> Result<(), Failure> {
        poll_fn(|cx| self.port.poll_secure(cx)).await?;
        match &checks.health.ask {
            Ask::Connect => Ok(()),
            Ask::Http(request) => self.exchange(request, member).await,
        }
    }

    async fn exchange(&mut self, request: &Request, member: &Member) -> Result<(), Failure> {
        let own = host(&member.authority);
        let host = request.host.as_deref().unwrap_or(own);
        let mut head = Vec::new();
        write_check(&request.path, host, &mut head);
        let mut rest = head.as_slice();
        while !rest.is_empty() {
            let written = poll_fn(|cx| self.port.poll_write(cx, &[IoSlice::new(rest)])).await?;
            rest = &rest[written..];
        }
        poll_fn(|cx| self.port.poll_flush(cx)).await?;
        loop {
            let Some((length, facts)) = self.heard()? else {
                if !self.more().await? {
                    return Err(Failure::CutShort);
                }
                continue;
            };
            self.inbox.drain(..length);
            if facts.interim() {
                continue;
            }
            if !request.status.have(facts.status) {
                return Err(Failure::Status(facts.status));
            }
            return match &request.body {
                None => Ok(()),
                Some(wanted) => {
                    let decoder = BodyDecoder::new(facts.body);
                    self.body_has(decoder, wanted.as_bytes()).await
                }
            };
        }
    }

    /// The head of a response, and how long it is, once it is there.
    fn heard(&self) -> Result<Option<(usize, ResponseFacts)>, Failure> {
        let found = response_head(&self.inbox, Method::Get, &Limits::default());
        let found = found.map_err(Failure::Malformed)?;
        Ok(found.map(|(length, head)| (length, head.facts)))
    }

    /// Whether the body contains `wanted` within its first bytes. What is in it is asked at its end:
    /// an answer that is cut short is none.
    async fn body_has(&mut self, mut decoder: BodyDecoder, wanted: &[u8]) -> Result<(), Failure> {
        let mut body = Vec::new();
        let has = |body: &[u8]| body.windows(wanted.len()).any(|part| part == wanted);
        loop {
            let room = BODY_BYTES - body.len();
            let (taken, piece) = decoder
                .next(&self.inbox, room)
                .map_err(Failure::Malformed)?;
            let ended = match &piece {
                Some(Piece::Data(data)) => {
                    body.extend_from_slice(data);
                    false
                }
                Some(Piece::End { .. }) => true,
                None => false,
            };
            let wants = piece.is_none();
            self.inbox.drain(..taken);
            if ended || body.len() >= BODY_BYTES {
                return if has(&body) {
                    Ok(())
                } else {
                    Err(Failure::Body)
                };
            }
            if wants && !self.more().await? {
                // RFC 9112, 6.3: a body without a length ends with the connection.
                if decoder.ended(self.ended()) != End::Clean {
                    return Err(Failure::CutShort);
                }
            }
        }
    }

    fn ended(&self) -> End {
        match self.read {
            ReadEnd::Notified => End::Clean,
            ReadEnd::Fin(end) => end,
            ReadEnd::Open | ReadEnd::Draining(_) | ReadEnd::Failed(_) => End::Truncated,
        }
    }

    /// Reads on; false at the end of what the endpoint says.
    async fn more(&mut self) -> Result<bool, Failure> {
        match self.read {
            ReadEnd::Open => {}
            ReadEnd::Notified | ReadEnd::Fin(_) | ReadEnd::Draining(_) | ReadEnd::Failed(_) => {
                return Ok(false);
            }
        }
        let before = self.inbox.len();
        self.inbox.resize(before + CHUNK, 0);
        let read = poll_fn(|cx| self.port.poll_read(cx, &mut self.inbox[before..])).await;
        let bytes = match read {
            Ok(Read::Bytes(bytes)) => bytes,
            Ok(Read::CloseNotify | Read::Fin) | Err(_) => 0,
        };
        self.inbox.truncate(before + bytes);
        match read? {
            Read::Bytes(_) => Ok(true),
            Read::CloseNotify => {
                self.read = ReadEnd::Notified;
                Ok(false)
            }
            Read::Fin => {
                self.read = ReadEnd::Fin(match self.port.version() {
                    Some(_) if self.read == ReadEnd::Open => End::Truncated,
                    Some(_) | None => End::Clean,
                });
                Ok(false)
            }
        }
    }
}

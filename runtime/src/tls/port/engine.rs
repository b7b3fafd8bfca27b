//! The TLS engine of a leg: rustls' unbuffered connection, as a client's or a server's.
//!
//! It owns keys and the state of the handshake, and no bytes: records are decrypted where they
//! lie, and what has to be said goes into memory of the caller's. It waits for nothing, and never
//! sees a socket.

use rustls::{
    CommonState, Error,
    client::{ClientConnectionData, UnbufferedClientConnection},
    server::{ServerConnectionData, UnbufferedServerConnection},
    unbuffered::{ConnectionState, EncodeError, EncodeTlsData, EncryptError, UnbufferedStatus},
};
use std::fmt;

/// The engine of one leg.
pub(crate) enum Engine {
    Client(UnbufferedClientConnection),
    Server(UnbufferedServerConnection),
}

/// What became of records that were given to the engine.
#[derive(Debug)]
pub(super) struct Absorbed {
    /// Bytes of them that the engine needs no more. It has changed the rest: they are the front of
    /// what it is given next.
    pub(super) used: usize,
    /// Whether close_notify is among them (nothing behind it is looked at); or why there is no
    /// going on.
    pub(super) ended: Result<bool, Error>,
}

/// What both sides' connections can do, and rustls has no trait for.
trait Records {
    type Data;

    fn records<'c, 'i>(&'c mut self, input: &'i mut [u8]) -> UnbufferedStatus<'c, 'i, Self::Data>;
}

impl Records for UnbufferedClientConnection {
    type Data = ClientConnectionData;

    fn records<'c, 'i>(&'c mut self, input: &'i mut [u8]) -> UnbufferedStatus<'c, 'i, Self::Data> {
        self.process_tls_records(input)
    }
}

impl Records for UnbufferedServerConnection {
    type Data = ServerConnectionData;

    fn records<'c, 'i>(&'c mut self, input: &'i mut [u8]) -> UnbufferedStatus<'c, 'i, Self::Data> {
        self.process_tls_records(input)
    }
}

impl Engine {
    /// Decrypts whole records at the front of `input`. Plaintext goes to `plain`, all of it: the
    /// engine seals nothing while it holds some. What it has to say itself goes to `out`.
    pub(super) fn absorb(
        &mut self,
        input: &mut [u8],
        plain: &mut impl FnMut(&[u8]),
        out: &mut Vec<u8>,
    ) -> Absorbed {
        match self {
            Engine::Client(client) => absorb(client, input, plain, out),
            Engine::Server(server) => absorb(server, input, plain, out),
        }
    }

    /// Writes to `out` what the engine has to say itself: handshake messages, tickets, alerts. It
    /// looks at no record, so it may be asked after a failure too.
    pub(super) fn speak(&mut self, out: &mut Vec<u8>) {
        while self.wants_write() {
            match self {
                Engine::Client(client) => say(client, out),
                Engine::Server(server) => say(server, out),
            }
        }
    }

    /// Encrypts `plaintext`, at most a record of it, to the front of `out`, which has room for that
    /// and a key update; tells how many bytes that took. `held` is what was left of the records
    /// that came last.
    pub(super) fn seal(
        &mut self,
        held: &mut [u8],
        plaintext: &[u8],
        out: &mut [u8],
    ) -> Result<usize, EncryptError> {
        match self {
            Engine::Client(client) => seal(client, held, plaintext, out),
            Engine::Server(server) => seal(server, held, plaintext, out),
        }
    }

    /// Writes close_notify to `out`. The handshake is complete, and it is asked for once.
    pub(super) fn close_notify(&mut self, held: &mut [u8], out: &mut Vec<u8>) {
        match self {
            Engine::Client(client) => close_notify(client, held, out),
            Engine::Server(server) => close_notify(server, held, out),
        }
    }
}

impl std::ops::Deref for Engine {
    type Target = CommonState;

    fn deref(&self) -> &CommonState {
        match self {
            Engine::Client(client) => client,
            Engine::Server(server) => server,
        }
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Engine::Client(_) => "Client(..)",
            Engine::Server(_) => "Server(..)",
        })
    }
}

#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "not our enum, and it may grow"
)]
fn absorb<C: Records>(
    engine: &mut C,
    input: &mut [u8],
    plain: &mut impl FnMut(&[u8]),
    out: &mut Vec<u8>,
) -> Absorbed {
    let mut used = 0;
    loop {
        let UnbufferedStatus { mut discard, state } = engine.records(&mut input[used..]);
        let ended = match state {
            Ok(ConnectionState::ReadTraffic(mut traffic)) => loop {
                match traffic.next_record() {
                    None => break None,
                    Some(Err(error)) => break Some(Err(error)),
                    Some(Ok(record)) => {
                        discard += record.discard;
                        plain(record.payload);
                    }
                }
            },
            Ok(ConnectionState::EncodeTlsData(mut message)) => {
                encode(&mut message, out);
                None
            }
            // It is ours to send from here on.
            Ok(ConnectionState::TransmitTlsData(message)) => {
                message.done();
                None
            }
            Ok(ConnectionState::BlockedHandshake | ConnectionState::WriteTraffic(_)) => {
                Some(Ok(false))
            }
            Ok(ConnectionState::PeerClosed | ConnectionState::Closed) => Some(Ok(true)),
            // Early data is never offered, and so never accepted.
            Ok(other) => Some(Err(Error::General(format!("no answer to {other:?}")))),
            Err(error) => Some(Err(error)),
        };
        used += discard;
        if let Some(ended) = ended {
            return Absorbed { used, ended };
        }
    }
}

/// Takes one message of the engine's own, which has one. That comes before any look at records, so
/// none are shown to it.
fn say<C: Records>(engine: &mut C, out: &mut Vec<u8>) {
    let Ok(ConnectionState::EncodeTlsData(mut message)) = engine.records(&mut []).state else {
        unreachable!("the engine has something to say");
    };
    encode(&mut message, out);
}

fn seal<C: Records>(
    engine: &mut C,
    held: &mut [u8],
    plaintext: &[u8],
    out: &mut [u8],
) -> Result<usize, EncryptError> {
    let mut first = Vec::new();
    let sealed = with_traffic(engine, held, &mut first, |traffic| {
        traffic.encrypt(plaintext, out)
    });
    debug_assert!(first.is_empty(), "it has spoken before it seals");
    sealed
}

fn close_notify<C: Records>(engine: &mut C, held: &mut [u8], out: &mut Vec<u8>) {
    let mut word = [0; NOTIFY_BYTES];
    let said = with_traffic(engine, held, out, |traffic| {
        traffic.queue_close_notify(&mut word)
    });
    match said {
        Ok(n) => out.extend_from_slice(&word[..n]),
        Err(error) => unreachable!("close_notify has room, and is never refused: {error}"),
    }
}

/// Room for close_notify, and for the answer to a key update that was waiting for it.
const NOTIFY_BYTES: usize = 256;

/// Brings the engine, whose handshake is complete, to where it takes traffic.
#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "not our enum, and it may grow"
)]
fn with_traffic<C: Records, T>(
    engine: &mut C,
    held: &mut [u8],
    out: &mut Vec<u8>,
    write: impl FnOnce(&mut rustls::unbuffered::WriteTraffic<'_, C::Data>) -> T,
) -> T {
    loop {
        let UnbufferedStatus { discard, state } = engine.records(held);
        debug_assert_eq!(discard, 0, "what is held is less than a record");
        match state {
            Ok(ConnectionState::WriteTraffic(mut traffic)) => return write(&mut traffic),
            Ok(ConnectionState::EncodeTlsData(mut message)) => encode(&mut message, out),
            Ok(ConnectionState::TransmitTlsData(message)) => message.done(),
            other => unreachable!("a leg that is secured takes traffic: {other:?}"),
        }
    }
}

fn encode<D>(message: &mut EncodeTlsData<'_, D>, out: &mut Vec<u8>) {
    let begin = out.len();
    let Err(EncodeError::InsufficientSize(short)) = message.encode(&mut []) else {
        unreachable!("a message is not empty");
    };
    out.resize(begin + short.required_size, 0);
    let encoded = message.encode(&mut out[begin..]);
    assert!(encoded.is_ok(), "it has the room that it asked for");
}

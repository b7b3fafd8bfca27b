//! Questions to DNS servers, and what is read in an answer (RFC 1035, 4).
//!
//! Pure. It owns the question's form; an answer is taken apart by `domain`. Whatever is no answer to
//! this question is none at all, and whoever waits goes on waiting.

use super::{Answer, Failure, Family};
use domain::{
    base::{Message, Name, Rtype, iana::Class, name::ToName},
    rdata::{A, Aaaa},
};
use std::net::IpAddr;
use tidegate_core::time::Span;

/// RFC 1035, 2.3.4: the longest name there is, with its lengths.
const LONGEST: usize = 255;
/// RFC 1035, 4.1.1: a question that wants recursion, and is alone.
const HEAD: [u8; 10] = [0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0];
/// Code of an answer that is a success.
const NO_ERROR: u8 = 0;
/// There is no such name.
const NO_NAME: u8 = 3;

/// One question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Question {
    id: u16,
    /// As it goes over the wire.
    name: Vec<u8>,
    family: Family,
}

/// What a server has sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// No answer to this question.
    Noise,
    /// The answer is too long for a datagram: it is to be asked for over TCP.
    Truncated,
    /// The answer.
    Answer(Answer),
}

impl Question {
    /// Asks for the addresses of `name`, which is complete, with or without its last dot. Nothing if
    /// it cannot be a name.
    pub(super) fn new(id: u16, name: &str, family: Family) -> Option<Question> {
        let mut wire = Vec::new();
        for label in name.strip_suffix('.').unwrap_or(name).split('.') {
            let length = u8::try_from(label.len()).ok()?;
            if !(1..=63).contains(&length) {
                return None;
            }
            wire.push(length);
            wire.extend(label.as_bytes());
        }
        wire.push(0);
        (wire.len() <= LONGEST).then_some(Question {
            id,
            name: wire,
            family,
        })
    }

    /// As it is sent in a datagram.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let [high, low] = self.id.to_be_bytes();
        let mut bytes = vec![high, low];
        bytes.extend(HEAD);
        bytes.extend(&self.name);
        bytes.extend(self.kind().to_int().to_be_bytes());
        bytes.extend(Class::IN.to_int().to_be_bytes());
        bytes
    }

    fn kind(&self) -> Rtype {
        match self.family {
            Family::V4 => Rtype::A,
            Family::V6 => Rtype::AAAA,
        }
    }

    /// What `bytes` say to it.
    pub(super) fn heard(&self, bytes: &[u8]) -> Heard {
        let Ok(message) = Message::from_octets(bytes) else {
            return Heard::Noise;
        };
        if !self.is_answered_by(&message) {
            return Heard::Noise;
        }
        let header = message.header();
        if header.tc() {
            return Heard::Truncated;
        }
        match header.rcode().to_int() {
            NO_ERROR => self.addresses(&message).map_or(Heard::Noise, Heard::Answer),
            NO_NAME => Heard::Answer(Err(Failure::NoName)),
            code => Heard::Answer(Err(Failure::Answered(code))),
        }
    }

    /// RFC 5452, 9.1: the same id and the same question, in an answer. The server's address is the
    /// socket's to check.
    fn is_answered_by(&self, message: &Message<&[u8]>) -> bool {
        let header = message.header();
        if header.id() != self.id || !header.qr() || header.opcode().to_int() != 0 {
            return false;
        }
        let (Ok(asked), Ok(name)) = (message.sole_question(), Name::from_slice(&self.name)) else {
            return false;
        };
        asked.qname().name_eq(&name) && asked.qtype() == self.kind() && asked.qclass() == Class::IN
    }

    /// The addresses at the end of the aliases that lead there (RFC 1034, 3.6.2), and the shortest TTL
    /// on the way; nothing if they cannot be read.
    fn addresses(&self, message: &Message<&[u8]>) -> Option<Answer> {
        let end = message.canonical_name()?;
        let (mut all, mut ttl) = (Vec::new(), u32::MAX);
        for record in message.answer().ok()? {
            let record = record.ok()?;
            if record.class() != Class::IN {
                continue;
            }
            let address = match record.rtype() {
                Rtype::A if self.family == Family::V4 => {
                    let record = record.to_record::<A>().ok()??;
                    IpAddr::from(record.data().addr())
                }
                Rtype::AAAA if self.family == Family::V6 => {
                    let record = record.to_record::<Aaaa>().ok()??;
                    IpAddr::from(record.data().addr())
                }
                Rtype::CNAME => {
                    ttl = ttl.min(record.ttl().as_secs());
                    continue;
                }
                _ => continue,
            };
            if record.owner().name_eq(&end) {
                all.push(address);
                ttl = ttl.min(record.ttl().as_secs());
            }
        }
        Some(match all.is_empty() {
            true => Err(Failure::NoAddress),
            false => Ok((all, seconds(ttl))),
        })
    }
}

/// RFC 2181, 8: a TTL with its first bit set is 0.
fn seconds(ttl: u32) -> Span {
    Span::from_secs(match i32::try_from(ttl) {
        Ok(_) => ttl.into(),
        Err(_) => 0,
    })
}

#[cfg(test)]
mod tests;

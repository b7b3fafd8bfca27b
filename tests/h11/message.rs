//! A message as either reader has it, in the same words.

use tidegate_core::http1::{
    BodyDecoder, BodyKind, Method, Piece, Reject, Version, request_head, response_head,
};
use tidegate_core::limits::Limits;

/// Whose message it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sender {
    /// A client's.
    Client,
    /// An origin's, to GET.
    OriginToGet,
    /// An origin's, to HEAD.
    OriginToHead,
}

impl Sender {
    pub(crate) const ALL: [Sender; 3] = [Sender::Client, Sender::OriginToGet, Sender::OriginToHead];

    /// Its letter in what the other reader is told.
    pub(crate) fn letter(self) -> u8 {
        match self {
            Sender::Client => b'Q',
            Sender::OriginToGet => b'G',
            Sender::OriginToHead => b'H',
        }
    }
}

/// What came of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Message(Message),
    /// It is not complete.
    Lacks,
    /// For this reason, in the reader's own words.
    Refused(String),
}

/// A message that is complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    /// The method, or the status.
    pub(crate) first: Vec<u8>,
    pub(crate) target: Vec<u8>,
    /// `1.0` or `1.1`.
    pub(crate) version: String,
    /// Names in small letters.
    pub(crate) fields: Vec<(Vec<u8>, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
    /// Where it ends.
    pub(crate) taken: usize,
}

/// What our readers make of it. An origin's connection ends behind it.
pub(crate) fn ours(sender: Sender, text: &[u8]) -> Outcome {
    match read(sender, text) {
        Ok(Some(message)) => Outcome::Message(message),
        Ok(None) => Outcome::Lacks,
        Err(reject) => Outcome::Refused(reject.reason().to_owned()),
    }
}

fn read(sender: Sender, text: &[u8]) -> Result<Option<Message>, Reject> {
    let limits = Limits::default();
    let Some((length, mut message, kind)) = head(sender, text, &limits)? else {
        return Ok(None);
    };
    let mut decoder = BodyDecoder::bounded(kind, &limits);
    let mut at = length;
    let mut over = false;
    loop {
        let (taken, piece) = decoder.next(&text[at..], usize::MAX)?;
        at += taken;
        match piece {
            Some(Piece::Data(data)) => message.body.extend_from_slice(data),
            Some(Piece::End { .. }) => {
                message.taken = at;
                return Ok(Some(message));
            }
            None if kind == BodyKind::Close && !over => {
                over = true;
                decoder.ended(tidegate_core::ending::End::Clean);
            }
            None => return Ok(None),
        }
    }
}

type Head = (usize, Message, BodyKind);

fn head(sender: Sender, text: &[u8], limits: &Limits) -> Result<Option<Head>, Reject> {
    let method = match sender {
        Sender::Client => {
            let Some((length, head)) = request_head(text, limits)? else {
                return Ok(None);
            };
            let message = Message {
                first: head.method().as_bytes().to_vec(),
                target: head.target().as_bytes().to_vec(),
                version: version(head.facts.version),
                fields: head.fields().map(|f| field(f.name, f.value)).collect(),
                body: Vec::new(),
                taken: 0,
            };
            return Ok(Some((length, message, head.facts.body)));
        }
        Sender::OriginToGet => Method::Get,
        Sender::OriginToHead => Method::Head,
    };
    let Some((length, head)) = response_head(text, method, limits)? else {
        return Ok(None);
    };
    let message = Message {
        first: head.facts.status.to_string().into_bytes(),
        target: Vec::new(),
        version: version(head.facts.version),
        fields: head.fields().map(|f| field(f.name, f.value)).collect(),
        body: Vec::new(),
        taken: 0,
    };
    Ok(Some((length, message, head.facts.body)))
}

fn version(version: Version) -> String {
    match version {
        Version::Http10 => "1.0",
        Version::Http11 => "1.1",
    }
    .to_owned()
}

/// As h11 has it: names in small letters, and codings.
fn field(name: &str, value: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let name = name.to_ascii_lowercase().into_bytes();
    match &name[..] {
        b"transfer-encoding" => (name, value.to_ascii_lowercase()),
        _ => (name, value.to_vec()),
    }
}

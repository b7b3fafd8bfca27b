//! One message, read as a driver reads it: what a part leaves unconsumed is kept in front of the
//! next. What came of it can be compared with what comes of it in other parts.

use std::net::{IpAddr, Ipv4Addr};
use tidegate_core::ending::End;
use tidegate_core::http1::{
    BodyDecoder, BodyKind, Forwarded, Framing, Method, Piece, Reject, RequestFacts, ResponseFacts,
    Returned, Trailers, Version, Wording, deliver, request_head, response_head, write_request,
    write_response,
};
use tidegate_core::limits::Limits;

/// Who says it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Sender {
    /// A client: it is a request.
    Client,
    /// An origin: it is a response to this method, for a client of this version.
    Origin(Method, Version),
}

/// What came of a message.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Outcome {
    Message(Message),
    /// The bytes and the transport ended inside the head.
    HeadLacks,
    /// The bytes and the transport ended inside the body.
    BodyLacks,
    /// By which reader, why, and with which status.
    Refused(Reject, u16),
}

/// A message that is complete.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Message {
    pub(crate) head: Head,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: Trailers,
    /// How many bytes of the input were its own.
    pub(crate) taken: usize,
}

/// A head that was understood.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Head {
    pub(crate) facts: Facts,
    /// Empty in a response, as the path is.
    pub(crate) host: Vec<u8>,
    pub(crate) path: String,
    /// The head as it is sent on, and how its body is.
    pub(crate) written: Vec<u8>,
    pub(crate) framing: Framing,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Facts {
    Request(RequestFacts),
    Response(ResponseFacts),
}

impl Facts {
    pub(crate) fn body(&self) -> BodyKind {
        match self {
            Facts::Request(facts) => facts.body,
            Facts::Response(facts) => facts.body,
        }
    }
}

/// The proxy's side of what a request is sent on with.
const FORWARDED: Forwarded<'static> =
    Forwarded::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 9)), false, "default");

/// A request that every response may answer; it asks for another protocol, so that 101 may, too.
fn asked(method: Method, version: Version) -> RequestFacts {
    RequestFacts {
        version,
        method,
        body: BodyKind::None,
        close: false,
        expect_continue: false,
        idempotent: false,
        upgrade: true,
        wording: Wording::TEXT,
    }
}

/// What comes of a message in these parts, behind which the transport ends in order. No more than
/// `room` bytes of the body are taken at once.
pub(crate) fn read(sender: Sender, limits: &Limits, parts: &[&[u8]], room: usize) -> Outcome {
    let mut reader = Reader {
        sender,
        limits: *limits,
        room,
        inbox: Vec::new(),
        taken: 0,
        body: Vec::new(),
        inside: None,
    };
    for part in parts {
        reader.inbox.extend_from_slice(part);
        if let Some(outcome) = reader.outcome() {
            return outcome;
        }
    }
    reader.end()
}

struct Reader {
    sender: Sender,
    limits: Limits,
    room: usize,
    /// Bytes that came and are not consumed.
    inbox: Vec<u8>,
    taken: usize,
    body: Vec<u8>,
    /// Behind the head.
    inside: Option<(Head, BodyDecoder)>,
}

impl Reader {
    /// As far as the bytes go. `None`: more are needed.
    fn outcome(&mut self) -> Option<Outcome> {
        match self.advance() {
            Ok(message) => message.map(Outcome::Message),
            Err(reject) => Some(Outcome::Refused(reject, reject.status())),
        }
    }

    /// The transport ends: a message that only this can end is complete now.
    fn end(&mut self) -> Outcome {
        let Some((_, decoder)) = &mut self.inside else {
            return Outcome::HeadLacks;
        };
        match decoder.ended(End::Clean) {
            End::Clean => self.outcome().expect("what ended clean is complete"),
            End::Truncated | End::Abort(_) => Outcome::BodyLacks,
        }
    }

    fn advance(&mut self) -> Result<Option<Message>, Reject> {
        if self.inside.is_none() {
            let Some((taken, head)) = self.head()? else {
                return Ok(None);
            };
            self.consume(taken);
            let decoder = BodyDecoder::bounded(head.facts.body(), &self.limits);
            let decoder = match self.sender {
                Sender::Client => decoder.at_most(self.limits.body_bytes),
                Sender::Origin(..) => decoder,
            };
            self.inside = Some((head, decoder));
        }
        loop {
            let (head, decoder) = self.inside.as_mut().expect("behind the head");
            let (taken, piece) = decoder.next(&self.inbox, self.room)?;
            let (more, trailers) = match piece {
                Some(Piece::Data(bytes)) => {
                    assert!(!bytes.is_empty() && bytes.len() <= self.room);
                    self.body.extend_from_slice(bytes);
                    (true, None)
                }
                Some(Piece::End { trailers }) => (false, Some(trailers)),
                None => (false, None),
            };
            let head = head.clone();
            self.consume(taken);
            if !more {
                return Ok(trailers.map(|trailers| Message {
                    head,
                    body: std::mem::take(&mut self.body),
                    trailers,
                    taken: self.taken,
                }));
            }
        }
    }

    fn consume(&mut self, taken: usize) {
        self.inbox.drain(..taken);
        self.taken += taken;
    }

    fn head(&self) -> Result<Option<(usize, Head)>, Reject> {
        let mut written = Vec::new();
        let (method, client) = match self.sender {
            Sender::Client => {
                let found = request_head(&self.inbox, &self.limits)?;
                return Ok(found.map(|(taken, head)| {
                    write_request(&head, &FORWARDED, &mut written);
                    let head = Head {
                        facts: Facts::Request(head.facts),
                        host: head.host().unwrap_or_default().to_vec(),
                        path: head.path().to_string(),
                        written,
                        framing: head.facts.framing(),
                    };
                    (taken, head)
                }));
            }
            Sender::Origin(method, client) => (method, client),
        };
        let found = response_head(&self.inbox, method, &self.limits)?;
        Ok(found.map(|(taken, head)| {
            let asked = asked(method, client);
            let delivery = deliver(&asked, &head.facts, false, 0);
            write_response(&head, &delivery, &Returned::DEFAULT, &mut written);
            let head = Head {
                facts: Facts::Response(head.facts),
                host: Vec::new(),
                path: String::new(),
                written,
                framing: delivery.framing,
            };
            (taken, head)
        }))
    }
}

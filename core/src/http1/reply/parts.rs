//! What a reply is made of, beside its status and its cause.

use crate::http1::Fault;

/// What is behind the head of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Content {
    /// The status and the cause, in a line of text or in JSON.
    Words,
    /// So many bytes, which the driver adds, and whose type is among the fields it adds.
    Added(u32),
}

/// What there is to say beyond the proxy error type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Detail {
    /// What is wrong with the message that is refused.
    Fault(Fault),
    /// No endpoint had room for the request within the queue's deadline.
    QueueDeadline,
}

impl Detail {
    /// The same in a few words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Detail::Fault(fault) => fault.reason(),
            Detail::QueueDeadline => "no endpoint had room within the queue's deadline",
        }
    }
}

/// How a request wants a reply of ours worded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Wording {
    /// It accepts JSON, and would not rather have text.
    pub json: bool,
    /// How many bytes its id has, which the reply names; 0 for none.
    pub id_bytes: u8,
}

impl Wording {
    /// Text, and no id.
    pub const TEXT: Wording = Wording {
        json: false,
        id_bytes: 0,
    };
}

/// What only a driver has of a reply. Each is as long as the reply says.
#[derive(Clone, Copy, Debug, Default)]
pub struct Added<'a> {
    /// The request's id: of letters that need no escape in a field or in JSON.
    pub id: &'a [u8],
    /// Whole field lines, each with its CRLF.
    pub fields: &'a [u8],
    /// Of [`Content::Added`].
    pub content: &'a [u8],
}

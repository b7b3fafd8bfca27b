//! Tables of messages, and what has to come of each. A text is played whole, byte by byte, and cut
//! at every place into two, always with the same outcome.

use crate::feed::{Facts, Message, Outcome, Sender, read};
use tidegate_core::http1::{BodyKind, Fault, Method, Reject, Version};
use tidegate_core::limits::Limits;

/// What a text of a table stands in. Each is the only thing of note in its message.
#[derive(Clone, Copy)]
pub(crate) struct Frame {
    sender: Sender,
    before: &'static [u8],
    after: &'static [u8],
    refuses: fn(Fault) -> Reject,
}

/// Whole requests.
pub(crate) const REQUEST: Frame = Frame {
    sender: Sender::Client,
    before: b"",
    after: b"",
    refuses: Reject::Request,
};

/// Targets of a GET.
pub(crate) const TARGET: Frame = Frame {
    before: b"GET ",
    after: b" HTTP/1.1\r\nHost: h\r\n\r\n",
    ..REQUEST
};

/// Field lines among others of a request.
pub(crate) const FIELD: Frame = Frame {
    before: b"POST / HTTP/1.1\r\nHost: h\r\nA: a\r\n",
    after: b"\r\nZ: z\r\n\r\n",
    ..REQUEST
};

/// Values of the only Host.
pub(crate) const HOST: Frame = Frame {
    before: b"GET / HTTP/1.1\r\nHost: ",
    after: b"\r\n\r\n",
    ..REQUEST
};

/// Chunked bodies of a request.
pub(crate) const CHUNKS: Frame = Frame {
    before: b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
    refuses: Reject::Body,
    ..REQUEST
};

/// Trailer sections of a request.
pub(crate) const TRAILER: Frame = Frame {
    before: b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n",
    refuses: Reject::Body,
    ..REQUEST
};

/// Whole responses to a GET.
pub(crate) const RESPONSE: Frame = response_to(Method::Get);

/// Field lines of a response to a GET, the body behind them.
pub(crate) const ANSWER: Frame = Frame {
    before: b"HTTP/1.1 200 OK\r\nA: a\r\n",
    ..RESPONSE
};

/// Whole responses to another method.
pub(crate) const fn response_to(method: Method) -> Frame {
    Frame {
        sender: Sender::Origin(method, Version::Http11),
        before: b"",
        after: b"",
        refuses: Reject::Response,
    }
}

/// What holds of a message.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Is {
    Version(Version),
    Method(Method),
    /// How it is delimited.
    By(BodyKind),
    Body(&'static str),
    /// The trailers that may be sent on.
    Trailers(&'static str),
    /// It is the last of its connection.
    Last(bool),
    Expects(bool),
    Idempotent(bool),
    /// It asks for another protocol, and may have it.
    Upgrades(bool),
    Host(&'static str),
    Path(&'static str),
    Status(u16),
    Interim(bool),
    /// The head that is sent on has this line.
    Sends(&'static str),
    /// The head that is sent on has no field of this name.
    Lacks(&'static str),
}

#[derive(Clone, Copy)]
enum Want {
    Message(&'static [Is]),
    Refused(Fault, u16),
    HeadLacks,
    BodyLacks,
}

/// Texts of which the same holds.
pub(crate) struct Group {
    frame: Frame,
    want: Want,
    texts: &'static [&'static [u8]],
    limits: fn() -> Limits,
}

/// Messages that are taken, to their last byte and no further.
pub(crate) const fn takes(
    frame: Frame,
    is: &'static [Is],
    texts: &'static [&'static [u8]],
) -> Group {
    Group::of(frame, Want::Message(is), texts)
}

/// Messages that are refused.
pub(crate) const fn refuses(
    frame: Frame,
    fault: Fault,
    status: u16,
    texts: &'static [&'static [u8]],
) -> Group {
    Group::of(frame, Want::Refused(fault, status), texts)
}

/// Messages that end before their head does: neither taken nor refused.
pub(crate) const fn head_lacks(frame: Frame, texts: &'static [&'static [u8]]) -> Group {
    Group::of(frame, Want::HeadLacks, texts)
}

/// Messages whose head is complete, and whose body is not.
pub(crate) const fn body_lacks(frame: Frame, texts: &'static [&'static [u8]]) -> Group {
    Group::of(frame, Want::BodyLacks, texts)
}

/// What follows a message on its connection, and is none of it.
pub(crate) const NEXT: &[u8] = b"GET /next HTTP/1.1\r\nHost: n\r\n\r\n";

impl Group {
    const fn of(frame: Frame, want: Want, texts: &'static [&'static [u8]]) -> Group {
        Group {
            frame,
            want,
            texts,
            limits: Limits::default,
        }
    }

    /// The same under other limits.
    pub(crate) const fn under(mut self, limits: fn() -> Limits) -> Group {
        self.limits = limits;
        self
    }

    fn play(&self) {
        for text in self.texts {
            let mut text = [self.frame.before, text, self.frame.after].concat();
            let length = text.len();
            let shown = text.escape_ascii().to_string();
            if self.is_delimited() {
                text.extend_from_slice(NEXT);
            }
            let outcome = self.outcome(&text, &shown);
            self.judge(&outcome, length, &shown);
        }
    }

    /// The message has an end of its own, so that another may follow.
    fn is_delimited(&self) -> bool {
        let by_close = |is: &Is| matches!(is, Is::By(BodyKind::Close));
        matches!(self.want, Want::Message(is) if !is.iter().any(by_close))
    }

    /// The one outcome of all ways in which the text may come.
    fn outcome(&self, text: &[u8], shown: &str) -> Outcome {
        let limits = (self.limits)();
        let read = |parts: &[&[u8]], room| read(self.frame.sender, &limits, parts, room);
        let whole = read(&[text], usize::MAX);
        for cut in 0..=text.len() {
            let (first, second) = text.split_at(cut);
            let halves = read(&[first, second], usize::MAX);
            assert_eq!(halves, whole, "cut at {cut}: {shown}");
        }
        let bytes: Vec<&[u8]> = text.chunks(1).collect();
        assert_eq!(read(&bytes, usize::MAX), whole, "byte by byte: {shown}");
        assert_eq!(read(&[text], 1), whole, "room for one: {shown}");
        whole
    }

    fn judge(&self, outcome: &Outcome, length: usize, shown: &str) {
        match (self.want, outcome) {
            (Want::Message(all), Outcome::Message(message)) => {
                assert_eq!(message.taken, length, "where it ends: {shown}");
                for is in all {
                    is.judge(message, shown);
                }
            }
            (Want::Refused(fault, status), outcome) => {
                let reject = (self.frame.refuses)(fault);
                assert_eq!(*outcome, Outcome::Refused(reject, status), "{shown}");
            }
            (Want::HeadLacks, Outcome::HeadLacks) | (Want::BodyLacks, Outcome::BodyLacks) => {}
            (_, other) => panic!("{shown}: {other:?}"),
        }
    }
}

impl Is {
    fn judge(self, message: &Message, shown: &str) {
        let holds = match message.head.facts {
            Facts::Request(facts) => match self {
                Is::Version(version) => facts.version == version,
                Is::Method(method) => facts.method == method,
                Is::Last(last) => facts.close == last,
                Is::Expects(expects) => facts.expect_continue == expects,
                Is::Idempotent(idempotent) => facts.idempotent == idempotent,
                Is::Upgrades(upgrades) => facts.upgrade == upgrades,
                other => other.holds(message),
            },
            Facts::Response(facts) => match self {
                Is::Version(version) => facts.version == version,
                Is::Last(last) => facts.close == last,
                Is::Status(status) => facts.status == status,
                Is::Interim(interim) => facts.interim() == interim,
                other => other.holds(message),
            },
        };
        assert!(holds, "{self:?} is not so: {shown}\n{message:?}");
    }

    /// What may be asked of a request and of a response.
    fn holds(self, message: &Message) -> bool {
        let head = &message.head;
        let mut lines = head.written.split(|byte| *byte == b'\n');
        match self {
            Is::By(kind) => head.facts.body() == kind,
            Is::Body(body) => message.body == body.as_bytes(),
            Is::Trailers(trailers) => message.trailers.lines() == trailers.as_bytes(),
            Is::Host(host) => head.host == host.as_bytes(),
            Is::Path(path) => head.path == path,
            Is::Sends(wanted) => {
                lines.any(|line| line.strip_suffix(b"\r") == Some(wanted.as_bytes()))
            }
            Is::Lacks(name) => !lines.any(|line| {
                let colon = line.iter().position(|byte| *byte == b':');
                colon.is_some_and(|colon| line[..colon].eq_ignore_ascii_case(name.as_bytes()))
            }),
            other => panic!("{other:?} is not asked of this kind of message"),
        }
    }
}

/// Plays a table, and tells how many cases it has.
pub(crate) fn play(table: &[Group]) -> usize {
    table.iter().for_each(Group::play);
    table.iter().map(|group| group.texts.len()).sum()
}

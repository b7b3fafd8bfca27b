//! How much of an answer has come. Owns the beginning of a head that came in parts.

use std::io;

/// A head that grows beyond it is none of the origin's.
const HEAD: usize = 16 * 1024;

/// What is expected.
#[derive(Clone, Copy, Debug)]
pub(super) enum Expect {
    Bytes(u64),
    Http,
}

impl Expect {
    /// The bytes of an answer's body.
    pub(super) fn bytes(self, guess: &Guess) -> u64 {
        match self {
            Expect::Bytes(count) => count,
            Expect::Http => guess.body,
        }
    }
}

/// Head and body of the last answer: the next one is most likely as long, and then it need not be
/// searched.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Guess {
    head: usize,
    body: u64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    /// Nothing was asked.
    Quiet,
    Head,
    /// So much is still to come.
    Body(u64),
    /// All of it has come.
    Whole,
}

pub(super) struct Reply {
    state: State,
    head: Vec<u8>,
}

impl Reply {
    pub(super) fn new() -> Reply {
        Reply {
            state: State::Quiet,
            head: Vec::new(),
        }
    }

    /// A request goes out.
    pub(super) fn ask(&mut self, expect: Expect) {
        self.state = match expect {
            Expect::Bytes(count) => State::Body(count),
            Expect::Http => State::Head,
        };
    }

    pub(super) fn is_whole(&self) -> bool {
        self.state == State::Whole
    }

    /// What is known to come, at least.
    pub(super) fn left(&self) -> u64 {
        match self.state {
            State::Body(left) => left,
            State::Quiet | State::Head | State::Whole => 0,
        }
    }

    /// Takes the next bytes.
    pub(super) fn feed(&mut self, bytes: &[u8], guess: &mut Guess) -> io::Result<()> {
        if self.state != State::Head {
            return self.count(bytes.len());
        }
        if self.head.is_empty() && guess.head > 0 && bytes.len() >= guess.head {
            let head = &bytes[..guess.head];
            if head.ends_with(b"\r\n\r\n") && head.starts_with(b"HTTP/1.1 200") {
                self.state = State::Body(guess.body);
                return self.count(bytes.len() - guess.head);
            }
        }
        self.head.extend_from_slice(bytes);
        let end = self.head.windows(4).position(|part| part == b"\r\n\r\n");
        let Some(end) = end else {
            return if self.head.len() > HEAD {
                Err(bad("a head without an end"))
            } else {
                Ok(())
            };
        };
        *guess = Guess {
            head: end + 4,
            body: body(&self.head[..end])?,
        };
        let rest = self.head.len() - guess.head;
        self.head.clear();
        self.state = State::Body(guess.body);
        self.count(rest)
    }

    /// So many bytes have come, and need not be looked at.
    pub(super) fn count(&mut self, bytes: usize) -> io::Result<()> {
        let left = self.left().checked_sub(bytes as u64);
        let left = left.ok_or_else(|| bad("more bytes than were asked for"))?;
        if let State::Body(_) = self.state {
            self.state = if left == 0 {
                State::Whole
            } else {
                State::Body(left)
            };
        }
        Ok(())
    }
}

fn bad(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// How long the body is.
fn body(head: &[u8]) -> io::Result<u64> {
    let text = String::from_utf8_lossy(head).to_ascii_lowercase();
    if !text.starts_with("http/1.1 200") {
        let line = text.lines().next().unwrap_or_default();
        return Err(bad(&format!("the answer is {line}")));
    }
    text.lines()
        .find_map(|line| line.strip_prefix("content-length:"))
        .and_then(|length| length.trim().parse().ok())
        .ok_or_else(|| bad("an answer without its length"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc";

    #[test]
    fn an_answer_is_whole_however_it_is_cut() {
        for cut in 0..ANSWER.len() {
            let (mut reply, mut guess) = (Reply::new(), Guess::default());
            for _ in 0..2 {
                reply.ask(Expect::Http);
                reply
                    .feed(&ANSWER[..cut], &mut guess)
                    .expect("the first part");
                assert!(!reply.is_whole(), "{cut}");
                reply.feed(&ANSWER[cut..], &mut guess).expect("the rest");
                assert!(reply.is_whole(), "{cut}");
            }
        }
    }

    #[test]
    fn what_was_not_asked_for_is_an_error() {
        let (mut reply, mut guess) = (Reply::new(), Guess::default());
        reply.ask(Expect::Http);
        let twice = [ANSWER, ANSWER].concat();
        assert!(reply.feed(&twice, &mut guess).is_err());
        reply.ask(Expect::Http);
        let error = b"HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n";
        assert!(Reply::new().feed(error, &mut guess).is_err());
        reply.ask(Expect::Http);
        assert!(reply.feed(error, &mut guess).is_err());
    }
}

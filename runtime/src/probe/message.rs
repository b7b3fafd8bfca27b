//! HTTP/1 messages as a peer reads them: where one ends, and whether it is complete.
//!
//! Pure: bytes in, facts out. It is lenient on purpose, for it reads what any proxy writes, and
//! says nothing about syntax; it never decides what may be forwarded (the core does).

/// What delimits a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// There is none.
    Bodyless,
    /// `Content-Length`.
    Length(usize),
    /// Chunks, up to the last one.
    Chunked,
    /// The connection's end.
    End,
}

/// A message, or its beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The head, its empty line included.
    pub head: String,
    /// Of a response; 0 of a request.
    pub status: u16,
    /// What delimits the body.
    pub framing: Framing,
    /// As much of the body as there is.
    pub body: Vec<u8>,
    /// Whether its framing is satisfied. A body that ends with the connection never is by itself.
    pub complete: bool,
    /// How many of the bytes it takes.
    pub length: usize,
}

impl Message {
    /// The value of a field.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    fn has(&self, name: &str, word: &str) -> bool {
        self.field(name).is_some_and(|value| {
            value
                .split(',')
                .any(|one| one.trim().eq_ignore_ascii_case(word))
        })
    }

    fn frame(&self) -> Framing {
        if matches!(self.status, 100..200 | 204 | 304) {
            return Framing::Bodyless;
        }
        if self.has("transfer-encoding", "chunked") {
            return Framing::Chunked;
        }
        match self
            .field("content-length")
            .and_then(|length| length.parse().ok())
        {
            Some(length) => Framing::Length(length),
            None if self.status == 0 => Framing::Bodyless,
            None => Framing::End,
        }
    }
}

/// The length of the head that `bytes` begin with, if all of it is there.
#[must_use]
pub fn head(bytes: &[u8]) -> Option<usize> {
    Some(bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4)
}

/// The message that `bytes` begin with, once its head is complete.
#[must_use]
pub fn read(bytes: &[u8]) -> Option<Message> {
    let head = head(bytes)?;
    let text = String::from_utf8_lossy(&bytes[..head]).into_owned();
    let status = text
        .strip_prefix("HTTP/")
        .and_then(|rest| rest.split(' ').nth(1)?.get(..3)?.parse().ok());
    let mut message = Message {
        head: text,
        status: status.unwrap_or(0),
        framing: Framing::Bodyless,
        body: Vec::new(),
        complete: false,
        length: head,
    };
    message.framing = message.frame();
    let rest = &bytes[head..];
    match message.framing {
        Framing::Bodyless => message.complete = true,
        Framing::Length(length) => {
            message.body = rest[..length.min(rest.len())].to_vec();
            message.complete = rest.len() >= length;
            message.length += message.body.len();
        }
        Framing::End => {
            message.body = rest.to_vec();
            message.length += rest.len();
        }
        Framing::Chunked => {
            let (taken, complete) = chunks(rest, &mut message.body);
            message.length += taken;
            message.complete = complete;
        }
    }
    Some(message)
}

/// All messages that `bytes` hold, the last perhaps not whole.
#[must_use]
pub fn read_all(mut bytes: &[u8]) -> Vec<Message> {
    let mut messages = Vec::new();
    while let Some(message) = read(bytes) {
        bytes = &bytes[message.length..];
        let complete = message.complete;
        messages.push(message);
        if !complete {
            break;
        }
    }
    messages
}

/// How many bytes the chunks take, and whether the last one and its trailers are among them.
fn chunks(bytes: &[u8], body: &mut Vec<u8>) -> (usize, bool) {
    let mut at = 0;
    loop {
        let Some((size, line)) = chunk_size(&bytes[at..]) else {
            return (bytes.len(), false);
        };
        let data = at + line;
        if size == 0 {
            return match trailers(&bytes[data..]) {
                Some(length) => (data + length, true),
                None => (bytes.len(), false),
            };
        }
        let end = data.saturating_add(size).saturating_add(2);
        body.extend_from_slice(&bytes[data..(end - 2).min(bytes.len())]);
        if end > bytes.len() {
            return (bytes.len(), false);
        }
        at = end;
    }
}

fn chunk_size(bytes: &[u8]) -> Option<(usize, usize)> {
    let line = bytes.windows(2).position(|two| two == b"\r\n")?;
    let text = std::str::from_utf8(&bytes[..line]).ok()?;
    let size = text.split(';').next().unwrap_or(text).trim();
    Some((usize::from_str_radix(size, 16).ok()?, line + 2))
}

/// The trailer section behind the last chunk, its empty line included.
fn trailers(bytes: &[u8]) -> Option<usize> {
    if bytes.starts_with(b"\r\n") {
        Some(2)
    } else {
        head(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_complete_by_its_own_framing() {
        for (text, status, body, complete) in [
            ("HTTP/1.1 204 No\r\n\r\n", 204, "", true),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab",
                200,
                "ab",
                true,
            ),
            (
                "HTTP/1.1 200 OK\r\ncontent-length:3\r\n\r\nab",
                200,
                "ab",
                false,
            ),
            (
                "HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n",
                200,
                "ab",
                false,
            ),
            (
                "HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
                200,
                "ab",
                false,
            ),
            (
                "HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n",
                200,
                "ab",
                false,
            ),
            (
                "HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n2;x\r\nab\r\n0\r\n\r\n",
                200,
                "ab",
                true,
            ),
            (
                "HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n0\r\na: b\r\n\r\n",
                200,
                "",
                true,
            ),
            ("HTTP/1.0 200 OK\r\n\r\nab", 200, "ab", false),
            ("GET / HTTP/1.1\r\nHost: h\r\n\r\n", 0, "", true),
        ] {
            let message = read(text.as_bytes()).unwrap();
            assert_eq!(message.status, status, "{text}");
            assert_eq!(message.body, body.as_bytes(), "{text}");
            assert_eq!(message.complete, complete, "{text}");
        }
        assert_eq!(read(b"HTTP/1.1 200 OK\r\nConte"), None);
    }

    #[test]
    fn several_messages_follow_each_other() {
        let text = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP";
        let all = read_all(text.as_bytes());
        let statuses: Vec<u16> = all.iter().map(|message| message.status).collect();
        assert_eq!(statuses, [100, 200]);
    }
}

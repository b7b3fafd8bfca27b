//! The other reader: one process of Python's, asked one message after the other.

use crate::message::{Message, Outcome, Sender};
use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

/// h11 at work.
pub(crate) struct Oracle {
    child: Child,
    ask: Option<ChildStdin>,
    answer: BufReader<ChildStdout>,
}

impl Oracle {
    /// # Panics
    /// Without Python, or without h11: a difference that nobody looked for is no proof.
    pub(crate) fn new() -> Oracle {
        let needed =
            "this test needs python3 and its package h11 (pip install h11; on Debian python3-h11)";
        let found = Command::new("python3").args(["-c", "import h11"]).output();
        assert!(found.is_ok_and(|done| done.status.success()), "{needed}");
        let mut child = Command::new("python3")
            .args(["-c", include_str!("oracle.py")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 was there a moment ago");
        let answer = child.stdout.take().expect("its output is piped");
        Oracle {
            ask: child.stdin.take(),
            answer: BufReader::new(answer),
            child,
        }
    }

    /// What it makes of a message.
    pub(crate) fn ask(&mut self, sender: Sender, text: &[u8]) -> Outcome {
        let length = u32::try_from(text.len()).expect("messages are short");
        let asked = [&[sender.letter()], &length.to_le_bytes()[..], text].concat();
        let ask = self.ask.as_mut().expect("it is at work");
        ask.write_all(&asked).expect("it listens");
        let mut line = String::new();
        self.answer.read_line(&mut line).expect("it answers");
        outcome(line.trim_end())
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        self.ask = None;
        let ended = self.child.wait();
        assert!(std::thread::panicking() || ended.is_ok_and(|status| status.success()));
    }
}

fn outcome(line: &str) -> Outcome {
    let words: Vec<&str> = line.split(' ').collect();
    match words[..] {
        ["refused", ..] => Outcome::Refused(line["refused ".len()..].to_owned()),
        ["lacks"] => Outcome::Lacks,
        ["message", first, target, version, fields, body, taken] => Outcome::Message(Message {
            first: match target {
                "-" => first.as_bytes().to_vec(),
                _ => bytes(first),
            },
            target: bytes(target),
            version: version.to_owned(),
            fields: fields.split(',').filter_map(field).collect(),
            body: bytes(body),
            taken: taken.parse().expect("a number"),
        }),
        _ => panic!("h11 said {line:?}"),
    }
}

fn field(text: &str) -> Option<(Vec<u8>, Vec<u8>)> {
    let (name, value) = text.split_once('=')?;
    Some((bytes(name), bytes(value)))
}

/// Bytes in hexadecimal; `-` for none.
fn bytes(text: &str) -> Vec<u8> {
    let digit = |digits: &[u8]| {
        let digits = std::str::from_utf8(digits).expect("ASCII");
        u8::from_str_radix(digits, 16).expect("hexadecimal digits")
    };
    match text {
        "-" => Vec::new(),
        text => text.as_bytes().chunks(2).map(digit).collect(),
    }
}

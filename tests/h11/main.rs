//! Our readers of HTTP/1.1 beside another library's: Python's h11, on generated messages. Both take a
//! message or refuse it, find the same words in it, and the same end; where they differ, we are
//! stricter, or there is a reason, and the difference is there to be seen.

#![allow(clippy::wildcard_enum_match_arm)] // a test fails loudly

mod generate;
mod known;
mod message;
mod oracle;

use message::{Message, Outcome, ours};
use oracle::Oracle;
use std::collections::BTreeMap;

/// So many messages.
const MESSAGES: u64 = 20_000;

/// How two outcomes differ, in words; none if they do not. Each has its own reasons to refuse.
fn difference(ours: &Outcome, theirs: &Outcome) -> Option<String> {
    match (ours, theirs) {
        (Outcome::Refused(_), Outcome::Refused(_)) => None,
        (one, other) if one == other => None,
        (Outcome::Refused(why), _) => Some(format!("we refuse: {why}")),
        (_, Outcome::Refused(why)) => Some(format!("h11 refuses: {}", gist(why))),
        (Outcome::Message(one), Outcome::Message(other)) => Some(parts(one, other)),
        (Outcome::Message(_), Outcome::Lacks) => Some("h11 waits for more".to_owned()),
        (Outcome::Lacks, _) => Some("we wait for more".to_owned()),
    }
}

/// What of two messages differs.
fn parts(one: &Message, other: &Message) -> String {
    let parts = [
        (
            "start",
            one.first != other.first || one.target != other.target,
        ),
        ("version", one.version != other.version),
        ("fields", one.fields != other.fields),
        ("body", one.body != other.body),
        ("end", one.taken != other.taken),
    ];
    let differ = parts.iter().filter(|(_, differ)| *differ);
    let names: Vec<&str> = differ.map(|(name, _)| *name).collect();
    format!("another {}", names.join(", "))
}

/// A reason without what it quotes of the message.
fn gist(why: &str) -> &str {
    let end = why.find([':', '\'', '(', '0']).unwrap_or(why.len());
    why[..end].trim_end()
}

/// Every difference between the two readers over all messages: how often, and in which.
fn differences() -> BTreeMap<String, (usize, String)> {
    let mut oracle = Oracle::new();
    let mut found: BTreeMap<String, (usize, String)> = BTreeMap::new();
    for seed in 0..MESSAGES {
        let (sender, text) = generate::message(seed);
        let (ours, theirs) = (ours(sender, &text), oracle.ask(sender, &text));
        if let Some(difference) = difference(&ours, &theirs) {
            let example = || format!("seed {seed}, {sender:?}: {}", text.escape_ascii());
            let entry = found.entry(difference);
            entry.or_insert_with(|| (0, example())).0 += 1;
        }
    }
    found
}

#[test]
fn every_difference_has_its_reason_and_is_still_there() {
    let found = differences();
    let mut new = Vec::new();
    for (difference, (times, example)) in &found {
        println!("{times:6} {difference}\n       {example}");
        if !known::KNOWN.iter().any(|(one, _)| one == difference) {
            new.push(difference);
        }
    }
    assert!(new.is_empty(), "new differences: {new:?}");
    for (difference, reason) in known::KNOWN {
        assert!(
            found.contains_key(*difference),
            "gone: {difference} ({reason})"
        );
    }
}

/// The comparison sees what it is for.
#[test]
fn a_reader_that_is_wrong_is_seen() {
    let mut oracle = Oracle::new();
    let text = b"POST /a HTTP/1.1\r\nHost: h\r\nA: b\r\nContent-Length: 3\r\n\r\nabcd";
    let right = oracle.ask(message::Sender::Client, text);
    assert_eq!(
        difference(&ours(message::Sender::Client, text), &right),
        None
    );
    let Outcome::Message(right) = right else {
        panic!("h11 takes it");
    };
    type Change = fn(&mut Message);
    let wrong: [(&str, Change); 5] = [
        ("another start", |message| message.target.push(b'/')),
        ("another version", |message| {
            message.version = "1.0".to_owned()
        }),
        ("another fields", |message| drop(message.fields.pop())),
        ("another body", |message| message.body.push(b'd')),
        ("another end", |message| message.taken += 1),
    ];
    for (seen, change) in wrong {
        let mut message = right.clone();
        change(&mut message);
        let both = [message, right.clone()].map(Outcome::Message);
        assert_eq!(difference(&both[0], &both[1]).as_deref(), Some(seen));
    }
    let theirs = Outcome::Message(right);
    let refused = Outcome::Refused("x".to_owned());
    assert!(difference(&refused, &theirs).is_some());
    assert!(difference(&theirs, &Outcome::Lacks).is_some());
}

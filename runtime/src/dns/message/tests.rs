//! Answers as servers send them, whole and broken.

use super::*;
use proptest::{collection::vec, prelude::*};

const A: u16 = 1;
const CNAME: u16 = 5;
const AAAA: u16 = 28;

fn question(family: Family) -> Question {
    Question::new(0x1234, "api.internal", family).unwrap()
}

fn wire(name: &str) -> Vec<u8> {
    Question::new(0, name, Family::V4).unwrap().name
}

fn record(owner: &[u8], kind: u16, ttl: u32, data: &[u8]) -> Vec<u8> {
    let mut bytes = owner.to_vec();
    bytes.extend(kind.to_be_bytes());
    bytes.extend([0, 1]);
    bytes.extend(ttl.to_be_bytes());
    bytes.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
    bytes.extend(data);
    bytes
}

/// The name in the question: a pointer to it (RFC 1035, 4.1.4).
const ASKED: [u8; 2] = [0xC0, 12];

fn answer(question: &Question, flags: [u8; 2], records: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = question.bytes();
    bytes[2..4].copy_from_slice(&flags);
    bytes[7] = u8::try_from(records.len()).unwrap();
    bytes.extend(records.concat());
    bytes
}

/// A response, and recursion available.
const GOOD: [u8; 2] = [0x81, 0x80];

fn found(ips: &[&str], ttl: u64) -> Heard {
    let all = ips.iter().map(|ip| ip.parse().unwrap()).collect();
    Heard::Answer(Ok((all, Span::from_secs(ttl))))
}

#[test]
fn rfc1035_4_1_a_question_as_it_is_sent() {
    let expected =
        b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03api\x08internal\x00\x00\x01\x00\x01";
    assert_eq!(question(Family::V4).bytes(), expected);
    assert_eq!(question(Family::V6).bytes()[27], 28);
    let long = vec!["a".repeat(63); 4].join(".");
    for name in ["", ".", "a..b", &"a".repeat(64), &long] {
        assert_eq!(Question::new(1, name, Family::V4), None, "{name}");
    }
    assert!(Question::new(1, &long[..253], Family::V4).is_some());
    assert_eq!(wire("a.b"), wire("a.b."));
}

#[test]
fn addresses_and_the_shortest_ttl() {
    let four = question(Family::V4);
    let records = [
        record(&ASKED, A, 60, &[10, 0, 0, 2]),
        record(&ASKED, A, 30, &[10, 0, 0, 1]),
    ];
    let heard = four.heard(&answer(&four, GOOD, &records));
    assert_eq!(heard, found(&["10.0.0.2", "10.0.0.1"], 30));

    let six = question(Family::V6);
    let mut ip = [0; 16];
    (ip[0], ip[15]) = (0xfd, 1);
    let heard = six.heard(&answer(&six, GOOD, &[record(&ASKED, AAAA, 0, &ip)]));
    assert_eq!(heard, found(&["fd00::1"], 0));

    let odd = record(&ASKED, A, 0x8000_0001, &[10, 0, 0, 1]);
    let heard = four.heard(&answer(&four, GOOD, &[odd]));
    assert_eq!(heard, found(&["10.0.0.1"], 0), "RFC 2181, 8");
}

#[test]
fn rfc1034_3_6_2_an_alias_is_followed_whatever_the_order() {
    let four = question(Family::V4);
    let (mid, end) = (wire("a.example"), wire("b.example"));
    let mut records = vec![
        record(&ASKED, CNAME, 50, &mid),
        record(&mid, CNAME, 40, &end),
        record(&end, A, 90, &[10, 0, 0, 1]),
        record(&wire("c.example"), A, 1, &[10, 0, 0, 9]),
    ];
    for _ in 0..2 {
        let heard = four.heard(&answer(&four, GOOD, &records));
        assert_eq!(heard, found(&["10.0.0.1"], 40));
        records.reverse();
    }
    let circle = [
        record(&ASKED, CNAME, 50, &mid),
        record(&mid, CNAME, 50, &wire("api.internal")),
    ];
    assert_eq!(four.heard(&answer(&four, GOOD, &circle)), Heard::Noise);
}

#[test]
fn answers_without_addresses() {
    let four = question(Family::V4);
    let failed = |failure| Heard::Answer(Err(failure));
    let of = |code: u8| four.heard(&answer(&four, [0x81, 0x80 | code], &[]));
    assert_eq!(of(0), failed(Failure::NoAddress));
    assert_eq!(of(2), failed(Failure::Answered(2)));
    assert_eq!(of(3), failed(Failure::NoName));
    assert_eq!(of(9), failed(Failure::Answered(9)));
    let other = [record(&ASKED, AAAA, 60, &[0; 16])];
    let heard = four.heard(&answer(&four, GOOD, &other));
    assert_eq!(heard, failed(Failure::NoAddress));
}

#[test]
fn a_truncated_answer_is_asked_for_again() {
    let four = question(Family::V4);
    let records = [record(&ASKED, A, 60, &[10, 0, 0, 2])];
    let heard = four.heard(&answer(&four, [0x83, 0x80], &records));
    assert_eq!(heard, Heard::Truncated);
}

/// RFC 5452, 9.1.
#[test]
fn what_answers_another_question_is_noise() {
    let four = question(Family::V4);
    let records = [record(&ASKED, A, 60, &[10, 0, 0, 2])];
    let good = answer(&four, GOOD, &records);
    let with = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        four.heard(&bytes)
    };
    assert_eq!(with(1, 0x35), Heard::Noise, "another id");
    assert_eq!(with(2, 0x01), Heard::Noise, "a question");
    assert_eq!(with(2, 0x91), Heard::Noise, "another operation");
    assert_eq!(with(13, b'x'), Heard::Noise, "another name");
    assert_eq!(with(27, 28), Heard::Noise, "another type");
    assert_eq!(with(29, 3), Heard::Noise, "another class");
    assert_eq!(with(5, 2), Heard::Noise, "two questions");
    assert_eq!(with(13, b'A'), four.heard(&good), "letters of any case");
    assert_eq!(four.heard(&four.bytes()), Heard::Noise);
}

#[test]
fn what_cannot_be_read_is_noise_wherever_it_ends() {
    let four = question(Family::V4);
    let records = [
        record(&ASKED, CNAME, 50, &wire("a.example")),
        record(&wire("a.example"), A, 60, &[10, 0, 0, 2]),
    ];
    let good = answer(&four, GOOD, &records);
    for end in 0..good.len() {
        assert_eq!(four.heard(&good[..end]), Heard::Noise, "{end}");
    }
    assert_eq!(four.heard(&good), found(&["10.0.0.2"], 50));
    // A pointer to itself, an address of three bytes, a record more than there are.
    let itself = [record(&[0xC0, 30], A, 60, &[10, 0, 0, 2])];
    assert_eq!(four.heard(&answer(&four, GOOD, &itself)), Heard::Noise);
    let short = [record(&ASKED, A, 60, &[10, 0, 0])];
    assert_eq!(four.heard(&answer(&four, GOOD, &short)), Heard::Noise);
    let mut more = good.clone();
    more[7] = 3;
    assert_eq!(four.heard(&more), Heard::Noise);
}

proptest! {
    /// Whatever is sent, it comes to an answer; and one that is good has addresses of the right family.
    #[test]
    fn any_damage_comes_to_an_answer(
        at in 0..80usize,
        put in vec(any::<u8>(), 0..6),
        cut in 0..4usize,
        six in any::<bool>(),
    ) {
        let family = if six { Family::V6 } else { Family::V4 };
        let asked = question(family);
        let end = wire("a.example");
        let records = [
            record(&ASKED, CNAME, 50, &end),
            record(&end, A, 60, &[10, 0, 0, 2]),
            record(&end, AAAA, 60, &[9; 16]),
        ];
        let mut bytes = answer(&asked, GOOD, &records);
        let at = at.min(bytes.len());
        let end = (at + cut).min(bytes.len());
        bytes.splice(at..end, put);
        if let Heard::Answer(Ok((all, _))) = asked.heard(&bytes) {
            prop_assert!(!all.is_empty());
            prop_assert!(all.iter().all(|ip| ip.is_ipv6() == six));
        }
    }
}

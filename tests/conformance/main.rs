//! HTTP/1.1 by the letter: a file a group of sections of RFC 9112 and RFC 9110, a test a
//! requirement, named after its section. Every message is read whole, byte by byte, and cut at every
//! place; in `written`, what leaves is read back.

#![allow(clippy::wildcard_enum_match_arm)] // a test fails loudly

mod feed;
mod rfc9110_10;
mod rfc9110_15;
mod rfc9110_5;
mod rfc9110_6;
mod rfc9110_7;
mod rfc9110_8;
mod rfc9110_9;
mod rfc9112_2;
mod rfc9112_2_3;
mod rfc9112_3;
mod rfc9112_3_2;
mod rfc9112_4;
mod rfc9112_5;
mod rfc9112_6;
mod rfc9112_6_3;
mod rfc9112_7;
mod rfc9112_8;
mod rfc9112_9;
mod table;
mod written;

use table::{Group, play};

/// What all tables together have to come to.
const LEAST: usize = 300;

const SECTIONS: &[(&str, &[&[Group]])] = &[
    ("RFC 9112, 2", rfc9112_2::TABLES),
    ("RFC 9112, 2.3", rfc9112_2_3::TABLES),
    ("RFC 9112, 3", rfc9112_3::TABLES),
    ("RFC 9112, 3.2", rfc9112_3_2::TABLES),
    ("RFC 9112, 4", rfc9112_4::TABLES),
    ("RFC 9112, 5", rfc9112_5::TABLES),
    ("RFC 9112, 6.1", rfc9112_6::TABLES),
    ("RFC 9112, 6.3", rfc9112_6_3::TABLES),
    ("RFC 9112, 7", rfc9112_7::TABLES),
    ("RFC 9112, 8", rfc9112_8::TABLES),
    ("RFC 9112, 9", rfc9112_9::TABLES),
    ("RFC 9110, 5", rfc9110_5::TABLES),
    ("RFC 9110, 6", rfc9110_6::TABLES),
    ("RFC 9110, 7", rfc9110_7::TABLES),
    ("RFC 9110, 8", rfc9110_8::TABLES),
    ("RFC 9110, 9", rfc9110_9::TABLES),
    ("RFC 9110, 10", rfc9110_10::TABLES),
    ("RFC 9110, 15", rfc9110_15::TABLES),
];

/// What counts is what was played.
#[test]
fn there_are_enough_cases() {
    let mut all = 0;
    for (section, tables) in SECTIONS {
        let cases: usize = tables.iter().map(|table| play(table)).sum();
        println!("{section}: {cases} cases");
        all += cases;
    }
    println!("in all: {all} cases");
    assert!(all >= LEAST, "only {all} cases, not {LEAST}");
}

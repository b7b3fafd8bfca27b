//! RFC 9112, section 5: field lines.

use crate::table::{ANSWER, FIELD, Group, Is, TRAILER, play, refuses, takes};
use tidegate_core::http1::Fault;
use tidegate_core::limits::Limits;

pub(crate) const TABLES: &[&[Group]] = &[LINES, COLONS, NAMES, FOLDS, LIMITS];

const LINES: &[Group] = &[takes(
    FIELD,
    &[Is::Sends("B: b c")],
    &[
        b"B: b c",
        b"B:b c",
        b"B:   b c",
        b"B: b c   ",
        b"B:\t b c \t ",
    ],
)];

#[test]
fn rfc9112_5_1_the_space_around_a_value_is_no_part_of_it() {
    play(LINES);
}

/// Whoever takes the name with its space for another name sees another message.
const COLONS: &[Group] = &[
    refuses(
        FIELD,
        Fault::FieldName,
        400,
        &[
            b"B : b",
            b"B\t: b",
            b"Content-Length : 5",
            b"Transfer-Encoding : chunked",
            b"Host : h",
            b"Transfer-Encoding\x0b: chunked",
            b"Transfer-Encoding\xa0: chunked",
        ],
    ),
    // A proxy may also remove it from a response. An origin that sends it is not understood here.
    refuses(
        ANSWER,
        Fault::FieldName,
        502,
        &[b"Content-Length : 0\r\n\r\n", b"B\t: b\r\n\r\n"],
    ),
    refuses(TRAILER, Fault::Trailer, 400, &[b"B : b\r\n\r\n"]),
];

#[test]
fn rfc9112_5_1_no_white_space_between_name_and_colon() {
    play(COLONS);
}

const NAMES: &[Group] = &[
    refuses(
        FIELD,
        Fault::FieldName,
        400,
        &[
            b": b",
            b":",
            b":Host: x",
            b"B",
            b"B b",
            b"B\r\nC: c",
            b"B;C: b",
            b"B(: b",
            b"B/C: b",
            b"B@: b",
            b"B[0]: b",
            b"{B}: b",
            b"\"B\": b",
            b"B=C: b",
            b"B,C: b",
            b"B\\: b",
            b"B\0: b",
            b"\0B: b",
            b"B\x01: b",
            b"B\x7f: b",
            b"B\x1b: b",
            b"\xc3\xa9: b",
            b"B\xff: b",
        ],
    ),
    refuses(
        ANSWER,
        Fault::FieldName,
        502,
        &[b": b\r\n\r\n", b"B\r\n\r\n"],
    ),
];

#[test]
fn rfc9112_5_a_line_is_a_name_a_colon_and_a_value() {
    play(NAMES);
}

const FOLDS: &[Group] = &[
    refuses(
        FIELD,
        Fault::FieldName,
        400,
        &[
            b"B: b\r\n c",
            b"B: b\r\n\tc",
            b"B:\r\n b",
            b"B: b\r\n ",
            b"B: b\r\n \r\nC: c",
            b"Content-Length: 1\r\n 0",
            b"Transfer-Encoding:\r\n chunked",
            b"B: b\r\n Host: x",
        ],
    ),
    refuses(
        ANSWER,
        Fault::FieldName,
        502,
        &[b"B: b\r\n c\r\n\r\n", b"Content-Length:\r\n\t0\r\n\r\n"],
    ),
    refuses(TRAILER, Fault::Trailer, 400, &[b"B: b\r\n c\r\n\r\n"]),
];

#[test]
fn rfc9112_5_2_a_folded_line_is_refused() {
    play(FOLDS);
}

fn narrow() -> Limits {
    Limits {
        head_bytes: 80,
        head_fields: 5,
        ..Limits::default()
    }
}

/// RFC 6585, 5. The frame has three fields of its own, and 44 bytes.
const LIMITS: &[Group] = &[
    takes(FIELD, &[Is::Sends("C: c")], &[b"B: b\r\nC: c"]).under(narrow),
    refuses(
        FIELD,
        Fault::TooManyFields,
        431,
        &[b"B: b\r\nC: c\r\nD: d", b"B:\r\nB:\r\nB:\r\nB:"],
    )
    .under(narrow),
    refuses(
        FIELD,
        Fault::HeadTooLong,
        431,
        &[b"B: 456789012345678901234567890123456789012345678901234567890"],
    )
    .under(narrow),
    refuses(
        ANSWER,
        Fault::TooManyFields,
        502,
        &[b"B: b\r\nC: c\r\nD: d\r\nE: e\r\nF: f\r\n\r\n"],
    )
    .under(narrow),
];

#[test]
fn rfc9112_5_a_head_beyond_its_limits_is_431() {
    play(LIMITS);
}

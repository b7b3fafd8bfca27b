//! RFC 9110, section 5: fields, as they are read and sent on.

use crate::table::{ANSWER, FIELD, Group, Is, play, refuses, takes};
use tidegate_core::http1::{BodyKind, Fault};

pub(crate) const TABLES: &[&[Group]] = &[NAMES, UNKNOWN, ORDER, VALUES, NO_VALUES, LISTS];

/// The letters of a name decide nothing.
const NAMES: &[Group] = &[
    takes(
        FIELD,
        &[Is::Last(true), Is::Sends("Content-Length: 0")],
        &[
            b"CONNECTION: close\r\nCONTENT-LENGTH: 0",
            b"connection: close\r\ncontent-length: 0",
            b"cOnNeCtIoN: close\r\ncOnTeNt-LeNgTh: 0",
        ],
    ),
    // A name that only resembles another is another.
    takes(
        FIELD,
        &[Is::By(BodyKind::None), Is::Last(false)],
        &[
            b"Content_Length: 5",
            b"ContentLength: 5",
            b"X-Content-Length: 5",
            b"Content-Length-X: 5",
            b"Transfer_Encoding: chunked",
            b"Transfer-Encodings: chunked",
            b"X-Transfer-Encoding: chunked",
            b"Connections: close",
        ],
    ),
];

#[test]
fn rfc9110_5_1_a_name_is_the_same_in_any_letters_and_no_other_is() {
    play(NAMES);
}

const UNKNOWN: &[Group] = &[
    takes(FIELD, &[Is::Sends("X-New_1.~: b")], &[b"X-New_1.~: b"]),
    takes(
        FIELD,
        &[Is::Sends("!#$%&'*+-.^_`|~: b")],
        &[b"!#$%&'*+-.^_`|~: b"],
    ),
    takes(FIELD, &[Is::Sends("0: b")], &[b"0: b"]),
    takes(
        ANSWER,
        &[Is::Sends("X-New: b")],
        &[b"Content-Length: 0\r\nX-New: b\r\n\r\n"],
    ),
];

#[test]
fn rfc9110_5_1_an_unknown_field_is_sent_on() {
    play(UNKNOWN);
}

const ORDER: &[Group] = &[
    takes(
        FIELD,
        &[Is::Sends("B: 1"), Is::Sends("b: 2"), Is::Sends("C: 3")],
        &[b"B: 1\r\nb: 2\r\nC: 3"],
    ),
    // The one field that must not be merged.
    takes(
        ANSWER,
        &[
            Is::Sends("Set-Cookie: a=1, b"),
            Is::Sends("Set-Cookie: c=2"),
        ],
        &[b"Content-Length: 0\r\nSet-Cookie: a=1, b\r\nSet-Cookie: c=2\r\n\r\n"],
    ),
];

#[test]
fn rfc9110_5_3_lines_of_the_same_name_stay_apart() {
    play(ORDER);
}

const VALUES: &[Group] = &[
    takes(FIELD, &[Is::Sends("B: a  b\tc")], &[b"B: a  b\tc"]),
    takes(
        FIELD,
        &[Is::Sends("B: :\"(,)\\;=@[]{}")],
        &[b"B: :\"(,)\\;=@[]{}"],
    ),
    takes(FIELD, &[Is::Sends("B: \u{e9}")], &[b"B: \xc3\xa9"]),
    takes(FIELD, &[Is::Sends("B: ")], &[b"B:", b"B: ", b"B: \t \t"]),
    takes(FIELD, &[Is::Lacks("C")], &[b"B: \x80\xff", b"B: C: c"]),
];

#[test]
fn rfc9110_5_5_a_value_is_visible_bytes_and_space_between() {
    play(VALUES);
}

const NO_VALUES: &[Group] = &[
    refuses(
        FIELD,
        Fault::FieldValue,
        400,
        &[
            b"B: \0",
            b"B: b\0c",
            b"B: \x01",
            b"B: \x08",
            b"B: b\x0bc",
            b"B: b\x0cc",
            b"B: \x1b[0m",
            b"B: \x1f",
            b"B: \x7f",
            b"Host: h\0",
            b"Content-Length: 5\0",
        ],
    ),
    refuses(
        ANSWER,
        Fault::FieldValue,
        502,
        &[
            b"B: \0\r\n\r\n",
            b"B: a\x0bb\r\n\r\n",
            b"Location: /\x7f\r\n\r\n",
        ],
    ),
];

#[test]
fn rfc9110_5_5_a_control_byte_in_a_value_is_refused() {
    play(NO_VALUES);
}

/// Empty elements count for nothing.
const LISTS: &[Group] = &[
    takes(
        FIELD,
        &[Is::Last(true), Is::Lacks("B")],
        &[
            b"B: b\r\nConnection: close,b",
            b"B: b\r\nConnection: , close ,, \t, B ,",
            b"B: b\r\nConnection: close\r\nConnection:\r\nConnection: ,b",
        ],
    ),
    takes(
        FIELD,
        &[Is::Sends("B: b")],
        &[b"B: b\r\nConnection: x b", b"B: b\r\nConnection: b;q=1"],
    ),
];

#[test]
fn rfc9110_5_6_1_a_list_is_read_element_by_element() {
    play(LISTS);
}

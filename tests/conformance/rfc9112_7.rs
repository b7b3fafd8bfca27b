//! RFC 9112, section 7: chunks, their extensions, and the trailers behind them.

use crate::table::{ANSWER, CHUNKS, Group, Is, TRAILER, body_lacks, play, refuses, takes};
use tidegate_core::http1::Fault;
use tidegate_core::limits::Limits;

pub(crate) const TABLES: &[&[Group]] = &[
    BODIES,
    SIZES,
    ENDS,
    EXTENSIONS,
    SLOPPY,
    TRAILERS,
    BAD_TRAILERS,
    LONG,
];

const BODIES: &[Group] = &[
    takes(
        CHUNKS,
        &[Is::Body(""), Is::Trailers("")],
        &[b"0\r\n\r\n", b"00\r\n\r\n", b"0000000000000000\r\n\r\n"],
    ),
    takes(
        CHUNKS,
        &[Is::Body("hello, world")],
        &[
            b"c\r\nhello, world\r\n0\r\n\r\n",
            b"C\r\nhello, world\r\n0\r\n\r\n",
            b"00c\r\nhello, world\r\n0\r\n\r\n",
            b"000000000000000c\r\nhello, world\r\n0\r\n\r\n",
            b"5\r\nhello\r\n7\r\n, world\r\n0\r\n\r\n",
            b"1\r\nh\r\n1\r\ne\r\n0A\r\nllo, world\r\n000\r\n\r\n",
        ],
    ),
    // What looks like framing inside of a chunk is data.
    takes(
        CHUNKS,
        &[Is::Body("0\r\n\r\n")],
        &[b"5\r\n0\r\n\r\n\r\n0\r\n\r\n"],
    ),
    takes(
        ANSWER,
        &[Is::Body("\r\n")],
        &[b"Transfer-Encoding: chunked\r\n\r\n2\r\n\r\n\r\n0\r\n\r\n"],
    ),
    body_lacks(
        CHUNKS,
        &[
            b"",
            b"5",
            b"5\r",
            b"5\r\n",
            b"5\r\nhell",
            b"5\r\nhello",
            b"5\r\nhello\r",
            b"5\r\nhello\r\n",
            b"0",
            b"0\r\n",
            b"0\r\n\r",
            b"0\r\nB: b\r\n",
            b"ffffffffffffffff\r\na",
        ],
    ),
];

#[test]
fn rfc9112_7_1_a_chunked_body_is_chunks_up_to_an_empty_one() {
    play(BODIES);
}

/// Hexadecimal digits, 16 at most: each of these has been a number to somebody's parser.
const SIZES: &[Group] = &[refuses(
    CHUNKS,
    Fault::ChunkSize,
    400,
    &[
        b"\r\n",
        b"\n",
        b";x\r\n",
        b" 5\r\nhello\r\n",
        b"\t5\r\nhello\r\n",
        b"+5\r\nhello\r\n",
        b"-5\r\nhello\r\n",
        b"-0\r\n\r\n",
        b"0x5\r\nhello\r\n",
        b"0X5\r\nhello\r\n",
        b"x5\r\nhello\r\n",
        b"5h\r\nhello\r\n",
        b"5_0\r\nhello\r\n",
        b"5.0\r\nhello\r\n",
        b"5,\r\nhello\r\n",
        b"5\nhello\n",
        b"5\0\r\nhello\r\n",
        b"\x005\r\nhello\r\n",
        b"\xef\xbc\x95\r\nhello\r\n",
        b"g\r\n",
        b"\"5\"\r\nhello\r\n",
        b"00000000000000005\r\nhello\r\n",
        b"10000000000000000\r\n",
        b"10000000000000005\r\nhello\r\n",
        b"fffffffffffffffff\r\n",
        b"1\r\na\r\n\r\n0\r\n\r\n",
        b"1\r\na\r\nzz\r\n",
    ],
)];

#[test]
fn rfc9112_7_1_a_chunk_size_is_hexadecimal_digits_and_does_not_overflow() {
    play(SIZES);
}

const ENDS: &[Group] = &[
    refuses(
        CHUNKS,
        Fault::ChunkEnd,
        400,
        &[
            b"5\rhello\r\n",
            b"5\r\r\nhello\r\n",
            b"5\r\nhello0\r\n\r\n",
            b"5\r\nhello!\r\n0\r\n\r\n",
            b"5\r\nhello\n0\r\n\r\n",
            b"5\r\nhello\rx",
            b"5\r\nhello\r\r\n",
            b"5\r\nhello \r\n",
            // Whoever skips two bytes here, whatever they are, is out of step with who does not.
            b"5\r\nhellox\n0\r\n\r\n",
            b"5\r\nhello\n\n0\r\n\r\n",
            b"5\r\nhelloxy0\r\n\r\n",
            b"4\r\nhello\r\n0\r\n\r\n",
            b"0\rx",
            b"5;a\rb\r\nhello\r\n",
        ],
    ),
    // A chunk that is one byte longer than its sender meant takes its own line end for data.
    refuses(CHUNKS, Fault::ChunkEnd, 400, &[b"6\r\nhello\r\n0\r\n\r\n"]),
];

#[test]
fn rfc9112_7_1_crlf_and_nothing_else_is_behind_size_and_data() {
    play(ENDS);
}

/// None is known, so that all are ignored, and none is sent on.
const EXTENSIONS: &[Group] = &[takes(
    CHUNKS,
    &[Is::Body("hello"), Is::Trailers("")],
    &[
        b"5;a\r\nhello\r\n0\r\n\r\n",
        b"5;a=b\r\nhello\r\n0\r\n\r\n",
        b"5;a=b;c=d\r\nhello\r\n0\r\n\r\n",
        b"5; a = b\r\nhello\r\n0;last\r\n\r\n",
        b"5;a=\"b;c, d\"\r\nhello\r\n0\r\n\r\n",
        b"5;a=\"\\\"\"\r\nhello\r\n0\r\n\r\n",
        b"05;\ta\r\nhello\r\n0;a=\"0\"\r\n\r\n",
        b"5;a=\"\\\\\t\xc3\xa9\"\r\nhello\r\n0\r\n\r\n",
        b"5;a=\"\";b=\"\"\r\nhello\r\n0\r\n\r\n",
        b"5;a=b;a=b;!#$%&'*+-.^_`|~0\r\nhello\r\n0\r\n\r\n",
        // BWS, which a recipient has to read past (RFC 9110, 5.6.3).
        b"5 ;x\r\nhello\r\n0\r\n\r\n",
        b"5\t ; \ta \t=\t b ; c\r\nhello\r\n0\r\n\r\n",
        b"5;a=\"b\" ;c\r\nhello\r\n0 ; last\r\n\r\n",
    ],
)];

#[test]
fn rfc9112_7_1_1_extensions_are_ignored() {
    play(EXTENSIONS);
}

/// A line end in one is where two readers part; and what offends the grammar in any other way ends
/// somewhere else for whoever counts quotes.
const SLOPPY: &[Group] = &[
    refuses(
        CHUNKS,
        Fault::ChunkExtension,
        400,
        &[
            b"5;\nhello\r\n",
            b"5;a\nhello\r\n",
            b"5;a=\"\n\"\r\nhello\r\n",
            b"5;a\0\r\nhello\r\n",
            b"5;a\x0b\r\nhello\r\n",
            b"5;a\x7f\r\nhello\r\n",
            b"5;a\x1b\r\nhello\r\n",
            b"0;a\n\r\n",
            b"5 \r\nhello\r\n",
            b"5\t\r\nhello\r\n",
            b"5 x\r\nhello\r\n",
            b"5 5\r\nhello\r\n",
            b"5;\r\nhello\r\n",
            b"5; \r\nhello\r\n",
            b"5;;\r\nhello\r\n",
            b"5;;a\r\nhello\r\n",
            b"5;a;\r\nhello\r\n",
            b"5;a \r\nhello\r\n",
            b"5;a b\r\nhello\r\n",
            b"5;a=\r\nhello\r\n",
            b"5;a= \r\nhello\r\n",
            b"5;a==b\r\nhello\r\n",
            b"5;=b\r\nhello\r\n",
            b"5;a=b=c\r\nhello\r\n",
            b"5;a=b \r\nhello\r\n",
            b"5;a=b c\r\nhello\r\n",
            b"5;a,b\r\nhello\r\n",
            b"5;\"a\"\r\nhello\r\n",
            b"5;a=\"b\r\nhello\r\n\"\r\n",
            b"5;a=\"b\\\"\r\nhello\r\n",
            b"5;a=\"b\\\r\nhello\r\n",
            b"5;a=\"b\"c\r\nhello\r\n",
            b"5;a=\"b\" \r\nhello\r\n",
            b"5;a=\"b\x7f\"\r\nhello\r\n",
            b"5;a=b\"\r\nhello\r\n",
            b"5;\xc3\xa9\r\nhello\r\n",
            b"0;\r\n\r\n",
            b"0;\rx\r\n",
            b"5;a=\"\r\"\r\nhello\r\n",
        ],
    ),
    takes(
        CHUNKS,
        &[Is::Body("")],
        // 256 bytes, with the semicolon.
        &[&last_chunk::<261>()],
    ),
    refuses(
        CHUNKS,
        Fault::ChunkExtension,
        400,
        &[&last_chunk::<262>(), &last_chunk::<9000>()],
    ),
];

#[test]
fn rfc9112_7_1_1_an_extension_is_by_the_letter_and_of_one_line() {
    play(SLOPPY);
}

/// A last chunk of so many bytes, its empty line included, with one extension.
const fn last_chunk<const BYTES: usize>() -> [u8; BYTES] {
    let mut text = [b'a'; BYTES];
    (text[0], text[1]) = (b'0', b';');
    let end = BYTES - 4;
    (text[end], text[end + 1]) = (b'\r', b'\n');
    (text[end + 2], text[end + 3]) = (b'\r', b'\n');
    text
}

const TRAILERS: &[Group] = &[
    takes(TRAILER, &[Is::Body("a"), Is::Trailers("")], &[b"\r\n"]),
    takes(
        TRAILER,
        &[Is::Trailers("B: b\r\n")],
        &[b"B: b\r\n\r\n", b"B:b\r\n\r\n", b"B: \t b \r\n\r\n"],
    ),
    takes(
        TRAILER,
        &[Is::Trailers("B: 1\r\nC: \r\nb: 2\r\n")],
        &[b"B: 1\r\nC:\r\nb: 2\r\n\r\n"],
    ),
];

#[test]
fn rfc9112_7_1_2_trailers_are_sent_on_behind_the_last_chunk() {
    play(TRAILERS);
}

const BAD_TRAILERS: &[Group] = &[
    refuses(
        TRAILER,
        Fault::Trailer,
        400,
        &[
            b"B\r\n\r\n",
            b"B b\r\n\r\n",
            b": b\r\n\r\n",
            b" B: b\r\n\r\n",
            b"B: b\r\n\tc\r\n\r\n",
            b"B: \0\r\n\r\n",
            b"B: b\rc\r\n\r\n",
            b"B: \x7f\r\n\r\n",
            b"\rB: b\r\n\r\n",
            b"\r\rB: b\r\n\r\n",
            b"B\0: b\r\n\r\n",
            b"\xc3\xa9: b\r\n\r\n",
            // The next message, if the last chunk lacked its empty line.
            b"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
        ],
    ),
    refuses(
        TRAILER,
        Fault::BareLf,
        400,
        &[b"\n", b"B: b\n\r\n", b"B: b\r\n\n", b"\nB: b\r\n\r\n"],
    ),
];

#[test]
fn rfc9112_7_1_2_a_malformed_trailer_is_refused() {
    play(BAD_TRAILERS);
}

fn narrow() -> Limits {
    Limits {
        head_bytes: 72,
        head_fields: 3,
        ..Limits::default()
    }
}

const LONG: &[Group] = &[
    takes(
        TRAILER,
        &[Is::Trailers("B: b\r\nC: c\r\nD: d\r\n")],
        &[b"B: b\r\nC: c\r\nD: d\r\n\r\n"],
    )
    .under(narrow),
    refuses(
        TRAILER,
        Fault::TrailerTooLong,
        431,
        &[
            b"B: b\r\nC: c\r\nD: d\r\nE: e\r\n\r\n",
            b"B: 456789012345678901234567890123456789012345678901234567890123456789012\r\n\r\n",
            b"B456789012345678901234567890123456789012345678901234567890123456789012345",
        ],
    )
    .under(narrow),
];

#[test]
fn rfc9112_7_1_2_trailers_beyond_the_limits_of_a_head_are_431() {
    play(LONG);
}

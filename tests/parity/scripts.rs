//! The scripts. A name that begins with a K is a row of LIFECYCLE section 1.

/// Name and steps.
pub(crate) const SCRIPTS: &[(&str, &str)] = &[
    (
        "bytes go both ways",
        "a write 10; a await acked; b read 99; b write 7; b await acked; a read 99; a read 99; a poll; a unacked",
    ),
    (
        "reads coalesce",
        "a write 10; a write 10; a write 10; a await acked; b read 99; b read 99",
    ),
    (
        "reads split",
        "a write 10; a await acked; b read 4; b read 4; b poll; b read 4; b read 4; b poll",
    ),
    (
        "half-close",
        "a write 10; a shutdown; b await rdhup; b read 99; b read 99; b write 5; b await acked; a read 9; a poll; b shutdown; a await hup; a read 9; a poll; b await acked; b poll",
    ),
    (
        "an end is read again and again",
        "a shutdown; b await rdhup; b read 9; b read 9; b poll; b error",
    ),
    (
        "a second shutdown",
        "a shutdown; a shutdown; b await rdhup; a shutdown; b read 9",
    ),
    (
        "a write after shutdown",
        "a shutdown; a write 1; a error; a poll; b await rdhup; b read 9",
    ),
    (
        "the FIN counts as unacknowledged",
        "a write 9; a shutdown; a await acked; a unacked; b read 99; b read 9",
    ),
    (
        "both end one after the other",
        "a shutdown; b await rdhup; b shutdown; a await hup; a error; a shutdown; b await acked; b poll; b shutdown; b read 9; a read 9; b write 1; a write 1",
    ),
    (
        "both end at once",
        "a write 3; b write 4; a shutdown; b shutdown; a await hup; b await hup; a await acked; b await acked; a poll; b poll; a read 9; a read 9; b read 9; b read 9",
    ),
    (
        "both close",
        "a write 3; a close; b await rdhup; b read 9; b read 9; b shutdown; b await acked; b poll; b close",
    ),
    (
        "K1",
        "b write 100; b await acked; a write 500; a await acked; a close; b await err; b poll; b read 999; b read 9; b read 9",
    ),
    (
        "K1 without a reply",
        "b write 100; b await acked; a close; b await err; b error; b read 9; b write 1; b poll",
    ),
    (
        "K1b",
        "small; b write 1; b await acked; a fill; a close; b await err; b drain; b read 9",
    ),
    (
        "K1c",
        "small; b write 1; b await acked; a fill; a read 9; a close; b drain; b error",
    ),
    (
        "K2",
        "small; b write 1; b await acked; a fill; a shutdown; a close; b await err; b drain; b read 9",
    ),
    (
        "K4",
        "small; a fill; a close; b write 4; b await err; b drain; b read 9",
    ),
    (
        "K4b",
        "small; a fill; a shutdown; b write 4; b drain; a await in; a read 9; a await acked; b error",
    ),
    (
        "K5",
        "a write 10; a shutdown; b await rdhup; b poll; b read 99; b poll; b read 9",
    ),
    (
        "K5b",
        "small; a fill; a shutdown; b poll; b drain; a await acked; b poll",
    ),
    (
        "K5c",
        "small; a fill; a reset; b await err; b poll; b read 1; b poll; b drain; b poll; b drain",
    ),
    (
        "K6",
        "a close; b await rdhup; b write 1; b await err; b poll; b write 1; b write 1; b poll",
    ),
    (
        "K6b",
        "a close; b await rdhup; b write 1; b await err; b read 9; b read 9; b error; b error; b read 9",
    ),
    (
        "K9",
        "a write 50; a await acked; a reset; b await err; b write 1; b write 1; b read 99; b read 9; b poll",
    ),
    (
        "K9b",
        "a write 50; a await acked; a reset; b await err; b read 30; b read 30; b read 30; b read 30; b write 1; b poll",
    ),
    (
        "K9c",
        "a write 50; a await acked; a reset; b await err; b error; b error; b read 99; b read 9; b poll",
    ),
    (
        "K11, write first",
        "a shutdown; b await rdhup; a reset; b await err; b poll; b read 9; b write 1; b write 1; b error",
    ),
    (
        "K11, error first",
        "a shutdown; b await rdhup; a reset; b await err; b error; b poll; b read 9; b write 1",
    ),
    (
        "K17",
        "a shutdown; b await rdhup; b shutdown; a await hup; a poll; a error; b await acked; b poll; b error",
    ),
    (
        "K18",
        "small; a fill; a reset; b await err; b drain; b read 9",
    ),
    (
        "K20",
        "a write 500; a await acked; a reset; b await err; b read 999; b read 9; b read 9",
    ),
    (
        "K20 behind a slow reader",
        "small; a write 900; a shutdown; a await acked; a reset; b await err; b drain; b error",
    ),
    (
        "K21",
        "a write 500; a shutdown; a await acked; a close; b write 4; b await err; b read 999; b read 9; b error",
    ),
    (
        "K22",
        "a write 500; a shutdown; a await acked; a close; b read 999; b read 9; b error",
    ),
    (
        "a reset wakes a blocked writer",
        "small; a fill; a poll; b reset; a await err; a poll; a write 1; a write 1; a read 9",
    ),
    (
        "a reader wakes a blocked writer",
        "small; a fill; a poll; b drain; a await out; a write 1; b await in",
    ),
    (
        "a reset where both FINs are acknowledged",
        "a shutdown; b await rdhup; b shutdown; b await acked; b reset; a await hup; a error; a read 9; a poll",
    ),
    (
        "a reset meets a FIN that waits for a window",
        "small; b fill; a shutdown; b await rdhup; b shutdown; a reset; b await err; b error; b read 9",
    ),
    (
        "a reset of a FIN that waits for a window",
        "small; b fill; a shutdown; b await rdhup; b shutdown; b reset; a await err; a drain; a read 9",
    ),
    (
        "a shutdown after a reset",
        "a reset; b await err; b shutdown; b error; b shutdown; b read 9",
    ),
    (
        "a reset before a shutdown of what is unsent",
        "small; b fill; a reset; b await err; b shutdown; b write 1; b write 1",
    ),
    (
        "a connect needs no accept",
        "b listen; a connect; a write 10; a await acked; b accept; b read 99; b read 9",
    ),
    (
        "a reset before the accept",
        "b listen; a connect; a reset; b accept; b await err; b read 9; b read 9",
    ),
    (
        "an end before the accept",
        "b listen; a connect; a write 3; a close; b accept; b await rdhup; b read 9; b read 9; b error",
    ),
    (
        "a listener goes with what nobody accepted",
        "b listen; a connect; b unlisten; a await err; a error; a read 9",
    ),
    ("nobody listens", "a connect"),
    (
        "close with nothing but a FIN unread",
        "a shutdown; b await rdhup; b close; a await hup; a error; a read 9; a poll",
    ),
    (
        "close with bytes unread, the FIN sent",
        "a write 5; a await acked; b shutdown; a await rdhup; b close; a await err; a error; a read 9",
    ),
    (
        "an answer long after the question's end",
        "a write 5; a shutdown; b await rdhup; b read 9; b write 10; b await acked; b write 10; b await acked; a read 99; b shutdown; a await hup; a read 9; a error",
    ),
    (
        "how much a small buffer takes",
        "small; a write 100000; a poll",
    ),
    (
        "a closed end takes what comes and resets",
        "a close; b await rdhup; b shutdown; b await acked; b error; b poll; b read 9",
    ),
];

//! Where the two readers differ, and why. In all rows but one we are the stricter.

/// A difference, and its reason.
pub(crate) const KNOWN: &[(&str, &str)] = &[
    (
        "another version",
        "h11 tells the version that was sent, we the one that it is read in: HTTP/1.1 for 1.2 to 1.9",
    ),
    (
        "we refuse: Transfer-Encoding in HTTP/1.0",
        "RFC 9112, 6.1: faulty framing",
    ),
    (
        "we refuse: bare LF",
        "RFC 9112, 2.2 lets a recipient take it for a line's end; who does not sees another message",
    ),
    (
        "we refuse: both Content-Length and Transfer-Encoding",
        "RFC 9112, 6.3: it is how messages are smuggled; h11 follows the coding",
    ),
    (
        "we refuse: malformed Content-Length",
        "RFC 9112, 6.3: a list of equal values may be taken for one, as h11 does; whoever sent it may \
         have had another reader in mind",
    ),
    (
        "we refuse: malformed Host",
        "RFC 9112, 3.2: 400; h11 does not look at it",
    ),
    (
        "we refuse: malformed chunk extension",
        "RFC 9112, 7.1.1: h11 takes any bytes, and space behind the size",
    ),
    (
        "we refuse: malformed chunk size",
        "RFC 9112, 7.1: no size has more than 64 bits; h11 takes 20 digits",
    ),
    (
        "we refuse: malformed field name",
        "RFC 9112, 5.2: a folded line is refused; h11 unfolds it",
    ),
    (
        "we refuse: malformed field value",
        "RFC 9110, 5.5: h11 takes control bytes but for NUL, CR and LF",
    ),
    (
        "we refuse: malformed request line",
        "RFC 9112, 2.2: a bare CR is refused as soon as it comes; h11 waits for the end of the head",
    ),
    (
        "we refuse: malformed status line",
        "RFC 9112, 4: no control byte is in a reason; h11 takes DEL",
    ),
    (
        "we refuse: malformed target",
        "RFC 9112, 3.2: a target has one of four forms; h11 takes any visible bytes",
    ),
    (
        "we refuse: malformed trailer",
        "RFC 9112, 7.1.2: refused as soon as it is wrong; h11 waits for its end",
    ),
    (
        "we refuse: more than one Content-Length",
        "RFC 9112, 6.3: equal ones may be taken for one, as h11 does; see the list above",
    ),
    (
        "we refuse: no CRLF after a chunk",
        "RFC 9112, 7.1.1: no CR is in an extension; h11 takes it for a part of one",
    ),
    (
        "we refuse: no Host",
        "RFC 9110, 2.5: HTTP/1.2 is read as HTTP/1.1, which has to have one; h11 asks 1.1 alone",
    ),
    (
        "we refuse: unsupported version",
        "RFC 9110, 15.6.6: another major version; h11 takes any digits",
    ),
];

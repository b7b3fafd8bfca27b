//! RFC 9112, section 3.2: the forms of a target, and whom a request is for.

use crate::table::{FIELD, Group, HOST, Is, REQUEST, TARGET, play, refuses, takes};
use tidegate_core::http1::{Fault, Method};

pub(crate) const TABLES: &[&[Group]] = &[
    HOSTS, NO_HOSTS, HOST_TWICE, ORIGIN, ABSOLUTE, AUTHORITY, ASTERISK, NO_TARGETS,
];

const HOSTS: &[Group] = &[
    takes(
        HOST,
        &[Is::Sends("Host: h"), Is::Host("h")],
        &[b"h", b" h", b"\th \t"],
    ),
    takes(
        HOST,
        &[Is::Path("/")],
        &[
            b"example.com",
            b"EXAMPLE.com:8080",
            b"h:",
            b"h:0",
            b"h:65535",
            b"h:00080",
            b"1.2.3.4:5",
            b"[::1]",
            b"[2001:db8::1]:443",
            b"xn--bcher-kva.example",
            b"a_b",
            b"a%20b",
            b"h.",
        ],
    ),
    takes(
        REQUEST,
        &[Is::Host(""), Is::Sends("Host: default")],
        &[b"GET / HTTP/1.0\r\n\r\n"],
    ),
    takes(
        REQUEST,
        &[Is::Host("h"), Is::Sends("Host: h")],
        &[
            b"GET / HTTP/1.0\r\nHost: h\r\n\r\n",
            b"GET / HTTP/1.1\r\nA: a\r\nHOST: h\r\n\r\n",
        ],
    ),
];

#[test]
fn rfc9112_3_2_a_request_says_whom_it_is_for() {
    play(HOSTS);
}

const NO_HOSTS: &[Group] = &[
    refuses(
        REQUEST,
        Fault::HostMissing,
        400,
        &[
            b"GET / HTTP/1.1\r\n\r\n",
            b"GET / HTTP/1.1\r\nX-Host: h\r\n\r\n",
            b"GET / HTTP/1.1\r\nHosts: h\r\n\r\n",
            b"GET http://h/ HTTP/1.1\r\n\r\n",
            b"CONNECT h:443 HTTP/1.1\r\n\r\n",
            b"OPTIONS * HTTP/1.1\r\n\r\n",
        ],
    ),
    refuses(
        HOST,
        Fault::HostInvalid,
        400,
        &[
            b"",
            b"a b",
            b"a\tb",
            b"a, b",
            b"a,a",
            b"u@h",
            b"u:p@h",
            b"http://h",
            b"h/",
            b"h/x",
            b"h?x",
            b"h#x",
            b"h\\x",
            b"\"h\"",
            b":80",
            b"h:x",
            b"h:-1",
            b"h:+1",
            b"h: 80",
            b"h:0x50",
            b"h:65536",
            b"h:80:80",
            b"[::1",
            b"::1",
            b"[::1]x",
            b"[::g]",
            b"[]",
            b"[1.2.3.4]",
            b"[v1.x]",
            b"%zz",
            b"%2",
            b"\xc3\xa9",
            b"h\xff",
            b"<h>",
            b"h;x h",
        ],
    ),
    refuses(
        REQUEST,
        Fault::HostInvalid,
        400,
        &[
            b"GET / HTTP/1.0\r\nHost: a b\r\n\r\n",
            b"GET http://h/ HTTP/1.1\r\nHost: a b\r\n\r\n",
            b"GET http://h/ HTTP/1.1\r\nHost:\r\n\r\n",
        ],
    ),
];

#[test]
fn rfc9112_3_2_a_missing_or_malformed_host_is_400() {
    play(NO_HOSTS);
}

const HOST_TWICE: &[Group] = &[
    refuses(
        FIELD,
        Fault::HostTwice,
        400,
        &[b"Host: h", b"host: x", b"HOST:"],
    ),
    refuses(
        REQUEST,
        Fault::HostTwice,
        400,
        &[
            b"GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n",
            b"GET http://a/ HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        ],
    ),
];

#[test]
fn rfc9112_3_2_a_second_host_is_400_even_if_equal() {
    play(HOST_TWICE);
}

const ORIGIN: &[Group] = &[
    takes(
        TARGET,
        &[Is::Path("/"), Is::Sends("GET / HTTP/1.1")],
        &[b"/"],
    ),
    takes(
        TARGET,
        &[
            Is::Path("/a%2Fb/../c"),
            Is::Sends("GET /a%2Fb/../c?d=/e?f HTTP/1.1"),
        ],
        &[b"/a%2Fb/../c?d=/e?f"],
    ),
    takes(
        TARGET,
        &[Is::Host("h"), Is::Path("//x/y")],
        &[b"//x/y", b"//x/y?"],
    ),
    takes(
        TARGET,
        &[Is::Path("/http://x/"), Is::Host("h")],
        &[b"/http://x/"],
    ),
    takes(
        TARGET,
        &[Is::Host("h")],
        &[b"/*", b"/:80", b"/a;b=c,d", b"/%", b"/~[]|^`{}"],
    ),
];

#[test]
fn rfc9112_3_2_1_the_origin_form_is_sent_on_in_its_letters() {
    play(ORIGIN);
}

/// The authority of the target wins, and Host is written anew from it.
const ABSOLUTE: &[Group] = &[
    takes(
        TARGET,
        &[
            Is::Host("other:81"),
            Is::Path("/x"),
            Is::Sends("GET /x?y HTTP/1.1"),
            Is::Sends("Host: other:81"),
        ],
        &[
            b"http://other:81/x?y",
            b"HTTP://other:81/x?y",
            b"https://other:81/x?y",
        ],
    ),
    takes(
        TARGET,
        &[Is::Path("/"), Is::Host("h"), Is::Sends("Host: h")],
        &[b"http://h", b"http://h/", b"http://h?q"],
    ),
    refuses(
        TARGET,
        Fault::Target,
        400,
        &[
            b"http:/h",
            b"http:h",
            b"http://",
            b"http:///x",
            b"http://:80/",
            b"http://u@h/",
            b"http://u:p@h/",
            b"http://h:x/",
            b"http://h:65536/",
            b"http://h\\x/",
            b"http://a,b/",
            b"http://[::1/",
            b"http://h#f",
            b"ftp://h/",
            b"ws://h/",
            b"file:///etc/passwd",
            b"javascript:x",
            b"://h/",
        ],
    ),
];

#[test]
fn rfc9112_3_2_2_the_authority_of_an_absolute_target_wins_over_host() {
    play(ABSOLUTE);
}

const AUTHORITY: &[Group] = &[
    takes(
        REQUEST,
        &[
            Is::Method(Method::Connect),
            Is::Host("h:443"),
            Is::Path(""),
            Is::Sends("CONNECT h:443 HTTP/1.1"),
            Is::Sends("Host: h:443"),
        ],
        &[
            b"CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n",
            b"CONNECT h:443 HTTP/1.1\r\nHost: other\r\n\r\n",
            b"CONNECT h:443 HTTP/1.0\r\n\r\n",
        ],
    ),
    takes(
        REQUEST,
        &[Is::Host("[::1]:443")],
        &[b"CONNECT [::1]:443 HTTP/1.1\r\nHost: h\r\n\r\n"],
    ),
    refuses(
        REQUEST,
        Fault::Target,
        400,
        &[
            b"CONNECT h HTTP/1.1\r\nHost: h\r\n\r\n",
            b"CONNECT h: HTTP/1.1\r\nHost: h\r\n\r\n",
            b"CONNECT :443 HTTP/1.1\r\nHost: h\r\n\r\n",
            b"CONNECT [::1] HTTP/1.1\r\nHost: h\r\n\r\n",
            b"CONNECT / HTTP/1.1\r\nHost: h\r\n\r\n",
            b"CONNECT * HTTP/1.1\r\nHost: h\r\n\r\n",
            b"CONNECT h:443/ HTTP/1.1\r\nHost: h\r\n\r\n",
            b"CONNECT u@h:443 HTTP/1.1\r\nHost: h\r\n\r\n",
            b"CONNECT http://h:443/ HTTP/1.1\r\nHost: h\r\n\r\n",
            b"CONNECT h:70000 HTTP/1.1\r\nHost: h\r\n\r\n",
            b"GET h:443 HTTP/1.1\r\nHost: h\r\n\r\n",
            b"connect h:443 HTTP/1.1\r\nHost: h\r\n\r\n",
        ],
    ),
];

#[test]
fn rfc9112_3_2_3_the_authority_form_is_of_connect_alone() {
    play(AUTHORITY);
}

const ASTERISK: &[Group] = &[
    takes(
        REQUEST,
        &[
            Is::Path("*"),
            Is::Sends("OPTIONS * HTTP/1.1"),
            Is::Sends("Host: h"),
        ],
        &[
            b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n",
            b"OPTIONS http://h HTTP/1.1\r\nHost: x\r\n\r\n",
        ],
    ),
    takes(
        REQUEST,
        &[Is::Path("/"), Is::Sends("OPTIONS / HTTP/1.1")],
        &[b"OPTIONS http://h/ HTTP/1.1\r\nHost: h\r\n\r\n"],
    ),
    refuses(
        REQUEST,
        Fault::Target,
        400,
        &[
            b"GET * HTTP/1.1\r\nHost: h\r\n\r\n",
            b"POST * HTTP/1.1\r\nHost: h\r\n\r\n",
            b"options * HTTP/1.1\r\nHost: h\r\n\r\n",
            b"OPTIONS ** HTTP/1.1\r\nHost: h\r\n\r\n",
            b"OPTIONS *?x HTTP/1.1\r\nHost: h\r\n\r\n",
        ],
    ),
];

#[test]
fn rfc9112_3_2_4_the_asterisk_form_is_of_options_alone() {
    play(ASTERISK);
}

const NO_TARGETS: &[Group] = &[refuses(
    TARGET,
    Fault::Target,
    400,
    &[
        b"h",
        b"h/x",
        b"index.html",
        b"?x",
        b"../x",
        b"\\x",
        b"/a#b",
        b"#",
        b"/\xc3\xa9",
        b"%2F",
        b"mailto:a@b",
    ],
)];

#[test]
fn rfc9112_3_2_a_target_has_one_of_four_forms() {
    play(NO_TARGETS);
}

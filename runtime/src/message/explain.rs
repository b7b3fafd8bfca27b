//! What to do about each code, with an example where one helps: `tidegate explain`.
//!
//! Owns the advice; what a code means stands beside its number (`code.rs`). A test finds a code of which
//! nothing is said here.

use super::Code;

/// What to do about it, and an example (it may be empty).
pub(super) fn more(code: Code) -> (&'static str, &'static str) {
    let found = MORE.iter().find(|(of, ..)| *of == code);
    found.map_or(("", ""), |(_, advice, example)| (advice, example))
}

const MORE: &[(Code, &str, &str)] = &[
    (
        Code::FileUnreadable,
        "See that the path is right and that the user who runs tidegate may read the file.",
        "",
    ),
    (
        Code::Syntax,
        "Look at the place that is shown, and at the line before it: a missing quote or bracket is \
             noticed behind where it should be.",
        "name = \"web\"\nbind = [\":80\", \":8080\"]\n",
    ),
    (
        Code::Edition,
        "Write an edition that this version has, or leave the key out.",
        "defaults = \"2026\"\n",
    ),
    (
        Code::WrongType,
        "Write a value of the type that is named. Text stands in quotes, lists in brackets, tables in \
             braces.",
        "bind = [\":80\"]                # a list of strings\n\
             timeouts = { idle = \"75s\" }   # a table\n",
    ),
    (Code::MissingKey, "Add the key that is named.", ""),
    (
        Code::UnknownKey,
        "Correct the spelling, or move the key to the table that has it. `tidegate config defaults` \
             lists all keys.",
        "timeouts = { idle = \"75s\" }   # not `timout`\n",
    ),
    (
        Code::BareNumber,
        "Write the value as a string with its unit.",
        "timeouts = { idle = \"75s\" }\n[limits]\nrelay = \"64KiB\"\n",
    ),
    (
        Code::BadDuration,
        "Write one whole number and one unit; for a minute and a half write 90s.",
        "timeouts = { idle = \"90s\", flush = \"500ms\", tunnel = \"2h\" }\n",
    ),
    (
        Code::BadSize,
        "Write one whole number and one unit.",
        "[limits]\nhead = \"32KiB\"\nmax_body = \"10MiB\"\n",
    ),
    (
        Code::BadChoice,
        "Write one of the words that are listed.",
        "",
    ),
    (
        Code::Environment,
        "Set the variable where tidegate is started, or close the brace. A plain `${` is written `$${`.",
        "endpoints = [\"${env:API_HOST}:8080\"]\n",
    ),
    (Code::Empty, "Put something in, or leave the key out.", ""),
    (
        Code::OutOfRange,
        "Write a value inside of the range that is shown.",
        "",
    ),
    (
        Code::Contradiction,
        "Change or remove one of the two. The note says why they cannot both be.",
        "",
    ),
    (
        Code::BadTemplate,
        "Write keys of a request's line between braces, and a brace itself twice.",
        "template = \"{client.address} {http.request.method} {url.path}\"",
    ),
    (
        Code::BadToken,
        "Use letters, digits and the signs !#$%&'*+-.^_`|~ (RFC 9110, 5.6.2).",
        "balance = { maglev = { header = \"x-user\" } }\n",
    ),
    (
        Code::DuplicateKey,
        "Keep it in one file: the main one is the best place for what there is once.",
        "",
    ),
    (
        Code::NestedInclude,
        "Name the files in the main file; a pattern may cover a whole directory.",
        "include = [\"conf.d/*.toml\", \"conf.d/*/*.toml\"]\n",
    ),
    (
        Code::BadPattern,
        "Write a path relative to the file, with `*` and `?` in names.",
        "include = [\"conf.d/*.toml\"]\n",
    ),
    (
        Code::DuplicateName,
        "Give one of them another name, or remove it.",
        "",
    ),
    (
        Code::UnknownReference,
        "Correct the name, or add what it should lead to.",
        "[[route]]\nlistener = \"web\"\nto = \"api\"\n\n\
             [[cluster]]\nname = \"api\"\nendpoints = [\"10.0.0.11:8080\"]\n",
    ),
    (
        Code::BadBind,
        "Write an address and a port, or a port alone for every IPv4 address.",
        "bind = [\":80\", \"[::]:80\", \"127.0.0.1:8080\"]\n",
    ),
    (
        Code::BadEndpoint,
        "Write a host and a port, without scheme and path. For TLS give the cluster `tls`.",
        "endpoints = [\"10.0.0.11:8080\", \"api.internal:8080\", \"unix:/run/app.sock\"]\n",
    ),
    (
        Code::Unresolved,
        "Look at the name and at [dns]. Until there is an address, requests are answered with 503.",
        "",
    ),
    (
        Code::BadHost,
        "Write the name alone, or `*.` and a name.",
        "host = \"*.example.com\"\n",
    ),
    (
        Code::BadPath,
        "Begin it with `/`, and write it as a client does: percent-encoded, without `.` and `..`.",
        "path = \"/v1/\"\n",
    ),
    (
        Code::DuplicateRoute,
        "Remove one, or make one more specific: by host, path, methods or headers.",
        "",
    ),
    (
        Code::NoRoute,
        "Say where it forwards to, for everything or route by route.",
        "[[listener]]\nname = \"web\"\nbind = [\":80\"]\nto = \"api\"\n",
    ),
    (Code::DuplicateBind, "Remove one of the two.", ""),
    (
        Code::WrongKind,
        "Remove the key, or make the listener of the kind that has it.",
        "",
    ),
    (
        Code::NothingToServe,
        "Add a listener and a cluster; `--print-config` behind a one-liner prints both.",
        "[[listener]]\nname = \"web\"\nbind = [\":80\"]\nto = \"api\"\n\n\
             [[cluster]]\nname = \"api\"\nendpoints = [\"127.0.0.1:3000\"]\n",
    ),
    (
        Code::BadNetwork,
        "Write an address, with the number of its bits that count.",
        "trusted = [\"10.0.0.0/8\", \"2001:db8::7\"]\n",
    ),
    (
        Code::BadHeader,
        "Correct it, or leave the header to the program: what frames a message, or belongs to one \
             connection, is no route's to change.",
        "response_headers = { set = { x-frame-options = \"DENY\" } }\n",
    ),
    (
        Code::BadMethod,
        "Write it in the letters that clients send.",
        "methods = [\"GET\", \"HEAD\"]\n",
    ),
    (
        Code::BadLocation,
        "Write a URL or a path; {scheme}, {host}, {authority}, {path} and {query} are put in.",
        "redirect = { to = \"https://{host}{path}{query}\" }\n",
    ),
    (
        Code::BadServer,
        "Write an IP address.",
        "[dns]\nservers = [\"10.0.0.53\"]\n",
    ),
    (
        Code::Exposed,
        "Name who signs the certificates of operators, or a file with a word that only they know, or \
             listen at the loopback.",
        "[admin]\nhttp = \"10.0.0.1:9901\"\n\
             tls = { cert = \"admin.pem\", key = \"admin.key\", client_ca = \"operators.pem\" }\n",
    ),
    (
        Code::CannotLog,
        "See that its directory is there and that this user may write in it.",
        "",
    ),
    (
        Code::NoToken,
        "Write one word into the file, and see that the user who runs tidegate may read it.",
        "",
    ),
    (
        Code::CannotBind,
        "Stop who holds the address, or take another one. Ports below 1024 need a right \
             (CAP_NET_BIND_SERVICE).",
        "",
    ),
    (
        Code::CannotBecome,
        "Start it as root, name a user that there is, and let that user write the log.",
        "user = \"tidegate\"\n",
    ),
    (
        Code::WorkerFailed,
        "Raise the limits of threads and open files, or lower `workers`.",
        "",
    ),
    (
        Code::CertificateMissing,
        "See that the path is right: it is relative to the file that it stands in.",
        "",
    ),
    (
        Code::CertificateUnreadable,
        "Give the user who runs tidegate the right to read it, or pass it as a credential of the \
             service manager.",
        "tls = { cert = \"web.pem\", key = \"${credential:web.key}\" }\n",
    ),
    (
        Code::NoCertificate,
        "Look into the file: PEM has a line BEGIN CERTIFICATE before each certificate, and BEGIN \
             PRIVATE KEY before the key.",
        "",
    ),
    (
        Code::NoKey,
        "Look into the file: PEM has a line BEGIN CERTIFICATE before each certificate, and BEGIN \
             PRIVATE KEY before the key.",
        "",
    ),
    (
        Code::KeyMismatch,
        "Pair the right two. `openssl x509 -pubkey -noout` and `openssl pkey -pubout` print the same \
             for a pair.",
        "",
    ),
    (
        Code::CertificateUnusable,
        "Make it anew, as ECDSA, Ed25519 or RSA of 2048 bits or more, and without a passphrase.",
        "",
    ),
    (
        Code::DevCertificates,
        "Say where they may be kept: --data-dir DIR.",
        "",
    ),
    (
        Code::NoAuthorities,
        "Install the system's (ca-certificates), or name a file.",
        "tls = { ca = \"origins.pem\" }\n",
    ),
    (
        Code::NothingIncluded,
        "Correct the pattern, or leave it if files are to come later.",
        "include = [\"conf.d/*.toml\"]\n",
    ),
    (
        Code::UnusedCluster,
        "Lead a listener or a route to it, or remove it.",
        "[[route]]\nlistener = \"web\"\npath = \"/v1/\"\nto = \"api\"\n",
    ),
    (
        Code::DuplicateEndpoint,
        "Remove one of the two, or give one a `weight` in place of the second.",
        "endpoints = [{ address = \"10.0.0.11:8080\", weight = 2 }, \"10.0.0.12:8080\"]\n",
    ),
    (
        Code::IdleBelowBalancer,
        "Leave `idle` out, so that `behind` sets it, or raise it above the balancer's.",
        "",
    ),
    (
        Code::ResponseBeyondIdle,
        "Lower `response`, or raise `idle`.",
        "timeouts = { response = \"30s\" }\n",
    ),
    (
        Code::KeepaliveBeyondIdle,
        "Ask sooner (`established`, `half_closed`, `interval`, `probes`), or wait for longer.",
        "keepalive = { established = \"60s\", interval = \"15s\", probes = 4 }\n",
    ),
    (
        Code::UserTimeoutBelowWrite,
        "Leave `user_timeout` out: it is as long as `write` then.",
        "",
    ),
    (
        Code::KeepaliveForgotten,
        "Ask sooner than whoever forgets.",
        "keepalive = { established = \"60s\", half_closed = \"15s\" }\n",
    ),
    (
        Code::FlushBeyondWrite,
        "Lower `flush_total`, or raise `write`.",
        "",
    ),
    (
        Code::TokenInTheClear,
        "Give it a certificate, or leave it if the network between is your own.",
        "[admin]\nhttp = \"10.0.0.1:9901\"\ntoken_file = \"${credential:admin}\"\n\
             tls = { cert = \"admin.pem\", key = \"admin.key\" }\n",
    ),
];

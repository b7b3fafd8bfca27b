//! Keys of every kind that another implementation makes, and clients of it that accept some only.

use crate::{
    harness::{Proxy, Running, Scratch, arg, run},
    peers::{Origin, Peer},
};
use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// A kind of key: how openssl makes one, and what it says of a signature by it.
struct Kind {
    name: &'static str,
    make: &'static [&'static str],
    signature: &'static str,
}

const PKCS1: Kind = Kind {
    name: "rsa-2048-pkcs1",
    make: &["genrsa", "-traditional", "-out", "KEY", "2048"],
    signature: "rsa-pss",
};

const SEC1: Kind = Kind {
    name: "p256-sec1",
    make: &[
        "ecparam",
        "-name",
        "prime256v1",
        "-genkey",
        "-noout",
        "-out",
        "KEY",
    ],
    signature: "ecdsa",
};

const KINDS: [Kind; 5] = [
    PKCS1,
    Kind {
        name: "rsa-2048-pkcs8",
        make: &[
            "genpkey",
            "-algorithm",
            "RSA",
            "-pkeyopt",
            "rsa_keygen_bits:2048",
            "-out",
            "KEY",
        ],
        signature: "rsa-pss",
    },
    SEC1,
    Kind {
        name: "p384-pkcs8",
        make: &[
            "genpkey",
            "-algorithm",
            "EC",
            "-pkeyopt",
            "ec_paramgen_curve:P-384",
            "-out",
            "KEY",
        ],
        signature: "ecdsa",
    },
    Kind {
        name: "ed25519-pkcs8",
        make: &["genpkey", "-algorithm", "ED25519", "-out", "KEY"],
        signature: "ed25519",
    },
];

fn openssl(args: &[&str]) {
    let mut openssl = Command::new("openssl");
    openssl.args(args);
    let done = run(openssl);
    assert_eq!(done.code(), Some(0), "{}", done.said);
}

impl Kind {
    /// A key and a certificate of its own for localhost.
    fn files(&self, scratch: &Scratch) -> (PathBuf, PathBuf) {
        let (cert, key) = (
            scratch.path(&format!("{}.pem", self.name)),
            scratch.path(&format!("{}.key", self.name)),
        );
        let make: Vec<&str> = self
            .make
            .iter()
            .map(|word| if *word == "KEY" { arg(&key) } else { word })
            .collect();
        openssl(&make);
        openssl(&[
            "req",
            "-x509",
            "-key",
            arg(&key),
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost",
            "-days",
            "2",
            "-out",
            arg(&cert),
        ]);
        (cert, key)
    }
}

/// An exchange with a client that trusts `cert`; what it says of it all.
fn exchange(proxy: &Proxy, origin: &Origin, cert: &Path, flags: &[&str]) -> String {
    let address = proxy.address.to_string();
    let mut openssl = Command::new("openssl");
    openssl
        .args(["s_client", "-connect", &address, "-servername", "localhost"])
        .args(["-CAfile", arg(cert), "-verify_return_error", "-ign_eof"])
        .args(flags);
    let mut client = Running::start(&mut openssl, "openssl");
    client.say(b"GET /a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    let mut up = origin.accept();
    up.message();
    up.say(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    let said = client.end().said;
    assert!(said.contains("hello"), "{said}");
    said
}

/// What the client has verified. One kind is spelt in two ways, by the version of TLS.
fn signature(said: &str) -> String {
    let told = said.split_once("Peer signature type: ");
    let kind = told.and_then(|(_, rest)| rest.lines().next());
    kind.unwrap_or_default().to_lowercase()
}

#[test]
fn every_kind_of_key_is_read_and_signs() {
    for kind in KINDS {
        let (origin, scratch) = (Origin::new(), Scratch::new());
        let (cert, key) = kind.files(&scratch);
        let tls = format!("tls = {{ cert = {cert:?}, key = {key:?} }}");
        let proxy = Proxy::configured(origin.address(), &tls, "");
        for version in ["-tls1_2", "-tls1_3"] {
            let said = exchange(&proxy, &origin, &cert, &[version]);
            assert_eq!(signature(&said), kind.signature, "{} {said}", kind.name);
        }
    }
}

#[test]
fn a_client_gets_the_certificate_whose_signature_it_accepts() {
    let (origin, scratch) = (Origin::new(), Scratch::new());
    let mut files = Vec::new();
    for kind in [SEC1, PKCS1] {
        let (cert, key) = kind.files(&scratch);
        let both = [cert.clone(), key].map(|path| std::fs::read_to_string(path).unwrap());
        let name = format!("{}-both.pem", kind.name);
        files.push((cert, scratch.file(&name, both.concat())));
    }
    let certs = [&files[0].1, &files[1].1];
    let proxy = Proxy::configured(
        origin.address(),
        &format!("tls = {{ certs = {certs:?} }}"),
        "",
    );
    for version in ["-tls1_2", "-tls1_3"] {
        for (sigalgs, kind, trusted) in [
            ("ECDSA+SHA256:RSA-PSS+SHA256", SEC1, &files[0].0),
            ("RSA-PSS+SHA256", PKCS1, &files[1].0),
        ] {
            let said = exchange(&proxy, &origin, trusted, &[version, "-sigalgs", sigalgs]);
            assert_eq!(signature(&said), kind.signature, "{sigalgs} {said}");
        }
    }
}

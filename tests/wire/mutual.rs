//! Clients that have to say who they are: mutual TLS on a listener.

use crate::{
    harness::{Proxy, Running, Scratch, arg},
    keys::{Authority, Leaf, provider},
    peers::{Origin, Peer, Raw},
    secure::{Secure, Version},
};
use rustix::process::Signal;
use rustls::{ClientConfig, HandshakeKind, version};
use std::{process::Command, sync::Arc};

/// A listener for `localhost` that asks for certificates of `clients`.
struct Stage {
    origin: Origin,
    proxy: Proxy,
    servers: Authority,
    clients: Authority,
    files: Scratch,
}

impl Stage {
    fn new(auth: &str) -> Stage {
        let (origin, files) = (Origin::new(), Scratch::new());
        let (servers, clients) = (Authority::new("servers"), Authority::new("clients"));
        let (cert, key) = servers.leaf("localhost").files(&files, "own");
        servers.file(&files, "servers.pem");
        let ca = clients.file(&files, "clients.pem");
        let listener = format!(
            "tls = {{ cert = \"{}\", key = \"{}\", client_ca = \"{}\", client_auth = \"{auth}\" }}",
            cert.display(),
            key.display(),
            ca.display()
        );
        Stage {
            proxy: Proxy::configured(origin.address(), &listener, ""),
            origin,
            servers,
            clients,
            files,
        }
    }

    /// A client with this certificate, or with none.
    fn client(&self, own: Option<&Leaf>, version: Version) -> Result<Secure, String> {
        let config = self.config(own, version);
        Secure::try_connect(Raw::connect(self.proxy.address), config)
    }

    fn config(&self, own: Option<&Leaf>, version: Version) -> ClientConfig {
        let version = match version {
            Version::Tls12 => &version::TLS12,
            Version::Tls13 => &version::TLS13,
        };
        let builder = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(self.servers.roots());
        match own {
            None => builder.with_no_client_auth(),
            Some(leaf) => builder
                .with_client_auth_cert(leaf.chain(), leaf.secret())
                .unwrap(),
        }
    }

    fn is_served(&self, mut client: Secure) {
        client.say(b"GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n");
        let mut up = self.origin.accept();
        up.message();
        up.say(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
        assert_eq!(client.message().body, b"hello");
    }

    /// In TLS 1.3 a client learns of its refusal only after its own handshake is complete.
    fn is_refused(&mut self, client: Result<Secure, String>, alert: &str) {
        let heard = match client {
            Ok(mut client) => client.broken(),
            Err(error) => error,
        };
        assert!(heard.contains(alert), "{heard}");
        assert!(self.origin.is_untouched());
        self.proxy.process.until("the refusal", |said| {
            said.contains("a client's certificate is refused")
                .then_some(())
        });
    }
}

#[test]
fn a_client_that_must_have_a_certificate_is_served_with_one_and_refused_without() {
    for version in Version::BOTH {
        let mut stage = Stage::new("required");
        let own = stage.clients.leaf("client");
        stage.is_served(stage.client(Some(&own), version).unwrap());
        let alert = match version {
            Version::Tls12 => "fatal alert",
            Version::Tls13 => "CertificateRequired",
        };
        let nobody = stage.client(None, version);
        stage.is_refused(nobody, alert);
    }
}

/// Nobody goes on by what was true of a certificate at some handshake before.
#[test]
fn a_certificate_is_shown_in_every_handshake_and_another_authority_counts_at_once() {
    for version in Version::BOTH {
        let mut stage = Stage::new("required");
        let own = stage.clients.leaf("client");
        let config = Arc::new(stage.config(Some(&own), version));
        let connects =
            |stage: &Stage| Secure::try_shared(Raw::connect(stage.proxy.address), &config);
        for _ in 0..2 {
            let client = connects(&stage).unwrap();
            assert_eq!(client.tls().handshake_kind(), Some(HandshakeKind::Full));
            stage.is_served(client);
        }
        Authority::new("others").file(&stage.files, "clients.pem");
        stage.proxy.process.signal(Signal::HUP);
        let again = |said: &str| said.contains("read again").then_some(());
        stage.proxy.process.until("the reload", again);
        let client = connects(&stage);
        stage.is_refused(client, "UnknownCA");
    }
}

#[test]
fn a_certificate_of_somebody_else_is_refused_also_where_none_is_needed() {
    for version in Version::BOTH {
        let mut stage = Stage::new("optional");
        stage.is_served(stage.client(None, version).unwrap());
        let stranger = Authority::new("strangers").leaf("client");
        let client = stage.client(Some(&stranger), version);
        stage.is_refused(client, "UnknownCA");
    }
}

#[test]
fn openssl_shows_its_certificate() {
    for version in ["-tls1_2", "-tls1_3"] {
        let stage = Stage::new("required");
        let (cert, key) = stage.clients.leaf("client").files(&stage.files, "client");
        let ca = stage.files.path("servers.pem");
        for with in [true, false] {
            let address = stage.proxy.address.to_string();
            let mut openssl = Command::new("openssl");
            openssl
                .args(["s_client", "-connect", &address, "-servername", "localhost"])
                .args([
                    "-CAfile",
                    arg(&ca),
                    "-verify_return_error",
                    "-ign_eof",
                    version,
                ]);
            if with {
                openssl.args(["-cert", arg(&cert), "-key", arg(&key)]);
            }
            let mut client = Running::start(&mut openssl, "openssl");
            if with {
                client.say(b"GET /a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
                let mut up = stage.origin.accept();
                up.message();
                up.say(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
                assert!(client.end().said.contains("hello"));
            } else {
                let done = client.end();
                assert!(done.said.contains("alert"), "{}", done.said);
                assert!(stage.origin.is_untouched());
            }
        }
    }
}

//! TLS to the origin (LIFECYCLE 4.4): whom the proxy trusts, and what each end becomes.

use crate::{
    harness::{Proxy, Running, Scratch, arg},
    keys::{Authority, Leaf},
    peers::{End, Last, Origin, Peer},
    secure::{Secure, Version},
};
use rustls::{ServerConfig, version};
use std::process::Command;

const GET: &[u8] = b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n";
const HELLO: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

/// A proxy in front of an origin with a certificate for `localhost`.
struct Stage {
    origin: Origin,
    proxy: Proxy,
    leaf: Leaf,
    files: Scratch,
}

impl Stage {
    /// `cluster` are more keys of the cluster's `tls`, `listener` lines of the listener.
    fn new(listener: &str, cluster: &str) -> Stage {
        Stage::naming("localhost", listener, cluster)
    }

    fn naming(name: &str, listener: &str, cluster: &str) -> Stage {
        let (origin, files) = (Origin::new(), Scratch::new());
        let authority = Authority::new("origin's");
        let ca = authority.file(&files, "ca.pem");
        let tls = format!(
            "tls = {{ ca = \"{}\", server_name = \"{name}\" {cluster} }}",
            ca.display()
        );
        Stage {
            proxy: Proxy::configured(origin.address(), listener, &tls),
            leaf: authority.leaf("localhost"),
            origin,
            files,
        }
    }

    fn accept(&self) -> Secure {
        Secure::serve(self.origin.accept(), &self.leaf.server(None))
    }

    fn accept_by(&self, version: Version) -> Secure {
        let version = match version {
            Version::Tls12 => &version::TLS12,
            Version::Tls13 => &version::TLS13,
        };
        let config = ServerConfig::builder_with_provider(crate::keys::provider())
            .with_protocol_versions(&[version])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(self.leaf.chain(), self.leaf.secret())
            .unwrap();
        Secure::serve(self.origin.accept(), &config)
    }
}

const RELAY: &str = "kind = \"tcp\"\ntls = \"dev\"";

#[test]
fn requests_share_a_verified_connection_and_t16_its_tickets_are_read_before_it_closes() {
    let stage = Stage::new("", "");
    let mut client = stage.proxy.client();
    client.say(GET);
    let mut up = stage.accept();
    assert_eq!(up.tls().alpn_protocol(), Some(&b"http/1.1"[..]));
    assert_eq!(up.message().line(), "GET /a HTTP/1.1");
    up.say(HELLO);
    assert_eq!(client.message().body, b"hello");
    client.say(GET);
    assert_eq!(up.message().line(), "GET /a HTTP/1.1");
    up.say(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nworld");
    assert_eq!(client.message().body, b"world");
    // U12. The tickets came with the handshake: unread, they would have made this a reset (K2).
    assert_eq!(up.last(), Last::notified(""));
}

#[test]
fn an_endpoint_that_nobody_vouches_for_is_answered_for_with_502() {
    for (name, leaf, reason) in [
        (
            "localhost",
            Authority::new("another").leaf("localhost"),
            "UnknownIssuer",
        ),
        (
            "other.example",
            Authority::new("x").leaf("x"),
            "other.example",
        ),
    ] {
        let mut stage = Stage::naming(name, "", "");
        if name == "localhost" {
            stage.leaf = leaf;
        }
        let mut client = stage.proxy.client();
        client.say(GET);
        let config = stage.leaf.server(None);
        let heard = match Secure::try_serve(stage.origin.accept(), &config) {
            Ok(mut secure) => secure.broken(),
            Err(error) => error,
        };
        assert!(
            heard.contains("fatal alert"),
            "the origin hears why: {heard}"
        );
        let answer = client.message();
        assert_eq!(answer.status(), 502);
        let status = answer.field("proxy-status").unwrap();
        assert!(status.contains("tls_certificate_error"), "{status}");
        let address = stage.origin.address().to_string();
        stage
            .proxy
            .process
            .until("the endpoint and the reason", |said| {
                said.lines()
                    .any(|line| line.contains(&address) && line.contains(reason))
                    .then_some(())
            });
    }
}

#[test]
fn r21_a_relay_to_an_endpoint_without_tls_is_reset_and_a_request_gets_502() {
    let stage = Stage::new("kind = \"tcp\"", "");
    let mut client = stage.proxy.client();
    stage.origin.accept().say(b"220 ready\r\n");
    assert_eq!(client.last(), Last::plain("", End::Reset));

    let stage = Stage::new("", "");
    let mut client = stage.proxy.client();
    client.say(GET);
    stage
        .origin
        .accept()
        .say(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    let answer = client.message();
    assert_eq!(answer.status(), 502);
    let status = answer.field("proxy-status").unwrap();
    assert!(status.contains("tls_protocol_error"), "{status}");
}

#[test]
fn t_tls_bounds_the_handshake_of_an_endpoint() {
    let mut stage = Stage::new("", "");
    let ca = stage.files.path("ca.pem");
    let rest = format!(
        "tls = {{ ca = \"{}\", server_name = \"localhost\" }}\ntimeouts = {{ tls = \"100ms\" }}",
        ca.display()
    );
    stage.proxy = Proxy::configured(stage.origin.address(), "", &rest);
    let mut client = stage.proxy.client();
    client.say(GET);
    let mut up = stage.origin.accept();
    assert_eq!(client.message().status(), 504);
    assert_eq!(up.last().end, End::Reset);
}

#[test]
fn t14_r20_a_client_that_resets_inside_the_handshake_cancels_it() {
    let stage = Stage::new("kind = \"tcp\"", "");
    let client = stage.proxy.client();
    let mut up = stage.origin.accept();
    up.hear(5);
    client.reset();
    assert_eq!(up.last().end, End::Reset);
}

#[test]
fn s33_t05_a_bare_fin_stays_visible_and_a_close_notify_is_passed_on() {
    for version in Version::BOTH {
        let stage = Stage::new(RELAY, "");
        let mut client = stage.proxy.secure(version);
        let mut up = stage.accept_by(version);
        up.say(b"half");
        assert_eq!(client.hear(4), b"half");
        up.fin();
        // 4.4: data flushed, RST, no close_notify.
        assert_eq!(client.last(), Last::plain("", End::Reset), "{version:?}");

        let mut client = stage.proxy.secure(version);
        let mut up = stage.accept_by(version);
        up.say(b"whole");
        up.close_notify();
        assert_eq!(client.hear(5), b"whole");
        // T11: the other direction goes on.
        client.say(b"more");
        assert_eq!(up.hear(4), b"more");
        client.close_notify();
        client.fin();
        assert_eq!(up.last(), Last::notified(""), "{version:?}");
        up.fin();
        assert_eq!(client.last(), Last::notified(""), "{version:?}");
    }
}

#[test]
fn t09_a_reset_is_no_close_notify_on_the_other_leg() {
    let stage = Stage::new(RELAY, "");
    let mut client = stage.proxy.secure(Version::Tls13);
    let mut up = stage.accept();
    up.say(b"half");
    assert_eq!(client.hear(4), b"half");
    up.reset();
    assert_eq!(client.last(), Last::plain("", End::Reset));

    let mut client = stage.proxy.secure(Version::Tls13);
    let mut up = stage.accept();
    client.say(b"half");
    assert_eq!(up.hear(4), b"half");
    client.reset();
    assert_eq!(up.last(), Last::plain("", End::Reset));
}

#[test]
fn u07_u08_u09_what_a_bare_fin_means_is_up_to_the_message() {
    let close: &[u8] = b"HTTP/1.1 200 OK\r\n\r\nhello";
    for (response, notify, whole) in [
        (close, true, true),
        (close, false, false),
        (HELLO, false, true),
    ] {
        let stage = Stage::new("", "");
        let mut client = stage.proxy.client();
        client.say(b"GET /a HTTP/1.0\r\n\r\n");
        let mut up = stage.accept();
        up.message();
        up.say(response);
        client.head();
        assert_eq!(client.hear(5), b"hello");
        if notify {
            up.close_notify();
        }
        up.fin();
        let end = if whole { End::Fin } else { End::Reset };
        assert_eq!(client.last(), Last::plain("", end), "{notify}");
    }
}

#[test]
fn an_endpoint_that_asks_for_a_certificate_gets_ours() {
    let files = Scratch::new();
    let own = Authority::new("ours");
    let (cert, key) = own.leaf("proxy").files(&files, "proxy");
    let identity = format!(
        ", cert = \"{}\", key = \"{}\"",
        cert.display(),
        key.display()
    );
    for (keys, served) in [(identity.as_str(), true), ("", false)] {
        let stage = Stage::new("", keys);
        let mut client = stage.proxy.client();
        client.say(GET);
        let config = stage.leaf.server(Some(&own));
        match Secure::try_serve(stage.origin.accept(), &config) {
            Ok(mut up) => {
                assert!(served && up.tls().peer_certificates().is_some());
                up.message();
                up.say(HELLO);
                assert_eq!(client.message().status(), 200);
            }
            Err(why) => {
                assert!(!served, "{why}");
                let answer = client.message();
                assert_eq!(answer.status(), 502);
                let status = answer.field("proxy-status").unwrap();
                assert!(status.contains("tls_protocol_error"), "{status}");
            }
        }
    }
}

#[test]
fn openssl_as_the_origin() {
    for version in ["-tls1_2", "-tls1_3"] {
        let files = Scratch::new();
        let authority = Authority::new("origin's");
        let ca = authority.file(&files, "ca.pem");
        let (cert, key) = authority.leaf("localhost").files(&files, "leaf");
        let mut openssl = Command::new("openssl");
        openssl
            .args(["s_server", "-accept", "127.0.0.1:0", "-www", version])
            .args(["-cert", arg(&cert), "-key", arg(&key)]);
        let mut server = Running::start(&mut openssl, "openssl");
        let address: std::net::SocketAddr = server.until("its address", |said| {
            let line = said.lines().find(|line| line.starts_with("ACCEPT"))?;
            line.split(' ').nth(1)?.parse().ok()
        });
        let tls = format!(
            "tls = {{ ca = \"{}\", server_name = \"localhost\" }}",
            ca.display()
        );
        let proxy = Proxy::configured(address, "", &tls);
        let done = proxy.curl(&["-i", &proxy.url("http", "/")]);
        assert!(done.said.contains("200"), "{}", done.said);
        assert!(done.said.contains("Ciphers"), "{}", done.said);
    }
}

#[test]
fn the_systems_authorities_vouch_for_what_a_flag_names() {
    let (origin, files) = (Origin::new(), Scratch::new());
    let authority = Authority::new("the system's");
    let ca = authority.file(&files, "ca.pem");
    let to = format!("https://localhost:{}", origin.address().port());
    let proxy = Proxy::trusting(&ca, &to);
    let mut client = proxy.client();
    client.say(GET);
    let config = authority.leaf("localhost").server(None);
    let mut up = Secure::serve(origin.accept(), &config);
    up.message();
    up.say(HELLO);
    assert_eq!(client.message().body, b"hello");
}

#[test]
fn a_connection_that_one_cluster_trusts_is_not_used_by_another() {
    let (origin, files) = (Origin::new(), Scratch::new());
    let (good, other) = (Authority::new("good"), Authority::new("other"));
    let mut text = "workers = 1\n\
        [[listener]]\nname = \"l\"\nbind = [\"127.0.0.1:0\"]\n"
        .to_owned();
    for (name, authority) in [("good", &good), ("other", &other)] {
        let ca = authority.file(&files, &format!("{name}.pem"));
        text += &format!(
            "[[route]]\nlistener = \"l\"\npath = \"/{name}\"\nto = \"{name}\"\n\
            [[cluster]]\nname = \"{name}\"\nendpoints = [\"{}\"]\n\
            tls = {{ ca = \"{}\", server_name = \"localhost\" }}\n",
            origin.address(),
            ca.display()
        );
    }
    let proxy = Proxy::of_file(text);
    let config = good.leaf("localhost").server(None);
    let mut client = proxy.client();
    client.say(b"GET /good HTTP/1.1\r\nHost: h\r\n\r\n");
    let mut up = Secure::serve(origin.accept(), &config);
    up.message();
    up.say(HELLO);
    assert_eq!(client.message().status(), 200);
    // The same address, and an idle connection to it that the other cluster would not trust.
    client.say(b"GET /other HTTP/1.1\r\nHost: h\r\n\r\n");
    let second = origin.accept();
    let refused = match Secure::try_serve(second, &config) {
        Ok(mut secure) => secure.broken(),
        Err(error) => error,
    };
    assert!(refused.contains("fatal alert"), "{refused}");
    assert_eq!(client.message().status(), 502);
    client.say(b"GET /good HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(up.message().line(), "GET /good HTTP/1.1");
}

//! Sessions that are taken up again: a client's with whatever worker it meets, and ours with an
//! origin.

use crate::{
    harness::{Proxy, Scratch},
    keys::{Authority, provider},
    peers::{Origin, Peer, Raw},
    secure::{Secure, Version},
};
use rustix::process::Signal;
use rustls::{ClientConfig, HandshakeKind, ServerConfig, SupportedProtocolVersion, version};

const GET: &[u8] = b"GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n";
const LAST: &[u8] = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello";

fn rustls(version: Version) -> &'static SupportedProtocolVersion {
    match version {
        Version::Tls12 => &version::TLS12,
        Version::Tls13 => &version::TLS13,
    }
}

#[test]
fn a_client_resumes_its_session_with_any_worker() {
    let (origin, files) = (Origin::new(), Scratch::new());
    let authority = Authority::new("own");
    let (cert, key) = authority.leaf("localhost").files(&files, "own");
    let mut proxy = Proxy::of_file(format!(
        "workers = 4\n\
        [[listener]]\nname = \"l\"\nbind = [\"127.0.0.1:0\"]\nto = \"c\"\n\
        tls = {{ cert = {cert:?}, key = {key:?} }}\n\
        [[cluster]]\nname = \"c\"\nendpoints = [\"{}\"]\n",
        origin.address()
    ));
    for version in Version::BOTH {
        let config = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(&[rustls(version)])
            .unwrap()
            .with_root_certificates(authority.roots())
            .with_no_client_auth();
        for n in 0..16 {
            if n == 8 {
                // Nor does a reload forget.
                let reloads = |said: &str| said.matches("certificates were read again").count();
                let before = reloads(&proxy.process.said());
                proxy.process.signal(Signal::HUP);
                let again = |said: &str| (reloads(said) > before).then_some(());
                proxy.process.until("the reload", again);
            }
            let raw = Raw::connect(proxy.address);
            let mut client = Secure::try_connect(raw, config.clone()).unwrap();
            let expected = match n {
                0 => HandshakeKind::Full,
                _ => HandshakeKind::Resumed,
            };
            assert_eq!(client.tls().handshake_kind(), Some(expected), "{version:?}");
            // The tickets come before the answer.
            client.say(GET);
            let mut up = origin.accept();
            up.message();
            up.say(LAST);
            assert_eq!(client.message().body, b"hello");
        }
    }
}

#[test]
fn a_session_with_an_origin_is_resumed() {
    let (origin, files) = (Origin::new(), Scratch::new());
    let authority = Authority::new("origin's");
    let ca = authority.file(&files, "ca.pem");
    let leaf = authority.leaf("localhost");
    for version in Version::BOTH {
        let tls = format!("tls = {{ ca = {ca:?}, server_name = \"localhost\" }}");
        let proxy = Proxy::configured(origin.address(), "", &tls);
        let config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[rustls(version)])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(leaf.chain(), leaf.secret())
            .unwrap();
        let mut client = proxy.client();
        for expected in [
            HandshakeKind::Full,
            HandshakeKind::Resumed,
            HandshakeKind::Resumed,
        ] {
            client.say(GET);
            let mut up = Secure::serve(origin.accept(), &config);
            assert_eq!(up.tls().handshake_kind(), Some(expected), "{version:?}");
            up.message();
            up.say(LAST);
            assert_eq!(client.message().body, b"hello");
        }
    }
}

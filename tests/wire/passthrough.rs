//! TLS that ends at the origin (LIFECYCLE 4.2): the name in the ClientHello leads there.

use crate::{
    harness::{Proxy, Running, Scratch, arg},
    keys::{Authority, provider},
    peers::{End, Last, Origin, Peer, Raw},
    secure::{Secure, Version},
};
use rustls::{ClientConfig, ClientConnection, pki_types::ServerName};
use std::process::Command;

/// A proxy that routes `localhost`, `*.example.org`, and nothing else.
struct Stage {
    exact: Origin,
    below: Origin,
    proxy: Proxy,
    authority: Authority,
    files: Scratch,
}

impl Stage {
    fn new(listener: &str) -> Stage {
        let (exact, below, files) = (Origin::new(), Origin::new(), Scratch::new());
        let text = format!(
            "workers = 1\n\
            [[listener]]\nname = \"l\"\nbind = [\"127.0.0.1:0\"]\nkind = \"tcp\"\n\
            tls = \"passthrough\"\n{listener}\n\
            [[route]]\nlistener = \"l\"\nhost = \"localhost\"\nto = \"exact\"\n\
            [[route]]\nlistener = \"l\"\nhost = \"*.example.org\"\nto = \"below\"\n\
            [[cluster]]\nname = \"exact\"\nendpoints = [\"{}\"]\n\
            [[cluster]]\nname = \"below\"\nendpoints = [\"{}\"]\n",
            exact.address(),
            below.address()
        );
        let authority = Authority::new("origins");
        authority.file(&files, "ca.pem");
        Stage {
            proxy: Proxy::of_file(text),
            exact,
            below,
            authority,
            files,
        }
    }
}

/// What a client that asks for `name` says first.
fn hello(name: &str) -> Vec<u8> {
    let config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut client = ClientConnection::new(config.into(), name).unwrap();
    let mut said = Vec::new();
    client.write_tls(&mut said).unwrap();
    said
}

#[test]
fn s37_p3_p4_a_tls_connection_end_to_end_with_both_half_closes() {
    for version in Version::BOTH {
        let stage = Stage::new("");
        let ca = stage.files.path("ca.pem");
        let server = stage.authority.leaf("localhost").server(None);
        let client = Raw::connect(stage.proxy.address);
        let client = std::thread::spawn(move || Secure::over(client, &ca, version));
        let mut up = Secure::serve(stage.exact.accept(), &server);
        let mut client = client.join().unwrap();
        client.say(b"question");
        client.close_notify();
        client.fin();
        assert_eq!(up.last(), Last::notified("question"));
        up.say(b"answer");
        up.close_notify();
        up.fin();
        assert_eq!(client.last(), Last::notified("answer"));
    }
}

#[test]
fn openssl_finds_its_origin_by_name() {
    let stage = Stage::new("");
    let ca = stage.files.path("ca.pem");
    let address = stage.proxy.address.to_string();
    let mut openssl = Command::new("openssl");
    openssl
        .args(["s_client", "-connect", &address, "-CAfile", arg(&ca)])
        .args([
            "-servername",
            "A.Example.org",
            "-verify_hostname",
            "a.example.org",
        ])
        .args(["-verify_return_error", "-ign_eof"]);
    let client = Running::start(&mut openssl, "openssl");
    let server = stage.authority.leaf("a.example.org").server(None);
    let mut up = Secure::serve(stage.below.accept(), &server);
    up.say(b"found\n");
    up.close_notify();
    up.fin();
    assert!(client.end().said.contains("found"));
}

#[test]
fn p3_a_hello_in_pieces_arrives_whole_with_the_fin_behind_it() {
    let stage = Stage::new("");
    let said = hello("a.example.org");
    let mut client = Raw::connect(stage.proxy.address);
    for byte in &said[..said.len() - 1] {
        client.say(&[*byte]);
    }
    assert!(stage.below.is_untouched() && stage.exact.is_untouched());
    client.say_last(&said[said.len() - 1..]);
    let mut up = stage.below.accept();
    assert_eq!(up.last(), Last::plain(said, End::Fin));
    up.say(b"anything");
    up.fin();
    assert_eq!(client.last(), Last::plain("anything", End::Fin));
}

#[test]
fn p1_an_end_inside_the_hello_dials_nobody() {
    let stage = Stage::new("");
    let said = hello("localhost");
    let mut client = Raw::connect(stage.proxy.address);
    client.say_last(&said[..50]);
    assert_eq!(client.last(), Last::plain("", End::Fin));
    let mut client = Raw::connect(stage.proxy.address);
    client.say(&said[..50]);
    client.reset();
    assert!(stage.below.is_untouched() && stage.exact.is_untouched());
}

#[test]
fn p2_a_name_without_a_route_and_no_tls_at_all() {
    let alert: &[u8] = &[21, 3, 3, 0, 2, 2, 112];
    let stage = Stage::new("");
    for (said, answer) in [
        (hello("example.org"), alert),
        (hello("127.0.0.1"), alert),
        (b"GET / HTTP/1.1\r\n\r\n".to_vec(), b""),
    ] {
        let mut client = Raw::connect(stage.proxy.address);
        client.say(&said);
        assert_eq!(client.last(), Last::plain(answer, End::Reset));
    }
    assert!(stage.below.is_untouched() && stage.exact.is_untouched());
}

#[test]
fn p2_a_hello_has_its_time() {
    let stage = Stage::new("timeouts = { tls = \"100ms\" }");
    let mut client = Raw::connect(stage.proxy.address);
    client.say(&hello("localhost")[..50]);
    assert_eq!(client.last(), Last::plain("", End::Reset));
    assert!(stage.exact.is_untouched());
}

#[test]
fn whoever_asks_for_no_one_gets_the_default() {
    let stage = Stage::new("to = \"below\"");
    let said = hello("127.0.0.1");
    let mut client = Raw::connect(stage.proxy.address);
    client.say(&said);
    let mut up = stage.below.accept();
    assert_eq!(up.hear(said.len()), said);
}

/// Without a file there is one way: whatever name is asked for, or none.
#[test]
fn s37_p3_the_one_liner_passes_every_name_to_its_endpoint() {
    let origin = Origin::new();
    let proxy = Proxy::passthrough(origin.address());
    for name in ["localhost", "a.example.org", "127.0.0.1"] {
        let said = hello(name);
        let mut client = Raw::connect(proxy.address);
        client.say_last(&said);
        let mut up = origin.accept();
        assert_eq!(up.last(), Last::plain(said, End::Fin), "{name}");
        up.say(b"answer");
        up.fin();
        assert_eq!(client.last(), Last::plain("answer", End::Fin), "{name}");
    }
    let mut client = Raw::connect(proxy.address);
    client.say(b"GET / HTTP/1.1\r\n\r\n");
    assert_eq!(client.last(), Last::plain("", End::Reset));
    assert!(origin.is_untouched());
}

//! Legs and handshakes that come to nothing: what is counted of them, and what a request's line says.

use crate::{
    exchange::{GET, OK, answered},
    harness::{Proxy, Scratch},
    keys::Authority,
    peers::{End, Last, Origin, Peer},
    scraped::{Scraped, text},
    secure::Secure,
};
use socket2::{Domain, Socket, Type};
use std::net::SocketAddr;

/// An endpoint where connects come to no end: its queue is full, and nobody takes anything out of it.
struct BlackHole {
    address: SocketAddr,
    _queue: [Socket; 2],
}

impl BlackHole {
    fn new() -> BlackHole {
        let socket = || Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let listener = socket();
        listener
            .bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())
            .unwrap();
        listener.listen(0).unwrap();
        let bound = listener.local_addr().unwrap();
        let first = socket();
        first.connect(&bound).unwrap();
        BlackHole {
            address: bound.as_socket().unwrap(),
            _queue: [listener, first],
        }
    }
}

fn errors(error_type: &str) -> String {
    format!("tidegate_cluster_connect_errors_total{{cluster=\"c\",error_type=\"{error_type}\"}}")
}

#[test]
fn a_connect_that_comes_to_no_end_is_an_error_of_its_cluster() {
    let hole = BlackHole::new();
    let rest = "timeouts = { connect = \"100ms\" }";
    let stage = Scraped::configured(hole.address, "", rest);
    let mut client = stage.proxy.client();
    client.say(GET);
    assert_eq!(client.message().status(), 504);
    stage.shows(&errors("upstream_connect_timeout"), 1.0);
}

/// A proxy that trusts nobody whom an origin would know, and asks it by TLS.
fn secured(origin: &Origin, rest: &str) -> (Scraped, Scratch) {
    let files = Scratch::new();
    let trusted = Authority::new("trusted").file(&files, "ca.pem");
    let rest = format!(
        "tls = {{ ca = \"{}\", server_name = \"localhost\" }}\n{rest}",
        trusted.display()
    );
    (Scraped::configured(origin.address(), "", &rest), files)
}

#[test]
fn r21_so_is_a_handshake_that_comes_to_nothing() {
    let origin = Origin::new();
    let (stage, _files) = secured(&origin, "");
    let leaf = Authority::new("somebody else").leaf("localhost");
    let mut client = stage.proxy.client();
    client.say(GET);
    let refused = Secure::try_serve(origin.accept(), &leaf.server(None));
    assert!(refused.is_err(), "nobody trusts it");
    assert_eq!(client.message().status(), 502);
    stage.shows(&errors("upstream_tls_error"), 1.0);
    client.say(GET);
    let mut up = origin.accept();
    up.hear(100);
    up.fin();
    assert_eq!(client.message().status(), 502);
    stage.shows(&errors("upstream_tls_error"), 2.0);
}

#[test]
fn r21_so_is_one_that_takes_too_long() {
    let origin = Origin::new();
    let (stage, _files) = secured(&origin, "timeouts = { tls = \"100ms\" }");
    let mut client = stage.proxy.client();
    client.say(GET);
    let _mute = origin.accept();
    assert_eq!(client.message().status(), 504);
    stage.shows(&errors("upstream_tls_error"), 1.0);
}

#[test]
fn so_is_a_wait_for_a_turn_that_comes_to_nothing() {
    let origin = Origin::new();
    let at = origin.address();
    let one = format!("{{ address = \"{at}\", max_connections = 1 }}");
    let text = text(at, "", "queue = { timeout = \"100ms\" }").replace(&format!("\"{at}\""), &one);
    let mut stage = Scraped::of_file(&text);
    let mut has_it = stage.proxy.client();
    has_it.say(GET);
    let mut up = origin.accept();
    up.message();
    let mut client = stage.proxy.client();
    client.say(GET);
    assert_eq!(client.message().status(), 503);
    stage.shows(&errors("queue_timeout"), 1.0);
    up.say(OK);
    assert_eq!(has_it.message().status(), 200);
    // Nobody was asked, so nobody took long.
    let scrape = stage.scrape();
    let sums = "http_client_request_duration_seconds_count{cluster=\"c\"";
    assert!(
        (scrape.sum(sums) - 1.0).abs() < f64::EPSILON,
        "{}",
        scrape.0
    );
    let line = line_of(&mut stage.proxy, "cause=queue_timeout");
    assert!(line.contains(" attempts=0 "), "{line}");
    let queue = line.split("t.queue=").nth(1).unwrap();
    let queue: f64 = queue.split(' ').next().unwrap().parse().unwrap();
    assert!(queue >= 0.1, "{line}");
}

/// The line of a request that says this.
fn line_of(proxy: &mut Proxy, word: &str) -> String {
    proxy.process.until(word, |said| {
        let mut lines = said.lines();
        lines
            .find(|line| line.contains("kind=request") && line.contains(word))
            .map(str::to_owned)
    })
}

#[test]
fn a_request_names_the_endpoint_that_it_was_for_and_no_other() {
    let (origin, hole) = (Origin::new(), BlackHole::new());
    let (at, gone) = (origin.address(), hole.address);
    let mut proxy = Proxy::of_file(format!(
        "defaults = \"2026\"\nworkers = 1\n\
        [[listener]]\nname = \"l\"\nbind = [\"127.0.0.1:0\"]\n\
        [[route]]\nlistener = \"l\"\nto = \"c\"\n\
        [[route]]\nlistener = \"l\"\npath = \"/hole\"\nto = \"hole\"\n\
        [[route]]\nlistener = \"l\"\npath = \"/moved\"\nredirect = {{ status = 308, to = \"https://h/\" }}\n\
        [[cluster]]\nname = \"c\"\nendpoints = [\"{at}\"]\n\
        [[cluster]]\nname = \"hole\"\nendpoints = [\"{gone}\"]\ntimeouts = {{ connect = \"100ms\" }}\n"
    ));
    let mut client = proxy.client();
    client.say(GET);
    let mut up = origin.accept();
    answered(&mut client, &mut up);
    client.say(b"GET /moved HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(client.message().status(), 308);
    client.say(b"GET /hole HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(client.message().status(), 504);
    let expected = [
        (
            "url.path=/a ",
            format!("server.address={at} "),
            "attempts=1 ",
        ),
        ("url.path=/moved ", String::new(), "attempts=0 "),
        (
            "url.path=/hole ",
            format!("server.address={gone} "),
            "attempts=1 ",
        ),
    ];
    for (path, server, attempts) in expected {
        let line = line_of(&mut proxy, path);
        assert!(line.contains(&server) && line.contains(attempts), "{line}");
        assert_eq!(
            line.contains("server.address"),
            !server.is_empty(),
            "{line}"
        );
    }
}

#[test]
fn a_handshake_that_runs_out_of_time_is_one_that_failed() {
    let origin = Origin::new();
    let listener = "tls = \"dev\"\ntimeouts = { tls = \"100ms\" }";
    let stage = Scraped::configured(origin.address(), listener, "");
    let mut client = stage.proxy.client();
    assert_eq!(client.last(), Last::plain("", End::Reset));
    let failed = "tidegate_tls_handshakes_total{listener=\"l\",result=\"failure\",tls_protocol_version=\"\",tls_resumed=\"false\"}";
    stage.shows(failed, 1.0);
}

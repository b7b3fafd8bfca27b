//! Origins behind Unix sockets: what a connection carries, and how it ends in each direction.

use crate::{
    exchange::{GET, OK},
    harness::{PATIENCE, Proxy, Scratch},
    heard,
    peers::{End, Heard, Last, Peer, Raw},
};
use socket2::{Domain, SockAddr, Socket, Type};
use std::{
    io::{ErrorKind, Write},
    net::Shutdown,
    os::unix::net::{UnixListener, UnixStream},
};

/// The origin's end of a connection.
struct Unix {
    stream: UnixStream,
    ahead: Vec<u8>,
}

impl Unix {
    fn accepted(listener: &UnixListener) -> Unix {
        let (stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        let ahead = Vec::new();
        Unix { stream, ahead }
    }

    fn fin(&self) {
        self.stream.shutdown(Shutdown::Write).unwrap();
    }
}

impl Peer for Unix {
    fn say(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    fn some(&mut self) -> Heard {
        heard::next(&mut self.stream)
    }

    fn ahead(&mut self) -> &mut Vec<u8> {
        &mut self.ahead
    }
}

/// A proxy before an origin at a path.
struct Stage {
    proxy: Proxy,
    origin: UnixListener,
    _files: Scratch,
}

fn proxy(listener: &str, endpoint: &str, cluster: &str) -> Proxy {
    Proxy::of_file(format!(
        "defaults = \"2026\"\nworkers = 1\n\
         [[listener]]\nname = \"l\"\nbind = [\"127.0.0.1:0\"]\nto = \"c\"\n{listener}\n\
         [[cluster]]\nname = \"c\"\nendpoints = [\"{endpoint}\"]\n{cluster}\n"
    ))
}

impl Stage {
    fn new(listener: &str, cluster: &str) -> Stage {
        let files = Scratch::new();
        let path = files.path("origin.sock");
        let origin = UnixListener::bind(&path).unwrap();
        let endpoint = format!("unix:{}", path.display());
        Stage {
            proxy: proxy(listener, &endpoint, cluster),
            origin,
            _files: files,
        }
    }

    fn tcp() -> (Stage, Raw, Unix) {
        let stage = Stage::new("kind = \"tcp\"", "");
        let client = stage.proxy.client();
        let up = Unix::accepted(&stage.origin);
        (stage, client, up)
    }
}

#[test]
fn an_exchange_and_another_on_the_same_connection() {
    let stage = Stage::new("", "");
    let mut client = stage.proxy.client();
    client.say(GET);
    let mut up = Unix::accepted(&stage.origin);
    assert_eq!(up.message().line(), "GET /a HTTP/1.1");
    up.say(OK);
    assert_eq!(client.message().body, b"ok");
    for _ in 0..3 {
        // By another client, over the pool: nobody else listens.
        let mut client = stage.proxy.client();
        client.say(GET);
        assert_eq!(up.message().line(), "GET /a HTTP/1.1");
        up.say(OK);
        assert_eq!(client.message().body, b"ok");
    }
    // The origin ends it, and the proxy in turn.
    up.fin();
    assert_eq!(up.last(), Last::plain("", End::Fin));
}

#[test]
fn a_client_that_names_no_host_asks_for_localhost() {
    let stage = Stage::new("", "");
    let mut client = stage.proxy.client();
    client.say(b"GET /a HTTP/1.0\r\n\r\n");
    let mut up = Unix::accepted(&stage.origin);
    assert_eq!(up.message().field("host"), Some("localhost"));
    up.say(OK);
    assert_eq!(client.message().body, b"ok");
}

/// Larger than any buffer on the way, both ways at once: through pipes where there are any.
#[test]
fn bodies_pass_whole() {
    let body: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
    let stage = Stage::new("", "");
    let mut client = stage.proxy.client();
    let mut second = client.another();
    let sent = body.clone();
    let says = std::thread::spawn(move || {
        let head = format!(
            "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n",
            sent.len()
        );
        second.say(head.as_bytes());
        second.say(&sent);
    });
    let mut up = Unix::accepted(&stage.origin);
    assert!(up.message().body == body);
    says.join().unwrap();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
    let answers = std::thread::spawn(move || {
        up.say(head.as_bytes());
        up.say(&body);
        (up, body)
    });
    let answer = client.message().body;
    let (_up, body) = answers.join().unwrap();
    assert!(answer == body);
}

#[test]
fn a_half_close_passes_each_way() {
    let (_stage, mut client, mut up) = Stage::tcp();
    client.say(b"ask");
    client.fin();
    assert_eq!(up.last(), Last::plain("ask", End::Fin));
    up.say(b"answer");
    up.fin();
    assert_eq!(client.last(), Last::plain("answer", End::Fin));

    let (_stage, mut client, mut up) = Stage::tcp();
    up.say(b"hello");
    up.fin();
    assert_eq!(client.last(), Last::plain("hello", End::Fin));
    client.say(b"still here");
    client.fin();
    assert_eq!(up.last(), Last::plain("still here", End::Fin));
}

/// Closed with bytes unread, it is an abort for us too: a Unix socket has no other.
#[test]
fn an_abort_of_the_origin_is_one_for_the_client() {
    let (_stage, mut client, up) = Stage::tcp();
    client.say(b"never read");
    // They lie with the origin before it goes.
    let mut buf = [0_u8; 64];
    let peeked = rustix::net::recv(&up.stream, &mut buf[..], rustix::net::RecvFlags::PEEK);
    assert!(peeked.is_ok());
    drop(up);
    assert_eq!(client.last(), Last::plain("", End::Reset));
}

/// The client's reset ends the connection. What the origin hears is an end and no reset: the socket has
/// no word for it (unix(7)). What it says after that finds nobody.
#[test]
fn an_abort_of_the_client_ends_the_connection() {
    let (_stage, client, mut up) = Stage::tcp();
    let mut another = client.another();
    another.say(b"ask");
    assert_eq!(up.hear(3), b"ask");
    client.reset();
    drop(another);
    assert_eq!(up.last(), Last::plain("", End::Fin));
    let error = up.stream.write_all(b"too late").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BrokenPipe);
}

#[test]
fn a_name_in_the_abstract_namespace() {
    let name = format!("tidegate-wire-{}", std::process::id());
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
    socket
        .bind(&SockAddr::unix(format!("\0{name}")).unwrap())
        .unwrap();
    socket.listen(8).unwrap();
    let origin = UnixListener::from(std::os::fd::OwnedFd::from(socket));
    let proxy = proxy("", &format!("unix:@{name}"), "");
    let mut client = proxy.client();
    client.say(GET);
    let mut up = Unix::accepted(&origin);
    up.message();
    up.say(OK);
    assert_eq!(client.message().body, b"ok");
}

#[test]
fn nobody_there_is_502_and_a_check_finds_it_down() {
    let files = Scratch::new();
    let path = files.path("nobody.sock");
    let endpoint = format!("unix:{}", path.display());
    let proxy_of_none = proxy("", &endpoint, "");
    let mut client = proxy_of_none.client();
    client.say(GET);
    assert_eq!(client.message().status(), 502);
    let mut checked = proxy(
        "",
        &endpoint,
        "health = { tcp = true, interval = \"20ms\" }",
    );
    let told = |what: &'static str| move |said: &str| said.contains(what).then_some(());
    checked.process.until("a failure", told("down: "));
    let origin = UnixListener::bind(&path).unwrap();
    let mut check = Unix::accepted(&origin);
    assert_eq!(check.last(), Last::plain("", End::Fin));
    let mut check = Unix::accepted(&origin);
    assert_eq!(check.last(), Last::plain("", End::Fin));
    checked.process.until("a pass", told("up: "));
}

/// More clients than the listener's queue has room for: they wait, and none is refused.
#[test]
fn a_full_queue_is_waited_for() {
    let files = Scratch::new();
    let path = files.path("narrow.sock");
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
    socket.bind(&SockAddr::unix(&path).unwrap()).unwrap();
    socket.listen(1).unwrap();
    let origin = UnixListener::from(std::os::fd::OwnedFd::from(socket));
    let proxy = proxy("", &format!("unix:{}", path.display()), "");
    let mut clients: Vec<Raw> = (0..8).map(|_| proxy.client()).collect();
    clients.iter_mut().for_each(|client| client.say(GET));
    for _ in &clients {
        let mut up = Unix::accepted(&origin);
        up.message();
        up.say(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
    }
    for client in &mut clients {
        assert_eq!(client.message().body, b"ok");
    }
}

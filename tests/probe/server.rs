//! The questions to a server, asked of one whose habits are known.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    thread,
    time::Duration,
};
use tidegate::probe::server::{Asked, Finding, server};

/// A server that deals with each connection like this.
fn start(serve: impl Fn(TcpStream) + Copy + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            thread::spawn(move || serve(stream.unwrap()));
        }
    });
    address
}

/// How long a server is patient.
const MOMENT: Duration = Duration::from_millis(100);

/// A server that answers three requests on a connection, says 100, and is patient for a moment.
fn serve(mut stream: TcpStream) {
    stream.set_read_timeout(Some(MOMENT)).unwrap();
    let mut heard = Vec::new();
    for left in (0..3).rev() {
        let head = loop {
            if let Some(end) = heard.windows(4).position(|four| four == b"\r\n\r\n") {
                break String::from_utf8(heard.drain(..end + 4).collect()).unwrap();
            }
            let mut buf = [0; 1024];
            let n = stream.read(&mut buf).unwrap_or(0);
            if n == 0 {
                // Its patience is over, or the client is gone.
                return;
            }
            heard.extend(&buf[..n]);
        };
        if head.contains("Expect") {
            stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").unwrap();
        }
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
        if stream.write_all(answer).is_err() || head.contains("close") || left == 0 {
            return;
        }
    }
}

/// A server that hears what there is to hear, says this, and ends.
fn say(mut stream: TcpStream, said: &str) {
    stream.set_read_timeout(Some(MOMENT)).unwrap();
    while stream.read(&mut [0; 65_536]).is_ok_and(|n| n > 0) {}
    // The client may be gone.
    let _heard = stream.write_all(said.as_bytes());
}

fn answer<'a>(findings: &'a [Finding], key: &str) -> &'a str {
    let found = findings.iter().find(|finding| finding.key == key);
    &found.unwrap().answer
}

fn asked(server: SocketAddr) -> Asked {
    Asked {
        server,
        tls: false,
        host: "localhost".to_owned(),
        wait: Duration::from_secs(10),
    }
}

#[test]
fn its_habits_are_found_out() {
    let findings = server(&asked(start(serve))).unwrap();
    assert_eq!(answer(&findings, "close"), "FIN");
    assert_eq!(
        answer(&findings, "half_close"),
        "honoured: status 200, then FIN"
    );
    // It closes with that unread or still to come: the end is one or the other (K1, K4).
    let unread = answer(&findings, "unread_input");
    assert!(unread.starts_with("response whole, "), "{unread}");
    // Its FIN, or a reset for the request that crossed it.
    let requests = answer(&findings, "requests");
    assert!(requests.starts_with("3, then "), "{requests}");
    assert_eq!(answer(&findings, "expect"), "100");
    for key in ["idle", "silent"] {
        assert!(answer(&findings, key).starts_with("FIN after "), "{key}");
    }
    assert!(findings.iter().all(|one| one.key != "close_notify"));
}

#[test]
fn a_fin_completes_a_response_that_nothing_else_delimits_and_no_other() {
    let cut = |stream| say(stream, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ncut");
    let findings = server(&asked(start(cut))).unwrap();
    assert_eq!(answer(&findings, "half_close"), "response cut off: FIN");
    let unread = answer(&findings, "unread_input");
    assert!(unread.starts_with("response lost, "), "{unread}");
    let ends = |stream| say(stream, "HTTP/1.1 200 OK\r\n\r\nwhole");
    let findings = server(&asked(start(ends))).unwrap();
    assert_eq!(
        answer(&findings, "half_close"),
        "honoured: status 200, then FIN"
    );
}

#[test]
fn nobody_can_be_asked() {
    let door = tidegate::probe::socket::Door::open(([127, 0, 0, 1], 0).into()).unwrap();
    door.shut().unwrap();
    let error = server(&asked(door.address())).unwrap_err();
    assert!(error.starts_with("cannot speak to "), "{error}");
    let secure = Asked {
        tls: true,
        ..asked(start(serve))
    };
    let error = server(&secure).unwrap_err();
    assert!(error.contains("TLS"), "{error}");
}

//! What a command makes of a process that ends, or of what is none.

use super::*;
use crate::tls::testing::{Scratch, certificate};
use std::{
    io::Read,
    net::{SocketAddr, TcpListener},
    os::unix::net::UnixListener,
    thread::{self, JoinHandle},
};

/// Somebody who takes one connection, reads a little of it, and says this.
fn once(say: String) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    let over = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        assert!(stream.read(&mut [0; 4096]).unwrap() > 0, "it is asked");
        stream.write_all(say.as_bytes()).unwrap();
    });
    (at, over)
}

fn done(at: Where, what: What) -> (Exit, String) {
    let mut out = Vec::new();
    let json = false;
    let exit = run(&Ask { at, what, json }, &mut out);
    (exit, String::from_utf8(out).unwrap())
}

#[test]
fn a_process_is_stopped_that_was_asked_and_no_other() {
    let scratch = Scratch::new("client-stop");
    let path = scratch.path("admin.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let over = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        assert!(stream.read(&mut [0; 4096]).unwrap() > 0, "it is asked");
    });
    let stopped = (Exit::Ok, "stopping\n".to_owned());
    assert_eq!(done(Where::Unix(path), What::Stop), stopped);
    over.join().unwrap();
    // It ends in the handshake: nothing was asked.
    let ca = scratch.file("ca.pem", &certificate("localhost").0);
    let (at, over) = once(String::new());
    let https = Https {
        host: "localhost".to_owned(),
        port: at.port(),
        ca: Some(ca),
        identity: None,
    };
    let failed = (Exit::Failure, String::new());
    assert_eq!(done(Where::Https(Box::new(https)), What::Stop), failed);
    over.join().unwrap();
}

#[test]
fn the_old_process_of_another_machine_is_not_looked_for_on_this_one() {
    let answer = "{\"pid\":2,\"old\":{\"pid\":1,\"admin\":\"/no/such/socket\",\"connections\":[]}}";
    let length = answer.len();
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
    let (at, over) = once(format!("{head}{answer}"));
    let upgrade = Upgrade {
        wait: true,
        ..Upgrade::default()
    };
    let (exit, said) = done(Where::Http(at), What::Upgrade(upgrade));
    over.join().unwrap();
    assert_eq!(exit, Exit::Ok, "{said}");
    assert!(!said.contains("drained"), "{said}");
    let told = "not watched from here: it is asked on its own machine, at /no/such/socket\n";
    assert!(said.ends_with(told), "{said}");
}

//! A client that vanishes behind its FIN: all its packets are lost, and only the kernel's questions
//! can tell it from one that listens.
//!
//! Owns two network namespaces, the peers' and the proxy's, with a cable between them for each peer:
//! one is pulled out. The test runs in the first of them, and the proxy in the second.

use crate::{
    apart::{self, ip},
    harness::{PATIENCE, Running, Scratch, program},
    peers::{End, Last, Origin, Peer, Raw},
};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use socket2::SockRef;
use std::{io::ErrorKind, process::Command};

/// Where nobody else is, any port is free.
const PROXY: &str = "10.77.1.2:8000";
const ORIGIN: &str = "10.77.2.1:7000";

/// A half-closed peer that is silent for a second is asked twice, a second apart.
const KEEPALIVE: &str = "keepalive = { half_closed = \"1s\", interval = \"1s\", probes = 2 }";

/// The proxy's side of the cables, as soon as it is told that they are there.
const PROXY_SIDE: &str = "echo apart; read there
    ip addr add 10.77.1.2/24 dev client1 && ip link set client1 up &&
    ip addr add 10.77.2.2/24 dev origin1 && ip link set origin1 up && exec \"$0\" \"$@\"";

#[test]
fn s22_r06_k25_a_client_that_vanishes_behind_its_fin_is_noticed() {
    apart::plays(
        "vanish::s22_r06_k25_a_client_that_vanishes_behind_its_fin_is_noticed",
        "S22",
        inside,
    );
}

fn inside() {
    let (scratch, text) = (Scratch::new(), configuration());
    let mut proxy = Command::new("unshare");
    proxy.args(["--net", "sh", "-c", PROXY_SIDE]);
    let program = program(&scratch);
    proxy.arg(program.get_program());
    proxy.arg("--admin").arg("off");
    proxy.arg("-c").arg(scratch.file("tidegate.toml", text));
    let mut proxy = Running::start(&mut proxy, "util-linux");
    proxy.until("its namespace", |said| said.contains("apart").then_some(()));
    let pid = proxy.pid();
    for (at, name) in ["client", "origin"].into_iter().enumerate() {
        let net = at + 1;
        ip(&format!(
            "link add {name}0 type veth peer name {name}1 netns {pid}"
        ));
        ip(&format!("addr add 10.77.{net}.1/24 dev {name}0"));
        ip(&format!("link set {name}0 up"));
    }
    let origin = Origin::at(ORIGIN);
    proxy.say(b"there\n");
    proxy.until("its address", |said| said.contains(PROXY).then_some(()));

    let mut client = Raw::connect(PROXY.parse().unwrap());
    client.say(b"last words");
    client.fin();
    let mut up = origin.accept();
    assert_eq!(up.last(), Last::plain("last words", End::Fin));
    println!("the cable is pulled out");
    ip("link set client0 down");
    // K11: behind a FIN no read tells of a reset.
    let failed = failure(&up);
    let reset = [ErrorKind::ConnectionReset, ErrorKind::BrokenPipe];
    assert!(reset.contains(&failed), "{failed}");
    let over = |said: &str| {
        let line = said.lines().find(|line| line.contains("kind=connection"))?;
        Some(line.to_owned())
    };
    let over = proxy.until("its last word", over);
    println!("{over}");
    // What ended it was the client's silence, and no patience of ours.
    assert!(
        over.contains("how=\"timed out\"") && over.contains("cause=peer_dead"),
        "{over}"
    );
}

fn configuration() -> String {
    format!(
        "defaults = \"2026\"\nworkers = 1\n\
        [[listener]]\nname = \"l\"\nkind = \"tcp\"\nbind = [\"{PROXY}\"]\nto = \"c\"\n{KEEPALIVE}\n\
        [[cluster]]\nname = \"c\"\nendpoints = [\"{ORIGIN}\"]\n{KEEPALIVE}\n\
        [log]\nformat = \"logfmt\"\n"
    )
}

/// Waits for the failure of a connection that nobody reads or writes.
fn failure(peer: &Raw) -> ErrorKind {
    let mut fds = [PollFd::new(peer.stream(), PollFlags::empty())];
    let timeout = Timespec::try_from(PATIENCE).unwrap();
    assert_eq!(
        poll(&mut fds, Some(&timeout)).unwrap(),
        1,
        "nothing came of it"
    );
    let error = SockRef::from(peer.stream()).take_error().unwrap();
    error.expect("a failure").kind()
}

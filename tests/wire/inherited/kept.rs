//! What stays with a process, and with whoever serves after it: a supervisor's sockets, also those that no listener
//! has, and addresses that needed root.

use super::{NOBODY, file, is_root, opened, supervisor, until};
use crate::{
    exchange::GET,
    harness::{Proxy, Running, Scratch, Serve, command},
    peers::{Peer, Raw},
    serving::Serving,
    upgrade::Family,
};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    fs,
    net::{SocketAddr, TcpListener},
    os::unix::process::CommandExt,
};

/// A supervisor has what it opens for as long as it likes: nobody can listen there anew.
const HOLDER: [&str; 3] = [
    "/bin/sh",
    "-c",
    "sleep 600 >/dev/null 2>&1 & exec \"$0\" \"$@\"",
];

const SOCKETS: &str = "web=tcp,other=tcp";

/// A process with two sockets of a supervisor's, of which its listener has the first.
struct Stage {
    _family: Family,
    running: Running,
    at: Vec<SocketAddr>,
    scratch: Scratch,
    origin: Serving,
}

fn family(running: &Running) -> Family {
    let pid = i32::try_from(running.pid()).unwrap();
    Family(Pid::from_raw(pid).unwrap())
}

/// Asks once; says how it was answered.
fn asks(at: SocketAddr) -> u16 {
    let mut client = Raw::connect(at);
    client.say(GET);
    client.message().status()
}

/// Has another process serve, and waits for the end of the one before, which is the child; says who it is.
fn upgraded(running: &mut Running) -> Pid {
    running.signal(Signal::USR2);
    let next = running.until("another process", |said| {
        let (_, behind) = said.split_once("another process serves pid=")?;
        let (pid, _) = behind.split_once('\n')?;
        Pid::from_raw(pid.trim().parse().ok()?)
    });
    assert_eq!(running.exit_code(), Some(0));
    next
}

impl Stage {
    fn new() -> Stage {
        let (scratch, origin) = (Scratch::new(), Serving::echo());
        let text = file("127.0.0.1:0", origin.address());
        let mut outer = supervisor(&HOLDER, &text, SOCKETS, &scratch);
        let (mut running, at) = opened(outer.process_group(0), SOCKETS);
        running.say(b"go on\n");
        until(&mut running, "nobody takes the socket `other`");
        Stage {
            _family: family(&running),
            running,
            at,
            scratch,
            origin,
        }
    }

    /// Writes the file, with a listener for the second socket or without it.
    fn write(&self, takes_other: bool) {
        let mut text = file("127.0.0.1:0", self.origin.address());
        if takes_other {
            let bind = self.at[1];
            text += &format!("[[listener]]\nname = \"o\"\nbind = [\"{bind}\"]\nto = \"c\"\n");
        }
        self.scratch.file("tidegate.toml", text);
    }
}

#[test]
fn a_supervisors_socket_whose_listener_goes_is_there_when_that_comes_back() {
    let mut stage = Stage::new();
    for generation in [2, 4] {
        stage.write(true);
        stage.running.signal(Signal::HUP);
        until(&mut stage.running, &format!("generation={generation}\n"));
        assert_eq!(asks(stage.at[1]), 200);
        stage.write(false);
        stage.running.signal(Signal::HUP);
        until(
            &mut stage.running,
            &format!("generation={}\n", generation + 1),
        );
    }
    // Who comes meanwhile waits, as while the service is stopped.
    let mut waits = Raw::connect(stage.at[1]);
    waits.say(GET);
    stage.write(true);
    stage.running.signal(Signal::HUP);
    until(&mut stage.running, "generation=6\n");
    assert_eq!(waits.message().status(), 200);
    assert_eq!(asks(stage.at[0]), 200);
}

#[test]
fn a_supervisors_socket_that_no_listener_has_is_handed_on() {
    let mut stage = Stage::new();
    let next = upgraded(&mut stage.running);
    assert_eq!(asks(stage.at[0]), 200);
    // As often as it is told so: it knows the file by now.
    stage.write(true);
    kill_process(next, Signal::HUP).unwrap();
    until(&mut stage.running, "generation=2\n");
    assert_eq!(asks(stage.at[1]), 200);
    // And what that one has is still a supervisor's for whoever is next.
    stage.write(false);
    kill_process(next, Signal::USR2).unwrap();
    stage.running.until("a third process", |said| {
        let count = said.matches("nobody takes the socket `other`").count();
        let serve = said.matches("another process serves").count();
        ((count, serve) == (3, 2)).then_some(())
    });
    let mut clients = (0..8).map(|_| asks(stage.at[0]));
    assert!(clients.all(|status| status == 200));
}

/// A port that only root may bind, and nobody has.
fn privileged() -> u16 {
    let first = fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start").unwrap();
    let first: u16 = first.trim().parse().unwrap();
    let is_free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    // The first is asked for by a test that is not to get it.
    let port = (2..first).rev().find(is_free);
    port.expect("everybody may bind every port here")
}

/// What was bound as root is there for every worker, however many there come to be, and however large their
/// sockets are.
#[test]
fn an_address_that_needed_root_is_shared_once_root_is_given_up() {
    if !is_root() {
        return;
    }
    let (scratch, origin) = (Scratch::new(), Serving::echo());
    let bind = format!("127.0.0.1:{}", privileged());
    let text = format!("user = \"{NOBODY}\"\n{}", file(&bind, origin.address()));
    let mut first = command(&Serve::File(text.clone()), "", &scratch);
    first.process_group(0);
    let mut proxy = Proxy::started(first, scratch);
    let _family = family(&proxy.process);
    let served = |proxy: &Proxy| (0..64).all(|_| asks(proxy.address) == 200);
    assert!(served(&proxy));
    for (generation, size) in [(2, "64KiB"), (3, "96KiB")] {
        let sized = format!("to = \"c\"\nsend_buffer = \"{size}\"\n[[cluster]]");
        let text = text.replace("to = \"c\"\n[[cluster]]", &sized);
        proxy.scratch().file("tidegate.toml", text);
        proxy.process.signal(Signal::HUP);
        until(&mut proxy.process, &format!("generation={generation}\n"));
        assert!(served(&proxy));
    }
    let more = text.replace("workers = 2", "workers = 5");
    proxy.scratch().file("tidegate.toml", more);
    upgraded(&mut proxy.process);
    assert!(served(&proxy));
}

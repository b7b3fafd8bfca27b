//! What a supervisor hears of the process, as systemd's `sd_notify` has it, and of the one that takes over from
//! it.

use crate::{
    exchange::OK,
    harness::{PATIENCE, Proxy, Running, Scratch, Serve, arg, command},
    peers::{Origin, Peer},
    upgrade::{Stage, file, under_way},
};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::{FdFlags, fcntl_setfd},
    net::{
        AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socketpair,
        sockopt::{Timeout, set_socket_timeout},
    },
    process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal},
};
use std::{
    fs,
    os::{
        fd::{AsRawFd, OwnedFd},
        unix::net::UnixDatagram,
    },
    process::Command,
    time::Duration,
};

const READY: &str = "READY=1\nSTATUS=serving, generation 1";

/// Says that it is ready, and once it is to serve does what its last words are about.
const READY_AND_THEN: &str = r#"#!/usr/bin/env python3
import os, socket, time
line = socket.socket(fileno=int(os.environ['TIDEGATE_HANDOVER']))
line.send(b'{"ready":{}}')
while (word := line.recv(1 << 18)) and b'"serve"' not in word: pass
"#;

/// The next message of a supervisor that is not a sign of life, or is one.
fn heard(socket: &UnixDatagram, sign_of_life: bool) -> String {
    loop {
        let mut bytes = [0; 512];
        let length = socket.recv(&mut bytes).unwrap();
        let text = str::from_utf8(&bytes[..length]).unwrap();
        if text.contains("WATCHDOG=1") == sign_of_life {
            return text.trim_end().to_owned();
        }
    }
}

/// What there is to hear now that is no sign of life.
fn rest(socket: &UnixDatagram) -> Vec<String> {
    socket.set_nonblocking(true).unwrap();
    let mut bytes = [0; 512];
    let mut rest = Vec::new();
    while let Ok(length) = socket.recv(&mut bytes) {
        let text = str::from_utf8(&bytes[..length]).unwrap();
        if !text.contains("WATCHDOG=1") {
            rest.push(text.to_owned());
        }
    }
    rest
}

/// Where a process that is started by `command` says how it is.
fn supervisor(command: &mut Command, scratch: &Scratch) -> UnixDatagram {
    let path = scratch.path("notify");
    command.env("NOTIFY_SOCKET", &path);
    let socket = UnixDatagram::bind(path).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

/// A process in front of `origin` that can be asked, its supervisor, who wants a sign of life every minute, and
/// the first word between them.
fn supervised(origin: &Origin) -> (Stage, UnixDatagram) {
    let mut socket = None;
    let stage = Stage::with(file(origin.address(), 1, ""), |command, scratch| {
        command.env("WATCHDOG_USEC", "60000000");
        socket = Some(supervisor(command, scratch));
    });
    let socket = socket.unwrap();
    assert_eq!(heard(&socket, false), READY);
    (stage, socket)
}

/// A hold of a process that is nobody's child here.
struct Heir(OwnedFd);

impl Heir {
    fn of(pid: u64) -> Heir {
        let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
        Heir(pidfd_open(pid, PidfdFlags::empty()).unwrap())
    }

    fn signal(&self, signal: Signal) {
        pidfd_send_signal(&self.0, signal).unwrap();
    }

    fn ends_within(&self, most: Duration) -> bool {
        let most = Timespec::try_from(most).unwrap();
        let mut end = [PollFd::new(&self.0, PollFlags::IN)];
        poll(&mut end, Some(&most)).unwrap() == 1
    }
}

#[test]
fn a_supervisor_hears_of_the_start_a_reload_life_and_the_end() {
    let origin = Origin::new();
    let (mut proxy, socket) = Proxy::supervised(origin.address());
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let heard = |sign_of_life| heard(&socket, sign_of_life);
    assert_eq!(heard(false), READY);
    assert_eq!(heard(true), "WATCHDOG=1");
    proxy.process.signal(Signal::HUP);
    let reloading = heard(false);
    assert!(
        reloading.starts_with("RELOADING=1\nMONOTONIC_USEC="),
        "{reloading}"
    );
    assert_eq!(heard(false), "READY=1\nSTATUS=serving, generation 2");
    proxy.process.signal(Signal::TERM);
    assert_eq!(heard(false), "STOPPING=1\nSTATUS=draining");
    proxy
        .process
        .until("its end", |said| said.contains("draining").then_some(()));
}

/// systemd waits for its own children and for no others: who is a child of the old one when it is named is
/// killed by a stop, without a drain.
#[test]
fn who_counts_from_now_on_is_named_by_the_old_one_and_is_no_child_of_it() {
    let origin = Origin::new();
    let (mut stage, socket) = supervised(&origin);
    // For as long as that is under way the old one is there.
    let (mut client, mut up) = under_way(stage.proxy.address, &origin);
    let (pid, _) = stage.upgrade(&[]);
    assert_eq!(heard(&socket, false), format!("MAINPID={pid}"));
    assert_eq!(heard(&socket, false), READY);
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let parent = status.lines().find_map(|line| line.strip_prefix("PPid:"));
    assert_ne!(
        parent.unwrap().trim(),
        stage.proxy.process.pid().to_string()
    );
    up.say(OK);
    assert_eq!(client.message().body, b"ok");
    drop((client, up));
    assert_eq!(stage.proxy.process.exit_code(), Some(0));
    // It has no last word: that would end the service.
    assert_eq!(rest(&socket), [""; 0]);
}

/// Some of the time that a supervisor allows is over when another one takes over.
#[test]
fn the_first_sign_of_life_comes_at_once() {
    let origin = Origin::new();
    let (stage, socket) = supervised(&origin);
    assert_eq!(heard(&socket, true), "WATCHDOG=1");
    let (pid, _) = stage.upgrade(&[]);
    assert_eq!(heard(&socket, false), format!("MAINPID={pid}"));
    assert_eq!(heard(&socket, true), "WATCHDOG=1");
}

#[test]
fn who_ends_before_it_serves_was_never_named() {
    let origin = Origin::new();
    let (stage, socket) = supervised(&origin);
    let falters = stage.script("falters", READY_AND_THEN);
    let done = stage.ask(&["upgrade", arg(&falters)]);
    assert_eq!(done.code(), Some(1));
    assert!(
        done.said.contains("falters ended before it served"),
        "{}",
        done.said
    );
    assert_eq!(rest(&socket), [""; 0]);
    let (mut client, mut up) = under_way(stage.proxy.address, &origin);
    up.say(OK);
    assert_eq!(client.message().body, b"ok");
}

/// Its word for serving is its number, and nothing else.
#[test]
fn who_says_something_else_instead_of_serving_was_never_named() {
    let origin = Origin::new();
    let (stage, socket) = supervised(&origin);
    for (says, why) in [
        ("{\"failed\":\"no luck\"}", "no luck"),
        ("{\"later\":1}", "ended before it served"),
    ] {
        let then = format!("line.send(b'{says}')\n");
        let fails = stage.script("fails", &format!("{READY_AND_THEN}{then}"));
        let done = stage.ask(&["upgrade", arg(&fails)]);
        assert_eq!(done.code(), Some(1), "{}", done.said);
        assert!(done.said.contains(why), "{}", done.said);
        assert_eq!(rest(&socket), [""; 0]);
    }
    let (mut client, mut up) = under_way(stage.proxy.address, &origin);
    up.say(OK);
    assert_eq!(client.message().body, b"ok");
}

/// The next version, or one to go back to, may not know what it need not.
#[test]
fn who_does_not_wait_until_it_is_named_takes_over_all_the_same() {
    let origin = Origin::new();
    let (mut stage, socket) = supervised(&origin);
    let then = "line.send(b'{\"serving\":1}')\nline.close()\ntime.sleep(600)\n";
    let other = stage.script("other", &format!("{READY_AND_THEN}{then}"));
    let value = stage.told(&["upgrade", arg(&other)]);
    let named = format!("MAINPID={}", value["pid"]);
    assert_eq!(heard(&socket, false), named);
    assert_eq!(stage.proxy.process.exit_code(), Some(0));
}

/// The other way round: one that is not told when it is named does not wait for that.
#[test]
fn whom_nobody_promises_to_name_says_that_it_is_ready() {
    let (origin, scratch) = (Origin::new(), Scratch::new());
    let text = "defaults = \"2026\"\n[admin]\nunix = \"off\"\nhttp = \"off\"\n[[listener]]\nname = \"l\"\n\
                bind = [\"127.0.0.1:0\"]\nto = \"c\"\n[[cluster]]\nname = \"c\"\n";
    let text = format!("{text}endpoints = [\"{}\"]\n", origin.address());
    let mut command = command(&Serve::File(text), "", &scratch);
    let (family, kind) = (AddressFamily::UNIX, SocketType::SEQPACKET);
    let (line, theirs) = socketpair(family, kind, SocketFlags::CLOEXEC, None).unwrap();
    fcntl_setfd(&theirs, FdFlags::empty()).unwrap();
    command.env("TIDEGATE_HANDOVER", theirs.as_raw_fd().to_string());
    let socket = supervisor(&mut command, &scratch);
    let _proxy = Running::start(&mut command, "none: it is the program under test");
    drop(theirs);
    set_socket_timeout(&line, Timeout::Recv, Some(PATIENCE)).unwrap();
    let say = |text: &str| send(&line, text.as_bytes(), SendFlags::NOSIGNAL).unwrap();
    let hears = |what: &str| {
        let mut bytes = [0; 512];
        let (length, _) = recv(&line, &mut bytes[..], RecvFlags::empty()).unwrap();
        let text = str::from_utf8(&bytes[..length]).unwrap();
        assert!(text.contains(what), "{text}");
    };
    say(r#"{"sockets":[],"admin":{},"changes":[]}"#);
    hears("\"ready\"");
    say(r#"{"serve":true}"#);
    hears("\"serving\"");
    assert_eq!(heard(&socket, false), READY);
}

/// Its supervisor kills what is left of a service once its main process is over.
#[test]
fn who_has_taken_over_is_not_over_before_the_old_one() {
    let origin = Origin::new();
    let (mut stage, _socket) = supervised(&origin);
    let (mut client, mut up) = under_way(stage.proxy.address, &origin);
    let (pid, _) = stage.upgrade(&[]);
    let heir = Heir::of(pid);
    heir.signal(Signal::TERM);
    stage.proxy.process.until("that it waits", |said| {
        said.contains("the process before drains, and is waited for")
            .then_some(())
    });
    assert!(!heir.ends_within(Duration::ZERO));
    up.say(OK);
    assert_eq!(client.message().body, b"ok");
    drop((client, up));
    assert_eq!(stage.proxy.process.exit_code(), Some(0));
    assert!(heir.ends_within(PATIENCE));
}

/// Nor is the one behind that: whoever is between them waits as well.
#[test]
fn who_has_taken_over_last_is_not_over_before_the_first_one() {
    let origin = Origin::new();
    let (mut stage, _socket) = supervised(&origin);
    let (mut client, mut up) = under_way(stage.proxy.address, &origin);
    stage.upgrade(&[]);
    let (pid, _) = stage.upgrade(&[]);
    let last = Heir::of(pid);
    last.signal(Signal::TERM);
    stage.proxy.process.until("that both wait", |said| {
        let waits = said.matches("the process before drains, and is waited for");
        (waits.count() == 2).then_some(())
    });
    assert!(!last.ends_within(Duration::ZERO));
    up.say(OK);
    assert_eq!(client.message().body, b"ok");
    drop((client, up));
    assert_eq!(stage.proxy.process.exit_code(), Some(0));
    assert!(last.ends_within(PATIENCE));
}

const OVER: &str = "the process that took over has ended";

#[test]
fn who_has_taken_over_and_dies_is_told_of_by_the_old_one() {
    let origin = Origin::new();
    let mut stage = Stage::with(file(origin.address(), 1, ""), |_, _| {});
    let (mut client, mut up) = under_way(stage.proxy.address, &origin);
    let (pid, _) = stage.upgrade(&[]);
    Heir::of(pid).signal(Signal::KILL);
    let pid = format!("pid={pid}");
    stage.proxy.process.until("that it is over", |said| {
        let line = said.lines().find(|line| line.contains(OVER))?;
        line.contains(&pid).then_some(())
    });
    up.say(OK);
    assert_eq!(client.message().body, b"ok");
    drop((client, up));
    assert_eq!(stage.proxy.process.exit_code(), Some(0));
}

#[test]
fn who_has_taken_over_and_leaves_in_order_is_not_told_of() {
    let origin = Origin::new();
    let stage = Stage::with(file(origin.address(), 1, ""), |_, _| {});
    let (mut client, mut up) = under_way(stage.proxy.address, &origin);
    let (pid, _) = stage.upgrade(&[]);
    let heir = Heir::of(pid);
    heir.signal(Signal::TERM);
    // Nobody supervises: it need not wait.
    assert!(heir.ends_within(PATIENCE));
    up.say(OK);
    assert_eq!(client.message().body, b"ok");
    drop((client, up));
    let done = stage.proxy.process.end();
    assert_eq!(done.code(), Some(0));
    assert!(!done.said.contains(OVER), "{}", done.said);
}

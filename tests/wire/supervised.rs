//! What a supervisor hears of the process, as systemd's `sd_notify` has it.

use crate::{
    harness::{PATIENCE, Proxy},
    peers::Origin,
};
use rustix::process::Signal;
use std::os::unix::net::UnixDatagram;

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

#[test]
fn a_supervisor_hears_of_the_start_a_reload_life_and_the_end() {
    let origin = Origin::new();
    let (mut proxy, socket) = Proxy::supervised(origin.address());
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let heard = |sign_of_life| heard(&socket, sign_of_life);
    assert_eq!(heard(false), "READY=1\nSTATUS=serving, generation 1");
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

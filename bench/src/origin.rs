//! A neutral origin: it answers as cheaply as an origin can.
//!
//! Owns its listeners and what was accepted from them; waits for all of them at once, and ends with
//! standard input. It never closes a connection first, and never looks at more of a request than
//! the number in its path.

mod page;
mod peer;

use crate::{poll::Poll, socket};
use clap::Args;
use page::Pages;
use peer::{Mode, Peer};
use std::{
    io,
    net::SocketAddr,
    os::fd::{AsFd, OwnedFd},
};

/// Connections accepted in one go, so that nobody else starves.
const ACCEPTS: usize = 64;

/// What is read at once.
const READ: usize = 256 * 1024;

#[derive(Args, Debug)]
pub(crate) struct Flags {
    /// Send back what comes
    #[arg(long, value_name = "ADDR")]
    echo: Option<SocketAddr>,
    /// Answer each 8 bytes, a number (little-endian), with so many bytes
    #[arg(long, value_name = "ADDR")]
    source: Option<SocketAddr>,
    /// Answer HTTP/1.1: GET /N has a body of N bytes
    #[arg(long, value_name = "ADDR")]
    http: Option<SocketAddr>,
}

struct Origin {
    poll: Poll,
    listeners: Vec<(OwnedFd, Mode)>,
    peers: Vec<Option<Peer>>,
    free: Vec<usize>,
    pages: Pages,
    buffer: Vec<u8>,
}

pub(crate) fn run(flags: &Flags) -> io::Result<()> {
    let mut origin = Origin {
        poll: Poll::new()?,
        listeners: Vec::new(),
        peers: Vec::new(),
        free: Vec::new(),
        pages: Pages::new(),
        buffer: vec![0; READ],
    };
    let modes = [
        (flags.echo, Mode::Echo),
        (flags.source, Mode::Source),
        (flags.http, Mode::Http),
    ];
    for (address, mode) in modes {
        if let Some(address) = address {
            origin.listen(&address, mode)?;
        }
    }
    // Token 0 is standard input: whoever started this is gone when it ends. A file cannot be waited
    // for; then only a signal ends this.
    let _ = origin.poll.add(io::stdin().as_fd(), 0);
    println!("ready");
    loop {
        for at in 0..origin.poll.wait(None)? {
            let ready = origin.poll.ready(at);
            match ready.token.checked_sub(1) {
                None if ready.ended => return Ok(()),
                None => {}
                Some(one) if one < origin.listeners.len() => origin.accept(one)?,
                Some(one) => origin.serve(one - origin.listeners.len(), ready.ended),
            }
        }
    }
}

impl Origin {
    fn listen(&mut self, address: &SocketAddr, mode: Mode) -> io::Result<()> {
        let listener = socket::listener(address)?;
        self.listeners.push((listener, mode));
        // Level-triggered, so that whoever is left over in the queue is told of again.
        self.poll.add_level(
            &self.listeners[self.listeners.len() - 1].0,
            self.listeners.len(),
        )
    }

    fn accept(&mut self, one: usize) -> io::Result<()> {
        for _ in 0..ACCEPTS {
            let (listener, mode) = &self.listeners[one];
            let Some(socket) = socket::accept(listener)? else {
                return Ok(());
            };
            let peer = Peer::new(socket, *mode);
            let slot = self.free.pop().unwrap_or(self.peers.len());
            self.poll
                .add(peer.socket(), 1 + self.listeners.len() + slot)?;
            if slot == self.peers.len() {
                self.peers.push(None);
            }
            self.peers[slot] = Some(peer);
        }
        Ok(())
    }

    fn serve(&mut self, slot: usize, ended: bool) {
        let Some(Some(peer)) = self.peers.get_mut(slot) else {
            return;
        };
        // A peer that has ended, or resets, is over: nothing is owed to it.
        if !matches!(
            peer.turn(ended, &mut self.pages, &mut self.buffer),
            Ok(true)
        ) {
            self.peers[slot] = None;
            self.free.push(slot);
        }
    }
}

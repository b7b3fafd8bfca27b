//! How long a FIN is on its way through a TCP proxy: one connection at a time, of which this is
//! both ends, so that one clock sees both.

use crate::{clock::Clock, histogram::Histogram};
use clap::Args;
use std::{
    io::{self, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    time::Duration,
};

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Args, Debug)]
pub(crate) struct Flags {
    /// The proxy
    #[arg(long, value_name = "ADDR")]
    via: SocketAddr,
    /// Where it forwards to, and this listens
    #[arg(long, value_name = "ADDR")]
    origin: SocketAddr,
    /// Connections
    #[arg(long, value_name = "N", default_value_t = 1000)]
    count: u32,
}

pub(crate) fn run(flags: &Flags) -> io::Result<()> {
    let listener = TcpListener::bind(flags.origin)?;
    let clock = Clock::start();
    let (mut there, mut back) = (Histogram::new(), Histogram::new());
    // The first ones find buffers that are not there yet.
    for round in 0..flags.count + flags.count / 10 {
        let (one, other) = play(flags.via, &listener, &clock)?;
        if round >= flags.count / 10 {
            there.add(one);
            back.add(other);
        }
    }
    println!(
        "{{\"ops\":{},{},{}}}",
        flags.count,
        there.json("there_"),
        back.json("back_")
    );
    Ok(())
}

/// One connection: a ping, so that both legs are there; the client's FIN; then the origin's. Says
/// how long each was on its way.
fn play(via: SocketAddr, listener: &TcpListener, clock: &Clock) -> io::Result<(u64, u64)> {
    let mut client = TcpStream::connect(via)?;
    prepare(&client)?;
    client.write_all(b"ping")?;
    let (mut origin, _) = listener.accept()?;
    prepare(&origin)?;
    let mut ping = [0; 4];
    origin.read_exact(&mut ping)?;
    origin.write_all(b"pong")?;
    client.read_exact(&mut ping)?;
    let sent = clock.now();
    client.shutdown(Shutdown::Write)?;
    expect_end(&mut origin)?;
    let there = clock.now();
    origin.shutdown(Shutdown::Write)?;
    expect_end(&mut client)?;
    Ok((there - sent, clock.now() - there))
}

fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))
}

fn expect_end(stream: &mut TcpStream) -> io::Result<()> {
    match stream.read(&mut [0; 4])? {
        0 => Ok(()),
        _ => Err(io::Error::other("bytes that nobody sent")),
    }
}

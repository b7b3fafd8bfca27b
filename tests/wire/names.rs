//! A DNS server on loopback that answers as the test says.
//!
//! Owns its two sockets, one for datagrams and one for connections, and a thread for each, which end
//! with it.

use std::{
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream, UdpSocket},
    sync::{Arc, Mutex, mpsc},
    thread::{self, JoinHandle},
    time::Duration,
};

use crate::harness::PATIENCE;

/// What is said of every name.
#[derive(Clone, Debug)]
pub(crate) enum Says {
    /// Nothing at all.
    Nothing,
    /// These addresses, of 127.0.0.0/24, good for so many seconds. There are none of IPv6.
    Addresses(Vec<u8>, u32),
    /// The same, but a datagram holds none of them.
    AtLength(Vec<u8>, u32),
    /// The same, after what is no answer and what another might send.
    BehindNoise(Vec<u8>, u32),
    /// There is no such name.
    NoName,
}

/// How often its threads look whether they are to end.
const LOOK: Duration = Duration::from_millis(20);

/// The server.
pub(crate) struct Names {
    address: SocketAddr,
    says: Arc<Mutex<Says>>,
    /// Each question for an IPv4 address.
    asked: mpsc::Receiver<()>,
    /// Dropped, it ends the threads.
    alive: Option<Arc<()>>,
    threads: Vec<JoinHandle<()>>,
}

impl Names {
    pub(crate) fn new(says: Says) -> Names {
        let (datagrams, connections) = sockets();
        let address = datagrams.local_addr().unwrap();
        let says = Arc::new(Mutex::new(says));
        let alive = Arc::new(());
        let (ask, asked) = mpsc::channel();
        let (what, until) = (Arc::clone(&says), Arc::downgrade(&alive));
        let over_udp = thread::spawn(move || {
            let mut bytes = [0; 512];
            while until.strong_count() > 0 {
                let Ok((length, from)) = datagrams.recv_from(&mut bytes) else {
                    continue;
                };
                let question = &bytes[..length];
                if is_v4(question) {
                    // Nobody may be counting.
                    let _ = ask.send(());
                }
                let says = what.lock().unwrap().clone();
                for answer in answers(question, &says) {
                    datagrams.send_to(&answer, from).unwrap();
                }
            }
        });
        let (what, until) = (Arc::clone(&says), Arc::downgrade(&alive));
        let over_tcp = thread::spawn(move || {
            while until.strong_count() > 0 {
                match connections.accept() {
                    Ok((stream, _)) => at_length(stream, &what.lock().unwrap().clone()),
                    Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(LOOK),
                    Err(error) => panic!("{error}"),
                }
            }
        });
        Names {
            address,
            says,
            asked,
            alive: Some(alive),
            threads: vec![over_udp, over_tcp],
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn say(&self, says: Says) {
        *self.says.lock().unwrap() = says;
        while self.asked.try_recv().is_ok() {}
    }

    /// Waits for so many questions behind the last [`Names::say`].
    pub(crate) fn asked(&self, count: usize) {
        for _ in 0..count {
            self.asked.recv_timeout(PATIENCE).expect("a question");
        }
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        drop(self.alive.take());
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

/// Both at the same port.
fn sockets() -> (UdpSocket, TcpListener) {
    loop {
        let datagrams = UdpSocket::bind("127.0.0.1:0").unwrap();
        let Ok(connections) = TcpListener::bind(datagrams.local_addr().unwrap()) else {
            continue;
        };
        datagrams.set_read_timeout(Some(LOOK)).unwrap();
        connections.set_nonblocking(true).unwrap();
        return (datagrams, connections);
    }
}

fn at_length(mut stream: TcpStream, says: &Says) {
    stream.set_nonblocking(false).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut length = [0; 2];
    stream.read_exact(&mut length).unwrap();
    let mut question = vec![0; u16::from_be_bytes(length).into()];
    stream.read_exact(&mut question).unwrap();
    let (Says::AtLength(last, ttl) | Says::Addresses(last, ttl) | Says::BehindNoise(last, ttl)) =
        says
    else {
        return;
    };
    let answer = of(&question, last, *ttl);
    let length = u16::try_from(answer.len()).unwrap().to_be_bytes();
    // In parts, as a connection may bring them.
    for part in [&length[..1], &length[1..], &answer[..20], &answer[20..]] {
        stream.write_all(part).unwrap();
    }
}

/// The datagrams that are sent.
fn answers(question: &[u8], says: &Says) -> Vec<Vec<u8>> {
    match says {
        Says::Nothing => Vec::new(),
        Says::Addresses(last, ttl) => vec![of(question, last, *ttl)],
        Says::NoName => vec![empty(question, [0x81, 0x83])],
        Says::AtLength(..) => vec![empty(question, [0x83, 0x80])],
        Says::BehindNoise(last, ttl) => {
            let other = last.iter().map(|last| last + 1).collect::<Vec<_>>();
            let mut spoofed = of(question, &other, 3600);
            spoofed[0] ^= 0x55;
            let mut elsewhere = of(question, &other, 3600);
            elsewhere[13] ^= 1;
            let cut = of(question, &other, 3600);
            let cut = cut[..cut.len() - 1].to_vec();
            // What is asked for in IPv6 has no answer to cut short.
            let cut = if is_v4(question) { cut } else { Vec::new() };
            let noise = vec![spoofed, elsewhere, cut, b"noise".to_vec(), Vec::new()];
            let right = of(question, last, *ttl);
            noise.into_iter().chain([right]).collect()
        }
    }
}

fn is_v4(question: &[u8]) -> bool {
    question[question.len() - 4..] == [0, 1, 0, 1]
}

fn empty(question: &[u8], flags: [u8; 2]) -> Vec<u8> {
    let mut bytes = question.to_vec();
    bytes[2..4].copy_from_slice(&flags);
    bytes
}

/// 127.0.0.x for each `last`; nothing for IPv6.
fn of(question: &[u8], last: &[u8], ttl: u32) -> Vec<u8> {
    let mut bytes = empty(question, [0x81, 0x80]);
    if !is_v4(question) {
        return bytes;
    }
    bytes[7] = u8::try_from(last.len()).unwrap();
    for last in last {
        // The name in the question, A, IN.
        bytes.extend([0xC0, 12, 0, 1, 0, 1]);
        bytes.extend(ttl.to_be_bytes());
        bytes.extend([0, 4, 127, 0, 0, *last]);
    }
    bytes
}

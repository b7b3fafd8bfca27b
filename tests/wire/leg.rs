//! What the kernel knows of the proxy's connections, before the proxy does.
//!
//! Owns nothing but a name; reads the kernel's table until it says what a test waits for.

use crate::harness::PATIENCE;
use std::{
    net::{IpAddr, SocketAddr},
    thread,
    time::Duration,
};

/// How often in a row a queue is the same that does not move, and how far apart: to read the
/// kernel's table costs it a walk over every connection there is.
const STUCK: u32 = 4;
const APART: Duration = Duration::from_millis(15);

/// How many bytes are queued between `ends`, to be sent (0) or to be read (1).
fn queued(table: &str, ends: &str, nth: usize) -> u32 {
    let line = table.lines().find_map(|line| line.split_once(ends));
    // Behind the addresses the state, and behind that "TX:RX".
    let queues = line.unwrap().1.split(' ').nth(1).unwrap();
    u32::from_str_radix(queues.split(':').nth(nth).unwrap(), 16).unwrap()
}

/// The proxy's end of a connection, as the kernel's table has it.
#[derive(Debug)]
pub(crate) struct Leg(String);

impl Leg {
    pub(crate) fn of(near: SocketAddr, far: SocketAddr) -> Leg {
        let half = |address: SocketAddr| match address.ip() {
            IpAddr::V4(ip) => {
                let ip = u32::from_ne_bytes(ip.octets());
                format!("{ip:08X}:{:04X}", address.port())
            }
            IpAddr::V6(_) => panic!("origins listen on IPv4"),
        };
        Leg(format!("{} {}", half(near), half(far)))
    }

    /// Waits until the proxy has read everything that was sent to it.
    pub(crate) fn until_read(&self) {
        let (near, far) = self.0.split_once(' ').unwrap();
        let (near, far) = (format!("{near} {far} "), format!("{far} {near} "));
        for _ in 0..PATIENCE.as_millis() {
            let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
            if queued(&table, &near, 1) == 0 && queued(&table, &far, 0) == 0 {
                return;
            }
            thread::sleep(Duration::from_millis(1));
        }
        panic!("not everything is read at {}", self.0);
    }

    /// Waits until the proxy has written more than is being taken: until what is queued at its end
    /// has stayed the same for a while, and is not nothing.
    pub(crate) fn until_stuck(&self) {
        let (mut last, mut same) = (0, 0);
        for _ in 0..PATIENCE.as_millis() / APART.as_millis() {
            let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
            let queued = queued(&table, &format!("{} ", self.0), 0);
            same = if queued > 0 && queued == last {
                same + 1
            } else {
                0
            };
            if same == STUCK {
                return;
            }
            last = queued;
            thread::sleep(APART);
        }
        panic!("nothing is stuck at {}", self.0);
    }

    /// Waits until an end has arrived there, whether or not the proxy has been told of it: also
    /// on loopback a segment may be under way for a moment.
    pub(crate) fn until_ended(&self) {
        let established = format!("{} 01 ", self.0);
        for _ in 0..PATIENCE.as_millis() {
            let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
            if !table.contains(&established) {
                return;
            }
            thread::sleep(Duration::from_millis(1));
        }
        panic!("no end arrives at {}", self.0);
    }
}

//! The ends on the kernel's loopback, by system calls alone.

use crate::script::{Act, Player, Step, Wait};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, Shutdown, SocketAddr},
    time::Duration,
};
use tidegate::net::kernel;
use tidegate_sim::{
    errno::Errno,
    socket::{Call, Readiness, Told},
};

/// How often a thing is looked for: each look waits up to [`LOOK`], so it is for ten seconds.
const LOOKS: u32 = 1_000;

/// How long one look waits.
const LOOK: Duration = Duration::from_millis(10);

/// Looks in a row that see nothing move: then nothing moves.
const STILL: u32 = 30;

/// Two sockets, and the one that listens.
pub(crate) struct Pair {
    /// Bound from the beginning, so that its address is nobody else's.
    listener: Option<Socket>,
    address: SockAddr,
    sockets: [Option<Socket>; 2],
    small: bool,
}

impl Pair {
    pub(crate) fn new(small: bool) -> Pair {
        let listener = socket(small);
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        listener.bind(&any.into()).unwrap();
        Pair {
            address: listener.local_addr().unwrap(),
            listener: Some(listener),
            sockets: [None, None],
            small,
        }
    }

    fn call(&mut self, step: &Step, call: Call) -> Told {
        let socket = self.sockets[step.end as usize].as_ref();
        self::call(socket.expect("the end is there"), call)
    }

    fn connect(&mut self) -> String {
        let socket = socket(self.small);
        match socket.connect_timeout(&self.address, Duration::from_secs(10)) {
            Ok(()) => {
                socket.set_nonblocking(true).unwrap();
                self.sockets[0] = Some(socket);
                "ok".to_string()
            }
            Err(error) => format!("{:?}", error.kind()),
        }
    }

    fn accept(&mut self) -> String {
        let listener = self.listener.as_ref().expect("it listens");
        look(listener, PollFlags::IN, LOOK * LOOKS);
        let (socket, _) = listener.accept().unwrap();
        socket.set_nonblocking(true).unwrap();
        self.sockets[1] = Some(socket);
        "ok".to_string()
    }

    /// Waits until it is so.
    fn wait(&mut self, step: &Step, wait: Wait) -> String {
        for _ in 0..LOOKS {
            if wait.is_over(|call| self.call(step, call)) {
                return "yes".to_string();
            }
            let socket = self.sockets[step.end as usize].as_ref().unwrap();
            // No flag tells of acknowledgements: it is asked again after a look at what is none.
            let flags = match wait {
                Wait::In => PollFlags::IN,
                Wait::Out => PollFlags::OUT,
                Wait::ReadHangup => PollFlags::RDHUP,
                Wait::Hangup | Wait::Error | Wait::Acked => PollFlags::empty(),
            };
            look(socket, flags, LOOK);
        }
        "never".to_string()
    }

    /// Repeats a call until it says something else than bytes, and says so until nothing has
    /// moved for some looks.
    fn repeat(&mut self, step: &Step, call: Call, flags: PollFlags) -> String {
        let mut still = 0;
        loop {
            match self.call(step, call) {
                Told::Bytes(0) => return Told::Bytes(0).to_string(),
                Told::Bytes(_) => still = 0,
                Told::Again if still < STILL => {
                    still += 1;
                    let socket = self.sockets[step.end as usize].as_ref().unwrap();
                    look(socket, flags, LOOK);
                }
                told => return told.to_string(),
            }
        }
    }
}

impl Player for Pair {
    fn play(&mut self, step: &Step) -> String {
        let end = step.end as usize;
        match step.act {
            Act::Listen => {
                let listener = self.listener.as_ref().unwrap();
                listener.listen(16).unwrap();
                "ok".to_string()
            }
            Act::Unlisten => {
                self.listener = None;
                "ok".to_string()
            }
            Act::Connect => self.connect(),
            Act::Accept => self.accept(),
            Act::Call(call) => self.call(step, call).to_string(),
            Act::Fill => self.repeat(step, Call::Write(100), PollFlags::OUT),
            Act::Drain => self.repeat(step, Call::Read(4_096), PollFlags::IN),
            Act::Await(wait) => self.wait(step, wait),
            Act::Close => {
                self.sockets[end] = None;
                "ok".to_string()
            }
            Act::Reset => {
                let socket = self.sockets[end].take().expect("the end is there");
                socket.set_linger(Some(Duration::ZERO)).unwrap();
                "ok".to_string()
            }
        }
    }
}

fn socket(small: bool) -> Socket {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP)).unwrap();
    socket.set_tcp_nodelay(true).unwrap();
    if small {
        // The kernel raises both to the least it can do with.
        socket.set_send_buffer_size(1).unwrap();
        socket.set_recv_buffer_size(1).unwrap();
    }
    socket
}

/// Waits for a socket to say one of `flags`, or that it has failed, and not for ever.
fn look(socket: &Socket, flags: PollFlags, long: Duration) -> PollFlags {
    let mut fds = [PollFd::new(socket, flags)];
    let long = Timespec::try_from(long).unwrap();
    poll(&mut fds, Some(&long)).unwrap();
    fds[0].revents()
}

fn call(mut socket: &Socket, call: Call) -> Told {
    match call {
        Call::Write(n) => moved(socket.write(&vec![b'x'; n as usize])),
        Call::Read(n) => moved(socket.read(&mut vec![0; n as usize])),
        Call::Shutdown => match socket.shutdown(Shutdown::Write) {
            Ok(()) => Told::Done,
            Err(error) => Told::Failed(errno(&error)),
        },
        Call::TakeError => match socket.take_error().unwrap() {
            None => Told::NoError,
            Some(error) => Told::Failed(errno(&error)),
        },
        Call::Poll => {
            let all = PollFlags::IN | PollFlags::OUT | PollFlags::RDHUP;
            let said = look(socket, all, Duration::ZERO);
            Told::Ready(Readiness {
                input: said.contains(PollFlags::IN),
                output: said.contains(PollFlags::OUT),
                read_hangup: said.contains(PollFlags::RDHUP),
                hangup: said.contains(PollFlags::HUP),
                error: said.contains(PollFlags::ERR),
            })
        }
        Call::Unacked => Told::Bytes(kernel::unacked(socket).unwrap()),
    }
}

fn moved(moved: io::Result<usize>) -> Told {
    match moved {
        Ok(n) => Told::Bytes(u32::try_from(n).unwrap()),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Told::Again,
        Err(error) => Told::Failed(errno(&error)),
    }
}

fn errno(error: &io::Error) -> Errno {
    let mut all = Errno::ALL.iter();
    let found = all.find(|errno| Some(errno.number()) == error.raw_os_error());
    *found.unwrap_or_else(|| panic!("no script is about {error}"))
}

//! The program under test as a child process, and the programs that talk to it.
//!
//! Owns processes and temporary directories, and ends both. Every wait here is for an event and
//! has a limit; [`Proxy::start`] is the only place that knows the command line.

use crate::{
    peers::Raw,
    secure::{Secure, Version},
};
use rustix::{
    event::{PollFd, PollFlags, poll},
    process::{Pid, PidfdFlags, Signal, WaitOptions, kill_process, pidfd_open, waitpid},
};
use std::{
    io::{Read, Write},
    net::SocketAddr,
    os::unix::net::UnixDatagram,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::Duration,
};

pub(crate) use crate::scratch::{Scratch, arg, authority};

/// How long anything may take before a test gives up on it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// A child process whose output is read as it comes. Dropped, it is killed.
pub(crate) struct Running {
    child: Child,
    output: Receiver<Vec<u8>>,
    said: Vec<u8>,
}

/// How a child ended.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) status: ExitStatus,
    /// Both its output and its error stream.
    pub(crate) said: String,
}

impl Done {
    pub(crate) fn code(&self) -> Option<i32> {
        self.status.code()
    }
}

impl Running {
    /// Starts `command`; `package` is where Debian has it.
    pub(crate) fn start(command: &mut Command, package: &str) -> Running {
        let program = command.get_program().to_string_lossy().into_owned();
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("cannot run `{program}` ({error}); on Debian it is in the package {package}")
            });
        let (say, output) = channel();
        let streams: [Box<dyn Read + Send>; 2] = [
            Box::new(child.stdout.take().unwrap()),
            Box::new(child.stderr.take().unwrap()),
        ];
        for mut stream in streams {
            let say = say.clone();
            thread::spawn(move || {
                let mut buf = vec![0; 64 * 1024];
                while let Ok(n @ 1..) = stream.read(&mut buf) {
                    if say.send(buf[..n].to_vec()).is_err() {
                        return;
                    }
                }
            });
        }
        let said = Vec::new();
        Running {
            child,
            output,
            said,
        }
    }

    pub(crate) fn said(&self) -> String {
        String::from_utf8_lossy(&self.said).into_owned()
    }

    /// Waits until `find` finds something in what was said.
    pub(crate) fn until<T>(&mut self, what: &str, find: impl Fn(&str) -> Option<T>) -> T {
        loop {
            if let Some(found) = find(&self.said()) {
                return found;
            }
            match self.output.recv_timeout(PATIENCE) {
                Ok(more) => self.said.extend(more),
                Err(RecvTimeoutError::Timeout) => {
                    panic!("waited in vain for {what}; it said:\n{}", self.said())
                }
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("it ended before {what}; it said:\n{}", self.said())
                }
            }
        }
    }

    /// Writes to its input.
    pub(crate) fn say(&mut self, bytes: &[u8]) {
        self.child.stdin.as_mut().unwrap().write_all(bytes).unwrap();
    }

    /// Ends its input.
    pub(crate) fn end_input(&mut self) {
        drop(self.child.stdin.take());
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Stops it until [`Running::resume`]: whatever happens meanwhile, it learns of at once.
    pub(crate) fn pause(&self) {
        self.signal(Signal::STOP);
        let pid = Pid::from_child(&self.child);
        waitpid(Some(pid), WaitOptions::UNTRACED).unwrap();
    }

    pub(crate) fn resume(&self) {
        self.signal(Signal::CONT);
    }

    /// Waits for its end, though others may go on to write to its output.
    pub(crate) fn exit_code(&mut self) -> Option<i32> {
        let pidfd = pidfd_open(Pid::from_child(&self.child), PidfdFlags::empty()).unwrap();
        let most = rustix::event::Timespec::try_from(PATIENCE).unwrap();
        let mut end = [PollFd::new(&pidfd, PollFlags::IN)];
        let ended = poll(&mut end, Some(&most)).unwrap();
        assert_eq!(ended, 1, "it does not end");
        self.child.wait().unwrap().code()
    }

    /// Waits for its end, which its output's end tells.
    pub(crate) fn end(mut self) -> Done {
        loop {
            match self.output.recv_timeout(PATIENCE) {
                Ok(more) => self.said.extend(more),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    panic!("it does not end; it said:\n{}", self.said())
                }
            }
        }
        let status = self.child.wait().unwrap();
        let said = self.said();
        Done { status, said }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // An error here means that it is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            self.said.extend(self.output.iter().flatten());
            eprintln!("it said:\n{}", self.said());
        }
    }
}

/// What the proxy is to serve.
#[derive(Clone, Debug)]
pub(crate) enum Serve {
    Http(SocketAddr),
    Https(SocketAddr),
    Tcp(SocketAddr),
    Tls(SocketAddr),
    /// TLS that ends at the origin.
    Passthrough(SocketAddr),
    /// What a file of this text says.
    File(String),
}

/// A proxy that serves.
pub(crate) struct Proxy {
    pub(crate) process: Running,
    pub(crate) address: SocketAddr,
    scratch: Scratch,
}

impl Proxy {
    pub(crate) fn http(to: SocketAddr) -> Proxy {
        Proxy::serving(&Serve::Http(to))
    }

    pub(crate) fn https(to: SocketAddr) -> Proxy {
        Proxy::serving(&Serve::Https(to))
    }

    pub(crate) fn tcp(to: SocketAddr) -> Proxy {
        Proxy::serving(&Serve::Tcp(to))
    }

    pub(crate) fn tls(to: SocketAddr) -> Proxy {
        Proxy::serving(&Serve::Tls(to))
    }

    pub(crate) fn passthrough(to: SocketAddr) -> Proxy {
        Proxy::serving(&Serve::Passthrough(to))
    }

    /// One worker and one listener, configured by these lines, in front of `to`.
    pub(crate) fn configured(to: SocketAddr, listener: &str, rest: &str) -> Proxy {
        let text = format!(
            "defaults = \"2026\"\nworkers = 1\n\
            [[listener]]\nname = \"l\"\nbind = [\"127.0.0.1:0\"]\nto = \"c\"\n{listener}\n\
            [[cluster]]\nname = \"c\"\nendpoints = [\"{to}\"]\n{rest}\n"
        );
        Proxy::serving(&Serve::File(text))
    }

    /// In front of `to`, as the command line has it.
    pub(crate) fn to(to: &str) -> Proxy {
        let scratch = Scratch::new();
        let mut command = program(&scratch);
        command.args(["--listen", "127.0.0.1:0", "--to", to]);
        Proxy::started(command, scratch)
    }

    /// In front of `to`, as the command line has it, where the system trusts `ca` alone.
    pub(crate) fn trusting(ca: &Path, to: &str) -> Proxy {
        let scratch = Scratch::new();
        let mut command = program(&scratch);
        command.args(["--listen", "127.0.0.1:0", "--to", to]);
        command.env("SSL_CERT_FILE", ca).env_remove("SSL_CERT_DIR");
        Proxy::started(command, scratch)
    }

    /// The same, where the file says where it is asked.
    pub(crate) fn asked(text: String) -> Proxy {
        let scratch = Scratch::new();
        let mut command = command(&Serve::File(text), "127.0.0.1:0", &scratch);
        command.env("TIDEGATE_ADMIN", "");
        Proxy::started(command, scratch)
    }

    /// The same, started by another program, which is given the command line.
    pub(crate) fn asked_by(mut by: Command, text: String) -> Proxy {
        let scratch = Scratch::new();
        let inner = command(&Serve::File(text), "127.0.0.1:0", &scratch);
        by.arg(inner.get_program()).args(inner.get_args());
        for (name, value) in inner.get_envs() {
            by.env(name, value.unwrap_or_default());
        }
        by.env("TIDEGATE_ADMIN", "");
        Proxy::started(by, scratch)
    }

    /// In front of `to`, and what it tells whoever supervises it, who asks for a sign of life.
    pub(crate) fn supervised(to: SocketAddr) -> (Proxy, UnixDatagram) {
        let scratch = Scratch::new();
        let socket = UnixDatagram::bind(scratch.path("notify")).unwrap();
        let mut command = command(&Serve::Http(to), "127.0.0.1:0", &scratch);
        command.env("NOTIFY_SOCKET", scratch.path("notify"));
        command.env("WATCHDOG_USEC", "100000");
        (Proxy::started(command, scratch), socket)
    }

    /// What a file of this text says.
    pub(crate) fn of_file(text: String) -> Proxy {
        Proxy::serving(&Serve::File(text))
    }

    fn serving(serve: &Serve) -> Proxy {
        let scratch = Scratch::new();
        Proxy::started(command(serve, "127.0.0.1:0", &scratch), scratch)
    }

    /// The proxy in a shell that first does `before`, such as setting a limit.
    pub(crate) fn after(before: &str, to: SocketAddr) -> Proxy {
        let scratch = Scratch::new();
        let inner = command(&Serve::Http(to), "127.0.0.1:0", &scratch);
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(format!("{before}; exec \"$0\" \"$@\""));
        shell.arg(inner.get_program()).args(inner.get_args());
        for (name, value) in inner.get_envs() {
            shell.env(name, value.unwrap_or_default());
        }
        Proxy::started(shell, scratch)
    }

    pub(crate) fn started(mut command: Command, scratch: Scratch) -> Proxy {
        let mut process = Running::start(&mut command, "none: it is the program under test");
        let address = process.until("its address", address_in);
        Proxy {
            process,
            address,
            scratch,
        }
    }

    /// A client of it, in clear text.
    pub(crate) fn client(&self) -> Raw {
        Raw::connect(self.address)
    }

    /// A client of it, over TLS.
    pub(crate) fn secure(&self, version: Version) -> Secure {
        Secure::connect(self.address, &self.authority(), version)
    }

    /// Whose signature its development certificate bears.
    pub(crate) fn authority(&self) -> PathBuf {
        authority(&self.scratch)
    }

    /// `curl` with the flags every test wants, for this proxy.
    pub(crate) fn curl(&self, args: &[&str]) -> Done {
        let mut curl = Command::new("curl");
        curl.args(["-sS", "--max-time", "10", "--noproxy", "*"])
            .args(args)
            .env_remove("CURL_HOME");
        let mut running = Running::start(&mut curl, "curl");
        running.end_input();
        running.end()
    }

    pub(crate) fn url(&self, scheme: &str, path: &str) -> String {
        format!("{scheme}://localhost:{}{path}", self.address.port())
    }

    pub(crate) fn scratch(&self) -> &Scratch {
        &self.scratch
    }
}

/// Lines that are easily looked at, wherever they go.
const LINES: [&str; 2] = ["--log-format", "logfmt"];

/// The command line: here and nowhere else.
pub(crate) fn command(serve: &Serve, listen: &str, scratch: &Scratch) -> Command {
    let mut command = program(scratch);
    let to = match serve {
        Serve::Http(to) | Serve::Https(to) => to,
        Serve::Tcp(to) | Serve::Tls(to) | Serve::Passthrough(to) => {
            command.arg("tcp");
            to
        }
        Serve::File(text) => {
            command.arg("-c").arg(scratch.file("tidegate.toml", text));
            command.args(LINES);
            return command;
        }
    };
    command.args(["--listen", listen, "--to", &to.to_string()]);
    command.args(LINES);
    match serve {
        Serve::Https(_) | Serve::Tls(_) => command.args(["--tls", "dev"]),
        Serve::Passthrough(_) => command.args(["--tls", "passthrough"]),
        Serve::Http(_) | Serve::Tcp(_) | Serve::File(_) => &mut command,
    };
    command
}

/// The program, without arguments.
pub(crate) fn program(scratch: &Scratch) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidegate"));
    command.env("TIDEGATE_DATA_DIR", scratch.path(""));
    command.env("TIDEGATE_ADMIN", "off");
    command
}

/// Runs a command of the program to its end.
pub(crate) fn run(mut command: Command) -> Done {
    Running::start(&mut command, "none: it is the program under test").end()
}

/// The first address with a port in `said`, once its line is complete.
pub(crate) fn address_in(said: &str) -> Option<SocketAddr> {
    let whole = said.rsplit_once('\n').map_or("", |(lines, _)| lines);
    // A log line with some other address may come first.
    let line = whole.lines().find(|line| line.contains(" -> "))?;
    let from = &line[line.find("127.0.0.1:")?..];
    let end = from
        .find(|c: char| !c.is_ascii_digit() && c != '.' && c != ':')
        .unwrap_or(from.len());
    from[..end]
        .parse()
        .ok()
        .filter(|a: &SocketAddr| a.port() != 0)
}

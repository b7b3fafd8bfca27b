//! What a process is given as it is started, and what it gives up: sockets of a supervisor, an error stream,
//! and root.

mod kept;

use crate::{
    exchange::{GET, OK, answered},
    harness::{Proxy, Running, Scratch, Serve, command},
    peers::{Origin, Peer, Raw},
    serving::Serving,
};
use rustix::process::{Signal, geteuid};
use socket2::{Domain, Socket, Type};
use std::{
    fs,
    io::{Read, Write},
    net::SocketAddr,
    process::Command,
    thread,
};

/// Opens sockets as a supervisor does, says where they listen, and becomes what it is told to once somebody
/// says a word. What each is called and is: `NAME=tcp`, or `NAME=udp`.
const SUPERVISOR: &str = r"
import os, socket, sys
names = [one.split('=') for one in sys.argv[1].split(',')]
for at, (name, kind) in enumerate(names):
    one = socket.socket(socket.AF_INET, socket.SOCK_STREAM if kind == 'tcp' else socket.SOCK_DGRAM)
    one.bind(('127.0.0.1', 0))
    if kind == 'tcp': one.listen()
    print('at', one.getsockname()[1], flush=True)
    fd = one.detach()
    if fd != 3 + at: os.dup2(fd, 3 + at)
    os.set_inheritable(3 + at, True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(names)),
    LISTEN_FDNAMES=':'.join(name for name, _ in names))
sys.stdin.readline()
os.execv(sys.argv[2], sys.argv[2:])
";

/// The proxy of a file of this text, once it is let, with sockets; and where they listen.
fn supervised(text: &str, sockets: &str) -> (Running, Vec<SocketAddr>, Scratch) {
    supervised_by(&[], text, sockets)
}

/// The same; `by` is the command that becomes it.
fn supervised_by(by: &[&str], text: &str, sockets: &str) -> (Running, Vec<SocketAddr>, Scratch) {
    let scratch = Scratch::new();
    let mut outer = supervisor(by, text, sockets, &scratch);
    let (running, at) = opened(&mut outer, sockets);
    (running, at, scratch)
}

fn supervisor(by: &[&str], text: &str, sockets: &str, scratch: &Scratch) -> Command {
    let inner = command(&Serve::File(text.to_owned()), "", scratch);
    let mut outer = Command::new("python3");
    outer.args(["-c", SUPERVISOR, sockets]).args(by);
    outer.arg(inner.get_program()).args(inner.get_args());
    for (name, value) in inner.get_envs() {
        outer.env(name, value.unwrap_or_default());
    }
    outer
}

/// A supervisor that has opened its sockets.
fn opened(outer: &mut Command, sockets: &str) -> (Running, Vec<SocketAddr>) {
    let mut running = Running::start(outer, "python3");
    let count = sockets.split(',').count();
    let at = running.until("its sockets", |said| {
        let ports = said.lines().filter_map(|line| line.strip_prefix("at "));
        let at: Vec<_> = ports
            .filter_map(|port| Some(SocketAddr::from(([127, 0, 0, 1], port.parse().ok()?))))
            .collect();
        (at.len() == count).then_some(at)
    });
    (running, at)
}

fn file(bind: &str, to: SocketAddr) -> String {
    format!(
        "defaults = \"2026\"\nworkers = 2\n[[listener]]\nname = \"web\"\nbind = [\"{bind}\"]\nto = \"c\"\n\
        [[cluster]]\nname = \"c\"\nendpoints = [\"{to}\"]\n"
    )
}

fn until(running: &mut Running, what: &str) {
    running.until(what, |said| said.contains(what).then_some(()));
}

#[test]
fn a_supervisors_socket_is_listened_at_and_who_waits_there_is_served() {
    let origin = Origin::new();
    let sockets = "web=tcp,other=tcp,odd=udp";
    let (mut running, at, scratch) = supervised(&file("127.0.0.1:0", origin.address()), sockets);
    // Nobody is there yet.
    let mut early = Raw::connect(at[0]);
    early.say(GET);
    running.say(b"go on\n");
    answered(&mut early, &mut origin.accept());
    until(
        &mut running,
        &format!("nobody takes the socket `other` at {}", at[1]),
    );
    until(
        &mut running,
        "the socket `odd` is not used: it is no TCP socket",
    );
    // Its name is no listener's; its address becomes one's.
    let mut later = Raw::connect(at[1]);
    later.say(GET);
    let text = file(&at[1].to_string(), origin.address());
    scratch.file("tidegate.toml", text);
    running.signal(Signal::HUP);
    let mut up = origin.accept();
    up.message();
    up.say(OK);
    assert_eq!(later.message().body, b"ok");
    running.signal(Signal::TERM);
    until(&mut running, "draining");
}

/// A reload is whole or nothing, also for who waits at a socket that it had found.
#[test]
fn a_reload_that_fails_leaves_a_supervisors_socket_as_it_was() {
    let (origin, taken) = (Origin::new(), Origin::new());
    let text = file("127.0.0.1:0", origin.address());
    let (mut running, at, scratch) = supervised(&text, "web=tcp,other=tcp");
    running.say(b"go on\n");
    until(&mut running, "nobody takes the socket `other`");
    let mut waits = Raw::connect(at[1]);
    waits.say(GET);
    let right = file(&at[1].to_string(), origin.address());
    let late = format!(
        "[[listener]]\nname = \"z\"\nbind = [\"{}\"]\nto = \"c\"\n",
        taken.address()
    );
    scratch.file("tidegate.toml", format!("{right}{late}"));
    running.signal(Signal::HUP);
    until(&mut running, "not reloaded");
    scratch.file("tidegate.toml", right);
    running.signal(Signal::HUP);
    let mut up = origin.accept();
    up.message();
    up.say(OK);
    assert_eq!(waits.message().body, b"ok");
}

/// A disk that is full, a terminal that is gone: the words are lost, and nothing else.
#[test]
fn an_error_stream_that_takes_nothing_costs_its_words_and_nothing_else() {
    let origin = Origin::new();
    let text = file("127.0.0.1:0", origin.address());
    let full = ["/bin/sh", "-c", "exec \"$0\" \"$@\" 2>/dev/full"];
    let (mut running, at, scratch) = supervised_by(&full, &text, "web=tcp");
    running.say(b"go on\n");
    let mut client = Raw::connect(at[0]);
    client.say(GET);
    let mut up = origin.accept();
    up.message();
    // There is something to say of each.
    scratch.file("tidegate.toml", "nonsense");
    running.signal(Signal::HUP);
    running.signal(Signal::TERM);
    up.say(OK);
    assert_eq!(client.message().body, b"ok");
    drop((client, up));
    assert_eq!(running.exit_code(), Some(0));
}

/// Its error stream is a pipe, and it is what keeps that open: nobody reads it who does not open it.
const UNREAD: [&str; 3] = [
    "/bin/sh",
    "-c",
    "mkfifo \"$TIDEGATE_DATA_DIR/unread\" && exec \"$0\" \"$@\" 2<>\"$TIDEGATE_DATA_DIR/unread\"",
];

/// Workers share connections, and none has many more than another: of so many each has some.
const CLIENTS: usize = 24;

/// Each client asks for what is not there so often. A pipe holds 64 KiB: some 400 messages of that.
const TIMES: usize = 60;

/// A proxy that has much to say, and its clients. Nobody reads what it says yet.
struct Unheard {
    running: Running,
    at: Vec<SocketAddr>,
    scratch: Scratch,
    clients: Vec<Raw>,
    origin: Serving,
    /// Bound, and nobody listens: it refuses connections, and nobody else comes to be there.
    refuses: Socket,
}

impl Unheard {
    fn new() -> Unheard {
        let refuses = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
        refuses.bind(&anywhere.into()).unwrap();
        let origin = Serving::echo();
        let text = halves("127.0.0.1:0", &refuses, origin.address());
        let (mut running, at, scratch) = supervised_by(&UNREAD, &text, "web=tcp,other=tcp");
        running.say(b"go on\n");
        let clients = (0..CLIENTS).map(|_| Raw::connect(at[0])).collect();
        let mut unheard = Unheard {
            running,
            at,
            scratch,
            clients,
            origin,
            refuses,
        };
        for _ in 0..TIMES {
            unheard.ask("/refused", 502);
        }
        unheard
    }

    /// Every client asks for this, and is answered so.
    fn ask(&mut self, path: &str, status: u16) {
        for client in &mut self.clients {
            client.say(format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n").as_bytes());
            assert_eq!(client.message().status(), status, "{path}");
        }
    }
}

/// One route leads to who refuses, all else to who answers.
fn halves(bind: &str, refuses: &Socket, to: SocketAddr) -> String {
    let refuses = refuses.local_addr().unwrap().as_socket().unwrap();
    file(bind, to)
        + &format!(
            "[[route]]\nlistener = \"web\"\npath = \"/refused\"\nto = \"r\"\n\
            [[cluster]]\nname = \"r\"\nendpoints = [\"{refuses}\"]\nejection = \"off\"\n"
        )
}

/// The same of a pipe that nobody reads, which would have whoever writes there wait for ever (PRODUCT 6).
#[test]
fn an_error_stream_that_nobody_reads_costs_its_words_and_nothing_else() {
    let mut stage = Unheard::new();
    stage.ask("/a", 200);
    // Nor does whoever leads the process wait: it hears of what it is to do, and says so.
    let mut later = Raw::connect(stage.at[1]);
    later.say(GET);
    let bind = stage.at[1].to_string();
    let text = halves(&bind, &stage.refuses, stage.origin.address());
    stage.scratch.file("tidegate.toml", text);
    stage.running.signal(Signal::HUP);
    assert_eq!(later.message().status(), 200);
    stage.clients.clear();
    drop(later);
    stage.running.signal(Signal::TERM);
    assert_eq!(stage.running.exit_code(), Some(0));
}

#[test]
fn whoever_reads_the_error_stream_late_hears_all_of_it_to_the_last_word() {
    let mut stage = Unheard::new();
    let mut pipe = fs::File::open(stage.scratch.path("unread")).unwrap();
    let reads = thread::spawn(move || {
        let mut said = String::new();
        pipe.read_to_string(&mut said).unwrap();
        said
    });
    stage.ask("/a", 200);
    stage.clients.clear();
    stage.running.signal(Signal::TERM);
    assert_eq!(stage.running.exit_code(), Some(0));
    let said = reads.join().unwrap();
    let refused = "cannot connect to an endpoint";
    assert!(said.matches(refused).count() >= CLIENTS * TIMES, "{said}");
    assert!(!said.contains("messages lost"), "{said}");
    let mut rest = said.as_str();
    for words in [
        "nobody takes the socket `other`",
        refused,
        "draining",
        "what became of all connections",
    ] {
        let found = rest.split_once(words);
        rest = found.unwrap_or_else(|| panic!("{words}: {said}")).1;
    }
}

#[test]
fn a_supervisors_socket_is_known_by_its_address() {
    let origin = Origin::new();
    let (mut running, at, scratch) = supervised(&file("127.0.0.1:1", origin.address()), "any=tcp");
    scratch.file("tidegate.toml", file(&at[0].to_string(), origin.address()));
    running.say(b"go on\n");
    for _ in 0..3 {
        // Whichever worker takes it.
        let mut client = Raw::connect(at[0]);
        client.say(b"GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        let mut up = origin.accept();
        up.message();
        up.say(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
        assert_eq!(client.message().body, b"ok");
    }
}

/// Somebody without a name and without files.
const NOBODY: &str = "64999";

fn is_root() -> bool {
    let root = geteuid().is_root();
    if !root {
        let said = b"GIVING UP ROOT IS NOT PROVEN HERE: only root can\n";
        let _heard = std::io::stderr().write_all(said);
    }
    root
}

#[test]
fn root_is_given_up_by_every_thread_before_anybody_is_served() {
    if !is_root() {
        return;
    }
    let origin = Origin::new();
    let user = format!("user = \"{NOBODY}\"\nworkers");
    let text = file("127.0.0.1:0", origin.address()).replace("workers", &user);
    let mut proxy = Proxy::of_file(text.clone());
    let tasks = format!("/proc/{}/task", proxy.process.pid());
    let mut count = 0;
    for task in fs::read_dir(tasks).unwrap() {
        let status = fs::read_to_string(task.unwrap().path().join("status")).unwrap();
        let of = |key: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(key));
            line.unwrap().split_whitespace().collect::<Vec<_>>()
        };
        assert_eq!(of("Uid:"), [NOBODY; 4], "{status}");
        assert_eq!(of("Gid:"), [NOBODY; 4], "{status}");
        assert!(of("Groups:").is_empty(), "{status}");
        assert_eq!(of("CapEff:"), ["0000000000000000"], "{status}");
        count += 1;
    }
    assert!(count >= 4, "the workers too");
    let mut client = proxy.client();
    client.say(GET);
    answered(&mut client, &mut origin.accept());
    // What needs root is not to be had any more, and nothing is lost by that.
    let first = fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start").unwrap();
    assert_ne!(first.trim(), "0", "everybody may bind every port here");
    proxy
        .scratch()
        .file("tidegate.toml", text.replace("127.0.0.1:0", "127.0.0.1:1"));
    proxy.process.signal(Signal::HUP);
    until(
        &mut proxy.process,
        "not reloaded: cannot bind 127.0.0.1:1: permission denied",
    );
    let mut client = proxy.client();
    client.say(GET);
    answered(&mut client, &mut origin.accept());
}

#[test]
fn a_user_that_cannot_do_its_work_is_refused() {
    if !is_root() {
        return;
    }
    let origin = Origin::new();
    let text = file("127.0.0.1:0", origin.address());
    for (user, more, why) in [
        ("no-such-user", "", "there is no such user"),
        ("root", "", "that is root"),
        (NOBODY, "[log]\nfile = \"own.log\"\n", "cannot open"),
    ] {
        let text = text.replace("workers", &format!("user = \"{user}\"\nworkers")) + more;
        let scratch = Scratch::new();
        let done = crate::harness::run(command(&Serve::File(text), "", &scratch));
        assert_eq!(done.code(), Some(2), "{}", done.said);
        assert!(done.said.contains("error[E0320]"), "{}", done.said);
        assert!(done.said.contains(why), "{why}: {}", done.said);
    }
}

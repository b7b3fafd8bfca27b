//! The TCP states of our sockets, as a scrape tells them: the pile that only grows, as an operator finds
//! it.

use crate::{
    exchange::{GET, OK},
    harness::{program, run},
    peers::{End, Last, Origin, Peer, Raw},
    scraped::{SOCKET, Scraped, text},
};
use std::process::Command;

fn socket(kind: &str, scope: &str, name: &str, side: &str, state: &str) -> String {
    format!(
        "tidegate_{kind}{{scope=\"{scope}\",name=\"{name}\",side=\"{side}\",\
         network_connection_state=\"{state}\"}}"
    )
}

const NONE: [&str; 0] = [];

/// The rows of a listing, without its head.
fn conns(stage: &Scraped, filter: &[&str]) -> Vec<String> {
    let mut command = program(stage.proxy.scratch());
    command.arg("conns").args(filter);
    command
        .arg("--admin")
        .arg(stage.proxy.scratch().path(SOCKET));
    let done = run(command);
    assert_eq!(done.code(), Some(0), "{}", done.said);
    done.said.lines().skip(1).map(str::to_owned).collect()
}

/// A client that has said its last word to an origin that has not.
#[test]
fn a_half_closed_relay_is_seen_by_its_tcp_states_and_their_age() {
    let origin = Origin::new();
    let stage = Scraped::configured(origin.address(), "kind = \"tcp\"", "");
    let client = stage.proxy.client();
    let mut up = origin.accept();
    client.fin();
    assert_eq!(up.last(), Last::plain("", End::Fin));
    let down = socket("sockets", "listener", "l", "downstream", "close_wait");
    let over = socket("sockets", "cluster", "c", "upstream", "fin_wait_2");
    stage.show(&[
        (&down, 1.0),
        (&over, 1.0),
        (
            "tidegate_half_closed_connections{listener=\"l\",side=\"downstream\"}",
            1.0,
        ),
        (
            "tidegate_half_closed_connections{listener=\"l\",side=\"upstream\"}",
            1.0,
        ),
        (
            "tidegate_connections_active{listener=\"l\",phase=\"tunnel\"}",
            1.0,
        ),
        (
            "tidegate_config_generation_connections{generation=\"current\"}",
            1.0,
        ),
    ]);
    grows_older(&stage);
    either_leg_is_found_by_its_state(&stage);
    // The origin ends as well. No session has the connection to it any more, and it is still seen.
    up.fin();
    let mut client = client;
    assert_eq!(client.last(), Last::plain("", End::Fin));
    let rest = socket("sockets", "cluster", "c", "upstream", "time_wait");
    stage.show(&[
        (&rest, 1.0),
        (
            "tidegate_connections_active{listener=\"l\",phase=\"tunnel\"}",
            0.0,
        ),
        (
            "tidegate_half_closed_connections{listener=\"l\",side=\"downstream\"}",
            0.0,
        ),
        (
            "tidegate_config_generation_connections{generation=\"current\"}",
            0.0,
        ),
        (
            "tidegate_connection_phase_duration_seconds_count{listener=\"l\",phase=\"tunnel\"}",
            1.0,
        ),
    ]);
    assert_eq!(stage.scrape().value(&down), None);
    let rows = conns(&stage, &[]);
    let lone = "without a connection: 1 time_wait of cluster c, the oldest ";
    assert!(matches!(&*rows, [row] if row.starts_with(lone)), "{rows:?}");
    assert_eq!(conns(&stage, &["--state", "close_wait"]), NONE);
}

/// Its age is no younger for having been looked at, and looked at anew.
fn grows_older(stage: &Scraped) {
    let oldest = socket(
        "socket_state_oldest_seconds",
        "listener",
        "l",
        "downstream",
        "close_wait",
    );
    let mut last = 0.0;
    while last < 2.5 {
        let age = stage.scrape().value(&oldest).expect("it is still there");
        assert!(age >= last, "{age} behind {last}");
        last = age;
    }
}

/// Of a half-closed relay, and for how long a leg is in that state.
fn either_leg_is_found_by_its_state(stage: &Scraped) {
    for state in ["close_wait", "fin_wait_2"] {
        // Each is as old as the first look that found it so.
        let all = (0..1_000).map(|_| conns(stage, &["--state", state, "--older", "1s"]));
        let rows = all.into_iter().find(|rows| !rows.is_empty());
        let rows = rows.expect("it grows old");
        let shown = format!(" {state} ");
        assert!(
            matches!(&*rows, [row] if row.contains(&shown) && row.contains(" tunnel ")),
            "{rows:?}"
        );
    }
    assert_eq!(
        conns(stage, &["--state", "close_wait", "--older", "1h"]),
        NONE
    );
    assert_eq!(conns(stage, &["--state", "established"]), NONE);
}

/// What waits in the pool is no connection's, and is told apart from what is.
#[test]
fn a_connection_of_the_pool_is_counted_as_nobodys() {
    let origin = Origin::new();
    let stage = Scraped::configured(origin.address(), "", "");
    let mut client = stage.proxy.client();
    client.say(GET);
    let mut up = origin.accept();
    up.message();
    let rows = conns(&stage, &["--state", "established"]);
    assert!(
        matches!(&*rows, [row] if row.contains(" exchange ")),
        "{rows:?}"
    );
    up.say(OK);
    assert_eq!(client.message().body, b"ok");
    let rows = conns(&stage, &[]);
    let idle = "without a connection: 1 established of cluster c, the oldest ";
    let told = matches!(&*rows, [row, lone] if row.contains(" idle ") && lone.starts_with(idle));
    assert!(told, "{rows:?}");
}

/// Who else speaks to the same origin, and who else has the same port for something, is not ours.
#[test]
fn nobody_elses_sockets_are_counted() {
    let origin = Origin::new();
    let stage = Scraped::configured(origin.address(), "kind = \"tcp\"", "");
    let (_theirs, _at) = (Raw::connect(origin.address()), origin.accept());
    let _client = stage.proxy.client();
    let _up = origin.accept();
    let ours = socket("sockets", "cluster", "c", "upstream", "established");
    stage.shows(&ours, 1.0);
    stage.shows(
        &socket("sockets", "listener", "l", "downstream", "established"),
        1.0,
    );
}

/// Runs the rest of the command line where no socket of AF_NETLINK may be had, as under a supervisor that
/// restricts address families: seccomp(2), by its filter program.
const WITHOUT_NETLINK: &str = r"
import ctypes, os, platform, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
number = {'x86_64': 41, 'aarch64': 198}[platform.machine()]
load, equal, end = 0x20, 0x15, 0x06
program = [(load, 0, 0, 0), (equal, 0, 3, number), (load, 0, 0, 16), (equal, 0, 1, 16),
           (end, 0, 0, 0x00050001), (end, 0, 0, 0x7fff0000)]
code = b''.join(struct.pack('HBBI', *one) for one in program)
memory = ctypes.create_string_buffer(code)
head = struct.pack('HxxxxxxQ', len(program), ctypes.addressof(memory))
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, ctypes.create_string_buffer(head)) == 0, ctypes.get_errno()
os.execv(sys.argv[1], sys.argv[1:])
";

#[test]
fn where_the_kernel_may_not_be_asked_sessions_are_and_that_is_said() {
    let origin = Origin::new();
    let mut python = Command::new("python3");
    python.args(["-c", WITHOUT_NETLINK]);
    let text = text(origin.address(), "kind = \"tcp\"", "");
    let mut stage = Scraped::by(python, &text);
    let client = stage.proxy.client();
    let mut up = origin.accept();
    client.fin();
    assert_eq!(up.last(), Last::plain("", End::Fin));
    let (down, over) = (
        socket("sockets", "listener", "l", "downstream", "close_wait"),
        socket("sockets", "cluster", "c", "upstream", "fin_wait_2"),
    );
    stage.show(&[(&down, 1.0), (&over, 1.0)]);
    let oldest = socket(
        "socket_state_oldest_seconds",
        "cluster",
        "c",
        "upstream",
        "fin_wait_2",
    );
    let mut last = 0.0;
    while last < 1.5 {
        let age = stage.scrape().value(&oldest).expect("it is still there");
        assert!(age >= last, "{age} behind {last}");
        last = age;
    }
    let rows = conns(&stage, &["--state", "close_wait"]);
    assert!(
        matches!(&*rows, [row] if row.contains(" close_wait ")),
        "{rows:?}"
    );
    assert_eq!(
        conns(&stage, &["--state", "established"]),
        Vec::<String>::new()
    );
    let said = "the kernel does not list sockets (sock_diag)";
    stage
        .proxy
        .process
        .until("why", |all| all.contains(said).then_some(()));
    assert_eq!(stage.proxy.process.said().matches(said).count(), 1);
}

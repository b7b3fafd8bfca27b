//! Endpoints that an operator treats otherwise than the file says (PRODUCT 3).

use crate::{
    balance::Stage,
    exchange::GET,
    harness::{Done, Proxy, Running, Scratch, Serve, command, program, run},
    peers::{Origin, Peer, Raw},
    upgrade::Family,
};
use rustix::{net::listen, process::Pid};
use std::{os::unix::process::CommandExt, process::Command};

const SOCKET: &str = "admin.sock";

/// Closed, so that nobody takes the connection from the pool.
const LAST: &[u8] = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";

fn file(origins: &[Origin; 2], rest: &str) -> String {
    let [one, other] = [&origins[0], &origins[1]].map(Origin::address);
    format!(
        "defaults = \"2026\"\nworkers = 1\n[admin]\nunix = \"{SOCKET}\"\nhttp = \"off\"\n\
        [[listener]]\nname = \"l\"\nbind = [\"127.0.0.1:0\"]\nto = \"c\"\n\
        [[cluster]]\nname = \"c\"\nbalance = \"round-robin\"\nendpoints = [\"{one}\", \"{other}\"]\n{rest}"
    )
}

fn stage() -> Stage {
    let origins = [Origin::new(), Origin::new()];
    let proxy = Proxy::asked(file(&origins, ""));
    Stage { proxy, origins }
}

impl Stage {
    fn command(&self, args: &[&str]) -> Command {
        let mut command = program(self.proxy.scratch());
        command.args(args).arg("--admin");
        command.arg(self.proxy.scratch().path(SOCKET));
        command
    }

    fn ask(&self, args: &[&str]) -> Done {
        run(self.command(args))
    }

    fn told(&self, args: &[&str]) -> String {
        let done = self.ask(args);
        assert_eq!(done.code(), Some(0), "{args:?}: {}", done.said);
        done.said
    }

    fn endpoint(&self, nth: usize) -> String {
        self.origins[nth].address().to_string()
    }

    /// Who gets so many requests, one after the other.
    fn goes_to(&self, requests: usize) -> Vec<usize> {
        let one = |_| {
            let (mut client, at, mut up) = self.asks();
            answers(&mut client, &mut up);
            at
        };
        (0..requests).map(one).collect()
    }
}

fn answers(client: &mut Raw, up: &mut Raw) {
    up.say(LAST);
    assert_eq!(client.message().body, b"ok");
}

#[test]
fn a_drained_endpoint_finishes_what_it_has_and_gets_nothing_new() {
    let stage = stage();
    let (mut client, at, mut up) = stage.asks();
    let (drained, other) = (stage.endpoint(at), stage.endpoint(1 - at));
    let said = stage.told(&["endpoint", "drain", "c", &drained]);
    let line = format!("  {drained}  up  drained, not in file\n");
    assert!(said.contains(&line), "{said}");
    assert!(said.contains(&format!("  {other}  up\n")), "{said}");
    assert!(stage.told(&["status"]).contains(&line));
    assert_eq!(stage.goes_to(4), [1 - at; 4]);

    // Whoever waits for it hears who is left, and is done when nobody is.
    let command = &mut stage.command(&["endpoint", "drain", "c", &drained, "--wait"]);
    let mut waits = Running::start(command, "none: it is the program under test");
    waits.until("who is left", |said| said.contains("1 left").then_some(()));
    assert!(!waits.said().contains("0 left"), "somebody still has it");
    answers(&mut client, &mut up);
    waits.until("that nobody is", |said| {
        said.contains("0 left").then_some(())
    });
    assert_eq!(waits.exit_code(), Some(0));

    // A file that says nothing new of it changes nothing of that.
    let before = file(&stage.origins, "");
    stage.proxy.scratch().file(
        "tidegate.toml",
        before.replace("workers = 1", "workers = 1\n"),
    );
    let said = stage.told(&["reload"]);
    let stays = format!("endpoint `{drained}` of cluster `c` stays changed by hand: drained");
    assert!(said.contains(&stays), "{said}");
    assert_eq!(stage.goes_to(4), [1 - at; 4]);

    let said = stage.told(&["endpoint", "enable", "c", &drained]);
    assert!(said.contains(&format!("  {drained}  up\n")), "{said}");
    let mut both = stage.goes_to(4);
    both.sort_unstable();
    assert_eq!(both, [0, 0, 1, 1]);
}

/// 4.8: who is served by the file from before hears of it, too.
#[test]
fn a_client_from_before_a_reload_that_chooses_otherwise_is_kept_from_a_drained_endpoint() {
    let stage = stage();
    let (mut client, at, mut up) = stage.asks();
    answers(&mut client, &mut up);
    let other = file(&stage.origins, "").replace("round-robin", "random");
    stage.proxy.scratch().file("tidegate.toml", &other);
    assert!(stage.told(&["reload"]).contains("cluster `c` changed"));
    let drained = stage.endpoint(at);
    stage.told(&["endpoint", "drain", "c", &drained]);
    for _ in 0..4 {
        client.say(GET);
        let (goes_to, mut up) = stage.next();
        answers(&mut client, &mut up);
        assert_eq!(goes_to, 1 - at);
    }
    stage.told(&["endpoint", "enable", "c", &drained]);
    let mut both: Vec<_> = (0..2)
        .map(|_| {
            client.say(GET);
            let (goes_to, mut up) = stage.next();
            answers(&mut client, &mut up);
            goes_to
        })
        .collect();
    both.sort_unstable();
    assert_eq!(both, [0, 1], "it takes turns as it did");
    // What is changed of an endpoint goes with it.
    stage.told(&["endpoint", "drain", "c", &drained]);
    let without = other.replace(&format!("\"{drained}\""), "\"127.0.0.1:1\"");
    stage.proxy.scratch().file("tidegate.toml", &without);
    let said = stage.told(&["reload"]);
    let gone = format!(
        "endpoint `{drained}` of cluster `c` is gone, and with it what was changed by hand: drained"
    );
    assert!(said.contains(&gone), "{said}");
}

/// Whoever is only about to reach an endpoint has it, as far as anybody is told who waits for its end.
#[test]
fn a_connect_under_way_counts_as_one_that_has_the_endpoint() {
    // Its queue is full, so that a handshake with it does not end.
    let full = Origin::new();
    listen(full.listener(), 0).unwrap();
    let to = full.address();
    let _first = Raw::connect(to);
    let proxy = Proxy::asked(format!(
        "defaults = \"2026\"\nworkers = 1\n[admin]\nunix = \"{SOCKET}\"\nhttp = \"off\"\n\
        [[listener]]\nname = \"l\"\nbind = [\"127.0.0.1:0\"]\nto = \"c\"\n\
        [[cluster]]\nname = \"c\"\nendpoints = [\"{to}\"]\n"
    ));
    let origins = [Origin::new(), Origin::new()];
    let stage = Stage { proxy, origins };
    let mut client = stage.proxy.client();
    client.say(GET);
    let args = ["conns", "--json", "--endpoint", &to.to_string()];
    let found = (0..200).any(|_| stage.told(&args).contains("\"conn\":"));
    assert!(found, "it is told of");
}

#[test]
fn an_endpoint_weighs_what_an_operator_says() {
    let stage = stage();
    let heavy = stage.endpoint(0);
    let said = stage.told(&["endpoint", "weight", "c", &heavy, "3"]);
    assert!(
        said.contains(&format!("  {heavy}  up  weight 3, not in file\n")),
        "{said}"
    );
    let of_heavy = stage.goes_to(8).into_iter().filter(|at| *at == 0).count();
    assert_eq!(of_heavy, 6, "three of four");
    stage.told(&["endpoint", "weight", "c", &heavy, "0"]);
    assert_eq!(stage.goes_to(3), [1, 1, 1]);
    let said = stage.told(&["endpoint", "weight", "c", &heavy, "file"]);
    assert!(!said.contains("not in file"), "{said}");
    let of_heavy = stage.goes_to(8).into_iter().filter(|at| *at == 0).count();
    assert_eq!(of_heavy, 4);
}

#[test]
fn whoever_drains_the_last_one_is_told_and_so_are_clients() {
    let stage = stage();
    for nth in [0, 1] {
        let said = stage.told(&["endpoint", "drain", "c", &stage.endpoint(nth)]);
        let last = said.contains("no endpoint gets anything new now: requests are refused");
        assert_eq!(last, nth == 1, "{said}");
    }
    let mut client = stage.proxy.client();
    client.say(GET);
    assert_eq!(client.message().status(), 503);
}

/// Wrong is neither what is asked nor a file: it may be asked of whoever serves next.
#[test]
fn whoever_asks_one_that_drains_is_told_so() {
    let stage = stage();
    let (mut client, at, mut up) = stage.asks();
    stage.told(&["drain"]);
    let one = stage.endpoint(at);
    for args in [&["endpoint", "drain", "c", &one][..], &["cert", "renew"]] {
        let done = stage.ask(args);
        assert_eq!(done.code(), Some(1), "{args:?}: {}", done.said);
        assert!(done.said.contains("it drains"), "{args:?}: {}", done.said);
    }
    answers(&mut client, &mut up);
}

#[test]
fn a_name_that_is_none_is_told_with_those_that_are() {
    let stage = stage();
    let one = stage.endpoint(0);
    let done = stage.ask(&["endpoint", "drain", "d", &one]);
    assert_eq!(done.code(), Some(1));
    assert!(
        done.said.contains("there is no cluster `d`; there are c"),
        "{}",
        done.said
    );
    let done = stage.ask(&["endpoint", "enable", "c", "127.0.0.1:1"]);
    assert_eq!(done.code(), Some(1));
    let said = format!(
        "no endpoint `127.0.0.1:1`; it has {one}, {}",
        stage.endpoint(1)
    );
    assert!(done.said.contains(&said), "{}", done.said);
    let done = stage.ask(&["endpoint", "weight", "c", &one, "257"]);
    assert_eq!(done.code(), Some(64), "{}", done.said);
    assert!(
        done.said.contains("write a number from 0 to 256"),
        "{}",
        done.said
    );
}

/// What is changed by hand is no less true for whoever serves next.
#[test]
fn the_next_process_treats_an_endpoint_as_the_one_before_did() {
    let (origins, scratch) = ([Origin::new(), Origin::new()], Scratch::new());
    let mut first = command(&Serve::File(file(&origins, "")), "", &scratch);
    first.env("TIDEGATE_ADMIN", "").process_group(0);
    let proxy = Proxy::started(first, scratch);
    let group = i32::try_from(proxy.process.pid()).unwrap();
    let stage = Stage { proxy, origins };
    // Ended before the first process is, for whose output's end it is waited.
    let _family = Family(Pid::from_raw(group).unwrap());
    stage.told(&["endpoint", "drain", "c", &stage.endpoint(0)]);
    stage.told(&["endpoint", "weight", "c", &stage.endpoint(1), "9"]);
    stage.told(&["upgrade"]);
    let said = stage.told(&["status"]);
    for line in [
        format!("  {}  up  drained, not in file\n", stage.endpoint(0)),
        format!("  {}  up  weight 9, not in file\n", stage.endpoint(1)),
    ] {
        assert!(said.contains(&line), "{said}");
    }
    assert_eq!(stage.goes_to(3), [1, 1, 1]);
}

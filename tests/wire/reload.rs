//! SIGHUP: another configuration, and no connection that hears of it (LIFECYCLE 4.8).

use crate::{
    exchange::{GET, OK, answered},
    harness::{Proxy, Scratch, arg},
    keys::Authority,
    names::{Names, Says},
    peers::{End, Last, Origin, Peer, Raw},
    secure::{Secure, Version},
};
use rustix::process::Signal;
use std::{fs, net::SocketAddr, path::Path};

const ASK: &[u8] =
    b"GET /chat HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
const SWITCH: &[u8] =
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

/// A proxy of a file, which is written anew.
struct Stage {
    proxy: Proxy,
    reloads: usize,
}

impl Stage {
    fn new(text: String) -> Stage {
        Stage {
            proxy: Proxy::of_file(text),
            reloads: 0,
        }
    }

    /// Says what is configured from now on; waits until that is so, and returns what was said of it.
    fn reload(&mut self, text: &str) -> String {
        self.proxy.scratch().file("tidegate.toml", text);
        self.reloads += 1;
        let count = self.reloads;
        self.proxy.process.signal(Signal::HUP);
        self.proxy.process.until("the reload", |said| {
            let lines = said
                .lines()
                .filter(|line| line.contains(" reloaded: ") && !line.contains("not reloaded"));
            lines.take(count).nth(count - 1).map(str::to_owned)
        })
    }

    /// Where it listens, in the order of the listeners' names.
    fn addresses(&mut self, count: usize) -> Vec<SocketAddr> {
        self.proxy.process.until("its addresses", |said| {
            let lines = said.lines().filter(|line| line.contains(" -> "));
            let all = lines.flat_map(|line| line.split(' ').filter_map(|word| word.parse().ok()));
            let all: Vec<SocketAddr> = all.filter(|one: &SocketAddr| one.port() != 0).collect();
            let first = all.iter().copied().step_by(2).collect::<Vec<_>>();
            (first.len() >= count).then_some(first)
        })
    }
}

/// Listeners of these names, each in front of an origin.
fn file(listeners: &[(&str, SocketAddr)], rest: &str) -> String {
    let of = |(name, to): &(&str, SocketAddr)| {
        format!(
            "[[listener]]\nname = \"{name}\"\nbind = [\"127.0.0.1:0\"]\nto = \"{name}\"\n{rest}\n\
            [[cluster]]\nname = \"{name}\"\nendpoints = [\"{to}\"]\n"
        )
    };
    let all: String = listeners.iter().map(of).collect();
    format!("defaults = \"2026\"\nworkers = 2\n{all}")
}

#[test]
fn who_comes_later_is_served_by_the_new_file_and_who_is_there_by_the_old_one() {
    let origins = [Origin::new(), Origin::new()];
    let [old, new] = [0, 1].map(|at: usize| origins[at].address());
    let mut stage = Stage::new(file(&[("l", old)], ""));
    let mut client = stage.proxy.client();
    client.say(GET);
    let mut up = origins[0].accept();
    up.message();
    let said =
        stage.reload(&file(&[("m", new), ("l", old)], "").replace("to = \"l\"", "to = \"m\""));
    assert!(
        said.contains("listener `l` changed; listener `m` new; cluster `m` new"),
        "{said}"
    );
    // What was under way goes on, and so does its connection, to where it always went.
    up.say(OK);
    assert_eq!(client.message().body, b"ok");
    client.say(GET);
    answered(&mut client, &mut up);
    let mut later = stage.proxy.client();
    later.say(GET);
    let mut up = origins[1].accept();
    answered(&mut later, &mut up);
}

/// 4.8.3: what an endpoint has, it keeps; what comes next goes elsewhere, whoever it comes from.
#[test]
fn an_endpoint_that_is_removed_finishes_what_it_has() {
    let origins = [Origin::new(), Origin::new()];
    let [old, new] = [0, 1].map(|at: usize| origins[at].address());
    let mut stage = Stage::new(file(&[("l", old)], ""));
    let mut client = stage.proxy.client();
    client.say(GET);
    let mut up = origins[0].accept();
    up.message();
    let said = stage.reload(&file(&[("l", new)], ""));
    assert!(
        said.contains("reloaded: cluster `l` changed (+1 -1 endpoints)"),
        "{said}"
    );
    up.say(OK);
    assert_eq!(client.message().body, b"ok");
    client.say(GET);
    answered(&mut client, &mut origins[1].accept());
}

/// Who has failed is left alone for as long as it would have been, whatever else has changed.
#[test]
fn an_ejection_outlives_it() {
    let origins = [Origin::new(), Origin::new()];
    let [failing, well] = [0, 1].map(|at: usize| origins[at].address());
    let rest = "ejection = { failures = 1, base = \"1h\", most = \"1h\" }\n";
    let endpoints = format!("\"{failing}\", {{ address = \"{well}\", tier = 1 }}");
    let text = file(&[("l", failing)], "").replace("workers = 2", "workers = 1");
    let text = text.replace(&format!("\"{failing}\""), &endpoints) + rest;
    let mut stage = Stage::new(text.clone());
    let mut client = stage.proxy.client();
    client.say(GET);
    let mut up = origins[0].accept();
    up.message();
    up.say(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(client.message().status(), 503);
    let said = stage.reload(&(text + "[drain]\ntimeout = \"9s\"\n"));
    assert!(!said.contains("cluster"), "{said}");
    let mut up = None;
    for _ in 0..4 {
        // Whoever comes now is served by the new file.
        let mut client = stage.proxy.client();
        client.say(GET);
        answered(&mut client, up.get_or_insert_with(|| origins[1].accept()));
    }
}

/// What a name was found to be is not forgotten, though nobody answers for it now.
#[test]
fn a_name_keeps_its_addresses() {
    let (origin, names) = (Origin::new(), Names::new(Says::Addresses(vec![1], 3_600)));
    let to = format!("api.internal:{}", origin.address().port());
    let text = file(&[("l", origin.address())], "").replace(&origin.address().to_string(), &to);
    let dns = format!("[dns]\nservers = [\"{}\"]\n", names.address());
    let mut stage = Stage::new(text.clone() + &dns);
    let mut ups = Vec::new();
    for attempts in [1, 2] {
        let mut client = stage.proxy.client();
        client.say(GET);
        let mut up = origin.accept();
        answered(&mut client, &mut up);
        // Nobody else is to have it.
        client.fin();
        up.fin();
        ups.push(up);
        if attempts == 1 {
            names.say(Says::Nothing);
            stage.reload(&(text.clone() + "[drain]\ntimeout = \"9s\"\n" + &dns));
        }
    }
}

#[test]
fn a_wrong_file_changes_nothing_and_says_so() {
    let origin = Origin::new();
    let text = file(&[("l", origin.address())], "");
    let mut stage = Stage::new(text.clone());
    for (wrong, said) in [
        (
            "defaults = \"2026\"\nworker = 2\n",
            "did you mean `workers`?",
        ),
        (
            // Somebody else listens there.
            &*text.replace("127.0.0.1:0", &origin.address().to_string()),
            "address in use",
        ),
        (
            &*text.replace(
                "to = \"l\"",
                "to = \"l\"\ntls = { cert = \"no.pem\", key = \"no.key\" }",
            ),
            "no.pem",
        ),
    ] {
        stage.proxy.scratch().file("tidegate.toml", wrong);
        stage.proxy.process.signal(Signal::HUP);
        stage.proxy.process.until("the refusal", |all| {
            let last = all.rsplit_once("not reloaded")?;
            (last.1.contains('\n') && all.contains(said)).then_some(())
        });
        let mut client = stage.proxy.client();
        client.say(GET);
        let mut up = origin.accept();
        up.message();
        up.say(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
        assert_eq!(client.message().body, b"ok");
    }
    let said = stage.reload(&text);
    assert!(said.contains("generation=2"), "{said}");
}

/// G2, G3, G4 of one listener; and the sockets of others are none of its business.
#[test]
fn a_thousand_websockets_are_held_through_the_drain_of_another_listener() {
    const COUNT: usize = 1_000;
    let origins = [Origin::new(), Origin::new()];
    let [going, staying] = [0, 1].map(|at: usize| origins[at].address());
    let mut stage = Stage::new(file(&[("a", going), ("b", staying)], ""));
    let addresses = stage.addresses(2);
    let mut sockets = Vec::new();
    for _ in 0..COUNT {
        let mut client = Raw::connect(addresses[1]);
        client.say(ASK);
        let mut up = origins[1].accept();
        up.message();
        up.say(SWITCH);
        assert_eq!(client.bare().status(), 101);
        sockets.push((client, up));
    }
    let mut other = Raw::connect(addresses[1]);
    other.say(GET);
    let mut other_up = origins[1].accept();
    answered(&mut other, &mut other_up);
    // One that is idle, one that is under way, and one that has left HTTP.
    let mut idle = Raw::connect(addresses[0]);
    idle.say(GET);
    answered(&mut idle, &mut origins[0].accept());
    let mut busy = Raw::connect(addresses[0]);
    busy.say(GET);
    let mut busy_up = origins[0].accept();
    busy_up.message();
    let mut tunnel = Raw::connect(addresses[0]);
    tunnel.say(ASK);
    let mut tunnel_up = origins[0].accept();
    tunnel_up.message();
    tunnel_up.say(SWITCH);
    assert_eq!(tunnel.bare().status(), 101);

    let said = stage.reload(&file(&[("b", staying)], ""));
    assert!(
        said.contains("listener `a` gone; cluster `a` gone"),
        "{said}"
    );
    assert_eq!(idle.last(), Last::plain([], End::Fin));
    busy_up.say(OK);
    let answer = busy.message();
    assert_eq!(answer.field("connection"), Some("close"));
    assert_eq!(busy.last(), Last::plain([], End::Fin));
    while Raw::try_connect(addresses[0]).is_ok() {
        // It closes behind what is in its queue.
        std::thread::yield_now();
    }
    other.say(GET);
    other_up.message();
    other_up.say(OK);
    assert_eq!(other.message().field("connection"), Some("keep-alive"));
    sockets.push((tunnel, tunnel_up));
    for (client, up) in &mut sockets {
        client.say(b"ping");
        assert_eq!(up.hear(4), b"ping");
        up.say(b"pong");
        assert_eq!(client.hear(4), b"pong");
    }
}

/// Above its limit of memory nobody is let in, and connections that are there are served on.
#[test]
fn accepting_pauses_above_the_limit_of_memory() {
    let origin = Origin::new();
    // One worker: the origin's connection serves whoever comes next.
    let text = file(&[("l", origin.address())], "").replace("workers = 2", "workers = 1");
    let mut stage = Stage::new(text.clone());
    let mut first = stage.proxy.client();
    first.say(GET);
    let mut up = origin.accept();
    answered(&mut first, &mut up);
    let said = stage.reload(&(text.clone() + "[limits]\nmemory = \"1MiB\"\n"));
    assert!(said.contains("memory changed"), "{said}");
    let until = |stage: &mut Stage, what: &str| {
        stage
            .proxy
            .process
            .until(what, |said| said.contains(what).then_some(()));
    };
    until(&mut stage, "memory is above its limit: accepting pauses");
    let mut second = stage.proxy.client();
    second.say(GET);
    first.say(GET);
    answered(&mut first, &mut up);
    assert!(
        second.is_quiet() && origin.is_untouched(),
        "nobody has taken it in"
    );
    stage.reload(&text);
    until(&mut stage, "memory is below its limit: accepting again");
    answered(&mut second, &mut up);
}

#[test]
fn certificates_are_read_again_and_sessions_are_resumed() {
    let (scratch, origin) = (Scratch::new(), Origin::new());
    let authorities = ["one", "two"].map(Authority::new);
    let write = |authority: &Authority| {
        let (cert, key) = authority.leaf("localhost").files(&scratch, "leaf");
        (arg(&cert).to_owned(), arg(&key).to_owned())
    };
    let ca = |authority: &Authority, name| authority.file(&scratch, name);
    let (cert, key) = write(&authorities[0]);
    let tls = format!("tls = {{ cert = \"{cert}\", key = \"{key}\" }}");
    let text = file(&[("l", origin.address())], &tls);
    let mut stage = Stage::new(text.clone());
    let trusts = |stage: &Stage, ca: &Path| {
        let mut client = Secure::connect(stage.proxy.address, ca, Version::Tls13);
        client.close_notify();
        client.fin();
    };
    trusts(&stage, &ca(&authorities[0], "one.pem"));
    write(&authorities[1]);
    let said = stage.reload(&text);
    assert!(
        said.contains("nothing changed; certificates were read again"),
        "{said}"
    );
    trusts(&stage, &ca(&authorities[1], "two.pem"));
    // A key that does not fit loses nothing.
    fs::write(&key, "no key").unwrap();
    stage.proxy.process.signal(Signal::HUP);
    stage.proxy.process.until("the refusal", |all| {
        all.contains("not reloaded").then_some(())
    });
    trusts(&stage, &ca(&authorities[1], "two.pem"));
}

//! What an operator asks of a running process, and does to it (PRODUCT 3 and 8).

use crate::{
    exchange::{GET, OK},
    harness::{Done, Proxy, Scratch, Serve, command, program, run},
    peers::{End, Last, Origin, Peer, Raw},
};
use std::{fs, net::SocketAddr, os::unix::fs::PermissionsExt};

/// A proxy that is asked at a Unix socket, and by HTTP.
pub(crate) struct Stage {
    pub(crate) proxy: Proxy,
    pub(crate) origin: Origin,
    pub(crate) http: SocketAddr,
}

pub(crate) const SOCKET: &str = "admin.sock";

pub(crate) fn file(to: SocketAddr, admin: &str) -> String {
    format!(
        "defaults = \"2026\"\nworkers = 1\n[[listener]]\nname = \"l\"\nbind = [\"127.0.0.1:0\"]\nto = \"c\"\n\
        [[cluster]]\nname = \"c\"\nendpoints = [\"{to}\"]\n\
        [admin]\nunix = \"{SOCKET}\"\nhttp = \"127.0.0.1:0\"\n{admin}"
    )
}

/// Where it is asked by HTTP, as it says itself.
pub(crate) fn asked_at(proxy: &mut Proxy) -> SocketAddr {
    proxy.process.until("where it is asked", |said| {
        let (_, rest) = said.split_once("admin  http://")?;
        rest.split_whitespace().next()?.parse().ok()
    })
}

impl Stage {
    pub(crate) fn new(admin: &str) -> Stage {
        let origin = Origin::new();
        let mut proxy = Proxy::asked(file(origin.address(), admin));
        let http = asked_at(&mut proxy);
        Stage {
            proxy,
            origin,
            http,
        }
    }

    /// What the command of this name comes to.
    pub(crate) fn ask(&self, args: &str) -> Done {
        let mut command = program(self.proxy.scratch());
        command.args(args.split(' '));
        command
            .arg("--admin")
            .arg(self.proxy.scratch().path(SOCKET));
        run(command)
    }

    /// What it says, if all is well.
    pub(crate) fn told(&self, args: &str) -> String {
        let done = self.ask(args);
        assert_eq!(done.code(), Some(0), "{args}: {}", done.said);
        done.said
    }

    /// The status and the body of what HTTP answers.
    pub(crate) fn http(&self, request: &str) -> (u16, String) {
        let mut client = Raw::connect(self.http);
        client.say(format!("{request}\r\n\r\n").as_bytes());
        let answer = client.message();
        (
            answer.status(),
            String::from_utf8(answer.body.clone()).unwrap(),
        )
    }

    /// A request under way, as both ends of it.
    pub(crate) fn asked(&self) -> (Raw, Raw) {
        let mut client = self.proxy.client();
        client.say(GET);
        let mut up = self.origin.accept();
        up.message();
        (client, up)
    }
}

/// The name of the one connection that is listed.
fn only(listed: &str) -> &str {
    let lines = listed.lines().filter(|row| !row.starts_with("without "));
    let lines: Vec<_> = lines.collect();
    assert_eq!(lines.len(), 2, "{listed}");
    lines[1].split_whitespace().next().unwrap()
}

#[test]
fn a_connection_says_why_it_is_open() {
    let stage = Stage::new("");
    let (mut client, mut up) = stage.asked();
    let listed = stage.told("conns");
    let conn = only(&listed).to_owned();
    assert!(listed.contains("exchange"), "{listed}");
    let why = stage.told(&format!("why {conn}"));
    for said in [
        "phase      exchange  cluster c",
        "client     waits for the other leg; established",
        "server     waits for an answer; established",
        "ends by    response in 5",
    ] {
        assert!(why.contains(said), "{said}: {why}");
    }
    up.say(OK);
    assert_eq!(client.message().body, b"ok");
    let why = stage.told(&format!("why {conn}"));
    assert!(why.contains("client     waits for a request"), "{why}");
    assert!(why.contains("ends by    idle in 1m 14s"), "{why}");
    let top = stage.told("top --once");
    for said in [
        "serving  generation 1",
        "1  ########################################",
        "client  established",
    ] {
        assert!(top.contains(said), "{said}: {top}");
    }
    // Filters: what is so, and what is not.
    for (filter, count) in [
        ("--phase idle", 1),
        ("--phase tunnel", 0),
        ("--listener l --state established", 1),
        ("--state close_wait", 0),
        ("--older 1h", 0),
        ("--cluster c", 0),
    ] {
        let listed = stage.told(&format!("conns {filter}"));
        // What is idle in the pool is no connection's.
        let rows = listed.lines().filter(|row| !row.starts_with("without "));
        assert_eq!(rows.count(), 1 + count, "{filter}: {listed}");
    }
    assert_eq!(stage.ask("why 7-99").code(), Some(1));
    assert_eq!(stage.ask("why nonsense").code(), Some(64));
    // How it came to that, for people and for whoever plays it again.
    assert!(why.contains("U connected"), "{why}");
    let trace = stage.told(&format!("why {conn} --trace"));
    let file = stage.proxy.scratch().file("why.trace", &trace);
    let replayed = stage.ask(&format!("trace replay {}", file.display()));
    assert_eq!(replayed.code(), Some(0), "{}{trace}", replayed.said);
    let json = stage.told(&format!("why {conn} --json"));
    assert!(json.contains("\"waits_for\":\"a request\""), "{json}");
}

/// G10.
#[test]
fn a_connection_is_ended_by_hand() {
    let stage = Stage::new("");
    let (mut client, mut up) = stage.asked();
    let conn = only(&stage.told("conns")).to_owned();
    stage.told(&format!("kill {conn}"));
    up.say(OK);
    let answer = client.message();
    assert_eq!(
        (&*answer.body, answer.field("connection")),
        (&b"ok"[..], Some("close"))
    );
    assert_eq!(client.last(), Last::plain("", End::Fin));
    // On the connection to the origin that is idle now.
    let mut client = stage.proxy.client();
    client.say(GET);
    up.message();
    let conn = only(&stage.told("conns --phase exchange")).to_owned();
    stage.told(&format!("kill {conn} --rst"));
    assert_eq!(client.last(), Last::plain("", End::Reset));
    assert_eq!(up.last(), Last::plain("", End::Reset));
}

#[test]
fn it_reads_its_configuration_again_when_it_is_told_to() {
    let stage = Stage::new("");
    let write = |text: &str| stage.proxy.scratch().file("tidegate.toml", text);
    let text = file(stage.origin.address(), "");
    write(&(text.clone() + "[drain]\ntimeout = \"9s\"\n"));
    assert_eq!(
        stage.told("reload --dry-run"),
        "would be: drain changed; nothing was changed\n"
    );
    assert_eq!(stage.told("reload"), "generation 2: drain changed\n");
    assert_eq!(
        stage.told("reload"),
        "generation 3: nothing changed; certificates were read again\n"
    );
    write(&text.replace("endpoints", "endpionts"));
    for verb in ["reload", "reload --dry-run"] {
        let done = stage.ask(verb);
        assert_eq!(done.code(), Some(2), "{verb}");
        assert!(
            done.said.contains("did you mean `endpoints`?"),
            "{}",
            done.said
        );
    }
    assert!(stage.told("status").contains("generation 3"));
}

#[test]
fn by_http_one_looks_and_changes_nothing() {
    let stage = Stage::new("");
    assert_eq!(
        stage.http("GET /livez HTTP/1.1\r\nHost: localhost").1,
        "ok\n"
    );
    let (status, metrics) = stage.http("GET /metrics HTTP/1.1\r\nHost: 127.0.0.1");
    assert_eq!(status, 200);
    assert!(metrics.contains("# TYPE tidegate_"), "{metrics}");
    for (request, status) in [
        (
            "POST /v1/stop HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0",
            403,
        ),
        (
            "DELETE /v1/connections/0-1 HTTP/1.1\r\nHost: localhost",
            403,
        ),
        // A page whose name leads to the loopback.
        ("GET /v1/config HTTP/1.1\r\nHost: evil.example", 421),
        ("GET /v1/nothing HTTP/1.1\r\nHost: localhost", 404),
        (
            "GET /v1/connections?colour=red HTTP/1.1\r\nHost: localhost",
            400,
        ),
    ] {
        assert_eq!(stage.http(request).0, status, "{request}");
    }
}

/// Whoever is on the machine may look at what is served, and finds no secret of the environment's there.
#[test]
fn what_came_from_the_environment_is_not_shown() {
    let (origin, scratch) = (Origin::new(), Scratch::new());
    let route = "[[route]]\nlistener = \"l\"\npath = \"/v1/\"\nto = \"c\"\n\
                 headers = { x-key = \"${env:KEY}\" }\n\
                 request_headers = { set = { Authorization = \"Bearer ${env:TOKEN}\", X-A = \"plain\" } }\n\
                 response_headers = { add = { X-B = \"${env:TOKEN}\" } }\n";
    let text = Serve::File(file(origin.address(), route));
    let mut command = command(&text, "", &scratch);
    command.env("TIDEGATE_ADMIN", "");
    command.env("TOKEN", "s3cret").env("KEY", "k3y");
    let mut proxy = Proxy::started(command, scratch);
    let http = asked_at(&mut proxy);
    let stage = Stage {
        proxy,
        origin,
        http,
    };
    let (status, config) = stage.http("GET /v1/config HTTP/1.1\r\nHost: localhost");
    assert_eq!(status, 200);
    for secret in ["s3cret", "k3y"] {
        assert!(!config.contains(secret), "{config}");
    }
    for line in [
        "path = \"/v1\"  # ",
        "headers = { \"x-key\" = \"…\" }  # ",
        "request_headers = { set = { \"Authorization\" = \"…\", \"X-A\" = \"plain\" } }  # ",
        "response_headers = { add = { \"X-B\" = \"…\" } }  # ",
    ] {
        assert!(config.contains(line), "{line}: {config}");
    }
    // It is served by all the same.
    let mut client = stage.proxy.client();
    client.say(b"GET /v1/a HTTP/1.1\r\nHost: h\r\nX-Key: k3y\r\n\r\n");
    let mut up = stage.origin.accept();
    assert_eq!(up.message().field("authorization"), Some("Bearer s3cret"));
    up.say(OK);
    assert_eq!(client.message().field("x-b"), Some("s3cret"));
}

#[test]
fn a_token_is_asked_for_where_there_is_one() {
    let scratch = Scratch::new();
    let token = scratch.file("token", "s3cret\n");
    let stage = Stage::new(&format!("token_file = \"{}\"\n", token.display()));
    let with =
        |word: &str| format!("GET /v1/status HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {word}");
    assert_eq!(stage.http(&with("s3cret")).0, 200);
    assert_eq!(stage.http(&with("s3cre")).0, 401);
    assert_eq!(
        stage.http("GET /v1/status HTTP/1.1\r\nHost: localhost").0,
        401
    );
    let reload =
        "POST /v1/reload HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nAuthorization: Bearer s3cret";
    assert_eq!(stage.http(reload).0, 200);
}

#[test]
fn the_socket_is_for_its_owner_and_is_found_and_left_in_order() {
    let stage = Stage::new("");
    let path = stage.proxy.scratch().path(SOCKET);
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // Somebody is asked there.
    let text = file(stage.origin.address(), "");
    let second = Scratch::new();
    let text = text.replace(SOCKET, &path.display().to_string());
    let start = |text: &str| {
        let mut command = program(&second);
        command.env("TIDEGATE_ADMIN", "");
        command.arg("-c").arg(second.file("tidegate.toml", text));
        command
    };
    let done = run(start(&text));
    assert_eq!(done.code(), Some(3), "{}", done.said);
    assert!(
        done.said.contains("cannot open the admin socket"),
        "{}",
        done.said
    );
    stage.told("stop");
    stage.proxy.process.end();
    assert!(!path.exists(), "it goes with the process");
    // What a process left that was killed is no obstacle.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let mut running = crate::harness::Running::start(&mut start(&text), "none");
    running.until("its banner", |said| {
        said.contains("admin  http").then_some(())
    });
}

/// The page has what it needs in itself, and is told how things stand as long as it listens. Whoever
/// listens and does not read is nobody's trouble.
#[test]
fn the_page_is_one_file_and_hears_of_what_happens() {
    let stage = Stage::new("");
    let (status, page) = stage.http("GET /ui/ HTTP/1.1\r\nHost: localhost");
    assert_eq!(status, 200);
    assert!(page.len() < 60_000, "{}", page.len());
    // The name of a language, and nothing that is fetched from elsewhere.
    assert_eq!(page.matches("://").count(), 1);
    let listen = b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let mut stuck = Raw::narrow(stage.http, 2_048);
    stuck.say(listen);
    let mut listener = Raw::connect(stage.http);
    listener.say(listen);
    let head = listener.head();
    assert!(head.contains("text/event-stream"), "{head}");
    let (_client, mut up) = stage.asked();
    let heard = listener.until("an event", |ahead| {
        let text = String::from_utf8_lossy(ahead);
        text.contains("\"phase\":\"exchange\"")
            .then_some(ahead.len())
    });
    assert!(!heard.is_empty());
    up.say(OK);
    assert!(stage.told("status").contains("serving"));
}

//! Files with nothing wrong in them: what they come to, and that printing them loses nothing.

use crate::{read, read_in};
use std::net::SocketAddr;
use tidegate::config::{
    self, At, Balance, BareFin, ClientFin, Config, HalfClose, OnIdle, Policy, Protocol, Tls,
    TunnelClose,
};
use tidegate_core::{
    limits::{Limits, Timeouts},
    route::Asked,
    time::Span,
    vigil::Keepalive,
};

pub(crate) fn good(text: &str) -> Config {
    read(text).unwrap_or_else(|said| panic!("{said}"))
}

/// What is printed has its paths complete, so it may be read from anywhere.
pub(crate) fn printed_good(text: &str) -> Config {
    read_in("", text).unwrap_or_else(|said| panic!("{said}"))
}

/// Everything at once.
pub(crate) const FULL: &str = r#"
defaults = "2026"
workers = 3

[[listener]]
name = "web"
max_connections = 10000
max_connections_per_source = 50
rate = { requests = 100, per = "1s", burst = 50 }
allow = ["10.0.0.0/8"]
deny = ["10.2.0.0/16"]
proxy_protocol = { accept_from = ["192.0.2.0/24"] }
behind = "aws-alb"
bind = [":443", "[::]:443"]
tls  = { cert = "good.pem", key = "/keys/good.key" }
to   = "files"
send_buffer = "4608B"
recv_buffer = "1MiB"
bare_fin = "clean"
client_fin = "probe"
tunnel_close = "both"
idle = "finish"
trusted = ["2001:db8::/32", "10.0.0.0/8", "192.0.2.7/32"]
forwarded = "both"
via = "edge"
request_id = "keep"
keepalive = { established = "2m", probes = 3, user_timeout = "4m" }
timeouts = { tls = "5s", head = "250ms", idle = "5m", idle_least = "1500ms", request = "31s", pace = "90s", write = "32s", tunnel = "2h", half_idle = "30m", tunnel_write = "33s", linger = "0s", linger_stall = "34s", flush = "500ms", flush_total = "3s" }

[[listener]]
name = "db"
kind = "tcp"
bind = ["127.0.0.1:5432"]
to   = "db"

[[listener]]
name = "local"
bind = [":0"]
tls  = "dev"
via  = false

[[listener]]
name = "mutual"
bind = [":8443"]
tls  = { certs = ["good.pem"], client_ca = "good.pem", client_auth = "optional" }
tls12_half_close = "strict"
to   = "secure"

[[listener]]
name = "passed"
kind = "tcp"
bind = [":9443"]
tls  = "passthrough"
to   = "db"
timeouts = { tls = "1s" }

[[route]]
listener = "passed"
host = "*.example.org"
to   = "files"

[[route]]
listener = "web"
host = "*.Example.com"
path = "/v1/"
to   = "api"

[[route]]
listener = "local"
path = "/only"
to = "api"

[[cluster]]
name = "files"
proxy_protocol = "v2"
endpoints = ["127.0.0.1:3000"]
balance = "random"
retries = { percent = 5, statuses = [503, 429, 503] }

[[cluster]]
name = "api"
endpoints = ["${env:API_HOST}:${env:PORT}", "[::1]:9"]
balance = "round-robin"
connect = true
send_buffer = "64KiB"
keepalive = { half_closed = "20s", interval = "5s" }
timeouts = { connect = "1s", response = "2s", body = "3s", write = "4s", tunnel_write = "6s", pool_idle = "5s" }

[[cluster]]
name = "db"
endpoints = ["db1:5432", "six:5432"]

[[cluster]]
name = "secure"
endpoints = ["db1:443", "127.0.0.1:443"]
tls = { ca = "good.pem", server_name = "db.example.org", cert = "good.pem", key = "good.key" }
health = { path = "/healthz", interval = "30s", body = "ok" }
timeouts = { tls = "7s" }

[[cluster]]
name = "trusted"
endpoints = ["db1:443", "127.0.0.1:443"]
tls = "system"

[limits]
relay  = "16KiB"
pipe   = "0B"
pipe_from = "4KiB"
head   = "128KiB"
fields = 50
target = "4KiB"
max_body = "10GiB"
min_body_rate = "1KiB"
memory = "2GiB"

[dns]
servers = ["10.0.0.53", "[fd00::53]:5353", "10.0.0.54:53"]
family = "all"
timeout = "1500ms"
attempts = 3

[drain]
pre_delay = "2500ms"
timeout = "5s"
"#;

#[test]
fn every_key_arrives() {
    let config = good(FULL);
    assert_eq!(config.workers.map(usize::from), Some(3));
    assert_eq!(config.dns.servers.len(), 3);
    assert_eq!(config.drain.pre_delay, Span::from_ms(2_500));
    assert_eq!(config.drain.timeout, Span::from_secs(5));
    let limits = Limits {
        relay_bytes: 16 << 10,
        pipe_bytes: 0,
        pipe_from_bytes: 4 << 10,
        head_bytes: 128 << 10,
        head_fields: 50,
        target_bytes: 4 << 10,
        inbox_bytes: 128 << 10,
        body_bytes: 10 << 30,
        body_rate: 1 << 10,
    };
    assert_eq!(config.limits, limits);

    let names: Vec<_> = config
        .listeners
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    assert_eq!(names, ["db", "local", "mutual", "passed", "web"]);
    let web = &config.listeners[4];
    let bind: [SocketAddr; 2] = [([0; 4], 443).into(), ([0u16; 8], 443).into()];
    assert_eq!(web.bind, bind);
    let Some(Tls::Files(files)) = &web.tls else {
        panic!("{:?}", web.tls)
    };
    assert_eq!(files[0].cert.to_str(), Some("conf/good.pem"));
    assert_eq!(files[0].key.to_str(), Some("/keys/good.key"));
    assert_eq!(
        (web.buffers.send_bytes, web.buffers.recv_bytes),
        (Some(4608), Some(1 << 20))
    );
    assert_eq!(web.protocol.alpn(), [b"http/1.1", b"http/1.0"]);
    let Protocol::Http(routes) = &web.protocol else {
        panic!("{:?}", web.protocol)
    };
    let to = |host, path| {
        let asked = Asked::new(Some(host), path, "GET", &());
        let plan = &routes.find(&asked)?.0.to;
        Some(config.clusters[plan.plain()?].name.as_str())
    };
    assert_eq!(to("a.example.com:443", "/v1/users"), Some("api"));
    assert_eq!(to("a.example.com", "/v2"), Some("files"));
    let connects = config.clusters.iter().map(|one| one.takes_connect);
    assert_eq!(
        connects.collect::<Vec<_>>(),
        [true, false, false, false, false]
    );
}

#[test]
fn every_balance_arrives() {
    let config = good(FULL);
    let balances = config.clusters.iter();
    let balances = balances.map(|one| (one.name.as_str(), one.balance));
    let expected = [
        ("api", Balance::RoundRobin),
        ("db", Balance::LeastRequest),
        ("files", Balance::Random),
        ("secure", Balance::LeastRequest),
        ("trusted", Balance::LeastRequest),
    ];
    assert!(balances.eq(expected));
}

#[test]
fn every_allowance_arrives() {
    let config = good(FULL);
    let of = |at: usize| {
        (
            config.clusters[at].retries.allowance.percent,
            config.clusters[at].retries.allowance.per_second,
        )
    };
    assert_eq!([0, 1, 2].map(of), [(20, 3), (20, 3), (5, 3)]);
    let statuses = |at: usize| config.clusters[at].retries.statuses.clone();
    assert_eq!([0, 2].map(statuses), [vec![], vec![429, 503]]);
}

#[test]
fn every_wait_arrives() {
    let config = good(FULL);
    let timeouts = config.timeouts(&config.listeners[4], 0);
    let expected = Timeouts {
        tls: Span::from_secs(5),
        head: Span::from_ms(250),
        idle: Span::from_secs(300),
        idle_least: Span::from_ms(1500),
        queue: Span::from_secs(1),
        connect: Span::from_secs(1),
        tls_up: Span::from_secs(10),
        request: Span::from_secs(31),
        pace: Span::from_secs(90),
        response: Span::from_secs(2),
        body: Span::from_secs(3),
        tunnel: Span::from_secs(7200),
        half_idle: Span::from_secs(1800),
        write: Span::from_secs(32),
        write_up: Span::from_secs(4),
        tunnel_write: Span::from_secs(33),
        tunnel_write_up: Span::from_secs(6),
        linger_stall: Span::from_secs(34),
        linger: Span::from_secs(0),
        flush: Span::from_ms(500),
        flush_total: Span::from_secs(3),
        pool_idle: Span::from_secs(5),
        pool_idle_most: Span::from_secs(5),
        keepalive: Keepalive {
            established: Span::from_secs(120),
            probes: 3,
            user_timeout: Some(Span::from_secs(240)),
            ..Keepalive::DEFAULT
        },
        keepalive_up: Keepalive {
            half_closed: Span::from_secs(20),
            interval: Span::from_secs(5),
            ..Keepalive::DEFAULT
        },
    };
    assert_eq!(timeouts, expected);
}

#[test]
fn every_knob_arrives() {
    let policy = Policy {
        bare_fin: BareFin::Clean,
        tls12_half_close: HalfClose::Deliver,
        client_fin: ClientFin::Probe,
        tunnel_close: TunnelClose::Both,
        idle: OnIdle::Finish,
    };
    assert_eq!(good(FULL).listeners[4].policy, policy);
}

#[test]
fn a_tcp_listener_has_the_defaults_of_its_kind() {
    let config = good(FULL);
    let db = &config.listeners[0];
    assert_eq!(db.protocol, Protocol::Tcp(1));
    assert_eq!(db.timeouts, Timeouts::tcp());
    assert_eq!(config.timeouts(db, 1), Timeouts::tcp());
    assert!(db.protocol.alpn().is_empty());
}

#[test]
fn names_stay_names() {
    let config = good(FULL);
    let show = |n: usize| -> Vec<String> {
        let shown = |one: &config::Endpoint| match &one.at {
            At::Address(address) => format!("{} {address}", one.authority),
            At::Name(name) => format!("{} ? {} {}", one.authority, name.host, name.port),
        };
        config.clusters[n].endpoints.iter().map(shown).collect()
    };
    assert_eq!(show(0), ["10.0.0.7:8080 10.0.0.7:8080", "[::1]:9 [::1]:9"]);
    assert_eq!(show(1), ["db1:5432 ? db1 5432", "six:5432 ? six 5432"]);
}

#[test]
fn printing_loses_nothing() {
    let config = good(FULL);
    let printed = config::print(&config);
    assert_eq!(printed_good(&printed), config, "{printed}");
    assert_eq!(config::print(&printed_good(&printed)), printed);
}

#[test]
fn the_order_in_a_file_means_nothing() {
    let mut parts: Vec<&str> = FULL.split("\n\n").collect();
    parts[1..].reverse();
    assert_eq!(good(&parts.join("\n\n")), good(FULL));
}

#[test]
fn a_dollar_twice_is_one_and_a_value_is_not_read_again() {
    let text = |name: &str| {
        format!(
            "[[listener]]\nname = \"{name}\"\nbind = [\":1\"]\nto = \"a\"\n\
             [[cluster]]\nname = \"a\"\nendpoints = [\"10.0.0.1:1\"]\n"
        )
    };
    for name in ["$${env:PORT}", "${env:DOLLARS}"] {
        let config = good(&text(name));
        assert_eq!(config.listeners[0].name, "${env:PORT}");
        assert_eq!(printed_good(&config::print(&config)), config);
    }
    assert_eq!(
        good(&text("a$${b} $1 } ${env:PORT}")).listeners[0].name,
        "a${b} $1 } 8080"
    );
}

#[test]
fn what_is_the_default_need_not_be_said() {
    let short = "[[listener]]\nname = \"a\"\nbind = [\":1\"]\nto = \"a\"\n\
                 [[cluster]]\nname = \"a\"\nendpoints = [\"10.0.0.1:1\"]\n";
    let long = r#"
defaults = "2026"
[[listener]]
name = "a"
bind = ["0.0.0.0:1"]
kind = "http"
timeouts = { idle = "75s", tunnel = "60m" }
[[route]]
listener = "a"
path = "/"
to = "a"
[[cluster]]
name = "a"
endpoints = ["10.0.0.1:1"]
balance = "least-request"
connect = false
[limits]
relay = "64KiB"
[dns]
family = "prefer-ipv4"
[drain]
timeout = "30000ms"
"#;
    assert_eq!(good(short), good(long));
}

//! A real Prometheus in front of the real program: what is scraped is ingested, and the alerts and the
//! dashboard that are shipped ask for what there is.
//!
//! Debian's package `prometheus` has both programs. A machine that lacks them fails here, as it does for
//! curl: a test that is not run proves nothing.

use crate::{
    exchange::{GET, answered},
    harness::{Done, Running, Scratch, arg},
    peers::{Origin, Peer, Raw},
    scraped::Scraped,
};
use serde_json::Value;
use std::{
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    process::Command,
};

const PACKAGE: &str = "prometheus";

fn monitoring(file: &str) -> PathBuf {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/monitoring");
    root.join(file).canonicalize().unwrap()
}

fn promtool(args: &[&str], input: &[u8]) -> Done {
    let mut command = Command::new("promtool");
    command.args(args);
    let mut running = Running::start(&mut command, PACKAGE);
    if !input.is_empty() {
        running.say(input);
    }
    running.end_input();
    running.end()
}

/// Whether it has nothing to say.
fn clean(args: &[&str], input: &[u8]) {
    let done = promtool(args, input);
    assert_eq!(done.code(), Some(0), "{args:?}: {}", done.said);
}

/// With something to tell of.
fn busy() -> (Scraped, Origin, Raw, Raw) {
    let origin = Origin::new();
    let stage = Scraped::configured(origin.address(), "", "");
    let mut client = stage.proxy.client();
    client.say(GET);
    let mut up = origin.accept();
    answered(&mut client, &mut up);
    (stage, origin, client, up)
}

#[test]
fn a_scrape_is_as_prometheus_wants_it_and_the_alerts_do_as_their_test_says() {
    let (stage, _origin, _client, _up) = busy();
    let scrape = stage.scrape().0;
    let done = promtool(&["check", "metrics"], scrape.as_bytes());
    assert_eq!((done.code(), &*done.said), (Some(0), ""), "{scrape}");
    clean(&["check", "rules", arg(&monitoring("rules.yml"))], b"");
    clean(&["test", "rules", arg(&monitoring("rules_test.yml"))], b"");
}

/// A Prometheus that scrapes one target every fifth of a second.
struct Watcher {
    at: SocketAddr,
    _process: Running,
    _scratch: Scratch,
}

impl Watcher {
    fn of(target: SocketAddr) -> Watcher {
        let scratch = Scratch::new();
        let rules = monitoring("rules.yml");
        let config = scratch.file(
            "prometheus.yml",
            format!(
                "global: {{ scrape_interval: 200ms, scrape_timeout: 200ms, evaluation_interval: 200ms }}\n\
                 rule_files: [{rules:?}]\n\
                 scrape_configs:\n- job_name: tidegate\n  static_configs: [{{ targets: [\"{target}\"] }}]\n"
            ),
        );
        clean(&["check", "config", arg(&config)], b"");
        // It does not say which port it got: one that was free a moment ago has to do.
        let at = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let mut command = Command::new("prometheus");
        command
            .arg(format!("--config.file={}", config.display()))
            .arg(format!(
                "--storage.tsdb.path={}",
                scratch.path("tsdb").display()
            ))
            .arg(format!("--web.listen-address={at}"));
        let mut process = Running::start(&mut command, PACKAGE);
        process.until("a start", |said| {
            said.contains("Server is ready to receive web requests")
                .then_some(())
        });
        Watcher {
            at,
            _process: process,
            _scratch: scratch,
        }
    }

    /// What its API answers.
    fn get(&self, path: &str) -> Value {
        let mut client = Raw::connect(self.at);
        let (head, end) = ("HTTP/1.1\r\nHost: p\r\nConnection: close", "\r\n\r\n");
        client.say(format!("GET /api/v1/{path} {head}{end}").as_bytes());
        let answer = client.message();
        let answer: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(answer["status"], "success", "{path}: {answer}");
        answer["data"].clone()
    }

    /// How many series an expression comes to.
    fn ask(&self, query: &str) -> usize {
        let encode = |byte: u8| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        };
        let query: String = query.bytes().map(encode).collect();
        let data = self.get(&format!("query?query={query}"));
        data["result"].as_array().map_or(0, Vec::len)
    }
}

#[test]
fn prometheus_takes_it_in_and_finds_what_the_alerts_and_the_dashboard_ask_for() {
    let (stage, _origin, _client, _up) = busy();
    let watcher = Watcher::of(stage.http);
    while watcher.ask("up{job=\"tidegate\"} == 1") == 0 {}
    let targets = watcher.get("targets?state=active");
    let target = &targets["activeTargets"][0];
    assert_eq!(
        (&target["health"], &target["lastError"]),
        (&"up".into(), &"".into()),
        "{targets}"
    );
    // Every series of a scrape is there, and no other.
    let told = stage.scrape();
    let names = told
        .0
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE "));
    for name in names {
        let (name, kind) = name.split_once(' ').unwrap();
        let count = if kind == "histogram" { "_count" } else { "" };
        let series = told.0.lines().filter(|line| {
            let rest = line
                .strip_prefix(name)
                .and_then(|rest| rest.strip_prefix(count));
            rest.is_some_and(|rest| rest.starts_with(['{', ' ']))
        });
        let query = format!("{name}{count}{{job=\"tidegate\"}}");
        let series = series.count();
        // What came between the two looks is there soon.
        for _ in 0..1_000 {
            if watcher.ask(&query) == series {
                break;
            }
        }
        assert_eq!(watcher.ask(&query), series, "{name}");
    }
    let rules = watcher.get("rules?type=alert");
    let rules = rules["groups"][0]["rules"].as_array().unwrap().clone();
    assert_eq!(rules.len(), 3);
    for rule in rules {
        assert_eq!(rule["lastError"], Value::Null, "{rule}");
    }
    asks_for_what_there_is(&stage, &watcher);
}

/// Whatever a panel asks for is an expression, and of names that there are.
fn asks_for_what_there_is(stage: &Scraped, watcher: &Watcher) {
    let text = std::fs::read_to_string(monitoring("dashboard.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    let mut command = crate::harness::program(stage.proxy.scratch());
    command.args(["metrics", "list"]);
    let known = crate::harness::run(command).said;
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = panels
        .iter()
        .flat_map(|panel| panel["targets"].as_array().unwrap());
    for target in targets {
        let expr = target["expr"].as_str().unwrap().replace("$listener", ".*");
        watcher.ask(&expr);
        let words = expr.split(|sign: char| !sign.is_ascii_alphanumeric() && sign != '_');
        let ours = words.filter(|word| word.starts_with("tidegate_") || word.starts_with("http_"));
        // These are labels.
        for name in ours
            .filter(|word| !["http_response_status_code", "http_connection_state"].contains(word))
        {
            let bare = ["_bucket", "_count", "_sum"]
                .iter()
                .find_map(|end| name.strip_suffix(end));
            let listed = |name: &str| {
                known
                    .lines()
                    .any(|line| line.starts_with(&format!("{name}  ")))
            };
            assert!(listed(name) || bare.is_some_and(listed), "{name} in {expr}");
        }
    }
}

//! What `tidegate route` says of requests.

use crate::{machine::Still, routes::ROUTES, snapshot};
use std::{
    fs,
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
};
use tidegate::{
    cli::{Decision, Exit, decide},
    config::Outside,
    message::Code,
};

/// More listeners, and requests that do not come to them.
const OTHERS: &str = r#"
[[listener]]
name = "secure"
bind = [":443", "127.0.0.1:8443"]
tls = { cert = "good.pem", key = "good.key" }
trusted = ["10.0.0.0/8"]

[[route]]
listener = "secure"
headers = { x-forwarded-proto = "http" }
redirect = { to = "https://{authority}{path}{query}" }

[[route]]
listener = "secure"
host = "*.example.com"
path = "/v1"
methods = ["GET"]
to = "api"

[[listener]]
name = "names"
kind = "tcp"
bind = [":9443"]
tls = "passthrough"

[[route]]
listener = "names"
host = "a.example.com"
to = "api"

[[listener]]
name = "bytes"
kind = "tcp"
bind = [":81"]
to = "new"
"#;

/// What the program says when it is asked so, behind `tidegate route`.
fn ask(args: &[&str]) -> (Exit, String) {
    // One each: tests run beside each other.
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("tidegate-route-{}-{count}.toml", std::process::id());
    let path = std::env::temp_dir().join(name);
    fs::write(&path, ROUTES.to_owned() + OTHERS).expect("a file");
    let file = path.to_string_lossy().into_owned();
    let args = ["tidegate", "route", "-c", &file]
        .into_iter()
        .chain(args.iter().copied());
    let still = |_: Option<PathBuf>| -> Box<dyn Outside> { Box::new(Still) };
    let decided = decide(args.map(Into::into), false, &still);
    fs::remove_file(&path).expect("the file");
    match decided {
        Decision::Say { exit, out, err } => (exit, out + &err),
        other @ Decision::Start(..) => panic!("{other:?}"),
    }
}

fn asked(args: &[&[&str]]) -> String {
    let said = args.iter().map(|args| {
        let (exit, said) = ask(args);
        format!(
            "$ tidegate route {}\n{said}exit {}\n",
            args.join(" "),
            exit as u8
        )
    });
    said.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_route_and_why_not_the_others() {
    let said = asked(&[
        &[
            "http://h/v1//x?q",
            "-H",
            "X-Version: 2",
            "-H",
            "x-trace: 1",
            "-H",
            "x-$:",
        ],
        &["http://h/v1/x", "-H", "x-version: 2", "-H", "X-Version: 3"],
        &["http://old.example.com:80/a?b"],
        &["http://h/moved/x"],
        &["http://h/%7Ehealth", "-X", "PUT"],
    ]);
    snapshot("asked_which_route", &said);
}

#[test]
fn the_listener_and_why_not_the_others() {
    let said = asked(&[
        &["https://a.example.com/v1"],
        &["https://b.example.com:8443/v1", "-X", "POST"],
        &["https://h/", "-H", "X-Forwarded-Proto: http"],
        &[
            "https://h/",
            "-H",
            "X-Forwarded-Proto: http",
            "--from",
            "10.1.1.1",
        ],
        &["https://h:8443/a/../b"],
        &["https://a.example.com:9443/x"],
        &["https://b.example.com:9443/x"],
        &["http://h:81/"],
        &["http://h:82/"],
    ]);
    snapshot("asked_which_listener", &said);
}

#[test]
fn the_same_for_machines() {
    let said = asked(&[
        &["--json", "http://h/v1/x", "-H", "x-version: 3"],
        &["--json", "https://h/"],
    ]);
    snapshot("asked_by_machines", &said);
}

/// The same of any words.
fn said_to(args: &[&str]) -> String {
    let still = |_: Option<PathBuf>| -> Box<dyn Outside> { Box::new(Still) };
    let all = std::iter::once("tidegate").chain(args.iter().copied());
    let Decision::Say { exit, out, err } = decide(all.map(Into::into), false, &still) else {
        panic!("{args:?}")
    };
    format!(
        "$ tidegate {}\n{out}{err}exit {}\n",
        args.join(" "),
        exit as u8
    )
}

#[test]
fn what_a_code_means() {
    let said = [
        said_to(&["explain", "E0107"]),
        said_to(&["explain", "e202", "--json"]),
        said_to(&["explain", "E0199"]),
        said_to(&["explain", "timeouts"]),
        said_to(&["explain"]),
    ];
    snapshot("what_a_code_means", &said.join("\n"));
    let json = said_to(&["explain", "--json"]);
    assert_eq!(json.matches("\"code\":").count(), Code::ALL.len());
}

/// Whoever reads the second half of an explanation must find it true: its example is TOML.
#[test]
fn every_example_is_toml() {
    for code in Code::ALL {
        let (advice, example) = code.advice();
        assert!(advice.ends_with('.'), "{code}: {advice}");
        if let Err(error) = example.parse::<toml::Table>() {
            // Some say the same key twice, of two tables.
            let lines = example.lines().map(str::parse::<toml::Table>);
            assert!(
                lines.into_iter().all(|line| line.is_ok()),
                "{code}: {error}"
            );
        }
    }
}

#[test]
fn requests_that_are_none() {
    let said = asked(&[
        &["h/v1"],
        &["ftp://h/"],
        &["http:///x"],
        &["http://h:99999/"],
        &["http://h/a b"],
        &["http://h/", "-X", "G ET"],
        &["http://h/", "-H", "no colon"],
        &["http://h/", "-H", "a b: c"],
    ]);
    snapshot("requests_that_are_none", &said);
}

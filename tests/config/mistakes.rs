//! The mistakes that are made most often, each with its line, its column and what to write instead; and
//! what is allowed and probably not meant.

use crate::{CLUSTER, good::good, machine::Still, said, snapshot};
use std::{collections::BTreeSet, fs, os::unix::fs::symlink, path::Path, sync::Arc};
use tidegate::{
    config::{self, Machine, Reading},
    message::{Code, pictures},
};

/// One of each, all in one file.
const MISTAKES: &str = r#"workers = "4"

[[listener]]
name = "web"
bind = [":80"]
to   = "apii"
timout = { head = "30s" }
timeouts = { idle = 75, head = "30 sec", write = "900h" }

[[listener]]
name = "web"
bind = [":81"]
kind = "tpc"
to   = "api"

[[listener]]
name = "tls"
bind = [":443"]
to   = "api"

[[route]]
listener = "wbe"
to = "api"

[[route]]
listener = "tls"
path = "/"
to = "api"

[[cluster]]
name = "api"
endpoint = ["10.0.0.1:80"]
"#;

#[test]
fn ten_typical_mistakes_are_found_at_once() {
    let said = said(MISTAKES);
    let codes: BTreeSet<&str> = said
        .lines()
        .filter_map(|line| line.strip_prefix("error[")?.split(']').next())
        .collect();
    assert!(codes.len() >= 10, "{codes:?}");
    snapshot("ten_typical_mistakes", &said);
}

/// What hides the rest: each for itself.
#[test]
fn what_is_not_toml() {
    let texts = [
        "[[listener]]\nname = \"web\nbind = [\":80\"]\n",
        "[[listener]]\nname = web\n",
        "[[listener]]\nname = \"web\"\nbind = [\":80\"\nto = \"api\"\n",
        "[[listener]\nname = \"web\"\n",
        "[[listener]]\nname: \"web\"\n",
        "[[listener]]\nname = \"web\"\nname = \"api\"\n",
        "[limits]\nhead = \"1KiB\"\n[limits]\nfields = 3\n",
    ];
    snapshot("what_is_not_toml", &texts.map(said).join("\n"));
}

fn reading(text: &str) -> Reading {
    config::read("conf/tidegate.toml", text, Path::new("conf"), &Still)
}

/// What is said of a file with nothing wrong in it.
fn warned(text: &str) -> String {
    let Reading {
        sources,
        messages,
        config,
    } = reading(text);
    let said = pictures(&messages, &sources, false);
    assert!(config.is_some(), "{said}");
    said
}

#[test]
fn what_nobody_uses() {
    let text = format!(
        r#"
[[listener]]
name = "web"
bind = [":80"]
to   = "api"

[[cluster]]
name = "old"
endpoints = ["10.0.0.9:80", "db1:80", {{ address = "db1:80", weight = 2 }}, "10.0.0.9:80"]
{CLUSTER}"#
    );
    snapshot("what_nobody_uses", &warned(&text));
}

#[test]
fn waits_that_do_not_go_together() {
    let text = r#"
[[listener]]
name = "web"
bind = [":80"]
to   = "slow"
behind = "aws-alb"
keepalive = { established = "6m", half_closed = "2m", user_timeout = "8m" }
timeouts = { idle = "60s", tunnel = "5m", tunnel_write = "10m", flush_total = "70s" }

[[route]]
listener = "web"
path = "/report"
timeouts = { response = "2m" }
to = [{ cluster = "slow", weight = 1 }, { cluster = "api", weight = 1 }]

[[listener]]
name = "db"
kind = "tcp"
bind = [":5432"]
to   = "api"

[[cluster]]
name = "slow"
endpoints = ["10.0.0.1:80"]
timeouts = { response = "90s" }

[[cluster]]
name = "api"
endpoints = ["10.0.0.2:80"]
keepalive = { user_timeout = "2m" }
"#;
    snapshot("waits_that_do_not_go_together", &warned(text));
}

#[test]
fn nothing_is_said_of_defaults() {
    let text = format!("[[listener]]\nname = \"a\"\nbind = [\":1\"]\nto = \"api\"\n{CLUSTER}");
    for behind in ["", "behind = \"gcp-lb\"\n", "tls = \"dev\"\n"] {
        let text = text.replace("[[cluster]]", &format!("{behind}[[cluster]]"));
        let moved = text
            .replace(behind, "")
            .replace("to = \"api\"\n", &format!("to = \"api\"\n{behind}"));
        let text = if behind.is_empty() { text } else { moved };
        assert_eq!(warned(&text), "");
    }
    let tcp = text.replace("to = ", "kind = \"tcp\"\nto = ");
    assert_eq!(warned(&tcp), "");
}

const MAIN: &str = "[[listener]]\nname = \"web\"\nbind = [\":80\"]\n";

#[test]
fn included_files_are_one_with_the_main_one() {
    let text = format!(
        "include = [\"conf.d/*.toml\"]\n{MAIN}[[route]]\nlistener = \"web\"\nto = \"files\"\n"
    );
    let config = reading(&text)
        .outcome()
        .unwrap_or_else(|said| panic!("{said}"));
    let names: Vec<_> = config.clusters.iter().map(|one| &one.name).collect();
    assert_eq!(names, ["api", "files"]);
    let tls = config.clusters[1].tls.as_ref().expect("it has");
    // Beside the file in which it stands.
    let beside = config::Roots::File("conf/conf.d/good.pem".into());
    assert_eq!(tls.roots, beside);
    let printed = config::print(&config);
    let again = config::read("", &printed, Path::new(""), &Still);
    assert_eq!(again.outcome().as_ref(), Ok(&config), "{printed}");
}

/// The routes of a file may be all that denies: it is never left out without a word.
#[test]
fn a_link_that_leads_nowhere_is_a_file_that_cannot_be_read() {
    let directory = std::env::temp_dir().join(format!("tidegate-{}-links", std::process::id()));
    fs::create_dir_all(directory.join("conf.d")).unwrap();
    symlink("none", directory.join("conf.d/deny.toml")).unwrap();
    let text = format!("include = [\"conf.d/*.toml\"]\n{MAIN}to = \"api\"\n{CLUSTER}");
    let machine = Machine {
        data_dir: None,
        provider: Arc::new(rustls::crypto::aws_lc_rs::default_provider()),
    };
    let said = config::read("tidegate.toml", &text, &directory, &machine).outcome();
    fs::remove_dir_all(&directory).unwrap();
    let said = said.unwrap_err();
    for part in [
        "error[E0101]: cannot read conf.d/deny.toml",
        "tidegate.toml:1:12",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

/// A route with this line, which is for a cluster that there is.
fn route(line: &str) -> String {
    format!("{MAIN}[[route]]\nlistener = \"web\"\n{line}\nto = \"api\"\n{CLUSTER}")
}

#[test]
fn brackets_come_in_pairs_and_a_port_is_of_digits() {
    for line in [
        "host = \"[::1\"",
        "host = \"::1]\"",
        "host = \"[[::1]]\"",
        "host = \"::1\"",
        "host = \"[10.0.0.1]\"",
        "host = \"*.[::1]\"",
        "host_header = \"[::1\"",
        "host_header = \"[[::1]]\"",
        "host_header = \"[::1]]:80\"",
        "host_header = \"h:+80\"",
        "host_header = \"h.:99999\"",
    ] {
        let said = said(&route(line));
        assert!(said.contains("error[E0206]: "), "{line}: {said}");
        assert!(
            said.ends_with("\n1 error; nothing was changed\n"),
            "{line}: {said}"
        );
    }
    for line in [
        "host = \"[::1]\"",
        "host = \"10.0.0.1\"",
        "host_header = \"[::1]:80\"",
        "host_header = \"[::1]\"",
        "host_header = \"10.0.0.1:65535\"",
    ] {
        good(&route(line));
    }
    for (from, to, code) in [
        ("10.0.0.1:80", "127.0.0.1:+1", "E0204"),
        ("\":80\"", "\":+8080\"", "E0203"),
        ("\":80\"", "\"[::]:+8080\"", "E0203"),
    ] {
        let said = said(&route("").replace(from, to));
        assert!(said.contains(code), "{to}: {said}");
    }
}

#[test]
fn an_ipv6_address_is_one_host_in_every_spelling() {
    let short = good(&route("host = \"[2001:db8::1]\""));
    assert_eq!(good(&route("host = \"[2001:DB8:0::0001]\"")), short);
}

#[test]
fn messages_point_into_included_files() {
    let text = format!(
        "include = [\"wrong/*.toml\", \"wrong/more.toml\", \"locked.toml\", \"none.toml\", \"none/*\", \"**/x\"]\n\
         workers = 3\n{MAIN}tls = {{ cert = \"none.pem\", key = \"none.key\" }}\n"
    );
    let Reading {
        sources, messages, ..
    } = reading(&text);
    let rendered = tidegate::message::render(&messages, &sources, false);
    snapshot("included_files_with_mistakes", &rendered);
    assert!(messages.iter().any(|one| one.code() == Code::NestedInclude));
}

#[test]
fn included_files_that_are_not_toml() {
    let text = format!("include = [\"cut/?.toml\", \"cut/*.toml\"]\n{MAIN}");
    snapshot("included_files_that_are_not_toml", &said(&text));
}

//! The mistakes that are made most often, each with its line, its column and what to write instead; and
//! what is allowed and probably not meant.

use crate::{CLUSTER, machine::Still, said, snapshot};
use std::{collections::BTreeSet, path::Path};
use tidegate::{
    config::{self, Reading},
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

#[test]
fn each_value_is_shown_with_the_place_where_it_was_written() {
    let text = "defaults = \"2026\"\nworkers = 2\ninclude = [\"conf.d/*.toml\"]\n\n[[listener]]\nname = \"web\"\n\
        bind = [\":8080\"]\nto = \"files\"\ntimeouts = { idle = \"90s\" }\n\n[limits]\nrelay = \"128KiB\"\n";
    let config = reading(text).outcome().unwrap();
    let shown = config.origins.annotate(&config::print(&config));
    snapshot("shown_with_places", &shown);
    let again = config::read("", &shown, Path::new(""), &Still).outcome();
    assert_eq!(again, Ok(config), "and it is read again");
}

#[test]
fn routes_that_are_not_told_apart_are_shown_with_the_places_of_both() {
    let route =
        |listener| format!("[[route]]\nlistener = \"{listener}\"\npath = \"/a\"\nto = \"api\"\n");
    let listener = |name, port| format!("[[listener]]\nname = \"{name}\"\nbind = [\":{port}\"]\n");
    let text = [
        listener("l", 80),
        listener("m", 81),
        route("l"),
        route("m"),
        "[[cluster]]\nname = \"api\"\nendpoints = [\"10.0.0.1:80\"]\n".to_owned(),
    ];
    let config = reading(&text.concat()).outcome().unwrap();
    let shown = config.origins.annotate(&config::print(&config));
    let both = "path = \"/a\"  # conf/tidegate.toml:9 or conf/tidegate.toml:13\n";
    assert_eq!(shown.matches(both).count(), 2, "{shown}");
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

//! A configuration as whoever may look at it is shown it: each line with the place where it was written, and
//! no value that came from the environment.

use crate::{
    CLUSTER,
    good::{good, printed_good},
    read, said, snapshot,
};
use std::{fs, path::Path};
use tidegate::config;

#[test]
fn each_value_is_shown_with_the_place_where_it_was_written() {
    let text = "defaults = \"2026\"\nworkers = 2\ninclude = [\"conf.d/*.toml\"]\n\n[[listener]]\nname = \"web\"\n\
        bind = [\":8080\"]\nto = \"files\"\ntimeouts = { idle = \"90s\" }\n\n[limits]\nrelay = \"128KiB\"\n";
    let config = good(text);
    let shown = config.shown();
    snapshot("shown_with_places", &shown);
    assert_eq!(printed_good(&shown), config, "and it is read again");
}

const LISTENER: &str = "[[listener]]\nname = \"web\"\nbind = [\":80\"]\n";

fn route(lines: &str) -> String {
    format!("[[route]]\nlistener = \"web\"\n{lines}\nto = \"api\"\n")
}

/// That each line of what is shown of the route has its place.
fn placed(text: &str) {
    let shown = good(text).shown();
    let route = shown
        .split("\n\n")
        .find(|block| block.starts_with("[[route]]"));
    let route = route.unwrap_or_else(|| panic!("no route: {shown}"));
    for line in route.lines().skip(1) {
        assert!(line.contains("  # conf/tidegate.toml:"), "{line}: {shown}");
    }
}

#[test]
fn each_line_of_the_readmes_route_has_its_place() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let readme = fs::read_to_string(readme).unwrap();
    let (_, example) = readme.split_once("```toml\n").unwrap();
    let (example, _) = example.split_once("```").unwrap();
    assert!(example.contains("path = \"/v1/\""), "{example}");
    placed(&example.replace("web.pem", "good.pem"));
}

#[test]
fn a_route_has_its_place_however_it_is_written() {
    for lines in [
        "host = \"API.Example.com.\"",
        "host = \"*.Example.com\"\npath = \"/v1/\"",
        "host = \"${env:API_HOST}\"",
        "host = \"[2001:DB8:0::1]\"",
        "exact = \"/%7Eme\"",
        "path = \"/%2a/\"",
        "methods = [\"PUT\", \"GET\"]",
        "headers = { X-B = true, X-A = \"1\" }",
        "headers = { x-a = \"${env:PORT}\" }",
    ] {
        placed(&(LISTENER.to_owned() + &route(lines) + CLUSTER));
    }
}

#[test]
fn routes_of_one_path_are_shown_each_with_its_place() {
    let route =
        |listener| format!("[[route]]\nlistener = \"{listener}\"\npath = \"/a\"\nto = \"api\"\n");
    let listener = |name, port| format!("[[listener]]\nname = \"{name}\"\nbind = [\":{port}\"]\n");
    let text = [
        listener("l", 80),
        listener("${env:PORT}", 81),
        route("l"),
        route("8080"),
        CLUSTER.to_owned(),
    ];
    let shown = good(&text.concat()).shown();
    let place = |line: usize| format!("# conf/tidegate.toml:{line}\n");
    for expected in [
        format!("listener = \"l\"  {}path = \"/a\"  {}", place(8), place(9)),
        format!(
            "listener = \"8080\"  {}path = \"/a\"  {}",
            place(12),
            place(13)
        ),
        format!("name = \"8080\"  {}", place(5)),
    ] {
        assert!(shown.contains(&expected), "{expected}: {shown}");
    }
}

/// A route for everything is printed as its listener's `to`.
#[test]
fn a_route_for_everything_has_its_place() {
    let shown = good(&(LISTENER.to_owned() + &route("path = \"/\"") + CLUSTER)).shown();
    let to = "to = \"api\"  # conf/tidegate.toml:7\n";
    assert!(shown.contains(to), "{shown}");
}

#[test]
fn a_value_that_came_from_the_environment_is_printed_and_not_shown() {
    let lines = "path = \"/v1\"\nheaders = { X-Key = \"${env:API_HOST}\", x-a = \"a\" }\n\
        request_headers = { set = { B = \"x ${env:API_HOST}\", c = \"$${d\" }, add = { E = \"${env:API_HOST}\" } }\n\
        response_headers = { add = { F = \"${env:API_HOST}\" }, remove = [\"g\"] }";
    let config = good(&(LISTENER.to_owned() + &route(lines) + CLUSTER));
    let (printed, shown) = (config::print(&config), config.shown());
    assert_eq!(printed.matches("10.0.0.7").count(), 4, "{printed}");
    assert_eq!(printed_good(&printed), config);
    for line in [
        "headers = { \"x-a\" = \"a\", \"x-key\" = \"…\" }  #",
        "request_headers = { set = { \"B\" = \"…\", \"c\" = \"$${d\" }, add = { \"E\" = \"…\" } }  #",
        "response_headers = { add = { \"F\" = \"…\" }, remove = [\"g\"] }  #",
    ] {
        assert!(shown.contains(line), "{line}: {shown}");
    }
    assert!(!shown.contains("10.0.0.7"), "{shown}");
    // Nobody comes to serve by it.
    let refused = read(&shown).unwrap_err();
    assert!(refused.contains("error[E0214]"), "{refused}");
}

#[test]
fn routes_whose_hidden_values_alone_differ_have_the_places_of_both() {
    let of = |variable| route(&format!("headers = {{ x = \"${{env:{variable}}}\" }}"));
    let shown = good(&(LISTENER.to_owned() + &of("PORT") + &of("API_HOST") + CLUSTER)).shown();
    let both = "headers = { \"x\" = \"…\" }  # conf/tidegate.toml:6 or conf/tidegate.toml:10\n";
    assert_eq!(shown.matches(both).count(), 2, "{shown}");
}

#[test]
fn a_hidden_value_is_in_no_message() {
    let routes = route("headers = { x = \"${env:API_HOST}\" }") + &route("headers = { y = \"1\" }");
    let said = said(&(LISTENER.to_owned() + &routes + CLUSTER));
    assert!(said.contains("`/ y=1` and `/ x=…`"), "{said}");
    assert!(!said.contains("10.0.0.7"), "{said}");
}

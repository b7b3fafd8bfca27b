//! Configuration files as people get them wrong, and what the program says: read each snapshot
//! as the one who made the mistake. The good ones, and that printing them loses nothing, are in
//! `good.rs`.

mod access;
mod admin;
mod asked;
mod bounds;
mod choosing;
mod dns;
mod ends;
mod good;
mod health;
mod keys;
mod log;
mod machine;
mod mistakes;
mod printed;
mod routes;
mod shown;
mod timers;
mod tls;
mod way;

use machine::Still;
use std::{fs, path::Path};
use tidegate::config::{self, Config};

const CLUSTER: &str = "
[[cluster]]
name = \"api\"
endpoints = [\"10.0.0.1:80\"]
";

/// What is said of `text`, as `tidegate.toml`.
fn said(text: &str) -> String {
    match read(text) {
        Ok(config) => panic!("nothing wrong was found in\n{text}\n{config:?}"),
        Err(said) => said,
    }
}

fn read(text: &str) -> Result<Config, String> {
    read_in("conf", text)
}

fn read_in(base: &str, text: &str) -> Result<Config, String> {
    config::read("conf/tidegate.toml", text, Path::new(base), &Still).outcome()
}

fn snapshot(name: &str, said: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../snapshots/config");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, said));
}

/// The name of the test is the name of the snapshot.
macro_rules! refused {
    ($($(#[$about:meta])* $name:ident: $text:expr;)+) => {$(
        $(#[$about])*
        #[test]
        fn $name() {
            snapshot(stringify!($name), &said(&$text));
        }
    )+};
}

refused! {
    misspelt_keys: format!(r#"
[[listener]]
name = "web"
bnd  = [":80"]
bind = [":8080"]
to   = "api"
timout = {{ head = "30s" }}
colour = "red"

[limits]
heads = "32KiB"
{CLUSTER}"#);

    numbers_without_units: format!(r#"
[[listener]]
name = "web"
bind = [":80"]
to   = "api"
send_buffer = 4608
recv_buffer = "4608"
timeouts = {{ idle = 75, head = "30", write = 1.5 }}
{CLUSTER}"#);

    units_that_are_none: format!(r#"
[limits]
relay = "64kb"
head  = "lots"
[drain]
timeout = "30 sec"
[[listener]]
name = "web"
bind = [":80"]
to   = "api"
timeouts = {{ idle = "1m30s", tunnel = "2d" }}
{CLUSTER}"#);

    values_out_of_range: format!(r#"
workers = 0
[limits]
fields = 100000
target = "64KiB"
[[listener]]
name = "web"
bind = [":80"]
to   = "api"
recv_buffer = "8GiB"
timeouts = {{ idle = "0s", tunnel = "9000h", flush = "20s" }}
{CLUSTER}"#);

    references_to_nothing: r#"
[[listener]]
name = "web"
bind = [":80"]
to   = "apii"

[[route]]
listener = "wbe"
to = "static"

[[route]]
listener = "web"
path = "/x"
to = "nothing-like-it"

[[cluster]]
name = "api"
endpoints = ["10.0.0.1:80"]

[[cluster]]
name = "static-files"
endpoints = ["10.0.0.2:80"]
"#;

    names_used_twice: r#"
[[listener]]
name = "web"
bind = [":80", "127.0.0.1:80"]
to   = "api"

[[listener]]
name = "web"
bind = [":80"]
to   = "api"

[[cluster]]
name = "api"
endpoints = ["10.0.0.1:80"]

[[cluster]]
name = "api"
endpoints = ["10.0.0.2:80"]
"#;

    addresses: r#"
[[listener]]
name = "web"
bind = ["443", "localhost:80", "*:8080", "[::1]"]
to   = "api"

[[cluster]]
name = "api"
endpoints = ["http://10.0.0.1:80/", "10.0.0.1", "db1:0", "no name:80", "10.0.0.300:80", "-a-:80"]
"#;

    routes: format!(r#"
[[listener]]
name = "web"
bind = [":80"]
to = "api"

[[listener]]
name = "db"
kind = "tcp"
bind = [":5432"]
to = "api"

[[route]]
listener = "web"
path = "v1"
to = "api"

[[route]]
listener = "web"
host = "https://example.com"
path = "/v1/*"
to = "api"

[[route]]
listener = "web"
host = "Example.com"
path = "/v1"
to = "api"

[[route]]
listener = "web"
host = "example.com"
path = "/v1/"
to = "api"

[[route]]
listener = "web"
path = "/"
to = "api"

[[route]]
listener = "db"
to = "api"

[[route]]
listener = "web"
hosts = "example.com:443"
host = "example.com:443"
to = "api"
{CLUSTER}"#);

    what_has_no_default: r#"
[[listener]]
bind = []

[[listener]]
name = ""
kind = "tcp"

[[route]]
path = "/"

[[cluster]]
endpoints = []
"#;

    listener_without_a_route: format!(r#"
[[listener]]
name = "web"
bind = [":80"]
{CLUSTER}"#);

    types: format!(r#"
defaults = 2026
limits = "small"
[listener]
name = "web"
bind = ":80"
[[cluster]]
name = ["a"]
endpoints = "10.0.0.1:80"
connect = "yes"
{CLUSTER}"#);

    types_in_a_listener: format!(r#"
[[listener]]
name = "web"
bind = ":80"
tls  = true
to   = 7
timeouts = "30s"
{CLUSTER}"#);

    choices: format!(r#"
defaults = "2031"
[[listener]]
name = "web"
bind = [":80"]
kind = "https"
tls  = "on"
bare_fin = "truncate"
to   = "api"
[[cluster]]
name = "b"
endpoints = ["10.0.0.1:80"]
balance = "least-requests"
{CLUSTER}"#);

    what_tcp_and_plain_listeners_do_not_have: format!(r#"
[[listener]]
name = "db"
kind = "tcp"
bind = [":5432"]
to   = "api"
bare_fin = "clean"
timeouts = {{ tls = "5s", head = "5s", idle = "5s" }}
{CLUSTER}"#);

    certificates: format!(r#"
[[listener]]
name = "a"
bind = [":1"]
to   = "api"
tls  = {{ certs = ["good.pem", "missing.pem"] }}

[[listener]]
name = "b"
bind = [":2"]
to   = "api"
tls  = {{ cert = "missing.pem", key = "missing.key" }}

[[listener]]
name = "c"
bind = [":3"]
to   = "api"
tls  = {{ cert = "good.pem" }}

[[listener]]
name = "d"
bind = [":4"]
to   = "api"
tls  = {{ certs = ["good.pem"], key = "good.key" }}

[[listener]]
name = "e"
bind = [":5"]
to   = "api"
tls  = {{}}
{CLUSTER}"#);

    environment: r#"
[[listener]]
name = "web-${env:ABSENT}"
bind = [":${env:PORT"]
to   = "${file:/run/secret}"

[[cluster]]
name = "api"
endpoints = ["${env:API_HOST}:http"]
"#;

    not_toml: "
[[listener]]
name = \"web
bind = [\":80\"]
";

    a_key_twice: "
[[listener]]
name = \"web\"
name = \"api\"
";

    an_empty_file: "";
}

/// Real files, in a directory that is called `conf` in what is said.
#[test]
fn certificates_that_do_not_fit() {
    let directory = std::env::temp_dir().join(format!("tidegate-{}-pem", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    let [one, two] =
        ["a", "b"].map(|name| rcgen::generate_simple_self_signed([name.to_owned()]).unwrap());
    let (cert, key) = (one.cert.pem(), two.signing_key.serialize_pem());
    for (name, text) in [
        ("cert.pem", cert.clone()),
        ("other.key", key.clone()),
        ("both.pem", format!("{key}{cert}")),
        (
            "locked.key",
            key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY"),
        ),
        ("cut.pem", cert[..cert.len() / 2].to_owned()),
        ("notes.txt", "where the certificate is".to_owned()),
    ] {
        fs::write(directory.join(name), text).unwrap();
    }
    let text = format!(
        r#"
[[listener]]
name = "a"
bind = [":1"]
to   = "api"
tls  = {{ certs = ["both.pem", "cert.pem", "other.key", "cut.pem", "notes.txt", "."] }}

[[listener]]
name = "b"
bind = [":2"]
to   = "api"
tls  = {{ cert = "cert.pem", key = "locked.key" }}

[[listener]]
name = "c"
bind = [":3"]
to   = "api"
tls  = {{ cert = "cert.pem", key = "other.key" }}
{CLUSTER}"#
    );
    let directory = directory.to_str().unwrap();
    let said = read_in(directory, &text)
        .unwrap_err()
        .replace(directory, "conf");
    fs::remove_dir_all(directory).unwrap();
    snapshot("certificates_that_do_not_fit", &said);
}

//! Before anything is served: what is wrong is said, with its place, and ends the program with
//! the code that scripts can tell apart (PRODUCT 3, 4).

use crate::{
    harness::{Done, Proxy, Scratch, Serve, arg, command, program, run},
    peers::Origin,
};
use std::path::{Path, PathBuf};

fn start(args: &[&str]) -> Done {
    let scratch = Scratch::new();
    let mut command = program(&scratch);
    command.args(args);
    run(command)
}

/// A certificate for localhost and its key.
fn pair(scratch: &Scratch, name: &str) -> [PathBuf; 2] {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    [
        scratch.file(&format!("{name}.pem"), made.cert.pem()),
        scratch.file(&format!("{name}.key"), made.signing_key.serialize_pem()),
    ]
}

/// Starts with these certificate files and does not get far.
fn refused(cert: &Path, key: &Path) -> String {
    let listen = ["--listen", "127.0.0.1:0", "--to", "127.0.0.1:1"];
    let files = ["--cert", arg(cert), "--key", arg(key)];
    let done = start(&[listen, files].concat());
    assert_eq!(done.code(), Some(2), "{}", done.said);
    assert!(done.said.starts_with("error[E0"), "{}", done.said);
    done.said
}

#[test]
fn e0301_an_address_in_use() {
    let taken = Origin::new();
    let listen = taken.address().to_string();
    let done = start(&["--listen", &listen, "--to", "127.0.0.1:1"]);
    assert_eq!(done.code(), Some(3), "{}", done.said);
    let expected = format!("error[E0301]: cannot bind {listen}: address in use");
    assert!(done.said.contains(&expected), "{}", done.said);
    assert!(taken.is_untouched());
}

#[test]
fn e0301_an_address_in_use_by_another_of_us() {
    let origin = Origin::new();
    let proxy = Proxy::http(origin.address());
    let scratch = Scratch::new();
    let serve = Serve::Http(origin.address());
    let done = run(command(&serve, &proxy.address.to_string(), &scratch));
    assert_eq!(done.code(), Some(3), "{}", done.said);
    assert!(done.said.contains("error[E0301]"), "{}", done.said);
}

#[test]
fn a_key_that_cannot_be_read_is_named() {
    let scratch = Scratch::new();
    let [cert, key] = pair(&scratch, "one");
    let missing = scratch.path("missing.key");
    assert!(refused(&cert, &missing).contains("missing.key"));
    assert!(refused(&scratch.path("missing.pem"), &key).contains("missing.pem"));
}

#[test]
fn a_key_of_another_certificate_is_named() {
    let scratch = Scratch::new();
    let [cert, _] = pair(&scratch, "one");
    let [_, key] = pair(&scratch, "two");
    let said = refused(&cert, &key);
    assert!(said.contains("two.key"), "{said}");
}

#[test]
fn a_file_without_a_certificate_is_named() {
    let scratch = Scratch::new();
    let [_, key] = pair(&scratch, "one");
    let cert = scratch.file("empty.pem", "nothing\n");
    let said = refused(&cert, &key);
    assert!(said.contains("empty.pem"), "{said}");
}

#[test]
fn certificates_from_files_are_served() {
    let scratch = Scratch::new();
    let [cert, key] = pair(&scratch, "one");
    let origin = crate::serving::Serving::echo();
    let files = format!("tls = {{ cert = {cert:?}, key = {key:?} }}");
    let proxy = Proxy::configured(origin.address(), &files, "");
    let done = proxy.curl(&["--cacert", arg(&cert), &proxy.url("https", "/x")]);
    assert_eq!(done.said, "GET /x HTTP/1.1\n");
}

const FILE: &str = r#"defaults = "2026"

[[listener]]
name = "web"
bind = ["127.0.0.1:0"]
to = "api"

[[cluster]]
name = "api"
endpoints = ["127.0.0.1:1"]
"#;

#[test]
fn check_tells_where_an_unknown_key_is() {
    let scratch = Scratch::new();
    let text = FILE.replace("to = ", "timeout = 3\nto = ");
    let file = scratch.file("wrong.toml", text);
    let done = start(&["check", "-c", arg(&file)]);
    assert_eq!(done.code(), Some(2), "{}", done.said);
    assert!(done.said.contains("unknown key `timeout`"), "{}", done.said);
    assert!(done.said.contains("wrong.toml:6:1"), "{}", done.said);
    // And serving it does no more than checking it.
    assert_eq!(start(&["-c", arg(&file)]).code(), Some(2));
}

#[test]
fn check_says_what_would_be_served() {
    let scratch = Scratch::new();
    let file = scratch.file("good.toml", FILE);
    let done = start(&["check", "-c", arg(&file)]);
    assert_eq!(done.code(), Some(0), "{}", done.said);
    assert!(done.said.contains("127.0.0.1:1"), "{}", done.said);
}

#[test]
fn a_wrong_command_line_is_a_code_of_its_own() {
    let done = start(&["--listen", "127.0.0.1:0"]);
    assert_eq!(done.code(), Some(64), "{}", done.said);
}

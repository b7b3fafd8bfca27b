//! What `check` finds wrong with the files by which the admin interface is secured.

use crate::{
    admin::file,
    harness::{Scratch, program, run},
    keys::Authority,
};

#[test]
fn check_finds_what_is_wrong_with_its_files() {
    let files = Scratch::new();
    let servers = Authority::new("servers");
    servers.leaf("localhost").files(&files, "own");
    servers.leaf("localhost").files(&files, "other");
    let beyond = |tls: &str| {
        let text = file("127.0.0.1:1".parse().unwrap(), tls);
        let text = text.replace("http = \"127.0.0.1:0\"", "http = \"0.0.0.0:0\"");
        let mut command = program(&files);
        command
            .arg("check")
            .arg("-c")
            .arg(files.file("tidegate.toml", text));
        run(command)
    };
    for (tls, expected) in [
        (
            "{ cert = \"own.pem\", key = \"other.key\", client_ca = \"own.pem\" }",
            "E0314",
        ),
        (
            "{ cert = \"own.pem\", key = \"own.key\", client_ca = \"own.key\" }",
            "E0312",
        ),
        (
            "{ cert = \"own.pem\", key = \"own.pem\", client_ca = \"own.pem\" }",
            "E0313",
        ),
        (
            "{ cert = \".\", key = \"own.key\", client_ca = \"own.pem\" }",
            "E0311",
        ),
        ("{ cert = \"own.pem\", key = \"own.key\" }", "E0218"),
    ] {
        let done = beyond(&format!("tls = {tls}\n"));
        assert_eq!(done.code(), Some(2), "{tls}: {}", done.said);
        let [code, caret] = [done.said.contains(expected), done.said.contains("^^^")];
        assert!(code && caret, "{expected}: {}", done.said);
    }
    let done = beyond("tls = { cert = \"own.pem\", key = \"own.key\", client_ca = \"own.pem\" }\n");
    assert_eq!(done.code(), Some(0), "{}", done.said);
    assert!(!done.said.contains("E0417"), "{}", done.said);
    let done = beyond("token_file = \"token\"\n");
    assert_eq!(done.code(), Some(0), "{}", done.said);
    assert!(done.said.contains("E0417"), "{}", done.said);
}

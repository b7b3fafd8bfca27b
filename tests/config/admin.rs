//! Where an operator asks: what is wrong with it, and what it comes to.

use crate::machine::Still;
use crate::{good::good, printed, said, snapshot};
use std::path::Path;
use tidegate::{
    config::{self, Admin, AdminTls, CertificateFiles, Config, Door},
    message::pictures,
};

fn file(admin: &str) -> String {
    format!(
        "[[listener]]\nname = \"web\"\nbind = [\":80\"]\nto = \"api\"\n\
         [[cluster]]\nname = \"api\"\nendpoints = [\"10.0.0.1:80\"]\n[admin]\n{admin}"
    )
}

fn admin(text: &str) -> Config {
    let config = good(&file(text));
    printed::same(&config);
    config
}

#[test]
fn an_admin_that_cannot_be() {
    let text = "unix = true\nhttp = \"localhost\"\ntoken = \"s3cret\"\n";
    snapshot("an_admin_that_cannot_be", &said(&file(text)));
}

#[test]
fn an_admin_that_anybody_reaches() {
    snapshot(
        "an_admin_that_anybody_reaches",
        &said(&file("http = \"0.0.0.0:9901\"\n")),
    );
}

#[test]
fn where_it_is_asked() {
    assert_eq!(admin("").admin, Admin::default());
    assert_eq!(admin("unix = \"off\"\nhttp = \"off\"").admin, Admin::OFF);
    let config = admin("unix = \"/run/t.sock\"\nhttp = \"0.0.0.0:1\"\ntoken_file = \"/etc/token\"");
    let expected = Admin {
        unix: Door::At(Path::new("/run/t.sock").to_owned()),
        http: Door::At("0.0.0.0:1".parse().expect("an address")),
        token: Some(Path::new("/etc/token").to_owned()),
        tls: None,
    };
    assert_eq!(config.admin, expected);
}

#[test]
fn an_admin_where_a_listener_is() {
    for http in ["0.0.0.0:80", "127.0.0.1:80"] {
        let said = said(&file(&format!(
            "http = \"{http}\"\ntoken_file = \"/etc/token\"\n"
        )));
        let twice = format!("error[E0210]: {http} is listened at twice");
        for part in [twice.as_str(), "conf/tidegate.toml:9:1", "---- first here"] {
            assert!(said.contains(part), "{part}: {said}");
        }
    }
    for http in ["127.0.0.1:81", "[::1]:80"] {
        admin(&format!("http = \"{http}\""));
    }
}

#[test]
fn an_admin_whose_path_is_too_long() {
    let long = |bytes: usize| format!("unix = \"/{}\"", "a".repeat(bytes - 1));
    let said = said(&file(&long(100)));
    assert!(said.contains("error[E0204]: "), "{said}");
    assert!(said.contains("conf/tidegate.toml:9:8"), "{said}");
    admin(&long(99));
}

#[test]
fn an_admin_whose_tls_cannot_be() {
    let all = [
        "tls = { key = \"a.key\", client_ca = \"none.pem\" }",
        "tls = { cert = \"good.pem\", client_ca = \"good.pem\" }",
        "tls = { client_ca = \"good.pem\" }",
        "tls = { cert = \"none.pem\", key = \"none.key\" }",
        "tls = { certs = [\"good.pem\"], client_auth = \"optional\" }",
        "tls = \"dev\"",
        // A certificate of ours says nothing of who comes.
        "http = \"0.0.0.0:9901\"\ntls = { certs = [\"good.pem\"] }",
    ];
    let all = all.map(|admin| said(&file(admin)));
    snapshot("an_admin_whose_tls_cannot_be", &all.join("\n"));
}

/// What `admin` warns of.
fn warned(admin: &str) -> String {
    let text = file(admin);
    let read = config::read("conf/tidegate.toml", &text, Path::new("conf"), &Still);
    assert!(read.config.is_some(), "{admin}");
    pictures(&read.messages, &read.sources, false)
}

#[test]
fn a_token_is_better_not_read_on_the_way() {
    let clear = "http = \"10.0.0.1:9901\"\ntoken_file = \"token\"\n";
    snapshot("a_token_in_the_clear", &warned(clear));
    for good in [
        &clear.replace("10.0.0.1", "127.0.0.1"),
        &format!("{clear}tls = {{ certs = [\"good.pem\"] }}"),
        "http = \"10.0.0.1:9901\"\ntls = { certs = [\"good.pem\"], client_ca = \"good.pem\" }",
    ] {
        assert_eq!(warned(good), "", "{good}");
    }
}

#[test]
fn how_it_is_secured() {
    let path = |name: &str| Path::new("conf").join(name);
    let both = |cert, key| CertificateFiles {
        cert: path(cert),
        key: path(key),
    };
    for (text, certificates, client_ca) in [
        (
            "tls = { cert = \"good.pem\", key = \"own.key\" }",
            both("good.pem", "own.key"),
            None,
        ),
        (
            "tls = { certs = [\"good.pem\"], client_ca = \"good.pem\" }",
            both("good.pem", "good.pem"),
            Some(path("good.pem")),
        ),
    ] {
        let tls = AdminTls {
            certificates: vec![certificates],
            client_ca,
        };
        assert_eq!(admin(text).admin.tls, Some(tls), "{text}");
    }
}

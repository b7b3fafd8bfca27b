//! Where an operator asks: what is wrong with it, and what it comes to.

use crate::{good::good, printed, said, snapshot};
use std::path::Path;
use tidegate::config::{Admin, Config, Door};

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
    };
    assert_eq!(config.admin, expected);
}

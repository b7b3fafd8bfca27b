//! The keys of what is told of a request's way.

use crate::{
    CLUSTER,
    good::{FULL, good},
    said, snapshot,
};
use tidegate::config::{Forwarding, Ids, Tells};
use tidegate_core::route::Paths;

fn listener(lines: &str) -> String {
    format!("[[listener]]\nname = \"web\"\nbind = [\":80\"]\nto = \"api\"\n{lines}\n{CLUSTER}")
}

#[test]
fn networks_that_are_none() {
    let trusted =
        r#"trusted = ["10.0.0.1/8", "10.1.*", "localhost", "fd00::/200", "127.0.0.1:80", "db1"]"#;
    snapshot("networks_that_are_none", &said(&listener(trusted)));
}

#[test]
fn a_way_that_is_told_wrongly() {
    let lines = "trusted = \"10.0.0.0/8\"\nforwarded = \"x-forwarded-for\"\nvia = \"edge one\"";
    snapshot("a_way_that_is_told_wrongly", &said(&listener(lines)));
    let lines = "trusted = [\"10.0.0.0/8\"]\nforwarded = \"none\"\nvia = true";
    snapshot("a_way_that_nobody_is_told", &said(&listener(lines)));
}

#[test]
fn a_way_without_requests() {
    let lines = "kind = \"tcp\"\ntrusted = [\"10.0.0.0/8\"]\nforwarded = \"both\"\nvia = \"a\"";
    snapshot("a_way_without_requests", &said(&listener(lines)));
}

#[test]
fn an_id_that_nobody_gives() {
    let lines = "request_id = \"uuid\"";
    snapshot("an_id_that_nobody_gives", &said(&listener(lines)));
    let lines = "kind = \"tcp\"\nrequest_id = \"make\"";
    snapshot("an_id_without_requests", &said(&listener(lines)));
}

#[test]
fn what_is_told_of_the_way_arrives() {
    let config = good(FULL);
    let Forwarding {
        trusted,
        tells,
        via,
        paths,
        ids,
    } = &config.listeners[4].forwarding;
    assert!(trusted.contain([192, 0, 2, 7].into()) && !trusted.contain([192, 0, 2, 8].into()));
    let told = (*tells, via.as_str(), *paths, *ids);
    assert_eq!(told, (Tells::Both, "edge", Paths::Strict, Ids::Keep));
    assert_eq!(config.listeners[1].forwarding.via, "");
    assert_eq!(config.listeners[2].forwarding, Forwarding::default());
}

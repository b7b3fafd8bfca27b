//! Who is asked for names: what is wrong with it, and what it comes to.

use crate::{good::good, printed, said, snapshot};
use std::num::NonZeroU32;
use tidegate::{
    config::{At, Config, Dns},
    dns::Families,
};
use tidegate_core::time::Span;

fn file(dns: &str) -> String {
    format!(
        "[[listener]]\nname = \"web\"\nbind = [\":80\"]\nto = \"api\"\n\
         [[cluster]]\nname = \"api\"\nendpoints = [\"API.internal:80\"]\n[dns]\n{dns}"
    )
}

fn dns(text: &str) -> Config {
    let config = good(&file(text));
    printed::same(&config);
    config
}

#[test]
fn dns_that_cannot_be() {
    let text = "servers = [\"ns1.example\", \"10.0.0.53:0\", \"10.0.0.53\"]\nfamily = \"ipv5\"\n\
                timeout = \"1ms\"\nattempts = 0\nsearch = [\"example.com\"]\n";
    snapshot("dns_that_cannot_be", &said(&file(text)));
}

#[test]
fn what_is_not_said_is_the_systems_to_say() {
    assert_eq!(dns("").dns, Dns::default());
    assert_eq!(dns("family = \"prefer-ipv4\"").dns, Dns::default());
}

#[test]
fn servers_have_ports_of_their_own() {
    let config = dns(
        "servers = [\"10.0.0.53\", \"[fd00::53]:5353\", \"fd00::54\", \"[fe80::1%2]:53\"]\n\
         family = \"all\"\ntimeout = \"1500ms\"\nattempts = 3",
    );
    let servers = [
        "10.0.0.53:53",
        "[fd00::53]:5353",
        "[fd00::54]:53",
        "[fe80::1%2]:53",
    ];
    let expected = Dns {
        servers: servers.map(|one| one.parse().expect("an address")).to_vec(),
        families: Families::All,
        timeout: Some(Span::from_ms(1_500)),
        attempts: NonZeroU32::new(3),
    };
    assert_eq!(config.dns, expected);
}

#[test]
fn each_family_has_its_word() {
    for (word, families) in [
        ("prefer-ipv4", Families::PreferV4),
        ("prefer-ipv6", Families::PreferV6),
        ("ipv4", Families::V4),
        ("ipv6", Families::V6),
        ("all", Families::All),
    ] {
        assert_eq!(dns(&format!("family = \"{word}\"")).dns.families, families);
    }
}

#[test]
fn a_name_is_kept_as_it_is_written() {
    let config = dns("");
    let At::Name(name) = &config.clusters[0].endpoints[0].at else {
        panic!("it is a name")
    };
    assert_eq!((name.host.as_str(), name.port), ("API.internal", 80));
}

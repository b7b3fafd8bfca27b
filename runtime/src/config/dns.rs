//! `[dns]`: who is asked for the addresses of endpoints that are names, and how.

use crate::{
    config::{
        print::quote,
        read::{Reader, Section, Word},
        units::show_duration,
    },
    dns::{Families, files::PORT},
    message::{Code, Message},
};
use std::{
    net::{IpAddr, SocketAddr},
    num::NonZeroU32,
    ops::RangeInclusive,
};
use tidegate_core::time::Span;

/// Who is asked for the addresses of names. What is not given, `/etc/resolv.conf` says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dns {
    /// The servers, in place of the system's; without its search list then.
    pub servers: Vec<SocketAddr>,
    /// Which addresses of a name are used.
    pub families: Families,
    /// How long a server has for one answer.
    pub timeout: Option<Span>,
    /// How often all of them are asked.
    pub attempts: Option<NonZeroU32>,
}

const KEYS: [&str; 4] = ["servers", "family", "timeout", "attempts"];
const FAMILIES: [(&str, Families); 5] = [
    ("prefer-ipv4", Families::PreferV4),
    ("prefer-ipv6", Families::PreferV6),
    ("ipv4", Families::V4),
    ("ipv6", Families::V6),
    ("all", Families::All),
];
/// As much as the system's own resolver takes.
const TIMEOUT: RangeInclusive<Span> = Span::from_ms(10)..=Span::from_secs(30);
const ATTEMPTS: RangeInclusive<u32> = 1..=5;

pub(super) fn read(reader: &mut Reader<'_>, root: &Section<'_, '_>) -> Dns {
    let section = root
        .get("dns")
        .and_then(|node| reader.section("dns", node, &KEYS));
    let Some(section) = section else {
        return Dns::default();
    };
    let words = section.get("servers");
    let words = words.map_or(Vec::new(), |node| reader.words("servers", node));
    let attempts = section.get("attempts");
    let attempts = attempts.and_then(|node| reader.count("attempts", node, &ATTEMPTS));
    Dns {
        servers: words
            .iter()
            .filter_map(|word| server(reader, word))
            .collect(),
        families: section
            .get("family")
            .and_then(|node| reader.choice("family", node, &FAMILIES))
            .unwrap_or_default(),
        timeout: section
            .get("timeout")
            .and_then(|node| reader.duration("timeout", node, &TIMEOUT)),
        attempts: attempts.and_then(NonZeroU32::new),
    }
}

/// An address, with or without a port: a name would have to be looked up first.
fn server(reader: &mut Reader<'_>, word: &Word) -> Option<SocketAddr> {
    let bare = word.text.parse::<IpAddr>();
    let bare = bare.map(|ip| SocketAddr::new(ip, PORT));
    let server = bare.or_else(|_| word.text.parse());
    let server = server.ok().filter(|server| server.port() != 0);
    if server.is_none() {
        let what = format!("`{}` is not the address of a DNS server", word.text);
        let message = Message::new(Code::BadServer, what).at(word.place.clone(), "");
        reader.say(message.help("write an IP address, with a port where that is not 53"));
    }
    server
}

pub(super) fn show(dns: &Dns) -> String {
    let Dns {
        servers,
        families,
        timeout,
        attempts,
    } = dns;
    let mut text = String::new();
    if !servers.is_empty() {
        let all = servers.iter().map(|server| match server.port() {
            PORT if server.to_string() == SocketAddr::new(server.ip(), PORT).to_string() => {
                quote(&server.ip().to_string())
            }
            _ => quote(&server.to_string()),
        });
        text += &format!("servers = [{}]\n", all.collect::<Vec<_>>().join(", "));
    }
    if *families != Families::default() {
        let same = |(_, one): &&(&str, Families)| one == families;
        let word = FAMILIES.iter().find(same).map_or("", |(word, _)| word);
        text += &format!("family = {}\n", quote(word));
    }
    if let Some(timeout) = timeout {
        text += &format!("timeout = \"{}\"\n", show_duration(*timeout));
    }
    if let Some(attempts) = attempts {
        text += &format!("attempts = {attempts}\n");
    }
    text
}

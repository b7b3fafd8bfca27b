//! What this machine's files say of names: `/etc/hosts`, and `/etc/resolv.conf` (resolv.conf(5)).
//!
//! Pure: their texts are read elsewhere, and whoever reads them knows the interfaces of this machine. What
//! cannot be understood is passed over, as the system's own resolver does.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use tidegate_core::time::Span;

/// Where DNS servers listen.
pub const PORT: u16 = 53;
/// Servers that are asked, at most (MAXNS).
const SERVERS: usize = 3;

/// How servers are asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Whom, in this order.
    pub servers: Vec<SocketAddr>,
    /// What a name is tried with, in this order.
    pub search: Vec<String>,
    /// A name with as many dots is tried as it is before it is tried with `search`.
    pub ndots: u32,
    /// How long a server has for one answer.
    pub timeout: Span,
    /// How often all of them are asked.
    pub attempts: u32,
}

impl Default for Settings {
    /// resolv.conf(5): where nothing is said, a server of this machine.
    fn default() -> Self {
        Settings {
            servers: vec![SocketAddr::from((Ipv4Addr::LOCALHOST, PORT))],
            search: Vec::new(),
            ndots: 1,
            timeout: Span::from_secs(5),
            attempts: 2,
        }
    }
}

/// What is in a `resolv.conf`; `interface` knows the number of the one that is called so.
#[must_use]
pub fn resolv_conf(text: &str, interface: impl Fn(&str) -> Option<u32>) -> Settings {
    let mut settings = Settings::default();
    let mut servers = Vec::new();
    for line in text.lines() {
        // A comment begins its line.
        let mut words = line.split_whitespace();
        let Some(key) = words.next().filter(|key| !key.starts_with(['#', ';'])) else {
            continue;
        };
        match key {
            "nameserver" => {
                servers.extend(words.next().and_then(|word| server(word, &interface)));
            }
            // The last one stands, and they stand for each other.
            "search" | "domain" => settings.search = words.filter_map(suffix).collect(),
            "options" => words.for_each(|word| option(&mut settings, word)),
            _ => {}
        }
    }
    servers.truncate(SERVERS);
    if !servers.is_empty() {
        settings.servers = servers;
    }
    settings
}

fn server(word: &str, interface: impl Fn(&str) -> Option<u32>) -> Option<SocketAddr> {
    let Some((ip, scope)) = word.split_once('%') else {
        let ip = word.parse::<IpAddr>().ok()?;
        return Some(SocketAddr::new(ip, PORT));
    };
    let ip = ip.parse::<Ipv6Addr>().ok()?;
    // RFC 4007, 11.2: the interface, by its name or its number. Where there is none, the system leaves it open,
    // too: so whoever asks there hears that it cannot be asked, and one that comes later is found then.
    let scope = interface(scope).or_else(|| scope.parse().ok());
    Some(SocketAddrV6::new(ip, PORT, 0, scope.unwrap_or(0)).into())
}

fn suffix(word: &str) -> Option<String> {
    let bare = word.trim_matches('.');
    (!bare.is_empty()).then(|| bare.to_owned())
}

fn option(settings: &mut Settings, word: &str) {
    let Some((key, value)) = word.split_once(':') else {
        return;
    };
    let Ok(value) = value.parse::<u32>() else {
        return;
    };
    // The limits are the system's own.
    match key {
        "ndots" => settings.ndots = value.min(15),
        "timeout" => settings.timeout = Span::from_secs(value.clamp(1, 30).into()),
        "attempts" => settings.attempts = value.clamp(1, 5),
        _ => {}
    }
}

impl Settings {
    /// What `name` may be short for, in the order in which it is tried.
    #[must_use]
    pub fn candidates(&self, name: &str) -> Vec<String> {
        if name.ends_with('.') {
            return vec![name.to_owned()];
        }
        let longer = self.search.iter().map(|suffix| format!("{name}.{suffix}"));
        let mut all: Vec<_> = longer.collect();
        let dots = name.matches('.').count();
        let first = u32::try_from(dots).unwrap_or(u32::MAX) >= self.ndots;
        all.insert(if first { 0 } else { all.len() }, name.to_owned());
        all
    }
}

/// The addresses that a `hosts` file (hosts(5)) has for `name`.
#[must_use]
pub fn hosts(text: &str, name: &str) -> Vec<IpAddr> {
    let name = bare(name);
    let mut all = Vec::new();
    for line in text.lines() {
        let line = line.split('#').next().unwrap_or_default();
        let mut words = line.split_whitespace();
        let Some(Ok(ip)) = words.next().map(str::parse) else {
            continue;
        };
        if words.any(|word| bare(word).eq_ignore_ascii_case(name)) {
            all.push(ip);
        }
    }
    all
}

fn bare(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

/// The addresses of this machine to itself, if `name` asks for them: RFC 6761, 6.3, has no server asked
/// for that.
#[must_use]
pub fn localhost(name: &str) -> Option<[IpAddr; 2]> {
    let last = bare(name).rsplit('.').next()?;
    let loopback = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
    last.eq_ignore_ascii_case("localhost").then_some(loopback)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_resolv_conf_is_read_as_the_system_does() {
        let text = "; written by hand\n# really\nnameserver 10.0.0.2\nnameserver fd00::53 # two\n\
                    nameserver web\nnameserver fe80::1%2\nnameserver 10.0.0.3\n\
                    domain old.example\nsearch svc.cluster.local. example.com .\n\
                    sortlist 10.0.0.0/8\noptions ndots:5 timeout:2 attempts:99 rotate edns0 ndots:x\n";
        let expected = Settings {
            servers: vec![at("10.0.0.2:53"), at("[fd00::53]:53"), at("[fe80::1%2]:53")],
            search: vec!["svc.cluster.local".to_owned(), "example.com".to_owned()],
            ndots: 5,
            timeout: Span::from_secs(2),
            attempts: 5,
        };
        assert_eq!(resolv_conf(text, |_| None), expected);
        let empty = resolv_conf("\n#\nsearch\n", |_| None);
        assert_eq!(empty, Settings::default());
        assert_eq!(Settings::default().servers, [at("127.0.0.1:53")]);
    }

    #[test]
    fn a_server_on_a_link_is_told_by_the_interface() {
        let interface = |name: &str| (name == "eth0").then_some(7_u32);
        for (word, server) in [
            ("fe80::1%eth0", Some("[fe80::1%7]:53")),
            ("fe80::1%2", Some("[fe80::1%2]:53")),
            // Nothing is known of it; it is not passed over in silence.
            ("fe80::1%wg0", Some("[fe80::1]:53")),
            ("10.0.0.1%eth0", None),
            ("web%eth0", None),
        ] {
            let text = format!("nameserver {word}\n");
            let servers = server.map_or(Settings::default().servers, |one| vec![at(one)]);
            assert_eq!(resolv_conf(&text, interface).servers, servers, "{word}");
        }
    }

    #[test]
    fn a_name_is_tried_with_what_it_may_be_short_for() {
        let settings = Settings {
            search: vec!["a.example".to_owned(), "b.example".to_owned()],
            ndots: 2,
            ..Settings::default()
        };
        let tried = |name| settings.candidates(name).join(" ");
        assert_eq!(tried("db1"), "db1.a.example db1.b.example db1");
        assert_eq!(tried("x.y"), "x.y.a.example x.y.b.example x.y");
        assert_eq!(tried("x.y.z"), "x.y.z x.y.z.a.example x.y.z.b.example");
        assert_eq!(tried("db1."), "db1.");
    }

    #[test]
    fn a_hosts_file_has_names_and_their_aliases() {
        let text = "127.0.0.1 localhost\n::1 localhost ip6-localhost # and others: db1\n\
                    # 10.0.0.9 db1\n10.0.0.1\tdb1.internal DB1\n10.0.0.2 db1\nbad db1\n";
        let found = |name| {
            let all: Vec<_> = hosts(text, name).iter().map(ToString::to_string).collect();
            all.join(" ")
        };
        assert_eq!(found("localhost"), "127.0.0.1 ::1");
        assert_eq!(found("db1"), "10.0.0.1 10.0.0.2");
        assert_eq!(found("db1.internal."), "10.0.0.1");
        assert_eq!(found("db2"), "");
    }

    #[test]
    fn this_machine_is_never_asked_for() {
        for name in ["localhost", "LocalHost.", "app.localhost"] {
            assert!(localhost(name).is_some(), "{name}");
        }
        for name in ["localhost.example", "mylocalhost", "local"] {
            assert_eq!(localhost(name), None, "{name}");
        }
    }
}

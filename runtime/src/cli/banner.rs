//! What is served, in a few lines: at the start and for `check`. Pure functions of the
//! configuration; a line is there only if it is true.

use crate::config::{Balance, Cluster, Config, Listener, Protocol, Tls};
use tidegate_core::route::{Host, Route};

/// How many endpoints of a cluster are named before the rest is counted.
const NAMED: usize = 3;

/// What is printed at the start. `dev_fingerprint`: of the development certificate, if one is
/// served.
#[must_use]
pub fn banner(config: &Config, dev_fingerprint: Option<&str>) -> String {
    let name = concat!("tidegate ", env!("CARGO_PKG_VERSION"));
    let served = rows(config, dev_fingerprint);
    let mut text = String::new();
    for (index, row) in served.iter().enumerate() {
        text += &match (index, row) {
            (0, Row::Route(row)) => format!("{name}  {row}\n"),
            (_, Row::Route(row)) => format!("{:width$}  {row}\n", "", width = name.len()),
            (_, Row::Below(row)) => format!("  {row}\n"),
        };
    }
    text + &format!("^C once drains ({}), twice stops.\n", config.drain)
}

/// What `check` says of a file with nothing wrong in it.
#[must_use]
pub fn check(name: &str, config: &Config) -> String {
    let mut text = format!("{name}: no errors\n");
    for row in rows(config, None) {
        text += &match row {
            Row::Route(row) => format!("  {row}\n"),
            Row::Below(row) => format!("    {row}\n"),
        };
    }
    text
}

enum Row {
    /// From where to where.
    Route(String),
    /// More about the listener of the rows above.
    Below(String),
}

fn rows(config: &Config, dev_fingerprint: Option<&str>) -> Vec<Row> {
    let mut rows = Vec::new();
    for listener in &config.listeners {
        match &listener.protocol {
            Protocol::Tcp(cluster) => {
                rows.push(row("tcp ", listener, "", &config.clusters[*cluster]));
            }
            Protocol::Http(table) => rows.extend(table.routes().iter().map(|route| {
                row(
                    "http",
                    listener,
                    &pattern(route),
                    &config.clusters[route.cluster],
                )
            })),
        }
        rows.extend(
            listener
                .tls
                .as_ref()
                .map(|tls| certificate(tls, dev_fingerprint)),
        );
    }
    rows
}

fn row(kind: &str, listener: &Listener, pattern: &str, cluster: &Cluster) -> Row {
    let bind: Vec<_> = listener.bind.iter().map(ToString::to_string).collect();
    let count = cluster.endpoints.len();
    let named = cluster
        .endpoints
        .iter()
        .take(NAMED)
        .map(|one| one.authority.as_str());
    let mut to = named.collect::<Vec<_>>().join(", ");
    if count > NAMED {
        to += &format!(" and {} more", count - NAMED);
    }
    let balance = match cluster.balance {
        Balance::RoundRobin => "round-robin",
    };
    let noun = if count == 1 { "endpoint" } else { "endpoints" };
    let bind = bind.join(", ");
    Row::Route(format!(
        "{kind}  {bind}{pattern} -> {to} ({balance}, {count} {noun})"
    ))
}

/// ` api.example.com/v1`; nothing for a route that covers everything.
fn pattern(route: &Route) -> String {
    match (&route.host, route.path.as_str()) {
        (Host::Any, "") => String::new(),
        (Host::Any, path) => format!(" {path}"),
        (Host::Exact(host), path) => format!(" {host}{path}"),
        (Host::Below(host), path) => format!(" *.{host}{path}"),
    }
}

fn certificate(tls: &Tls, dev_fingerprint: Option<&str>) -> Row {
    Row::Below(match tls {
        Tls::Dev(directory) => {
            let sha256 = dev_fingerprint.map(|print| format!(", sha256 {print}"));
            let authority = directory.join("ca.pem");
            let sha256 = sha256.unwrap_or_default();
            let authority = authority.display();
            format!("tls    dev certificate localhost{sha256}  (trust once: {authority})")
        }
        Tls::Files(all) => {
            let files: Vec<_> = all
                .iter()
                .map(|one| one.cert.display().to_string())
                .collect();
            format!("tls    {}", files.join(", "))
        }
    })
}

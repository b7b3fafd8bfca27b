//! What is served, in a few lines: at the start and for `check`. Pure functions of the
//! configuration; a line is there only if it is true.

use crate::{
    bounds,
    config::{self, Action, CertificateFiles, Cluster, Config, Listener, Plan, Protocol, Tls},
    server::Files,
};
use tidegate_core::route::{Share, When};

/// How many endpoints of a cluster are named before the rest is counted.
const NAMED: usize = 3;

/// What is printed at the start. `dev_fingerprint`: of the development certificate, if one is
/// served. `asked`: where an operator asks.
#[must_use]
pub fn banner(
    config: &Config,
    dev_fingerprint: Option<&str>,
    files: Option<Files>,
    asked: &[String],
) -> String {
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
    if !asked.is_empty() {
        text += &format!("  admin  {}\n", asked.join("   "));
    }
    if let Some(Files { limit, connections }) = files {
        let (connections, limit) = (grouped(connections as u64), grouped(limit));
        text += &format!("  limits {connections} connections (from open-file limit {limit})\n");
    }
    // Whatever becomes of the walk, it is served.
    let brief = std::panic::catch_unwind(|| bounds::brief(config));
    if let Ok(Some(span)) = brief {
        let span = config::show_span(span);
        text += &format!(
            "  a client that is gone holds a socket for at most {span}      details: tidegate check --bounds\n"
        );
    }
    text + &format!("^C once drains ({}), twice stops.\n", config.drain.timeout)
}

/// What `check` says of a file with nothing wrong in it, beside so many warnings.
#[must_use]
pub(super) fn check(name: &str, config: &Config, warnings: usize) -> String {
    let mut text = match warnings {
        0 => format!("{name}: no errors\n"),
        1 => format!("{name}: no errors, 1 warning\n"),
        n => format!("{name}: no errors, {n} warnings\n"),
    };
    for row in rows(config, None) {
        text += &match row {
            Row::Route(row) => format!("  {row}\n"),
            Row::Below(row) => format!("    {row}\n"),
        };
    }
    text
}

/// `43 690`: a number in groups of three digits.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
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
                rows.push(row(listener, "", &endpoints(&config.clusters[*cluster])));
            }
            Protocol::Http(table) => rows.extend(table.routes().iter().map(|route| {
                // A journal keeps it.
                let when = route.to.hidden.when(&route.when);
                row(listener, &pattern(&when), &plan(config, &route.to))
            })),
            Protocol::Passthrough(table) => rows.extend(table.routes().iter().map(|route| {
                let to = endpoints(&config.clusters[route.to]);
                row(listener, &pattern(&route.when), &to)
            })),
        }
        let tls = listener.tls.iter();
        rows.extend(tls.flat_map(|tls| certificate(tls, dev_fingerprint)));
    }
    rows
}

const fn kind(protocol: &Protocol) -> &'static str {
    match protocol {
        Protocol::Http(_) => "http",
        Protocol::Tcp(_) => "tcp ",
        Protocol::Passthrough(_) => "tls ",
    }
}

fn row(listener: &Listener, pattern: &str, to: &str) -> Row {
    let kind = kind(&listener.protocol);
    let bind: Vec<_> = listener.bind.iter().map(ToString::to_string).collect();
    Row::Route(format!("{kind}  {}{pattern} -> {to}", bind.join(", ")))
}

/// What becomes of a request.
pub(super) fn plan(config: &Config, plan: &Plan) -> String {
    match &plan.action {
        Action::Redirect(redirect) => format!("{} {}", redirect.status, redirect.to),
        Action::Respond(page) => page.status.to_string(),
        Action::Forward(split) => match split.shares() {
            [share] => endpoints(&config.clusters[share.cluster]),
            shares => {
                let sum: u64 = shares.iter().map(|share| u64::from(share.weight)).sum();
                let share = |share: &Share| {
                    let name = &config.clusters[share.cluster].name;
                    format!("{name} {} of {sum}", share.weight)
                };
                shares.iter().map(share).collect::<Vec<_>>().join(", ")
            }
        },
    }
}

fn endpoints(cluster: &Cluster) -> String {
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
    let balance = config::word(cluster.balance);
    let noun = if count == 1 { "endpoint" } else { "endpoints" };
    format!("{to} ({balance}, {count} {noun})")
}

/// ` api.example.com/v1`; nothing for a route that covers everything.
fn pattern(when: &When) -> String {
    match when.is_always() {
        true => String::new(),
        false => format!(" {}", config::pattern(when)),
    }
}

fn certificate(tls: &Tls, dev_fingerprint: Option<&str>) -> Vec<Row> {
    let lines = match tls {
        Tls::Dev(directory) => {
            let sha256 = dev_fingerprint.map(|print| format!(", sha256 {print}"));
            let authority = directory.join("ca.pem");
            vec![
                format!(
                    "tls    dev certificate localhost{}",
                    sha256.unwrap_or_default()
                ),
                format!("       trust once: {}", authority.display()),
            ]
        }
        Tls::Files(all) => {
            let file = |one: &CertificateFiles| format!("tls    {}", one.cert.display());
            all.iter().map(file).collect()
        }
    };
    lines.into_iter().map(Row::Below).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::testing::{cluster, listener};
    use tidegate_core::route::{Route, Table};

    fn config(listeners: Vec<Listener>, endpoints: &[&str]) -> Config {
        Config {
            listeners,
            clusters: vec![cluster(endpoints)],
            ..Config::default()
        }
    }

    #[test]
    fn a_one_liner() {
        let mut web = listener();
        web.tls = Some(Tls::Dev("/data/dev".into()));
        let shown = banner(
            &config(vec![web], &["127.0.0.1:3000"]),
            Some("9f:2c"),
            Some(Files {
                limit: 131_072,
                connections: 43_690,
            }),
            &[
                "http://127.0.0.1:9901".to_owned(),
                "unix /run/tidegate.sock".to_owned(),
            ],
        );
        let expected = "\
tidegate 0.1.0  http  0.0.0.0:8080 -> 127.0.0.1:3000 (least-request, 1 endpoint)
  tls    dev certificate localhost, sha256 9f:2c
         trust once: /data/dev/ca.pem
  admin  http://127.0.0.1:9901   unix /run/tidegate.sock
  limits 43 690 connections (from open-file limit 131 072)
  a client that is gone holds a socket for at most 924s      details: tidegate check --bounds
^C once drains (30s), twice stops.
";
        assert_eq!(shown, expected);
    }

    #[test]
    fn routes_in_the_order_in_which_they_are_tried() {
        let route = |host, path| Route::new(host, path, Plan::to(0));
        let (mut web, mut db) = (listener(), listener());
        web.protocol = Protocol::Http(Table::new(vec![
            route(None, "/"),
            route(None, "/static"),
            route(Some("*.example.com"), "/"),
            route(Some("api.example.com"), "/v1/"),
        ]));
        web.bind.push(([127, 0, 0, 1], 9090).into());
        let [cert, key] = ["a.pem", "a.key"].map(Into::into);
        web.tls = Some(Tls::Files(vec![CertificateFiles { cert, key }]));
        db.protocol = Protocol::Tcp(0);
        let config = config(vec![web, db], &["a:1", "b:2", "c:3", "d:4", "e:5"]);
        let to = "a:1, b:2, c:3 and 2 more (least-request, 5 endpoints)";
        let bind = "0.0.0.0:8080, 127.0.0.1:9090";
        let expected = format!(
            "\
t.toml: no errors
  http  {bind} api.example.com/v1 -> {to}
  http  {bind} *.example.com -> {to}
  http  {bind} /static -> {to}
  http  {bind} -> {to}
    tls    a.pem
  tcp   0.0.0.0:8080 -> {to}
"
        );
        assert_eq!(check("t.toml", &config, 0), expected);
    }
}

//! A configuration as the file that means the same.
//!
//! Only what differs from the defaults is written, so that what is written matters.

use crate::config::{
    CertificateFiles, ClientAuth, Clients, Cluster, Config, Drain, Health, Listener, OriginTls,
    Plan, Protocol, Roots, Tls, access, admin, choosing,
    cluster::version_word,
    dns,
    file::EDITION,
    forwarding, health, keepalive, log, policy, queue, retries, route, share, sockets,
    units::{show_duration, show_size},
    waits,
};
use std::{fmt::Write, path::Path};
use tidegate_core::{
    limits::Limits,
    proxy_protocol::Version,
    route::{Route, Table},
    vigil::Keepalive,
};

/// The file that [`read`](crate::config::read) makes `config` of. Names of hosts are written, not
/// their addresses; paths are absolute if they are in `config`.
#[must_use]
pub fn print(config: &Config) -> String {
    let mut text = format!("defaults = {}\n", quote(EDITION));
    if let Some(workers) = config.workers {
        text += &format!("workers = {workers}\n");
    }
    if let Some(user) = &config.user {
        text += &format!("user = {}\n", quote(user));
    }
    if config.landlock {
        text += "landlock = true\n";
    }
    for one in &config.listeners {
        text += &listener(config, one);
    }
    for cluster in &config.clusters {
        text += &print_cluster(cluster);
    }
    text += &limits(&config.limits, config.memory);
    text += &section("dns", &dns::show(&config.dns));
    text += &section("admin", &admin::show(&config.admin));
    text += &section("log", &log::show(&config.log));
    if config.watch {
        text += &section("reload", "watch = true\n");
    }
    text + &drain(config.drain)
}

fn drain(drain: Drain) -> String {
    let default = Config::DRAIN;
    let mut text = String::new();
    for (key, span, default) in [
        ("pre_delay", drain.pre_delay, default.pre_delay),
        ("timeout", drain.timeout, default.timeout),
    ] {
        if span != default {
            text += &format!("{key} = \"{}\"\n", show_duration(span));
        }
    }
    section("drain", &text)
}

/// A table of this name, unless it would be empty.
fn section(name: &str, rows: &str) -> String {
    if rows.is_empty() {
        String::new()
    } else {
        format!("\n[{name}]\n{rows}")
    }
}

fn listener(config: &Config, listener: &Listener) -> String {
    let Listener {
        name,
        bind,
        protocol,
        tls,
        buffers,
        timeouts,
        policy,
        clients,
        forwarding,
        access,
    } = listener;
    let bind = bind
        .iter()
        .map(|address| quote(&address.to_string()))
        .collect::<Vec<_>>();
    let mut text = format!(
        "\n[[listener]]\nname = {}\nbind = [{}]\n",
        quote(name),
        bind.join(", ")
    );
    let name_of = |cluster: usize| quote(&config.clusters[cluster].name);
    let table = match protocol {
        Protocol::Tcp(cluster) => {
            text += &format!("kind = \"tcp\"\nto = {}\n", name_of(*cluster));
            Table::default()
        }
        Protocol::Passthrough(table) => {
            text += "kind = \"tcp\"\ntls = \"passthrough\"\n";
            table.map(|cluster| Plan::to(*cluster))
        }
        Protocol::Http(table) => table.clone(),
    };
    let plain = |route: &Route<Plan>| route.to.plain().filter(|_| route.when.is_always());
    if let Some(cluster) = table.routes().iter().find_map(plain) {
        text += &format!("to = {}\n", name_of(cluster));
    }
    let certificates = tls.as_ref().map(|tls| print_tls(tls, clients.as_ref()));
    text += &certificates.unwrap_or_default();
    text += &sockets::show(*buffers);
    text += &policy::show(policy);
    text += &forwarding::show(forwarding);
    text += &access::show(access);
    if timeouts.keepalive != Keepalive::default() {
        text += &keepalive::show(timeouts.keepalive);
    }
    text += &self::table(&waits::show_listener(
        *timeouts,
        protocol.default_timeouts(),
    ));
    let others = table.routes().iter().filter(|one| plain(one).is_none());
    for route in others {
        text += &format!("\n[[route]]\nlistener = {}\n", quote(name));
        text += &route::show(route, &name_of);
    }
    text
}

/// Certificates, as the keys of a table name them.
pub(super) fn certificate_rows(all: &[CertificateFiles]) -> Vec<String> {
    let path = |path: &Path| quote(&path.to_string_lossy());
    match all {
        [CertificateFiles { cert, key }] if cert != key => {
            vec![
                format!("cert = {}", path(cert)),
                format!("key = {}", path(key)),
            ]
        }
        all => {
            let files: Vec<_> = all.iter().map(|one| path(&one.cert)).collect();
            vec![format!("certs = [{}]", files.join(", "))]
        }
    }
}

fn print_tls(tls: &Tls, clients: Option<&Clients>) -> String {
    let mut rows = match tls {
        Tls::Dev(_) => return "tls = \"dev\"\n".to_owned(),
        Tls::Files(all) => certificate_rows(all),
    };
    if let Some(clients) = clients {
        rows.push(format!(
            "client_ca = {}",
            quote(&clients.ca.to_string_lossy())
        ));
        if clients.auth == ClientAuth::Optional {
            rows.push("client_auth = \"optional\"".to_owned());
        }
    }
    format!("tls = {{ {} }}\n", rows.join(", "))
}

fn print_cluster(cluster: &Cluster) -> String {
    let Cluster {
        name,
        endpoints,
        balance,
        choosing,
        queue,
        retries,
        takes_connect,
        proxy_protocol,
        buffers,
        timeouts,
        tls,
        health,
    } = cluster;
    let endpoints: Vec<_> = endpoints
        .iter()
        .map(|one| share::show(&one.authority, one.share))
        .collect();
    format!(
        "\n[[cluster]]\nname = {}\nendpoints = [{}]\n",
        quote(name),
        endpoints.join(", ")
    ) + &tls.as_ref().map(print_origin_tls).unwrap_or_default()
        + &health.as_ref().map(show_health).unwrap_or_default()
        + &choosing::show(*balance, choosing)
        + &queue::show(*queue)
        + &retries::show(retries)
        + if *takes_connect {
            "connect = true\n"
        } else {
            ""
        }
        + &show_proxy_protocol(*proxy_protocol)
        + &sockets::show(*buffers)
        + &timeouts.keepalive.map(keepalive::show).unwrap_or_default()
        + &table(&waits::show_cluster(*timeouts))
}

fn show_health(health: &Health) -> String {
    health::show(health, quote)
}

fn show_proxy_protocol(version: Option<Version>) -> String {
    let Some(version) = version else {
        return String::new();
    };
    format!("proxy_protocol = {}\n", quote(version_word(version)))
}

fn print_origin_tls(tls: &OriginTls) -> String {
    let mut rows = Vec::new();
    if let Roots::File(path) = &tls.roots {
        rows.push(format!("ca = {}", quote(&path.to_string_lossy())));
    }
    if let Some(name) = &tls.server_name {
        rows.push(format!("server_name = {}", quote(name)));
    }
    if let Some(CertificateFiles { cert, key }) = &tls.identity {
        rows.push(format!("cert = {}", quote(&cert.to_string_lossy())));
        rows.push(format!("key = {}", quote(&key.to_string_lossy())));
    }
    if rows.is_empty() {
        "tls = \"system\"\n".to_owned()
    } else {
        format!("tls = {{ {} }}\n", rows.join(", "))
    }
}

fn limits(limits: &Limits, memory: Option<u64>) -> String {
    let default = Limits::default();
    let mut text = String::new();
    for (key, bytes, default) in [
        ("relay", limits.relay_bytes, default.relay_bytes),
        ("pipe", limits.pipe_bytes, default.pipe_bytes),
        ("pipe_from", limits.pipe_from_bytes, default.pipe_from_bytes),
        ("head", limits.head_bytes, default.head_bytes),
        ("target", limits.target_bytes, default.target_bytes),
        ("min_body_rate", limits.body_rate, default.body_rate),
    ] {
        if bytes != default {
            text += &format!("{key} = \"{}\"\n", show_size(u64::from(bytes)));
        }
    }
    if limits.body_bytes != default.body_bytes {
        text += &format!("max_body = \"{}\"\n", show_size(limits.body_bytes));
    }
    if limits.head_fields != default.head_fields {
        text += &format!("fields = {}\n", limits.head_fields);
    }
    if let Some(bytes) = memory {
        text += &format!("memory = \"{}\"\n", show_size(bytes));
    }
    section("limits", &text)
}

fn table(rows: &[String]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    format!("timeouts = {{ {} }}\n", rows.join(", "))
}

/// A TOML basic string in which nothing is taken for a variable.
pub(super) fn quote(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.replace("${", "$${").chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => {
                // Writing to a string cannot fail.
                let _ = write!(quoted, "\\u{:04X}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

//! `[[cluster]]`: what is in it, and the addresses of its endpoints.

use crate::{
    config::{
        Authority, Cluster, Endpoint, OriginTls, Roots, Share, address, choosing,
        credentials::{authorities, certificates},
        endpoint::endpoint,
        health, keepalive, queue,
        read::{Node, Reader, Section, Word},
        retries, share, sockets, waits,
    },
    message::{Code, Message},
};
use rustls::pki_types::ServerName;
use tidegate_core::proxy_protocol::Version;
use toml::de::DeValue;

/// The versions of the PROXY protocol, as they are written.
const VERSIONS: [(&str, Version); 2] = [("v1", Version::V1), ("v2", Version::V2)];

/// How a version of the PROXY protocol is written.
pub(super) fn version_word(version: Version) -> &'static str {
    let same = |(_, one): &&(&str, Version)| *one == version;
    VERSIONS.iter().find(same).map_or("", |(word, _)| word)
}

const KEYS: [&str; 15] = [
    "name",
    "endpoints",
    "tls",
    "health",
    "balance",
    "ejection",
    "slow_start",
    "queue",
    "retries",
    "connect",
    "proxy_protocol",
    "send_buffer",
    "recv_buffer",
    "keepalive",
    "timeouts",
];

/// Reads one cluster; its name may be missing, but then there is an error.
pub(super) fn read(reader: &mut Reader<'_>, section: &Section<'_, '_>) -> (Option<Word>, Cluster) {
    reader.only(section, &KEYS);
    let name = reader.required(section, "name", "name = \"api\"");
    let name = name.and_then(|node| reader.word("name", node));
    let endpoints = reader.required(section, "endpoints", "endpoints = [\"HOST:PORT\"]");
    let endpoints = endpoints.map_or(Vec::new(), |node| share::read(reader, node));
    let (balance, choosing) = choosing::read(reader, section);
    let timeouts = section
        .get("timeouts")
        .map(|node| waits::cluster(reader, node, section.get("tls").is_some()));
    let mut timeouts = timeouts.unwrap_or_default();
    timeouts.keepalive = section
        .get("keepalive")
        .and_then(|node| keepalive::read(reader, node));
    let tls = section.get("tls").and_then(|node| tls(reader, node));
    let cluster = Cluster {
        name: name
            .as_ref()
            .map(|name| name.text.clone())
            .unwrap_or_default(),
        endpoints: endpoints
            .iter()
            .filter_map(|(word, share)| endpoint(reader, word, *share))
            .collect(),
        balance,
        choosing,
        queue: queue::read(reader, section, &endpoints),
        retries: section
            .get("retries")
            .map(|node| retries::read(reader, node))
            .unwrap_or_default(),
        takes_connect: section
            .get("connect")
            .and_then(|node| reader.flag("connect", node))
            .unwrap_or_default(),
        proxy_protocol: section
            .get("proxy_protocol")
            .and_then(|node| reader.choice("proxy_protocol", node, &VERSIONS)),
        buffers: sockets::buffers(reader, section),
        timeouts,
        tls,
        health: section
            .get("health")
            .and_then(|node| health::read(reader, node)),
    };
    nameless(reader, &cluster, &endpoints);
    (name, cluster)
}

/// `tls = "system"`, or a table that says whom to trust and whom to expect.
fn tls(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<OriginTls> {
    if matches!(node.get_ref(), DeValue::String(_)) {
        reader.choice("tls", node, &[("system", ())])?;
        return Some(OriginTls::default());
    }
    let keys = ["ca", "server_name", "cert", "key"];
    let section = reader.section("tls", node, &keys)?;
    let roots = authorities(reader, &section, "ca");
    let own = section.get("cert").or(section.get("key")).is_some();
    let forms = "write cert = \"FILE\", key = \"FILE\"";
    let identity = own
        .then(|| certificates(reader, &section, forms))
        .flatten()
        .and_then(|all| all.into_iter().next());
    Some(OriginTls {
        roots: roots.map_or(Roots::System, Roots::File),
        server_name: section
            .get("server_name")
            .and_then(|node| server_name(reader, node)),
        identity,
    })
}

/// Every endpoint that is spoken to over TLS has a name that its certificate can be for.
fn nameless(reader: &mut Reader<'_>, cluster: &Cluster, words: &[(Word, Share)]) {
    for endpoint in cluster.endpoints.iter().filter(|_| cluster.tls.is_some()) {
        if cluster.expected(endpoint).is_some() {
            continue;
        }
        let what = format!("no certificate can be for `{}`", endpoint.authority);
        let message = Message::new(Code::BadHost, what);
        let word = words
            .iter()
            .find(|(word, _)| word.text == endpoint.authority);
        let place = word.map_or(0..0, |(word, _)| word.place.clone());
        reader.say(
            message
                .at(place, "")
                .help("add server_name = \"NAME\" to `tls`"),
        );
    }
}

fn server_name(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<String> {
    let word = reader.word("server_name", node)?;
    if ServerName::try_from(word.text.as_str()).is_ok() {
        return Some(word.text);
    }
    let what = format!("`{}` cannot be the name in a certificate", word.text);
    let message = Message::new(Code::BadHost, what).at(word.place, "");
    reader.say(message.help("write a host name or an IP address, without port"));
    None
}

impl Cluster {
    /// The name that the certificate of `endpoint` must be for, if it is spoken to over TLS.
    #[must_use]
    pub fn expected(&self, endpoint: &Endpoint) -> Option<ServerName<'static>> {
        let tls = self.tls.as_ref()?;
        let host = match &tls.server_name {
            Some(name) => name.clone(),
            None => host(&endpoint.authority)?,
        };
        ServerName::try_from(host).ok()
    }
}

fn host(authority: &str) -> Option<String> {
    let Authority { host, .. } = address::endpoint(authority).ok()?;
    Some(host)
}

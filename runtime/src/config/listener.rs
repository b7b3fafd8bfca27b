//! `[[listener]]`: what is in it. Its routes come from elsewhere in the file (`route.rs`).

use crate::{
    config::{
        ClientAuth, Clients, Cluster, Listener, Plan, Protocol, Tls, access, address,
        credentials::{authorities, certificates},
        forwarding, keepalive,
        names::Names,
        policy,
        read::{Node, Reader, Section, Word},
        route::in_the_clear,
        sockets, waits,
    },
    message::{Code, Message, Place},
};
use std::net::SocketAddr;
use tidegate_core::{
    limits::Timeouts,
    route::{Route, Table},
};
use toml::de::DeValue;

const KEYS: [&str; 26] = [
    "name",
    "bind",
    "kind",
    "tls",
    "to",
    "send_buffer",
    "recv_buffer",
    "bare_fin",
    "tls12_half_close",
    "client_fin",
    "tunnel_close",
    "idle",
    "keepalive",
    "trusted",
    "forwarded",
    "via",
    "paths",
    "request_id",
    access::KEYS[0],
    access::KEYS[1],
    access::KEYS[2],
    access::KEYS[3],
    access::KEYS[4],
    access::KEYS[5],
    access::KEYS[6],
    "timeouts",
];

/// What a listener speaks, before it is known where it forwards to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Http,
    Tcp,
    /// TCP that is routed by the name in its ClientHello.
    Passthrough,
}

/// A listener whose routes are still to come.
pub(super) struct Draft {
    pub(super) name: Option<Word>,
    pub(super) kind: Kind,
    /// Where `to` leads, and where it stands; the cluster is missing if there is no such cluster.
    pub(super) to: Option<(Option<usize>, Place)>,
    pub(super) routes: Vec<Route<Plan>>,
    /// Whether something says where it forwards to, be it right or wrong.
    pub(super) led: bool,
    /// Where the listener stands.
    pub(super) place: Place,
    /// All but the protocol, which is empty.
    listener: Listener,
}

/// Reads one listener. `bound` are the addresses that others listen at.
pub(super) fn read(
    reader: &mut Reader<'_>,
    section: &Section<'_, '_>,
    clusters: (&Names, &[Cluster]),
    bound: &mut Vec<(SocketAddr, Place)>,
) -> Draft {
    reader.only(section, &KEYS);
    let name = reader.required(section, "name", "name = \"web\"");
    let name = name.and_then(|node| reader.word("name", node));
    let kinds = [("http", Kind::Http), ("tcp", Kind::Tcp)];
    let kind = section
        .get("kind")
        .and_then(|node| reader.choice("kind", node, &kinds));
    let kind = kind.unwrap_or(Kind::Http);
    let ends = section.get("tls").and_then(|node| tls(reader, node));
    let (kind, certificates, clients) = match ends {
        None => (kind, None, None),
        Some(Ends::Here(certificates, clients)) => (kind, Some(certificates), clients),
        Some(Ends::Elsewhere) => {
            if kind == Kind::Http {
                let what = "`tls = \"passthrough\"` on an http listener";
                let message = Message::new(Code::WrongKind, what).at(section.key_place("tls"), "");
                let message = message.note("what is passed through cannot be read");
                reader.say(message.help("make it kind = \"tcp\""));
            }
            (Kind::Passthrough, None, None)
        }
    };
    let protocol = match kind {
        Kind::Http => Protocol::Http(Table::default()),
        Kind::Tcp => Protocol::Tcp(0),
        Kind::Passthrough => Protocol::Passthrough(Table::default()),
    };
    let timeouts = timeouts(reader, section, kind, &protocol);
    let listener = Listener {
        name: name
            .as_ref()
            .map(|name| name.text.clone())
            .unwrap_or_default(),
        bind: bind(reader, section, bound),
        protocol,
        tls: certificates,
        buffers: sockets::buffers(reader, section),
        timeouts,
        policy: policy::read(reader, section, kind),
        clients,
        forwarding: forwarding::read(reader, section, kind),
        access: access::read(reader, section, kind),
    };
    let to = to(reader, section, kind, clusters);
    Draft {
        name,
        kind,
        to,
        routes: Vec::new(),
        led: section.get("to").is_some(),
        place: section.place(),
        listener,
    }
}

/// Its waits: those that its table has, over those that whoever stands before it calls for.
fn timeouts(
    reader: &mut Reader<'_>,
    section: &Section<'_, '_>,
    kind: Kind,
    protocol: &Protocol,
) -> Timeouts {
    let mut timeouts = protocol.default_timeouts();
    access::behind(reader, section, kind, &mut timeouts);
    if let Some(node) = section.get("timeouts") {
        let meaningful = (
            kind == Kind::Http,
            // A PROXY header has as long as a handshake has.
            section.get("tls").is_some() || section.get("proxy_protocol").is_some(),
        );
        timeouts = waits::listener(reader, node, timeouts, meaningful);
    }
    let keepalive = section.get("keepalive");
    if let Some(keepalive) = keepalive.and_then(|node| keepalive::read(reader, node)) {
        (timeouts.keepalive, timeouts.keepalive_up) = (keepalive, keepalive);
    }
    timeouts
}

fn to(
    reader: &mut Reader<'_>,
    section: &Section<'_, '_>,
    kind: Kind,
    (clusters, all): (&Names, &[Cluster]),
) -> Option<(Option<usize>, Place)> {
    let node = match kind {
        Kind::Http | Kind::Passthrough => section.get("to"),
        Kind::Tcp => reader.required(section, "to", "to = \"CLUSTER\", the name of a cluster"),
    };
    let word = node.and_then(|node| reader.word("to", node));
    word.map(|word| {
        let cluster = clusters.find(reader, &word);
        if kind == Kind::Passthrough {
            in_the_clear(reader, cluster.map(|index| &all[index]), word.place.clone());
        }
        (cluster, word.place)
    })
}

fn bind(
    reader: &mut Reader<'_>,
    section: &Section<'_, '_>,
    bound: &mut Vec<(SocketAddr, Place)>,
) -> Vec<SocketAddr> {
    let node = reader.required(section, "bind", "bind = [\":8080\"]");
    let words = node.map_or(Vec::new(), |node| reader.words("bind", node));
    let mut all = Vec::new();
    for word in words {
        let address = match address::bind(&word.text) {
            Ok(address) => address,
            Err(hint) => {
                let what = format!("`{}` is not an address to listen at", word.text);
                reader.say(
                    Message::new(Code::BadBind, what)
                        .at(word.place, "")
                        .help(hint),
                );
                continue;
            }
        };
        // Port 0 is another port each time.
        let earlier = bound
            .iter()
            .find(|(other, _)| *other == address && address.port() != 0);
        if let Some((_, earlier)) = earlier {
            let what = format!("{address} is listened at twice");
            let message = Message::new(Code::DuplicateBind, what)
                .at(word.place, "again here")
                .and(earlier.clone(), "first here");
            reader.say(message);
            continue;
        }
        bound.push((address, word.place));
        all.push(address);
    }
    all
}

/// Where a listener's TLS ends.
enum Ends {
    Here(Tls, Option<Clients>),
    Elsewhere,
}

fn tls(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<Ends> {
    let forms = "write \"dev\", { certs = [\"FILE\"] } or { cert = \"FILE\", key = \"FILE\" }";
    match node.get_ref() {
        DeValue::String(_) => {
            let words = [("dev", true), ("passthrough", false)];
            if !reader.choice("tls", node, &words)? {
                return Some(Ends::Elsewhere);
            }
            match reader.outside.dev_directory() {
                Ok(directory) => Some(Ends::Here(Tls::Dev(directory), None)),
                Err(message) => {
                    reader.say(message.at(node.span(), ""));
                    None
                }
            }
        }
        DeValue::Table(table) => {
            let section = Section::new("tls", table, node.span());
            let keys = ["certs", "cert", "key", "client_ca", "client_auth"];
            reader.only(&section, &keys);
            let clients = clients(reader, &section);
            let files = certificates(reader, &section, forms)?;
            Some(Ends::Here(Tls::Files(files), clients))
        }
        DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_)
        | DeValue::Array(_) => {
            let message = Message::new(Code::WrongType, "`tls` must be \"dev\" or a table");
            reader.say(message.at(node.span(), "").help(forms));
            None
        }
    }
}

/// `client_ca`, and whether a certificate of its is asked for or demanded.
fn clients(reader: &mut Reader<'_>, section: &Section<'_, '_>) -> Option<Clients> {
    let choices = [
        ("required", ClientAuth::Required),
        ("optional", ClientAuth::Optional),
    ];
    let auth = section
        .get("client_auth")
        .and_then(|node| reader.choice("client_auth", node, &choices));
    if auth.is_some() && section.get("client_ca").is_none() {
        let what = "`client_auth` without `client_ca`";
        let message = Message::new(Code::MissingKey, what);
        let message = message.at(section.key_place("client_auth"), "");
        reader.say(message.help("add client_ca = \"FILE\": who signs the clients' certificates"));
    }
    Some(Clients {
        ca: authorities(reader, section, "client_ca")?,
        auth: auth.unwrap_or_default(),
    })
}

impl Draft {
    /// The listener, complete.
    pub(super) fn finish(mut self, reader: &mut Reader<'_>) -> Listener {
        let kind = self.kind;
        let Draft { to, name, .. } = &self;
        let to = to.as_ref().and_then(|(cluster, _)| *cluster);
        self.listener.protocol = match kind {
            Kind::Tcp => Protocol::Tcp(to.unwrap_or_default()),
            Kind::Http | Kind::Passthrough => {
                if !self.led {
                    let name = name.as_ref().map(|name| format!(" `{}`", name.text));
                    let what = format!("listener{} has no route", name.unwrap_or_default());
                    let message = Message::new(Code::NoRoute, what)
                        .at(self.place.clone(), "")
                        .note("it could answer nothing but errors")
                        .help("add to = \"CLUSTER\", or a [[route]] for it");
                    reader.say(message);
                }
                let default = to.map(|cluster| Route::new(None, "/", Plan::to(cluster)));
                self.routes.extend(default);
                let table = Table::new(self.routes);
                match kind {
                    // Of anything else it was said that it does not fit.
                    Kind::Passthrough => {
                        Protocol::Passthrough(table.map(|plan| plan.plain().unwrap_or_default()))
                    }
                    Kind::Http | Kind::Tcp => Protocol::Http(table),
                }
            }
        };
        self.listener
    }
}

//! `[[cluster]]`: what is in it, and the addresses of its endpoints.

use crate::{
    config::{
        Balance, Cluster, Endpoint, address,
        read::{Reader, Section, Word},
        sockets, waits,
    },
    message::{Code, Message},
    tls::files::reason,
};

const KEYS: [&str; 7] = [
    "name",
    "endpoints",
    "balance",
    "connect",
    "send_buffer",
    "recv_buffer",
    "timeouts",
];

/// Reads one cluster; its name may be missing, but then there is an error.
pub(super) fn read(reader: &mut Reader<'_>, section: &Section<'_, '_>) -> (Option<Word>, Cluster) {
    reader.only(section, &KEYS);
    let name = reader.required(section, "name", "name = \"api\"");
    let name = name.and_then(|node| reader.word("name", node));
    let endpoints = reader.required(section, "endpoints", "endpoints = [\"HOST:PORT\"]");
    let endpoints = endpoints.map_or(Vec::new(), |node| reader.words("endpoints", node));
    let choices = [("round-robin", Balance::RoundRobin)];
    let balance = section.get("balance");
    let timeouts = section
        .get("timeouts")
        .map(|node| waits::cluster(reader, node));
    let cluster = Cluster {
        name: name
            .as_ref()
            .map(|name| name.text.clone())
            .unwrap_or_default(),
        endpoints: endpoints
            .iter()
            .filter_map(|word| endpoint(reader, word))
            .collect(),
        balance: balance
            .and_then(|node| reader.choice("balance", node, &choices))
            .unwrap_or_default(),
        takes_connect: section
            .get("connect")
            .and_then(|node| reader.flag("connect", node))
            .unwrap_or_default(),
        buffers: sockets::buffers(reader, section),
        timeouts: timeouts.unwrap_or_default(),
    };
    (name, cluster)
}

fn endpoint(reader: &mut Reader<'_>, word: &Word) -> Option<Endpoint> {
    match resolve(&word.text, reader.outside) {
        Ok(endpoint) => Some(endpoint),
        Err(message) => {
            reader.say(message.at(word.place.clone(), ""));
            None
        }
    }
}

/// Reads `HOST:PORT` and finds its address. Of several addresses the first IPv4 one is taken:
/// there is one dial for each attempt, and IPv4 is what works where only one of them does.
///
/// # Errors
/// It is not an endpoint, or the name has no address.
pub(crate) fn resolve(
    text: &str,
    outside: &dyn super::outside::Outside,
) -> Result<Endpoint, Message> {
    let authority = address::endpoint(text).map_err(|hint| {
        Message::new(Code::BadEndpoint, format!("`{text}` is not an endpoint")).help(hint)
    })?;
    let found = match authority.host.parse() {
        Ok(ip) => Ok(vec![std::net::SocketAddr::new(ip, authority.port)]),
        Err(_) => outside.addresses(&authority),
    };
    let why = match found {
        Ok(all) => match all.iter().find(|one| one.is_ipv4()).or(all.first()) {
            Some(address) => {
                return Ok(Endpoint {
                    authority: text.to_owned(),
                    address: *address,
                });
            }
            None => "it has no address".to_owned(),
        },
        Err(error) => reason(&error),
    };
    let what = format!("cannot look up `{}`", authority.host);
    Err(Message::new(Code::Unresolved, what)
        .note(why)
        .help("names are looked up once, at the start; give an IP address if there is no resolver"))
}

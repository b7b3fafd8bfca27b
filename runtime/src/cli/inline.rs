//! The configuration that the flags of a one-liner stand for.

use crate::{
    cli::args::{Inline, TlsChoice},
    config::{
        Balance, CertificateFiles, Choosing, Cluster, Config, Listener, OriginTls, Outside, Plan,
        Policy, Protocol, Retries, Tls, UpstreamTimeouts, address, read_endpoint,
    },
    message::{Code, Message},
    net::Buffers,
};
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};
use tidegate_core::route::{Route, Table};

/// What the one listener speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Http,
    Tcp,
}

/// One listener, one cluster, defaults.
pub(super) fn config(
    flags: &Inline,
    kind: Kind,
    outside: &dyn Outside,
) -> Result<Config, Vec<Message>> {
    let mut messages = Vec::new();
    let (mut endpoints, mut secure) = (Vec::new(), Vec::new());
    for text in &flags.to {
        // It was read before.
        let (tls, text) = address::target(text).unwrap_or((false, text.clone()));
        secure.push(tls);
        match read_endpoint(&text) {
            Ok(endpoint) => endpoints.push(endpoint),
            Err(message) => messages.push(message),
        }
    }
    let tls = tls(flags, outside).unwrap_or_else(|message| {
        messages.push(message);
        None
    });
    messages.extend(contradictions(flags, kind, &secure));
    if !messages.is_empty() {
        return Err(messages);
    }
    let all = Table::new(vec![Route::new(None, "/", 0)]);
    let protocol = match kind {
        Kind::Http => Protocol::Http(all.map(|cluster| Plan::to(*cluster))),
        Kind::Tcp if passes_through(flags) => Protocol::Passthrough(all),
        Kind::Tcp => Protocol::Tcp(0),
    };
    let listener = Listener {
        name: "main".to_owned(),
        bind: bind(flags),
        timeouts: protocol.default_timeouts(),
        protocol,
        tls,
        buffers: Buffers::default(),
        policy: Policy::default(),
        clients: None,
        forwarding: crate::config::Forwarding::default(),
        access: crate::config::Access::default(),
    };
    Ok(Config {
        listeners: vec![listener],
        clusters: vec![cluster(endpoints, secure.contains(&true))],
        ..Config::default()
    })
}

/// What stands behind it; `secure`: it is spoken TLS to.
fn cluster(endpoints: Vec<crate::config::Endpoint>, secure: bool) -> Cluster {
    Cluster {
        name: "main".to_owned(),
        endpoints,
        balance: Balance::default(),
        choosing: Choosing::default(),
        queue: Some(crate::config::Queue::default()),
        retries: Retries::default(),
        takes_connect: false,
        health: None,
        proxy_protocol: None,
        buffers: Buffers::default(),
        timeouts: UpstreamTimeouts::default(),
        tls: secure.then(OriginTls::default),
    }
}

fn bind(flags: &Inline) -> Vec<SocketAddr> {
    let mut bind = Vec::new();
    for address in &flags.listen {
        // Said twice it means the same; two free ports are two.
        if address.port() == 0 || !bind.contains(address) {
            bind.push(*address);
        }
    }
    bind
}

fn passes_through(flags: &Inline) -> bool {
    flags.tls == Some(TlsChoice::Passthrough)
}

/// Flags that are fine by themselves and not together: what a file would be told as well.
/// `secure`: of each endpoint, whether it is to be spoken to over TLS.
fn contradictions(flags: &Inline, kind: Kind, secure: &[bool]) -> Vec<Message> {
    let mut messages = Vec::new();
    if secure.contains(&true) && secure.contains(&false) {
        let what = "some endpoints are to be spoken to over TLS, and some in the clear";
        let message = Message::new(Code::Contradiction, what);
        messages.push(message.help("write all of --to alike, or a file with two clusters"));
    }
    if !passes_through(flags) {
        return messages;
    }
    if kind == Kind::Http {
        let message = Message::new(Code::WrongKind, "`--tls passthrough` over http");
        let message = message.note("what is passed through cannot be read");
        let help = "relay it: tidegate tcp --listen … --to … --tls passthrough";
        messages.push(message.help(help));
    }
    if secure.contains(&true) {
        let what = "TLS is passed through to endpoints that are spoken to over TLS";
        let message = Message::new(Code::WrongKind, what);
        let message = message.note(
            "the client's TLS would be wrapped in ours, and the endpoint expects one of them",
        );
        let help = "write --to without tls://, or end TLS here: --tls dev, or --cert and --key";
        messages.push(message.help(help));
    }
    messages
}

fn tls(flags: &Inline, outside: &dyn Outside) -> Result<Option<Tls>, Message> {
    match flags.tls {
        Some(TlsChoice::Dev) => return Ok(Some(Tls::Dev(outside.dev_directory()?))),
        Some(TlsChoice::Passthrough) => return Ok(None),
        None => {}
    }
    let (Some(cert), Some(key)) = (&flags.cert, &flags.key) else {
        return Ok(None);
    };
    let files = CertificateFiles {
        cert: absolute(cert),
        key: absolute(key),
    };
    outside.certificate(&files)?;
    Ok(Some(Tls::Files(vec![files])))
}

/// So that the printed file means the same wherever it is put.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}

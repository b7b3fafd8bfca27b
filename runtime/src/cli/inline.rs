//! The configuration that the flags of a one-liner stand for.

use crate::{
    cli::args::{Inline, TlsChoice},
    config::{
        Balance, CertificateFiles, Cluster, Config, Listener, OriginTls, Outside, Policy, Protocol,
        Tls, UpstreamTimeouts, address, resolve,
    },
    message::{Code, Message},
    net::Buffers,
};
use std::path::{Path, PathBuf};
use tidegate_core::{
    limits::Limits,
    route::{Route, Table},
};

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
    let mut endpoints = Vec::new();
    let mut secure = Vec::new();
    for text in &flags.to {
        // It was read before.
        let (tls, text) = address::target(text).unwrap_or((false, text.clone()));
        secure.push(tls);
        match resolve(&text, outside) {
            Ok(endpoint) => endpoints.push(endpoint),
            Err(message) => messages.push(message),
        }
    }
    let tls = tls(flags, outside).unwrap_or_else(|message| {
        messages.push(message);
        None
    });
    if secure.contains(&true) && secure.contains(&false) {
        let what = "some endpoints are to be spoken to over TLS, and some in the clear";
        let message = Message::new(Code::Contradiction, what);
        messages.push(message.help("write all of --to alike, or a file with two clusters"));
    }
    if !messages.is_empty() {
        return Err(messages);
    }
    let protocol = match kind {
        Kind::Http => Protocol::Http(Table::new(vec![Route::new(None, "/", 0)])),
        Kind::Tcp => Protocol::Tcp(0),
    };
    let mut bind = Vec::new();
    for address in &flags.listen {
        // Said twice it means the same; two free ports are two.
        if address.port() == 0 || !bind.contains(address) {
            bind.push(*address);
        }
    }
    let listener = Listener {
        name: "main".to_owned(),
        bind,
        timeouts: protocol.default_timeouts(),
        protocol,
        tls,
        buffers: Buffers::default(),
        policy: Policy::default(),
        clients: None,
    };
    let cluster = Cluster {
        name: "main".to_owned(),
        endpoints,
        balance: Balance::default(),
        takes_connect: false,
        buffers: Buffers::default(),
        timeouts: UpstreamTimeouts::default(),
        tls: secure.contains(&true).then(OriginTls::default),
    };
    Ok(Config {
        listeners: vec![listener],
        clusters: vec![cluster],
        limits: Limits::default(),
        drain: Config::DRAIN,
        workers: None,
    })
}

fn tls(flags: &Inline, outside: &dyn Outside) -> Result<Option<Tls>, Message> {
    match flags.tls {
        Some(TlsChoice::Dev) => return Ok(Some(Tls::Dev(outside.dev_directory()?))),
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

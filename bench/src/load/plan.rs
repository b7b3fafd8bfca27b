//! What the load does again and again: the request, what comes back, and over what.

use super::{Ask, Flags, reply::Expect, tls};
use rustls::{ClientConfig, ClientConnection, pki_types::ServerName};
use std::{io, net::SocketAddr, sync::Arc};

pub(super) struct Plan {
    pub(super) to: SocketAddr,
    pub(super) request: Vec<u8>,
    pub(super) expect: Expect,
    /// A new connection for each request.
    pub(super) fresh: bool,
    /// Who ends such a connection: the client, or the proxy, which was asked to.
    pub(super) ends_first: bool,
    tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
}

impl Plan {
    pub(super) fn new(flags: &Flags) -> Plan {
        let size = flags.size;
        let (request, expect) = match flags.ask {
            Ask::Ping => {
                let bytes = usize::try_from(size).unwrap_or(usize::MAX).min(16 * 1024);
                (vec![b'p'; bytes], Expect::Bytes(bytes as u64))
            }
            Ask::Count => (size.to_le_bytes().to_vec(), Expect::Bytes(size)),
            Ask::Http => (get(size, flags.fresh), Expect::Http),
        };
        let name = ServerName::try_from("localhost");
        let tls = name.ok().filter(|_| flags.tls);
        Plan {
            to: flags.to,
            request,
            expect,
            fresh: flags.fresh,
            ends_first: flags.ask != Ask::Http,
            tls: tls.map(|name| (tls::config(flags.resume), name)),
        }
    }

    /// A new TLS connection, if there is to be one.
    pub(super) fn secure(&self) -> io::Result<Option<Box<ClientConnection>>> {
        let Some((config, name)) = &self.tls else {
            return Ok(None);
        };
        let connection = ClientConnection::new(Arc::clone(config), name.clone());
        connection
            .map(|tls| Some(Box::new(tls)))
            .map_err(io::Error::other)
    }
}

/// A small request, with the fields that clients have.
fn get(size: u64, last: bool) -> Vec<u8> {
    let close = if last { "Connection: close\r\n" } else { "" };
    format!(
        "GET /{size} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: tidegate-bench\r\n\
         Accept: */*\r\nAccept-Encoding: identity\r\n{close}\r\n"
    )
    .into_bytes()
}

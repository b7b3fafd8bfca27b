//! A TLS client, or server, whose close_notify and FIN are two separate words.
//!
//! Owns a plain socket and a TLS engine, and moves records between them by hand: a TLS library's
//! own stream would join the two ends that the tests want apart.

use crate::peers::{End, Heard, Peer, Raw};
use rustls::{
    ClientConfig, ClientConnection, Connection, RootCertStore, ServerConfig, ServerConnection,
    SupportedProtocolVersion,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use std::{
    io::{Read, Write},
    net::SocketAddr,
    path::Path,
    sync::Arc,
};

/// Which TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    Tls12,
    Tls13,
}

impl Version {
    pub(crate) const BOTH: [Version; 2] = [Version::Tls12, Version::Tls13];

    fn rustls(self) -> &'static SupportedProtocolVersion {
        match self {
            Version::Tls12 => &rustls::version::TLS12,
            Version::Tls13 => &rustls::version::TLS13,
        }
    }
}

/// A TLS peer.
pub(crate) struct Secure {
    raw: Raw,
    tls: Connection,
    ahead: Vec<u8>,
    notified: bool,
}

impl Secure {
    /// Connects and shakes hands.
    pub(crate) fn connect(address: SocketAddr, authority: &Path, version: Version) -> Secure {
        Secure::over(Raw::connect(address), authority, version)
    }

    /// Shakes hands on a connection.
    pub(crate) fn over(raw: Raw, authority: &Path, version: Version) -> Secure {
        let mut roots = RootCertStore::empty();
        let trusted = CertificateDer::from_pem_file(authority).expect("the authority's file");
        roots.add(trusted).unwrap();
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version.rustls()])
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from("localhost").unwrap();
        let tls = ClientConnection::new(Arc::new(config), name).unwrap();
        Secure::shaken(raw, tls.into()).expect("a handshake")
    }

    /// Shakes hands on a connection as the server.
    pub(crate) fn serve(raw: Raw, config: &ServerConfig) -> Secure {
        Secure::try_serve(raw, config).expect("a handshake")
    }

    /// Tries to shake hands as the server; what became of it, if nothing.
    pub(crate) fn try_serve(raw: Raw, config: &ServerConfig) -> Result<Secure, String> {
        let tls = ServerConnection::new(Arc::new(config.clone())).unwrap();
        Secure::shaken(raw, tls.into())
    }

    /// Tries to shake hands as the client that `config` makes.
    pub(crate) fn try_connect(raw: Raw, config: ClientConfig) -> Result<Secure, String> {
        Secure::try_shared(raw, &Arc::new(config))
    }

    /// The same, with the sessions that another client of this `config` has kept.
    pub(crate) fn try_shared(raw: Raw, config: &Arc<ClientConfig>) -> Result<Secure, String> {
        let name = ServerName::try_from("localhost").unwrap();
        let tls = ClientConnection::new(Arc::clone(config), name).unwrap();
        Secure::shaken(raw, tls.into())
    }

    fn shaken(raw: Raw, tls: Connection) -> Result<Secure, String> {
        let mut secure = Secure {
            raw,
            tls,
            ahead: Vec::new(),
            notified: false,
        };
        secure.flush();
        while secure.tls.is_handshaking() {
            match secure.try_records() {
                Ok(None) => {}
                Ok(Some(end)) => return Err(format!("{end:?}")),
                Err(error) => {
                    // Our alert leaves, and its reader ends first: nothing here resets it.
                    secure.flush();
                    secure.raw.fin();
                    secure.raw.last();
                    return Err(error);
                }
            }
        }
        Ok(secure)
    }

    /// What the handshake agreed on.
    pub(crate) fn tls(&self) -> &Connection {
        &self.tls
    }

    /// Hears until the engine gives up: its words.
    pub(crate) fn broken(&mut self) -> String {
        loop {
            match self.try_records() {
                Ok(None) => {}
                Ok(Some(end)) => panic!("{end:?} and no error"),
                Err(error) => return error,
            }
        }
    }

    fn flush(&mut self) {
        let mut records = Vec::new();
        while self.tls.wants_write() {
            self.tls.write_tls(&mut records).unwrap();
        }
        self.raw.say(&records);
    }

    fn records(&mut self) -> Option<End> {
        self.try_records().expect("records in order")
    }

    /// Takes in what one read brings.
    fn try_records(&mut self) -> Result<Option<End>, String> {
        match self.raw.some() {
            Heard::Bytes(bytes) => {
                let mut rest = bytes.as_slice();
                while !rest.is_empty() {
                    let taken = self.tls.read_tls(&mut rest).unwrap();
                    assert!(taken > 0 || self.notified(), "the engine takes records");
                    if let Err(error) = self.tls.process_new_packets() {
                        return Err(error.to_string());
                    }
                    if taken == 0 {
                        break;
                    }
                    self.collect();
                }
                self.flush();
                Ok(None)
            }
            Heard::CloseNotify => unreachable!("a plain socket has none"),
            Heard::End(end) => Ok(Some(end)),
        }
    }

    fn notified(&mut self) -> bool {
        let state = self.tls.process_new_packets().unwrap();
        state.peer_has_closed()
    }

    fn collect(&mut self) {
        let state = self.tls.process_new_packets().unwrap();
        let mut plain = vec![0; state.plaintext_bytes_to_read()];
        self.tls.reader().read_exact(&mut plain).unwrap();
        self.ahead.extend(plain);
    }

    /// Says what is the last of this direction in TLS; the connection stays.
    pub(crate) fn close_notify(&mut self) {
        self.tls.send_close_notify();
        self.flush();
    }

    /// Says both last words in one segment.
    pub(crate) fn close(&mut self) {
        self.tls.send_close_notify();
        let mut records = Vec::new();
        self.tls.write_tls(&mut records).unwrap();
        self.raw.say_last(&records);
    }

    /// Says TCP's last word, whether or not TLS's was said.
    pub(crate) fn fin(&self) {
        self.raw.fin();
    }

    pub(crate) fn reset(self) {
        self.raw.reset();
    }

    pub(crate) fn raw(&mut self) -> &mut Raw {
        &mut self.raw
    }
}

impl Peer for Secure {
    fn say(&mut self, bytes: &[u8]) {
        for part in bytes.chunks(16 * 1024) {
            self.tls.writer().write_all(part).unwrap();
            self.flush();
        }
    }

    fn some(&mut self) -> Heard {
        let before = std::mem::take(&mut self.ahead);
        let heard = loop {
            if !self.ahead.is_empty() {
                break Heard::Bytes(std::mem::take(&mut self.ahead));
            }
            if !self.notified && self.notified() {
                self.notified = true;
                break Heard::CloseNotify;
            }
            if let Some(end) = self.records() {
                break Heard::End(end);
            }
        };
        self.ahead = before;
        heard
    }

    fn ahead(&mut self) -> &mut Vec<u8> {
        &mut self.ahead
    }
}

//! A TLS client whose close_notify and FIN are two separate words.
//!
//! Owns a plain socket and a TLS engine, and moves records between them by hand: a TLS library's
//! own stream would join the two ends that the tests want apart.

use crate::peers::{End, Heard, Peer, Raw};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, SupportedProtocolVersion,
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

/// A TLS client.
pub(crate) struct Secure {
    raw: Raw,
    tls: ClientConnection,
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
        let mut secure = Secure {
            raw,
            tls,
            ahead: Vec::new(),
            notified: false,
        };
        secure.flush();
        while secure.tls.is_handshaking() {
            if let Some(end) = secure.records() {
                panic!("{end:?} instead of a handshake");
            }
        }
        secure
    }

    fn flush(&mut self) {
        let mut records = Vec::new();
        while self.tls.wants_write() {
            self.tls.write_tls(&mut records).unwrap();
        }
        self.raw.say(&records);
    }

    /// Takes in what one read brings.
    fn records(&mut self) -> Option<End> {
        match self.raw.some() {
            Heard::Bytes(bytes) => {
                let mut rest = bytes.as_slice();
                while !rest.is_empty() {
                    let taken = self.tls.read_tls(&mut rest).unwrap();
                    assert!(taken > 0 || self.notified(), "the engine takes records");
                    self.tls.process_new_packets().expect("records in order");
                    if taken == 0 {
                        break;
                    }
                    self.collect();
                }
                self.flush();
                None
            }
            Heard::CloseNotify => unreachable!("a plain socket has none"),
            Heard::End(end) => Some(end),
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

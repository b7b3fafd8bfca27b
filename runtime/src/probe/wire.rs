//! One connection of a peer, plain or TLS, on which bytes, close_notify, FIN and RST are four
//! different things.
//!
//! It owns a socket and, over TLS, the engine, and moves records between them by hand: a TLS
//! library's own stream joins the ends that the probe is about. It never ends anything by itself.

use super::{
    socket::{self, Plain},
    transcript::What,
};
use crate::{
    clock::WallTime,
    config::CertificateFiles,
    message::Message,
    tls::{accept::server_config, files::load, memory::Certificate},
};
use rustls::{
    ClientConfig, ClientConnection, Connection, DigitallySignedStruct, ServerConfig,
    ServerConnection, SignatureScheme, SupportedProtocolVersion,
    client::{
        Resumption,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{CertificateDer, ServerName, UnixTime},
    time_provider::TimeProvider,
};
use std::{
    fmt,
    io::{self, Read, Write},
    sync::Arc,
    time::Duration,
};

/// Which TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// TLS 1.2.
    Tls12,
    /// TLS 1.3.
    Tls13,
}

impl Version {
    /// Both.
    pub const BOTH: [Version; 2] = [Version::Tls12, Version::Tls13];

    /// As it is written behind a row's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Version::Tls12 => "1.2",
            Version::Tls13 => "1.3",
        }
    }

    fn rustls(self) -> &'static SupportedProtocolVersion {
        match self {
            Version::Tls12 => &rustls::version::TLS12,
            Version::Tls13 => &rustls::version::TLS13,
        }
    }
}

/// What the probe's clients say, and whom they believe.
#[derive(Debug)]
pub(super) struct Engines {
    /// What the probe says as the origin.
    origin: Arc<ServerConfig>,
    provider: Arc<CryptoProvider>,
}

impl Engines {
    pub(super) fn make() -> io::Result<Engines> {
        Ok(Engines {
            origin: Certificate::make()?.server,
            provider: Arc::new(aws_lc_rs::default_provider()),
        })
    }

    /// From now on the origin shows the certificate of these files, for proxies that verify it.
    ///
    /// # Errors
    /// Names the file and what is wrong with it.
    pub(super) fn show(&mut self, files: &CertificateFiles) -> Result<(), Message> {
        let time: Arc<dyn TimeProvider> = Arc::new(WallTime);
        let certificates = vec![load(files, &self.provider)?];
        self.origin = server_config(certificates, None, &[b"http/1.1"], &self.provider, &time)?;
        Ok(())
    }

    /// A client that believes anybody: the probe looks at how connections end, not at who ends
    /// them.
    pub(super) fn client(
        &self,
        version: Version,
        host: &str,
        alpn: &[&[u8]],
    ) -> io::Result<Connection> {
        let provider = Arc::clone(&self.provider);
        let mut config = ClientConfig::builder_with_details(provider, Arc::new(WallTime))
            .with_protocol_versions(&[version.rustls()])
            .map_err(io::Error::other)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anybody(Arc::clone(&self.provider))))
            .with_no_client_auth();
        config.resumption = Resumption::disabled();
        config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        let client = ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)?;
        Ok(Connection::Client(client))
    }

    pub(super) fn origin(&self) -> io::Result<Connection> {
        let server = ServerConnection::new(Arc::clone(&self.origin)).map_err(io::Error::other)?;
        Ok(Connection::Server(server))
    }
}

/// What a read brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// So many bytes, put behind those that were there.
    Bytes(usize),
    Notify,
    Fin,
    Reset,
    Nonsense(String),
    Nothing,
}

impl Heard {
    /// As it stands in a transcript.
    pub(super) fn what(self) -> What {
        match self {
            Heard::Bytes(n) => What::Got(n),
            Heard::Notify => What::GotNotify,
            Heard::Fin => What::GotFin,
            Heard::Reset => What::GotReset,
            Heard::Nonsense(why) => What::GotNonsense(why),
            Heard::Nothing => What::Waited,
        }
    }
}

/// A connection.
pub(super) struct Wire {
    pub(super) plain: Plain,
    tls: Option<Box<Connection>>,
    /// Plaintext that was not asked for yet.
    kept: Vec<u8>,
    notified: bool,
}

impl Wire {
    pub(super) fn plain(plain: Plain) -> Wire {
        Wire {
            plain,
            tls: None,
            kept: Vec::new(),
            notified: false,
        }
    }

    /// Shakes hands; the error is what came instead.
    pub(super) fn secure(
        plain: Plain,
        tls: Connection,
        limit: Duration,
    ) -> Result<(Wire, &'static str), Heard> {
        let mut wire = Wire {
            plain,
            tls: Some(Box::new(tls)),
            kept: Vec::new(),
            notified: false,
        };
        loop {
            // What cannot be written, reading will tell of.
            let _unsent = wire.flush(false);
            let Some(tls) = &wire.tls else { break };
            if !tls.is_handshaking() {
                break;
            }
            match wire.take_in(limit) {
                Heard::Bytes(_) | Heard::Notify => {}
                end @ (Heard::Fin | Heard::Reset | Heard::Nothing | Heard::Nonsense(_)) => {
                    return Err(end);
                }
            }
        }
        let version = wire.tls.as_ref().and_then(|tls| tls.protocol_version());
        let name = match version {
            Some(rustls::ProtocolVersion::TLSv1_2) => "TLS 1.2",
            _ => "TLS 1.3",
        };
        Ok((wire, name))
    }

    /// Writes all of `bytes`; `more`: a FIN follows at once, and rides with them.
    pub(super) fn write(&mut self, bytes: &[u8], more: bool) -> Result<(), (usize, String)> {
        if self.tls.is_none() {
            return self.plain.write(bytes, more);
        }
        let mut sent = 0;
        for part in bytes.chunks(16 * 1024) {
            if let Some(tls) = &mut self.tls {
                tls.writer()
                    .write_all(part)
                    .map_err(|error| (sent, error.to_string()))?;
            }
            self.flush(more).map_err(|(_, why)| (sent, why))?;
            sent += part.len();
        }
        Ok(())
    }

    /// Says close_notify; not over plain TCP, where there is none. Whether it was said.
    pub(super) fn notify(&mut self, more: bool) -> Result<bool, String> {
        let Some(tls) = &mut self.tls else {
            return Ok(false);
        };
        tls.send_close_notify();
        self.flush(more).map_err(|(_, why)| why)?;
        Ok(true)
    }

    /// Reads what there is behind `into`, at most for `limit`.
    pub(super) fn read(&mut self, into: &mut Vec<u8>, limit: Duration) -> Heard {
        if self.tls.is_none() {
            let mut buf = vec![0; 64 * 1024];
            return self.read_plain(&mut buf, into, limit);
        }
        loop {
            if !self.kept.is_empty() {
                let n = self.kept.len();
                into.append(&mut self.kept);
                return Heard::Bytes(n);
            }
            if self.has_heard_notify() && !self.notified {
                self.notified = true;
                return Heard::Notify;
            }
            match self.take_in(limit) {
                Heard::Bytes(_) => {}
                end @ (Heard::Notify
                | Heard::Fin
                | Heard::Reset
                | Heard::Nonsense(_)
                | Heard::Nothing) => return end,
            }
        }
    }

    /// The same, at most so many bytes; only of a plain connection.
    pub(super) fn read_some(&mut self, into: &mut Vec<u8>, most: usize, limit: Duration) -> Heard {
        if self.tls.is_some() {
            return self.read(into, limit);
        }
        let mut buf = vec![0; most];
        self.read_plain(&mut buf, into, limit)
    }

    fn read_plain(&mut self, buf: &mut [u8], into: &mut Vec<u8>, limit: Duration) -> Heard {
        match self.plain.read(buf, limit) {
            socket::Heard::Bytes(n) => {
                into.extend_from_slice(&buf[..n]);
                Heard::Bytes(n)
            }
            socket::Heard::Fin => Heard::Fin,
            socket::Heard::Reset => Heard::Reset,
            socket::Heard::Nothing => Heard::Nothing,
        }
    }

    /// Takes in what one read of the socket brings, as records.
    fn take_in(&mut self, limit: Duration) -> Heard {
        let mut records = Vec::new();
        let mut buf = vec![0; 64 * 1024];
        let heard = self.read_plain(&mut buf, &mut records, limit);
        let Some(tls) = &mut self.tls else {
            return heard;
        };
        let mut rest = records.as_slice();
        // The engine takes less at a time than a read may bring, and nothing behind close_notify.
        let mut kept = std::mem::take(&mut self.kept);
        while !rest.is_empty() {
            let taken = tls.read_tls(&mut rest);
            let told = tls.process_new_packets().and_then(|state| {
                drain(tls, state.plaintext_bytes_to_read(), &mut kept)
                    .map_err(|error| rustls::Error::General(error.to_string()))
            });
            if let Err(error) = told {
                self.kept = kept;
                let _unsent = self.flush(false);
                return Heard::Nonsense(error.to_string());
            }
            if !matches!(taken, Ok(1..)) {
                break;
            }
        }
        self.kept = kept;
        let _unsent = self.flush(false);
        heard
    }

    fn has_heard_notify(&mut self) -> bool {
        self.tls.as_mut().is_some_and(|tls| {
            tls.process_new_packets()
                .is_ok_and(|state| state.peer_has_closed())
        })
    }

    fn flush(&mut self, more: bool) -> Result<(), (usize, String)> {
        let Some(tls) = &mut self.tls else {
            return Ok(());
        };
        let mut records = Vec::new();
        while tls.wants_write() {
            tls.write_tls(&mut records)
                .map_err(|error| (0, error.to_string()))?;
        }
        self.plain.write(&records, more)
    }
}

fn drain(tls: &mut Connection, n: usize, into: &mut Vec<u8>) -> io::Result<()> {
    let at = into.len();
    into.resize(at + n, 0);
    tls.reader().read_exact(&mut into[at..])
}

/// Believes every certificate; its signatures are checked all the same.
struct Anybody(Arc<CryptoProvider>);

impl fmt::Debug for Anybody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Anybody")
    }
}

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

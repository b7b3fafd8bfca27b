//! How a listener answers TLS handshakes: versions, ALPN, and which certificate for which name.
//!
//! Owns the rustls configuration of a listener. Where keys, random numbers and time come from is
//! an argument; it reads files only when asked to load, and never touches a connection.

use crate::{
    config::{ClientAuth, Clients, Listener, Tls},
    message::{Code, Message},
    tls::{dev, files},
};
use rustls::{
    ServerConfig,
    client::verify_server_name,
    crypto::CryptoProvider,
    pki_types::ServerName,
    server::{
        ClientHello, ParsedCertificate, ResolvesServerCert, WebPkiClientVerifier,
        danger::ClientCertVerifier,
    },
    sign::CertifiedKey,
    time_provider::TimeProvider,
};
use std::sync::Arc;

/// The configuration of `listener`, its certificates loaded; none if it does not end TLS.
///
/// # Errors
/// A certificate that cannot be loaded, or made in the case of development certificates.
pub fn load(
    listener: &Listener,
    provider: &Arc<CryptoProvider>,
    time: &Arc<dyn TimeProvider>,
) -> Result<Option<Arc<ServerConfig>>, Message> {
    let certificates = match &listener.tls {
        None => return Ok(None),
        Some(Tls::Dev(directory)) => {
            vec![dev::load(directory, provider, time.as_ref())?.certified]
        }
        Some(Tls::Files(all)) => all
            .iter()
            .map(|one| files::load(one, provider))
            .collect::<Result<_, _>>()?,
    };
    let clients = listener.clients.as_ref();
    let clients = clients
        .map(|clients| verifier(clients, provider))
        .transpose()?;
    let alpn = listener.protocol.alpn();
    server_config(certificates, clients, alpn, provider, time).map(Some)
}

/// Who vouches for the clients of a listener, and whether somebody must.
///
/// # Errors
/// The file of authorities cannot be loaded or used.
fn verifier(
    clients: &Clients,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, Message> {
    let roots = Arc::new(files::authorities(&clients.ca)?);
    let builder = WebPkiClientVerifier::builder_with_provider(roots, Arc::clone(provider));
    let builder = match clients.auth {
        ClientAuth::Required => builder,
        ClientAuth::Optional => builder.allow_unauthenticated(),
    };
    builder
        .build()
        .map_err(|error| Message::new(Code::CertificateUnusable, error.to_string()))
}

/// The configuration of a listener with `certificates` (not empty; the first is the default):
/// TLS 1.2 and 1.3, `alpn` in order of preference, sessions resumed as rustls does by default.
///
/// # Errors
/// The provider has no cipher suite for these versions.
pub fn server_config(
    certificates: Vec<CertifiedKey>,
    clients: Option<Arc<dyn ClientCertVerifier>>,
    alpn: &[&[u8]],
    provider: &Arc<CryptoProvider>,
    time: &Arc<dyn TimeProvider>,
) -> Result<Arc<ServerConfig>, Message> {
    let by_name = ByName(certificates.into_iter().map(Arc::new).collect());
    let builder = ServerConfig::builder_with_details(Arc::clone(provider), Arc::clone(time))
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(|error| Message::new(Code::CertificateUnusable, error.to_string()))?;
    let builder = match clients {
        Some(clients) => builder.with_client_cert_verifier(clients),
        None => builder.with_no_client_auth(),
    };
    let mut config = builder.with_cert_resolver(Arc::new(by_name));
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    Ok(Arc::new(config))
}

/// Certificates, chosen by the name that the client asks for.
#[derive(Debug)]
struct ByName(Vec<Arc<CertifiedKey>>);

impl ByName {
    fn pick(&self, name: Option<&str>) -> Option<&Arc<CertifiedKey>> {
        let first = self.0.first();
        let Some(name) = name.and_then(|name| ServerName::try_from(name).ok()) else {
            return first;
        };
        if self.0.len() < 2 {
            return first;
        }
        self.0
            .iter()
            .find(|certified| is_for(certified, &name))
            .or(first)
    }
}

impl ResolvesServerCert for ByName {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.pick(hello.server_name()).cloned()
    }
}

fn is_for(certified: &CertifiedKey, name: &ServerName<'_>) -> bool {
    let parsed = certified
        .end_entity_cert()
        .and_then(ParsedCertificate::try_from);
    parsed.is_ok_and(|certificate| verify_server_name(&certificate, name).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::testing::{At, Scratch, certificate, provider};
    use rustls::{
        ClientConfig, ClientConnection, ProtocolVersion, RootCertStore, ServerConnection,
        SupportedProtocolVersion,
        pki_types::{CertificateDer, pem::PemObject},
        version::{TLS12, TLS13},
    };

    const T0: u64 = 1_800_000_000;

    fn time() -> Arc<dyn TimeProvider> {
        Arc::new(At(T0))
    }

    fn certified(scratch: &Scratch, name: &str) -> CertifiedKey {
        let (cert, key) = certificate(name);
        let path = scratch.file(name, &format!("{cert}{key}"));
        let files = crate::config::CertificateFiles {
            cert: path.clone(),
            key: path,
        };
        files::load(&files, &provider()).unwrap()
    }

    /// A handshake in memory; the certificate that was served, version, and protocol.
    fn shake(
        server: &Arc<ServerConfig>,
        roots: &[CertificateDer<'static>],
        name: &str,
        version: &'static SupportedProtocolVersion,
    ) -> (CertificateDer<'static>, ProtocolVersion, Option<Vec<u8>>) {
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(roots.iter().cloned());
        let mut client = ClientConfig::builder_with_details(provider(), time())
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(store)
            .with_no_client_auth();
        client.alpn_protocols = vec![b"http/1.1".to_vec()];
        let name = ServerName::try_from(name).unwrap().to_owned();
        let mut client = ClientConnection::new(Arc::new(client), name).unwrap();
        let mut server = ServerConnection::new(Arc::clone(server)).unwrap();
        while client.is_handshaking() || server.is_handshaking() {
            let mut wire = Vec::new();
            client.write_tls(&mut wire).unwrap();
            server.read_tls(&mut &wire[..]).unwrap();
            server.process_new_packets().unwrap();
            wire.clear();
            server.write_tls(&mut wire).unwrap();
            client.read_tls(&mut &wire[..]).unwrap();
            client.process_new_packets().unwrap();
        }
        let served = client.peer_certificates().unwrap()[0].clone().into_owned();
        let protocol = client.alpn_protocol().map(<[u8]>::to_vec);
        (served, client.protocol_version().unwrap(), protocol)
    }

    #[test]
    fn the_certificate_follows_the_name_and_the_first_is_the_default() {
        let scratch = Scratch::new("accept-names");
        let all: Vec<_> = ["a.example", "b.example", "*.c.example"]
            .map(|name| certified(&scratch, name))
            .into();
        let leaf = |n: usize| all[n].cert[0].clone();
        let by_name = ByName(all.iter().cloned().map(Arc::new).collect());
        for (name, expected) in [
            (Some("a.example"), 0),
            (Some("b.example"), 1),
            (Some("x.c.example"), 2),
            (Some("x.y.c.example"), 0),
            (Some("unknown.example"), 0),
            (None, 0),
        ] {
            assert_eq!(
                by_name.pick(name).unwrap().cert[0],
                leaf(expected),
                "{name:?}"
            );
        }
        let roots: Vec<_> = (0..3).map(leaf).collect();
        let server = server_config(all.clone(), None, &[], &provider(), &time()).unwrap();
        for (version, expected) in [
            (&TLS12, ProtocolVersion::TLSv1_2),
            (&TLS13, ProtocolVersion::TLSv1_3),
        ] {
            let (served, version, protocol) = shake(&server, &roots, "b.example", version);
            assert_eq!((served, version, protocol), (leaf(1), expected, None));
        }
    }

    #[test]
    fn a_client_that_trusts_the_authority_accepts_the_development_certificate() {
        let scratch = Scratch::new("accept-dev");
        let listener = Listener {
            tls: Some(Tls::Dev(scratch.root().into())),
            ..crate::config::testing::listener()
        };
        let server = load(&listener, &provider(), &time()).unwrap().unwrap();
        let root = CertificateDer::from_pem_file(scratch.path("ca.pem")).unwrap();
        let (_, _, protocol) = shake(&server, &[root], "localhost", &TLS13);
        assert_eq!(protocol.as_deref(), Some(&b"http/1.1"[..]));
    }
}

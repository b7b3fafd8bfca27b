//! How a listener answers TLS handshakes: versions, ALPN, and which certificate for which name.
//!
//! Owns the rustls configuration of a listener. Where keys, random numbers and time come from is
//! an argument, but for the keys of tickets: those the library draws, and changes by its own
//! clock. Who shows a certificate shows it in every handshake. It reads files only when asked to
//! load, and never touches a connection.

use crate::{
    config::{ClientAuth, Clients, Listener, Tls},
    message::{Code, Message},
    observe::whole::Certificate,
    tls::{dev, files, leaf::Leaf, tickets},
};
use rustls::{
    RootCertStore, ServerConfig, SignatureScheme,
    client::verify_server_name,
    crypto::CryptoProvider,
    pki_types::ServerName,
    server::{
        ClientHello, NoServerSessionStorage, ParsedCertificate, ResolvesServerCert,
        WebPkiClientVerifier, danger::ClientCertVerifier,
    },
    sign::CertifiedKey,
    time_provider::TimeProvider,
};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// The configuration of `listener`, its certificates loaded; none if it does not end TLS.
///
/// # Errors
/// A certificate that cannot be loaded, or made in the case of development certificates.
pub fn load(
    listener: &Listener,
    provider: &Arc<CryptoProvider>,
    time: &Arc<dyn TimeProvider>,
) -> Result<Option<Arc<ServerConfig>>, Message> {
    load_again(listener, provider, time, None).map(|loaded| loaded.config)
}

/// How a listener answers handshakes, and what it shows in them.
#[derive(Debug)]
pub struct Loaded {
    /// Nothing if it does not end TLS.
    pub config: Option<Arc<ServerConfig>>,
    /// Its certificates.
    pub certificates: Vec<Certificate>,
}

/// The same, with the keys of tickets that `before` has, if neither asks clients for certificates: so a
/// session is resumed behind a reload as it was before.
///
/// # Errors
/// As [`load`].
pub fn load_again(
    listener: &Listener,
    provider: &Arc<CryptoProvider>,
    time: &Arc<dyn TimeProvider>,
    before: Option<(&Listener, &ServerConfig)>,
) -> Result<Loaded, Message> {
    let certificates: Vec<(PathBuf, CertifiedKey)> = match &listener.tls {
        None => {
            return Ok(Loaded {
                config: None,
                certificates: Vec::new(),
            });
        }
        Some(Tls::Dev(directory)) => {
            let loaded = dev::load(directory, provider, time.as_ref())?;
            vec![(loaded.served, loaded.certified)]
        }
        Some(Tls::Files(all)) => all
            .iter()
            .map(|one| Ok((one.cert.clone(), files::load(one, provider)?)))
            .collect::<Result<_, _>>()?,
    };
    let all = certificates.iter().map(|(path, one)| (&**path, one));
    let shown = shown(&listener.name, all, (provider, time.as_ref()));
    let certificates = certificates.into_iter().map(|(_, one)| one).collect();
    let clients = listener.clients.as_ref();
    let clients = clients
        .map(|clients| verifier(clients, provider))
        .transpose()?;
    let alpn = listener.protocol.alpn();
    let mut config = build(certificates, clients, alpn, provider, time)?;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    if listener.clients.is_some() {
        // A session that is resumed goes on by what was true of a certificate at its first handshake, and its
        // tickets renew themselves: neither its end nor another `client_ca` would ever be looked at again.
        config.send_tls13_tickets = 0;
    } else {
        let same = before.filter(|(before, _)| before.clients.is_none());
        let known = same.map(|(_, before)| &before.ticketer);
        // Nothing is held for a client, and any worker that has this configuration understands its ticket. The
        // keys are the listener's own.
        config.ticketer = match known {
            Some(known) => Arc::clone(known),
            None => tickets::tickets(time)
                .map_err(|error| Message::new(Code::CertificateUnusable, error.to_string()))?,
        };
    }
    // What is cheap for us is for nearly every client: both have AES in hardware.
    config.ignore_client_order = true;
    Ok(Loaded {
        config: Some(Arc::new(config)),
        certificates: shown,
    })
}

/// What there is to say of certificates that are served; nothing of one if the library that says it cannot
/// read what the one that shows it can.
pub(crate) fn shown<'a>(
    listener: &str,
    all: impl IntoIterator<Item = (&'a Path, &'a CertifiedKey)>,
    (provider, time): (&CryptoProvider, &dyn TimeProvider),
) -> Vec<Certificate> {
    let loaded = time.current_time().map_or(0, |now| now.as_secs());
    let shown = all.into_iter().filter_map(|(path, certified)| {
        Some(Certificate {
            listener: listener.to_owned(),
            name: path.display().to_string(),
            loaded,
            leaf: Leaf::of(certified.end_entity_cert().ok()?, provider)?,
        })
    });
    shown.collect()
}

/// Who vouches for the clients of a listener, and whether somebody must.
///
/// # Errors
/// The file of authorities cannot be loaded or used.
pub(crate) fn verifier(
    clients: &Clients,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, Message> {
    let roots = Arc::new(files::authorities(&clients.ca)?);
    verifier_by(roots, clients.auth, provider)
}

/// The same, by authorities that were read.
///
/// # Errors
/// They cannot be used.
pub(crate) fn verifier_by(
    roots: Arc<RootCertStore>,
    auth: ClientAuth,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, Message> {
    let builder = WebPkiClientVerifier::builder_with_provider(roots, Arc::clone(provider));
    let builder = match auth {
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
    build(certificates, clients, alpn, provider, time).map(Arc::new)
}

fn build(
    certificates: Vec<CertifiedKey>,
    clients: Option<Arc<dyn ClientCertVerifier>>,
    alpn: &[&[u8]],
    provider: &Arc<CryptoProvider>,
    time: &Arc<dyn TimeProvider>,
) -> Result<ServerConfig, Message> {
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
    Ok(config)
}

/// Certificates, chosen by the name that the client asks for and by what signatures it accepts.
#[derive(Debug)]
struct ByName(Vec<Arc<CertifiedKey>>);

impl ByName {
    /// The first that is for `name` and signs as the client accepts; failing that, the first that
    /// does the one, or the other, or is there at all: the client then says what it thinks of it.
    fn pick(&self, name: Option<&str>, accepted: &[SignatureScheme]) -> Option<&Arc<CertifiedKey>> {
        let first = self.0.first();
        if self.0.len() < 2 {
            return first;
        }
        let name = name.and_then(|name| ServerName::try_from(name).ok());
        let named = |one: &&Arc<CertifiedKey>| name.as_ref().is_none_or(|name| is_for(one, name));
        let signs = |one: &&Arc<CertifiedKey>| one.key.choose_scheme(accepted).is_some();
        let all = || self.0.iter();
        all()
            .find(|one| signs(one) && named(one))
            .or_else(|| all().find(named))
            .or_else(|| all().find(signs))
            .or(first)
    }
}

impl ResolvesServerCert for ByName {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.pick(hello.server_name(), hello.signature_schemes())
            .cloned()
    }
}

fn is_for(certified: &CertifiedKey, name: &ServerName<'_>) -> bool {
    let parsed = certified
        .end_entity_cert()
        .and_then(ParsedCertificate::try_from);
    parsed.is_ok_and(|certificate| verify_server_name(&certificate, name).is_ok())
}

#[cfg(test)]
mod tests;

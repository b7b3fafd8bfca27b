//! How endpoints are spoken to over TLS: whom we trust, the name we expect, who we say we are.
//!
//! Owns the rustls configuration of a cluster. Verification is always on. Where random numbers and
//! time come from is an argument; it reads files only when asked to load, and never touches a
//! connection.

use crate::{
    config::{self, OriginTls, Roots},
    message::{Code, Message},
    tls::{files, sessions::Sessions},
};
use rustls::{
    ClientConfig, RootCertStore,
    client::{ResolvesClientCert, Resumption, WebPkiServerVerifier},
    crypto::CryptoProvider,
    pki_types::ServerName,
    sign::{CertifiedKey, SingleCertAndKey},
    time_provider::TimeProvider,
};
use std::sync::Arc;

/// What a connection to an endpoint is secured by. Two connections with the same terms are as good
/// as each other; with other terms, they are not.
#[derive(Clone, Debug)]
pub struct Terms {
    config: Arc<ClientConfig>,
    name: Arc<ServerName<'static>>,
}

impl PartialEq for Terms {
    fn eq(&self, other: &Terms) -> bool {
        Arc::ptr_eq(&self.config, &other.config) && self.name == other.name
    }
}

impl Terms {
    /// The terms of `config` for an endpoint that must be `name`.
    #[must_use]
    pub fn new(config: Arc<ClientConfig>, name: Arc<ServerName<'static>>) -> Terms {
        Terms { config, name }
    }

    pub(crate) fn config(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.config)
    }

    /// The name that the endpoint's certificate must be for.
    #[must_use]
    pub fn name(&self) -> &ServerName<'static> {
        &self.name
    }
}

/// The configurations of all clusters, by index; none where a cluster is spoken to in the clear.
pub type Origins = Vec<Option<Arc<ClientConfig>>>;

/// The configurations of `clusters` for listeners that offer `alpn`.
///
/// # Errors
/// A file that cannot be loaded, or a system without certificate authorities.
pub fn load(
    clusters: &[config::Cluster],
    alpn: &[&[u8]],
    provider: &Arc<CryptoProvider>,
    time: &Arc<dyn TimeProvider>,
) -> Result<Origins, Message> {
    let one = |tls: &OriginTls| {
        let roots = match &tls.roots {
            Roots::System => system()?,
            Roots::File(path) => files::authorities(path)?,
        };
        let identity = tls.identity.as_ref();
        let identity = identity
            .map(|identity| files::load(identity, provider))
            .transpose()?;
        client_config(roots, identity, alpn, provider, time)
    };
    clusters
        .iter()
        .map(|cluster| cluster.tls.as_ref().map(one).transpose())
        .collect()
}

/// The configuration of a cluster that trusts `roots` (not empty): TLS 1.2 and 1.3, `alpn` in order
/// of preference, sessions resumed.
///
/// # Errors
/// The roots are unusable, or the provider has no cipher suite for these versions.
pub fn client_config(
    roots: RootCertStore,
    identity: Option<CertifiedKey>,
    alpn: &[&[u8]],
    provider: &Arc<CryptoProvider>,
    time: &Arc<dyn TimeProvider>,
) -> Result<Arc<ClientConfig>, Message> {
    let unusable = |error: String| Message::new(Code::CertificateUnusable, error);
    let verifier =
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
            .build()
            .map_err(|error| unusable(error.to_string()))?;
    let builder = ClientConfig::builder_with_details(Arc::clone(provider), Arc::clone(time))
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(|error| unusable(error.to_string()))?
        .with_webpki_verifier(verifier);
    let mut config = match identity {
        Some(identity) => {
            let one: Arc<dyn ResolvesClientCert> = Arc::new(SingleCertAndKey::from(identity));
            builder.with_client_cert_resolver(one)
        }
        None => builder.with_no_client_auth(),
    };
    config.resumption = Resumption::store(Arc::new(Sessions::new()));
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    Ok(Arc::new(config))
}

/// The authorities that this system trusts: those that its operator keeps up to date.
pub(crate) fn system() -> Result<RootCertStore, Message> {
    let found = rustls_native_certs::load_native_certs();
    let mut store = RootCertStore::empty();
    let (good, _) = store.add_parsable_certificates(found.certs);
    for error in &found.errors {
        tracing::warn!(%error, "a certificate authority of the system cannot be read");
    }
    if good > 0 {
        return Ok(store);
    }
    let message = Message::new(
        Code::NoAuthorities,
        "the system has no certificate authorities",
    );
    Err(message
        .help("install the package ca-certificates, or name a file: tls = { ca = \"FILE\" }"))
}

//! A certificate for this machine that lives in memory only, for as long as a demo or a probe runs.
//!
//! It owns the key, which never leaves it; it waits for nothing and never touches a file.

use crate::{
    clock::{WallTime, unix_seconds},
    tls::accept::server_config,
};
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use rustls::{
    ClientConfig, RootCertStore, ServerConfig, SupportedProtocolVersion,
    client::Resumption,
    crypto::CryptoProvider,
    pki_types::{CertificateDer, PrivatePkcs8KeyDer},
    sign::CertifiedKey,
    time_provider::TimeProvider,
};
use std::{io, sync::Arc, time::Duration};

const DAY: Duration = Duration::from_secs(24 * 3_600);

/// How long it is valid: neither is left running for longer.
const DAYS: u32 = 7;

/// A certificate, to be served and to be trusted.
#[derive(Debug)]
pub(crate) struct Certificate {
    /// For whoever answers.
    pub(crate) server: Arc<ServerConfig>,
    der: CertificateDer<'static>,
    provider: Arc<CryptoProvider>,
}

impl Certificate {
    /// Makes one.
    pub(crate) fn make() -> io::Result<Certificate> {
        let names = ["localhost", "127.0.0.1"].map(str::to_owned);
        let mut params = CertificateParams::new(names).map_err(io::Error::other)?;
        let now = date_time_ymd(1970, 1, 1) + Duration::from_secs(unix_seconds());
        params.not_before = now - DAY;
        params.not_after = now + DAY * DAYS;
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let made = params.self_signed(&key).map_err(io::Error::other)?;

        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let private = PrivatePkcs8KeyDer::from(key.serialize_der());
        let signing = provider
            .key_provider
            .load_private_key(private.into())
            .map_err(io::Error::other)?;
        let certified = CertifiedKey::new(vec![made.der().clone()], signing);
        let time: Arc<dyn TimeProvider> = Arc::new(WallTime);
        let server = server_config(vec![certified], None, &[b"http/1.1"], &provider, &time)
            .map_err(|message| io::Error::other(message.what().to_owned()))?;
        Ok(Certificate {
            server,
            der: made.der().clone(),
            provider,
        })
    }

    /// A client that trusts it and nothing else, speaks one version, and resumes nothing: each of
    /// its connections is like the first.
    pub(crate) fn client(
        &self,
        version: &'static SupportedProtocolVersion,
    ) -> io::Result<Arc<ClientConfig>> {
        let mut roots = RootCertStore::empty();
        roots.add(self.der.clone()).map_err(io::Error::other)?;
        let provider = Arc::clone(&self.provider);
        let mut config = ClientConfig::builder_with_details(provider, Arc::new(WallTime))
            .with_protocol_versions(&[version])
            .map_err(io::Error::other)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.resumption = Resumption::disabled();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

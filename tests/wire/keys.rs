//! Certificates of a test's own: one authority, and what it signs.
//!
//! Owns keys that live in memory, and writes to a directory what the proxy has to read.

use crate::harness::Scratch;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use rustls::{
    RootCertStore, ServerConfig,
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
    server::WebPkiClientVerifier,
};
use std::{path::PathBuf, sync::Arc};

/// An authority.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate that it signed, and the key.
pub(crate) struct Leaf {
    pub(crate) cert: String,
    pub(crate) key: String,
    der: (CertificateDer<'static>, Vec<u8>),
}

impl Authority {
    pub(crate) fn new(name: &str) -> Authority {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().unwrap();
        Authority(CertifiedIssuer::self_signed(params, key).unwrap())
    }

    /// Signs for `name`.
    pub(crate) fn leaf(&self, name: &str) -> Leaf {
        self.signed(CertificateParams::new(vec![name.to_owned()]).unwrap())
    }

    /// Signs for `name` what nobody may believe any more.
    pub(crate) fn expired(&self, name: &str) -> Leaf {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_after = date_time_ymd(2001, 1, 1);
        self.signed(params)
    }

    fn signed(&self, params: CertificateParams) -> Leaf {
        let key = KeyPair::generate().unwrap();
        let cert = params.signed_by(&key, &self.0).unwrap();
        Leaf {
            cert: cert.pem(),
            key: key.serialize_pem(),
            der: (cert.der().clone(), key.serialize_der()),
        }
    }

    /// Its own certificate, as a file in `scratch`.
    pub(crate) fn file(&self, scratch: &Scratch, name: &str) -> PathBuf {
        scratch.file(name, self.0.pem())
    }

    /// Itself, and nobody else.
    pub(crate) fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone()).unwrap();
        roots
    }
}

impl Leaf {
    /// Certificate and key, as files in `scratch`.
    pub(crate) fn files(&self, scratch: &Scratch, name: &str) -> (PathBuf, PathBuf) {
        (
            scratch.file(&format!("{name}.pem"), &self.cert),
            scratch.file(&format!("{name}.key"), &self.key),
        )
    }

    pub(crate) fn chain(&self) -> Vec<CertificateDer<'static>> {
        vec![self.der.0.clone()]
    }

    pub(crate) fn secret(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.der.1.clone()).into()
    }

    /// A server with this certificate, which asks for clients' of `clients`, if given.
    pub(crate) fn server(&self, clients: Option<&Authority>) -> ServerConfig {
        let provider: Arc<CryptoProvider> = provider();
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap();
        let builder = match clients {
            None => builder.with_no_client_auth(),
            Some(authority) => {
                let roots = Arc::new(authority.roots());
                let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider);
                builder.with_client_cert_verifier(verifier.build().unwrap())
            }
        };
        let mut config = builder
            .with_single_cert(self.chain(), self.secret())
            .unwrap();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config
    }
}

pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

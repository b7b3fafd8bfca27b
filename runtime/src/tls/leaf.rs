//! What there is to say of a certificate, for whoever looks after it.
//!
//! Pure, but for files of which it is asked. Whether anybody would believe it is not its to say.

use crate::{message::Message, tls::files};
use rustls::{
    SupportedCipherSuite,
    client::verify_server_name,
    crypto::{CryptoProvider, hash::HashAlgorithm},
    pki_types::{CertificateDer, ServerName},
    server::ParsedCertificate,
};
use std::{
    net::{Ipv4Addr, Ipv6Addr},
    path::Path,
};
use x509_parser::{
    prelude::{FromDer, GeneralName, X509Certificate},
    public_key::PublicKey,
};

/// What is known of one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leaf {
    /// The names and addresses that it is for.
    pub names: Vec<String>,
    /// Whom it names itself.
    pub subject: String,
    /// Who has signed it.
    pub issuer: String,
    /// From when on it is valid, in seconds since 1970.
    pub not_before: i64,
    /// When it expires, in seconds since 1970.
    pub not_after: i64,
    /// Of what kind its key is: `ECDSA P-256`.
    pub key: String,
    /// SHA-256 of it, as browsers show it: `9f:2c:…`.
    pub sha256: String,
    /// The whole of it.
    pub der: Vec<u8>,
}

impl Leaf {
    /// What `certificate` says of itself; nothing if it cannot be read.
    pub(crate) fn of(certificate: &CertificateDer<'_>, provider: &CryptoProvider) -> Option<Leaf> {
        let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
        let names = parsed.subject_alternative_name().ok().flatten();
        let names = names.iter().flat_map(|found| &found.value.general_names);
        Some(Leaf {
            names: names.filter_map(name).collect(),
            subject: parsed.subject().to_string(),
            issuer: parsed.issuer().to_string(),
            not_before: parsed.validity().not_before.timestamp(),
            not_after: parsed.validity().not_after.timestamp(),
            key: key(&parsed),
            sha256: fingerprint(certificate, provider),
            der: certificate.to_vec(),
        })
    }

    /// Whether a client that asks for `name` takes it for that: `*.example` is for `a.example`.
    pub(crate) fn is_for(&self, name: &str) -> bool {
        let der = CertificateDer::from(&*self.der);
        let (name, parsed) = (
            ServerName::try_from(name),
            ParsedCertificate::try_from(&der),
        );
        let both = name.ok().zip(parsed.ok());
        both.is_some_and(|(name, parsed)| verify_server_name(&parsed, &name).is_ok())
    }

    /// Those in a file, in their order.
    ///
    /// # Errors
    /// There is none that can be read.
    pub(crate) fn of_file(path: &Path, provider: &CryptoProvider) -> Result<Vec<Leaf>, Message> {
        let chain = files::chain(path)?;
        let all = chain.iter().map(|one| Leaf::of(one, provider));
        all.collect::<Option<_>>()
            .ok_or_else(|| files::unusable("certificate", path, "it is not an X.509 certificate"))
    }
}

#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "not our enum: a certificate may name other things, which no client of ours asks for"
)]
fn name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => match **bytes {
            [a, b, c, d] => Some(Ipv4Addr::new(a, b, c, d).to_string()),
            _ => <[u8; 16]>::try_from(*bytes)
                .ok()
                .map(|bytes| Ipv6Addr::from(bytes).to_string()),
        },
        _ => None,
    }
}

fn key(parsed: &X509Certificate<'_>) -> String {
    let key = parsed.public_key();
    let curve = || {
        let curve = key
            .algorithm
            .parameters
            .as_ref()?
            .as_oid()
            .ok()?
            .to_id_string();
        Some(match &*curve {
            "1.2.840.10045.3.1.7" => "P-256".to_owned(),
            "1.3.132.0.34" => "P-384".to_owned(),
            "1.3.132.0.35" => "P-521".to_owned(),
            _ => curve,
        })
    };
    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "not our enum, and what is left is not to be had in TLS"
    )]
    match key.parsed() {
        Ok(PublicKey::RSA(key)) => format!("RSA {}", key.key_size()),
        Ok(PublicKey::EC(_)) => format!("ECDSA {}", curve().unwrap_or_default()),
        _ => match &*key.algorithm.algorithm.to_id_string() {
            "1.3.101.112" => "Ed25519".to_owned(),
            other => other.to_owned(),
        },
    }
}

/// SHA-256 of a certificate, as browsers show it: `9f:2c:…`. Empty if `provider` has no SHA-256.
pub(crate) fn fingerprint(certificate: &CertificateDer<'_>, provider: &CryptoProvider) -> String {
    let hash = provider.cipher_suites.iter().find_map(|suite| match suite {
        SupportedCipherSuite::Tls13(suite)
            if suite.common.hash_provider.algorithm() == HashAlgorithm::SHA256 =>
        {
            Some(suite.common.hash_provider.hash(certificate))
        }
        SupportedCipherSuite::Tls13(_) | SupportedCipherSuite::Tls12(_) => None,
    });
    let bytes = hash.as_ref().map_or(&[][..], |hash| hash.as_ref());
    bytes
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect::<Vec<_>>()
        .join(":")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::testing::provider;
    use rcgen::{
        CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519,
        PKCS_RSA_SHA256, SignatureAlgorithm, date_time_ymd,
    };

    fn of(algorithm: &'static SignatureAlgorithm) -> Leaf {
        let names = ["a.example", "*.b.example", "127.0.0.1", "::1"].map(str::to_owned);
        let mut params = CertificateParams::new(names).unwrap();
        params.not_before = date_time_ymd(2027, 1, 15);
        params.not_after = date_time_ymd(2027, 1, 16);
        let key = KeyPair::generate_for(algorithm).unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Leaf::of(certificate.der(), &provider()).unwrap()
    }

    #[test]
    fn it_says_what_it_is_for_and_how_long() {
        let leaf = of(&PKCS_ECDSA_P256_SHA256);
        assert_eq!(leaf.names, ["a.example", "*.b.example", "127.0.0.1", "::1"]);
        assert_eq!(leaf.issuer, "CN=rcgen self signed cert");
        assert_eq!(leaf.not_after - leaf.not_before, 24 * 3_600);
        assert_eq!(leaf.not_before, 1_799_971_200);
        assert_eq!(leaf.sha256.len(), 32 * 3 - 1);
    }

    #[test]
    fn every_kind_of_key_has_its_name() {
        for (algorithm, name) in [
            (&PKCS_ECDSA_P256_SHA256, "ECDSA P-256"),
            (&PKCS_ECDSA_P384_SHA384, "ECDSA P-384"),
            (&PKCS_ED25519, "Ed25519"),
            (&PKCS_RSA_SHA256, "RSA 2048"),
        ] {
            assert_eq!(of(algorithm).key, name);
        }
    }
}

//! Handshakes in memory: which certificate is shown to whom, and what is resumed.

use super::*;
use crate::{
    config::CertificateFiles,
    tls::testing::{At, Scratch, certificate, provider, shake},
};
use rustls::{
    ClientConfig, ClientConnection, HandshakeKind, ProtocolVersion, RootCertStore,
    SupportedProtocolVersion,
    pki_types::{CertificateDer, pem::PemObject},
    version::{TLS12, TLS13},
};
use std::path::Path;

/// What a client of today accepts.
const ECDSA: [SignatureScheme; 1] = [SignatureScheme::ECDSA_NISTP256_SHA256];

const T0: u64 = 1_800_000_000;

fn time() -> Arc<dyn TimeProvider> {
    Arc::new(At(T0))
}

fn loaded(path: &Path) -> CertifiedKey {
    let files = CertificateFiles {
        cert: path.into(),
        key: path.into(),
    };
    files::load(&files, &provider()).unwrap()
}

fn certified(scratch: &Scratch, name: &str) -> CertifiedKey {
    let (cert, key) = certificate(name);
    let path = scratch.file(name, &format!("{cert}{key}"));
    loaded(&path)
}

/// A client that speaks `version` and trusts `roots`.
fn client(
    roots: &[CertificateDer<'static>],
    version: &'static SupportedProtocolVersion,
) -> Arc<ClientConfig> {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(roots.iter().cloned());
    let mut client = ClientConfig::builder_with_details(provider(), time())
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(store)
        .with_no_client_auth();
    client.alpn_protocols = vec![b"http/1.1".to_vec()];
    Arc::new(client)
}

fn served(client: &ClientConnection) -> CertificateDer<'static> {
    client.peer_certificates().unwrap()[0].clone()
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
            by_name.pick(name, &ECDSA).unwrap().cert[0],
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
        let client = shake(&server, &client(&roots, version), "b.example");
        assert_eq!(served(&client), leaf(1));
        assert_eq!(client.protocol_version(), Some(expected));
        assert_eq!(client.alpn_protocol(), None);
    }
}

/// A certificate for a.example whose key is of another kind.
fn of_kind(scratch: &Scratch, kind: &'static rcgen::SignatureAlgorithm) -> CertifiedKey {
    let key = rcgen::KeyPair::generate_for(kind).unwrap();
    let params = rcgen::CertificateParams::new(["a.example".to_owned()]).unwrap();
    let cert = params.self_signed(&key).unwrap().pem();
    let path = scratch.file("kind", &format!("{cert}{}", key.serialize_pem()));
    loaded(&path)
}

#[test]
fn of_two_certificates_for_a_name_the_one_is_served_whose_signatures_the_client_accepts() {
    let scratch = Scratch::new("accept-kinds");
    let all = [
        of_kind(&scratch, &rcgen::PKCS_ED25519),
        certified(&scratch, "a.example"),
        of_kind(&scratch, &rcgen::PKCS_ECDSA_P384_SHA384),
        certified(&scratch, "b.example"),
    ];
    let by_name = ByName(all.iter().cloned().map(Arc::new).collect());
    let (p256, p384) = (
        SignatureScheme::ECDSA_NISTP256_SHA256,
        SignatureScheme::ECDSA_NISTP384_SHA384,
    );
    let rsa = SignatureScheme::RSA_PSS_SHA256;
    for (name, accepted, expected) in [
        ("a.example", &[p256, SignatureScheme::ED25519][..], 0),
        ("a.example", &[p256, p384], 1),
        ("a.example", &[p384], 2),
        ("b.example", &[p384], 3),
        ("unknown.example", &[p384], 2),
        ("unknown.example", &[rsa], 0),
        ("b.example", &[rsa], 3),
    ] {
        let picked = by_name.pick(Some(name), accepted).unwrap();
        let picked = all.iter().position(|one| one.cert == picked.cert);
        assert_eq!(picked, Some(expected), "{name} {accepted:?}");
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
    let client = shake(&server, &client(&[root], &TLS13), "localhost");
    assert_eq!(client.alpn_protocol(), Some(&b"http/1.1"[..]));
}

/// A listener with the certificate in `path`.
fn listening(path: &Path) -> Arc<ServerConfig> {
    let files = CertificateFiles {
        cert: path.into(),
        key: path.into(),
    };
    let listener = Listener {
        tls: Some(Tls::Files(vec![files])),
        ..crate::config::testing::listener()
    };
    load(&listener, &provider(), &time()).unwrap().unwrap()
}

#[test]
fn a_session_is_resumed_however_many_others_there_were_and_nowhere_else() {
    let scratch = Scratch::new("accept-tickets");
    let (cert, key) = certificate("a.example");
    let path = scratch.file("one.pem", &format!("{cert}{key}"));
    let roots = [CertificateDer::from_pem_file(&path).unwrap()];
    let server = listening(&path);
    for version in [&TLS12, &TLS13] {
        let first = client(&roots, version);
        let kind = |server| shake(server, &first, "a.example").handshake_kind();
        assert_eq!(kind(&server), Some(HandshakeKind::Full));
        for _ in 0..300 {
            shake(&server, &client(&roots, version), "a.example");
        }
        assert_eq!(kind(&server), Some(HandshakeKind::Resumed));
        // The same certificate at another listener, whose clients may have to show theirs.
        assert_eq!(kind(&listening(&path)), Some(HandshakeKind::Full));
    }
}

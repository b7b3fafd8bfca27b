//! Certificates and keys from PEM files.
//!
//! Reads files and says clearly what is wrong with them; never writes one, never keeps one open.

use crate::{
    config::CertificateFiles,
    message::{Code, Message},
};
use rustls::{
    Error, InconsistentKeys, RootCertStore,
    crypto::CryptoProvider,
    pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject},
    sign::CertifiedKey,
};
use std::{fs, io, path::Path};

/// Reads a certificate chain and its key, and sees that they belong together.
///
/// # Errors
/// Names the file that is missing, unreadable, empty of what it should hold, damaged, or that
/// does not match the other.
pub fn load(files: &CertificateFiles, provider: &CryptoProvider) -> Result<CertifiedKey, Message> {
    let chain = chain(&files.cert)?;
    let key = key(&files.key)?;
    let why = match is_rsa(&key) {
        true => "it is an RSA key of less than 2048 bits, or of more than 8192",
        false => "it is not an RSA, ECDSA or Ed25519 key",
    };
    let key = provider.key_provider.load_private_key(key).map_err(|_| {
        unusable("private key", &files.key, why)
            .help("make one: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256")
    })?;
    let certified = CertifiedKey::new(chain, key);
    match certified.keys_match() {
        // A key that cannot say what its public half is is not known to be wrong.
        Ok(()) | Err(Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(certified),
        Err(Error::InconsistentKeys(_)) => Err(mismatch(files)),
        Err(_) => Err(unusable(
            "certificate",
            &files.cert,
            "it is not an X.509 certificate",
        )),
    }
}

fn is_rsa(key: &PrivateKeyDer<'_>) -> bool {
    // RFC 8017, A.1: rsaEncryption, 1.2.840.113549.1.1.1.
    const OID: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01";
    matches!(key, PrivateKeyDer::Pkcs1(_)) || contains(key.secret_der(), OID)
}

/// Reads certificate authorities; at least one.
///
/// # Errors
/// Names the file and what is wrong with it.
pub fn authorities(path: &Path) -> Result<RootCertStore, Message> {
    let mut store = RootCertStore::empty();
    for certificate in chain(path)? {
        store
            .add(certificate)
            .map_err(|_| unusable("certificate", path, "it is not an X.509 certificate"))?;
    }
    Ok(store)
}

pub(super) fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, Message> {
    let text = read("certificate", path)?;
    let chain = CertificateDer::pem_slice_iter(&text)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| unusable("certificate", path, &damage(&error)))?;
    if !chain.is_empty() {
        return Ok(chain);
    }
    let what = format!("no certificate in {}", path.display());
    let message = Message::new(Code::NoCertificate, what);
    Err(match key(path) {
        Ok(_) => message
            .note("it holds a private key only")
            .help("give the certificate with `cert = …` beside `key = …`, or put both in one file"),
        Err(_) => {
            message.help("the file must be PEM: text with a line `-----BEGIN CERTIFICATE-----`")
        }
    })
}

fn key(path: &Path) -> Result<PrivateKeyDer<'static>, Message> {
    let text = read("key", path)?;
    PrivateKeyDer::from_pem_slice(&text).map_err(|error| {
        if !matches!(error, pem::Error::NoItemsFound) {
            return unusable("private key", path, &damage(&error));
        }
        let message = Message::new(Code::NoKey, format!("no private key in {}", path.display()));
        if contains(&text, b"-----BEGIN ENCRYPTED PRIVATE KEY-----") {
            message
                .note("the key in it is encrypted with a passphrase")
                .help(format!(
                    "decrypt it: openssl pkey -in {} -out …",
                    path.display()
                ))
        } else if contains(&text, b"-----BEGIN CERTIFICATE-----") {
            message
                .note("it holds certificates only")
                .help("give the key with `key = …` beside `cert = …`, or put both in one file")
        } else {
            message.help("the file must be PEM: text with a line `-----BEGIN PRIVATE KEY-----`")
        }
    })
}

fn read(kind: &str, path: &Path) -> Result<Vec<u8>, Message> {
    fs::read(path).map_err(|error| {
        let shown = path.display();
        if error.kind() == io::ErrorKind::NotFound {
            let what = format!("no {kind} file {shown}");
            return Message::new(Code::CertificateMissing, what);
        }
        let what = format!("cannot read {kind} file {shown}: {}", reason(&error));
        let message = Message::new(Code::CertificateUnreadable, what);
        if error.kind() == io::ErrorKind::PermissionDenied {
            return message.help("let the user or group that tidegate runs as read it");
        }
        message
    })
}

/// What is wrong with a PEM file that is not merely without what was looked for.
fn damage(error: &pem::Error) -> String {
    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "not our enum, and it may grow"
    )]
    match error {
        pem::Error::MissingSectionEnd { end_marker } => {
            let marker = String::from_utf8_lossy(end_marker);
            format!("it is cut off: there is no line `-----END {marker}-----`")
        }
        pem::Error::IllegalSectionStart { line } => {
            format!(
                "this line is damaged: {}",
                String::from_utf8_lossy(line).trim()
            )
        }
        pem::Error::Base64Decode(_) => "a line between BEGIN and END is damaged".to_owned(),
        error => error.to_string(),
    }
}

/// What the system says about an error, in our style.
pub(crate) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    text.to_lowercase()
}

fn contains(text: &[u8], line: &[u8]) -> bool {
    text.windows(line.len()).any(|window| window == line)
}

pub(super) fn unusable(kind: &str, path: &Path, why: &str) -> Message {
    let what = format!("cannot use the {kind} in {}", path.display());
    Message::new(Code::CertificateUnusable, what).note(why)
}

fn mismatch(files: &CertificateFiles) -> Message {
    let (cert, key) = (files.cert.display(), files.key.display());
    let message = if files.cert == files.key {
        let what = format!("the key in {key} does not match the first certificate in it");
        Message::new(Code::KeyMismatch, what)
    } else {
        let what = format!("the key in {key} does not match the certificate in {cert}");
        Message::new(Code::KeyMismatch, what)
    };
    message
        .note("the certificate of this host must be the first one, before its chain")
        .help("compare: openssl x509 -pubkey -noout -in CERT, openssl pkey -pubout -in KEY")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::testing::{Scratch, certificate, provider};
    use std::path::PathBuf;

    fn load_both(cert: PathBuf, key: PathBuf) -> Result<CertifiedKey, Code> {
        load(&CertificateFiles { cert, key }, &provider()).map_err(|message| message.code())
    }

    #[test]
    fn one_file_or_two() {
        let scratch = Scratch::new("files-good");
        let (cert, key) = certificate("a.example");
        let (chain, _) = certificate("b.example");
        let both = scratch.file("both.pem", &format!("{key}{cert}{chain}"));
        assert_eq!(load_both(both.clone(), both).unwrap().cert.len(), 2);
        let (cert, key) = (scratch.file("a.pem", &cert), scratch.file("a.key", &key));
        assert_eq!(load_both(cert, key).unwrap().cert.len(), 1);
    }

    #[test]
    fn each_fault_has_its_code() {
        let scratch = Scratch::new("files-faults");
        let (cert, key) = certificate("a.example");
        let (_, other) = certificate("a.example");
        let damaged = cert.replacen("MI", "!!", 1);
        let not_der = "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n";
        let no_key = "-----BEGIN PRIVATE KEY-----\naGVsbG8=\n-----END PRIVATE KEY-----\n";
        let locked =
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\naA==\n-----END ENCRYPTED PRIVATE KEY-----\n";
        for (name, cert, key, expected) in [
            ("swapped", &*key, &*cert, Code::NoCertificate),
            ("empty", "", "", Code::NoCertificate),
            ("no key", &*cert, &*cert, Code::NoKey),
            ("locked", &*cert, locked, Code::NoKey),
            ("other key", &*cert, &*other, Code::KeyMismatch),
            ("damaged", &*damaged, &*key, Code::CertificateUnusable),
            ("not der", not_der, &*key, Code::CertificateUnusable),
            ("not a key", &*cert, no_key, Code::CertificateUnusable),
        ] {
            let (cert, key) = (scratch.file("cert", cert), scratch.file("key", key));
            assert_eq!(load_both(cert, key).unwrap_err(), expected, "{name}");
        }
        let key = scratch.file("key", &key);
        let missing = load_both(scratch.path("none.pem"), key.clone());
        assert_eq!(missing.unwrap_err(), Code::CertificateMissing);
        let directory = load_both(scratch.root().into(), key);
        assert_eq!(directory.unwrap_err(), Code::CertificateUnreadable);
    }
}

//! Certificates and keys: which there are of ours, whose we trust, and the files that hold them, as a
//! section names them.

use crate::{
    config::read::{Reader, Section, Word},
    message::{Code, Message, Place},
};
use std::path::PathBuf;

/// Where a listener's certificates come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tls {
    /// The development certificate kept in this directory (`tls/dev.rs`).
    Dev(PathBuf),
    /// Files: one or more certificates, chosen by the name that the client asks for. The first
    /// is for clients that ask for none or an unknown one.
    Files(Vec<CertificateFiles>),
}

/// A certificate chain and its key; both may be in the same file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFiles {
    /// PEM: the certificate, then its chain.
    pub cert: PathBuf,
    /// PEM: the private key.
    pub key: PathBuf,
}

/// How the endpoints of a cluster are spoken to over TLS (LIFECYCLE 4.4). Their certificates are
/// always verified.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OriginTls {
    /// Who may have signed them.
    pub roots: Roots,
    /// The name they must be for, in place of the endpoint's own host.
    pub server_name: Option<String>,
    /// Our own certificate, for endpoints that ask for one.
    pub identity: Option<CertificateFiles>,
}

/// Certificate authorities that are trusted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Roots {
    /// Those of the system.
    #[default]
    System,
    /// Those in this PEM file, and no others.
    File(PathBuf),
}

/// The certificates of `section`: `certs`, or `cert` beside `key`.
pub(super) fn certificates(
    reader: &mut Reader<'_>,
    section: &Section<'_, '_>,
    forms: &str,
) -> Option<Vec<CertificateFiles>> {
    let pair = (section.get("cert"), section.get("key"));
    let all = match (section.get("certs"), pair) {
        (Some(node), (None, None)) => {
            let words = reader.words("certs", node);
            let both = |word: &Word| (reader.path(word), word.place.clone());
            let both = words.iter().map(both);
            both.map(|(file, at)| {
                (
                    CertificateFiles {
                        cert: file.clone(),
                        key: file,
                    },
                    at,
                )
            })
            .collect()
        }
        (None, (Some(cert), Some(key))) => {
            let (cert, key) = (reader.word("cert", cert), reader.word("key", key));
            let (cert, key) = (cert?, key?);
            let files = CertificateFiles {
                cert: reader.path(&cert),
                key: reader.path(&key),
            };
            vec![(files, cert.place.start..key.place.end.max(cert.place.end))]
        }
        (Some(_), _) => {
            let message = Message::new(Code::Contradiction, "`certs` beside `cert` or `key`");
            let message = message.at(section.key_place("certs"), "");
            reader.say(
                message
                    .note("`certs` are files that hold chain and key")
                    .help(forms),
            );
            return None;
        }
        (None, (cert, key)) => {
            let lack = match (cert, key) {
                (Some(_), None) => "`cert` without `key`",
                (None, Some(_)) => "`key` without `cert`",
                (None | Some(_), None | Some(_)) => "`tls` without a certificate",
            };
            let message = Message::new(Code::MissingKey, lack).at(section.place(), "");
            reader.say(message.help(forms));
            return None;
        }
    };
    for (files, place) in &all {
        if let Err(message) = reader.outside.certificate(files) {
            refuse(reader, message, place.clone());
        }
    }
    Some(all.into_iter().map(|(files, _)| files).collect())
}

/// The certificate authorities at `key`.
pub(super) fn authorities(
    reader: &mut Reader<'_>,
    section: &Section<'_, '_>,
    key: &str,
) -> Option<PathBuf> {
    let word = reader.word(key, section.get(key)?)?;
    let file = reader.path(&word);
    if let Err(message) = reader.outside.authorities(&file) {
        refuse(reader, message, word.place);
    }
    Some(file)
}

fn refuse(reader: &mut Reader<'_>, message: Message, place: Place) {
    let message = match message.code() == Code::CertificateMissing {
        true => message.help("paths are relative to the directory of this file"),
        false => message,
    };
    reader.say(message.at(place, ""));
}

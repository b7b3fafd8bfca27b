//! `--admin` and the flags beside it: where an operator asks, and what is shown and trusted there.
//!
//! Pure, but for the environment, which it is told.

use super::{Decision, misused};
use crate::{
    admin::client::{Https, Where},
    config::{CertificateFiles, Outside},
};
use clap::Args;
use std::path::PathBuf;

#[derive(Args, Clone, Debug, Default)]
pub(super) struct AskedAt {
    /// Where an operator asks: IP:PORT, the path of a Unix socket, off, or (to ask) https://HOST:PORT [env: TIDEGATE_ADMIN]
    #[arg(id = "admin", long = "admin", value_name = "WHERE", global = true)]
    pub(super) at: Option<String>,
    /// What we show where it is asked over TLS: a certificate (PEM), with its key if that is in the same file [env: TIDEGATE_ADMIN_CERT]
    #[arg(
        id = "admin_cert",
        long = "admin-cert",
        value_name = "FILE",
        global = true
    )]
    cert: Option<PathBuf>,
    /// The key of --admin-cert (PEM) [env: TIDEGATE_ADMIN_KEY]
    #[arg(
        id = "admin_key",
        long = "admin-key",
        value_name = "FILE",
        global = true
    )]
    key: Option<PathBuf>,
    /// Who signs its certificate (PEM); those whom the system trusts if not given [env: TIDEGATE_ADMIN_CA]
    #[arg(id = "admin_ca", long = "admin-ca", value_name = "FILE", global = true)]
    ca: Option<PathBuf>,
}

impl AskedAt {
    /// What the flags do not say, the environment may.
    pub(super) fn or(self, outside: &dyn Outside) -> AskedAt {
        let said = |name: &str| outside.variable(name).filter(|value| !value.is_empty());
        let file = |name: &str| said(name).map(PathBuf::from);
        AskedAt {
            at: self.at.or_else(|| said("TIDEGATE_ADMIN")),
            cert: self.cert.or_else(|| file("TIDEGATE_ADMIN_CERT")),
            key: self.key.or_else(|| file("TIDEGATE_ADMIN_KEY")),
            ca: self.ca.or_else(|| file("TIDEGATE_ADMIN_CA")),
        }
    }

    /// The place of a running process.
    pub(super) fn place(&self) -> Result<Where, Decision> {
        let Some(at) = self.at.as_deref() else {
            return Ok(Where::Usual);
        };
        let wrong = || {
            misused(&format!(
                "--admin {at}: write IP:PORT, https://HOST:PORT, or the path of a Unix socket"
            ))
        };
        if let Some(authority) = at.strip_prefix("https://") {
            let authority = authority.strip_suffix('/').unwrap_or(authority);
            let (host, port) = authority.rsplit_once(':').ok_or_else(wrong)?;
            let bare = host.strip_prefix('[').and_then(|at| at.strip_suffix(']'));
            let host = bare.unwrap_or(host);
            if host.is_empty() || host.contains(['/', '@']) {
                return Err(wrong());
            }
            return Ok(Where::Https(Box::new(Https {
                host: host.to_owned(),
                port: port.parse().map_err(|_| wrong())?,
                ca: self.ca.clone(),
                identity: self.identity()?,
            })));
        }
        if at.contains('/') {
            return Ok(Where::Unix(at.into()));
        }
        at.parse().map(Where::Http).map_err(|_| wrong())
    }

    fn identity(&self) -> Result<Option<CertificateFiles>, Decision> {
        match (&self.cert, &self.key) {
            (None, None) => Ok(None),
            (None, Some(_)) => Err(misused("--admin-key is the key of --admin-cert")),
            (Some(cert), key) => Ok(Some(CertificateFiles {
                cert: cert.clone(),
                key: key.as_ref().unwrap_or(cert).clone(),
            })),
        }
    }
}

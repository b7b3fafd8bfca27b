//! What a configuration asks of the machine it is read on: variables, names, certificates.
//!
//! A trait, so that tests and `--print-config` can be told the answers.

use crate::{
    config::{CertificateFiles, Dns},
    dns::{self, Stub},
    message::Message,
    tls::{dev, files},
};
use rustls::crypto::CryptoProvider;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// The machine, as far as a configuration is concerned.
pub trait Outside {
    /// A variable of the environment.
    fn variable(&self, name: &str) -> Option<String>;

    /// Those of `names` that have no address now, and why; it may block for a moment.
    fn unresolved(&self, dns: &Dns, names: &[&str]) -> Vec<(String, String)>;

    /// Sees that a certificate can be used.
    ///
    /// # Errors
    /// It cannot: why.
    fn certificate(&self, files: &CertificateFiles) -> Result<(), Message>;

    /// Sees that a file of certificate authorities can be used.
    ///
    /// # Errors
    /// It cannot: why.
    fn authorities(&self, file: &Path) -> Result<(), Message>;

    /// Where development certificates are kept.
    ///
    /// # Errors
    /// There is no place for them.
    fn dev_directory(&self) -> Result<PathBuf, Message>;
}

/// This machine.
#[derive(Clone, Debug)]
pub struct Machine {
    /// `--data-dir`.
    pub data_dir: Option<PathBuf>,
    /// What certificates are checked with.
    pub provider: Arc<CryptoProvider>,
}

impl Outside for Machine {
    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn unresolved(&self, dns: &Dns, names: &[&str]) -> Vec<(String, String)> {
        let stub = Stub::new(dns, self.provider.secure_random);
        dns::unresolved(&stub, dns.families, names)
    }

    fn certificate(&self, files: &CertificateFiles) -> Result<(), Message> {
        files::load(files, &self.provider).map(drop)
    }

    fn authorities(&self, file: &Path) -> Result<(), Message> {
        files::authorities(file).map(drop)
    }

    fn dev_directory(&self) -> Result<PathBuf, Message> {
        dev::directory(self.data_dir.as_deref(), &|name| self.variable(name))
    }
}

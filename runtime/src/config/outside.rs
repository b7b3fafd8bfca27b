//! What a configuration asks of the machine it is read on: variables, names, certificates.
//!
//! A trait, so that tests and `--print-config` can be told the answers.

use crate::{
    config::{CertificateFiles, Dns, glob},
    dns::{self, Stub},
    message::Message,
    tls::{dev, files},
};
use rustls::crypto::CryptoProvider;
use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

/// The machine, as far as a configuration is concerned.
pub trait Outside {
    /// A variable of the environment.
    fn variable(&self, name: &str) -> Option<String>;

    /// The files that an `include` stands for, sorted.
    ///
    /// # Errors
    /// Some directory cannot be read.
    fn files(&self, base: &Path, pattern: &str) -> io::Result<Vec<PathBuf>>;

    /// What a file says.
    ///
    /// # Errors
    /// It cannot be read, or is not UTF-8.
    fn text(&self, file: &Path) -> io::Result<String>;

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

    fn files(&self, base: &Path, pattern: &str) -> io::Result<Vec<PathBuf>> {
        glob::files(base, pattern)
    }

    fn text(&self, file: &Path) -> io::Result<String> {
        let bytes = std::fs::read(file)?;
        String::from_utf8(bytes).map_err(|_| io::Error::other("it is not UTF-8 text"))
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

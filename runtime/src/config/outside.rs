//! What a configuration asks of the machine it is read on: variables, names, certificates.
//!
//! A trait, so that tests and `--print-config` can be told the answers.

use crate::{
    config::{Authority, CertificateFiles},
    message::Message,
    tls::{dev, files},
};
use rustls::crypto::CryptoProvider;
use std::{
    io,
    net::{SocketAddr, ToSocketAddrs},
    path::{Path, PathBuf},
    sync::Arc,
};

/// The machine, as far as a configuration is concerned.
pub trait Outside {
    /// A variable of the environment.
    fn variable(&self, name: &str) -> Option<String>;

    /// The addresses of a host, in order of preference; it may block.
    ///
    /// # Errors
    /// The name cannot be looked up.
    fn addresses(&self, authority: &Authority) -> io::Result<Vec<SocketAddr>>;

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

    fn addresses(&self, authority: &Authority) -> io::Result<Vec<SocketAddr>> {
        (authority.host.as_str(), authority.port)
            .to_socket_addrs()
            .map(Iterator::collect)
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

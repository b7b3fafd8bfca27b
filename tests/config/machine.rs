//! A machine that is the same everywhere: two variables, two names, one certificate.

use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
};
use tidegate::{
    config::{Authority, CertificateFiles, Outside},
    message::Message,
    tls::files,
};

pub(crate) struct Still;

impl Outside for Still {
    fn variable(&self, name: &str) -> Option<String> {
        match name {
            "PORT" => Some("8080".to_owned()),
            "API_HOST" => Some("10.0.0.7".to_owned()),
            "DOLLARS" => Some("${env:PORT}".to_owned()),
            _ => None,
        }
    }

    fn addresses(&self, authority: &Authority) -> io::Result<Vec<SocketAddr>> {
        let at = |ip: &str| SocketAddr::new(ip.parse().expect("an address"), authority.port);
        match authority.host.as_str() {
            "db1" => Ok(vec![at("fd00::1"), at("10.0.0.21"), at("10.0.0.22")]),
            "six" => Ok(vec![at("fd00::6")]),
            "empty.example" => Ok(vec![]),
            _ => Err(io::Error::other("Name or service not known")),
        }
    }

    /// The real check, but for one that is taken to be good.
    fn certificate(&self, files: &CertificateFiles) -> Result<(), Message> {
        if files.cert.ends_with("good.pem") {
            return Ok(());
        }
        files::load(files, &rustls::crypto::aws_lc_rs::default_provider()).map(drop)
    }

    fn authorities(&self, file: &Path) -> Result<(), Message> {
        if file.ends_with("good.pem") {
            return Ok(());
        }
        files::authorities(file).map(drop)
    }

    fn dev_directory(&self) -> Result<PathBuf, Message> {
        Ok(PathBuf::from("dev"))
    }
}

//! A machine that is the same everywhere: variables, no names, one certificate.

use std::path::{Path, PathBuf};
use tidegate::{
    config::{CertificateFiles, Dns, Outside},
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

    /// No name has an address, and that stops no file from being read.
    fn unresolved(&self, _: &Dns, names: &[&str]) -> Vec<(String, String)> {
        let why = |name: &&str| ((*name).to_owned(), "no servers here".to_owned());
        names.iter().map(why).collect()
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

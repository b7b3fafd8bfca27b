//! A machine that is the same everywhere: variables, no names, one certificate.

use std::{
    io,
    path::{Path, PathBuf},
};
use tidegate::{
    config::{CertificateFiles, Dns, Outside},
    message::Message,
    tls::files,
};

pub(crate) struct Still;

/// Files that others include.
const FILES: [(&str, &str); 7] = [
    (
        "conf.d/api.toml",
        "[[cluster]]\nname = \"api\"\nendpoints = [\"10.0.0.1:80\"]\n\n\
         [[route]]\nlistener = \"web\"\npath = \"/v1\"\nto = \"api\"\n",
    ),
    (
        "conf.d/files.toml",
        "# behind the other\n[[cluster]]\nname = \"files\"\nendpoints = [\"10.0.0.2:80\"]\n\
         tls = { ca = \"good.pem\" }\n",
    ),
    (
        "wrong/api.toml",
        "[[cluster]]\nname = \"api\"\nendpoints = [\"10.0.0.1:80\"]\n\n\
         [[route]]\nlistener = \"web\"\nto = \"apii\"\ntimout = { response = \"30s\" }\n",
    ),
    (
        "wrong/more.toml",
        "workers = 4\ninclude = [\"more.toml\"]\n[[cluster]]\nname = \"api\"\nendpoints = [\"10.0.0.2:80\"]\n\
         tls = { ca = \"none.pem\" }\n",
    ),
    ("cut/a.toml", "[[cluster]]\nname = \"api\n"),
    ("cut/b.toml", "[[cluster]\n"),
    ("locked.toml", ""),
];

impl Outside for Still {
    fn variable(&self, name: &str) -> Option<String> {
        match name {
            "PORT" => Some("8080".to_owned()),
            "API_HOST" => Some("10.0.0.7".to_owned()),
            "CREDENTIALS_DIRECTORY" => Some("/run/credentials/tidegate".to_owned()),
            "DOLLARS" => Some("${env:PORT}".to_owned()),
            _ => None,
        }
    }

    /// Only what stands in [`FILES`]; the one `*` is the name without its ending.
    fn files(&self, base: &Path, pattern: &str) -> io::Result<Vec<PathBuf>> {
        let (before, behind) = pattern.split_once('*').unwrap_or((pattern, ""));
        let is = |name: &&str| {
            let inside = name
                .strip_prefix(before)
                .and_then(|name| name.strip_suffix(behind));
            inside.is_some_and(|inside| {
                !inside.contains('/') && inside.is_empty() != pattern.contains('*')
            })
        };
        let names = FILES.iter().map(|(name, _)| *name).filter(is);
        Ok(names.map(|name| base.join(name)).collect())
    }

    /// One of those, of which one cannot be read; or a file.
    fn text(&self, file: &Path) -> io::Result<String> {
        if file.ends_with("locked.toml") {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        match FILES.iter().find(|(name, _)| file.ends_with(name)) {
            Some((_, text)) => Ok((*text).to_owned()),
            None => std::fs::read_to_string(file),
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

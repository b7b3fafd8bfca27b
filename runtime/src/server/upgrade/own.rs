//! What this process was started as, and so what is started after it.
//!
//! It owns the name, the arguments, and where the name led at the time.

use std::{
    env,
    ffi::{OsStr, OsString},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// What this process was started as.
#[derive(Clone, Debug)]
pub(super) struct Own {
    name: OsString,
    args: Vec<OsString>,
    /// The name as a path from the root, if it was one.
    named: Option<PathBuf>,
    /// What ran at the time.
    ran: Option<PathBuf>,
}

impl Own {
    /// Asked for as early as can be: a file may be replaced at any time.
    pub(super) fn new() -> Own {
        let mut all = env::args_os();
        let name = all.next().unwrap_or_default();
        let is_path = name.as_encoded_bytes().contains(&b'/');
        let named = is_path.then(|| std::path::absolute(&name).ok()).flatten();
        Own {
            named,
            name,
            args: all.collect(),
            ran: env::current_exe().ok(),
        }
    }

    /// By which name it was started.
    pub(super) fn name(&self) -> &OsStr {
        &self.name
    }

    /// With which arguments.
    pub(super) fn args(&self) -> &[OsString] {
        &self.args
    }

    /// What to start: `binary`, or whatever is now where this process was started from.
    pub(super) fn program(&self, binary: Option<&Path>) -> Result<PathBuf, String> {
        let path = match (binary, &self.named) {
            (Some(binary), _) => binary.to_owned(),
            (None, Some(named)) => named.clone(),
            (None, None) => match found(&self.name).or_else(|| self.ran.clone()) {
                Some(path) => path,
                None => return Err("it is not known what this process was started from".to_owned()),
            },
        };
        match std::fs::metadata(&path) {
            Ok(found) if !found.is_file() => Err(format!("{} is no file", path.display())),
            Ok(found) if found.permissions().mode() & 0o111 == 0 => {
                Err(format!("{} may not be executed", path.display()))
            }
            Ok(_) => Ok(path),
            Err(error) => {
                let why = crate::tls::files::reason(&error);
                Err(format!("cannot start {}: {why}", path.display()))
            }
        }
    }
}

/// Where a shell would find a program of this name.
fn found(name: &OsStr) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let mut places = env::split_paths(&path).map(|place| place.join(name));
    places.find(|place| place.is_file())
}

//! `tidegate config`: what helps with the file itself.

use super::{Decision, Exit, args::ConfigVerb, misused, say};
use crate::{config, tls::files::reason};
use std::{
    io::Read,
    path::{Path, PathBuf},
};

pub(super) fn run(verb: ConfigVerb) -> Decision {
    match verb {
        ConfigVerb::Schema => say(Exit::Ok, config::schema()),
        ConfigVerb::Defaults => say(Exit::Ok, config::defaults()),
        ConfigVerb::Fmt { file, check } => format(file.as_deref(), check),
    }
}

/// Writes the file anew; or says whether that would change it. What comes in goes out, if there is none.
fn format(file: Option<&Path>, check: bool) -> Decision {
    let name = file.map_or("-".into(), Path::to_string_lossy);
    let failed = |why: String| Decision::Say {
        exit: Exit::Config,
        out: String::new(),
        err: format!("error: {name}: {why}\n"),
    };
    let text = match file {
        Some(file) => std::fs::read_to_string(file),
        None => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).map(|_| text)
        }
    };
    let text = match text {
        Ok(text) => text,
        Err(error) => return failed(reason(&error)),
    };
    let formatted = match config::format(&text) {
        Ok(formatted) => formatted,
        Err(why) => return failed(why),
    };
    match (file, check) {
        (_, true) if formatted != text => say(Exit::Failure, format!("{name} would change\n")),
        (_, true) => say(Exit::Ok, String::new()),
        (None, false) => say(Exit::Ok, formatted),
        (Some(_), false) if formatted == text => say(Exit::Ok, String::new()),
        (Some(file), false) => match replace(file, &formatted) {
            Ok(()) => say(Exit::Ok, String::new()),
            Err(error) => misused(&format!("cannot write {name}: {}", reason(&error))),
        },
    }
}

/// All of it or nothing: whoever reads the file finds one of the two.
fn replace(file: &Path, text: &str) -> std::io::Result<()> {
    let mut beside = file.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    std::fs::write(&beside, text)?;
    std::fs::set_permissions(&beside, std::fs::metadata(file)?.permissions())?;
    std::fs::rename(&beside, file)
}

//! `tidegate cert`: the certificates that a running process shows, or that are in files; and new ones.

use super::{Command, Decision, Exit, Output, ask::Plain, say};
use crate::{
    admin::{
        certificates::{of_files, told},
        client::{Ask, What, Where},
    },
    clock::unix_seconds,
};
use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(super) enum CertVerb {
    /// Say for whom they are, until when, of what kind, and since when they are served
    Show(Show),
    /// Have development certificates made anew, and all others read again; say what is new
    Renew(Plain),
}

#[derive(Args, Debug)]
pub(super) struct Show {
    /// Those of this listener, or for this name; all if not given
    name: Option<String>,
    /// Those in these files (PEM), whoever serves them
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with = "name")]
    file: Vec<PathBuf>,
    #[command(flatten)]
    plain: Plain,
}

impl CertVerb {
    pub(super) fn decide(self, at: Result<Where, Decision>, output: Output) -> Decision {
        let (what, json) = match self {
            CertVerb::Show(show) if !show.file.is_empty() => return in_files(&show),
            CertVerb::Show(show) => (What::Certificates(show.name), show.plain.json),
            CertVerb::Renew(plain) => (What::Renew, plain.json),
        };
        match at {
            Ok(at) => Decision::Start(Command::Ask(Box::new(Ask { at, what, json })), output),
            Err(refusal) => refusal,
        }
    }
}

fn in_files(show: &Show) -> Decision {
    match of_files(&show.file, unix_seconds()) {
        Ok(value) if show.plain.json => say(Exit::Ok, format!("{value}\n")),
        Ok(value) => say(Exit::Ok, told(&value)),
        Err(message) => Decision::Say {
            exit: Exit::Failure,
            out: String::new(),
            err: format!("{}\n", message.line()),
        },
    }
}

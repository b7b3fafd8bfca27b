//! Which metrics there are, and which formats a flag names.

use super::{
    Decision, Exit,
    args::{LogFormat, MetricsList},
    load, say,
};
use crate::{config::Outside, log::Format, observe::names};

/// Which metrics there are, with this configuration or with any.
pub(super) fn metrics(flags: &MetricsList, outside: &dyn Outside, color: bool) -> Decision {
    let config = flags.config.as_ref();
    let config = match config.map(|path| load(path, outside, color)).transpose() {
        Ok(config) => config,
        Err(refusal) => return refusal,
    };
    let list = if flags.json {
        names::list_json
    } else {
        names::list
    };
    say(Exit::Ok, list(config.as_ref().map(|loaded| &loaded.config)))
}

/// The format that a flag names.
pub(super) fn format(flag: LogFormat) -> Format {
    match flag {
        LogFormat::Pretty => Format::Pretty,
        LogFormat::Json => Format::Json,
        LogFormat::Logfmt => Format::Logfmt,
        LogFormat::Combined => Format::Combined,
    }
}

//! `tidegate check`: what would be served, or all that is wrong.

use super::{Decision, Exit, args::CheckFlags, banner::check, reading, refuse, say};
use crate::{
    bounds,
    config::{At, Config, Outside, Reading},
    message::{self, Code, Message},
    probe::report::json::Value,
};
use std::collections::BTreeMap;

/// What would be served, and what of it would not work at the moment; or all that is wrong.
pub(super) fn checked(flags: &CheckFlags, outside: &dyn Outside, color: bool) -> Decision {
    let path = &flags.config;
    let mut read = reading(path, outside);
    if let Some(config) = &read.config {
        read.messages.extend(unresolved(config, outside));
    }
    let Reading {
        sources,
        messages,
        config,
    } = &read;
    if let (true, Some(config)) = (flags.bounds, config) {
        return Decision::Say {
            exit: Exit::Ok,
            out: bounds::show(config, flags.json),
            err: message::pictures(messages, sources, color),
        };
    }
    if flags.json {
        let exit = config.as_ref().map_or(Exit::Config, |_| Exit::Ok);
        let all = message::in_order(messages).map(|one| one.json(sources));
        let value = Value::Object(vec![
            ("file", Value::Text(path.to_string_lossy().into_owned())),
            ("good", Value::Bool(config.is_some())),
            ("messages", Value::List(all.collect())),
        ]);
        return say(exit, value.compact() + "\n");
    }
    match config {
        Some(config) => Decision::Say {
            exit: Exit::Ok,
            out: check(&path.to_string_lossy(), config, messages.len()),
            err: message::pictures(messages, sources, color),
        },
        None => refuse(messages, sources, color),
    }
}

/// That a name has no address stops nothing: it is looked up again while serving.
fn unresolved(config: &Config, outside: &dyn Outside) -> Vec<Message> {
    let mut users: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for cluster in &config.clusters {
        for endpoint in &cluster.endpoints {
            match &endpoint.at {
                At::Name(authority) => users
                    .entry(&authority.host)
                    .or_default()
                    .push(&cluster.name),
                At::Address(_) => {}
            }
        }
    }
    let names: Vec<&str> = users.keys().copied().collect();
    if names.is_empty() {
        return Vec::new();
    }
    let all = outside.unresolved(&config.dns, &names).into_iter();
    let message = |(name, why): (String, String)| {
        let mut clusters = users.get(&*name).cloned().unwrap_or_default();
        clusters.dedup();
        let clusters: Vec<_> = clusters.iter().map(|one| format!("`{one}`")).collect();
        Message::new(Code::Unresolved, format!("cannot look up `{name}`"))
            .warning()
            .note(why)
            .note(format!("it has endpoints of {}", clusters.join(", ")))
            .help("it is looked up again while serving; where a cluster has no endpoint, the answer is 503")
    };
    all.map(message).collect()
}

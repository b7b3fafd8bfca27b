//! The bounds of a configuration, as they are read.

use super::{Bounds, Effort, Hold, Stage, Whom, of};
use crate::{
    config::{Config, show_span},
    probe::report::json::Value,
};
use std::time::Duration;
use tidegate_core::time::Span;

impl Stage {
    /// What was going on when the peer was last heard of.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Stage::ProxyHeader => "PROXY header",
            Stage::Handshake => "TLS handshake",
            Stage::Hello => "ClientHello",
            Stage::Fresh => "before a request",
            Stage::Kept => "between requests",
            Stage::Queue => "queue",
            Stage::Connect => "connect",
            Stage::OriginHandshake => "TLS handshake upstream",
            Stage::RequestHead => "request head",
            Stage::RequestBody => "request body",
            Stage::ResponseHead => "response head",
            Stage::ResponseBody => "response body",
            Stage::Answered => "rest of the response",
            Stage::Open => "open tunnel or relay",
            Stage::HalfClosed => "half-closed",
            Stage::Aborting => "abort under way",
            Stage::Closing => "closing",
            Stage::Pooled => "pool",
        }
    }
}

impl Whom {
    /// Who holds the sockets.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Whom::Client => "client gone",
            Whom::Origin => "origin gone",
            Whom::Silence => "silence",
        }
    }
}

/// The worst of every listener, stage by stage; or the same for machines.
#[must_use]
pub fn show(config: &Config, json: bool) -> String {
    let all: Vec<(&str, Bounds)> = config
        .listeners
        .iter()
        .map(|one| (one.name.as_str(), of(config, one, Effort::Whole)))
        .collect();
    match json {
        true => {
            Value::List(all.iter().map(|(name, one)| value(name, one)).collect()).compact() + "\n"
        }
        false => all.iter().map(|(name, one)| text(name, one)).collect(),
    }
}

fn text(name: &str, bounds: &Bounds) -> String {
    let mut text =
        format!("listener {name}: how long sockets are held at most, and what ends it\n");
    for whom in [Whom::Client, Whom::Origin, Whom::Silence] {
        let Some(worst) = bounds.worst(whom) else {
            continue;
        };
        text += &format!("  {}: at most {}\n", whom.words(), show_span(worst.span));
        for ((stage, who), hold) in &bounds.phases {
            if *who == whom {
                let span = show_span(hold.span);
                text += &format!(
                    "    {:<24} {span:>10}  {}\n",
                    stage.words(),
                    hold.by.join(", ")
                );
            }
        }
    }
    text
}

fn value(name: &str, bounds: &Bounds) -> Value {
    let text = |text: &str| Value::Text(text.to_owned());
    let ms = |span: Span| Value::Ms(Duration::from_micros(span.0));
    let row = |((stage, whom), hold): (&(Stage, Whom), &Hold)| {
        Value::Object(vec![
            ("stage", text(stage.words())),
            ("whom", text(whom.words())),
            ("at_most_ms", ms(hold.span)),
            (
                "by",
                Value::List(hold.by.iter().map(|by| text(by)).collect()),
            ),
        ])
    };
    Value::Object(vec![
        ("listener", text(name)),
        (
            "holds",
            Value::List(bounds.phases.iter().map(row).collect()),
        ),
    ])
}

/// The longest that a client who is gone holds a socket, for the banner.
#[must_use]
pub fn brief(config: &Config) -> Option<Span> {
    let worst = |one| {
        of(config, one, Effort::Clients)
            .worst(Whom::Client)
            .map(|hold| hold.span)
    };
    config.listeners.iter().filter_map(worst).max()
}

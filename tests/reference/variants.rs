//! Every known-bad variant is caught by random scripts, of a relay or of an HTTP session; with how
//! many scripts, and by what.

use crate::{http, quiet, script, search};
use tidegate_sim::museum::WALKED;

#[test]
fn every_known_bad_variant_is_caught_at_random() {
    quiet();
    let mut missed = Vec::new();
    for variant in WALKED {
        let name = format!("{variant:?}");
        let relays = search(2_000, &script::scripts(), |script| {
            script::run(script, Some(variant))
        });
        if let Some((script, why)) = relays.failure {
            let steps = script.steps.len();
            println!(
                "{name:<16} relay {:>5} scripts, shrunk to {steps:>2} steps: {why}",
                relays.cases
            );
            continue;
        }
        let paths = search(4_000, &http::paths(), |path| http::run(path, Some(variant)));
        match paths.failure {
            Some((_, why)) => {
                let why = why.lines().next().unwrap_or_default();
                println!("{name:<16} http  {:>5} scripts: {why}", paths.cases);
            }
            None => missed.push(name),
        }
    }
    assert!(missed.is_empty(), "not caught: {missed:?}");
}

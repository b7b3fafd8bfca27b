//! The house rules that a compiler does not know: sizes, arrows, words, and where a socket or a
//! clock may be named. A rule that fails says which line to look at.

mod proof;
mod rules;
mod tree;

use rules::{Rule, rows, scenarios};
use tree::{Source, sources, text_files};

/// The longest a file may be, in lines.
const FILE_LINES: usize = 400;

/// The longest a function may be, in lines, its signature and closing brace included.
const FUNCTION_LINES: usize = 70;

fn complain(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn files_are_short() {
    let long = |source: &Source| source.lines().count() > FILE_LINES;
    let faults: Vec<String> = sources()
        .iter()
        .filter(|source| long(source))
        .map(|source| format!("{}: {} lines", source.path, source.lines().count()))
        .collect();
    complain(&faults);
}

#[test]
fn functions_fit_on_a_screen() {
    let mut faults = Vec::new();
    for source in sources() {
        for function in source.functions() {
            if function.lines > FUNCTION_LINES {
                faults.push(format!(
                    "{}:{}: {} lines",
                    source.path, function.at, function.lines
                ));
            }
        }
    }
    complain(&faults);
}

#[test]
fn every_file_opens_with_what_it_owns() {
    let faults: Vec<String> = sources()
        .iter()
        .filter(|source| !source.text.starts_with("//! "))
        .map(|source| format!("{}: does not open with a `//!` line", source.path))
        .collect();
    complain(&faults);
}

#[test]
fn modules_are_never_called_mod() {
    let faults: Vec<String> = sources()
        .iter()
        .filter(|source| source.path.ends_with("/mod.rs"))
        .map(|source| source.path.clone())
        .collect();
    complain(&faults);
}

#[test]
fn names_stay_where_they_belong() {
    let mut faults = Vec::new();
    for rule in Rule::ALL {
        let mut found = false;
        for source in sources().iter().filter(|source| rule.covers(&source.path)) {
            for (at, line) in source.code() {
                if let Some(word) = rule.breaks(line) {
                    if rule.allows(&source.path) {
                        found = true;
                    } else {
                        faults.push(format!("{}:{at}: `{word}`: {}", source.path, rule.reason));
                    }
                }
            }
        }
        // A rule whose exception nobody uses guards nothing any more.
        if !rule.except.is_empty() && !found {
            faults.push(format!(
                "no exception of this rule is used: {}",
                rule.reason
            ));
        }
    }
    complain(&faults);
}

#[test]
fn no_text_names_a_machine() {
    let mut faults = Vec::new();
    for file in text_files() {
        for (at, line) in file.lines().enumerate() {
            for word in rules::machine_words() {
                if line.contains(&word) {
                    faults.push(format!("{}:{}: `{word}`", file.path, at + 1));
                }
            }
        }
    }
    complain(&faults);
}

#[test]
fn every_trace_has_a_claim_and_a_verdict() {
    let mut faults = Vec::new();
    let traces: Vec<Source> = text_files()
        .into_iter()
        .filter(|file| file.path.starts_with("snapshots/lifecycle/"))
        .collect();
    assert!(
        traces.len() >= 15,
        "only {} traces are reviewed",
        traces.len()
    );
    for trace in traces {
        let body = trace.text.rsplit("---\n").next().unwrap_or_default();
        let claim = body.lines().next().unwrap_or_default();
        if !claim.ends_with(['.', ')']) {
            faults.push(format!("{}: opens without a claim: {claim:?}", trace.path));
        }
        if !body
            .lines()
            .last()
            .unwrap_or_default()
            .starts_with("verdict:")
        {
            faults.push(format!("{}: closes without a verdict", trace.path));
        }
    }
    complain(&faults);
}

#[test]
fn every_row_of_the_lifecycle_has_a_test_named_after_it() {
    let names: Vec<String> = sources().iter().flat_map(Source::tests).collect();
    let faults: Vec<String> = rows()
        .filter(|row| {
            let row = row.to_lowercase();
            !names
                .iter()
                .any(|name| name.split('_').any(|word| word == row))
        })
        .map(|row| format!("{row}: no test is named after it"))
        .collect();
    complain(&faults);
}

#[test]
fn every_scenario_is_the_probes_to_play_or_has_a_test_named_after_it() {
    let sources = sources();
    let wire = |source: &&Source| source.path.starts_with("tests/wire/");
    let names: Vec<String> = sources
        .iter()
        .filter(wire)
        .flat_map(Source::tests)
        .collect();
    let probe = |source: &&Source| source.path.starts_with("runtime/src/probe/scenario/");
    let faults: Vec<String> = scenarios()
        .filter(|row| {
            let field = format!("row: \"{row}\",");
            let played = |source: &Source| source.text.contains(&field);
            let name = row.to_lowercase();
            let named = |test: &String| test.split('_').any(|word| word == name);
            !sources.iter().filter(probe).any(played) && !names.iter().any(named)
        })
        .map(|row| format!("{row}: nobody plays it"))
        .collect();
    complain(&faults);
}

#[test]
fn the_rules_can_fail() {
    let bad = Source {
        path: "core/src/bad.rs".to_string(),
        text: "fn long() {\n    std::time::Instant::now();\n}\n".to_string(),
    };
    assert_eq!(bad.functions()[0].lines, 3);
    let clock = Rule::ALL
        .iter()
        .find(|rule| rule.reason.contains("clock"))
        .expect("a clock rule");
    assert!(clock.covers(&bad.path) && !clock.allows(&bad.path));
    assert!(bad.code().any(|(_, line)| clock.breaks(line).is_some()));
    let shut = |rule: &&Rule| rule.breaks("shutdown(&*self.fd, Shutdown::Both)").is_some();
    let r27 = Rule::ALL.iter().find(shut).expect("a rule of R27");
    for path in [
        "runtime/src/net/kernel/stream/calls.rs",
        "sim/src/socket.rs",
    ] {
        assert!(r27.covers(path) && !r27.allows(path), "{path}");
    }
    assert_eq!(r27.breaks("shutdown(&*self.fd, Shutdown::Write)"), None);
}

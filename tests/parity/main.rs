//! One set of socket scripts on the kernel's sockets, on the fast network and on turmoil: what each
//! call says must be the same, or the difference is listed with its reason.
//!
//! The kernel is right by definition. No script depends on how large its buffers are, and none on
//! how long anything takes: what a call depends on is awaited first.
#![allow(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "in a test, a surprise is a failure"
)]

mod differences;
mod fast;
mod kernel;
mod script;
mod scripts;
mod turmoil;

use self::{
    differences::{DIFFERENCES, On},
    script::{Player, Script},
    scripts::SCRIPTS,
};

/// Plays a script, and writes down what each step said.
fn transcript(script: &Script, player: &mut dyn Player) -> Vec<String> {
    script
        .steps
        .iter()
        .map(|step| format!("{step} -> {}", player.play(step)))
        .collect()
}

/// Where two transcripts part, side by side.
fn parting(name: &str, on: On, kernel: &[String], other: &[String]) -> String {
    let rows = kernel.iter().zip(other).map(|(kernel, other)| {
        let mark = if kernel == other { ' ' } else { '!' };
        format!("  {mark} {kernel:<40} {other}")
    });
    format!(
        "{name}: the kernel, and {on:?}\n{}",
        rows.collect::<Vec<_>>().join("\n")
    )
}

#[test]
fn every_script_says_the_same_everywhere_or_the_difference_is_listed() {
    let mut faults = Vec::new();
    for (name, text) in SCRIPTS {
        let script = Script::parse(text);
        let kernel = transcript(&script, &mut kernel::Pair::new(script.small));
        for (on, told) in [
            (
                On::Fast,
                transcript(&script, &mut fast::Pair::new(script.small)),
            ),
            (
                On::Turmoil,
                transcript(&script, &mut turmoil::Pair::new(script.small)),
            ),
        ] {
            let mut listed = DIFFERENCES.iter();
            let listed = listed.any(|one| one.script == *name && one.on.contains(&on));
            match (told == kernel, listed) {
                (true, false) | (false, true) => {}
                (false, false) => faults.push(parting(name, on, &kernel, &told)),
                (true, true) => faults.push(format!("{name}: no difference on {on:?} any more")),
            }
        }
    }
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n\n"));
}

#[test]
fn there_are_enough_scripts_and_every_listed_one_exists() {
    assert!(SCRIPTS.len() >= 30, "{} scripts", SCRIPTS.len());
    for difference in DIFFERENCES {
        let exists = SCRIPTS.iter().any(|(name, _)| *name == difference.script);
        assert!(exists && !difference.reason.is_empty());
    }
    let mut names: Vec<_> = SCRIPTS.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), SCRIPTS.len(), "a name is one script's");
}

#[test]
fn a_difference_shows() {
    let right = ["a read 1 -> 0".to_string()];
    let wrong = ["a read 1 -> ECONNRESET".to_string()];
    let told = parting("made up", On::Fast, &right, &wrong);
    assert!(told.contains("! a read 1 -> 0"), "{told}");
}

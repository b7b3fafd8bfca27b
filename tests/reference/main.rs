//! Random scripts against a slow and obviously right reference (DESIGN section 4, level 2): real
//! bytes, ends as plain rules over the whole history. A script that fails is shrunk and printed.
//!
//! The seed is fixed; `TIDEGATE_SEED` sets another, `TIDEGATE_CASES` how many scripts.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm)] // a test fails loudly

#[allow(dead_code)] // the walk uses the rest
#[path = "../world/world.rs"]
mod world;

mod http;
mod plain;
mod report;
mod script;
mod variants;

use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};
use std::fmt::Debug;

/// How a search for a failure went.
struct Searched<T> {
    /// Scripts that were run before the first that failed, or all.
    cases: u32,
    /// The smallest script that fails, and why.
    failure: Option<(T, String)>,
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Runs `cases` scripts of `strategy`, the same ones in every run with the same seed.
fn search<S: proptest::strategy::Strategy>(
    cases: u32,
    strategy: &S,
    run: impl Fn(&S::Value) -> Result<(), String>,
) -> Searched<S::Value>
where
    S::Value: Debug,
{
    let seed = number("TIDEGATE_SEED").unwrap_or(0x7469_6465);
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let asked = number("TIDEGATE_CASES").and_then(|n| u32::try_from(n).ok());
    let config = Config {
        cases: asked.unwrap_or(cases),
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..Config::default()
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let count = std::cell::Cell::new(0);
    let failed = std::cell::Cell::new(false);
    let result = runner.run(strategy, |script| {
        if !failed.get() {
            count.set(count.get() + 1);
        }
        run(&script).map_err(|why| {
            failed.set(true);
            proptest::test_runner::TestCaseError::fail(why)
        })
    });
    let failure = match result {
        Ok(()) => None,
        Err(TestError::Fail(why, script)) => Some((script, why.to_string())),
        Err(TestError::Abort(why)) => panic!("seed {seed}: {why}"),
    };
    Searched {
        cases: count.get(),
        failure,
    }
}

/// Runs scripts that must all pass.
fn all_pass<S: proptest::strategy::Strategy>(
    name: &str,
    cases: u32,
    strategy: &S,
    run: impl Fn(&S::Value) -> Result<(), String>,
) where
    S::Value: Debug,
{
    quiet();
    let searched = search(cases, strategy, run);
    let seed = number("TIDEGATE_SEED").unwrap_or(0x7469_6465);
    println!(
        "{name:<24} {:>6} scripts, TIDEGATE_SEED={seed}",
        searched.cases
    );
    if let Some((script, why)) = searched.failure {
        panic!("{name}, TIDEGATE_SEED={seed}: {why}\nthe smallest script: {script:?}");
    }
}

/// A panic inside the core is a failure of its script, and told as such.
fn quiet() {
    std::panic::set_hook(Box::new(|info| {
        if info
            .location()
            .is_some_and(|at| !at.file().starts_with("core/"))
        {
            eprintln!("{info}");
        }
    }));
}

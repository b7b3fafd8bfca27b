//! How long the core takes: for each operation, and for an exchange among ever more open sessions.

use divan::Bencher;
use tidegate_bench::{OPERATIONS, Sessions, operation, session_bytes};

fn main() {
    println!("a session has {} bytes", session_bytes());
    divan::main();
}

#[divan::bench(args = OPERATIONS.map(|(name, _)| name))]
fn operations(bencher: Bencher<'_, '_>, name: &str) {
    bencher.bench_local(operation(name).expect("an operation of that name"));
}

#[divan::bench(args = [1, 1_000, 10_000, 100_000])]
fn open_sessions(bencher: Bencher<'_, '_>, count: usize) {
    let mut sessions = Sessions::open(count);
    bencher.bench_local(move || sessions.next());
}

//! CPU time of processes by the scheduler's own account, in nanoseconds, all threads together.
//!
//! The account of a thread that runs right now lags by up to a tick: whoever asks lets it come to
//! rest first.

use std::{fs, io};

/// The CPU time of a process: the sum over its threads.
pub(crate) fn nanos(pid: u32) -> io::Result<u64> {
    let mut sum = 0;
    for task in fs::read_dir(format!("/proc/{pid}/task"))? {
        // A thread may be over before it is read.
        let Ok(text) = fs::read_to_string(task?.path().join("schedstat")) else {
            continue;
        };
        let first = text.split(' ').next().and_then(|word| word.parse().ok());
        sum += first.unwrap_or(0);
    }
    Ok(sum)
}

/// The CPU time of each of them.
pub(crate) fn all(pids: &[u32]) -> io::Result<Vec<u64>> {
    pids.iter().map(|pid| nanos(*pid)).collect()
}

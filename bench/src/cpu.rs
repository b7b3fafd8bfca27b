//! CPU time of processes by the scheduler's own account, in nanoseconds, all threads together.
//!
//! The account of a thread that runs right now lags by up to a tick: whoever asks lets it come to
//! rest first.

use std::{collections::BTreeMap, ffi::OsString, fs, io};

/// What each thread of a process has spent so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Spent(BTreeMap<OsString, u64>);

impl Spent {
    /// By the threads of a process.
    pub(crate) fn by(pid: u32) -> io::Result<Spent> {
        let mut spent = BTreeMap::new();
        for task in fs::read_dir(format!("/proc/{pid}/task"))? {
            let task = task?;
            // A thread may be over before it is read.
            let Ok(text) = fs::read_to_string(task.path().join("schedstat")) else {
                continue;
            };
            let first = text.split(' ').next().and_then(|word| word.parse().ok());
            spent.insert(task.file_name(), first.unwrap_or(0));
        }
        Ok(Spent(spent))
    }

    /// How much it is since `before`. A thread that is over by now takes its last nanoseconds with it, and
    /// nothing of what the others have spent.
    pub(crate) fn since(&self, before: &Spent) -> u64 {
        let of = |(thread, spent): (&OsString, &u64)| {
            let before = before.0.get(thread).copied().unwrap_or(0);
            spent.saturating_sub(before)
        };
        self.0.iter().map(of).sum()
    }
}

/// What the threads of each of them have spent.
pub(crate) fn all(pids: &[u32]) -> io::Result<Vec<Spent>> {
    pids.iter().map(|pid| Spent::by(*pid)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_is_over_takes_nothing_from_the_others() {
        let spent = |threads: &[(&str, u64)]| {
            let threads = threads.iter();
            Spent(
                threads
                    .map(|(name, spent)| ((*name).into(), *spent))
                    .collect(),
            )
        };
        let before = spent(&[("1", 100), ("2", 900)]);
        assert_eq!(spent(&[("1", 350), ("3", 7)]).since(&before), 257);
        assert_eq!(before.since(&before), 0);
    }
}

//! What the process takes of the machine, under the names that every client library of Prometheus has
//! for it.
//!
//! It reads /proc, and knows nothing of ours.

use super::names::Family;
use rustix::process::{Resource, getrlimit};
use std::fs;

/// Ticks of a second in /proc: Linux has this number for all programs, whatever its own clock does.
const TICKS: u64 = 100;

/// What it takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    cpu_ticks: u64,
    resident_bytes: u64,
    virtual_bytes: u64,
    threads: u64,
    open_files: u64,
    most_files: Option<u64>,
    /// Since 1970.
    started_ticks: u64,
}

impl Usage {
    /// Now; nothing where there is no /proc.
    #[must_use]
    pub fn now() -> Option<Usage> {
        let stat = fs::read_to_string("/proc/self/stat").ok()?;
        let status = fs::read_to_string("/proc/self/status").ok()?;
        let machine = fs::read_to_string("/proc/stat").ok()?;
        let open = fs::read_dir("/proc/self/fd").ok()?.count();
        Some(Usage {
            // One is the directory that is being read.
            open_files: u64::try_from(open).unwrap_or(u64::MAX).saturating_sub(1),
            most_files: getrlimit(Resource::Nofile).current,
            ..Usage::read(&stat, &status, &machine)?
        })
    }

    fn read(stat: &str, status: &str, machine: &str) -> Option<Usage> {
        // proc(5): the name, in parentheses, may contain anything. What follows is the third field.
        let (_, fields) = stat.rsplit_once(") ")?;
        let fields: Vec<_> = fields.split_ascii_whitespace().collect();
        let field = |nth: usize| fields.get(nth - 3)?.parse::<u64>().ok();
        let line = |text: &str, name: &str| {
            let of = |line: &str| {
                let rest = line.strip_prefix(name)?;
                rest.split_ascii_whitespace().next()?.parse::<u64>().ok()
            };
            text.lines().find_map(of)
        };
        Some(Usage {
            cpu_ticks: field(14)? + field(15)?,
            threads: line(status, "Threads:")?,
            resident_bytes: line(status, "VmRSS:")? * 1_024,
            virtual_bytes: line(status, "VmSize:")? * 1_024,
            started_ticks: line(machine, "btime ")? * TICKS + field(22)?,
            ..Usage::default()
        })
    }

    pub(super) fn write(&self, out: &mut String) {
        let seconds = |ticks: u64| format!("{}.{:02}", ticks / TICKS, ticks % TICKS);
        Family::CPU.alone(out, seconds(self.cpu_ticks));
        Family::RESIDENT.alone(out, self.resident_bytes);
        Family::VIRTUAL.alone(out, self.virtual_bytes);
        Family::OPEN_FDS.alone(out, self.open_files);
        if let Some(most) = self.most_files {
            Family::MAX_FDS.alone(out, most);
        }
        Family::STARTED.alone(out, seconds(self.started_ticks));
        Family::THREADS.alone(out, self.threads);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_be_anything() {
        let stat = "77 (a) b (c) S 1 77 77 0 -1 4194560 100 0 0 0 250 151 0 0 20 0 5 0 1234 9 9 9";
        let status = "Name:\ta) b (c\nVmSize:\t    2048 kB\nVmRSS:\t     512 kB\nThreads:\t5\n";
        let usage = Usage::read(stat, status, "cpu 1 2 3\nbtime 1700000000\n").unwrap();
        let mut text = String::new();
        usage.write(&mut text);
        for line in [
            "process_cpu_seconds_total 4.01",
            "process_virtual_memory_bytes 2097152",
            "process_resident_memory_bytes 524288",
            "process_start_time_seconds 1700000012.34",
            "process_threads 5",
        ] {
            assert!(text.lines().any(|told| told == line), "{line} in\n{text}");
        }
    }

    #[test]
    fn this_process_is_told() {
        let usage = Usage::now().unwrap();
        assert!(usage.threads > 0 && usage.open_files > 2 && usage.resident_bytes > 1 << 20);
    }
}

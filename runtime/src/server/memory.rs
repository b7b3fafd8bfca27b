//! The memory of the process, and what is done while it is too much: nobody is let in, and who is there is
//! served on. What is left of it then goes with them.
//!
//! It owns the looks, a few in a second, and the words for the log. It waits for time.

use crate::admission::Seats;
use std::{fs, sync::Arc, time::Duration};
use tokio::{sync::watch, time::sleep};

/// How often it looks.
const LOOK: Duration = Duration::from_millis(250);

/// Until it has come down by so many parts of a hundred, nobody is let in again.
const BACK: u64 = 5;

/// Looks for as long as the process lives, at each limit that it is told.
pub(super) async fn guard(seats: Arc<Seats>, mut limits: watch::Receiver<Option<u64>>) {
    let mut shut = false;
    loop {
        let limit = *limits.borrow_and_update();
        let now = limit.and_then(|limit| Some((resident()?, limit)));
        let too_much = now.is_some_and(|(bytes, limit)| is_too_much(bytes, limit, shut));
        if too_much != shut {
            shut = too_much;
            seats.shut(shut);
            let (mib, limit) = now.map_or((0, 0), |(bytes, limit)| (bytes >> 20, limit >> 20));
            if shut {
                tracing::warn!(mib, limit, "memory is above its limit: accepting pauses");
            } else {
                tracing::info!(mib, limit, "memory is below its limit: accepting again");
            }
        }
        let quiet = async {
            match limit {
                Some(_) => sleep(LOOK).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = quiet => {}
            changed = limits.changed() => if changed.is_err() { return },
        }
    }
}

/// A limit that is reached, and not far enough away again.
fn is_too_much(bytes: u64, limit: u64, shut: bool) -> bool {
    match shut {
        false => bytes > limit,
        true => bytes > limit - limit / 100 * BACK,
    }
}

/// What the process has in memory: proc(5), `VmRSS`. Nothing where the kernel does not say.
fn resident() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_too_much_until_it_is_clearly_less() {
        assert!(!is_too_much(1_000, 1_000, false));
        assert!(is_too_much(1_001, 1_000, false));
        assert!(is_too_much(951, 1_000, true));
        assert!(!is_too_much(950, 1_000, true));
        assert!(resident().is_some_and(|bytes| bytes > 1 << 20));
    }
}

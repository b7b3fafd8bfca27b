//! What whoever supervises the process is told (systemd's `sd_notify`): that it is ready, reads its
//! configuration again, leaves; and, if it wants to know, that every worker is alive.
//!
//! It owns nothing. Where nobody supervises, nothing is said.

use super::ask::Workers;
use sd_notify::{NotifyState, notify, watchdog_enabled};
use std::env;
use tokio::time::sleep;

/// Whether somebody does, and is told.
pub(super) fn is_there() -> bool {
    env::var_os("NOTIFY_SOCKET").is_some()
}

/// It serves; and of what.
pub(super) fn ready(generation: u64) {
    let status = format!("serving, generation {generation}");
    tell(&[NotifyState::Ready, NotifyState::Status(&status)]);
}

/// It reads its configuration again; `ready` follows, whatever becomes of that.
pub(super) fn reloading() {
    if let Ok(now) = NotifyState::monotonic_usec_now() {
        tell(&[NotifyState::Reloading, now]);
    }
}

/// It finishes what is in flight, and takes no more.
pub(super) fn stopping() {
    let status = NotifyState::Status("draining");
    tell(&[NotifyState::Stopping, status]);
}

/// From now on this process is the one that counts.
pub(super) fn is_led_by(pid: u32) {
    tell(&[NotifyState::MainPid(pid)]);
}

/// Says three times in each time that the supervisor allows that all is well, for as long as every worker
/// answers: one that is stuck has the process restarted. The first time at once: where another process served
/// until now, some of that time has passed.
pub(super) async fn watched(workers: Workers) {
    let Some(most) = watchdog_enabled() else {
        return;
    };
    loop {
        if workers.metrics().await.silent.is_empty() {
            tell(&[NotifyState::Watchdog]);
        }
        sleep(most / 3).await;
    }
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = notify(states) {
        tracing::debug!(%error, "the supervisor does not hear");
    }
}

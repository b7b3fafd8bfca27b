//! What is of the whole process: its sockets, its configuration, its drain, itself.
//!
//! Names only.

use super::{
    super::{
        histogram::{self, Histogram},
        sockets::STATES,
        whole::WAITS,
    },
    Family, Most, family,
};

/// Two legs, four kinds, and no more causes than these.
const ENDS: usize = 2 * 4 * 32;

impl Family {
    pub(in crate::observe) const SOCKETS: Family = family(
        "tidegate_sockets",
        "gauge",
        &["scope", "name", "side", "network_connection_state"],
        "TCP sockets of a listener, or to the endpoints of a cluster, by their state; also of connections that no session has any more.",
        Most::Scope(STATES),
    );
    pub(in crate::observe) const OLDEST: Family = family(
        "tidegate_socket_state_oldest_seconds",
        "gauge",
        &["scope", "name", "side", "network_connection_state"],
        "For how long the oldest of them has been seen in its state.",
        Most::Scope(STATES),
    );
    pub(in crate::observe) const ENDS: Family = family(
        "tidegate_ends_total",
        "counter",
        &["leg", "kind", "cause"],
        "Legs that have ended, by how and why.",
        Most::One(ENDS),
    );
    pub(in crate::observe) const HALF_CLOSED: Family = family(
        "tidegate_half_closed_legs",
        "gauge",
        &["leg", "age"],
        "Legs of which one direction has ended, by age.",
        Most::One(12),
    );
    pub(in crate::observe) const ACCEPT_FAILURES: Family = family(
        "tidegate_accept_failures_total",
        "counter",
        &[],
        "Calls of accept that failed for want of descriptors or memory.",
        Most::One(1),
    );
    pub(in crate::observe) const FLUSH: Family = family(
        "tidegate_abort_flush_expired_total",
        "counter",
        &[],
        "Legs reset before all that was inside had left.",
        Most::One(1),
    );
    pub(in crate::observe) const BARE_FIN: Family = family(
        "tidegate_bare_fin_total",
        "counter",
        &[],
        "TLS legs whose FIN came without close_notify.",
        Most::One(1),
    );
    pub(in crate::observe) const LINGER_STALL: Family = family(
        "tidegate_linger_stall_total",
        "counter",
        &[],
        "Legs whose peer acknowledged nothing after our FIN, and were reset.",
        Most::One(1),
    );
    pub(in crate::observe) const GENERATION: Family = family(
        "tidegate_config_generation",
        "gauge",
        &[],
        "Which configuration is served: 1 is the one of the start.",
        Most::One(1),
    );
    pub(in crate::observe) const GENERATION_CONNECTIONS: Family = family(
        "tidegate_config_generation_connections",
        "gauge",
        &["generation"],
        "Connections that began under the configuration that is served, and under an earlier one.",
        Most::One(2),
    );
    pub(in crate::observe) const RELOADS: Family = family(
        "tidegate_config_reloads_total",
        "counter",
        &["result"],
        "How often the configuration was read again.",
        Most::One(2),
    );
    pub(in crate::observe) const RELOADED: Family = family(
        "tidegate_config_last_reload_success_timestamp_seconds",
        "gauge",
        &[],
        "When what is served was read, in seconds since 1970.",
        Most::One(1),
    );
    pub(in crate::observe) const REMAINING: Family = family(
        "tidegate_drain_remaining_connections",
        "gauge",
        &["waiting_for"],
        "Connections that a drain waits for, by what their client side waits for; nothing while it does not drain.",
        Most::One(WAITS),
    );
    pub(in crate::observe) const LAG: Family = family(
        "tidegate_worker_loop_lag_seconds",
        "histogram",
        &["worker"],
        "By how much a worker comes too late to a moment that it has waited for, looked at once a second.",
        Most::Worker(Histogram::series(histogram::MEETINGS)),
    );
    pub(in crate::observe) const LOG_DROPPED: Family = family(
        "tidegate_log_lines_dropped_total",
        "counter",
        &[],
        "Lines of the log and messages that nobody took, or that could not be written.",
        Most::One(1),
    );
    pub(in crate::observe) const OVERFLOW: Family = family(
        "tidegate_metrics_overflow_total",
        "counter",
        &["metric"],
        "Samples that were counted as `_OTHER`, because there would have been too many series.",
        Most::One(2),
    );
    pub(in crate::observe) const SERIES: Family = family(
        "tidegate_metrics_series",
        "gauge",
        &[],
        "Series of this answer.",
        Most::One(1),
    );
    pub(in crate::observe) const BUILD: Family = family(
        "tidegate_build_info",
        "gauge",
        &["version"],
        "1; which version this is.",
        Most::One(1),
    );
    pub(in crate::observe) const CPU: Family = family(
        "process_cpu_seconds_total",
        "counter",
        &[],
        "CPU time of the process, its own and the system's.",
        Most::One(1),
    );
    pub(in crate::observe) const RESIDENT: Family = family(
        "process_resident_memory_bytes",
        "gauge",
        &[],
        "Memory that is in use.",
        Most::One(1),
    );
    pub(in crate::observe) const VIRTUAL: Family = family(
        "process_virtual_memory_bytes",
        "gauge",
        &[],
        "Address space that is in use.",
        Most::One(1),
    );
    pub(in crate::observe) const OPEN_FDS: Family = family(
        "process_open_fds",
        "gauge",
        &[],
        "Open descriptors.",
        Most::One(1),
    );
    pub(in crate::observe) const MAX_FDS: Family = family(
        "process_max_fds",
        "gauge",
        &[],
        "Descriptors that may be open.",
        Most::One(1),
    );
    pub(in crate::observe) const STARTED: Family = family(
        "process_start_time_seconds",
        "gauge",
        &[],
        "When the process began, in seconds since 1970.",
        Most::One(1),
    );
    pub(in crate::observe) const THREADS: Family = family(
        "process_threads",
        "gauge",
        &[],
        "Threads of the process.",
        Most::One(1),
    );
}

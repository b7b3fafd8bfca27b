//! Every metric by its name: its type, its labels, its help, and how many series of it there can be
//! with a configuration (PRODUCT section 7).
//!
//! The one place where a name is spelled. It owns no sum.

use super::{
    clustered::{ERRORS, POOL, RETRIES},
    histogram::{self, Histogram, line},
    listened::REQUEST_SETS,
};
use crate::config::Config;
use std::fmt::Write;
use tidegate_core::{close::CloseCause, ending::Rejection};

/// One metric.
#[derive(Clone, Copy, Debug)]
pub struct Family {
    /// Its name, unit and all.
    pub name: &'static str,
    /// `counter`, `gauge` or `histogram`.
    pub kind: &'static str,
    /// What tells its series apart.
    pub labels: &'static [&'static str],
    /// What it says.
    pub help: &'static str,
    most: Most,
}

/// How many series there can be.
#[derive(Clone, Copy, Debug)]
enum Most {
    One(usize),
    Listener(usize),
    Cluster(usize),
}

const fn family(
    name: &'static str,
    kind: &'static str,
    labels: &'static [&'static str],
    help: &'static str,
    most: Most,
) -> Family {
    Family {
        name,
        kind,
        labels,
        help,
        most,
    }
}

/// Two legs, four kinds, and no more causes than these.
const ENDS: usize = 2 * 4 * 32;

impl Family {
    pub(super) const ACCEPTED: Family = family(
        "tidegate_connections_accepted_total",
        "counter",
        &["listener"],
        "Connections that were accepted.",
        Most::Listener(1),
    );
    pub(super) const ACTIVE: Family = family(
        "tidegate_connections_active",
        "gauge",
        &["listener"],
        "Connections that are not closed.",
        Most::Listener(1),
    );
    pub(super) const REJECTED: Family = family(
        "tidegate_connections_rejected_total",
        "counter",
        &["listener", "reason"],
        "Connections that were not let in.",
        Most::Listener(Rejection::ALL.len()),
    );
    pub(super) const CLOSED: Family = family(
        "tidegate_connections_closed_total",
        "counter",
        &["listener", "cause"],
        "Connections that were closed, by the one cause of each (docs/CAUSES.md).",
        Most::Listener(CloseCause::COUNT),
    );
    pub(super) const DURATION: Family = family(
        "tidegate_connection_duration_seconds",
        "histogram",
        &["listener"],
        "How old connections were when they were closed.",
        Most::Listener(Histogram::series(histogram::CONNECTIONS)),
    );
    pub(super) const BYTES: Family = family(
        "tidegate_transferred_bytes_total",
        "counter",
        &["listener", "direction"],
        "Bytes read of clients and written to them, of connections that were closed.",
        Most::Listener(2),
    );
    pub(super) const HANDSHAKES: Family = family(
        "tidegate_tls_handshakes_total",
        "counter",
        &["listener", "result", "tls_protocol_version"],
        "TLS handshakes of clients.",
        Most::Listener(6),
    );
    pub(super) const HANDSHAKE_DURATION: Family = family(
        "tidegate_tls_handshake_duration_seconds",
        "histogram",
        &["listener"],
        "How long they took, from the accept on.",
        Most::Listener(Histogram::series(histogram::MEETINGS)),
    );
    pub(super) const REQUEST_DURATION: Family = family(
        "http_server_request_duration_seconds",
        "histogram",
        &[
            "listener",
            "http_request_method",
            "http_response_status_code",
            "http_route",
            "network_protocol_version",
            "url_scheme",
            "error_type",
        ],
        "How long requests took, from a complete head to the last byte of the answer.",
        Most::Listener((REQUEST_SETS + 1) * Histogram::series(histogram::REQUESTS)),
    );
    pub(super) const REQUESTS_ACTIVE: Family = family(
        "http_server_active_requests",
        "gauge",
        &["listener"],
        "Requests that are not answered.",
        Most::Listener(1),
    );
    pub(super) const OVERFLOW: Family = family(
        "tidegate_metrics_overflow_total",
        "counter",
        &["metric"],
        "Samples that were counted as `_OTHER`, because there would have been too many series.",
        Most::One(1),
    );
    pub(super) const CONNECTS: Family = family(
        "tidegate_cluster_connect_duration_seconds",
        "histogram",
        &["cluster"],
        "How long connects to endpoints took that came to a connection.",
        Most::Cluster(Histogram::series(histogram::MEETINGS)),
    );
    pub(super) const CONNECT_ERRORS: Family = family(
        "tidegate_cluster_connect_errors_total",
        "counter",
        &["cluster", "error_type"],
        "Sessions that came to no upstream connection, whatever was tried.",
        Most::Cluster(ERRORS.len()),
    );
    pub(super) const POOL_REQUESTS: Family = family(
        "tidegate_cluster_pool_requests_total",
        "counter",
        &["cluster", "result"],
        "Whether there was an idle connection, and whether that was of use.",
        Most::Cluster(POOL.len()),
    );
    pub(super) const RETRIES: Family = family(
        "tidegate_retries_total",
        "counter",
        &["cluster", "reason"],
        "Requests that were sent again, by the rule that allowed it.",
        Most::Cluster(RETRIES.len()),
    );
    pub(super) const LOG_DROPPED: Family = family(
        "tidegate_log_lines_dropped_total",
        "counter",
        &[],
        "Lines of the log that nobody took, or that could not be written.",
        Most::One(1),
    );
    pub(super) const SERIES: Family = family(
        "tidegate_metrics_series",
        "gauge",
        &[],
        "Series of this answer.",
        Most::One(1),
    );
    pub(super) const BUILD: Family = family(
        "tidegate_build_info",
        "gauge",
        &["version"],
        "1; which version this is.",
        Most::One(1),
    );
    const ENDS: Family = family(
        "tidegate_ends_total",
        "counter",
        &["leg", "kind", "cause"],
        "Legs that have ended, by how and why.",
        Most::One(ENDS),
    );
    const HALF_CLOSED: Family = family(
        "tidegate_half_closed_legs",
        "gauge",
        &["leg", "age"],
        "Legs of which one direction has ended, by age.",
        Most::One(12),
    );
    const QUEUE_DEPTH: Family = family(
        "tidegate_cluster_queue_depth",
        "gauge",
        &["cluster"],
        "Requests that wait for an endpoint.",
        Most::Cluster(1),
    );
    const QUEUE_DURATION: Family = family(
        "tidegate_cluster_queue_duration_seconds",
        "histogram",
        &["cluster"],
        "How long requests have waited for one.",
        Most::Cluster(13),
    );
    const ACCEPT_FAILURES: Family = family(
        "tidegate_accept_failures_total",
        "counter",
        &[],
        "Calls of accept that failed for want of descriptors or memory.",
        Most::One(1),
    );
    const FLUSH: Family = family(
        "tidegate_abort_flush_expired_total",
        "counter",
        &[],
        "Legs reset before all that was inside had left.",
        Most::One(1),
    );
    const BARE_FIN: Family = family(
        "tidegate_bare_fin_total",
        "counter",
        &[],
        "TLS legs whose FIN came without close_notify.",
        Most::One(1),
    );
    const LINGER_STALL: Family = family(
        "tidegate_linger_stall_total",
        "counter",
        &[],
        "Legs whose peer acknowledged nothing after our FIN, and were reset.",
        Most::One(1),
    );

    /// All there are.
    pub const ALL: [Family; 26] = [
        Family::REQUEST_DURATION,
        Family::REQUESTS_ACTIVE,
        Family::ACCEPTED,
        Family::ACTIVE,
        Family::REJECTED,
        Family::CLOSED,
        Family::DURATION,
        Family::BYTES,
        Family::HANDSHAKES,
        Family::HANDSHAKE_DURATION,
        Family::CONNECTS,
        Family::CONNECT_ERRORS,
        Family::POOL_REQUESTS,
        Family::QUEUE_DEPTH,
        Family::QUEUE_DURATION,
        Family::RETRIES,
        Family::ENDS,
        Family::HALF_CLOSED,
        Family::ACCEPT_FAILURES,
        Family::FLUSH,
        Family::BARE_FIN,
        Family::LINGER_STALL,
        Family::OVERFLOW,
        Family::LOG_DROPPED,
        Family::SERIES,
        Family::BUILD,
    ];

    /// How many series of it there can be with so many listeners and clusters.
    fn most_of(&self, listeners: usize, clusters: usize) -> usize {
        match self.most {
            Most::One(most) => most,
            Most::Listener(each) => each * listeners,
            Most::Cluster(each) => each * clusters,
        }
    }

    /// How many series of it there can be with this configuration; without one, for each listener and
    /// each cluster.
    #[must_use]
    pub fn most(&self, config: Option<&Config>) -> usize {
        let counts = config.map(|config| (config.listeners.len(), config.clusters.len()));
        let (listeners, clusters) = counts.unwrap_or((1, 1));
        self.most_of(listeners, clusters)
    }

    /// What stands above its lines.
    pub(super) fn head(&self, out: &mut String) {
        line(out, format_args!("# HELP {} {}", self.name, self.help));
        line(out, format_args!("# TYPE {} {}", self.name, self.kind));
    }
}

/// The value of a label, as it stands between quotes in the text format.
pub(super) fn label_value(text: &str) -> String {
    let mut value = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '\\' => value.push_str("\\\\"),
            '"' => value.push_str("\\\""),
            '\n' => value.push_str("\\n"),
            sign => value.push(sign),
        }
    }
    value
}

/// A table of all of them: name, type, series at most, labels, help.
#[must_use]
pub fn list(config: Option<&Config>) -> String {
    let mut text = String::new();
    let mut sum = 0;
    for family in Family::ALL {
        let most = family.most(config);
        sum += most;
        let labels = family.labels.join(",");
        let (name, kind, help) = (family.name, family.kind, family.help);
        let _ = writeln!(text, "{name}  {kind}  {most}  {{{labels}}}\n    {help}");
    }
    let whose = match config {
        Some(_) => "",
        None => ", for one listener and one cluster",
    };
    let _ = writeln!(text, "\nat most {sum} series{whose}");
    text
}

/// The same as JSON.
#[must_use]
pub fn list_json(config: Option<&Config>) -> String {
    let mut rows = Vec::new();
    let mut sum = 0;
    for family in Family::ALL {
        let most = family.most(config);
        sum += most;
        let labels: Vec<_> = family.labels.iter().map(|one| format!("{one:?}")).collect();
        rows.push(format!(
            "{{\"name\":{:?},\"type\":{:?},\"labels\":[{}],\"help\":{:?},\"series\":{most}}}",
            family.name,
            family.kind,
            labels.join(","),
            family.help
        ));
    }
    format!("{{\"metrics\":[{}],\"series\":{sum}}}\n", rows.join(","))
}

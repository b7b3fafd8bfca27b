//! What we have of endpoints: clusters, connections to them, and what is sent again.
//!
//! Names only.

use super::{
    super::{
        clustered::{ANSWER_SETS, ERRORS, Ejected, Outcome, POOL, RETRIES},
        histogram::{self, Histogram},
        whole::ENDPOINT_STATES,
    },
    Family, Most, family,
};

impl Family {
    pub(in crate::observe) const CLIENT_DURATION: Family = family(
        "http_client_request_duration_seconds",
        "histogram",
        &["cluster", "http_response_status_code", "error_type"],
        "How long requests to endpoints took, from the moment one was chosen to the last byte of its answer; each attempt is one.",
        Most::ClusterSets(ANSWER_SETS, Histogram::series(histogram::REQUESTS)),
    );
    pub(in crate::observe) const CLIENT_OPEN: Family = family(
        "http_client_open_connections",
        "gauge",
        &["cluster", "http_connection_state"],
        "Connections to endpoints that a session has, or that wait for one.",
        Most::Cluster(2),
    );
    pub(in crate::observe) const CLIENT_AGE: Family = family(
        "http_client_connection_duration_seconds",
        "histogram",
        &["cluster"],
        "How old connections to endpoints were when they were closed.",
        Most::Cluster(Histogram::series(histogram::CONNECTIONS)),
    );
    pub(in crate::observe) const CONNECTS: Family = family(
        "tidegate_cluster_connect_duration_seconds",
        "histogram",
        &["cluster"],
        "How long connects to endpoints took that came to a connection.",
        Most::Cluster(Histogram::series(histogram::MEETINGS)),
    );
    pub(in crate::observe) const CONNECT_ERRORS: Family = family(
        "tidegate_cluster_connect_errors_total",
        "counter",
        &["cluster", "error_type"],
        "Sessions that came to no upstream connection, whatever was tried.",
        Most::Cluster(ERRORS.len()),
    );
    pub(in crate::observe) const ENDPOINTS: Family = family(
        "tidegate_cluster_endpoints",
        "gauge",
        &["cluster", "state"],
        "Endpoints, by whether they get work.",
        Most::Cluster(ENDPOINT_STATES.len()),
    );
    pub(in crate::observe) const EJECTIONS: Family = family(
        "tidegate_cluster_ejections_total",
        "counter",
        &["cluster", "reason"],
        "How often a worker has left an endpoint alone because it failed, by the last failure.",
        Most::Cluster(Ejected::WORDS.len()),
    );
    pub(in crate::observe) const CHECKS: Family = family(
        "tidegate_cluster_health_checks_total",
        "counter",
        &["cluster", "result"],
        "Health checks that were made.",
        Most::Cluster(2),
    );
    pub(in crate::observe) const POOL_REQUESTS: Family = family(
        "tidegate_cluster_pool_requests_total",
        "counter",
        &["cluster", "result"],
        "Whether there was an idle connection, and whether that was of use.",
        Most::Cluster(POOL.len()),
    );
    pub(in crate::observe) const LEARNED: Family = family(
        "tidegate_cluster_learned_idle_timeout_seconds",
        "gauge",
        &["cluster"],
        "After how many seconds an endpoint closes an idle connection, as it has said last; the least that a worker has heard.",
        Most::Cluster(1),
    );
    pub(in crate::observe) const QUEUE_DEPTH: Family = family(
        "tidegate_cluster_queue_depth",
        "gauge",
        &["cluster"],
        "Requests that wait for an endpoint.",
        Most::Cluster(1),
    );
    pub(in crate::observe) const QUEUE_DURATION: Family = family(
        "tidegate_cluster_queue_duration_seconds",
        "histogram",
        &["cluster"],
        "How long requests have waited for one.",
        Most::Cluster(13),
    );
    pub(in crate::observe) const RETRIES: Family = family(
        "tidegate_retries_total",
        "counter",
        &["cluster", "reason", "outcome"],
        "Requests that were to be sent again, by the rule that allowed it and by what came of it.",
        Most::Cluster(RETRIES.len() * Outcome::WORDS.len()),
    );
    pub(in crate::observe) const BUDGET: Family = family(
        "tidegate_retry_budget_available_ratio",
        "gauge",
        &["cluster"],
        "What is left of the budget of requests that may be sent again: 1 is all of it.",
        Most::Cluster(1),
    );
}

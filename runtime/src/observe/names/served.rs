//! What clients have of us: listeners, their connections, and their requests.
//!
//! Names only.

use super::{
    super::{
        histogram::{self, Histogram},
        listened::{HANDSHAKES, REQUEST_SETS},
        staged::Stage,
    },
    Family, Most, family,
};
use tidegate_core::{close::CloseCause, ending::Rejection};

impl Family {
    pub(in crate::observe) const REQUEST_DURATION: Family = family(
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
        Most::ListenerSets(REQUEST_SETS, Histogram::series(histogram::REQUESTS)),
    );
    pub(in crate::observe) const REQUESTS_ACTIVE: Family = family(
        "http_server_active_requests",
        "gauge",
        &["listener"],
        "Requests that are not answered.",
        Most::Listener(1),
    );
    pub(in crate::observe) const ACCEPTED: Family = family(
        "tidegate_connections_accepted_total",
        "counter",
        &["listener"],
        "Connections that were accepted.",
        Most::Listener(1),
    );
    pub(in crate::observe) const ACTIVE: Family = family(
        "tidegate_connections_active",
        "gauge",
        &["listener", "phase"],
        "Connections that are not closed, by what they are about.",
        Most::Listener(Stage::ALL.len()),
    );
    pub(in crate::observe) const REJECTED: Family = family(
        "tidegate_connections_rejected_total",
        "counter",
        &["listener", "reason"],
        "Connections that were not let in.",
        Most::Listener(Rejection::ALL.len()),
    );
    pub(in crate::observe) const CLOSED: Family = family(
        "tidegate_connections_closed_total",
        "counter",
        &["listener", "cause"],
        "Connections that were closed, by the one cause of each (docs/CAUSES.md).",
        Most::Listener(CloseCause::COUNT),
    );
    pub(in crate::observe) const DURATION: Family = family(
        "tidegate_connection_duration_seconds",
        "histogram",
        &["listener"],
        "How old connections were when they were closed.",
        Most::Listener(Histogram::series(histogram::CONNECTIONS)),
    );
    pub(in crate::observe) const PHASE_DURATION: Family = family(
        "tidegate_connection_phase_duration_seconds",
        "histogram",
        &["listener", "phase"],
        "How long connections were in a phase that they have left.",
        Most::Listener(Stage::ALL.len() * Histogram::series(histogram::CONNECTIONS)),
    );
    pub(in crate::observe) const HALF: Family = family(
        "tidegate_half_closed_connections",
        "gauge",
        &["listener", "side"],
        "Connections of which one leg is half-closed, by the side of that leg.",
        Most::Listener(2),
    );
    pub(in crate::observe) const BYTES: Family = family(
        "tidegate_transferred_bytes_total",
        "counter",
        &["listener", "direction"],
        "Bytes read of clients and written to them, of connections that were closed.",
        Most::Listener(2),
    );
    pub(in crate::observe) const HANDSHAKES: Family = family(
        "tidegate_tls_handshakes_total",
        "counter",
        &["listener", "result", "tls_protocol_version", "tls_resumed"],
        "TLS handshakes of clients.",
        Most::Listener(HANDSHAKES),
    );
    pub(in crate::observe) const HANDSHAKE_DURATION: Family = family(
        "tidegate_tls_handshake_duration_seconds",
        "histogram",
        &["listener", "result", "tls_protocol_version", "tls_resumed"],
        "How long they took, from the accept on.",
        Most::Listener(HANDSHAKES * Histogram::series(histogram::MEETINGS)),
    );
    pub(in crate::observe) const CERTIFICATE: Family = family(
        "tidegate_tls_certificate_not_after_timestamp_seconds",
        "gauge",
        &["listener", "certificate"],
        "When the certificate expires, in seconds since 1970.",
        Most::Certificate,
    );
}

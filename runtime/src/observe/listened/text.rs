//! As the text format of Prometheus has it.

use super::{
    CONNECTIONS, CloseCause, Handshake, Histogram, Kind, Listeners, MEETINGS, REQUESTS, Side,
    Stage, Sum,
};
use crate::observe::{
    histogram::line,
    label,
    names::{Family, label_value},
};

impl Handshake {
    /// As it is counted, at the listener of this name.
    fn labels(&self, listener: &str) -> String {
        let result = if self.done { "success" } else { "failure" };
        let version = self.version.unwrap_or_default();
        format!(
            "listener=\"{listener}\",result=\"{result}\",tls_protocol_version=\"{version}\",\
             tls_resumed=\"{}\"",
            self.resumed
        )
    }
}

impl Listeners {
    pub(in crate::observe) fn write(&self, out: &mut String) {
        type Count = fn(&Sum) -> u64;
        let counts: [(&Family, Count); 2] = [
            (&Family::ACCEPTED, |sum| sum.accepted),
            (&Family::REQUESTS_ACTIVE, |sum| sum.under_way),
        ];
        for (family, count) in counts {
            family.head(out);
            for (name, sum) in &self.0 {
                let name = label_value(name);
                line(
                    out,
                    format_args!("{}{{listener=\"{name}\"}} {}", family.name, count(sum)),
                );
            }
        }
        self.write_stages(out);
        self.write_closed(out);
        self.histogram(out, &Family::DURATION, CONNECTIONS, |sum| {
            &sum.sums.durations
        });
        self.write_bytes(out);
        self.write_handshakes(out);
        self.write_requests(out);
    }

    fn histogram(
        &self,
        out: &mut String,
        family: &Family,
        bounds: super::super::histogram::Bounds,
        of: fn(&Sum) -> &Histogram,
    ) {
        family.head(out);
        for (name, sum) in &self.0 {
            let labels = format!("listener=\"{}\"", label_value(name));
            of(sum).write(out, family.name, &labels, bounds);
        }
    }

    /// All causes from the first on: a rate that begins with its first event has missed it.
    fn write_closed(&self, out: &mut String) {
        Family::CLOSED.head(out);
        for (name, sum) in &self.0 {
            let (family, name) = (Family::CLOSED.name, label_value(name));
            for (cause, count) in CloseCause::ALL.into_iter().zip(sum.sums.closed) {
                line(
                    out,
                    format_args!("{family}{{listener=\"{name}\",cause=\"{cause}\"}} {count}"),
                );
            }
        }
    }

    fn write_bytes(&self, out: &mut String) {
        Family::BYTES.head(out);
        for (name, sum) in &self.0 {
            let (family, name) = (Family::BYTES.name, label_value(name));
            for (side, direction) in [(Side::Down, "receive"), (Side::Up, "transmit")] {
                let bytes = sum.sums.bytes[side as usize];
                line(
                    out,
                    format_args!(
                        "{family}{{listener=\"{name}\",direction=\"{direction}\"}} {bytes}"
                    ),
                );
            }
        }
    }

    fn write_handshakes(&self, out: &mut String) {
        let (counts, spans) = (&Family::HANDSHAKES, &Family::HANDSHAKE_DURATION);
        let all = || {
            let listeners = self.0.iter();
            listeners.flat_map(|(name, sum)| {
                let name = label_value(name);
                let handshakes = sum.sums.handshakes.iter();
                handshakes.map(move |(kind, spans)| (kind.labels(&name), spans))
            })
        };
        counts.head(out);
        for (labels, spans) in all() {
            counts.sample(out, &labels, spans.count());
        }
        spans.head(out);
        for (labels, histogram) in all() {
            histogram.write(out, spans.name, &labels, MEETINGS);
        }
    }

    /// What connections are about, how long they were about something else, and which are half-closed.
    fn write_stages(&self, out: &mut String) {
        let labels = |name: &str, stage: Stage| {
            let (name, phase) = (label_value(name), stage.word());
            format!("listener=\"{name}\",phase=\"{phase}\"")
        };
        let stages = || {
            let all = self.0.iter();
            all.flat_map(|(name, sum)| Stage::ALL.map(|stage| (name, sum, stage)))
        };
        Family::ACTIVE.head(out);
        for (name, sum, stage) in stages() {
            let count = sum.stages.now[stage as usize];
            Family::ACTIVE.sample(out, &labels(name, stage), count);
        }
        let family = &Family::PHASE_DURATION;
        family.head(out);
        for (name, sum, stage) in stages() {
            let past = &sum.stages.past[stage as usize];
            // Few listeners have all of them.
            if past.count() > 0 {
                past.write(out, family.name, &labels(name, stage), CONNECTIONS);
            }
        }
        Family::HALF.head(out);
        for (name, sum) in &self.0 {
            let name = label_value(name);
            for side in Side::BOTH {
                let labels = format!("listener=\"{name}\",side=\"{}\"", label(side));
                let count = sum.half_closed[side as usize];
                Family::HALF.sample(out, &labels, count);
            }
        }
    }

    fn write_requests(&self, out: &mut String) {
        let family = &Family::REQUEST_DURATION;
        family.head(out);
        for (name, sum) in &self.0 {
            let listener = label_value(name);
            for (kind, histogram) in &sum.sums.requests.kinds {
                let labels = format!("listener=\"{listener}\",{}", labels(kind));
                histogram.write(out, family.name, &labels, REQUESTS);
            }
            let others = &sum.sums.requests.others;
            if others.count() > 0 {
                let labels = format!(
                    "listener=\"{listener}\",http_request_method=\"_OTHER\",\
                     http_response_status_code=\"_OTHER\",http_route=\"_OTHER\",\
                     network_protocol_version=\"_OTHER\",url_scheme=\"_OTHER\",error_type=\"\""
                );
                others.write(out, family.name, &labels, REQUESTS);
            }
        }
    }

    /// Requests that were counted as others, because there would have been too many series.
    pub(in crate::observe) fn overflow(&self) -> u64 {
        let others = self.0.values().map(|sum| sum.sums.requests.others.count());
        others.sum()
    }
}

fn labels(kind: &Kind) -> String {
    let status = match kind.status {
        0 => String::new(),
        status => status.to_string(),
    };
    format!(
        "http_request_method=\"{}\",http_response_status_code=\"{status}\",http_route=\"{}\",\
         network_protocol_version=\"{}\",url_scheme=\"{}\",error_type=\"{}\"",
        kind.method,
        label_value(&kind.route),
        kind.version,
        if kind.https { "https" } else { "http" },
        kind.error.map_or("", CloseCause::word)
    )
}

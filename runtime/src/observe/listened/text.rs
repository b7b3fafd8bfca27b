//! As the text format of Prometheus has it.

use super::{CONNECTIONS, CloseCause, Histogram, Kind, Listeners, MEETINGS, REQUESTS, Side, Sum};
use crate::observe::{
    histogram::line,
    names::{Family, label_value},
};

impl Listeners {
    pub(in crate::observe) fn write(&self, out: &mut String) {
        type Count = fn(&Sum) -> u64;
        let counts: [(&Family, Count); 3] = [
            (&Family::ACCEPTED, |sum| sum.accepted),
            (&Family::ACTIVE, Sum::active),
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
        self.write_closed(out);
        self.histogram(out, &Family::DURATION, CONNECTIONS, |sum| {
            &sum.sums.durations
        });
        self.write_bytes(out);
        self.write_handshakes(out);
        let handshaking = &Family::HANDSHAKE_DURATION;
        self.histogram(out, handshaking, MEETINGS, |sum| &sum.sums.handshaking);
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
        Family::HANDSHAKES.head(out);
        for (name, sum) in &self.0 {
            let (family, name) = (Family::HANDSHAKES.name, label_value(name));
            for (handshake, count) in &sum.sums.handshakes {
                let result = if handshake.done { "success" } else { "failure" };
                let version = handshake.version.unwrap_or_default();
                line(
                    out,
                    format_args!(
                        "{family}{{listener=\"{name}\",result=\"{result}\",\
                         tls_protocol_version=\"{version}\"}} {count}"
                    ),
                );
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
        Family::OVERFLOW.head(out);
        let others = self.0.values().map(|sum| sum.sums.requests.others.count());
        line(
            out,
            format_args!(
                "{}{{metric=\"{}\"}} {}",
                Family::OVERFLOW.name,
                family.name,
                others.sum::<u64>()
            ),
        );
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

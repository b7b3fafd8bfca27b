//! The line about a request: which keys it has.

use super::*;
use crate::observe::Observer;
use tidegate_core::{http1::request_head, limits::Limits};

#[test]
fn a_template_may_name_every_key_that_a_line_has() {
    let text = "GET /a?b HTTP/1.1\r\nHost: h\r\n\
                traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n\r\n";
    let (_, head) = request_head(text.as_bytes(), &Limits::default())
        .expect("it is in order")
        .expect("it is whole");
    let settings = log::Settings {
        query: true,
        ..log::Settings::default()
    };
    let mut request = begun();
    request.is(&head, Some(&settings));
    (request.route, request.cluster) = (Some("h/".into()), Some("c".into()));
    request.endpoint = Some("10.0.0.1:80".into());
    (request.attempts, request.retry) = (2, Some(Retry::Reused));
    request.is_answered(Time(1), 200);
    let around = Around {
        conn: Observer::new(0).next(),
        listener: "l",
        client: [203, 0, 113, 9].into(),
        https: true,
        now: Time(2),
        written: 9,
    };
    let mut keys = Vec::new();
    request.with_entry(0, &around, CloseCause::Completed, |entry| {
        keys.extend(entry.fields().iter().map(|(key, _)| *key));
    });
    // All lines of a template are of one kind.
    keys.retain(|key| *key != "kind");
    assert_eq!(keys, log::REQUEST_KEYS);
}

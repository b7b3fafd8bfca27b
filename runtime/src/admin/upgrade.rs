//! The question that has another process serve: what is wanted, and what came of it.
//!
//! It owns nothing. It waits for the process.

use super::{
    Asked, json,
    query::decoded,
    serve::{Answer, Way, fault, over, value},
};
use crate::{config::duration, roll::Order, server::Wanted};
use hyper::StatusCode;
use serde_json::json;
use std::time::Duration;

/// Reads what is behind the `?` of the target. What is started has rights of ours: only whoever comes by the
/// Unix socket says what that is.
fn wanted(way: Way, query: &str) -> Result<Wanted, (StatusCode, String)> {
    let mut wanted = Wanted::default();
    let bad = |why: String| (StatusCode::BAD_REQUEST, why);
    for part in query.split('&').filter(|part| !part.is_empty()) {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        let value =
            decoded(value).ok_or_else(|| bad(format!("`{part}` is not encoded as a query is")))?;
        let span = || {
            let why = format!("`{value}` is not a duration, as 30s");
            duration(&value).ok_or_else(|| bad(why))
        };
        match (key, way) {
            ("binary", Way::Unix) => wanted.binary = Some(value.into()),
            ("binary", Way::Http | Way::Certified) => {
                let why = "what is started is said at the Unix socket alone";
                return Err((StatusCode::FORBIDDEN, why.to_owned()));
            }
            ("within", _) => wanted.within = Duration::from_micros(span()?.0),
            ("deadline", _) => wanted.deadline = Some(span()?),
            _ => return Err(bad(format!("`{key}` is none of binary, within, deadline"))),
        }
    }
    Ok(wanted)
}

/// Has it done, and says who serves, and who is left here.
pub(super) async fn upgrade(asked: &Asked, way: Way, query: &str) -> Answer {
    let wanted = match wanted(way, query) {
        Ok(wanted) => wanted,
        Err((status, why)) => return fault(status, &why),
    };
    let upgraded = match asked.process.upgrade(wanted).await {
        Some(Ok(upgraded)) => upgraded,
        Some(Err(why)) => return fault(StatusCode::CONFLICT, &why),
        None => return over(),
    };
    let left = asked.workers.sessions(None, Order::Look).await;
    let mut old = json::connections(left, None);
    old["admin"] = json!(upgraded.asked_at);
    value(StatusCode::OK, &json!({ "pid": upgraded.pid, "old": old }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_started_is_said_at_the_unix_socket_alone() {
        let query = "binary=%2Fbin%2Ftidegate&within=5s&deadline=1m";
        let wanted = wanted(Way::Unix, query).unwrap();
        assert_eq!(wanted.binary, Some("/bin/tidegate".into()));
        assert_eq!(wanted.within, Duration::from_secs(5));
        for (way, query, status) in [
            (Way::Http, "binary=x", StatusCode::FORBIDDEN),
            (Way::Unix, "within=5", StatusCode::BAD_REQUEST),
            (Way::Unix, "binary=%z", StatusCode::BAD_REQUEST),
            (Way::Unix, "colour=red", StatusCode::BAD_REQUEST),
        ] {
            let refused = super::wanted(way, query).map_err(|(status, _)| status);
            assert_eq!(refused.err(), Some(status), "{query}");
        }
    }
}

//! The filters of a question about connections: `state=close_wait&older=1m&cluster=api`.
//!
//! Pure.

use crate::{
    config::duration,
    observe::sockets::{Held, Owner},
    roll::Said,
};
use std::sync::Arc;
use tidegate_core::time::Span;

/// Which connections are meant: those for which all that is given is so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// A leg has this TCP state.
    pub state: Option<String>,
    /// It is at least so old; with a state, a leg is in that for at least so long.
    pub older: Option<Span>,
    /// Its endpoint is of this cluster.
    pub cluster: Option<String>,
    /// Its endpoint, as configured.
    pub endpoint: Option<String>,
    /// Its listener.
    pub listener: Option<String>,
    /// What it is about, in the word of the trace.
    pub phase: Option<String>,
}

impl Filter {
    /// Reads what is behind the `?` of a target.
    ///
    /// # Errors
    /// The key that is unknown, or the value that cannot be meant.
    pub fn read(query: &str) -> Result<Filter, String> {
        let mut filter = Filter::default();
        for part in query.split('&').filter(|part| !part.is_empty()) {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            let value =
                decoded(value).ok_or_else(|| format!("`{part}` is not encoded as a query is"))?;
            match key {
                "state" => filter.state = Some(value),
                "older" => {
                    let older = duration(&value);
                    let why = || format!("`{value}` is not a duration, as 90s or 5m");
                    filter.older = Some(older.ok_or_else(why)?);
                }
                "cluster" => filter.cluster = Some(value),
                "endpoint" => filter.endpoint = Some(value),
                "listener" => filter.listener = Some(value),
                "phase" => filter.phase = Some(value),
                _ => {
                    return Err(format!(
                        "`{key}` is no filter; there are state, older, cluster, endpoint, listener, phase"
                    ));
                }
            }
        }
        Ok(filter)
    }

    /// As [`Filter::read`] reads it.
    #[must_use]
    pub fn show(&self) -> String {
        let Filter {
            state,
            older,
            cluster,
            endpoint,
            listener,
            phase,
        } = self;
        let older = older.map(|span| format!("{}us", span.0));
        let parts = [
            ("state", state),
            ("older", &older),
            ("cluster", cluster),
            ("endpoint", endpoint),
            ("listener", listener),
            ("phase", phase),
        ];
        let said = parts
            .into_iter()
            .filter_map(|(key, value)| Some(format!("{key}={}", encoded(value.as_ref()?))));
        said.collect::<Vec<_>>().join("&")
    }

    /// Whether `said` is meant.
    #[must_use]
    pub fn means(&self, said: &Said) -> bool {
        let is = |wanted: &Option<String>, value: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted == value)
        };
        let old = |age: Span| self.older.is_none_or(|older| age >= older);
        let state = |wanted: &String| {
            let mut legs = said.legs.iter().flatten().map(|leg| &leg.look);
            // For so long in that state, where this is known.
            legs.any(|look| look.state == Some(wanted) && old(look.state_for.unwrap_or(said.age)))
        };
        self.state.as_ref().map_or_else(|| old(said.age), state)
            && is(&self.cluster, said.cluster.as_deref().unwrap_or_default())
            && is(&self.endpoint, &said.endpoint)
            && is(&self.listener, &said.listener)
            && is(&self.phase, said.phase)
    }

    /// Whether a socket is meant that no connection has, and that is in its state for so long.
    pub(super) fn means_socket(&self, held: &Held, age: Span) -> bool {
        let (listener, cluster) = match &held.owner {
            Owner::Listener(name) => (Some(name), None),
            Owner::Cluster(name) => (None, Some(name)),
        };
        let is = |wanted: &Option<String>, name: Option<&Arc<str>>| match wanted {
            None => true,
            Some(wanted) => name.is_some_and(|name| **name == **wanted),
        };
        self.phase.is_none()
            && self.endpoint.is_none()
            && self.state.as_ref().is_none_or(|state| held.state == state)
            && self.older.is_none_or(|older| age >= older)
            && is(&self.listener, listener)
            && is(&self.cluster, cluster)
    }
}

/// RFC 3986, 2.1.
pub(super) fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                let digits = str::from_utf8(&digits).ok()?;
                u8::from_str_radix(digits, 16).ok()?
            }
            b'+' => b' ',
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

pub(super) fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte);
    text.bytes()
        .map(|byte| match plain(byte) {
            true => char::from(byte).to_string(),
            false => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_shown_is_read() {
        let filter = Filter {
            state: Some("close_wait".to_owned()),
            older: Some(Span::from_secs(60)),
            cluster: Some("a b&c=%d".to_owned()),
            endpoint: Some("db:1".to_owned()),
            listener: None,
            phase: Some("tunnel".to_owned()),
        };
        assert_eq!(Filter::read(&filter.show()), Ok(filter));
        assert_eq!(Filter::read(""), Ok(Filter::default()));
        for wrong in ["older=5", "colour=red", "state=%4", "state=%zz", "older"] {
            assert!(Filter::read(wrong).is_err(), "{wrong}");
        }
    }
}

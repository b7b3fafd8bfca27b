//! Which cluster answers a request: the route table of one HTTP listener.
//!
//! Owns nothing but the table; a decision is a pure function of host and path. Routes are tried
//! from the most to the least specific and the first that matches wins: an exact host before a
//! wildcard, a longer wildcard before a shorter one, a wildcard before none; within a host the
//! longer path first. A host whose paths do not match does not end the search.

use alloc::{string::String, vec::Vec};
use core::cmp::Reverse;

/// The hosts a route is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Host {
    /// This one, in lower case, without port and final dot.
    Exact(String),
    /// Every name below this one, however deep, and not the name itself: `example.com` stands
    /// for `*.example.com`. In lower case, without port and final dot.
    Below(String),
    /// Every host, and requests that name none.
    Any,
}

/// One route.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Route {
    /// The hosts it is for.
    pub host: Host,
    /// The path it covers, with everything under it: without its final slash, so the empty
    /// string stands for all paths.
    pub path: String,
    /// The index of the cluster that answers.
    pub cluster: usize,
}

impl Host {
    /// Reads `name`, `*.name` or `*`, of any case.
    #[must_use]
    pub fn new(pattern: &str) -> Host {
        let pattern = bare_host(pattern).to_ascii_lowercase();
        match pattern.strip_prefix("*.") {
            Some(below) => Host::Below(below.into()),
            None if pattern == "*" => Host::Any,
            None => Host::Exact(pattern),
        }
    }

    /// The order in which hosts are tried, the most specific first.
    fn rank(&self) -> (u8, Reverse<usize>) {
        match self {
            Host::Exact(name) => (0, Reverse(name.len())),
            Host::Below(name) => (1, Reverse(name.len())),
            Host::Any => (2, Reverse(0)),
        }
    }

    /// Whether it covers `host`, which has neither port nor final dot.
    fn matches(&self, host: &str) -> bool {
        match self {
            Host::Exact(name) => name.eq_ignore_ascii_case(host),
            Host::Below(name) => {
                let (host, name) = (host.as_bytes(), name.as_bytes());
                let Some(cut) = host.len().checked_sub(name.len() + 1) else {
                    return false;
                };
                cut > 0 && host[cut] == b'.' && host[cut + 1..].eq_ignore_ascii_case(name)
            }
            Host::Any => true,
        }
    }
}

impl Route {
    /// A route for the hosts of `host` (none: all) and the paths at and under `path`.
    #[must_use]
    pub fn new(host: Option<&str>, path: &str, cluster: usize) -> Route {
        Route {
            host: host.map_or(Host::Any, Host::new),
            path: path.trim_end_matches('/').into(),
            cluster,
        }
    }

    /// Whether it covers `path`, which has no query.
    fn covers(&self, path: &str) -> bool {
        match path.strip_prefix(self.path.as_str()) {
            // The prefix ends at the end of a segment: `/v1` covers `/v1` and `/v1/x`, not `/v10`.
            Some(rest) => self.path.is_empty() || rest.is_empty() || rest.starts_with('/'),
            None => false,
        }
    }
}

/// The routes of one listener, the most specific first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Table {
    routes: Vec<Route>,
}

impl Table {
    /// The table of `routes`, given in any order. Of two routes with the same host and path the
    /// one given first wins.
    #[must_use]
    pub fn new(mut routes: Vec<Route>) -> Table {
        routes.sort_by(|a, b| {
            let key = |route: &Route| (route.host.rank(), Reverse(route.path.len()));
            (key(a), &a.host, &a.path).cmp(&(key(b), &b.host, &b.path))
        });
        Table { routes }
    }

    /// Its routes, in the order in which they are tried.
    #[must_use]
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// The index of the cluster that answers a request for `host` (as it was sent, with its port
    /// if it has one) and `path` (as it will be forwarded, with or without its query); none if no
    /// route covers it. A target that is not a path (`*`) is covered by routes for all paths only.
    #[must_use]
    pub fn find(&self, host: Option<&str>, path: &str) -> Option<usize> {
        let host = bare_host(host.unwrap_or_default());
        let path = path.split(['?', '#']).next().unwrap_or_default();
        self.routes
            .iter()
            .find(|route| route.host.matches(host) && route.covers(path))
            .map(|route| route.cluster)
    }
}

/// `host` without its port and final dot. The colons of `[::1]` are no port.
fn bare_host(host: &str) -> &str {
    let address = host.rfind(']').unwrap_or(0);
    let name = match host[address..].find(':') {
        Some(colon) => &host[..address + colon],
        None => host,
    };
    name.strip_suffix('.').unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn table(routes: &[(Option<&str>, &str)]) -> Table {
        let number = |(n, (host, path)): (usize, &(Option<&str>, &str))| Route::new(*host, path, n);
        Table::new(routes.iter().enumerate().map(number).collect())
    }

    #[test]
    fn the_most_specific_host_wins_whatever_the_order() {
        let rows = [
            (None, "/"),
            (Some("*.example.com"), "/"),
            (Some("*.eu.example.com"), "/"),
            (Some("api.eu.example.com"), "/"),
        ];
        let t = table(&rows);
        assert_eq!(t.find(Some("api.eu.example.com"), "/"), Some(3));
        assert_eq!(t.find(Some("www.eu.example.com"), "/"), Some(2));
        assert_eq!(t.find(Some("a.b.example.com"), "/"), Some(1));
        assert_eq!(t.find(Some("example.com"), "/"), Some(0));
        assert_eq!(t.find(Some("badexample.com"), "/"), Some(0));
        assert_eq!(t.find(Some(".example.com"), "/"), Some(0));
        assert_eq!(t.find(None, "/"), Some(0));

        let mut backwards = t.routes().to_vec();
        backwards.reverse();
        assert_eq!(Table::new(backwards), t);
    }

    #[test]
    fn the_longest_path_wins_on_segment_boundaries() {
        let t = table(&[(None, "/"), (None, "/v1/"), (None, "/v1/users")]);
        assert_eq!(t.find(None, "/v1/users/7"), Some(2));
        assert_eq!(t.find(None, "/v1/users"), Some(2));
        assert_eq!(t.find(None, "/v1/users?x=/y"), Some(2));
        assert_eq!(t.find(None, "/v1/users2"), Some(1));
        assert_eq!(t.find(None, "/v1"), Some(1));
        assert_eq!(t.find(None, "/v1?q"), Some(1));
        assert_eq!(t.find(None, "/v10"), Some(0));
        assert_eq!(t.find(None, "/V1/users"), Some(0));
        assert_eq!(t.find(None, "*"), Some(0));
    }

    #[test]
    fn a_host_is_compared_without_case_port_and_final_dot() {
        let t = table(&[(Some("API.example.com"), "/"), (Some("[::1]"), "/")]);
        for host in [
            "api.example.com",
            "Api.Example.Com:8443",
            "api.example.com.",
            "api.example.com.:1",
        ] {
            assert_eq!(t.find(Some(host), "/"), Some(0), "{host}");
        }
        assert_eq!(t.find(Some("[::1]:8080"), "/"), Some(1));
        assert_eq!(t.find(Some("[::2]:8080"), "/"), None);
        assert_eq!(t.find(None, "/"), None);
    }

    #[test]
    fn a_host_that_has_no_such_path_does_not_end_the_search() {
        let t = table(&[(Some("api.example.com"), "/v1"), (None, "/")]);
        assert_eq!(t.find(Some("api.example.com"), "/other"), Some(1));
    }

    #[test]
    fn of_two_equal_routes_the_first_wins() {
        let routes = vec![Route::new(None, "/a/", 7), Route::new(Some("*"), "/a", 8)];
        assert_eq!(Table::new(routes).find(None, "/a"), Some(7));
    }

    #[test]
    fn an_empty_table_covers_nothing() {
        assert_eq!(Table::default().find(Some("a"), "/"), None);
    }

    /// Odd hosts come to an answer, never to a panic.
    #[test]
    fn any_host_is_answered() {
        let t = table(&[(Some("*.é.com"), "/"), (Some("a"), "/")]);
        for host in [
            "", ":", "]", "[", "]:", "é", "aé.com", ".é.com", "x.é.com", "..", "a]b:c", "a:b:c",
        ] {
            let _ = t.find(Some(host), "");
        }
        assert_eq!(t.find(Some("x.é.com"), "/"), Some(0));
    }
}

//! Who answers a request: the route table of one listener, and what its routes make of a request.
//!
//! Owns the table; a decision is a pure function of host, path, method and fields, and asks for no
//! memory. Routes are tried from the most to the least specific and the first that matches wins:
//!
//! 1. an exact host before a wildcard, a longer wildcard before a shorter one, a wildcard before none;
//! 2. an exact path before a prefix, a longer path before a shorter one;
//! 3. more fields before fewer; of as many, more values before fewer;
//! 4. some methods before all.
//!
//! A condition that does not hold does not end the search: the next route is tried. Two routes of
//! which neither is more specific, and which could be for the same request, [tie](When::ties); a
//! table has none of those if its owner has looked for them.

mod host;
mod location;
mod path;
mod rewrite;
mod served;
mod split;
mod when;

#[cfg(test)]
mod tests_naive;

pub use host::{Host, bare_host};
pub use location::{Flaw, Location, Place};
pub use path::{Path, Sent};
pub use rewrite::Front;
pub use served::Paths;
pub use split::{Share, Split};
pub use when::{Asked, Fields, Header, Miss, Seen, When};

use alloc::vec::Vec;
use core::cmp::Ordering;

/// One route.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Route<T> {
    /// When it is for a request.
    pub when: When,
    /// Who answers then.
    pub to: T,
}

impl<T> Route<T> {
    /// A route for the hosts of `host` (none: all) and the paths at and under `path`.
    #[must_use]
    pub fn new(host: Option<&str>, path: &str, to: T) -> Route<T> {
        let when = When {
            host: host.map_or(Host::Any, Host::new),
            path: Path::under(path),
            methods: Vec::new(),
            headers: Vec::new(),
        };
        Route { when, to }
    }
}

/// The routes of one listener, the most specific first.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Table<T> {
    routes: Vec<Route<T>>,
    /// So many of them, the first ones, are for exact hosts.
    exact: usize,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Table::new(Vec::new())
    }
}

impl<T> Table<T> {
    /// The table of `routes`, given in any order. Of two routes with the same conditions the one given
    /// first wins.
    #[must_use]
    pub fn new(mut routes: Vec<Route<T>>) -> Table<T> {
        routes.sort_by(|a, b| {
            let host = |one: &Route<T>| one.when.host.rank();
            let by_host = host(a)
                .cmp(&host(b))
                .then_with(|| a.when.host.cmp(&b.when.host));
            // Of one host, so that they stand together, and then whatever order is always the same.
            by_host
                .then_with(|| a.when.rank().cmp(&b.when.rank()))
                .then_with(|| a.when.cmp(&b.when))
        });
        let exact = |route: &&Route<T>| matches!(route.when.host, Host::Exact(_));
        let exact = routes.iter().take_while(exact).count();
        Table { routes, exact }
    }

    /// Its routes, in the order in which they are tried.
    #[must_use]
    pub fn routes(&self) -> &[Route<T>] {
        &self.routes
    }

    /// The same routes, with others to answer.
    #[must_use]
    pub fn map<U>(&self, mut to: impl FnMut(&T) -> U) -> Table<U> {
        let route = |route: &Route<T>| Route {
            when: route.when.clone(),
            to: to(&route.to),
        };
        Table {
            routes: self.routes.iter().map(route).collect(),
            exact: self.exact,
        }
    }

    /// The route for a request, and how much of its path that covers, in bytes; none if there is
    /// none. A target that is not a path (`*`) is covered by routes for all paths only.
    #[must_use]
    pub fn find(&self, asked: &Asked<'_>) -> Option<(&Route<T>, usize)> {
        let (exact, others) = self.routes.split_at(self.exact);
        let host = asked.host.bytes();
        let beside = |route: &Route<T>| route.when.host.beside(host);
        let from = exact.partition_point(|route| beside(route) == Ordering::Less);
        let own = exact[from..]
            .iter()
            .take_while(|route| beside(route) == Ordering::Equal);
        own.chain(others)
            .find_map(|route| Some((route, route.when.covers(asked)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn table(routes: &[(Option<&str>, &str)]) -> Table<usize> {
        let number = |(n, (host, path)): (usize, &(Option<&str>, &str))| Route::new(*host, path, n);
        Table::new(routes.iter().enumerate().map(number).collect())
    }

    fn find(table: &Table<usize>, host: Option<&str>, path: &str) -> Option<usize> {
        let asked = Asked::new(host, path, "GET", &());
        table.find(&asked).map(|(route, _)| route.to)
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
        assert_eq!(find(&t, Some("api.eu.example.com"), "/"), Some(3));
        assert_eq!(find(&t, Some("www.eu.example.com"), "/"), Some(2));
        assert_eq!(find(&t, Some("a.b.example.com"), "/"), Some(1));
        assert_eq!(find(&t, Some("example.com"), "/"), Some(0));
        assert_eq!(find(&t, Some("badexample.com"), "/"), Some(0));
        assert_eq!(find(&t, Some(".example.com"), "/"), Some(0));
        assert_eq!(find(&t, None, "/"), Some(0));

        let mut backwards = t.routes().to_vec();
        backwards.reverse();
        assert_eq!(Table::new(backwards), t);
    }

    #[test]
    fn the_longest_path_wins_on_segment_boundaries() {
        let t = table(&[(None, "/"), (None, "/v1/"), (None, "/v1/users")]);
        assert_eq!(find(&t, None, "/v1/users/7"), Some(2));
        assert_eq!(find(&t, None, "/v1/users"), Some(2));
        assert_eq!(find(&t, None, "/v1/users?x=/y"), Some(2));
        assert_eq!(find(&t, None, "/v1/users2"), Some(1));
        assert_eq!(find(&t, None, "/v1"), Some(1));
        assert_eq!(find(&t, None, "/v1?q"), Some(1));
        assert_eq!(find(&t, None, "/v10"), Some(0));
        assert_eq!(find(&t, None, "/V1/users"), Some(0));
        assert_eq!(find(&t, None, "*"), Some(0));
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
            assert_eq!(find(&t, Some(host), "/"), Some(0), "{host}");
        }
        assert_eq!(find(&t, Some("[::1]:8080"), "/"), Some(1));
        assert_eq!(find(&t, Some("[::2]:8080"), "/"), None);
        assert_eq!(find(&t, None, "/"), None);
    }

    #[test]
    fn an_ipv6_address_is_the_same_in_every_spelling() {
        let t = table(&[
            (Some("[2001:DB8:0::1]"), "/"),
            (Some("[::ffff:192.0.2.1]"), "/"),
            (Some("a"), "/"),
        ]);
        for (host, to) in [
            ("[2001:db8::1]", Some(0)),
            ("[2001:0DB8:0:0:0:0:0:1]:8080", Some(0)),
            ("[2001:db8::2]", None),
            ("2001:db8::1", None),
            ("[[2001:db8::1]]", None),
            ("[::FFFF:c000:201]", Some(1)),
            ("[0:0:0:0:0:ffff:192.0.2.1]:1", Some(1)),
            ("[::1%25eth0]", None),
            ("[]", None),
        ] {
            assert_eq!(find(&t, Some(host), "/"), to, "{host}");
        }
    }

    #[test]
    fn a_host_that_has_no_such_path_does_not_end_the_search() {
        let t = table(&[(Some("api.example.com"), "/v1"), (None, "/")]);
        assert_eq!(find(&t, Some("api.example.com"), "/other"), Some(1));
    }

    #[test]
    fn of_two_equal_routes_the_first_wins() {
        let routes = vec![Route::new(None, "/a/", 7), Route::new(Some("*"), "/a", 8)];
        assert!(routes[0].when.ties(&routes[1].when));
        assert_eq!(find(&Table::new(routes), None, "/a"), Some(7));
    }

    #[test]
    fn an_empty_table_covers_nothing() {
        assert_eq!(find(&Table::default(), Some("a"), "/"), None);
    }

    /// Odd hosts come to an answer, never to a panic.
    #[test]
    fn any_host_is_answered() {
        let t = table(&[(Some("*.é.com"), "/"), (Some("a"), "/")]);
        for host in [
            "", ":", "]", "[", "]:", "é", "aé.com", ".é.com", "x.é.com", "..", "a]b:c", "a:b:c",
        ] {
            let _ = find(&t, Some(host), "");
        }
        assert_eq!(find(&t, Some("x.é.com"), "/"), Some(0));
    }
}

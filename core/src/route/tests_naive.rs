//! The table beside a search that is too simple to be wrong; and what ties, and what does not.

use super::*;
use alloc::string::{String, ToString};
use alloc::vec;
use proptest::{collection::vec, option, prelude::*, sample::select};

/// Whether a route is for a request, condition by condition, in words of its own.
fn is_for(when: &When, host: &str, path: &str, method: &str, fields: &[(String, String)]) -> bool {
    let host = bare_host(host).to_ascii_lowercase();
    let host = match &when.host {
        Host::Any => true,
        Host::Exact(name) => *name == host,
        Host::Below(name) => {
            host.len() > name.len() + 1 && host.ends_with(&(String::from(".") + name))
        }
    };
    let path = match &when.path {
        Path::Exact(exact) => exact == path,
        Path::Under(prefix) => path == prefix || path.starts_with(&(prefix.clone() + "/")),
    };
    let field = |header: &Header| {
        let values: Vec<&String> = fields
            .iter()
            .filter(|(name, _)| *name == header.name)
            .map(|(_, value)| value)
            .collect();
        match &header.value {
            None => !values.is_empty(),
            Some(value) => values == [value],
        }
    };
    let method = when.methods.is_empty() || when.methods.iter().any(|one| one == method);
    host && path && method && when.headers.iter().all(field)
}

/// What is wanted of a route's specificity, the larger the better.
fn weight(when: &When) -> (u8, usize, bool, usize, usize, usize, bool) {
    let (kind, name) = match &when.host {
        Host::Exact(_) => (2, 0),
        Host::Below(name) => (1, name.len()),
        Host::Any => (0, 0),
    };
    let (exact, path) = match &when.path {
        Path::Exact(path) => (true, path.len()),
        Path::Under(path) => (false, path.len()),
    };
    let values = when
        .headers
        .iter()
        .filter(|one| one.value.is_some())
        .count();
    let some = !when.methods.is_empty();
    (kind, name, exact, path, when.headers.len(), values, some)
}

fn paths() -> impl Strategy<Value = String> {
    vec(select(vec!["a", "b", "ab"]), 0..3).prop_map(|all| {
        let path: String = all.iter().map(|one| String::from("/") + one).collect();
        match path.is_empty() {
            true => "/".to_string(),
            false => path,
        }
    })
}

fn words(of: &'static [&'static str], most: usize) -> impl Strategy<Value = Vec<String>> {
    vec(select(of), 0..most).prop_map(|all| {
        let mut all: Vec<String> = all.into_iter().map(String::from).collect();
        all.sort();
        all.dedup();
        all
    })
}

prop_compose! {
    fn whens()(
        host in option::of(select(vec!["h", "a.h", "*.h", "*.a.h", "*"])),
        path in paths(),
        exact in any::<bool>(),
        methods in words(&["GET", "HEAD", "PUT"], 3),
        names in words(&["x", "y"], 3),
        values in vec(option::of(select(vec!["1", "2"])), 2),
    ) -> When {
        let headers = names.into_iter().zip(values).map(|(name, value)| Header {
            name,
            value: value.map(String::from),
        });
        When {
            host: host.map_or(Host::Any, Host::new),
            path: if exact { Path::exact(&path) } else { Path::under(&path) },
            methods,
            headers: headers.collect(),
        }
    }
}

prop_compose! {
    fn requests()(
        host in select(vec!["h", "H:80", "a.h.", "b.a.h", "x"]),
        path in paths(),
        method in select(vec!["GET", "HEAD", "PUT", "POST"]),
        fields in vec((select(vec!["x", "y", "z"]), select(vec!["1", "2"])), 0..4),
    ) -> (&'static str, String, &'static str, Vec<(String, String)>) {
        let own = |(name, value): (&str, &str)| (name.to_string(), value.to_string());
        (host, path, method, fields.into_iter().map(own).collect())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_table_finds_the_most_specific_route(
        whens in vec(whens(), 0..12),
        (host, path, method, fields) in requests(),
    ) {
        let route = |(to, when): (usize, &When)| Route { when: when.clone(), to };
        let table = Table::new(whens.iter().enumerate().map(route).collect());
        let some = fields.as_slice();
        let asked = Asked::new(Some(host), &path, method, &some);
        let found = table.find(&asked).map(|(route, _)| route.to);
        let all = |at: &usize| is_for(&whens[*at], host, &path, method, &fields);
        let best = (0..whens.len()).filter(all).max_by_key(|at| weight(&whens[*at]));
        match (found, best) {
            (Some(found), Some(best)) => {
                prop_assert!(is_for(&whens[found], host, &path, method, &fields));
                prop_assert_eq!(weight(&whens[found]), weight(&whens[best]));
                // Whoever is as good ties with it, so a file that was checked has one such alone.
                prop_assert!(found == best || whens[found].ties(&whens[best]));
            }
            (found, best) => prop_assert_eq!(found, best),
        }
        for (at, when) in whens.iter().enumerate() {
            prop_assert_eq!(when.misses(&asked).is_none(), all(&at));
        }
    }

    /// What ties does so both ways, and there is a request for both.
    #[test]
    fn a_tie_is_one_for_either(one in whens(), other in whens()) {
        prop_assert_eq!(one.ties(&other), other.ties(&one));
        prop_assert!(one.ties(&one));
        if one.ties(&other) {
            prop_assert_eq!(weight(&one), weight(&other));
        }
    }
}

fn when(methods: &[&str], headers: &[(&str, Option<&str>)]) -> When {
    let header = |(name, value): &(&str, Option<&str>)| Header {
        name: name.to_string(),
        value: value.map(String::from),
    };
    When {
        host: Host::Any,
        path: Path::under("/"),
        methods: methods.iter().map(ToString::to_string).collect(),
        headers: headers.iter().map(header).collect(),
    }
}

#[test]
fn routes_that_can_be_for_the_same_request_tie() {
    let (x1, x2) = (("x", Some("1")), ("x", Some("2")));
    for (one, other, ties) in [
        (when(&[], &[]), when(&[], &[]), true),
        (when(&["GET"], &[]), when(&["GET", "PUT"], &[]), true),
        (when(&["GET"], &[]), when(&["PUT"], &[]), false),
        (when(&["GET"], &[]), when(&[], &[]), false),
        (when(&[], &[x1]), when(&[], &[x2]), false),
        (when(&[], &[x1]), when(&[], &[("x", None)]), false),
        (when(&[], &[x1]), when(&[], &[("y", Some("1"))]), true),
        (when(&[], &[("x", None)]), when(&[], &[("y", None)]), true),
        (when(&["GET"], &[x1]), when(&["PUT"], &[x1]), false),
    ] {
        assert_eq!(one.ties(&other), ties, "{one:?} {other:?}");
    }
}

#[test]
fn a_field_that_comes_twice_has_no_value() {
    let fields = [("X", "1"), ("x", "1")].map(|(a, b)| (a.to_string(), b.to_string()));
    let holds = |when: &When, n: usize| {
        let some = &fields[..n];
        let asked = Asked::new(None, "/", "GET", &some);
        let misses = when.misses(&asked).is_some();
        assert_eq!(when.covers(&asked).is_some(), !misses);
        !misses
    };
    let (value, there) = (when(&[], &[("x", Some("1"))]), when(&[], &[("x", None)]));
    assert_eq!([0, 1, 2].map(|n| holds(&value, n)), [false, true, false]);
    assert_eq!([0, 1, 2].map(|n| holds(&there, n)), [false, true, true]);
}

//! Routes: what their keys come to, that printing them loses nothing, and what is said when they are
//! wrong.

use crate::{
    good::{good, printed_good},
    said, snapshot,
};
use tidegate::config::{self, Action, Config, Page, Plan, Protocol};
use tidegate_core::{
    http1::{Edits, Line},
    route::{Asked, Front, Path, Paths, Table},
    time::Span,
};

/// Every key of a route.
pub(crate) const ROUTES: &str = r#"
[[listener]]
name = "web"
bind = [":80"]
to = "api"
paths = "as-sent"

[[route]]
listener = "web"
host = "old.example.com"
redirect = { to = "https://{host}:8443{path}{query}" }

[[route]]
listener = "web"
path = "/moved/"
replace_prefix = "/new/"
redirect = { status = 301, to = "{path}" }
response_headers = { set = { Strict-Transport-Security = "max-age=${env:PORT}" } }

[[route]]
listener = "web"
exact = "/%7ehealth"
methods = ["HEAD", "GET"]
respond = { status = 200, body = "{\"ok\": \"$${x}\"}\n", content_type = "application/json" }

[[route]]
listener = "web"
path = "/admin"
respond = { status = 403 }

[[route]]
listener = "web"
path = "/text"
respond = { status = 404, body = "nothing here\n" }

[[route]]
listener = "web"
path = "/v1"
headers = { X-Version = "2", x-trace = true, "x-\u0024" = "" }
to = [{ cluster = "new", weight = 10 }, { cluster = "api", weight = 90 }]
strip_prefix = true
host_header = "internal:8080"
request_headers = { set = { B = "2", "a" = "\"1\"" }, add = { C = "" }, remove = ["Cookie", "authorization"] }
response_headers = { add = { Set-Cookie = "a=b; Path=/" }, remove = ["server"] }
timeouts = { response = "30s", body = "31s", write = "32s", tunnel_write = "33s" }

[[route]]
listener = "web"
path = "/v1"
headers = { x-version = "3" }
to = [{ cluster = "new", weight = 1 }, { cluster = "api", weight = 0 }]

[[cluster]]
name = "api"
endpoints = ["10.0.0.1:80"]

[[cluster]]
name = "new"
endpoints = ["10.0.0.2:80"]
timeouts = { response = "5s", connect = "1s" }
"#;

fn table(config: &Config) -> &Table<Plan> {
    let Protocol::Http(table) = &config.listeners[0].protocol else {
        panic!("{config:?}")
    };
    table
}

fn plan<'a>(config: &'a Config, path: &str, fields: &[(&str, &str)]) -> &'a Plan {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let fields: Vec<_> = fields.iter().map(own).collect();
    let fields = fields.as_slice();
    let asked = Asked::new(Some("h"), path, "GET", &fields);
    &table(config).find(&asked).expect("a route").0.to
}

#[test]
fn every_key_of_a_route_arrives() {
    let config = good(ROUTES);
    assert_eq!(config.listeners[0].forwarding.paths, Paths::AsSent);
    let asked = Asked::new(Some("old.example.com"), "/", "GET", &());
    let Action::Redirect(redirect) = &table(&config).find(&asked).unwrap().0.to.action else {
        panic!("{config:?}")
    };
    assert_eq!(redirect.status, 308);
    let moved = plan(&config, "/moved/x", &[]);
    assert_eq!(moved.front, Front::Replaced("/new".to_owned()));
    assert_eq!(moved.response.set()[0].value, "max-age=8080");

    let page = Page {
        status: 200,
        body: "{\"ok\": \"${x}\"}\n".to_owned(),
        content_type: "application/json".to_owned(),
    };
    assert_eq!(plan(&config, "/~health", &[]).action, Action::Respond(page));
    let Action::Respond(page) = &plan(&config, "/text", &[]).action else {
        panic!("{config:?}")
    };
    assert_eq!(page.content_type, Page::TEXT);

    let v2 = plan(
        &config,
        "/v1/x",
        &[("x-version", "2"), ("X-Trace", "?"), ("x-$", "")],
    );
    let Action::Forward(split) = &v2.action else {
        panic!("{v2:?}")
    };
    let shares = split.shares().iter().map(|one| (one.cluster, one.weight));
    assert_eq!(shares.collect::<Vec<_>>(), [(0, 90), (1, 10)]);
    assert_eq!(v2.front, Front::Replaced(String::new()));
    assert_eq!(v2.host.as_deref(), Some("internal:8080"));
    let line = |name: &str, value: &str| Line {
        name: name.to_owned(),
        value: value.to_owned(),
    };
    let expected = Edits::new(
        vec![line("a", "\"1\""), line("B", "2")],
        vec![line("C", "")],
        vec!["authorization".to_owned(), "Cookie".to_owned()],
    );
    assert_eq!(v2.request, expected);
    assert_eq!(v2.response.remove(), ["server"]);
    assert_eq!(v2.timeouts.write, Some(Span::from_secs(32)));
    assert_eq!(plan(&config, "/v1/x", &[]), &Plan::to(0));
    assert_eq!(plan(&config, "/", &[("x-version", "2")]), &Plan::to(0));
}

#[test]
fn printing_routes_loses_nothing() {
    let config = good(ROUTES);
    let printed = config::print(&config);
    assert_eq!(printed_good(&printed), config, "{printed}");
    assert_eq!(config::print(&printed_good(&printed)), printed);
    snapshot("routes_as_they_are_printed", &printed);
}

#[test]
fn the_order_of_routes_means_nothing() {
    let mut parts: Vec<&str> = ROUTES.split("\n\n").collect();
    parts.reverse();
    assert_eq!(good(&parts.join("\n\n")), good(ROUTES));
}

#[test]
fn a_path_is_kept_in_the_form_that_it_is_compared_in() {
    let config = good(ROUTES);
    let health = Path::Exact("/~health".to_owned());
    assert!(
        table(&config)
            .routes()
            .iter()
            .any(|one| one.when.path == health)
    );
}

/// What is said of a file whose only listener has these routes.
fn wrong(routes: &str) -> String {
    said(&format!(
        "[[listener]]\nname = \"web\"\nbind = [\":80\"]\n{routes}\n\
         [[cluster]]\nname = \"a\"\nendpoints = [\"10.0.0.1:80\"]\n\
         [[cluster]]\nname = \"b\"\nendpoints = [\"10.0.0.1:80\"]\n"
    ))
}

fn route(lines: &str) -> String {
    format!("\n[[route]]\nlistener = \"web\"\n{lines}\n")
}

macro_rules! wrong {
    ($($name:ident: $($lines:literal),+;)+) => {$(
        #[test]
        fn $name() {
            let routes: String = [$($lines),+].into_iter().map(route).collect();
            snapshot(stringify!($name), &wrong(&routes));
        }
    )+};
}

wrong! {
    routes_that_tie:
        "path = \"/x\"\nmethods = [\"GET\", \"PUT\"]\nto = \"a\"",
        "path = \"/x\"\nmethods = [\"PUT\"]\nto = \"b\"",
        "path = \"/%78\"\nheaders = { x = true }\nto = \"a\"",
        "path = \"/x\"\nheaders = { y = true }\nto = \"b\"",
        "path = \"/y\"\nmethods = [\"GET\"]\nto = \"a\"",
        "path = \"/y\"\nmethods = [\"PUT\"]\nto = \"b\"",
        "path = \"/y/\"\nmethods = [\"PUT\"]\nredirect = { to = \"/\" }";

    conditions_that_are_none:
        "path = \"/x\"\nexact = \"/x\"\nto = \"a\"",
        "exact = \"x\"\nmethods = [\"get\", \"P UT\", \"PUT\", \"PUT\"]\nto = \"a\"",
        "path = \"/a/%2e%2e\"\nmethods = []\nto = \"a\"",
        "path = \"/a%5Cb\"\nmethods = \"GET\"\nto = \"a\"",
        "headers = { \"a b\" = \"1\", x = \"1\", X = \"2\", host = \"h\", y = false, z = 1, w = \"é\" }\nto = \"a\"",
        "headers = {}\nto = \"a\"",
        "headers = [\"x\"]\nto = \"a\"";

    actions_that_are_none:
        "path = \"/1\"",
        "path = \"/2\"\nto = \"a\"\nredirect = { to = \"/\" }",
        "path = \"/3\"\nto = 3",
        "path = \"/4\"\nto = []",
        "path = \"/5\"\nto = [{ cluster = \"a\", weight = 0 }]",
        "path = \"/6\"\nto = [{ cluster = \"a\" }, { weight = 1 }, \"b\"]",
        "path = \"/7\"\nto = [{ cluster = \"a\", weight = 1 }, { cluster = \"a\", weight = 2000000 }, { cluster = \"c\", weight = 1 }]",
        "path = \"/8\"\nto = [{ cluster = \"a\", weight = 1 }, { cluster = \"a\", weight = 2 }]";

    redirects_to_nowhere:
        "path = \"/1\"\nredirect = \"/\"",
        "path = \"/2\"\nredirect = { status = 200, to = \"/\" }",
        "path = \"/3\"\nredirect = { status = 304, to = \"/\" }",
        "path = \"/4\"\nredirect = { status = 301 }",
        "path = \"/5\"\nredirect = { to = \"www.example.com\" }",
        "path = \"/6\"\nredirect = { to = \"//www.example.com/\" }",
        "path = \"/7\"\nredirect = { to = \"/{path}\" }",
        "path = \"/8\"\nredirect = { to = \"https://{hots}/\" }",
        "path = \"/9\"\nredirect = { to = \"https://{host/\" }",
        "path = \"/10\"\nredirect = { to = \"/a b\" }";

    responses_that_are_none:
        "path = \"/1\"\nrespond = { body = \"x\" }",
        "path = \"/2\"\nrespond = { status = 101 }",
        "path = \"/3\"\nrespond = { status = 204, body = \"x\" }",
        "path = \"/4\"\nrespond = { status = 200, content_type = \"text/html\" }",
        "path = \"/5\"\nrespond = { status = 200, body = \"x\", content_type = \"a\\r\\nb\" }",
        "path = \"/6\"\nrespond = { status = 200, body = 5 }";

    changes_that_cannot_be:
        "path = \"/1\"\nto = \"a\"\nstrip_prefix = true\nreplace_prefix = \"/x\"",
        "to = \"a\"\nstrip_prefix = true",
        "exact = \"/2\"\nto = \"a\"\nstrip_prefix = true",
        "path = \"/3\"\nto = \"a\"\nreplace_prefix = \"x\"\nhost_header = \"http://x\"",
        "path = \"/4\"\nredirect = { to = \"/\" }\nhost_header = \"x\"\nrequest_headers = { remove = [\"a\"] }\ntimeouts = { body = \"1s\" }",
        "path = \"/5\"\nto = \"a\"\nhost_header = \"x:0\"\ntimeouts = { respond = \"1s\", connect = \"1s\" }";

    headers_that_cannot_be_changed:
        "path = \"/1\"\nto = \"a\"\nrequest_headers = { set = { Host = \"x\", Connection = \"close\", Content-Length = \"1\", \"a b\" = \"\" } }",
        "path = \"/2\"\nto = \"a\"\nrequest_headers = { add = { X-Forwarded-For = \"x\", Expect = \"x\", a = \"x\\ny\", b = 1 }, remove = [\"te\"] }",
        "path = \"/3\"\nto = \"a\"\nresponse_headers = { set = { a = \"1\", A = \"2\", via = \"x\" }, remove = [\"a\", \"b\", \"B\", \"Trailer\"] }",
        "path = \"/4\"\nto = \"a\"\nresponse_headers = { append = { a = \"1\" } }",
        "path = \"/5\"\nto = \"a\"\nresponse_headers = { set = [\"a\"] }";
}

#[test]
fn a_path_policy_that_is_none() {
    let text = "paths = \"normalise\"\nto = \"a\"";
    snapshot("a_path_policy_that_is_none", &wrong(text));
}

#[test]
fn a_name_has_no_path() {
    let text = "kind = \"tcp\"\ntls = \"passthrough\"".to_owned()
        + &route("host = \"a\"\nmethods = [\"GET\"]\nto = \"a\"")
        + &route("host = \"b\"\nredirect = { to = \"/\" }")
        + &route(
            "host = \"c\"\nto = [{ cluster = \"a\", weight = 1 }, { cluster = \"b\", weight = 1 }]",
        );
    snapshot("a_name_has_no_path", &wrong(&text));
}

//! How endpoints are checked: what is wrong with it, and what it comes to.

use crate::{
    good::{good, printed_good},
    said, snapshot,
};
use tidegate::config::{self, Ask, Config, Health};
use tidegate_core::{health::Initial, time::Span};

fn file(health: &str) -> String {
    format!(
        "defaults = \"2026\"\n[[listener]]\nname = \"web\"\nbind = [\":80\"]\nto = \"api\"\n\
         [[cluster]]\nname = \"api\"\nendpoints = [\"10.0.0.1:80\"]\nhealth = {health}\n"
    )
}

fn health(text: &str) -> (Config, Health) {
    let config = good(&file(text));
    let health = config.clusters[0].health.clone();
    (config, health.expect("it is configured"))
}

macro_rules! refused {
    ($($name:ident: $health:expr;)+) => {$(
        #[test]
        fn $name() {
            snapshot(stringify!($name), &said(&file($health)));
        }
    )+};
}

refused! {
    checks_that_ask_for_nothing: "{ interval = \"5s\" }";
    checks_that_ask_for_too_much: "{ tcp = true, path = \"/\", body = \"ok\" }";
    checks_with_bad_values: "{ path = \"healthz\", interval = 5, rise = 0, status = \"2xx\", host = \"a b\", initial = \"off\" }";
    checks_that_are_slow_when_in_doubt: "{ path = \"/\", interval = \"1s\", fast = \"3s\" }";
    checks_of_no_kind: "\"/healthz\"";
}

#[test]
fn a_path_is_enough() {
    let (_, health) = health("{ path = \"/healthz\" }");
    let plan = health.plan;
    assert_eq!(
        (plan.interval, plan.fast),
        (Span::from_secs(5), plan.interval)
    );
    assert_eq!(
        (plan.timeout, plan.rise, plan.fall),
        (Span::from_secs(2), 2, 3)
    );
    assert_eq!(plan.initial, Initial::Up);
    let Ask::Http(request) = health.ask else {
        panic!("a path was given")
    };
    assert_eq!(
        (&*request.path, request.host, request.body),
        ("/healthz", None, None)
    );
    let status = request.status;
    assert!(status.have(200) && status.have(399));
    assert!(!status.have(199) && !status.have(400));
}

#[test]
fn status_codes_are_ranges_and_single_ones() {
    let (_, health) = health("{ path = \"/\", status = \"200, 204,300-301\" }");
    let Ask::Http(request) = health.ask else {
        panic!("a path was given")
    };
    let have = (200..600).filter(|code| request.status.have(*code));
    assert_eq!(have.collect::<Vec<_>>(), [200, 204, 300, 301]);
}

#[test]
fn printing_loses_nothing() {
    for text in [
        "{ path = \"/\" }",
        "{ tcp = true, initial = \"down\" }",
        "{ path = \"/a?b=\\\"${env:PORT}\\\"\", host = \"api:80\", status = \"200,300-399\", body = \"$${x} \\\"ok\\\"\", \
         interval = \"1m\", fast = \"300ms\", timeout = \"20s\", rise = 1, fall = 9 }",
        "{ tcp = true, interval = \"1s\", timeout = \"1s\" }",
    ] {
        let (config, health) = health(text);
        let printed = config::print(&config);
        let again = printed_good(&printed);
        assert_eq!(again.clusters[0].health, Some(health), "{printed}");
        assert_eq!(again, config);
    }
}

//! Endpoints that are names which nobody knows at the moment.

use super::*;

/// It is served all the same: the name may come to be known.
#[test]
fn a_name_without_an_address_is_a_warning_of_check_and_stops_nothing() {
    let scratch = Scratch::new("cli-names");
    let line = "--listen :80 --to db1:1,nowhere:1,nowhere:2";
    let (_, file, _) = said(&format!("tcp {line} --print-config"));
    let file = scratch.file("names.toml", &file);
    let (exit, out, err) = said(&format!("check -c {}", file.display()));
    assert_eq!(exit, Exit::Ok);
    let first = out.lines().next().unwrap_or_default();
    assert!(first.ends_with("names.toml: no errors, 1 warning"), "{out}");
    let expected = "\
warning[E0205]: cannot look up `nowhere`
 |
 = note: no such name
 = note: it has endpoints of `main`
 = help: it is looked up again while serving; where a cluster has no endpoint, the answer is 503
 = help: tidegate explain E0205

";
    assert_eq!(err, expected);
    assert_eq!(served(line).clusters[0].endpoints.len(), 3);
}

//! Certificates, as they are told of: those that are served, those in files, and which of them are new.
//!
//! Pure, but for files of which it is asked.

use super::{query::decoded, told::word};
use crate::{
    log::{escape, time},
    message::Message,
    observe::whole::Certificate,
    tls::{leaf::Leaf, provider::provider},
};
use hyper::StatusCode;
use serde_json::{Value, json};
use std::{fmt::Write, path::PathBuf};

/// Those that are meant, by the part of a target behind `?`: all, or with `name=` those of a listener or for
/// a name.
pub(super) fn asked(
    query: &str,
    all: Vec<Certificate>,
) -> Result<Vec<Certificate>, (StatusCode, String)> {
    if query.is_empty() {
        return Ok(all);
    }
    let name = query.strip_prefix("name=").and_then(decoded);
    let Some(name) = name else {
        let why = format!("`{query}` is not name=NAME");
        return Err((StatusCode::BAD_REQUEST, why));
    };
    let meant = |one: &Certificate| {
        one.listener == name || one.leaf.names.contains(&name) || one.leaf.is_for(&name)
    };
    let found: Vec<_> = all.into_iter().filter(meant).collect();
    match found.is_empty() {
        true => {
            let why = format!("`{name}` is neither a listener with certificates nor in one");
            Err((StatusCode::NOT_FOUND, why))
        }
        false => Ok(found),
    }
}

/// Those that are served.
pub(super) fn value(all: &[Certificate], now: u64) -> Value {
    let all = all.iter().map(|one| served(one, now));
    json!({ "certificates": all.collect::<Vec<_>>() })
}

/// The same behind a renewal: which of them are new.
pub(super) fn renewed(
    before: &[Certificate],
    all: &[Certificate],
    generation: u64,
    now: u64,
) -> Value {
    let all = all.iter().map(|one| {
        let same = |other: &Certificate| {
            other.listener == one.listener
                && other.name == one.name
                && other.leaf.sha256 == one.leaf.sha256
        };
        let mut told = served(one, now);
        told["new"] = json!(!before.iter().any(same));
        told
    });
    json!({ "generation": generation, "certificates": all.collect::<Vec<_>>() })
}

/// Those in files, in their order.
///
/// # Errors
/// A file that cannot be read, or has none.
pub(crate) fn of_files(files: &[PathBuf], now: u64) -> Result<Value, Message> {
    let provider = provider();
    let mut all = Vec::new();
    for path in files {
        let leaves = Leaf::of_file(path, &provider)?;
        let name = path.display().to_string();
        all.extend(leaves.iter().map(|leaf| of(leaf, &name, now)));
    }
    Ok(json!({ "certificates": all }))
}

fn served(one: &Certificate, now: u64) -> Value {
    let mut told = of(&one.leaf, &one.name, now);
    told["listener"] = match &*one.listener {
        "" => Value::Null,
        name => json!(name),
    };
    told["loaded"] = json!(time::second(one.loaded));
    told
}

fn of(leaf: &Leaf, file: &str, now: u64) -> Value {
    let now = i64::try_from(now).unwrap_or(i64::MAX);
    json!({
        "file": file,
        "names": leaf.names,
        "subject": leaf.subject,
        "issuer": leaf.issuer,
        "not_before": date(leaf.not_before),
        "not_after": date(leaf.not_after),
        "expires_in": leaf.not_after.saturating_sub(now),
        "key": leaf.key,
        "sha256": leaf.sha256,
    })
}

/// What is older than the calendar of ours is as old as that.
fn date(seconds: i64) -> String {
    time::second(u64::try_from(seconds).unwrap_or(0))
}

/// A paragraph each.
pub(crate) fn told(value: &Value) -> String {
    let all = value["certificates"].as_array().into_iter().flatten();
    let all: Vec<_> = all.map(paragraph).collect();
    match all.is_empty() {
        true => "no certificates\n".to_owned(),
        false => all.join("\n"),
    }
}

fn paragraph(one: &Value) -> String {
    let names = one["names"].as_array().into_iter().flatten();
    let names: Vec<_> = names.map(plain).collect();
    let names = match names.is_empty() {
        true => format!("none; it is {}", plain(&one["subject"])),
        false => names.join(", "),
    };
    let (from, until) = (word(&one["not_before"]), word(&one["not_after"]));
    let mut text = format!("{}\n", whose(one));
    let _ = writeln!(text, "  names   {names}");
    let _ = writeln!(text, "  issuer  {}", plain(&one["issuer"]));
    let _ = writeln!(text, "  valid   {from} to {until}, {}", left(one));
    let _ = writeln!(text, "  key     {}", word(&one["key"]));
    let _ = writeln!(text, "  sha256  {}", word(&one["sha256"]));
    if let Some(loaded) = one["loaded"].as_str() {
        let _ = writeln!(text, "  loaded  {loaded}");
    }
    text
}

/// What somebody else has written into a certificate: it is no line of ours, and moves no cursor.
fn plain(value: &Value) -> String {
    let mut text = Vec::new();
    escape::json(word(value).as_bytes(), &mut text);
    String::from_utf8_lossy(&text).into_owned()
}

/// A line each.
pub(super) fn told_anew(value: &Value) -> String {
    let mut text = format!("generation {}\n", value["generation"]);
    for one in value["certificates"].as_array().into_iter().flatten() {
        let new = match one["new"].as_bool() {
            Some(true) => "new",
            Some(false) | None => "as before",
        };
        let (whose, until, left) = (whose(one), word(&one["not_after"]), left(one));
        let _ = writeln!(text, "{whose}  {new}, valid until {until}, {left}");
    }
    text
}

/// Who shows it, and its file.
fn whose(one: &Value) -> String {
    let file = word(&one["file"]);
    match (one.get("listener"), one["listener"].as_str()) {
        (None, _) => file.to_owned(),
        (Some(_), None) => format!("admin  {file}"),
        (Some(_), Some(listener)) => format!("listener {listener}  {file}"),
    }
}

fn left(one: &Value) -> String {
    let left = one["expires_in"].as_i64().unwrap_or_default();
    let span = match left.unsigned_abs() {
        seconds @ 0..3_600 => format!("{}m", seconds / 60),
        seconds @ 3_600..172_800 => format!("{}h", seconds / 3_600),
        seconds => format!("{}d", seconds / 86_400),
    };
    match left < 0 {
        true => format!("expired {span} ago"),
        false => format!("{span} left"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000;

    fn certificate(listener: &str, name: &str, days: i64) -> Certificate {
        Certificate {
            listener: listener.to_owned(),
            name: format!("/etc/tidegate/{name}.pem"),
            loaded: NOW,
            leaf: Leaf {
                names: vec![format!("{name}.example"), "127.0.0.1".to_owned()],
                subject: format!("CN={name}"),
                issuer: "C=CH, CN=somebody".to_owned(),
                not_before: 1_799_900_000,
                not_after: 1_800_000_000 + days * 86_400,
                key: "ECDSA P-256".to_owned(),
                sha256: "9f:2c".to_owned(),
                ..Leaf::default()
            },
        }
    }

    #[test]
    fn a_certificate_has_a_paragraph() {
        let mut other = certificate("", "admin", -3);
        other.leaf.names.clear();
        let all = [certificate("web", "www", 89), other];
        let expected = "\
listener web  /etc/tidegate/www.pem
  names   www.example, 127.0.0.1
  issuer  C=CH, CN=somebody
  valid   2027-01-14T04:13:20Z to 2027-04-14T08:00:00Z, 89d left
  key     ECDSA P-256
  sha256  9f:2c
  loaded  2027-01-15T08:00:00Z

admin  /etc/tidegate/admin.pem
  names   none; it is CN=admin
  issuer  C=CH, CN=somebody
  valid   2027-01-14T04:13:20Z to 2027-01-12T08:00:00Z, expired 3d ago
  key     ECDSA P-256
  sha256  9f:2c
  loaded  2027-01-15T08:00:00Z
";
        assert_eq!(told(&value(&all, NOW)), expected);
        assert_eq!(told(&value(&[], NOW)), "no certificates\n");
    }

    #[test]
    fn a_certificate_forges_no_line_and_moves_no_cursor() {
        let mut hostile = certificate("web", "www", 89);
        hostile.leaf.names = vec!["a\n  issuer  CN=us".to_owned(), "\x1b[2J".to_owned()];
        hostile.leaf.issuer = "CN=\u{9b}2J\r".to_owned();
        let text = told(&value(&[hostile.clone()], NOW));
        assert!(text.contains("  names   a\\u000a  issuer  CN=us, \\u001b[2J\n"));
        assert!(text.contains("  issuer  CN=\\u009b2J\\u000d\n"));
        hostile.leaf.names.clear();
        hostile.leaf.subject = "CN=\x07Zürich".to_owned();
        let text = told(&value(&[hostile], NOW));
        assert!(text.contains("  names   none; it is CN=\\u0007Zürich\n"));
    }

    #[test]
    fn it_is_found_by_a_name_that_a_client_takes_it_for() {
        let named = |names: &[&str]| {
            let names = names.iter().map(|name| (*name).to_owned());
            let made = rcgen::generate_simple_self_signed(names.collect::<Vec<_>>()).unwrap();
            Certificate {
                leaf: Leaf::of(made.cert.der(), &provider()).unwrap(),
                ..certificate("web", "www", 1)
            }
        };
        let all = || vec![named(&["*.example.com", "::1"]), named(&["example.com"])];
        for (name, count) in [
            ("www.example.com", 1),
            ("WWW.example.com", 1),
            ("*.example.com", 1),
            ("example.com", 1),
            ("%3A%3A1", 1),
            ("a.b.example.com", 0),
            ("www.example.org", 0),
        ] {
            let found = asked(&format!("name={name}"), all());
            assert_eq!(found.map_or(0, |all| all.len()), count, "{name}");
        }
    }

    #[test]
    fn what_is_new_has_another_fingerprint_or_place() {
        let before = [certificate("a", "www", 1), certificate("b", "www", 1)];
        let mut after = before.clone();
        after[1].leaf.sha256 = "00:01".to_owned();
        let expected = "\
generation 2
listener a  /etc/tidegate/www.pem  as before, valid until 2027-01-16T08:00:00Z, 24h left
listener b  /etc/tidegate/www.pem  new, valid until 2027-01-16T08:00:00Z, 24h left
";
        assert_eq!(told_anew(&renewed(&before, &after, 2, NOW)), expected);
    }

    #[test]
    fn they_are_found_by_listener_and_by_name() {
        let all = || vec![certificate("web", "www", 1), certificate("db", "api", 1)];
        for (query, count) in [
            ("", 2),
            ("name=web", 1),
            ("name=api%2Eexample", 1),
            ("name=127.0.0.1", 2),
        ] {
            assert_eq!(
                asked(query, all()).map(|all| all.len()),
                Ok(count),
                "{query}"
            );
        }
        for (query, expected) in [
            ("name=example", StatusCode::NOT_FOUND),
            ("of=web", StatusCode::BAD_REQUEST),
        ] {
            let refused = asked(query, all()).map_err(|(status, _)| status);
            assert_eq!(refused.map(|all| all.len()), Err(expected), "{query}");
        }
    }
}

//! `tidegate top`: how a process stands, as text for a terminal, once a second (PRODUCT 9, 2 to 4).
//!
//! Pure: two answers in, a screen out.

use super::told::{span, word};
use serde_json::Value;
use std::{collections::BTreeMap, fmt::Write as _};

/// The widest bar.
const BAR: u64 = 40;
/// The most connections that are listed.
const LISTED: usize = 10;

/// The screen. `before`: the status of the last time.
pub(super) fn screen(status: &Value, connections: &Value, before: Option<&Value>) -> String {
    let mut text = format!(
        "tidegate {}  process {}  {}  generation {}  {} workers  {} connections\n",
        word(&status["version"]),
        status["pid"],
        word(&status["state"]),
        status["generation"],
        status["workers"],
        status["connections"],
    );
    let all = list(&connections["connections"]);
    phases(all, &mut text);
    let without = list(&connections["without_connection"]);
    sockets(all, without, &mut text);
    endpoints(status, all, &mut text);
    causes(status, before, &mut text);
    oldest(all, &mut text);
    text
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn line(text: &mut String, words: std::fmt::Arguments<'_>) {
    // A String takes whatever it is given.
    let _infallible = writeln!(text, "{words}");
}

fn phases(all: &[Value], text: &mut String) {
    let mut count: BTreeMap<&str, u64> = BTreeMap::new();
    for one in all {
        *count.entry(word(&one["phase"])).or_default() += 1;
    }
    let most = count.values().copied().max().unwrap_or(1);
    line(text, format_args!("\nPHASE"));
    for (phase, n) in count {
        let bar = "#".repeat(usize::try_from((n * BAR).div_ceil(most)).unwrap_or(0));
        line(text, format_args!("{phase:<10} {n:>7}  {bar}"));
    }
}

/// How long each has been in its state, as the kernel lists them; where it lists none, its connection's age.
fn sockets(all: &[Value], without: &[Value], text: &mut String) {
    let mut found: BTreeMap<(&str, &str), (u64, f64, &str)> = BTreeMap::new();
    let legs = all.iter().flat_map(|one| {
        let legs = [("client", &one["client"]), ("server", &one["origin"])];
        legs.into_iter().filter_map(|(side, leg)| {
            let age = leg["state_for"].as_f64().or(one["age"].as_f64());
            Some((side, leg["state"].as_str()?, 1, age, word(&one["conn"])))
        })
    });
    let lone = without.iter().map(|group| {
        let side = match group["side"].as_str() {
            Some("downstream") => "client",
            Some(_) | None => "server",
        };
        let count = group["count"].as_u64().unwrap_or_default();
        let age = group["oldest"].as_f64();
        (side, word(&group["state"]), count, age, "none")
    });
    for (side, state, count, age, conn) in legs.chain(lone) {
        let age = age.unwrap_or_default();
        let known = found.entry((side, state)).or_insert((0, -1.0, ""));
        known.0 += count;
        if age > known.1 {
            (known.1, known.2) = (age, conn);
        }
    }
    let mut rows: Vec<_> = found.into_iter().collect();
    rows.sort_by(|one, other| other.1.1.total_cmp(&one.1.1));
    line(
        text,
        format_args!(
            "\n{:<7} {:<12} {:>7}  {:>8}  OLDEST",
            "SIDE", "STATE", "SOCKETS", "AGE"
        ),
    );
    for ((side, state), (n, age, conn)) in rows {
        let age = span(&Value::from(age));
        line(
            text,
            format_args!("{side:<7} {state:<12} {n:>7}  {age:>8}  {conn}"),
        );
    }
}

fn endpoints(status: &Value, all: &[Value], text: &mut String) {
    line(
        text,
        format_args!(
            "\n{:<12} {:<28} {:<7} {:>6}",
            "CLUSTER", "ENDPOINT", "STATE", "IN USE"
        ),
    );
    for cluster in list(&status["clusters"]) {
        for endpoint in list(&cluster["endpoints"]) {
            let uses = |one: &&Value| {
                one["cluster"] == cluster["name"] && one["server.address"] == endpoint["endpoint"]
            };
            let (name, authority) = (word(&cluster["name"]), word(&endpoint["endpoint"]));
            let state = match (&endpoint["up"], &endpoint["drained"]) {
                (_, Value::Bool(true)) => "drained",
                (Value::Bool(true), _) if endpoint["ejected"] == true => "ejected",
                (Value::Bool(true), _) => "up",
                _ => "down",
            };
            let used = all.iter().filter(uses).count();
            line(
                text,
                format_args!("{name:<12} {authority:<28} {state:<7} {used:>6}"),
            );
        }
    }
}

fn causes(status: &Value, before: Option<&Value>, text: &mut String) {
    let Some(closed) = status["closed"].as_object() else {
        return;
    };
    let mut rows: Vec<_> = closed
        .iter()
        .map(|(cause, n)| (cause, n.as_u64().unwrap_or_default()))
        .collect();
    rows.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    line(
        text,
        format_args!("\n{:<26} {:>9} {:>9}", "CLOSED BY", "ALL", "SINCE"),
    );
    for (cause, n) in rows {
        let since = before.map_or_else(
            || "-".to_owned(),
            |before| {
                let earlier = before["closed"][cause].as_u64().unwrap_or_default();
                n.saturating_sub(earlier).to_string()
            },
        );
        line(text, format_args!("{cause:<26} {n:>9} {since:>9}"));
    }
}

fn oldest(all: &[Value], text: &mut String) {
    line(
        text,
        format_args!(
            "\n{:<8} {:<10} {:<9} {:>8}  ENDS BY",
            "CONN", "LISTENER", "PHASE", "AGE"
        ),
    );
    for one in all.iter().take(LISTED) {
        let age = span(&one["age"]);
        let timer = &one["timer"];
        let ends = if timer.is_null() {
            "-".to_owned()
        } else {
            format!("{} in {}", word(&timer["name"]), span(&timer["left"]))
        };
        let (conn, listener, phase) = (
            word(&one["conn"]),
            word(&one["listener"]),
            word(&one["phase"]),
        );
        line(
            text,
            format_args!("{conn:<8} {listener:<10} {phase:<9} {age:>8}  {ends}"),
        );
    }
    if all.len() > LISTED {
        line(
            text,
            format_args!("and {} more: tidegate conns", all.len() - LISTED),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_screen_has_phases_sockets_endpoints_causes_and_the_oldest() {
        let status = |fins| {
            json!({
                "version": "0.1.0", "pid": 7, "state": "serving", "generation": 2, "workers": 2,
                "connections": 2, "closed": { "client_fin": fins, "client_reset": 1 },
                "clusters": [{ "name": "app", "endpoints": [
                    { "endpoint": "10.0.0.1:80", "up": true }, { "endpoint": "10.0.0.2:80", "up": false },
                ] }],
            })
        };
        let one = |conn, phase, age, (state, for_so_long)| {
            json!({
                "conn": conn, "listener": "web", "phase": phase, "age": age, "cluster": "app",
                "server.address": "10.0.0.1:80", "timer": { "name": "idle", "left": 12.0 },
                "client": { "state": state, "state_for": for_so_long }, "origin": null,
            })
        };
        let lone = |side, state, count, oldest| json!({ "side": side, "state": state, "count": count, "oldest": oldest });
        let connections = json!({ "connections": [
            one("0-1", "tunnel", 90.0, ("close_wait", Some(20.0))),
            one("0-2", "tunnel", 80.0, ("close_wait", Some(30.0))),
            one("1-4", "idle", 3.0, ("established", None)),
        ], "without_connection": [
            lone("downstream", "close_wait", 2, 5.0), lone("upstream", "established", 4, 7.0),
        ] });
        let screen = screen(&status(10), &connections, Some(&status(8)));
        let rows: Vec<_> = screen
            .lines()
            .map(|row| row.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect();
        for row in [
            "tidegate 0.1.0 process 7 serving generation 2 2 workers 2 connections",
            "client close_wait 4 30.0s 0-2",
            "client established 1 3.0s 1-4",
            "server established 4 7.0s none",
            "app 10.0.0.1:80 up 3",
            "app 10.0.0.2:80 down 0",
            "client_fin 10 2",
            "client_reset 1 0",
            "0-1 web tunnel 1m 30s idle in 12.0s",
        ] {
            assert!(rows.iter().any(|found| found == row), "{row}: {screen}");
        }
    }
}

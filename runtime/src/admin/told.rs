//! An answer of the admin interface, in words for whoever typed the question.
//!
//! Pure.

#[cfg(test)]
mod tests;

use super::{certificates, client::What};
use serde_json::Value;
use std::fmt::Write;
use tidegate_core::record::show;

/// What `value`, which answers `what`, says.
pub(super) fn told(what: &What, value: &Value) -> String {
    match what {
        What::Status => status(value),
        What::Conns(_) => conns(value),
        What::Why(_, false) => why(value),
        What::Why(_, true) => value["timeline"].as_str().unwrap_or_default().to_owned(),
        What::Kill(..) => format!("{} is told to end\n", word(&value["conn"])),
        What::Endpoint(..) => changed(&value["cluster"]),
        What::Reload(false) => {
            let plan = plan(value);
            format!("generation {}: {plan}\n", value["generation"])
        }
        What::Reload(true) => format!("would be: {}; nothing was changed\n", plan(value)),
        What::Certificates(_) => certificates::told(value),
        What::Renew => certificates::told_anew(value),
        What::Upgrade(upgrade) => upgraded(value, upgrade.wait),
        What::Drain(..) => "draining\n".to_owned(),
        What::Stop => "stopping\n".to_owned(),
        What::Record(..) | What::Top(_) => String::new(),
    }
}

/// Who serves now, and who is left of the old process, unless that is watched.
fn upgraded(value: &Value, watched: bool) -> String {
    let old = &value["old"];
    let mut text = format!("pid {} serves; pid {} drains", value["pid"], old["pid"]);
    if let Some(path) = old["admin"].as_str() {
        let _ = write!(text, ", and is asked at {path}");
    }
    text.push('\n');
    if !watched {
        text += &left(old).1;
    }
    text
}

fn plan(value: &Value) -> String {
    let parts = value["plan"].as_array().into_iter().flatten();
    parts.map(word).collect::<Vec<_>>().join("; ")
}

pub(super) fn word(value: &Value) -> &str {
    value.as_str().unwrap_or("-")
}

/// `1h 2m`, `3.4s`, `120ms`: in two units at most.
pub(super) fn span(value: &Value) -> String {
    let Some(seconds) = value.as_f64() else {
        return "-".to_owned();
    };
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a span of some years at most, and never a negative one"
    )]
    let ms = (seconds * 1_000.0).round() as u64;
    match ms {
        0..1_000 => format!("{ms}ms"),
        1_000..60_000 => format!("{}.{}s", ms / 1_000, ms % 1_000 / 100),
        60_000..3_600_000 => format!("{}m {}s", ms / 60_000, ms % 60_000 / 1_000),
        3_600_000.. => format!("{}h {}m", ms / 3_600_000, ms % 3_600_000 / 60_000),
    }
}

fn status(value: &Value) -> String {
    let mut text = format!(
        "tidegate {}  pid {}  {}  generation {}  {} workers  {} connections\n",
        word(&value["version"]),
        value["pid"],
        word(&value["state"]),
        value["generation"],
        value["workers"],
        value["connections"],
    );
    if !value["drain_left"].is_null() {
        let _ = writeln!(text, "what is left has {}", span(&value["drain_left"]));
    }
    if let Some(confined) = value["confined"].as_str() {
        let _ = writeln!(text, "confined: {confined}");
    }
    for listener in value["listeners"].as_array().into_iter().flatten() {
        let bind = listener["bind"].as_array().into_iter().flatten();
        let bind = bind.map(word).collect::<Vec<_>>().join(", ");
        let _ = writeln!(text, "listener {}  {bind}", word(&listener["name"]));
    }
    for cluster in value["clusters"].as_array().into_iter().flatten() {
        text += &self::cluster(cluster);
    }
    text
}

/// A cluster and its endpoints, a line each.
fn cluster(cluster: &Value) -> String {
    let (name, balance) = (word(&cluster["name"]), word(&cluster["balance"]));
    let mut text = format!("cluster {name}  {balance}\n");
    for endpoint in cluster["endpoints"].as_array().into_iter().flatten() {
        let stands = stands(endpoint);
        let (name, address) = (word(&endpoint["endpoint"]), word(&endpoint["address"]));
        let _ = match name == address {
            true => writeln!(text, "  {name}  {stands}"),
            false => writeln!(text, "  {name}  {address}  {stands}"),
        };
    }
    text
}

/// How an endpoint stands, and what of that is not in the file.
pub(super) fn stands(endpoint: &Value) -> String {
    let up = match endpoint["up"].as_bool() {
        Some(true) if endpoint["ejected"] == true => "ejected",
        Some(true) => "up",
        Some(false) | None => "down",
    };
    if endpoint["changed"] != true {
        return up.to_owned();
    }
    match endpoint["drained"] == true {
        true => format!("{up}  drained, not in file"),
        false => format!("{up}  weight {}, not in file", endpoint["weight"]),
    }
}

/// How a cluster stands in which somebody has changed an endpoint.
fn changed(value: &Value) -> String {
    let works = |one: &Value| one["up"] == true && one["drained"] == false && one["weight"] != 0;
    let mut text = cluster(value);
    let mut all = value["endpoints"].as_array().into_iter().flatten();
    if !all.any(works) {
        text += "no endpoint gets anything new now: requests are refused\n";
    }
    text
}

/// A table, a connection a row.
fn conns(value: &Value) -> String {
    let head = [
        "CONN", "LISTENER", "PHASE", "AGE", "QUIET", "CLIENT", "STATE", "SERVER", "STATE",
        "ENDS BY",
    ];
    let mut rows = vec![head.map(str::to_owned)];
    for one in value["connections"].as_array().into_iter().flatten() {
        rows.push([
            word(&one["conn"]).to_owned(),
            word(&one["listener"]).to_owned(),
            word(&one["phase"]).to_owned(),
            span(&one["age"]),
            span(&one["quiet"]),
            word(&one["client.address"]).to_owned(),
            state(&one["client"]),
            word(&one["server.address"]).to_owned(),
            state(&one["origin"]),
            timer(one),
        ]);
    }
    let mut text = table(&rows);
    if let Some(silent) = silent(value) {
        let _ = writeln!(text, "no answer from workers {silent}");
    }
    let without = value["without_connection"].as_array().into_iter().flatten();
    let without: Vec<_> = without.map(group).collect();
    if !without.is_empty() {
        let _ = writeln!(text, "without a connection: {}", without.join(", "));
    }
    text
}

/// The workers that have not said what they have.
fn silent(value: &Value) -> Option<String> {
    let silent = value["silent_workers"].as_array()?;
    let all: Vec<_> = silent.iter().map(ToString::to_string).collect();
    (!all.is_empty()).then(|| all.join(", "))
}

/// A leg's TCP state, and for how long it is in that, if it should not last.
fn state(leg: &Value) -> String {
    let state = word(&leg["state"]);
    match leg["state_for"].is_null() || state == "established" {
        true => state.to_owned(),
        false => format!("{state} {}", span(&leg["state_for"])),
    }
}

/// Sockets that no connection has: those of a pool are idle, and not forgotten.
fn group(group: &Value) -> String {
    format!(
        "{} {} of {} {}, the oldest {}",
        group["count"],
        word(&group["state"]),
        word(&group["scope"]),
        word(&group["name"]),
        span(&group["oldest"]),
    )
}

fn timer(one: &Value) -> String {
    match one["timer"].as_object() {
        None => "-".to_owned(),
        Some(timer) => format!("{} in {}", word(&timer["name"]), span(&timer["left"])),
    }
}

fn table<const N: usize>(rows: &[[String; N]]) -> String {
    let wide = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let widths: [usize; N] = std::array::from_fn(wide);
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().zip(widths);
        let line = cells.map(|(cell, width)| format!("{cell:width$}"));
        let line = line.collect::<Vec<_>>().join("  ");
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

/// One connection: what it is, what each leg waits for, what ends it.
fn why(value: &Value) -> String {
    let mut text = format!(
        "connection {}  listener {}  client {}  age {}  quiet {}\n",
        word(&value["conn"]),
        word(&value["listener"]),
        word(&value["client.address"]),
        span(&value["age"]),
        span(&value["quiet"]),
    );
    let cluster = match value["cluster"].as_str() {
        Some(cluster) => format!(
            "  cluster {cluster}  server {}",
            word(&value["server.address"])
        ),
        None => String::new(),
    };
    let _ = writeln!(text, "phase      {}{cluster}", word(&value["phase"]));
    for (name, leg) in [("client", &value["client"]), ("server", &value["origin"])] {
        if leg.is_null() {
            continue;
        }
        let halved = match leg["half_closed"].is_null() {
            true => String::new(),
            false => format!(", half-closed for {}", span(&leg["half_closed"])),
        };
        let _ = writeln!(
            text,
            "{name:<9}  waits for {}; {}{halved}, {} B in, {} B out, {} B unsent, {} B unacked",
            word(&leg["waits_for"]),
            word(&leg["state"]),
            leg["bytes_in"],
            leg["bytes_out"],
            leg["unsent"],
            leg["unacked"],
        );
    }
    let ends = match value["timer"].is_null() {
        true => "nothing but its peers' ends".to_owned(),
        false => timer(value),
    };
    let _ = writeln!(text, "ends by    {ends}, if nothing comes before");
    // For people, without what a machine would play again.
    if let Some(Ok(rows)) = value["timeline"].as_str().map(show) {
        let _ = write!(text, "\n{rows}");
    }
    text
}

/// Who is left of a drain, and when each ends if nothing comes before; and the same without the times, by
/// which it is seen whether there is something new to say.
pub(super) fn left(value: &Value) -> (String, String) {
    let all = value["connections"].as_array();
    let mut all: Vec<&Value> = all.map_or_else(Vec::new, |all| all.iter().collect());
    all.sort_by_key(|one| word(&one["conn"]));
    let mut key = match silent(value) {
        None => format!("{} left\n", all.len()),
        Some(silent) => format!(
            "{} left, and those of workers {silent}, which do not answer: not known yet\n",
            all.len()
        ),
    };
    let mut text = key.clone();
    for one in all {
        let waits = [&one["client"], &one["origin"]]
            .into_iter()
            .find_map(|leg| leg["waits_for"].as_str())
            .unwrap_or("-");
        let line = format!(
            "  {}  {}  {}  waits for {waits}",
            word(&one["conn"]),
            word(&one["client.address"]),
            word(&one["phase"]),
        );
        let _ = writeln!(key, "{line}");
        let _ = writeln!(text, "{line}; ends by {} at the latest", timer(one));
    }
    (key, text)
}

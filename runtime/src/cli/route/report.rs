//! The answer: in lines, one for each listener and each route, or for machines.

use super::{Found, Is, Request, Tried};
use crate::probe::report::json::Value;

pub(super) fn text(request: &Request, found: &[Found]) -> String {
    let mut text = format!("{} {}\n", request.method, url(request));
    for one in found {
        let no = if one.is { "" } else { "  no: " };
        let why = match (one.is, one.why.is_empty()) {
            (true, false) => format!("  {}", one.why),
            (true, true) | (false, _) => format!("{no}{}", one.why),
        };
        text += &format!("listener {}{why}\n", one.name);
        let width = one.tried.iter().map(|tried| tried.pattern.len()).max();
        let width = width.unwrap_or_default();
        for Tried { pattern, is, why } in &one.tried {
            let word = match is {
                Is::Yes => "yes",
                Is::No => "no: ",
                Is::Later => "no: ",
            };
            text += format!("  route {pattern:width$}  {word}{why}").trim_end();
            text.push('\n');
        }
        for (what, value) in &one.answer {
            text += &format!("  {what} {value}\n");
        }
    }
    if !found.iter().any(|one| one.is) {
        text += "no listener is for it\n";
    }
    text
}

pub(super) fn json(request: &Request, found: &[Found]) -> String {
    let text = |text: &str| Value::Text(text.to_owned());
    let why = |why: &str| match why.is_empty() {
        true => Value::Null,
        false => text(why),
    };
    let tried = |tried: &Tried| {
        Value::Object(vec![
            ("route", text(&tried.pattern)),
            ("matches", Value::Bool(tried.is == Is::Yes)),
            ("why", why(&tried.why)),
        ])
    };
    let listener = |one: &Found| {
        let answer = one.answer.iter();
        let answer = answer.map(|(what, value)| (*what, text(value))).collect();
        Value::Object(vec![
            ("listener", text(&one.name)),
            ("matches", Value::Bool(one.is)),
            ("why", why(&one.why)),
            ("routes", Value::List(one.tried.iter().map(tried).collect())),
            (
                "answer",
                match one.led() {
                    true => Value::Object(answer),
                    false => Value::Null,
                },
            ),
        ])
    };
    let value = Value::Object(vec![
        ("method", text(&request.method)),
        ("url", text(&url(request))),
        (
            "listeners",
            Value::List(found.iter().map(listener).collect()),
        ),
    ]);
    value.compact() + "\n"
}

fn url(request: &Request) -> String {
    let scheme = if request.https { "https" } else { "http" };
    let query = request.query.as_ref().map(|query| format!("?{query}"));
    format!(
        "{scheme}://{}{}{}",
        request.authority,
        request.path,
        query.unwrap_or_default()
    )
}

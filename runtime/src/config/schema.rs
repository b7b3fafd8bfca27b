//! The table of keys as a JSON Schema for editors, and as a file of defaults for people.

use super::keys::{FILE, Is, Key, Takes};
use crate::probe::report::json::Value;

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// The JSON Schema of the file (draft 2020-12), as JSON.
#[must_use]
pub fn schema() -> String {
    let mut fields = vec![
        (
            "$schema",
            text("https://json-schema.org/draft/2020-12/schema"),
        ),
        ("title", text("tidegate.toml")),
    ];
    let Value::Object(table) = table(FILE, "a configuration of Tidegate", false) else {
        return String::new();
    };
    fields.extend(table);
    pretty(&Value::Object(fields).compact())
}

/// `whole`: whether what must be there is asked for.
fn table(keys: &'static [Key], about: &str, whole: bool) -> Value {
    let property = |key: &Key| (key.name, of(key.takes, key.about));
    let needed = keys.iter().filter(|key| whole && key.is == Is::Needed);
    let needed: Vec<Value> = needed.map(|key| text(key.name)).collect();
    let mut fields = vec![
        ("type", text("object")),
        ("description", text(about)),
        ("additionalProperties", Value::Bool(false)),
        (
            "properties",
            Value::Object(keys.iter().map(property).collect()),
        ),
    ];
    if !needed.is_empty() {
        fields.push(("required", Value::List(needed)));
    }
    Value::Object(fields)
}

fn of(takes: Takes, about: &str) -> Value {
    let typed = |kind: &str, more: Vec<(&'static str, Value)>| {
        let mut fields = vec![("type", text(kind)), ("description", text(about))];
        fields.extend(more);
        Value::Object(fields)
    };
    let list = |item: Value| typed("array", vec![("items", item)]);
    let string = || Value::Object(vec![("type", text("string"))]);
    // What comes from around the program may be anything.
    let quantity = |units: &str| {
        let pattern = format!("^[0-9]+({units})$|\\$\\{{");
        typed("string", vec![("pattern", Value::Text(pattern))])
    };
    match takes {
        Takes::Duration => quantity("us|ms|s|m|h"),
        Takes::Size => quantity("B|KiB|MiB|GiB"),
        Takes::Count => typed("integer", vec![("minimum", Value::Count(0))]),
        Takes::Flag => typed("boolean", vec![]),
        Takes::No => typed("boolean", vec![("const", Value::Bool(false))]),
        Takes::Text => typed("string", vec![]),
        Takes::Texts => list(string()),
        Takes::Counts => list(Value::Object(vec![("type", text("integer"))])),
        Takes::Word(words) => {
            let words = words.iter().map(|word| text(word)).collect();
            typed("string", vec![("enum", Value::List(words))])
        }
        Takes::Table(keys) => table(keys, about, true),
        Takes::Tables(keys) | Takes::List(keys) => list(table(keys, about, true)),
        Takes::Names => typed("object", vec![]),
        Takes::TextsOr(keys) => list(Value::Object(vec![(
            "anyOf",
            Value::List(vec![string(), table(keys, about, true)]),
        )])),
        Takes::Either(all) => Value::Object(vec![
            ("description", text(about)),
            (
                "anyOf",
                Value::List(all.iter().map(|one| of(*one, about)).collect()),
            ),
        ]),
    }
}

/// JSON over several lines, two spaces a level.
fn pretty(json: &str) -> String {
    let (mut out, mut depth, mut quoted, mut escaped) = (String::new(), 0_usize, false, false);
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.push_str(&"  ".repeat(depth));
    };
    for c in json.chars() {
        if quoted {
            out.push(c);
            quoted = escaped || c != '"';
            escaped = c == '\\' && !escaped;
            continue;
        }
        match c {
            '{' | '[' => {
                out.push(c);
                depth += 1;
                line(&mut out, depth);
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            _ => {
                quoted = c == '"';
                out.push(c);
            }
        }
    }
    out + "\n"
}

/// A file that has every key: with its default, or, where there is none or where it has no meaning in a
/// small file, behind a `#`.
#[must_use]
pub fn defaults() -> String {
    let mut out = String::from(
        "# Every key. What stands behind a `#` is an example, or a default that has a meaning beside other keys\n\
         # only; the rest is as if it were not there.\n",
    );
    for key in FILE {
        if let Takes::Table(keys) = key.takes {
            head(&mut out, &format!("[{}]", key.name), key, keys, false);
        } else if let Takes::Tables(keys) = key.takes {
            let away = key.is == Is::Example;
            head(&mut out, &format!("[[{}]]", key.name), key, keys, away);
        } else {
            row(&mut out, key, "", false);
        }
    }
    out
}

fn head(out: &mut String, header: &str, key: &Key, keys: &'static [Key], away: bool) {
    let mark = if away { "# " } else { "" };
    *out += &format!("\n# {}\n{mark}{header}\n", key.about);
    for key in keys {
        row(out, key, "", away);
    }
}

/// One key, and those of its table.
fn row(out: &mut String, key: &Key, before: &str, away: bool) {
    let own = [key.takes];
    let all = if let Takes::Either(all) = key.takes {
        all
    } else {
        &own[..]
    };
    let mut inner = None;
    for one in all {
        if let Takes::Table(keys) = one {
            inner = inner.or(Some(*keys));
        }
    }
    let name = format!("{before}{}", key.name);
    match (inner, key.is) {
        (Some(keys), Is::Default) if key.value.is_empty() => {
            for inside in keys {
                row(out, inside, &format!("{name}."), away);
            }
        }
        _ => {
            // Everything leads to the one cluster that the file has.
            let is = match (before, key.name, key.is) {
                ("", "to", Is::Example) if !away => Is::Needed,
                (_, _, is) => is,
            };
            let away = away || matches!(is, Is::Elsewhere | Is::Example);
            let mark = if away { "# " } else { "" };
            *out += &format!("{mark}{name} = {}  # {}\n", key.value, key.about);
            for inside in inner.unwrap_or_default() {
                if !key.value.is_empty() {
                    row(out, inside, &format!("{name}."), true);
                }
            }
        }
    }
}

/// Where a key stands among those of its table; unknown ones come last.
pub(super) fn rank(keys: &[Key], name: &str) -> usize {
    let known = keys.iter().position(|key| key.name == name);
    known.unwrap_or(keys.len())
}

/// The keys of the table at `name`.
pub(super) fn below(keys: &'static [Key], name: &str) -> &'static [Key] {
    let Some(key) = keys.iter().find(|key| key.name == name) else {
        return &[];
    };
    inside(key.takes)
}

/// The keys of the tables that are taken.
pub(super) fn inside(takes: Takes) -> &'static [Key] {
    match takes {
        Takes::Table(keys) | Takes::Tables(keys) | Takes::TextsOr(keys) | Takes::List(keys) => keys,
        Takes::Either(all) => {
            let tables = all.iter().map(|one| inside(*one));
            tables.max_by_key(|keys| keys.len()).unwrap_or_default()
        }
        Takes::Duration
        | Takes::Size
        | Takes::Count
        | Takes::Flag
        | Takes::Text
        | Takes::Texts
        | Takes::Counts
        | Takes::Word(_)
        | Takes::Names
        | Takes::No => &[],
    }
}

/// Every table of the file by the way to it, with its keys.
#[must_use]
pub fn tables() -> Vec<(String, Vec<&'static str>)> {
    fn add(out: &mut Vec<(String, Vec<&'static str>)>, way: &str, keys: &'static [Key]) {
        out.push((way.to_owned(), keys.iter().map(|key| key.name).collect()));
        for key in keys {
            let inner = inside(key.takes);
            if !inner.is_empty() {
                add(out, &format!("{way}/{}", key.name), inner);
            }
        }
    }
    let mut out = Vec::new();
    add(&mut out, "", FILE);
    out
}

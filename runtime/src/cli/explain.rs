//! `tidegate explain`: what a code means, and what to do about it.

use crate::{
    message::{Code, nearest},
    probe::report::json::Value,
};

/// A line of text has no more characters than this.
const WIDTH: usize = 90;

/// What is said of `code`, or of all.
///
/// # Errors
/// There is no such code.
pub(super) fn say(code: Option<&str>, json: bool) -> Result<String, String> {
    let Some(text) = code else {
        return Ok(all(json));
    };
    let Some(code) = Code::find(text) else {
        let known: Vec<_> = Code::ALL.iter().map(Code::to_string).collect();
        let near = nearest(text, known.iter().map(String::as_str));
        let near = near.map(|near| format!(" (did you mean {near}?)"));
        let near = near.unwrap_or_default();
        return Err(format!(
            "no code `{text}`{near}; `tidegate explain` lists all"
        ));
    };
    Ok(match json {
        true => value(code).compact() + "\n",
        false => one(code),
    })
}

fn one(code: Code) -> String {
    let (advice, example) = code.advice();
    let mut text = format!("{code}\n\n{}\n{}", wrap(code.meaning()), wrap(advice));
    if !example.is_empty() {
        text.push('\n');
        for line in example.lines() {
            text += format!("    {line}").trim_end();
            text.push('\n');
        }
    }
    text
}

fn all(json: bool) -> String {
    if json {
        let all = Code::ALL.iter().map(|code| value(*code)).collect();
        return Value::List(all).compact() + "\n";
    }
    let line = |code: &Code| format!("{code}  {}\n", first(code.meaning()));
    Code::ALL.iter().map(line).collect()
}

/// The first sentence, without its full stop.
fn first(text: &str) -> &str {
    let end = text.find(". ").or_else(|| text.find(": "));
    end.map_or(text, |end| &text[..end]).trim_end_matches('.')
}

fn value(code: Code) -> Value {
    let text = |text: &str| Value::Text(text.to_owned());
    let (advice, example) = code.advice();
    Value::Object(vec![
        ("code", text(&code.to_string())),
        ("means", text(code.meaning())),
        ("do", text(advice)),
        (
            "example",
            match example.is_empty() {
                true => Value::Null,
                false => text(example),
            },
        ),
    ])
}

fn wrap(text: &str) -> String {
    let (mut wrapped, mut length) = (String::new(), 0);
    for word in text.split_whitespace() {
        let width = word.chars().count();
        if length > 0 && length + 1 + width > WIDTH {
            wrapped.push('\n');
            length = 0;
        } else if length > 0 {
            wrapped.push(' ');
            length += 1;
        }
        wrapped.push_str(word);
        length += width;
    }
    wrapped + "\n"
}

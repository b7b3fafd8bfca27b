//! A line of the operator's own: text, and keys in braces.

use super::{Entry, REQUEST_KEYS, Value, escape};

/// Text and keys, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    text: String,
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Key(&'static str),
}

impl Template {
    /// Reads `text`: `{url.path}` is the value of that key, `{{` and `}}` are braces.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn new(text: &str) -> Result<Template, String> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(sign) = rest.chars().next() {
            let doubled = rest.starts_with("{{") || rest.starts_with("}}");
            if doubled {
                plain.push(sign);
                rest = &rest[2..];
            } else if sign == '{' {
                let Some((key, behind)) = rest[1..].split_once('}') else {
                    return Err("a brace is not closed".to_owned());
                };
                let Some(key) = REQUEST_KEYS.into_iter().find(|known| *known == key) else {
                    return Err(format!("there is no key `{key}`"));
                };
                if !plain.is_empty() {
                    pieces.push(Piece::Text(std::mem::take(&mut plain)));
                }
                pieces.push(Piece::Key(key));
                rest = behind;
            } else if sign == '}' {
                return Err("a brace is closed that is not open".to_owned());
            } else if sign.is_control() {
                return Err("a line has no line breaks nor other controls".to_owned());
            } else {
                plain.push(sign);
                rest = &rest[sign.len_utf8()..];
            }
        }
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        Ok(Template {
            text: text.to_owned(),
            pieces,
        })
    }

    /// As it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn write(&self, entry: &Entry<'_>, out: &mut Vec<u8>) {
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => out.extend_from_slice(text.as_bytes()),
                Piece::Key(key) => match entry.get(key) {
                    Some(value) => put(&value, out),
                    None => out.push(b'-'),
                },
            }
        }
    }
}

fn put(value: &Value<'_>, out: &mut Vec<u8>) {
    match value.text() {
        // Whatever stands around it: no sign of it closes quotes or ends a line.
        Some(text) => escape::word(text, out),
        None => value.plain(out),
    }
}

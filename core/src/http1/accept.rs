//! The Accept field, as far as our own replies care: text, or JSON (RFC 9110, 12.5.1).
//!
//! Owns the reading of that preference. Never refuses: what is malformed asks for nothing.

use super::fields::{Fields, Known};
use super::text::elements;

/// The weight of what is accepted without a word of it: 1, in thousandths.
const FULL: u16 = 1000;

/// The client names JSON, and no text that it would rather have.
pub(super) fn prefers_json(fields: &Fields<'_>) -> bool {
    let mut own = fields.known(Known::Accept);
    // Hardly any browser names anything with this letter, and no other one is JSON.
    let named = own
        .clone()
        .any(|field| memchr::memchr2(b'j', b'J', field.value).is_some());
    if !named {
        return false;
    }
    let (mut json, mut text) = (0, 0);
    own.by_ref()
        .flat_map(|field| elements(field.value))
        .for_each(|element| {
            let mut parts = element.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
            let range = parts.next().unwrap_or_default();
            let best = if range.eq_ignore_ascii_case(b"application/json") {
                &mut json
            } else if range.len() > 5 && range[..5].eq_ignore_ascii_case(b"text/") {
                &mut text
            } else {
                return;
            };
            *best = weight(parts).max(*best);
        });
    json > 0 && json >= text
}

/// `;q=0.5`, in thousandths; 0 if it is none. Other parameters do not count.
fn weight<'a>(mut parameters: impl Iterator<Item = &'a [u8]>) -> u16 {
    let given = parameters.find_map(|parameter| match parameter {
        [b'q' | b'Q', b'=', value @ ..] => Some(value),
        _ => None,
    });
    match given {
        None | Some(b"1" | b"1." | b"1.0" | b"1.00" | b"1.000") => FULL,
        Some([b'0']) => 0,
        Some([b'0', b'.', digits @ ..]) if digits.len() <= 3 => {
            let digit = |weight: Option<u16>, place: usize| {
                let byte = digits.get(place).copied().unwrap_or(b'0');
                let digit = byte.is_ascii_digit().then(|| u16::from(byte - b'0'))?;
                Some(weight? * 10 + digit)
            };
            (0..3).fold(Some(0), digit).unwrap_or(0)
        }
        Some(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::super::room::Room;
    use super::*;

    fn json(values: &[&str]) -> bool {
        let header = |value: &&'static str| httparse::Header {
            name: "accept",
            value: value.as_bytes(),
        };
        let values: alloc::vec::Vec<&'static str> = values
            .iter()
            .map(|value| &*alloc::string::String::from(*value).leak())
            .collect();
        let headers: alloc::vec::Vec<_> = values.iter().map(header).collect();
        let mut room = Room::default();
        room.fill(b"", &headers);
        prefers_json(&room.lend())
    }

    #[test]
    fn rfc9110_12_5_1_json_is_sent_to_those_who_name_it() {
        for values in [
            &["application/json"][..],
            &["Application/JSON; charset=utf-8"],
            &["application/json, text/plain, */*"],
            &["text/html;q=0.5", "application/json;q=0.51"],
            &["text/plain;q=0.999,application/json;v=2;q=1.000"],
            &["application/json;q=0.001"],
        ] {
            assert!(json(values), "{values:?}");
        }
    }

    #[test]
    fn rfc9110_12_5_1_text_is_sent_to_everybody_else() {
        for values in [
            &[][..],
            &["*/*"],
            &["application/*"],
            &["application/jsonl"],
            &["application/problem+json"],
            &["application/json;q=0"],
            &["application/json;q=0.0"],
            &["application/json;q=2"],
            &["application/json;q=0.x"],
            &["application/json;q=0.1234"],
            &["text/html, application/json;q=0.9"],
            &["text/*, application/json;q=0.9"],
            &["text/html,application/xhtml+xml,image/jpeg,*/*;q=0.8"],
        ] {
            assert!(!json(values), "{values:?}");
        }
    }
}

//! Which rows are meant: `S06`, `S2*`, `S39-chunked`, `S26@1.3`, `tls-*`.
//!
//! Pure. `*` stands for anything, `?` for one character; letters of either case are the same.

/// Whether `pattern` means the case with this key and name. A row without its variant or version
/// means all of them.
#[must_use]
pub fn selects(pattern: &str, key: &str, name: &str) -> bool {
    let row = key.split(['-', '@']).next().unwrap_or(key);
    let (bare, version) = key.split_once('@').unwrap_or((key, ""));
    let any_variant = format!("{row}@{version}");
    [key, row, bare, &any_variant, name]
        .iter()
        .any(|text| matches(&lower(pattern), &lower(text)))
}

fn lower(text: &str) -> Vec<u8> {
    text.to_ascii_lowercase().into_bytes()
}

fn matches(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) => {
            matches(rest, text) || text.split_first().is_some_and(|(_, t)| matches(pattern, t))
        }
        (Some((b'?', rest)), Some((_, text))) => matches(rest, text),
        (Some((a, rest)), Some((b, text))) => a == b && matches(rest, text),
        (None, Some(_)) | (Some(_), None) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_meant_by_key_by_name_and_by_pattern() {
        let key = "S39-chunked@1.3";
        let name = "h1-truncated-request";
        for pattern in [
            "S39",
            "s39",
            "S3*",
            "S39-chunked",
            "S39-chunked@1.3",
            "S39*@1.3",
            "*@1.3",
            "S?9",
            "h1-truncated-request",
            "h1-*",
            "*",
            "S39@*",
            "S39@1.3",
        ] {
            assert!(selects(pattern, key, name), "{pattern}");
        }
        for pattern in ["S3", "S390", "S39-length", "*@1.2", "", "tls-*", "S??9"] {
            assert!(!selects(pattern, key, name), "{pattern}");
        }
    }
}

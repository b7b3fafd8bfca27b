//! The table of keys as a manual page, `tidegate.toml.5`.

use super::{
    keys::{FILE, Is, Key, Takes},
    schema::inside,
};
use roff::{Roff, bold, italic, roman};

/// The page, as roff.
#[must_use]
pub fn manual() -> String {
    let mut page = Roff::new();
    let title = concat!("tidegate ", env!("CARGO_PKG_VERSION"));
    page.control("TH", ["tidegate.toml", "5", "", title, ""]);
    page.control("SH", ["NAME"]);
    page.text([roman("tidegate.toml - what tidegate serves, and how")]);
    page.control("SH", ["DESCRIPTION"]);
    page.text([
        roman("A TOML file. Durations and sizes are strings with a unit ("),
        bold("\"30s\", \"500ms\", \"2h\", \"64KiB\""),
        roman("). "),
        bold("${env:NAME}"),
        roman(" within a string is a variable of the environment. Unknown keys are errors; "),
        bold("tidegate check -c"),
        roman(" "),
        italic("FILE"),
        roman(" says all that is wrong at once, "),
        bold("tidegate config defaults"),
        roman(" prints a file with every default."),
    ]);
    page.control("SH", ["KEYS"]);
    table(FILE, "", &mut page);
    page.control("SH", ["SEE ALSO"]);
    page.text([bold("tidegate"), roman("(1)")]);
    page.render()
}

/// The keys of a table, and then of the tables in it.
fn table(keys: &'static [Key], path: &str, page: &mut Roff) {
    for key in keys {
        page.control("TP", []);
        let kind = kind(key.takes);
        let mut head = vec![bold(key.name)];
        if !kind.is_empty() {
            head.extend([roman(" = "), italic(kind)]);
        }
        page.text(head);
        let value = match (key.is, key.value) {
            (_, "") => Vec::new(),
            (Is::Default | Is::Elsewhere, value) => vec![roman(". By default "), bold(value)],
            (Is::Example, value) => vec![roman(". For example "), bold(value)],
            (Is::Needed, value) => vec![roman(". It must be there. For example "), bold(value)],
        };
        let mut about = key.about.chars();
        let first = about.next().into_iter().flat_map(char::to_uppercase);
        let mut words = vec![roman(first.chain(about).collect::<String>())];
        words.extend(value);
        words.push(roman("."));
        page.text(words);
    }
    for key in keys {
        let inner = inside(key.takes);
        if inner.is_empty() {
            continue;
        }
        let path = match path {
            "" => key.name.to_owned(),
            path => format!("{path}.{}", key.name),
        };
        let head = match is_list(key.takes) {
            true => format!("[[{path}]]"),
            false => format!("[{path}]"),
        };
        page.control("SS", [head.as_str()]);
        table(inner, &path, page);
    }
}

/// Whether there may be several of its tables.
fn is_list(takes: Takes) -> bool {
    if let Takes::Either(forms) = takes {
        return forms.iter().any(|&form| is_list(form));
    }
    matches!(takes, Takes::Tables(_) | Takes::TextsOr(_) | Takes::List(_))
}

fn kind(takes: Takes) -> String {
    match takes {
        Takes::Duration => "duration".to_owned(),
        Takes::Size => "size".to_owned(),
        Takes::Count => "number".to_owned(),
        Takes::Flag => "true|false".to_owned(),
        Takes::Text => "text".to_owned(),
        Takes::Texts => "[text, ...]".to_owned(),
        Takes::Counts => "[number, ...]".to_owned(),
        Takes::Word(words) => words.join("|"),
        Takes::Names => "{ name = text, ... }".to_owned(),
        Takes::TextsOr(_) => "[text or table, ...]".to_owned(),
        Takes::No => "false".to_owned(),
        Takes::List(_) => "[table, ...]".to_owned(),
        Takes::Table(_) => "table".to_owned(),
        Takes::Tables(_) => String::new(),
        Takes::Either(forms) => {
            let forms: Vec<_> = forms.iter().map(|&form| kind(form)).collect();
            forms.join("|")
        }
    }
}

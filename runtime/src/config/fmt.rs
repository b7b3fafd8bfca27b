//! `tidegate config fmt`: the same file in the order and spacing that all have. Comments stay with what they
//! stand beside; tables stay in their order, and so do the items of a list.

use super::{
    keys::{FILE, Key},
    schema::{below, rank},
};
use toml_edit::{Array, Decor, DocumentMut, InlineTable, Item, KeyMut, Table, Value};

/// The file in its form.
///
/// # Errors
/// It is not TOML: why, and where.
pub fn format(text: &str) -> Result<String, String> {
    let mut document: DocumentMut = text.parse().map_err(|error| format!("{error}"))?;
    table(document.as_table_mut(), FILE);
    let trailing = comments(document.trailing().as_str().unwrap_or_default(), true);
    document.set_trailing(trailing.trim_end_matches('\n').to_owned());
    let formatted = document.to_string();
    Ok(formatted.trim_matches('\n').to_owned() + "\n")
}

fn table(table: &mut Table, keys: &'static [Key]) {
    table.sort_values_by(|one, _, other, _| rank(keys, one.get()).cmp(&rank(keys, other.get())));
    for (key, item) in table.iter_mut() {
        let inner = below(keys, key.get());
        match item {
            Item::Table(inside) => section(inside, inner),
            Item::ArrayOfTables(all) => all.iter_mut().for_each(|one| section(one, inner)),
            Item::Value(inside) => {
                line(key);
                value(inside, inner);
                behind(inside.decor_mut());
            }
            Item::None => {}
        }
    }
}

/// A table with a header.
fn section(inside: &mut Table, keys: &'static [Key]) {
    let dotted = inside.is_dotted();
    let decor = inside.decor_mut();
    let before = decor.prefix().and_then(|prefix| prefix.as_str());
    let before = comments(before.unwrap_or_default(), false);
    if !dotted {
        decor.set_prefix(format!("\n{before}"));
        behind(decor);
    }
    table(inside, keys);
}

/// A key at the front of a line, with the comments above it.
fn line(mut key: KeyMut<'_>) {
    let decor = key.leaf_decor_mut();
    let before = decor.prefix().and_then(|prefix| prefix.as_str());
    let before = comments(before.unwrap_or_default(), true);
    decor.set_prefix(before);
    decor.set_suffix(" ");
}

/// What stands behind a value or a header: nothing, or a comment.
fn behind(decor: &mut Decor) {
    let comment = decor.suffix().and_then(|suffix| suffix.as_str());
    let comment = comment.unwrap_or_default().trim().to_owned();
    decor.set_suffix(match comment.is_empty() {
        true => String::new(),
        false => format!(" {comment}"),
    });
}

/// Comment lines at the front of their lines, without empty ones in a row; `gaps`: an empty line may stay.
fn comments(text: &str, gaps: bool) -> String {
    let mut out = String::new();
    let mut empty = false;
    for line in text.lines() {
        let line = line.trim();
        if line.is_empty() {
            empty = true;
            continue;
        }
        if empty && (gaps || !out.is_empty()) {
            out.push('\n');
        }
        empty = false;
        out.push_str(line);
        out.push('\n');
    }
    if empty && gaps && !out.is_empty() {
        out.push('\n');
    }
    out
}

fn value(inside: &mut Value, keys: &'static [Key]) {
    match inside {
        Value::InlineTable(inline) => inline_table(inline, keys),
        Value::Array(items) => array(items, keys),
        Value::String(_)
        | Value::Integer(_)
        | Value::Float(_)
        | Value::Boolean(_)
        | Value::Datetime(_) => {}
    }
    inside.decor_mut().set_prefix(" ");
}

fn inline_table(inline: &mut InlineTable, keys: &'static [Key]) {
    // What is spread over lines, or has comments, is as somebody wanted it.
    let spread = inline.to_string().contains('\n');
    if spread {
        return;
    }
    inline.sort_values_by(|one, _, other, _| rank(keys, one.get()).cmp(&rank(keys, other.get())));
    for (key, inside) in inline.iter_mut() {
        value(inside, below(keys, key.get()));
    }
    inline.fmt();
}

fn array(items: &mut Array, keys: &'static [Key]) {
    let spread = items.to_string().contains('\n');
    for item in items.iter_mut() {
        if let Value::InlineTable(inline) = item {
            let decor = inline.decor().clone();
            inline_table(inline, keys);
            *inline.decor_mut() = decor;
        }
    }
    if !spread {
        items.fmt();
    }
}

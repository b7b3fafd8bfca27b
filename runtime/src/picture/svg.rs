//! SVG as text: what is written, and that nothing written can be mistaken for markup.

use std::fmt::{self, Write as _};

/// A document that grows.
#[derive(Debug, Default)]
pub(super) struct Svg(String);

impl Svg {
    /// An element without children: `shape("line", "rst", format_args!("x1='1'"))`.
    pub(super) fn shape(&mut self, name: &str, class: &str, attributes: fmt::Arguments<'_>) {
        self.line(format_args!("<{name} class=\"{class}\" {attributes}/>"));
    }

    /// Words, at a place.
    pub(super) fn text(&mut self, class: &str, (x, y): (u32, u32), words: &str) {
        let words = escaped(words);
        self.line(format_args!(
            "<text class=\"{class}\" x=\"{x}\" y=\"{y}\">{words}</text>"
        ));
    }

    /// A rectangle with words that are shown to whoever points at it.
    pub(super) fn told(&mut self, class: &str, (x, y, width, height): Rect, words: &str) {
        let words = escaped(words);
        self.line(format_args!(
            "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" \
             height=\"{height}\"><title>{words}</title></rect>"
        ));
    }

    /// The document, of this size, with what is drawn on it.
    pub(super) fn document(self, (width, height): (u32, u32), label: &str) -> String {
        let (label, style, drawn) = (escaped(label), include_str!("style.css"), self.0);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"tidegate\" role=\"img\" \
             aria-label=\"{label}\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
             height=\"{height}\">\n<style>\n{style}</style>\n<rect class=\"back\" width=\"{width}\" \
             height=\"{height}\"/>\n{drawn}</svg>\n"
        )
    }

    fn line(&mut self, words: fmt::Arguments<'_>) {
        // A String takes whatever it is given.
        let _infallible = self.0.write_fmt(words);
        self.0.push('\n');
    }
}

/// x, y, width, height.
pub(super) type Rect = (u32, u32, u32, u32);

/// Characters that mean something to a reader of XML, and those that it forbids, written so that they do not.
fn escaped(words: &str) -> String {
    let mut safe = String::with_capacity(words.len());
    for letter in words.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            letter if letter.is_control() => safe.push('\u{fffd}'),
            letter => safe.push(letter),
        }
    }
    safe
}

//! A trace as a picture: who said what to whom, what lay inside, which timer ran. SVG, from the rows that
//! `trace.rs` writes, so that a live session, a file, a reviewed snapshot, the demo and a seed of the
//! simulation all look alike.
//!
//! Pure: text in, text out. `rows` reads, `marks` says what a row has to show, `timers` which bars there
//! are, `draw` where everything is, `svg` how it is written.

mod draw;
mod marks;
mod rows;
mod svg;
mod timers;

/// Every trace in `text`, one below the other, as an SVG document; nothing if there is none.
///
/// Rows are found wherever they are: around them there may be the words of a file, a test or a command.
#[must_use]
pub fn picture(text: &str) -> Option<String> {
    let traces = rows::read(text);
    (!traces.is_empty()).then(|| draw::document(&traces))
}

#[cfg(test)]
mod tests;

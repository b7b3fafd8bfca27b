//! How long things have taken: counts by class, and the sum.

use std::{fmt, fmt::Write};
use tidegate_core::time::Span;

/// Upper bounds of classes, each as it is written; the last class has none.
pub(super) type Bounds = &'static [(&'static str, Span)];

/// Of requests, as the semantic conventions advise (1.44).
pub(super) const REQUESTS: Bounds = &[
    ("0.005", Span::from_ms(5)),
    ("0.01", Span::from_ms(10)),
    ("0.025", Span::from_ms(25)),
    ("0.05", Span::from_ms(50)),
    ("0.075", Span::from_ms(75)),
    ("0.1", Span::from_ms(100)),
    ("0.25", Span::from_ms(250)),
    ("0.5", Span::from_ms(500)),
    ("0.75", Span::from_ms(750)),
    ("1", Span::from_secs(1)),
    ("2.5", Span::from_ms(2_500)),
    ("5", Span::from_secs(5)),
    ("7.5", Span::from_ms(7_500)),
    ("10", Span::from_secs(10)),
];

/// Of connections: from one request to a tunnel of a week.
pub(super) const CONNECTIONS: Bounds = &[
    ("0.01", Span::from_ms(10)),
    ("0.1", Span::from_ms(100)),
    ("1", Span::from_secs(1)),
    ("10", Span::from_secs(10)),
    ("60", Span::from_secs(60)),
    ("600", Span::from_secs(600)),
    ("3600", Span::from_secs(3_600)),
    ("86400", Span::from_secs(86_400)),
];

/// Of handshakes and connects.
pub(super) const MEETINGS: Bounds = &[
    ("0.001", Span::from_ms(1)),
    ("0.005", Span::from_ms(5)),
    ("0.025", Span::from_ms(25)),
    ("0.1", Span::from_ms(100)),
    ("0.5", Span::from_ms(500)),
    ("1", Span::from_secs(1)),
    ("5", Span::from_secs(5)),
    ("10", Span::from_secs(10)),
];

/// The most classes that one has, the last included.
const CLASSES: usize = REQUESTS.len() + 1;

/// Counts by class, and the sum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    classes: [u64; CLASSES],
    micros: u64,
}

impl Histogram {
    pub(super) fn add(&mut self, bounds: Bounds, span: Span) {
        let class = bounds.iter().position(|(_, bound)| span <= *bound);
        self.classes[class.unwrap_or(bounds.len())] += 1;
        self.micros = self.micros.saturating_add(span.0);
    }

    pub(super) fn merge(&mut self, other: &Histogram) {
        for (mine, other) in self.classes.iter_mut().zip(other.classes) {
            *mine += other;
        }
        self.micros = self.micros.saturating_add(other.micros);
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.classes.iter().sum()
    }

    /// How many series it is of.
    /// All of them together, in microseconds.
    pub(super) const fn micros(&self) -> u64 {
        self.micros
    }

    pub(super) const fn series(bounds: Bounds) -> usize {
        bounds.len() + 3
    }

    /// Its lines. `labels` are without braces.
    pub(super) fn write(&self, out: &mut String, name: &str, labels: &str, bounds: Bounds) {
        let comma = if labels.is_empty() { "" } else { "," };
        let all = bounds.iter().map(|(bound, _)| *bound).chain(["+Inf"]);
        let mut count = 0;
        for (bound, class) in all.zip(self.classes) {
            count += class;
            line(
                out,
                format_args!("{name}_bucket{{{labels}{comma}le=\"{bound}\"}} {count}"),
            );
        }
        let (whole, rest) = (self.micros / 1_000_000, self.micros % 1_000_000);
        let labels = match labels {
            "" => String::new(),
            labels => format!("{{{labels}}}"),
        };
        line(out, format_args!("{name}_sum{labels} {whole}.{rest:06}"));
        line(out, format_args!("{name}_count{labels} {count}"));
    }
}

pub(super) fn line(out: &mut String, text: fmt::Arguments<'_>) {
    // Memory does not fail to be written to.
    let _ = writeln!(out, "{text}");
}

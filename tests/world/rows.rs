//! A path through a world, as the rows of a trace.

use super::{Action, Told, World, shape::Shape};
use std::fmt::Write as _;
use tidegate_core::{
    session::Rule,
    time::Time,
    trace::{HEADER, Row},
};

/// The steps of a path, as rows, and what was found at its end.
pub(crate) fn trace(shape: &Shape, path: &[Action], rules: &[Rule]) -> String {
    let mut world = World::new(shape);
    let mut text = format!("{}\n{HEADER}\n", shape.name);
    for action in path {
        let mut told: Vec<Told> = Vec::new();
        let result = world.act_telling(shape, *action, rules, &mut |step| told.push(step));
        if told.is_empty() {
            writeln!(text, "{action:?}").unwrap();
        }
        for (n, step) in told.iter().enumerate() {
            let after = told.get(n + 1).map_or(&world.session, |next| &next.before);
            let row = Row::new(Time(0), step.event, &step.before, after, &step.effects);
            writeln!(text, "{row}").unwrap();
        }
        if let Err(found) = result {
            writeln!(text, "{}: {}", found.check, found.detail).unwrap();
        }
    }
    text
}

//! Which row of LIFECYCLE is proven by what. `docs/ROWS.md` says what must be so; what proves it is
//! found by its id in the tree, and no row may be without. Run with `--nocapture` to read the list.

use crate::{
    complain,
    rules::{rows, scenarios},
    tree::{Source, sources, text_files},
};
use std::fmt;
use tidegate_sim::oracle::Invariant;

/// Where the rows stand.
const ROWS: &str = "docs/ROWS.md";

/// A row, and what proves it besides what is named after it.
struct Row {
    id: String,
    also: Vec<String>,
}

/// A proof, and where it is.
enum Proof {
    Test(String, String),
    Trace(String),
    Scenario,
    Script(String),
    /// A judge of every step of the walk and of the random paths.
    Rule(String),
    /// A judge of what peers saw of a seed.
    Oracle(Invariant),
    Row(String),
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Proof::Test(path, name) => write!(f, "test      {path}: {name}"),
            Proof::Trace(name) => write!(f, "trace     {name}"),
            Proof::Scenario => f.write_str("scenario  of the probe"),
            Proof::Script(name) => write!(f, "parity    {name}"),
            Proof::Rule(path) => write!(f, "rule      {path}"),
            Proof::Oracle(one) => write!(f, "oracle    {one:?}"),
            Proof::Row(id) => write!(f, "row       {id}"),
        }
    }
}

/// The cells of the tables of `text`, up to those of what is not here.
fn cells(text: &str) -> impl Iterator<Item = Vec<&str>> {
    let rows = text.lines().filter_map(|line| line.strip_prefix("| "));
    let cells = rows.map(|row| row.split('|').map(str::trim).collect::<Vec<_>>());
    cells.filter(|cells| cells[0] != "row")
}

fn parsed(text: &str) -> Vec<Row> {
    let (here, _) = text.split_once("## Not here").expect("what is not here");
    cells(here)
        .map(|cells| Row {
            id: cells[0].to_string(),
            also: cells[2]
                .split(", ")
                .filter(|also| !also.is_empty())
                .map(str::to_string)
                .collect(),
        })
        .collect()
}

/// The tree, as far as proofs are looked for in it.
struct Tree {
    /// Every file, and the names of its tests.
    sources: Vec<(Source, Vec<String>)>,
    traces: Vec<String>,
}

impl Tree {
    fn read() -> Tree {
        let trace = |file: Source| {
            let name = file.path.strip_prefix("snapshots/lifecycle/")?;
            name.strip_suffix(".snap").map(str::to_string)
        };
        let named = |source: Source| {
            let tests = source.tests();
            (source, tests)
        };
        Tree {
            sources: sources().into_iter().map(named).collect(),
            traces: text_files().into_iter().filter_map(trace).collect(),
        }
    }

    /// What is named after `id`.
    fn proofs(&self, id: &str) -> Vec<Proof> {
        let mut proofs = Vec::new();
        for (source, tests) in &self.sources {
            for name in tests.iter().filter(|name| is_named_after(name, id)) {
                proofs.push(Proof::Test(source.path.clone(), name.clone()));
                proofs.extend(self.traces_of(source, name).map(Proof::Trace));
            }
            let of = |folder: &str| source.path.starts_with(folder);
            let row = format!("row: \"{id}\"");
            if of("runtime/src/probe/scenario/") && source.text.contains(&row) {
                proofs.push(Proof::Scenario);
            }
            if of("tests/world/") && source.text.contains(&format!("\"{id}\"")) {
                proofs.push(Proof::Rule(source.path.clone()));
            }
            if of("tests/parity/scripts.rs") {
                let scripts = source.lines().filter_map(|line| script(line, id));
                proofs.extend(scripts.map(Proof::Script));
            }
        }
        let judges = Invariant::ALL.into_iter();
        let judges = judges.filter(|one| one.lifecycle().contains(&id));
        proofs.extend(judges.map(Proof::Oracle));
        proofs
    }

    /// The traces that a story tells.
    fn traces_of<'a>(&'a self, source: &Source, test: &str) -> impl Iterator<Item = String> + 'a {
        let story = source.path.starts_with("tests/lifecycle/");
        let body = source.text.split_once(&format!("fn {test}("));
        let body = body.map_or("", |(_, behind)| behind);
        let body = body.split("\n}\n").next().unwrap_or_default().to_string();
        let traces = self.traces.iter().filter(move |_| story);
        traces
            .filter(move |trace| body.contains(&format!("\"{trace}\"")))
            .cloned()
    }

    fn has_test(&self, name: &str) -> Option<Proof> {
        let mut sources = self.sources.iter();
        let (source, _) = sources.find(|(_, tests)| tests.iter().any(|test| test == name))?;
        Some(Proof::Test(source.path.clone(), name.to_string()))
    }

    /// Everything that proves `row`; what it names and is not there is a fault.
    fn all(&self, row: &Row, rows: &[Row], faults: &mut Vec<String>) -> Vec<Proof> {
        let mut proofs = self.proofs(&row.id);
        for also in &row.also {
            let named = also.trim_matches('`');
            let known = rows
                .iter()
                .any(|other| other.id == named && named != row.id);
            let found = match known {
                true => Some(Proof::Row(named.to_string())),
                false => self.has_test(named),
            };
            match found {
                Some(proof) => proofs.push(proof),
                None => faults.push(format!("{}: there is no {also}", row.id)),
            }
        }
        if proofs.is_empty() {
            faults.push(format!("{}: nothing proves it", row.id));
        }
        proofs
    }
}

/// `r03_r04_a_fin` is named after R03 and R04, `row_4_11_9_fin` after 4.11.9.
fn is_named_after(test: &str, id: &str) -> bool {
    if id.contains('.') {
        let name = format!("row_{}_", id.replace('.', "_"));
        return test.contains(&name);
    }
    test.split('_').any(|word| word == id.to_lowercase())
}

/// The name of a parity script, if it is of `id`: `"K11, write first",`.
fn script(line: &str, id: &str) -> Option<String> {
    let name = line.trim().strip_prefix('"')?.strip_suffix("\",")?;
    let first = name.split([' ', ',']).next()?;
    (first == id).then(|| name.to_string())
}

fn text() -> String {
    let mut files = text_files().into_iter();
    let file = files.find(|file| file.path == ROWS).expect(ROWS);
    file.text
}

#[test]
fn every_row_has_its_proof() {
    let (tree, rows) = (Tree::read(), parsed(&text()));
    let (mut faults, mut count) = (Vec::new(), 0);
    for row in &rows {
        let proofs = tree.all(row, &rows, &mut faults);
        count += proofs.len();
        println!("{}", row.id);
        for proof in proofs {
            println!("    {proof}");
        }
    }
    println!("{} rows, {count} proofs", rows.len());
    complain(&faults);
}

#[test]
fn no_row_is_left_out() {
    let text = text();
    let (_, absent) = text.split_once("## Not here").expect("what is not here");
    let rows_here = parsed(&text);
    let absent: Vec<&str> = cells(absent).map(|cells| cells[0]).collect();
    let invariants = (1..=20).map(|n| format!("I{n}"));
    let missing = rows().chain(scenarios()).chain(invariants).filter(|id| {
        let here = rows_here.iter().any(|row| row.id == *id);
        let mut words = absent.iter().flat_map(|ids| ids.split([' ', ',']));
        let named = words.any(|word| word == id);
        here == named
    });
    let faults: Vec<String> = missing
        .map(|id| format!("{id}: not in {ROWS}, or in it twice"))
        .collect();
    complain(&faults);
}

#[test]
fn a_row_without_a_proof_is_seen() {
    let text =
        "| R99 | nobody has tested this | |\n| R98 | nor this | `no_such_test` |\n## Not here";
    let (tree, rows) = (Tree::read(), parsed(text));
    let mut faults = Vec::new();
    for row in &rows {
        tree.all(row, &rows, &mut faults);
    }
    assert_eq!(faults.len(), 3, "{faults:?}");
}

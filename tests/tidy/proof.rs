//! Which row of LIFECYCLE is proven by what. `docs/ROWS.md` says what must be so; what proves it is
//! found by its id in the tree, and no row may be without. Run with `--nocapture` to read the list.

use crate::{
    complain,
    rules::lifecycle,
    tree::{Source, sources, text_files},
};
use std::{collections::BTreeSet, fmt};
use tidegate_sim::oracle::Invariant;

/// Where the rows stand.
const ROWS: &str = "docs/ROWS.md";

/// What is said of a row whose proofs are of the fast network only, and of no other.
const FAST_ALONE: &str = "(fast network alone)";

/// Where these are.
const FAST: &str = "sim/src/fast/";

/// A row, what it says, and what proves it besides what is named after it.
struct Row {
    id: String,
    says: String,
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
        .map(|cells| {
            let [id, says, also, ""] = cells[..] else {
                panic!("{ROWS}: a row of three cells, not {cells:?}")
            };
            let also = match also {
                "" => Vec::new(),
                some => some
                    .split(',')
                    .map(|also| also.trim().to_string())
                    .collect(),
            };
            let [id, says] = [id, says].map(str::to_string);
            Row { id, says, also }
        })
        .collect()
}

/// A row that follows from itself, and the way round, if there is one.
fn circle(rows: &[Row]) -> Option<String> {
    let mut grounded = BTreeSet::new();
    // A row is grounded once all the rows it names are; what is left goes in circles.
    loop {
        let before = grounded.len();
        for row in rows {
            let also = rows.iter().filter(|other| row.also.contains(&other.id));
            let mut open = also.filter(|other| !grounded.contains(&other.id));
            if open.next().is_none() {
                grounded.insert(row.id.clone());
            }
        }
        if grounded.len() == before {
            break;
        }
    }
    let ids = rows.iter().map(|row| row.id.clone());
    let left: Vec<String> = ids.filter(|id| !grounded.contains(id)).collect();
    (!left.is_empty()).then(|| format!("each of these waits for another: {}", left.join(", ")))
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
            let known = rows.iter().any(|other| other.id == named);
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
        let fast = |proof: &Proof| matches!(proof, Proof::Test(path, _) if path.starts_with(FAST));
        let alone = !proofs.is_empty() && proofs.iter().all(fast);
        if alone != row.says.contains(FAST_ALONE) {
            let not = if alone { "not " } else { "" };
            faults.push(format!("{}: {FAST_ALONE} is {not}said of it", row.id));
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
    faults.extend(circle(&rows));
    complain(&faults);
}

/// Every row of LIFECYCLE stands in one place, and no other rows do.
fn misplaced(text: &str) -> Vec<String> {
    let (_, absent) = text.split_once("## Not here").expect("what is not here");
    let mut stand: Vec<String> = parsed(text).into_iter().map(|row| row.id).collect();
    for ids in cells(absent).map(|cells| cells[0]) {
        stand.extend(ids.split(", ").map(str::to_string));
    }
    let ids = lifecycle();
    let count = |id: &String| stand.iter().filter(|other| *other == id).count();
    let strange = stand.iter().filter(|id| !ids.contains(id));
    let strange = strange.map(|id| format!("{id}: not a row of LIFECYCLE"));
    let wrong = ids.iter().filter(|id| count(id) != 1);
    let wrong = wrong.map(|id| format!("{id}: {} times in {ROWS}", count(id)));
    wrong.chain(strange).collect()
}

#[test]
fn no_row_is_left_out() {
    complain(&misplaced(&text()));
}

#[test]
fn a_row_that_is_left_out_is_seen() {
    let text = text();
    let line = |row: &str| {
        let mut lines = text.lines();
        lines.find(|line| line.starts_with(row)).expect(row)
    };
    for row in ["| K22 |", "| 4.4.3 |", "| 4.14.2 |", "| I20 |"] {
        let without = text.replace(&format!("{}\n", line(row)), "");
        assert_eq!(misplaced(&without).len(), 1, "{row}");
        let twice = text.replace(line(row), &format!("{0}\n{0}", line(row)));
        assert_eq!(misplaced(&twice).len(), 1, "{row}");
    }
    let more = text.replace("| K22 |", "| K27 |");
    assert_eq!(misplaced(&more).len(), 2);
}

/// What is wrong with a table of these rows.
fn faults(rows: &str) -> Vec<String> {
    let (tree, rows) = (Tree::read(), parsed(&format!("{rows}\n## Not here")));
    let mut faults = Vec::new();
    for row in &rows {
        tree.all(row, &rows, &mut faults);
    }
    faults.extend(circle(&rows));
    faults
}

#[test]
fn a_row_without_a_proof_is_seen() {
    let nobody = faults("| R99 | nobody has tested this | |\n| R98 | nor this | `no_such_test` |");
    assert_eq!(nobody.len(), 3, "{nobody:?}");
    let empty =
        faults("| R01 | the second of its proofs is none | R02, , R03 |\n| R02 | | |\n| R03 | | |");
    assert_eq!(empty, ["R01: there is no "]);
    let itself = faults("| R99 | because it is so | R99 |");
    assert_eq!(itself, ["each of these waits for another: R99"]);
    let round = faults("| R97 | | R98 |\n| R98 | | R99 |\n| R99 | | R97 |\n| R01 | | |");
    assert_eq!(round, ["each of these waits for another: R97, R98, R99"]);
    let away =
        faults("| K23a | a proof of the fast network | |\n| K22 | three (fast network alone) | |");
    assert_eq!(away.len(), 2, "{away:?}");
}

#[test]
fn a_test_that_tests_nothing_is_no_proof() {
    let source = Source {
        path: "tests/rows/x.rs".to_string(),
        text: "#[test]\nfn r01_hollow() {}\n\n#[test]\nfn r02_later() {\n    // Later.\n}\n\n\
               #[test]\n#[ignore = \"slow\"]\nfn r03_ignored() {\n    so();\n}\n\n\
               #[test]\nfn r04_tested() {\n    so();\n}\n"
            .to_string(),
    };
    assert_eq!(source.tests(), ["r04_tested"]);
}

//! The museum's table is true: every wrong rule is caught where it says, and every kept schedule
//! fails with its variant, and only with it.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};
use tidegate_core::{trace::HEADER, variant::Variant};
use tidegate_sim::{
    case,
    museum::{self, Evidence, Level, ROWS, Row, WALKED},
    schedule::Schedule,
    shrink,
    world::Net,
};

/// A trace is read by people: of a long one, so many rows of its beginning and of its end.
const MOST_ROWS: usize = 16;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/seeds/schedules/museum")
}

fn evidence() -> impl Iterator<Item = (&'static Row, &'static Evidence)> {
    let of = |row: &'static Row| row.evidence().iter().map(move |one| (row, one));
    ROWS.iter().flat_map(of)
}

#[test]
fn every_row_of_the_museum_is_there_and_more_than_twenty_are_caught() {
    let numbers: Vec<u8> = ROWS.iter().map(|row| row.number).collect();
    let numbered: Vec<u8> = numbers.into_iter().filter(|number| *number > 0).collect();
    assert_eq!(numbered, (1..=46).collect::<Vec<u8>>());
    let is_kept = |row: &&Row| row.number > 0 && !row.evidence().is_empty();
    assert!(ROWS.iter().filter(is_kept).count() >= 20);
}

#[test]
fn every_known_bad_variant_hangs_in_the_museum() {
    let kept: BTreeSet<Variant> = evidence().map(|(_, one)| one.variant).collect();
    let all: BTreeSet<Variant> = Variant::ALL.into_iter().collect();
    assert_eq!(kept, all);
    for (_, one) in evidence() {
        let walked = WALKED.contains(&one.variant);
        let by_the_walk = matches!(one.level, Level::Walk);
        assert!(walked || !by_the_walk, "{:?}", one.variant);
    }
}

#[test]
fn the_page_is_the_table() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("sim/MUSEUM.md");
    let text = fs::read_to_string(page).expect("the page");
    assert_eq!(text, museum::page(), "`tidegate-sim museum` prints it");
}

#[test]
fn the_seeds_catch_what_the_table_says_they_catch() {
    for (row, one) in evidence() {
        if let Level::Seeds(kind, most) = one.level {
            let variant = one.variant;
            let found = museum::first(variant, kind, most);
            let (seed, finding) =
                found.unwrap_or_else(|| panic!("{variant:?} passed {most} seeds of {kind}"));
            println!(
                "{:>2} {variant:?}: seed {seed} of {kind}: {finding}",
                row.number
            );
        }
    }
}

#[test]
fn every_kept_schedule_fails_with_its_variant_and_only_with_it() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../snapshots/seeds/museum");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let mut kept = BTreeSet::new();
    for (row, one) in evidence() {
        let Some(file) = row.file(one) else { continue };
        let text = fs::read_to_string(folder().join(&file)).expect("a schedule");
        let schedule: Schedule = text.parse().expect("a schedule");
        assert_eq!(
            schedule.to_string(),
            text,
            "{file} does not render to itself"
        );
        assert_eq!(schedule.validate(), Ok(()), "{file}");
        let good = shrink::find(&Net::ALL, &schedule, None);
        assert_eq!(good, None, "{file} fails without its variant");
        let name = file.trim_end_matches(".sched").to_owned();
        let told = told(&name, row, one, &schedule);
        settings.bind(|| insta::assert_snapshot!(name, told));
        kept.insert(file);
    }
    let there: BTreeSet<String> = fs::read_dir(folder())
        .expect("the folder")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    assert_eq!(
        there, kept,
        "a schedule that is in no row, or a row without one"
    );
}

/// The trace of the run that fails, and what the judge says of it.
fn told(name: &str, row: &Row, one: &Evidence, schedule: &Schedule) -> String {
    let (variant, shape) = (one.variant, row.shape);
    let finding = shrink::find(&[Net::Fast], schedule, Some(variant));
    let finding = finding.unwrap_or_else(|| panic!("{name} passes with its variant"));
    let played = case::play(Net::Fast, schedule, finding.timers, Some(variant), true);
    let all: Vec<String> = played.rows().iter().map(ToString::to_string).collect();
    let rows = match all.len().checked_sub(2 * MOST_ROWS) {
        None | Some(0) => all,
        Some(left_out) => {
            let (first, last) = (&all[..MOST_ROWS], &all[all.len() - MOST_ROWS..]);
            let between = [format!("       ... {left_out} rows ...")];
            [first, &between, last].concat()
        }
    };
    let rows = rows.join("\n");
    // Of a panic what it says, and not where: lines move.
    let finding = finding.to_string();
    let verdict = match finding.split_once("panicked at ") {
        None => finding,
        Some((before, place)) => format!(
            "{before}{}",
            place.split_once('\n').map_or("", |(_, what)| what)
        ),
    };
    format!("{variant:?}: {shape}.\n\n{schedule}\n{HEADER}\n{rows}\nverdict: {verdict}")
}

//! Every reviewed trace as a picture: each of its rows is there. One of them is reviewed as it is drawn.

use std::{fs, path::Path};
use tidegate::picture::picture;
use tidegate_core::trace::HEADER;

fn folder(name: &str) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    let files = fs::read_dir(folder).expect("the folder is there");
    let mut all: Vec<_> = files
        .map(|file| {
            let path = file.expect("a file").path();
            let name = path
                .file_name()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            (name, fs::read_to_string(path).expect("it is text"))
        })
        .collect();
    all.sort();
    all
}

/// How many rows stand below the heads of `text`.
fn rows(text: &str) -> usize {
    let below = text.split(HEADER).skip(1);
    let step = |line: &&str| {
        line.trim_start()
            .starts_with(|first: char| first.is_ascii_digit())
    };
    below
        .map(|below| below.lines().skip(1).take_while(step).count())
        .sum()
}

#[test]
fn every_row_of_every_reviewed_trace_is_drawn() {
    let mut traces = 0;
    for (name, text) in [
        folder("snapshots/lifecycle"),
        folder("tests/lifecycle/recorded"),
    ]
    .concat()
    {
        let expected = rows(&text);
        if expected == 0 {
            continue;
        }
        let svg = picture(&text).unwrap_or_else(|| panic!("{name} is not drawn"));
        let drawn = svg.matches("<text class=\"moment\"").count();
        assert_eq!(drawn, expected, "{name}");
        traces += 1;
    }
    assert!(traces > 90, "there were {traces}");
}

#[test]
fn a_half_closed_relay() {
    let folder = folder("tests/lifecycle/recorded");
    let (_, text) = folder
        .iter()
        .find(|(name, _)| name == "half_closed.trace")
        .expect("it is there");
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../snapshots/picture");
    settings.set_prepend_module_to_snapshot(false);
    let svg = picture(text).expect("it is a trace");
    settings.bind(|| insta::assert_snapshot!("half_closed", svg));
}

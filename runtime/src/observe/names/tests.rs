//! The handbook of metrics, held to what there is.

use super::*;
use std::path::Path;

/// How its section begins: its type and its labels.
fn said(family: &Family) -> (String, String) {
    let labels: Vec<_> = family.labels.iter().map(|one| format!("`{one}`")).collect();
    let by = match &*labels {
        [] => "nothing".to_owned(),
        labels => labels.join(", "),
    };
    (
        format!("- **Is** a {}, in ", family.kind),
        format!(", by {by}"),
    )
}

#[test]
fn each_metric_has_its_section_and_no_other_has_one() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/METRICS.md");
    let text = std::fs::read_to_string(path).unwrap();
    let mut sections = text.split("\n## `").skip(1);
    for family in Family::ALL {
        let section = sections.next().unwrap_or_default();
        let (name, body) = section.split_once('`').unwrap_or_default();
        assert_eq!(name, family.name, "in the order of the list");
        let line = body.lines().find(|line| line.starts_with("- **Is**"));
        let (is, by) = said(&family);
        let line = line.unwrap_or_default();
        assert!(
            line.starts_with(&is) && line.ends_with(&by),
            "{name}: {line}"
        );
        for part in ["- **Counts** ", "- **Worry when** "] {
            assert!(body.contains(part), "{name}: {part}");
        }
    }
    assert_eq!(sections.next(), None);
}

/// What the conventions of Prometheus ask of a name, and of a unit in it.
#[test]
fn every_name_says_its_unit_where_it_has_one() {
    for Family { name, kind, .. } in Family::ALL {
        assert_eq!(name.ends_with("_total"), kind == "counter", "{name}");
        if kind == "histogram" {
            assert!(name.ends_with("_seconds"), "{name}");
        }
    }
}

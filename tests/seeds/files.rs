//! Schedules kept as files: each parses and renders to itself, and its trace is reviewed.

use std::{fs, path::PathBuf};
use tidegate_core::trace::HEADER;
use tidegate_sim::{
    case,
    fault::Timers,
    generate::{self, Kind},
    reproduce,
    schedule::{Carrier, Schedule},
    tls::Version,
    world::Net,
};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/seeds/schedules")
}

fn files() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder())
        .expect("the folder of schedules")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|end| end == "sched"))
        .collect();
    files.sort();
    files
}

#[test]
fn every_schedule_file_renders_to_itself_and_replays_to_its_trace() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../snapshots/seeds");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    assert!(files().len() >= 3, "schedules are kept");
    for file in files() {
        let name = file
            .file_stem()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        let text = fs::read_to_string(&file).expect("a text");
        let schedule: Schedule = text
            .parse()
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(
            schedule.to_string(),
            text,
            "{name} does not render to itself"
        );
        let played = case::play(Net::Turmoil, &schedule, Timers::Running, None, true);
        let fast = case::verdict(Net::Fast, &schedule, None);
        let wrong: Vec<_> = fast.wrong().collect();
        assert_eq!(
            wrong.is_empty(),
            played.wrong.is_empty(),
            "{name}: the networks disagree: {wrong:?}"
        );
        let frozen = case::play(Net::Turmoil, &schedule, Timers::Frozen, None, true);
        assert_eq!(
            played.rows(),
            frozen.rows(),
            "{name}: a timer made a difference"
        );
        let rows: Vec<String> = played.rows().iter().map(ToString::to_string).collect();
        let verdict = match &played.wrong[..] {
            [] => format!(
                "verdict: good, in {} ms, and the same with every timer frozen",
                played.took_ms
            ),
            wrong => {
                let what: Vec<String> = wrong.iter().map(|one| one.violation.to_string()).collect();
                format!("verdict: {}", what.join("; "))
            }
        };
        let text = format!("Schedule {name}.\n{HEADER}\n{}\n{verdict}", rows.join("\n"));
        settings.bind(|| insta::assert_snapshot!(name, text));
    }
}

/// Whatever the seed drew is in the file, so the file takes the same steps.
#[test]
fn a_recorded_seed_replays_to_the_same_fingerprint() {
    let tls13 = Carrier::Tls(Version::Tls13);
    let kinds = [
        Kind::Any,
        Kind::Relay(Carrier::Tcp),
        Kind::RelayTo(tls13, Version::Tls12),
        Kind::Http(tls13),
    ];
    for (seed, kind) in (0..12).zip(kinds.into_iter().cycle()) {
        let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{kind}-{seed}.sched"));
        let said = reproduce::record(kind, seed, &file).expect("it is written");
        assert!(
            said.contains(&format!("replay {}", file.display())),
            "{said}"
        );
        let text = fs::read_to_string(&file).expect("a text");
        let replayed: Schedule = text.parse().expect("a schedule");
        assert_eq!(replayed.validate(), Ok(()));
        let drawn = generate::schedule(kind, seed);
        for (net, timers) in [
            (Net::Fast, Timers::Running),
            (Net::Fast, Timers::Late),
            (Net::Turmoil, Timers::Frozen),
        ] {
            let [drawn, replayed] = [&drawn, &replayed]
                .map(|schedule| case::play(net, schedule, timers, None, false).fingerprint);
            assert_eq!(drawn, replayed, "{kind} {seed} on {net}");
        }
    }
}

//! The program under its own probe: every row of LIFECYCLE section 5 that can be played here.
//!
//! A row passes, or it stands in [`KNOWN`] with the reason and must fail, or in [`SKIPPED`] and must
//! not be played. No latency is judged.

use crate::{
    harness::{Done, PATIENCE, Proxy, Scratch, program, run},
    keys::Authority,
};
use std::{collections::BTreeSet, net::SocketAddr, time::Duration};
use tidegate::config::CertificateFiles;
use tidegate::probe::{
    self, Asked, Outcome, Row,
    judge::{Terms, judge},
    play::Stage,
    scenario::{self, Mode, Versions},
    server,
    step::Pace,
    wire::Version,
};

/// Rows that fail today, and why. One that no longer does must be taken out.
const KNOWN: [(Mode, &str, &str); 0] = [];

/// A row that is not played, where, and what the probe must say of it.
struct Skipped {
    modes: &'static [Mode],
    row: &'static str,
    why: &'static str,
}

const RELAYS: &[Mode] = &[Mode::Tcp, Mode::Tls];
const HTTP: &[Mode] = &[Mode::Http, Mode::Https];
const SIGNAL: &str = "needs a signal to the proxy's process";
const SILENCE: &str = "the proxy's limit for silence is not known";
const ORIGIN_TLS: &str = "for a proxy that speaks TLS to its origin";

/// The rows that are skipped where all of a mode are played, and no others. Silence and TLS to the
/// origin have tests of their own below, with another proxy; a drain is in `drain.rs`.
const SKIPPED: [Skipped; 7] = [
    skipped(RELAYS, "S22", "takes up to 80 s"),
    skipped(RELAYS, "S24", SILENCE),
    skipped(&[Mode::Tls], "S33", ORIGIN_TLS),
    skipped(HTTP, "S54", SILENCE),
    skipped(HTTP, "S67", SIGNAL),
    skipped(RELAYS, "S69", SIGNAL),
    skipped(HTTP, "S70", SIGNAL),
];

const fn skipped(modes: &'static [Mode], row: &'static str, why: &'static str) -> Skipped {
    Skipped { modes, row, why }
}

/// The probe's own door, open before the proxy is started.
pub(crate) fn stage() -> Stage {
    Stage::open(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap()
}

fn asked(proxy: &Proxy, stage: &Stage, mode: Mode) -> Asked {
    Asked {
        slack: PATIENCE,
        pace: Pace {
            think: Duration::from_millis(300),
            reply: Duration::from_millis(100),
            gap: Duration::from_millis(100),
            beats: 3,
            patience: PATIENCE / 2,
        },
        ..Asked::new(proxy.address, stage.door.address(), mode)
    }
}

fn played(asked: &Asked, stage: &mut Stage) -> Vec<Row> {
    probe::proxy_at(asked, stage, &mut |_| {}).unwrap()
}

/// Plays every row of `mode`; those that fail are the known ones, and those that are skipped too.
fn whole(start: fn(SocketAddr) -> Proxy, mode: Mode) {
    let mut stage = stage();
    let proxy = start(stage.door.address());
    let rows = played(&asked(&proxy, &stage, mode), &mut stage);
    let mut wrong = unplayed(&rows, mode, &[]);
    let mut met = BTreeSet::new();
    for row in &rows {
        let known = KNOWN
            .iter()
            .find(|(of, key, _)| *of == mode && probe::select::selects(key, &row.key, row.name));
        match (&row.outcome, known) {
            (Outcome::Passed | Outcome::Skipped(_), None) => {}
            (Outcome::Failed(_), Some((_, key, _))) => {
                met.insert(*key);
            }
            (Outcome::Failed(faults), None) => {
                wrong.push(format!("{}: {}", row.key, faults.join("; ")));
            }
            (Outcome::Passed | Outcome::Skipped(_), Some((_, _, reason))) => {
                wrong.push(format!("{} does not fail any more: {reason}", row.key));
            }
        }
    }
    for (_, key, _) in KNOWN.iter().filter(|(of, ..)| *of == mode) {
        if !met.contains(key) {
            wrong.push(format!("{key} was not met"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is wrong with the rows that were not played: they must be those of [`SKIPPED`] but for
/// `played`, and no others.
fn unplayed(rows: &[Row], mode: Mode, played: &[&str]) -> Vec<String> {
    let here = |skipped: &&Skipped| skipped.modes.contains(&mode) && !played.contains(&skipped.row);
    let mut wrong = Vec::new();
    for row in rows {
        let bare = row.key.split(['-', '@']).next().unwrap_or_default();
        let listed = SKIPPED
            .iter()
            .filter(here)
            .find(|skipped| skipped.row == bare);
        match (&row.outcome, listed) {
            (Outcome::Skipped(why), Some(skipped)) if why.starts_with(skipped.why) => {}
            (Outcome::Skipped(why), _) if is_deaf(&row.key, why) => {}
            (Outcome::Skipped(why), _) => wrong.push(format!("{} is skipped: {why}", row.key)),
            (Outcome::Passed | Outcome::Failed(_), Some(skipped)) => {
                wrong.push(format!("{} is not skipped: {}", row.key, skipped.why));
            }
            (Outcome::Passed | Outcome::Failed(_), None) => {}
        }
    }
    for skipped in SKIPPED.iter().filter(here) {
        if !rows.iter().any(|row| row.key.starts_with(skipped.row)) {
            wrong.push(format!("{} is not in the report", skipped.row));
        }
    }
    wrong
}

/// Nobody can vanish where the kernel wants a privilege for it.
fn is_deaf(key: &str, why: &str) -> bool {
    ["S22", "S49"].contains(&key) && why.starts_with("the kernel does not let the probe drop")
}

/// The rows about silence, of a proxy whose limit is one second.
fn silent(listener: &str, mode: Mode, row: &str) {
    let mut stage = stage();
    let proxy = Proxy::configured(stage.door.address(), listener, "");
    let asked = Asked {
        only: vec![row.to_owned()],
        idle: Some(Duration::from_secs(1)),
        ..asked(&proxy, &stage, mode)
    };
    for row in played(&asked, &mut stage) {
        let skipped = matches!(&row.outcome, Outcome::Skipped(why) if is_deaf(&row.key, why));
        assert!(
            skipped || row.outcome == Outcome::Passed,
            "{}: {:?}",
            row.key,
            row.outcome
        );
    }
}

#[test]
fn r02_r03_r04_r07_r08_r09_r10_r12_r19_r21_tcp_as_the_probe_sees_it() {
    whole(Proxy::tcp, Mode::Tcp);
}

#[test]
fn t01_t02_t05_t06_t08_t09_t10_t11_tls_as_the_probe_sees_it() {
    whole(Proxy::tls, Mode::Tls);
}

#[test]
fn h06_h07_h08_h12_h13_h14_u01_u02_u03_u06_u08_http_as_the_probe_sees_it() {
    whole(Proxy::http, Mode::Http);
}

#[test]
fn https_as_the_probe_sees_it() {
    whole(Proxy::https, Mode::Https);
}

#[test]
fn w2_w3_w4_w7_tunnels_as_the_probe_sees_them() {
    whole(Proxy::http, Mode::Ws);
}

/// The rows of tunnels, over TLS as well: the probe has no mode for that, its engine has.
#[test]
fn w2_w3_w4_w7_tunnels_over_tls() {
    let mut stage = stage();
    let proxy = Proxy::https(stage.door.address());
    let asked = asked(&proxy, &stage, Mode::Ws);
    (stage.via, stage.mode, stage.pace) = (proxy.address, Mode::Ws, asked.pace);
    let terms = Terms {
        slack: asked.slack,
        pace: &asked.pace,
        host: &asked.host,
    };
    for case in scenario::cases(Mode::Ws, Versions::Both) {
        for version in Version::BOTH {
            let play = stage.play(case.scenario, Some(version)).unwrap();
            let faults = judge(case.scenario, &play, terms).faults;
            assert!(faults.is_empty(), "{} {version:?}: {faults:?}", case.key());
        }
    }
}

#[test]
fn r24_s22_s24_silence_on_a_relay_as_the_probe_sees_it() {
    for (mode, tls) in [(Mode::Tcp, ""), (Mode::Tls, "tls = \"dev\"\n")] {
        let listener = format!("kind = \"tcp\"\n{tls}timeouts = {{ tunnel = \"1s\" }}");
        silent(&listener, mode, "S24");
        silent(&listener, mode, "S22");
    }
}

#[test]
fn h03_h04_silence_before_a_request_as_the_probe_sees_it() {
    for (mode, tls) in [(Mode::Http, ""), (Mode::Https, "tls = \"dev\"\n")] {
        let listener = format!("{tls}timeouts = {{ head = \"1s\" }}");
        silent(&listener, mode, "S54");
    }
}

/// Every row of a relay that speaks TLS on both sides, and verifies its origin.
#[test]
fn t05_t09_s33_tls_begun_anew_as_the_probe_sees_it() {
    let (mut stage, files) = (stage(), Scratch::new());
    let authority = Authority::new("origin's");
    let (cert, key) = authority.leaf("localhost").files(&files, "leaf");
    let cluster = format!(
        "tls = {{ ca = {:?}, server_name = \"localhost\" }}",
        authority.file(&files, "ca.pem")
    );
    let listener = "kind = \"tcp\"\ntls = \"dev\"";
    let proxy = Proxy::configured(stage.door.address(), listener, &cluster);
    let asked = Asked {
        origin_tls: true,
        origin_cert: Some(CertificateFiles { cert, key }),
        ..asked(&proxy, &stage, Mode::Tls)
    };
    let rows = played(&asked, &mut stage);
    let faults = rows.iter().filter_map(|row| match &row.outcome {
        Outcome::Failed(faults) => Some(format!("{}: {}", row.key, faults.join("; "))),
        Outcome::Passed | Outcome::Skipped(_) => None,
    });
    let wrong = unplayed(&rows, Mode::Tls, &["S33"]);
    assert_eq!(faults.chain(wrong).collect::<Vec<_>>(), [""; 0]);
    let passed = |key| {
        rows.iter()
            .any(|row| row.key == key && row.outcome == Outcome::Passed)
    };
    assert!(passed("S33@1.2") && passed("S33@1.3"));
}

#[test]
fn the_proxy_as_a_server() {
    // Nobody is behind it, so it answers by itself.
    let nobody = stage();
    nobody.door.shut().unwrap();
    let proxy = Proxy::https(nobody.door.address());
    let asked = server::Asked {
        server: proxy.address,
        tls: true,
        host: "localhost".to_owned(),
        wait: Duration::from_secs(1),
    };
    let findings = server::server(&asked).unwrap();
    for (key, answer) in [
        ("close", "close_notify + FIN"),
        ("close_notify", "sent"),
        (
            "half_close",
            "honoured: status 502, then close_notify + FIN",
        ),
        ("unread_input", "response whole, close_notify + FIN"),
        ("requests", "more than 1000"),
        ("expect", "status 502 without 100"),
        ("idle", "no end within 1.0 s"),
        ("silent", "no end within 1.0 s"),
    ] {
        let found = findings.iter().find(|finding| finding.key == key);
        assert_eq!(found.unwrap().answer, answer, "{key}");
    }
}

/// The probe as a command, on these arguments.
fn command(args: &[&str]) -> Done {
    let scratch = Scratch::new();
    let mut command = program(&scratch);
    command.arg("probe").args(args);
    run(command)
}

#[test]
fn the_exit_status_says_how_it_went() {
    // An address that no other test looks for a port at; the probe will listen there.
    let [one, other] =
        [(); 2].map(|()| Stage::open(SocketAddr::from(([127, 0, 0, 2], 0))).unwrap());
    let [proxied, nobody] = [&one, &other].map(|stage| stage.door.address());
    drop((one, other));
    let proxy = Proxy::http(proxied);
    let [via, origin, nobody] = [proxy.address, proxied, nobody].map(|it| it.to_string());
    let probe = |row: &str, more: &[&str]| {
        let mut args = vec!["proxy", "--via", &via, "--origin", &origin];
        args.extend(["--mode", "http", "--slack", "5000", "--only", row]);
        args.extend(more);
        command(&args)
    };
    let done = probe("S38", &[]);
    assert_eq!(done.code(), Some(0), "{}", done.said);
    assert!(
        done.said.contains("probe: 1/1 S38 h1-hc-get"),
        "{}",
        done.said
    );
    assert!(done.said.contains("1 passed"), "{}", done.said);
    // The promises of HTTP, asked of a proxy that does not read it.
    let relay = Proxy::tcp(proxied);
    let args = [
        "proxy",
        "--via",
        &relay.address.to_string(),
        "--origin",
        &origin,
    ];
    let rows = ["--mode", "http", "--only", "S39-length", "--json", "-q"];
    let done = command(&[&args[..], &rows].concat());
    assert_eq!(done.code(), Some(1), "{}", done.said);
    assert!(
        done.said.starts_with("{\"probe\":\"proxy\""),
        "{}",
        done.said
    );
    // No proxy, nobody at all, one that leads elsewhere, one that does not read what it is told.
    for (via, at, mode, why) in [
        (&origin, &origin, "tcp", "is where the probe itself listens"),
        (&nobody, &origin, "tcp", "the proxy does not accept at"),
        (&via, &nobody, "http", "does not connect to the origin at"),
        (&via, &origin, "tcp", "does not connect to the origin at"),
    ] {
        let done = command(&["proxy", "--via", via, "--origin", at, "--mode", mode, "-q"]);
        assert_eq!(done.code(), Some(2), "{via} {at}: {}", done.said);
        assert!(
            done.said.starts_with("error: the probe could not run: "),
            "{}",
            done.said
        );
        assert!(done.said.contains(why), "{}", done.said);
    }
    // Nothing of it can be looked at, and so nothing has passed.
    let done = probe("S54", &[]);
    assert_eq!(done.code(), Some(2), "{}", done.said);
    let done = probe("S99", &[]);
    assert_eq!(done.code(), Some(2), "{}", done.said);
    let done = command(&["proxy", "--via", &via]);
    assert_eq!(done.code(), Some(64), "{}", done.said);
    let done = command(&["list"]);
    assert_eq!(done.code(), Some(0), "{}", done.said);
}

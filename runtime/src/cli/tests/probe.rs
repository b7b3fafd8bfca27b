//! The flags of the probe.

use super::*;

#[test]
fn a_probe_is_told_all_it_needs() {
    let line = "probe proxy --via 127.0.0.1:1 --origin 127.0.0.1:2 --mode tls --only S06,S2* \
                --repeat 3 --idle 7 --json";
    let Command::Probe(probe) = started(line) else {
        panic!("{line}")
    };
    let Probe::Proxy {
        asked, json: true, ..
    } = *probe
    else {
        panic!("{line}")
    };
    let ends = [asked.via, asked.origin].map(|end| end.to_string());
    assert_eq!(ends, ["127.0.0.1:1", "127.0.0.1:2"]);
    assert_eq!((asked.mode.name(), asked.repeat), ("tls", 3));
    assert_eq!(asked.only, ["S06", "S2*"]);
    assert_eq!(asked.idle.map(|idle| idle.as_secs()), Some(7));
    assert_eq!(asked.slack, crate::probe::SLACK);
    let (exit, _, err) = said("probe proxy --via nowhere --origin 127.0.0.1:2");
    assert_eq!(exit, Exit::Config);
    assert!(err.starts_with("error: nowhere: "), "{err}");
    assert_eq!(said("probe").0, Exit::Usage);
}

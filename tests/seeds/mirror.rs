//! I17, as peers see it: a relay between exchanged peers does the same.

use std::ops::Range;
use tidegate_sim::{
    case,
    generate::{self, Kind},
    mirror,
    schedule::{Carrier, Step},
    tls::Version,
    world::Net,
};

/// Plays seeds and their images; how many had one.
fn mirrored(net: Net, kind: Kind, seeds: Range<u64>) -> usize {
    let mut played = 0;
    for seed in seeds {
        let mut schedule = generate::schedule(kind, seed);
        if schedule.upstream != Carrier::Tcp {
            // A handshake is not symmetric: the k-th call is another one on each leg.
            schedule.faults.clear();
            // Nor are the windows that it leaves: how much an abort overtakes is chance.
            if !case::is_peaceful(&schedule) {
                continue;
            }
        }
        let Some(image) = schedule.mirrored() else {
            continue;
        };
        match mirror::differ(net, &schedule, &image, None) {
            Some(Ok(())) => played += 1,
            Some(Err(what)) => {
                panic!("seed {seed} of {kind:?} has another image: {what}\n{schedule}")
            }
            None => {}
        }
    }
    println!("{played} seeds of {kind:?} on {net}, mirrored");
    played
}

#[test]
fn i17_peers_that_are_exchanged_see_each_others_view() {
    let tls = Kind::RelayTo(Carrier::Tls(Version::Tls13), Version::Tls13);
    for (net, kind, seeds) in [
        (Net::Fast, Kind::Relay(Carrier::Tcp), 0..400),
        (Net::Turmoil, Kind::Relay(Carrier::Tcp), 0..60),
        (Net::Fast, tls, 0..60),
    ] {
        let most = seeds.end;
        let played = mirrored(net, kind, seeds);
        assert!(played as u64 > most / 2, "{played} of {most}");
    }
}

/// Peers that are not exchanged do not.
#[test]
fn i17_what_is_not_an_image_is_seen() {
    let schedules = (0..100).map(|seed| generate::schedule(Kind::Relay(Carrier::Tcp), seed));
    let one_sided = |steps: &[Step]| steps.contains(&Step::Reset);
    let mut schedules = schedules.filter(|schedule| {
        one_sided(&schedule.client.writer) && !one_sided(&schedule.origin.writer)
    });
    let schedule = schedules.next().expect("a client that resets");
    for net in Net::ALL {
        let found = mirror::differ(net, &schedule, &schedule, None);
        assert!(matches!(found, Some(Err(_))), "{net}: {found:?}");
    }
}

//! How legs are counted, in which words, and that no half-closed leg is forgotten or kept.

mod scrapes;

use super::*;
use crate::tls::leaf::Leaf;
use tidegate_core::{
    close::CloseCause,
    ending::{By, Cause, End},
    report::{Failure, Heard, Over, Parting},
    session::Wait,
    time::Span,
};

fn over(parting: Parting, end: Option<End>) -> LegReport {
    LegReport {
        over: Some(Over {
            parting,
            end,
            at: Time(9),
        }),
        ..LegReport::default()
    }
}

fn heard(leg: LegReport, end: End) -> LegReport {
    LegReport {
        heard: Some(Heard {
            end,
            at: Time(3),
            by: By::Client,
        }),
        ..leg
    }
}

/// How a leg's end is counted, in two words.
fn counted(leg: &LegReport) -> Option<(Kind, &'static str)> {
    LegEnd::of(Side::Down, leg).map(|end| (end.kind, end.cause))
}

#[test]
fn i19_every_end_of_a_leg_has_a_kind_and_a_cause() {
    let clean = heard(over(Parting::Closed, Some(End::Clean)), End::Clean);
    assert_eq!(counted(&clean), Some((Kind::Clean, "fin")));
    let unheard = over(Parting::Closed, Some(End::Clean));
    assert_eq!(counted(&unheard), Some((Kind::Clean, "linger")));
    let evicted = over(Parting::Closed, Some(End::Abort(Cause::Local)));
    assert_eq!(counted(&evicted), Some((Kind::Clean, "evicted")));
    let cut = heard(over(Parting::Reset, Some(End::Truncated)), End::Truncated);
    assert_eq!(counted(&cut), Some((Kind::Truncated, "early_fin")));
    let bare = LegReport {
        bare_fin: true,
        ..cut
    };
    assert_eq!(counted(&bare), Some((Kind::Truncated, "bare_fin")));
    let reset = over(Parting::Reset, Some(End::Abort(Cause::Reset)));
    assert_eq!(counted(&reset), Some((Kind::Abort, "reset")));
    let refused = over(Parting::Unconnected, Some(End::Abort(Cause::Refused)));
    assert_eq!(counted(&refused), Some((Kind::Unconnected, "refused")));
    for goes_on in [Parting::Parked, Parting::Retired, Parting::Recalled] {
        assert_eq!(counted(&over(goes_on, None)), None);
    }
    assert_eq!(counted(&LegReport::default()), None);
}

#[test]
fn i19_counters_are_told_in_the_text_format() {
    let observer = Observer::new(2);
    let reset = LegReport {
        failed: Some(Failure {
            cause: Cause::Reset,
            at: Time(1),
            by: By::Origin,
        }),
        flush_expired: true,
        linger_stalled: true,
        bare_fin: true,
        ..over(Parting::Reset, Some(End::Abort(Cause::Reset)))
    };
    observer.leg_over(Side::Up, &reset);
    observer.leg_over(Side::Up, &reset);
    observer.leg_dropped(Side::Down);
    let mut halves = observer.halves(None);
    halves.say(Side::Down, Some(Time(0)));
    let mut all = observer.metrics(Time::from_ms(16_000));
    let text = all.to_string();
    for line in [
        "# TYPE tidegate_ends_total counter",
        r#"tidegate_ends_total{leg="downstream",kind="abort",cause="local"} 1"#,
        r#"tidegate_ends_total{leg="upstream",kind="abort",cause="reset"} 2"#,
        "tidegate_abort_flush_expired_total 2",
        "tidegate_bare_fin_total 2",
        "tidegate_linger_stall_total 2",
        "# TYPE tidegate_half_closed_legs gauge",
        r#"tidegate_half_closed_legs{leg="downstream",age="<1m"} 1"#,
        r#"tidegate_half_closed_legs{leg="upstream",age=">=1h"} 0"#,
    ] {
        assert!(text.lines().any(|told| told == line), "{line} in\n{text}");
    }
    all.add(&observer.metrics(Time(0)));
    let line = all.in_a_line();
    assert!(line.contains("tidegate_bare_fin_total 4"), "{line}");
    assert!(!line.contains(" 0"), "{line}");
    assert_eq!(Metrics::default().in_a_line(), "");
}

#[test]
fn half_closed_legs_are_counted_by_age_and_forgotten_with_their_session() {
    let observer = Observer::default();
    let ages = |now| observer.metrics(now).half_closed;
    let mut session = observer.halves(None);
    let mut other = observer.halves(None);
    session.say(Side::Down, Some(Time(0)));
    session.say(Side::Down, Some(Time(0)));
    other.say(Side::Down, Some(Time::from_ms(500)));
    other.say(Side::Up, Some(Time::from_ms(500)));
    let now = Time(0) + Span::from_secs(1);
    assert_eq!(
        (ages(now).count(Side::Down), ages(now).count(Side::Up)),
        (2, 1)
    );
    let text = ages(now).to_string();
    assert!(text.contains(r#"{leg="downstream",age="<1s"} 1"#), "{text}");
    assert!(
        text.contains(r#"{leg="downstream",age="<15s"} 1"#),
        "{text}"
    );
    other.say(Side::Up, None);
    assert_eq!(ages(now).count(Side::Up), 0);
    drop(other);
    assert_eq!(ages(now).count(Side::Down), 1);
    drop(session);
    assert_eq!(ages(now), Ages::default());
}

#[test]
fn who_waits_for_an_endpoint_is_told_by_cluster() {
    let (one, other) = (Observer::new(0), Observer::new(1));
    assert!(
        !one.metrics(Time(0)).to_string().contains("queue"),
        "nobody has"
    );
    let queued = one.queued("c");
    // A cluster that a reload has changed, beside what it was before.
    queued.joined();
    one.queued("c").joined();
    one.queued("c").joined();
    queued.left();
    queued.waited(Span::from_ms(250));
    one.queued("c").waited(Span::from_secs(3));
    other.queued("c").waited(Span::from_ms(7));
    let mut all = one.metrics(Time(0));
    assert_eq!(all.queues.counts("c"), (2, 2));
    assert_eq!(all.queues.counts("d"), (0, 0));
    all.add(&other.metrics(Time(0)));
    let text = all.to_string();
    for line in [
        "# TYPE tidegate_cluster_queue_depth gauge",
        r#"tidegate_cluster_queue_depth{cluster="c"} 2"#,
        "# TYPE tidegate_cluster_queue_duration_seconds histogram",
        r#"tidegate_cluster_queue_duration_seconds_bucket{cluster="c",le="0.005"} 0"#,
        r#"tidegate_cluster_queue_duration_seconds_bucket{cluster="c",le="0.01"} 1"#,
        r#"tidegate_cluster_queue_duration_seconds_bucket{cluster="c",le="0.25"} 2"#,
        r#"tidegate_cluster_queue_duration_seconds_bucket{cluster="c",le="2.5"} 2"#,
        r#"tidegate_cluster_queue_duration_seconds_bucket{cluster="c",le="+Inf"} 3"#,
        r#"tidegate_cluster_queue_duration_seconds_sum{cluster="c"} 3.257000"#,
        r#"tidegate_cluster_queue_duration_seconds_count{cluster="c"} 3"#,
    ] {
        assert!(text.lines().any(|told| told == line), "{line} in\n{text}");
    }
}

#[test]
fn every_connection_of_a_worker_has_a_name() {
    let observer = Observer::new(3);
    assert_eq!(observer.next().to_string(), "3-1");
    assert_eq!(observer.clone().next().to_string(), "3-2");
}

/// What a scrape has of the families that it is predicted for.
fn lines(text: &str, family: &names::Family) -> usize {
    let of = |line: &&str| {
        let name = line.split(['{', ' ']).next().unwrap_or_default();
        let bare = ["_bucket", "_sum", "_count"]
            .into_iter()
            .find_map(|end| name.strip_suffix(end))
            .filter(|_| family.kind == "histogram");
        !line.starts_with('#') && bare.unwrap_or(name) == family.name
    };
    text.lines().filter(of).count()
}

#[test]
fn no_client_can_make_more_series_than_are_predicted() {
    let (one, other) = (Observer::new(0), Observer::new(1));
    for (worker, from) in [(&one, 0_u16), (&other, 10_000)] {
        let listened = worker.listener("l");
        for n in 0..10_000_u16 {
            listened.accepted();
            listened.asked();
            let kind = RequestKind {
                method: "_OTHER",
                status: from + n,
                route: format!("host-{n}.example/").into(),
                version: "1.1",
                https: n % 2 == 0,
                error: Some(CloseCause::ALL[usize::from(n) % CloseCause::COUNT]),
            };
            listened.answered(kind, Span::from_ms(u64::from(n)));
            let cause = CloseCause::ALL[usize::from(n) % CloseCause::COUNT];
            listened.closed(cause, Span::from_secs(1), [1, 2]);
            worker.cluster("c").unconnected(cause);
            let cluster = worker.cluster("c");
            cluster.pooled(Pooled::Miss);
            cluster.answered(from + n, cause.word(), Span(1));
            cluster.learned(n);
            worker.generation(n.into()).begins();
        }
        for (done, version, resumed) in HANDSHAKES {
            let handshake = Handshake {
                done,
                version,
                resumed,
            };
            listened.shook_hands(handshake, Span(1));
        }
        for stage in Stage::ALL {
            listened.turns(None, Some(stage), Span(0));
            listened.turns(Some(stage), None, Span(1));
        }
        for rule in clustered::RETRIES {
            worker.cluster("c").retried(rule, Outcome::Refused);
        }
        for why in Rejection::ALL {
            worker.rejected("l", why);
        }
        worker.queued("c").waited(Span(1));
    }
    let mut all = one.metrics(Time(0));
    all.add(&other.metrics(Time(0)));
    all.dropped = 7;
    let text = all.render(&whole());
    let counts = names::Counts {
        workers: 2,
        ..names::Counts::ONE
    };
    let mut most = 0;
    for family in names::Family::ALL {
        let (told, due) = (lines(&text, &family), family.most_of(counts));
        assert!(
            told <= due,
            "{}: {told} series, {due} predicted",
            family.name
        );
        most += due;
    }
    let series = text.lines().filter(|line| !line.starts_with('#')).count();
    assert!(series <= most, "{series} of {most}");
    validates(&text, series);
}

const HANDSHAKES: [(bool, Option<&str>, bool); 7] = [
    (true, Some("1.2"), false),
    (true, Some("1.2"), true),
    (true, Some("1.3"), false),
    (true, Some("1.3"), true),
    (false, None, false),
    (false, Some("1.2"), false),
    (false, Some("1.3"), false),
];

/// A process with as much to say as it can have.
fn whole() -> Whole {
    let states = [
        "established",
        "syn_sent",
        "syn_received",
        "fin_wait_1",
        "fin_wait_2",
        "time_wait",
        "closed",
        "close_wait",
        "last_ack",
        "closing",
    ];
    let owners = [
        sockets::Owner::Listener("l".into()),
        sockets::Owner::Cluster("c".into()),
    ];
    let legs = owners
        .iter()
        .flat_map(|owner| states.map(|state| (owner.clone(), state)));
    let legs = (0..)
        .zip(legs)
        .map(|(key, (owner, state))| (key, owner, state));
    let tally = sockets::Seen::default().hear(Time(0), legs);
    Whole {
        generation: 10_000,
        reloads: [9_999, 3],
        certificates: vec![whole::Certificate {
            listener: "l".to_owned(),
            name: "a \"quoted\" name\n".to_owned(),
            loaded: 1_700_000_000,
            leaf: Leaf {
                not_after: 1_800_000_000,
                ..Leaf::default()
            },
        }],
        clusters: vec![whole::Endpoints {
            cluster: "c".to_owned(),
            members: (0..1_000)
                .map(|n| (n.to_string(), whole::Gets::Work))
                .collect(),
            checks: Some([5, 6]),
        }],
        sockets: (tally, Time(0)),
        remaining: WAITS.map(|wait| (whole::waits(wait), 1)).into(),
        usage: Usage::now(),
        ..Whole::default()
    }
}

const WAITS: [Wait; whole::WAITS] = [
    Wait::Turn,
    Wait::Connect,
    Wait::ProxyHeader,
    Wait::Handshake,
    Wait::Hello,
    Wait::Request,
    Wait::RestOfRequest,
    Wait::Answer,
    Wait::RestOfAnswer,
    Wait::Bytes,
    Wait::Other,
    Wait::Room,
    Wait::RoomForEnd,
    Wait::Acknowledgement,
    Wait::LastWord,
    Wait::Flush,
];

/// What there is once all that was said, and every name with its type.
fn validates(text: &str, series: usize) {
    for line in [
        format!("tidegate_metrics_series {series}"),
        "tidegate_log_lines_dropped_total 7".to_owned(),
        "tidegate_connections_accepted_total{listener=\"l\"} 20000".to_owned(),
        "tidegate_connections_active{listener=\"l\",phase=\"tunnel\"} 0".to_owned(),
        "tidegate_tls_certificate_not_after_timestamp_seconds{listener=\"l\",certificate=\"a \\\"quoted\\\" name\\n\"} 1800000000".to_owned(),
        "tidegate_cluster_endpoints{cluster=\"c\",state=\"available\"} 1000".to_owned(),
        "tidegate_config_generation_connections{generation=\"earlier\"} 20000".to_owned(),
        "tidegate_metrics_overflow_total{metric=\"http_client_request_duration_seconds\"} 19920".to_owned(),
        "tidegate_sockets{scope=\"cluster\",name=\"c\",side=\"upstream\",network_connection_state=\"close_wait\"} 1".to_owned(),
        "http_server_active_requests{listener=\"l\"} 0".to_owned(),
        "tidegate_transferred_bytes_total{listener=\"l\",direction=\"transmit\"} 40000".to_owned(),
        "tidegate_metrics_overflow_total{metric=\"http_server_request_duration_seconds\"} 19600"
            .to_owned(),
    ] {
        assert!(text.lines().any(|told| told == line), "{line}");
    }
    let names: Vec<_> = names::Family::ALL.iter().map(|one| one.name).collect();
    let heads = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    for head in heads {
        let (name, kind) = head.split_once(' ').expect("a name and a type");
        assert!(names.contains(&name), "{name} is not in the list");
        let family = names::Family::ALL.into_iter().find(|one| one.name == name);
        assert_eq!(family.map(|one| one.kind), Some(kind), "{name}");
    }
    // For a validator that others wrote.
    if let Some(path) = std::env::var_os("TIDEGATE_SCRAPE") {
        std::fs::write(path, text).expect("a place for the scrape");
    }
}

#[test]
fn a_name_leads_to_its_connection_and_what_is_no_name_to_none() {
    let observer = Observer::new(3);
    let conns = [observer.next(), observer.next()];
    assert_eq!(conns.map(|conn| conn.to_string()), ["3-1", "3-2"]);
    assert!(conns[0] < conns[1] && conns[1] < Observer::new(4).next());
    for conn in conns {
        assert_eq!(conn.to_string().parse(), Ok(conn));
    }
    for text in [
        "",
        "3",
        "3-",
        "-1",
        "0-0",
        "3-x",
        "65536-1",
        "0-281474976710656",
    ] {
        assert_eq!(text.parse::<Conn>(), Err(()), "{text}");
    }
}

//! Over a relay that changes nothing, each exchange comes to what its schedule says.

use super::*;
use crate::{
    generate::{self, Kind},
    schedule::{Carrier, Method, Schedule, Traffic},
    tls::Version,
    world::{Outcome, tests::transparent},
};

/// The one schedule of `lines`.
fn outcome(lines: &str) -> Outcome {
    let text = format!("relay-schedule v1\nseed 0x1\n{lines}");
    let schedule: Schedule = text.parse().unwrap();
    assert_eq!(schedule.validate(), Ok(()));
    transparent(&schedule)
}

#[test]
fn each_framing_is_written_and_read() {
    let outcome = outcome(
        "mode http tls13
         request POST /a 1.1 keep chunked 40 by 5 trailers expect
         response 200 1.1 keep length 100 by 17 interim 100
         request HEAD /b 1.1 keep empty
         response 200 1.1 keep length 30 by 30
         request PUT /c 1.1 keep length 7 by 2
         response 204 1.1 keep empty interim 103
         request GET /d 1.1 keep empty
         response 404 1.1 keep chunked 50 by 16 trailers
         request GET /e 1.0 close empty
         response 200 1.0 close until-close 60 by 9
         client close-notify
         client fin",
    );
    let log = &outcome.http;
    let answers: Vec<_> = log
        .answers
        .iter()
        .map(|a| {
            (
                a.status,
                a.message.bytes,
                a.message.trailers.len(),
                &a.interims[..],
            )
        })
        .collect();
    let expected: [(_, _, _, &[u16]); 5] = [
        (Some(200), 100, 0, &[100]),
        (Some(200), 0, 0, &[]),
        (Some(204), 0, 0, &[103]),
        (Some(404), 50, 2, &[]),
        (Some(200), 60, 0, &[]),
    ];
    assert_eq!(answers, expected);
    let ends: Vec<_> = log.answers.iter().map(|a| &a.message.end).collect();
    assert!(ends[..4].iter().all(|end| **end == MessageEnd::Complete));
    assert_eq!(*ends[4], MessageEnd::UntilClose(Closed::Clean));
    assert!(log.answers.iter().all(|a| a.message.differs_at.is_none()));
    let asked: Vec<_> = log
        .asked
        .iter()
        .map(|a| (a.exchange, a.message.bytes))
        .collect();
    let expected = [
        (Some(0), 40),
        (Some(1), 0),
        (Some(2), 7),
        (Some(3), 0),
        (Some(4), 0),
    ];
    assert_eq!(asked, expected);
    assert_eq!(
        (log.requests_sent, log.excess, outcome.is_over()),
        (5, false, true)
    );
}

#[test]
fn a_cut_response_is_seen_as_cut() {
    for (by, expected) in [("fin", Closed::Clean), ("reset", Closed::Reset)] {
        let outcome = outcome(&format!(
            "mode http tcp
             request GET / 1.1 keep empty
             response 200 1.1 keep length 100 by 17 cut 90 {by}
             client fin"
        ));
        let [answer] = &outcome.http.answers[..] else {
            panic!("one answer");
        };
        assert_eq!(answer.message.end, MessageEnd::Cut(expected));
        assert!(answer.message.bytes > 0 && answer.message.bytes < 100);
    }
}

const PUT: &str = "request PUT /a 1.1 keep length 40 by 7 expect";

/// What comes of that request, cut at so many bytes of its total and its head.
fn cut_at(at: impl FnOnce(usize, usize) -> usize, by: &str) -> Outcome {
    let text = format!(
        "relay-schedule v1\nseed 0x1\nmode http tcp\n{PUT}\nresponse 204 1.1 keep empty early\n"
    );
    let schedule: Schedule = text.parse().unwrap();
    let Traffic::Http { exchanges, .. } = &schedule.traffic else {
        unreachable!("it is HTTP");
    };
    let (total, head) = request_lengths(0, &exchanges[0].request);
    assert_eq!(total, head + 40);
    outcome(&format!(
        "mode http tcp
         {PUT} cut {} {by}
         response 200 1.1 keep length 5 by 5 interim 100 delay 20ms
         client fin",
        at(total, head)
    ))
}

#[test]
fn h07_a_client_that_ends_right_behind_its_request_has_said_all_of_it() {
    let outcome = cut_at(|total, _| total, "fin");
    let (log, client) = (&outcome.http, &outcome.client);
    assert_eq!((log.requests_sent, log.asked[0].message.bytes), (1, 40));
    assert_eq!(log.asked[0].message.end, MessageEnd::Complete);
    assert_eq!(log.answers[0].status, Some(200));
    assert!(client.sent.fin_at < log.answers[0].message.times[0]);
    assert!(outcome.is_over());
}

#[test]
fn h05_h06_h15_a_client_ends_where_its_request_is_cut() {
    let cut = MessageEnd::Cut(Closed::Clean);
    let inside = cut_at(|_, head| head + 10, "fin");
    let asked = &inside.http.asked[0];
    assert_eq!((asked.message.bytes, &asked.message.end), (10, &cut));
    // Whoever expects a 100 does not wait for it.
    let before = cut_at(|_, head| head, "fin");
    let asked = &before.http.asked[0];
    assert_eq!((asked.exchange, &asked.message.end), (Some(0), &cut));
    assert_eq!(before.http.answers[0].interims, [100]);
    let head = cut_at(|_, head| head - 1, "fin");
    let asked = &head.http.asked[0];
    assert_eq!((asked.exchange, &asked.message.end), (None, &cut));
    for outcome in [inside, before, head] {
        assert_eq!(outcome.http.requests_sent, 0);
        assert!(outcome.client.sent.fin_at.is_some() && outcome.is_over());
    }
}

#[test]
fn h08_a_client_resets_where_its_request_is_cut() {
    for outcome in [
        cut_at(|total, _| total, "reset"),
        cut_at(|_, head| head + 10, "reset"),
    ] {
        assert!(outcome.client.sent.reset_at.is_some() && outcome.is_over());
        assert!(outcome.http.answers.iter().all(|one| one.status.is_none()));
    }
}

#[test]
fn a_client_that_is_told_to_stops_reading() {
    let outcome = outcome(
        "mode http tcp
         request GET / 1.1 keep empty
         response 200 1.1 keep length 100 by 100
         client fin
         client reader delay 0ms chunk 10 pause 0ms stop 90",
    );
    assert!((90..100).contains(&outcome.client.seen.bytes));
    assert!(outcome.http.answers.is_empty() && !outcome.peers_done);
}

#[test]
fn what_is_drawn_comes_to_what_it_says() {
    for carrier in [Carrier::Tcp, Carrier::Tls(Version::Tls12)] {
        for seed in 0..300 {
            let schedule = generate::schedule(Kind::Http(carrier), seed);
            if schedule.falls_silent() {
                continue; // the relay between the peers has no timers
            }
            let outcome = transparent(&schedule);
            assert_eq!(outcome.panic, None, "{schedule}");
            assert!(outcome.is_over(), "{schedule}\n{outcome:#?}");
            let sent = &outcome.client.sent;
            let truncated = carrier != Carrier::Tcp && sent.notify_at.is_none();
            let quiet = outcome.failures == 0 && sent.reset_at.is_none() && !truncated;
            if quiet {
                check(&schedule, &outcome);
            }
        }
    }
}

/// Up to the first exchange that ends its connection, each is as it was written.
fn check(schedule: &Schedule, outcome: &Outcome) {
    let Traffic::Http { exchanges, .. } = &schedule.traffic else {
        unreachable!("only HTTP is drawn");
    };
    let log = &outcome.http;
    for (number, exchange) in exchanges.iter().enumerate() {
        let (request, response) = (&exchange.request, &exchange.response);
        // What a relay makes of a request that is cut is a connection that ends in it.
        let cut = response.cut.is_some() || breaks_off(number, request);
        let Some(answer) = log.answers.get(number) else {
            // The FIN of a peer that cuts at the first byte leaves no answer at all.
            assert!(cut, "{schedule}\n{log:#?}");
            return;
        };
        let message = &answer.message;
        assert_eq!(message.differs_at, None, "{schedule}");
        let whole = match &message.end {
            MessageEnd::Complete | MessageEnd::UntilClose(Closed::Clean) => true,
            MessageEnd::UntilClose(_) | MessageEnd::Cut(_) => false,
            MessageEnd::Malformed(what) => panic!("{what}\n{schedule}"),
        };
        assert!(whole || cut, "{schedule}\n{log:#?}");
        if whole && !cut {
            assert_eq!(answer.status, Some(response.status), "{schedule}");
            let head = request.method == Method::Head;
            let bytes = if head { 0 } else { response.body.total() };
            assert_eq!(message.bytes, u64::from(bytes), "{schedule}");
        }
        if !whole || !response.keep || !request.keep {
            return;
        }
    }
}

#[test]
fn the_kinds_of_cuts_are_both_drawn() {
    let cuts = (0..300).flat_map(|seed| {
        let schedule = generate::schedule(Kind::Http(Carrier::Tcp), seed);
        let Traffic::Http { exchanges, .. } = schedule.traffic else {
            unreachable!("only HTTP is drawn");
        };
        exchanges
            .into_iter()
            .filter_map(|exchange| exchange.response.cut)
    });
    let by: Vec<_> = cuts.map(|cut| cut.by).collect();
    assert!(by.contains(&CutBy::Fin) && by.contains(&CutBy::Reset));
}

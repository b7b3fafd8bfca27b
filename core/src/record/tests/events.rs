//! An event is the same once it was an entry, or two.

use crate::{
    ending::{Cause, Rejection},
    event::{Call, Decoded, Destination, Event, Head, Kill, Origin, Peeked, Refusal, Want},
    http1::{
        BodyKind, Detail, Fault, Method, Reject, Reply, RequestFacts, ResponseFacts, Version,
        Wording,
    },
    limits::{Timeouts, Waits},
    lookup::{Rcode, Unresolved},
    record::{
        Entry,
        coded::{Status, Token},
        entry::Coded,
        event::{Packed, pack, unpack},
        waits::Table,
    },
    side::Side,
    timer::Timer,
    tls,
};
use alloc::{format, vec, vec::Vec};
use proptest::prelude::*;

/// All values of a type, by their numbers.
fn all<T: Coded>() -> impl Iterator<Item = T> {
    (0..1 << T::BITS).filter_map(T::decoded)
}

/// Whether every number that is a value's is that value's own.
fn numbered<T: Coded>(count: usize) {
    let mut values = 0;
    for code in 0..1 << T::BITS {
        if let Some(value) = T::decoded(code) {
            assert_eq!(value.code(), code);
            values += 1;
        }
    }
    assert_eq!(values, count);
}

#[test]
fn a_number_is_one_values_own() {
    numbered::<Side>(2);
    numbered::<tls::Version>(2);
    numbered::<Version>(2);
    numbered::<Origin>(2);
    numbered::<Call>(4);
    numbered::<Kill>(2);
    numbered::<Want>(3);
    numbered::<Peeked>(3);
    numbered::<Method>(5);
    numbered::<Rejection>(4);
    numbered::<Rcode>(5);
    numbered::<Option<Rcode>>(6);
    numbered::<Unresolved>(7);
    numbered::<Timer>(17);
    numbered::<Fault>(30);
    numbered::<Option<Detail>>(32);
    numbered::<Cause>(11 + 17 + 4);
    numbered::<Token>(23);
    numbered::<Status>(1024);
    numbered::<u8>(256);
    numbered::<bool>(2);
}

fn round(event: Event) -> (Packed, Event) {
    let mut waits = Table::new(Waits::HTTP);
    let packed = pack(event, &mut waits);
    let again = unpack(packed, &waits).unwrap_or_else(|| panic!("{event:?} is lost"));
    (packed, again)
}

fn same(event: Event) {
    assert_eq!(round(event).1, event);
}

#[test]
fn events_of_few_words_come_back() {
    let plain = [
        Event::Accepted,
        Event::Introduced,
        Event::Queued,
        Event::Granted,
        Event::Redialled,
        Event::Unaccepted,
        Event::Fired,
        Event::Evicted,
        Event::Drained,
        Event::DrainExpired,
        Event::Declined(503),
        Event::Declined(0),
        Event::Declined(u16::MAX),
    ];
    plain.into_iter().for_each(same);
    all().map(Event::Rejected).for_each(same);
    all().map(Event::Peeked).for_each(same);
    all().map(Event::Connected).for_each(same);
    all().map(Event::Killed).for_each(same);
    for side in Side::BOTH {
        for version in all() {
            same(Event::Secured(side, version));
        }
        for bytes in [0, 1, 65_536, u32::MAX] {
            same(Event::Received(side, bytes));
            same(Event::Piped(side, bytes));
            same(Event::Sent(side, bytes));
        }
        for event in [
            Event::Copied,
            Event::CloseNotify,
            Event::Fin,
            Event::Undelivered,
            Event::Hinted,
            Event::Finished,
            Event::Acked,
        ] {
            same(event(side));
        }
        for cause in all() {
            for call in all() {
                same(Event::Failed(side, cause, call));
            }
        }
    }
}

#[test]
fn refusals_come_back() {
    let plain = [
        Refusal::NoRoute,
        Refusal::NoEndpoint,
        Refusal::Busy,
        Refusal::NoConnect,
        Refusal::NoRetry,
        Refusal::TooMany(u32::MAX),
        Refusal::Configured {
            status: 302,
            fields: u32::MAX,
            content: 7,
        },
    ];
    let plain = plain.into_iter();
    let unresolved = all().map(Refusal::NoAddress);
    let failed = all().map(Refusal::Failed);
    let all = plain.chain(unresolved).chain(failed);
    all.map(Event::Unconnected).for_each(same);
}

/// What the driver tells of messages that it refuses, and every answer of our own besides.
#[test]
fn replies_come_back() {
    let kinds = [Reject::Request, Reject::Response, Reject::Body];
    let refusing = kinds.into_iter().flat_map(|kind| all().map(kind));
    let mut replies: Vec<Reply> = refusing.map(Reply::refusing).collect();
    replies.extend([
        Reply::bad_gateway("http_upgrade_failed"),
        Reply::configured(200, 17, u32::MAX),
        Reply::overdue(3),
        Reply::too_many_requests(u32::MAX).to_head().closing(),
    ]);
    replies.extend(all().map(Reply::unresolved));
    replies.extend(all().map(|Token(cause)| Reply {
        cause,
        ..Reply::not_found()
    }));
    for reply in replies {
        for id_bytes in [0, 255] {
            let wording = Wording {
                json: id_bytes > 0,
                id_bytes,
            };
            let reply = Reply { wording, ..reply };
            same(Event::Refused(Side::Down, reply));
            same(Event::Refused(Side::Up, reply));
        }
    }
}

#[test]
fn waits_come_back_by_their_place() {
    let mut table = Table::new(Waits::HTTP);
    let others = [Waits::of(Timeouts::http()), Waits::of(Timeouts::tcp())];
    let named = [Waits::HTTP, others[0], others[1], others[0]];
    let packed: Vec<Packed> = named
        .iter()
        .map(|waits| {
            let destination = Destination {
                timeouts: *waits,
                tls: waits.is(others[1]),
            };
            pack(Event::Routed(destination), &mut table)
        })
        .collect();
    for (waits, packed) in named.iter().zip(packed) {
        let Some(Event::Routed(routed)) = unpack(packed, &table) else {
            panic!("{packed:?} is lost");
        };
        assert!(routed.timeouts.is(*waits));
        assert_eq!(routed.tls, waits.is(others[1]));
    }
    assert_eq!(table.iter().count(), 3);
}

/// The exchange that there is most of is six entries.
#[test]
fn most_events_are_one_entry() {
    let (packed, _) = round(Event::Decoded(
        Side::Down,
        Decoded {
            head: Head::Request(RequestFacts::GET),
            bytes: 80,
            complete: true,
            left: 0,
            want: Want::Turn,
        },
    ));
    assert_eq!(packed.before, None);
    assert_eq!(size_of::<Entry>(), 16);
}

fn body() -> impl Strategy<Value = BodyKind> {
    prop_oneof![
        Just(BodyKind::None),
        any::<u64>().prop_map(BodyKind::Length),
        Just(BodyKind::Chunked),
        Just(BodyKind::Close),
    ]
}

fn version() -> impl Strategy<Value = Version> {
    prop_oneof![Just(Version::Http10), Just(Version::Http11)]
}

fn head() -> impl Strategy<Value = Head> {
    let methods = all::<Method>().collect::<Vec<_>>();
    let flags = any::<[bool; 5]>();
    let request = (
        version(),
        proptest::sample::select(methods),
        body(),
        flags,
        any::<u8>(),
    );
    let request = request.prop_map(|(version, method, body, flags, id_bytes)| {
        let [close, expect_continue, idempotent, upgrade, json] = flags;
        Head::Request(RequestFacts {
            version,
            method,
            body,
            close,
            expect_continue,
            idempotent,
            upgrade,
            wording: Wording { json, id_bytes },
        })
    });
    let response = (100..1000_u16, version(), body(), any::<[bool; 2]>());
    let response = response.prop_map(|(status, version, body, [close, event_stream])| {
        Head::Response(ResponseFacts {
            status,
            version,
            body,
            close,
            event_stream,
        })
    });
    let plain = proptest::sample::select(vec![Head::None, Head::Interim, Head::Continue]);
    prop_oneof![plain, request, response]
}

proptest! {
    #[test]
    fn what_was_understood_comes_back(
        head in head(),
        (bytes, left) in any::<(u32, u32)>(),
        complete in any::<bool>(),
        want in proptest::sample::select(all::<Want>().collect::<Vec<_>>()),
        up in any::<bool>(),
    ) {
        let side = Side::BOTH[usize::from(up)];
        let decoded = Decoded { head, bytes, complete, left, want };
        let event = Event::Decoded(side, decoded);
        prop_assert_eq!(round(event).1, event);
    }

    /// Whatever stands in an entry, it is an event and the only way to write it, or none; and it is
    /// written and read as it is.
    #[test]
    fn an_entry_is_one_event_or_none(words in any::<[u32; 4]>(), tag in 0_u32..64) {
        let text = format!("{:08x}{:08x}{:08x}{:08x}", words[0] & 0xff_ffff | (tag << 24), words[1], words[2], words[3]);
        let main: Entry = text.parse().unwrap();
        prop_assert_eq!(format!("{main}"), text);
        let mut waits = Table::new(Waits::HTTP);
        if let Some(event) = unpack(main.into(), &waits) {
            prop_assert_eq!(pack(event, &mut waits).main, main.after(0));
        }
    }
}

#[test]
fn what_is_no_entry_is_not_read() {
    for text in [
        "",
        "00",
        "zz000000000000000000000000000000",
        "+1000000000000000000000000000000",
    ] {
        assert!(text.parse::<Entry>().is_err(), "{text}");
    }
    let none: Entry = "ff000000000000000000000000000000".parse().unwrap();
    assert_eq!(unpack(none.into(), &Table::new(Waits::HTTP)), None);
}

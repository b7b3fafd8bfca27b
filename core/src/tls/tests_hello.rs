//! ClientHellos whole, cut anywhere, split over records, and not quite.

use super::*;
use alloc::vec;
use proptest::prelude::*;

fn sized(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap();
    [&length.to_be_bytes(), bytes].concat()
}

fn extension(kind: u16, data: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &sized(data)].concat()
}

fn naming(host: &[u8]) -> Vec<u8> {
    extension(
        SERVER_NAME,
        &sized(&[&[HOST_NAME][..], &sized(host)].concat()),
    )
}

/// The message that says `extensions`, or has none at all.
fn hello(extensions: Option<&[u8]>) -> Vec<u8> {
    let mut body = vec![3, 3];
    body.extend([7; 32]);
    body.extend([2, 8, 9]); // session id
    body.extend(sized(&[0x13, 1, 0x13, 2]));
    body.extend([1, 0]); // compression
    if let Some(extensions) = extensions {
        body.extend(sized(extensions));
    }
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&[CLIENT_HELLO][..], &length[1..], &body].concat()
}

/// As records of at most `most` bytes.
fn records(message: &[u8], most: usize) -> Vec<u8> {
    let record = |part: &[u8]| [&[HANDSHAKE, 3, 1][..], &sized(part)].concat();
    message.chunks(most).flat_map(record).collect()
}

fn named(host: &str) -> Vec<u8> {
    let grease = extension(0x0a0a, b"");
    let others = extension(43, &[2, 3, 4]);
    hello(Some(&[grease, naming(host.as_bytes()), others].concat()))
}

#[test]
fn p3_a_name_is_found_however_the_hello_is_cut() {
    let message = named("Api.Example.ORG");
    for most in [1, 2, 7, 60, 16_384] {
        let said = records(&message, most);
        for cut in 0..said.len() {
            assert_eq!(read(&said[..cut]), Hello::Partial, "{cut} of {most}");
        }
        let name = Hello::Whole(Some("api.example.org".into()));
        assert_eq!(read(&said), name);
        // What follows is the origin's.
        let more = [&said[..], b"\x14\x03\x03\x00\x01\x01"].concat();
        assert_eq!(read(&more), name);
    }
}

#[test]
fn a_hello_need_not_name_anyone() {
    for extensions in [None, Some(&b""[..]), Some(&extension(43, &[2, 3, 4])[..])] {
        assert_eq!(read(&records(&hello(extensions), 99)), Hello::Whole(None));
    }
}

#[test]
fn p2_what_can_be_no_hello_is_known_at_once() {
    for said in [
        &b"G"[..],
        b"GET / HTTP/1.1\r\n",
        b"\x80\x2e\x01",                         // SSL 2.0
        b"\x15\x03\x01\x00\x02",                 // an alert
        b"\x16\x02",                             // a version that never was
        b"\x16\x03\x01\x00\x00",                 // an empty record
        b"\x16\x03\x01\x40\x01",                 // a record that is too long
        b"\x16\x03\x01\x00\x04\x02",             // a ServerHello
        b"\x16\x03\x01\x00\x04\x01\x01\x00\x00", // 64 KiB
    ] {
        assert_eq!(read(said), Hello::Alien, "{said:?}");
    }
    let twice = [naming(b"a"), naming(b"b")].concat();
    for extensions in [&naming(b"a b")[..], &naming(b""), &twice, b"\x00"] {
        let said = records(&hello(Some(extensions)), 999);
        assert_eq!(read(&said), Hello::Alien, "{extensions:?}");
    }
}

#[test]
fn rfc8446_5_1_a_record_may_hold_16384_bytes() {
    let padding = extension(21, &[0; 20_000]);
    let said = records(&hello(Some(&padding)), 16_384);
    assert_eq!(said[3..5], [0x40, 0]);
    assert_eq!(read(&said), Hello::Whole(None));
}

#[test]
fn rfc6066_3_a_name_is_one_host_name_and_nothing_beside_it() {
    let entry = |kind: u8, host: &[u8]| [&[kind][..], &sized(host)].concat();
    let read_list = |list: &[u8], behind: &[u8]| {
        let data = [&sized(list), behind].concat();
        read(&records(&hello(Some(&extension(SERVER_NAME, &data))), 999))
    };
    let one = entry(HOST_NAME, b"a");
    assert_eq!(read_list(&one, b""), Hello::Whole(Some("a".into())));
    let two = [one.clone(), entry(HOST_NAME, b"b")].concat();
    assert_eq!(read_list(&two, b""), Hello::Alien);
    assert_eq!(read_list(&one, b"\x00"), Hello::Alien);
    assert_eq!(read_list(&entry(1, b"a"), b""), Hello::Alien);
}

#[test]
fn rfc1035_2_3_4_a_name_has_at_most_255_bytes() {
    for (length, known) in [(255, true), (256, false)] {
        let host = "a".repeat(length);
        let said = records(&named(&host), 999);
        let expected = match known {
            true => Hello::Whole(Some(host)),
            false => Hello::Alien,
        };
        assert_eq!(read(&said), expected, "{length}");
    }
}

#[test]
fn p2_a_hello_that_does_not_end_is_given_up_at_the_limit() {
    let padding = extension(21, &[0; 60_000]);
    let said = records(&hello(Some(&padding)), 1);
    let most = MOST_BYTES as usize;
    assert_eq!(read(&said[..most - 1]), Hello::Partial);
    assert_eq!(read(&said[..most]), Hello::Alien);
}

proptest! {
    #[test]
    fn any_bytes_have_an_answer(said in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = read(&said);
    }

    #[test]
    fn a_damaged_hello_has_an_answer(at in 0_usize..120, to in any::<u8>(), most in 1_usize..90) {
        let mut said = records(&named("a.example.org"), most);
        let at = at % said.len();
        said[at] = to;
        let _ = read(&said);
    }

    /// More bytes never turn a verdict into another.
    #[test]
    fn a_verdict_stays(at in 0_usize..120, to in any::<u8>(), most in 1_usize..90) {
        let mut said = records(&named("a.example.org"), most);
        let at = at % said.len();
        said[at] = to;
        let mut before = Hello::Partial;
        for cut in 0..=said.len() {
            let now = read(&said[..cut]);
            prop_assert!(before == Hello::Partial || before == now, "{before:?}, then {now:?}");
            before = now;
        }
    }
}

//! Headers that are taken and headers that are refused, each whole, byte by byte and with something
//! behind it; what is written is read back; and bytes of no meaning at all.

use super::*;
use alloc::{string::ToString, vec};
use proptest::prelude::*;

const LOCAL: Header = Header::Local;
const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

fn proxied(source: &str, destination: &str) -> Header {
    let of = |text: &str| text.parse().expect("an address");
    Header::Proxied {
        source: of(source),
        destination: of(destination),
    }
}

/// What reads as it should, cut anywhere: before its end it is partial, and what it is told to need is
/// never more than there is.
fn same_wherever_it_is_cut(bytes: &[u8], wanted: Read) {
    let shown = bytes.escape_ascii().to_string();
    let mut refused = None;
    for cut in 0..bytes.len() {
        match read(&bytes[..cut]) {
            Read::Partial(more) => {
                assert!(more > 0 && refused.is_none(), "{shown} at {cut}");
                if let Read::Whole(length, _) = wanted {
                    assert!(cut + more <= length, "{shown} at {cut} wants {more}");
                }
            }
            Read::Refused(fault) => refused = Some(fault),
            whole @ Read::Whole(..) => assert_eq!((cut, whole), (cut, wanted), "{shown}"),
        }
    }
    for behind in [&b""[..], b"\r\n", b"GET / HTTP/1.1\r\n", b"\x16\x03\x01"] {
        let mut more = bytes.to_vec();
        more.extend_from_slice(behind);
        assert_eq!(read(&more), wanted, "{shown} before {behind:?}");
    }
    match (refused, wanted) {
        (None, _) => {}
        (Some(fault), wanted) => assert_eq!(Read::Refused(fault), wanted, "{shown}, cut"),
    }
    // And by whoever reads just what is asked for.
    let (mut taken, mut reads) = (0, 0);
    while let Read::Partial(more) = read(&bytes[..taken]) {
        taken += more;
        reads += 1;
        if taken > bytes.len() {
            assert!(matches!(wanted, Read::Refused(_)), "{shown}");
            return;
        }
    }
    assert_eq!(
        read(&bytes[..taken]),
        read(bytes),
        "{shown} in {reads} reads"
    );
    if let Read::Whole(length, _) = wanted {
        assert_eq!(taken, length, "{shown}: not a byte behind it");
        assert!(reads <= 50, "{shown} in {reads} reads");
    }
}

fn taken(bytes: &[u8], header: Header) {
    same_wherever_it_is_cut(bytes, Read::Whole(bytes.len(), header));
}

fn refused(bytes: &[u8], fault: Fault) {
    same_wherever_it_is_cut(bytes, Read::Refused(fault));
}

#[test]
fn lines_that_are_taken() {
    for (line, header) in [
        (
            "PROXY TCP4 192.0.2.1 198.51.100.22 56324 443\r\n",
            proxied("192.0.2.1:56324", "198.51.100.22:443"),
        ),
        (
            "PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n",
            proxied("255.255.255.255:65535", "255.255.255.255:65535"),
        ),
        (
            "PROXY TCP4 0.0.0.0 0.0.0.0 0 0\r\n",
            proxied("0.0.0.0:0", "0.0.0.0:0"),
        ),
        ("PROXY TCP6 :: :: 1 1\r\n", proxied("[::]:1", "[::]:1")),
        (
            "PROXY TCP6 2001:db8::1 2001:DB8::2 1 65535\r\n",
            proxied("[2001:db8::1]:1", "[2001:db8::2]:65535"),
        ),
        (
            "PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n",
            proxied("[::ffff:192.0.2.1]:1", "[::1]:2"),
        ),
        (
            "PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
            proxied(
                "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535",
                "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535",
            ),
        ),
        ("PROXY UNKNOWN\r\n", LOCAL),
        ("PROXY UNKNOWN what is \t behind it is ignored\r\n", LOCAL),
        (
            "PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
            LOCAL,
        ),
    ] {
        taken(line.as_bytes(), header);
    }
}

#[test]
fn lines_that_are_refused() {
    for (line, fault) in [
        ("proxy TCP4 1.1.1.1 1.1.1.1 1 1\r\n", Fault::Alien),
        ("POST / HTTP/1.1\r\n", Fault::Alien),
        ("PROXY  TCP4 1.1.1.1 1.1.1.1 1 1\r\n", Fault::Protocol),
        ("PROXY\tTCP4 1.1.1.1 1.1.1.1 1 1\r\n", Fault::Alien),
        ("PROXY UDP4 1.1.1.1 1.1.1.1 1 1\r\n", Fault::Protocol),
        ("PROXY TCP5 1.1.1.1 1.1.1.1 1 1\r\n", Fault::Protocol),
        ("PROXY tcp4 1.1.1.1 1.1.1.1 1 1\r\n", Fault::Protocol),
        ("PROXY UNKNOWNS\r\n", Fault::Protocol),
        ("PROXY UNKNOWN\n", Fault::LineEnd),
        ("PROXY UNKNOWN\r \r\n", Fault::LineEnd),
        ("PROXY UNKNOWN a\nb\r\n", Fault::LineEnd),
        ("PROXY TCP4 1.1.1.1 1.1.1.1 1 1\n", Fault::LineEnd),
        ("PROXY TCP4 1.1.1.1 1.1.1.1 1 1 \r\n", Fault::Address),
        ("PROXY TCP4 1.1.1.1 1.1.1.1 1\r\n", Fault::Address),
        ("PROXY TCP4 1.1.1.1 1.1.1.1 1 1 1\r\n", Fault::Address),
        ("PROXY TCP4 1.1.1.1  1.1.1.1 1 1\r\n", Fault::Address),
        ("PROXY TCP4 1.1.1.1\t1.1.1.1 1 1\r\n", Fault::Address),
        ("PROXY TCP4 1.1.1.01 1.1.1.1 1 1\r\n", Fault::Address),
        ("PROXY TCP4 1.1.1.256 1.1.1.1 1 1\r\n", Fault::Address),
        ("PROXY TCP4 1.1.1 1.1.1.1 1 1\r\n", Fault::Address),
        ("PROXY TCP4 0x1.1.1.1 1.1.1.1 1 1\r\n", Fault::Address),
        ("PROXY TCP4 ::1 ::1 1 1\r\n", Fault::Address),
        ("PROXY TCP6 1.1.1.1 1.1.1.1 1 1\r\n", Fault::Address),
        ("PROXY TCP6 [::1] ::1 1 1\r\n", Fault::Address),
        ("PROXY TCP6 fe80::1%1 ::1 1 1\r\n", Fault::Address),
        ("PROXY TCP4 a.example 1.1.1.1 1 1\r\n", Fault::Address),
        ("PROXY TCP4 1.1.1.1 1.1.1.1 65536 1\r\n", Fault::Address),
        ("PROXY TCP4 1.1.1.1 1.1.1.1 01 1\r\n", Fault::Address),
        ("PROXY TCP4 1.1.1.1 1.1.1.1 00 1\r\n", Fault::Address),
        ("PROXY TCP4 1.1.1.1 1.1.1.1 +1 1\r\n", Fault::Address),
        ("PROXY TCP4 1.1.1.1 1.1.1.1 -1 1\r\n", Fault::Address),
        ("PROXY TCP4 1.1.1.1 1.1.1.1  1\r\n", Fault::Address),
        ("PROXY TCP4 1.1.1.1 1.1.1.1 123456 1\r\n", Fault::Address),
    ] {
        refused(line.as_bytes(), fault);
    }
    let mut long = b"PROXY UNKNOWN ".to_vec();
    long.resize(106, b'x');
    let mut fits = long[..105].to_vec();
    fits.extend_from_slice(b"\r\n");
    taken(&fits, LOCAL);
    long.extend_from_slice(b"\r\n");
    refused(&long, Fault::TooLong);
}

fn v2(command: u8, family: u8, body: &[u8]) -> Vec<u8> {
    let mut all = SIGNATURE.to_vec();
    all.extend_from_slice(&[command, family]);
    let length = u16::try_from(body.len()).expect("a short one");
    all.extend_from_slice(&length.to_be_bytes());
    all.extend_from_slice(body);
    all
}

const V4: [u8; 12] = [192, 0, 2, 1, 198, 51, 100, 22, 0xdc, 0x04, 0x01, 0xbb];

fn with(tlvs: &[u8]) -> Vec<u8> {
    let mut body = V4.to_vec();
    body.extend_from_slice(tlvs);
    v2(0x21, 0x11, &body)
}

/// With the right checksum in place of the four zeros that lie `back` bytes before its end.
fn summed(mut header: Vec<u8>, back: usize) -> Vec<u8> {
    let sum = crc::Crc::new().add(&header).sum().to_be_bytes();
    let at = header.len() - back;
    header[at..at + 4].copy_from_slice(&sum);
    header
}

#[test]
fn binary_headers_that_are_taken() {
    let client = proxied("192.0.2.1:56324", "198.51.100.22:443");
    let mut v6 = vec![0; 36];
    (v6[15], v6[31], v6[33], v6[35]) = (1, 2, 80, 81);
    for (header, wanted) in [
        (v2(0x21, 0x11, &V4), client),
        (v2(0x21, 0x21, &v6), proxied("[::1]:80", "[::2]:81")),
        (v2(0x20, 0x00, &[]), LOCAL),
        // Discarded, whatever it is.
        (v2(0x20, 0x11, &V4), LOCAL),
        (v2(0x20, 0x11, &[1, 2]), LOCAL),
        (v2(0x20, 0xff, b"anything"), LOCAL),
        (v2(0x21, 0x00, &[]), LOCAL),
        (v2(0x21, 0x00, &[4, 0, 1, 9]), LOCAL),
        (v2(0x21, 0x31, &[7; 216]), LOCAL),
        // An ALPN, an authority, no-ops, a type that nobody knows, an empty one.
        (
            with(b"\x01\0\x02h2\x02\0\x01a\x04\0\0\xee\0\x03xyz"),
            client,
        ),
        (summed(with(b"\x03\0\x04\0\0\0\0"), 4), client),
        (summed(with(b"\x03\0\x04\0\0\0\0\x04\0\x01x"), 8), client),
        (with(&[&b"\x04\x0f\xa0"[..], &[0; 4_000]].concat()), client),
    ] {
        taken(&header, wanted);
    }
}

#[test]
fn binary_headers_that_are_refused() {
    let mut wrong = summed(with(b"\x03\0\x04\0\0\0\0"), 4);
    wrong[16] ^= 1;
    let twice = with(b"\x03\0\x04\0\0\0\0\x03\0\x04\0\0\0\0");
    for (header, fault) in [
        (b"\r\n\r\n\0\r\nQUIT\r\x21\x11\0\0".to_vec(), Fault::Alien),
        (b"\r\nGET / HTTP/1.1\r\n".to_vec(), Fault::Alien),
        (
            b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03".to_vec(),
            Fault::Alien,
        ),
        (b"GET / HTTP/1.1\r\n".to_vec(), Fault::Alien),
        (v2(0x11, 0x11, &V4), Fault::Command),
        (v2(0x31, 0x11, &V4), Fault::Command),
        (v2(0x22, 0x11, &V4), Fault::Command),
        (v2(0x2f, 0x11, &V4), Fault::Command),
        (v2(0x21, 0x12, &V4), Fault::Family),
        (v2(0x21, 0x10, &V4), Fault::Family),
        (v2(0x21, 0x13, &V4), Fault::Family),
        (v2(0x21, 0x22, &[0; 36]), Fault::Family),
        (v2(0x21, 0x32, &[0; 216]), Fault::Family),
        (v2(0x21, 0x41, &V4), Fault::Family),
        (v2(0x21, 0x01, &V4), Fault::Family),
        (v2(0x21, 0x11, &V4[..11]), Fault::Length),
        (v2(0x21, 0x21, &V4), Fault::Length),
        (v2(0x21, 0x31, &V4), Fault::Length),
        (with(b"\x04"), Fault::Length),
        (with(b"\x04\0"), Fault::Length),
        (with(b"\x04\0\x01"), Fault::Length),
        (with(b"\x04\xff\xffx"), Fault::Length),
        (with(b"\x03\0\x03\0\0\0"), Fault::Length),
        (with(b"\x03\0\x04\0\0\0\0"), Fault::Checksum),
        (wrong, Fault::Checksum),
        (twice, Fault::Checksum),
    ] {
        refused(&header, fault);
    }
    let mut long = v2(0x21, 0x00, &[]);
    (long[14], long[15]) = (0xff, 0xff);
    assert_eq!(read(&long), Read::Refused(Fault::TooLong));
}

#[test]
fn a_client_of_another_family_than_its_destination_is_said_in_ipv6() {
    let of = |text: &str| text.parse().expect("an address");
    let wanted = proxied("[::ffff:192.0.2.1]:1", "[2001:db8::1]:2");
    for version in [Version::V1, Version::V2] {
        let mut out = Vec::new();
        write(version, of("192.0.2.1:1"), of("[2001:db8::1]:2"), &mut out);
        assert_eq!(read(&out), Read::Whole(out.len(), wanted));
    }
    let mut out = Vec::new();
    write(
        Version::V1,
        of("[::ffff:192.0.2.1]:1"),
        of("192.0.2.2:2"),
        &mut out,
    );
    assert_eq!(out, b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n");
}

fn address() -> impl Strategy<Value = SocketAddr> {
    let v4 = (any::<[u8; 4]>(), any::<u16>()).prop_map(SocketAddr::from);
    let v6 = (any::<[u16; 8]>(), any::<u16>()).prop_map(SocketAddr::from);
    prop_oneof![v4, v6]
}

/// Bytes that come near a header: one with a few of them changed.
fn nearly() -> impl Strategy<Value = Vec<u8>> {
    let version = prop_oneof![Just(Version::V1), Just(Version::V2)];
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4);
    (version, address(), address(), changes).prop_map(|(version, client, to, changes)| {
        let mut out = Vec::new();
        write(version, client, to, &mut out);
        for (at, byte) in changes {
            let at = at.index(out.len());
            out[at] = byte;
        }
        out
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(client in address(), to in address()) {
        for version in [Version::V1, Version::V2] {
            let mut out = Vec::new();
            write(version, client, to, &mut out);
            let Read::Whole(length, Header::Proxied { source, destination }) = read(&out) else {
                panic!("{}", out.escape_ascii());
            };
            prop_assert_eq!(length, out.len());
            prop_assert_eq!((plain(source), plain(destination)), (plain(client), plain(to)));
            same_wherever_it_is_cut(&out, Read::Whole(length, Header::Proxied { source, destination }));
        }
    }

    #[test]
    fn whatever_comes_reads_the_same_wherever_it_is_cut(
        bytes in prop_oneof![nearly(), prop::collection::vec(any::<u8>(), 0..300)],
    ) {
        match read(&bytes) {
            // What is behind it may complete it.
            Read::Partial(more) => prop_assert!(more > 0),
            Read::Whole(length, header) => taken(&bytes[..length], header),
            Read::Refused(fault) => refused(&bytes, fault),
        }
    }
}

//! What a balancer says before anything else: read as it is asked for it is what it is at once, no byte
//! behind it is ever asked for, and what it says is written and read back.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tidegate_core::proxy_protocol::{Header, MOST_BYTES, Read, Version, read, write};

fuzz_target!(|data: &[u8]| {
    let mut taken = 0;
    let read_so_far = loop {
        match read(&data[..taken]) {
            Read::Partial(more) => {
                assert!(
                    more > 0 && taken + more <= MOST_BYTES,
                    "{more} behind {taken}"
                );
                if taken + more > data.len() {
                    break read(&data[..taken]);
                }
                taken += more;
            }
            done @ (Read::Whole(..) | Read::Refused(_)) => break done,
        }
    };
    match (read_so_far, read(data)) {
        (Read::Whole(length, header), whole) => {
            assert_eq!((length, whole), (taken, Read::Whole(length, header)));
            again(header);
        }
        // More has come than was asked for: that can only show that it is none.
        (Read::Partial(_), whole) => assert!(!matches!(whole, Read::Whole(..)), "{whole:?}"),
        (Read::Refused(_), whole) => assert!(matches!(whole, Read::Refused(_)), "{whole:?}"),
    }
});

fn again(header: Header) {
    let Header::Proxied {
        source,
        destination,
    } = header
    else {
        return;
    };
    for version in [Version::V1, Version::V2] {
        let mut written = Vec::new();
        write(version, source, destination, &mut written);
        let length = written.len();
        written.extend_from_slice(b"GET / HTTP/1.1\r\n");
        let Read::Whole(
            taken,
            Header::Proxied {
                source: client,
                destination: to,
            },
        ) = read(&written)
        else {
            panic!("refused behind us: {}", written.escape_ascii());
        };
        let plain = |address: std::net::SocketAddr| (address.ip().to_canonical(), address.port());
        assert_eq!(taken, length);
        assert_eq!(
            (plain(client), plain(to)),
            (plain(source), plain(destination))
        );
    }
}

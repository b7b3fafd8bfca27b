//! What comes behind a close_notify is seen, also in the same read as it.

use super::{Got, Line};
use crate::{
    net::SimNet,
    testing::{accept, here, run, server, write_all},
    tls::{self, Party, Version},
};
use std::future::poll_fn;
use tidegate::net::{Buffers, Network};

/// What a client reads behind a close_notify and `behind` more bytes.
fn read_behind(behind: &'static [u8], version: Version) -> (Vec<Got>, u64) {
    let serve = async move {
        let mut listener = SimNet::new().listen(here(), Buffers::default()).unwrap();
        let stream = accept(&mut listener).await;
        let mut line = Line::server(stream, tls::server_config(Party::Origin, &[version]));
        poll_fn(|cx| line.poll_secure(cx)).await.unwrap();
        line.notify();
        poll_fn(|cx| line.poll_flush(cx)).await.unwrap();
        write_all(&mut line.stream, behind).await.unwrap();
        poll_fn(|cx| line.poll_fin(cx)).await.unwrap();
        poll_fn(|cx| line.poll_acked(cx)).await.unwrap();
        line
    };
    let ask = async move {
        let stream = SimNet::new().connect(server(), Buffers::default()).await;
        let config = tls::client_config(Party::Client, version);
        let mut line = Line::tls(stream.unwrap(), config);
        poll_fn(|cx| line.poll_secure(cx)).await.unwrap();
        let (mut got, mut buf) = (Vec::new(), [0; 100]);
        while got.last() != Some(&Got::Fin) {
            got.push(poll_fn(|cx| line.poll_read(cx, &mut buf)).await);
        }
        (got, line.behind_the_end())
    };
    run(serve, ask).1
}

#[test]
fn i8_what_comes_behind_a_close_notify_is_counted() {
    for version in [Version::Tls12, Version::Tls13] {
        let ends = vec![Got::Notify, Got::Fin];
        assert_eq!(read_behind(b"", version), (ends.clone(), 0));
        let again = b"\x15\x03\x03\x00\x02\x01\x00";
        assert_eq!(read_behind(again, version), (ends, 7));
    }
}

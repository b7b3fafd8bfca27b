//! The other end of the leg: a rustls client at the test's hand.

use super::memory::{Hand, Memory, memory};
use crate::{
    port::{Fault, Port, Read},
    tls::origin::Terms,
};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, ServerConfig, SupportedProtocolVersion,
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{PrivateKeyDer, ServerName},
};
use std::{
    io::{IoSlice, Read as _, Write as _},
    sync::Arc,
    task::{Context, Poll, Waker},
};

/// A leg under test and its client.
pub(super) struct Pair {
    pub(super) port: Port<Memory>,
    pub(super) client: ClientConnection,
    pub(super) hand: Hand,
    /// What the client has decrypted.
    pub(super) heard: Vec<u8>,
    /// Whether it has seen our close_notify.
    pub(super) closed: bool,
}

pub(super) fn configs(
    version: &'static SupportedProtocolVersion,
    provider: CryptoProvider,
) -> (Arc<ServerConfig>, Arc<ClientConfig>) {
    let provider = Arc::new(provider);
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let cert = made.cert.der().clone();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(cert.clone()).unwrap();
    let mut server = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert], key)
        .unwrap();
    server.alpn_protocols = vec![b"http/1.1".to_vec()];
    let mut client = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    client.alpn_protocols = vec![b"http/1.1".to_vec()];
    (Arc::new(server), Arc::new(client))
}

/// A leg and the test's hand on its wire.
type Leg = (Port<Memory>, Hand);

/// A client's leg and a server's that have shaken hands; the server's tickets are still to be taken over.
pub(super) fn before_tickets(server: Arc<ServerConfig>, client: Arc<ClientConfig>) -> (Leg, Leg) {
    let name = ServerName::try_from("localhost").unwrap();
    let ((near, near_hand), (far, far_hand)) = (memory(), memory());
    let mut near = Port::client(near, Terms::new(client, name.into())).unwrap();
    let mut far = Port::server(far, server).unwrap();
    let mut secured = false;
    while !secured {
        secured = near.poll_secure(&mut cx()).is_ready() & far.poll_secure(&mut cx()).is_ready();
        far_hand.wire().inward.extend(near_hand.take_outward());
        if !secured {
            near_hand.wire().inward.extend(far_hand.take_outward());
        }
    }
    ((near, near_hand), (far, far_hand))
}

pub(super) fn cx() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

impl Pair {
    /// A leg whose handshake has not begun.
    pub(super) fn new(version: &'static SupportedProtocolVersion) -> Pair {
        Pair::with(version, aws_lc_rs::default_provider())
    }

    pub(super) fn with(
        version: &'static SupportedProtocolVersion,
        provider: CryptoProvider,
    ) -> Pair {
        let (server, client) = configs(version, provider);
        let (stream, hand) = memory();
        let name = ServerName::try_from("localhost").unwrap();
        Pair {
            port: Port::server(stream, server).unwrap(),
            client: ClientConnection::new(client, name).unwrap(),
            hand,
            heard: Vec::new(),
            closed: false,
        }
    }

    /// A leg whose handshake is complete on both sides.
    pub(super) fn secured(version: &'static SupportedProtocolVersion) -> Pair {
        let mut pair = Pair::new(version);
        pair.shake();
        pair
    }

    pub(super) fn shake(&mut self) {
        for _ in 0..10_000 {
            let secure = self.port.poll_secure(&mut cx());
            self.exchange();
            if let Poll::Ready(secure) = secure {
                secure.unwrap();
                assert!(!self.client.is_handshaking(), "both have finished");
                return;
            }
        }
        panic!("the handshake does not end");
    }

    /// Lets the client read what we sent, and send what it has to.
    pub(super) fn exchange(&mut self) {
        self.listen().unwrap();
        self.speak();
    }

    /// The client reads what we sent.
    pub(super) fn listen(&mut self) -> Result<(), rustls::Error> {
        let bytes = self.hand.take_outward();
        let mut input = &bytes[..];
        while !input.is_empty() {
            assert!(
                self.client.read_tls(&mut input).unwrap() > 0,
                "no data behind our end"
            );
            let state = self.client.process_new_packets()?;
            self.closed |= state.peer_has_closed();
            let mut plain = vec![0; state.plaintext_bytes_to_read()];
            self.client.reader().read_exact(&mut plain).unwrap();
            self.heard.extend(plain);
        }
        Ok(())
    }

    /// The client's records go onto the wire.
    pub(super) fn speak(&mut self) {
        let mut bytes = Vec::new();
        while self.client.wants_write() {
            self.client.write_tls(&mut bytes).unwrap();
        }
        self.hand.wire().inward.extend(bytes);
    }

    pub(super) fn client_says(&mut self, words: &[u8]) {
        self.client.writer().write_all(words).unwrap();
        self.speak();
    }

    pub(super) fn client_closes(&mut self) {
        self.client.send_close_notify();
        self.speak();
    }

    pub(super) fn read(&mut self) -> Poll<Result<(Read, Vec<u8>), Fault>> {
        let mut buf = vec![0; 64 * 1024];
        let read = self.port.poll_read(&mut cx(), &mut buf);
        read.map_ok(|read| {
            let n = match read {
                Read::Bytes(n) => n,
                Read::CloseNotify | Read::Fin => 0,
            };
            buf.truncate(n);
            (read, buf)
        })
    }

    /// A read that brings bytes.
    pub(super) fn read_bytes(&mut self) -> Vec<u8> {
        let read = self.read();
        let Poll::Ready(Ok((Read::Bytes(_), bytes))) = read else {
            panic!("bytes, not {read:?}");
        };
        bytes
    }

    /// A read that brings an end.
    pub(super) fn read_end(&mut self) -> Read {
        let read = self.read();
        let Poll::Ready(Ok((end, _))) = read else {
            panic!("an end, not {read:?}");
        };
        end
    }

    pub(super) fn read_fault(&mut self) -> Fault {
        let read = self.read();
        let Poll::Ready(Err(fault)) = read else {
            panic!("a fault, not {read:?}");
        };
        fault
    }

    pub(super) fn write(&mut self, words: &[u8]) -> Poll<Result<usize, Fault>> {
        self.port.poll_write(&mut cx(), &[IoSlice::new(words)])
    }

    pub(super) fn finish(&mut self) -> Poll<Result<(), Fault>> {
        self.port.poll_finish(&mut cx())
    }
}

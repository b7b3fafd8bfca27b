//! Sessions with origins, kept to be resumed.
//!
//! They live in memory, for all workers. One of TLS 1.2 is given out once: if it holds, the engine
//! brings it back with the handshake's last word; one that an origin has got wrong is not tried
//! for ever, though the engine says nothing of it. (Tickets of TLS 1.3 are given out once anyway.)

use rustls::{
    NamedGroup,
    client::{
        ClientSessionMemoryCache, ClientSessionStore, Tls12ClientSessionValue,
        Tls13ClientSessionValue,
    },
    pki_types::ServerName,
};

/// Names of origins whose sessions are kept, for one cluster.
const NAMES: usize = 256;

/// The sessions of one cluster.
#[derive(Debug)]
pub(super) struct Sessions(ClientSessionMemoryCache);

impl Sessions {
    pub(super) fn new() -> Sessions {
        Sessions(ClientSessionMemoryCache::new(NAMES))
    }
}

impl ClientSessionStore for Sessions {
    fn set_kx_hint(&self, name: ServerName<'static>, group: NamedGroup) {
        self.0.set_kx_hint(name, group);
    }

    fn kx_hint(&self, name: &ServerName<'_>) -> Option<NamedGroup> {
        self.0.kx_hint(name)
    }

    fn set_tls12_session(&self, name: ServerName<'static>, value: Tls12ClientSessionValue) {
        self.0.set_tls12_session(name, value);
    }

    fn tls12_session(&self, name: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        let session = self.0.tls12_session(name)?;
        self.0.remove_tls12_session(&name.to_owned());
        Some(session)
    }

    fn remove_tls12_session(&self, name: &ServerName<'static>) {
        self.0.remove_tls12_session(name);
    }

    fn insert_tls13_ticket(&self, name: ServerName<'static>, value: Tls13ClientSessionValue) {
        self.0.insert_tls13_ticket(name, value);
    }

    fn take_tls13_ticket(&self, name: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        self.0.take_tls13_ticket(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::{
        accept::server_config,
        origin::client_config,
        testing::{At, Scratch, certificate, provider, shake},
    };
    use rustls::{
        ClientConnection, HandshakeKind, RootCertStore,
        pki_types::{CertificateDer, pem::PemObject},
        time_provider::TimeProvider,
    };
    use std::sync::Arc;

    #[test]
    fn a_session_that_holds_is_kept_and_one_that_came_to_nothing_is_not_tried_again() {
        let scratch = Scratch::new("sessions");
        let time: Arc<dyn TimeProvider> = Arc::new(At(1_800_000_000));
        let (cert, key) = certificate("a.example");
        let path = scratch.file("both.pem", &format!("{cert}{key}"));
        let files = crate::config::CertificateFiles {
            cert: path.clone(),
            key: path.clone(),
        };
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_file(&path).unwrap())
            .unwrap();
        let certified = crate::tls::files::load(&files, &provider()).unwrap();
        let mut only = (*provider()).clone();
        only.cipher_suites.retain(|suite| suite.tls13().is_none());
        let server = server_config(vec![certified], None, &[], &Arc::new(only), &time).unwrap();
        let client = client_config(roots, None, &[], &provider(), &time).unwrap();
        let kind = || shake(&server, &client, "a.example").handshake_kind();
        assert_eq!(kind(), Some(HandshakeKind::Full));
        for _ in 0..3 {
            assert_eq!(kind(), Some(HandshakeKind::Resumed));
        }
        let name = ServerName::try_from("a.example").unwrap();
        drop(ClientConnection::new(Arc::clone(&client), name).unwrap());
        assert_eq!(kind(), Some(HandshakeKind::Full));
        assert_eq!(kind(), Some(HandshakeKind::Resumed));
    }
}

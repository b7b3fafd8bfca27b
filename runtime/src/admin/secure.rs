//! TLS for whoever asks by HTTP: what secures it, and what becomes of a handshake that comes to nothing.
//!
//! It owns the configuration of the handshakes to come, which a reload replaces; connections that are there
//! keep theirs. It waits for handshakes, so long at most, and for the last word of those who are refused.

use super::serve::Way;
use crate::{
    config::{AdminTls, ClientAuth, Clients},
    message::Message,
    observe::whole::Certificate,
    tls::{
        accept::{server_config, shown, verifier},
        files,
    },
};
use rustls::{
    ServerConfig, crypto::CryptoProvider, server::NoServerSessionStorage,
    time_provider::TimeProvider,
};
use socket2::SockRef;
use std::{
    io,
    net::{Shutdown, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long whoever is refused may take to hear so.
const LAST_WORD: Duration = Duration::from_secs(5);

/// What secures it; every clone is the same.
#[derive(Clone, Debug)]
pub struct Secure {
    asked: Arc<AdminTls>,
    now: Arc<Mutex<Arc<Loaded>>>,
}

/// What was made of the files.
#[derive(Debug)]
pub struct Loaded {
    config: Arc<ServerConfig>,
    certificates: Vec<Certificate>,
}

/// What is needed to load it.
pub type With<'a> = (&'a Arc<CryptoProvider>, &'a Arc<dyn TimeProvider>);

impl Secure {
    /// What `asked` is for, its files read.
    ///
    /// # Errors
    /// A file that cannot be used.
    pub fn load(asked: &AdminTls, with: With<'_>) -> Result<Secure, Message> {
        let now = read(asked, with)?;
        Ok(Secure {
            asked: Arc::new(asked.clone()),
            now: Arc::new(Mutex::new(Arc::new(now))),
        })
    }

    /// Its files as they are now, for [`Secure::replace`]; nothing if another configuration names others:
    /// that is for the next start, and these may be gone.
    ///
    /// # Errors
    /// A file that cannot be used.
    pub fn again(
        &self,
        configured: Option<&AdminTls>,
        with: With<'_>,
    ) -> Result<Option<Loaded>, Message> {
        match configured == Some(&*self.asked) {
            true => read(&self.asked, with).map(Some),
            false => Ok(None),
        }
    }

    /// Handshakes from now on are as `next` says.
    pub fn replace(&self, next: Loaded) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
    }

    fn now(&self) -> Arc<Loaded> {
        Arc::clone(&self.now.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The certificates that are shown.
    pub(super) fn certificates(&self) -> Vec<Certificate> {
        self.now().certificates.clone()
    }

    /// Shakes hands; says also whether the client has shown who it is. Whoever is refused has been told why.
    pub(super) async fn accept(
        &self,
        stream: TcpStream,
        client: SocketAddr,
    ) -> Option<(TlsStream<TcpStream>, Way)> {
        let config = Arc::clone(&self.now().config);
        let shaking = TlsAcceptor::from(config).accept(stream).into_fallible();
        match timeout(HANDSHAKE, shaking).await {
            Ok(Ok(stream)) => {
                let way = match stream.get_ref().1.peer_certificates() {
                    // It was asked for, so it is from whom it should be.
                    Some(_) => Way::Certified,
                    None => Way::Http,
                };
                Some((stream, way))
            }
            Ok(Err((error, stream))) => {
                tell(&error, client);
                last_word(&stream).await;
                None
            }
            Err(_) => {
                tracing::debug!(%client, "a TLS handshake with the admin interface takes too long");
                None
            }
        }
    }
}

fn read(asked: &AdminTls, (provider, time): With<'_>) -> Result<Loaded, Message> {
    let certificates = asked.certificates.iter();
    let certificates = certificates.map(|one| files::load(one, provider));
    let certificates = certificates.collect::<Result<Vec<_>, _>>()?;
    let paths = asked.certificates.iter().map(|one| &*one.cert);
    let shown = shown("", paths.zip(&certificates), (provider, time.as_ref()));
    let clients = asked.client_ca.clone().map(|ca| Clients {
        ca,
        auth: ClientAuth::Required,
    });
    let clients = clients.map(|clients| verifier(&clients, provider));
    let clients = clients.transpose()?;
    let alpn: &[&[u8]] = &[b"http/1.1"];
    let mut config =
        Arc::unwrap_or_clone(server_config(certificates, clients, alpn, provider, time)?);
    // Nobody goes on by what was true of a certificate some hours ago.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(Loaded {
        config: Arc::new(config),
        certificates: shown,
    })
}

/// An operator without the right certificate is for another operator to read of; the rest is noise.
#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "not our enum, and it may grow"
)]
fn tell(error: &io::Error, client: SocketAddr) {
    let inner = error.get_ref();
    let refused = match inner.and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::NoCertificatesPresented | rustls::Error::InvalidCertificate(_)) => true,
        Some(_) | None => false,
    };
    match refused {
        true => {
            tracing::info!(%client, %error, "the admin interface refuses a client's certificate")
        }
        false => {
            tracing::debug!(%client, %error, "a TLS handshake with the admin interface failed");
        }
    }
}

/// A socket that is closed with something unread in it is reset, and that would take the alert along: so
/// what was said already is read, for a moment.
async fn last_word(stream: &TcpStream) {
    // Whoever is gone has heard enough.
    let _finished = SockRef::from(stream).shutdown(Shutdown::Write);
    let said = async {
        let mut unread = [0; 1024];
        while stream.readable().await.is_ok() {
            match stream.try_read(&mut unread) {
                Ok(1..) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Ok(0) | Err(_) => return,
            }
        }
    };
    let _over = timeout(LAST_WORD, said).await;
}

//! TLS for whoever asks by HTTP: what secures it, and what becomes of a handshake that comes to nothing.
//!
//! It owns the configuration of the handshakes to come, which a reload replaces; connections that are there
//! keep theirs, but if others sign from then on: whoever was let in is not known to be so any more. It waits
//! for handshakes, so long at most, and for the last word of those who are refused.

use super::serve::Way;
use crate::{
    clock::Clock,
    config::{AdminTls, ClientAuth},
    message::Message,
    observe::whole::Certificate,
    tls::{
        accept::{server_config, shown, verifier_by},
        files,
    },
};
use rustls::{
    RootCertStore, ServerConfig, crypto::CryptoProvider, server::NoServerSessionStorage,
    time_provider::TimeProvider,
};
use socket2::SockRef;
use std::{
    io,
    net::{Shutdown, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tidegate_core::time::{Span, Time};
use tokio::{net::TcpStream, sync::watch, time::timeout};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How often somebody who is refused is told of.
const EVERY: Span = Span::from_secs(60);
/// How long whoever is refused may take to hear so.
const LAST_WORD: Duration = Duration::from_secs(5);

/// What secures it; every clone is the same.
#[derive(Clone, Debug)]
pub struct Secure {
    asked: Arc<AdminTls>,
    now: Arc<watch::Sender<Arc<Loaded>>>,
    refused: Arc<Mutex<Refused>>,
    clock: Clock,
}

/// What was made of the files.
#[derive(Debug)]
pub struct Loaded {
    config: Arc<ServerConfig>,
    certificates: Vec<Certificate>,
    /// Who signs the certificates of clients, if they need one.
    authorities: Option<Arc<RootCertStore>>,
}

/// Whoever has shaken hands.
pub(super) struct Shaken<E> {
    pub(super) stream: TlsStream<TcpStream>,
    pub(super) way: Way,
    /// Ready once it is to ask no more.
    pub(super) ends: E,
}

/// Who was refused for a certificate, so that anybody who is refused again and again fills no log.
#[derive(Debug, Default)]
struct Refused {
    told: Option<Time>,
    /// How many since then.
    untold: u64,
}

impl Refused {
    /// One more: whether it is told of, with the number of those of whom nobody was.
    fn one(&mut self, now: Time) -> Option<u64> {
        if self.told.is_some_and(|told| now.since(told) < EVERY) {
            self.untold += 1;
            return None;
        }
        self.told = Some(now);
        Some(std::mem::take(&mut self.untold))
    }
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
            now: Arc::new(watch::Sender::new(Arc::new(now))),
            refused: Arc::default(),
            clock: Clock::start(),
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

    /// Handshakes from now on are as `next` says. If others sign certificates of clients by that, whoever
    /// was let in for one is not any more.
    pub fn replace(&self, next: Loaded) {
        self.now.send_replace(Arc::new(next));
    }

    fn now(&self) -> Arc<Loaded> {
        Arc::clone(&self.now.borrow())
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
    ) -> Option<Shaken<impl Future<Output = ()> + use<>>> {
        let by = self.now();
        let shaking = TlsAcceptor::from(Arc::clone(&by.config)).accept(stream);
        match timeout(HANDSHAKE, shaking.into_fallible()).await {
            Ok(Ok(stream)) => {
                let way = match stream.get_ref().1.peer_certificates() {
                    // It was asked for, so it is from whom it should be.
                    Some(_) => Way::Certified,
                    None => Way::Http,
                };
                let ends = others_sign(self.now.subscribe(), by);
                Some(Shaken { stream, way, ends })
            }
            Ok(Err((error, stream))) => {
                self.tell(&error, client);
                last_word(&stream).await;
                None
            }
            Err(_) => {
                tracing::debug!(%client, "a TLS handshake with the admin interface takes too long");
                None
            }
        }
    }

    /// An operator without the right certificate is for another operator to read of; the rest is noise.
    fn tell(&self, error: &io::Error, client: SocketAddr) {
        if !is_refusal(error) {
            tracing::debug!(%client, %error, "a TLS handshake with the admin interface failed");
            return;
        }
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(before) = refused.one(self.clock.now()) else {
            return;
        };
        match before {
            0 => {
                tracing::info!(%client, %error, "the admin interface refuses a client's certificate");
            }
            before => tracing::info!(
                %client, %error, before,
                "the admin interface refuses a client's certificate, and has refused others before"
            ),
        }
    }
}

/// Ready once others sign the certificates of clients than `by` said.
async fn others_sign(mut now: watch::Receiver<Arc<Loaded>>, by: Arc<Loaded>) {
    let roots = |loaded: &Loaded| loaded.authorities.as_ref().map(|all| all.roots.clone());
    let by = roots(&by);
    if now.wait_for(|now| roots(now) != by).await.is_err() {
        // Nobody can say so any more.
        std::future::pending().await
    }
}

fn read(asked: &AdminTls, (provider, time): With<'_>) -> Result<Loaded, Message> {
    let certificates = asked.certificates.iter();
    let certificates = certificates.map(|one| files::load(one, provider));
    let certificates = certificates.collect::<Result<Vec<_>, _>>()?;
    let paths = asked.certificates.iter().map(|one| &*one.cert);
    let shown = shown("", paths.zip(&certificates), (provider, time.as_ref()));
    let authorities = asked.client_ca.as_deref().map(files::authorities);
    let authorities = authorities.transpose()?.map(Arc::new);
    let clients = authorities.clone();
    let clients = clients.map(|roots| verifier_by(roots, ClientAuth::Required, provider));
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
        authorities,
    })
}

/// Whether a client was refused for its certificate.
#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "not our enum, and it may grow"
)]
fn is_refusal(error: &io::Error) -> bool {
    let inner = error.get_ref();
    match inner.and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::NoCertificatesPresented | rustls::Error::InvalidCertificate(_)) => true,
        Some(_) | None => false,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_those_who_are_refused_one_a_minute_is_told_of() {
        let mut refused = Refused::default();
        let mut at = |seconds: u64| refused.one(Time(0) + Span::from_secs(seconds));
        assert_eq!(at(5), Some(0));
        assert_eq!([at(5), at(64)], [None, None]);
        assert_eq!(at(65), Some(2));
        assert_eq!([at(66), at(125)], [None, Some(1)]);
    }
}

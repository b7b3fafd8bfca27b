//! TLS whose every byte follows from a seed.
//!
//! It owns a `rustls` provider whose randoms and X25519 keys are drawn from a thread's seeded
//! streams (one for each [`Party`], so that one party's draws never shift another's), a fixed
//! Ed25519 certificate, and a clock that is simulated time. Ciphers and signatures are those of
//! production. It never touches the system's entropy or clock, and is no TLS for the world.

#[cfg(test)]
mod tests;

use crate::rng::Rng;
use rcgen::{CertificateParams, KeyPair, PKCS_ED25519, SerialNumber, date_time_ymd};
use rustls::{
    ClientConfig, Error, NamedGroup, PeerMisbehaved, RootCertStore, ServerConfig,
    SupportedProtocolVersion,
    crypto::{
        ActiveKeyExchange, CryptoProvider, GetRandomFailed, SecureRandom, SharedSecret,
        SupportedKxGroup, aws_lc_rs,
    },
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime},
    time_provider::TimeProvider,
    version::{TLS12, TLS13},
};
use std::{
    cell::{Cell, RefCell},
    sync::{Arc, OnceLock},
    time::Duration,
};
use tidegate_core::time::Time;
use x25519_dalek::{PublicKey, StaticSecret};

/// Who draws: each party has a stream of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Party {
    /// A client.
    Client,
    /// The proxy under test.
    Proxy,
    /// An origin.
    Origin,
}

/// A protocol version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// TLS 1.2.
    Tls12,
    /// TLS 1.3.
    Tls13,
}

/// The names the certificate is for: a proxy's and an origin's.
pub const NAMES: [&str; 2] = ["proxy.test", "origin.test"];

/// 2030-01-01: when every simulation begins, within the certificate's validity.
const EPOCH: Duration = Duration::from_secs(1_893_456_000);

/// PKCS#8 of the Ed25519 key whose secret is the bytes 1 to 32.
const KEY: [u8; 48] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26,
    27, 28, 29, 30, 31, 32,
];

thread_local! {
    static STREAMS: RefCell<[Rng; 3]> = RefCell::new(streams(0));
    static NOW: Cell<Time> = const { Cell::new(Time(0)) };
}

fn streams(seed: u64) -> [Rng; 3] {
    let root = Rng::new(seed).fork("tls");
    ["client", "proxy", "origin"].map(|party| root.fork(party))
}

/// Starts this thread's streams anew from `seed`, and its time at nothing: before every run.
pub fn reseed(seed: u64) {
    STREAMS.with_borrow_mut(|all| *all = streams(seed));
    set_time(Time::default());
}

/// Tells what time it is, for networks that do not say so themselves.
pub(crate) fn set_time(now: Time) {
    NOW.set(now);
}

fn fill(party: Party, bytes: &mut [u8]) {
    STREAMS.with_borrow_mut(|all| all[party as usize].fill(bytes));
}

impl Version {
    /// As rustls names it.
    #[must_use]
    pub fn protocol(self) -> &'static SupportedProtocolVersion {
        match self {
            Version::Tls12 => &TLS12,
            Version::Tls13 => &TLS13,
        }
    }
}

/// A server with the simulation's certificate, for `versions`.
#[must_use]
pub fn server_config(party: Party, versions: &[Version]) -> Arc<ServerConfig> {
    let versions: Vec<_> = versions.iter().map(|version| version.protocol()).collect();
    let (certificate, key) = identity();
    let config = ServerConfig::builder_with_details(provider(party), Arc::new(SimTime))
        .with_protocol_versions(&versions)
        .expect("the provider has suites for both versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("the key is the certificate's");
    Arc::new(config)
}

/// A client that trusts the simulation's certificate and speaks `version` alone.
#[must_use]
pub fn client_config(party: Party, version: Version) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots
        .add(identity().0)
        .expect("our certificate is an anchor");
    let config = ClientConfig::builder_with_details(provider(party), Arc::new(SimTime))
        .with_protocol_versions(&[version.protocol()])
        .expect("the provider has suites for both versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config)
}

/// The name a client asks for at the proxy.
#[must_use]
pub fn proxy_name() -> ServerName<'static> {
    ServerName::try_from(NAMES[0]).expect("a valid name")
}

/// The certificate, for whoever wants to trust or show it, with its key.
#[must_use]
pub fn identity() -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
    static CERTIFICATE: OnceLock<CertificateDer<'static>> = OnceLock::new();
    let key = PrivatePkcs8KeyDer::from(KEY.as_slice());
    let certificate = CERTIFICATE.get_or_init(|| {
        let pair = KeyPair::from_pkcs8_der_and_sign_algo(&key, &PKCS_ED25519)
            .expect("the constant is a key");
        let mut params = CertificateParams::new(NAMES.map(String::from)).expect("valid names");
        params.serial_number = Some(SerialNumber::from(1_u64));
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2100, 1, 1);
        let signed = params.self_signed(&pair);
        signed.expect("an Ed25519 key signs").der().clone()
    });
    (certificate.clone(), PrivateKeyDer::Pkcs8(key))
}

/// The provider whose chance is `party`'s stream of the running thread.
#[must_use]
pub fn provider(party: Party) -> Arc<CryptoProvider> {
    static PROVIDERS: [OnceLock<Arc<CryptoProvider>>; 3] = [const { OnceLock::new() }; 3];
    static SEEDED: [Seeded; 3] = [
        Seeded(Party::Client),
        Seeded(Party::Proxy),
        Seeded(Party::Origin),
    ];
    let seeded = &SEEDED[party as usize];
    let build = || {
        Arc::new(CryptoProvider {
            kx_groups: vec![seeded],
            secure_random: seeded,
            ..aws_lc_rs::default_provider()
        })
    };
    Arc::clone(PROVIDERS[party as usize].get_or_init(build))
}

/// A party's stream, as rustls asks for it.
#[derive(Debug)]
struct Seeded(Party);

impl SecureRandom for Seeded {
    fn fill(&self, buf: &mut [u8]) -> Result<(), GetRandomFailed> {
        fill(self.0, buf);
        Ok(())
    }
}

impl SupportedKxGroup for Seeded {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        let mut bytes = [0; 32];
        fill(self.0, &mut bytes);
        let secret = StaticSecret::from(bytes);
        let public = PublicKey::from(&secret);
        Ok(Box::new(Exchange { secret, public }))
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::X25519
    }
}

/// A key exchange in progress.
struct Exchange {
    secret: StaticSecret,
    public: PublicKey,
}

impl ActiveKeyExchange for Exchange {
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        // RFC 7748, 6.1: 32 bytes, and an all-zero result is refused.
        let peer: [u8; 32] = peer
            .try_into()
            .map_err(|_| Error::from(PeerMisbehaved::InvalidKeyShare))?;
        let shared = self.secret.diffie_hellman(&PublicKey::from(peer));
        if !shared.was_contributory() {
            return Err(PeerMisbehaved::InvalidKeyShare.into());
        }
        Ok(SharedSecret::from(&shared.as_bytes()[..]))
    }

    fn pub_key(&self) -> &[u8] {
        self.public.as_bytes()
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::X25519
    }
}

/// Simulated time on a simulated calendar.
#[derive(Debug)]
struct SimTime;

impl TimeProvider for SimTime {
    fn current_time(&self) -> Option<UnixTime> {
        let told = || Duration::from_micros(NOW.get().0);
        let since = turmoil::sim_elapsed().unwrap_or_else(told);
        Some(UnixTime::since_unix_epoch(EPOCH + since))
    }
}

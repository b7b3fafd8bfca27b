//! Development certificates: an authority of one's own, and a certificate for this machine.
//!
//! Owns one directory per user. `authority.pem` is the authority, with its key; `ca.pem` the same
//! without, to be trusted by browsers; `localhost.pem` the certificate that is served. A file is
//! replaced as a whole, and a lock lets one process at a time look and make. The authority is
//! for names of this machine only: stolen, it is good for nothing else.

use crate::{
    config::CertificateFiles,
    message::{Code, Message},
    tls::{files, leaf::fingerprint},
};
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints, date_time_ymd,
};
use rustix::fs::{FlockOperation, flock};
use rustls::{
    RootCertStore,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier},
    crypto::CryptoProvider,
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
    sign::CertifiedKey,
    time_provider::TimeProvider,
};
use std::{
    fs::{DirBuilder, File, OpenOptions, Permissions, set_permissions},
    io::{self, Write},
    net::Ipv6Addr,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

const DAY: u64 = 24 * 3600;
/// How long a certificate is valid.
const VALID: Duration = Duration::from_secs(90 * DAY);
/// A certificate that is valid for less than this is made anew.
const RENEW: Duration = Duration::from_secs(30 * DAY);
/// How long the authority is valid: longer than the machine will be used.
const AUTHORITY_VALID: Duration = Duration::from_secs(20 * 365 * DAY);

/// The development certificate, ready to be served.
#[derive(Debug)]
pub struct Dev {
    /// The certificate, its authority, and its key.
    pub certified: CertifiedKey,
    /// The file that it is in.
    pub served: PathBuf,
    /// The file to trust.
    pub authority: PathBuf,
    /// SHA-256 of the certificate that is served, as `9f:2c:…`.
    pub fingerprint: String,
}

/// Where the certificates of this user are: `override_with` (`--data-dir`), or
/// `TIDEGATE_DATA_DIR`, or `tidegate` in the user's data directory; below that, `dev`. `env`
/// looks up a variable of the environment.
///
/// # Errors
/// Neither of them is set, and there is no home directory either.
pub fn directory(
    override_with: Option<&Path>,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<PathBuf, Message> {
    let set = |name: &str| {
        env(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let data = override_with
        .map(Path::to_path_buf)
        .or_else(|| set("TIDEGATE_DATA_DIR"))
        // XDG: a relative path is invalid and ignored.
        .or_else(|| {
            set("XDG_DATA_HOME")
                .filter(|p| p.is_absolute())
                .map(|p| p.join("tidegate"))
        })
        .or_else(|| set("HOME").map(|home| home.join(".local/share/tidegate")));
    data.map(|data| data.join("dev")).ok_or_else(|| {
        Message::new(
            Code::DevCertificates,
            "no place for development certificates",
        )
        .note("neither XDG_DATA_HOME nor HOME is set")
        .help("give one with --data-dir DIR or TIDEGATE_DATA_DIR")
    })
}

/// The certificate kept in `directory`, made first if it is not there, is not good for another
/// 30 days, or is not from the authority beside it. Waits for another process that is doing this.
///
/// # Errors
/// The directory cannot be made or written.
pub fn load(
    directory: &Path,
    provider: &Arc<CryptoProvider>,
    time: &dyn TimeProvider,
) -> Result<Dev, Message> {
    kept(directory, provider, time, false)
}

/// The same, made anew in any case.
///
/// # Errors
/// As [`load`].
pub fn renew(
    directory: &Path,
    provider: &Arc<CryptoProvider>,
    time: &dyn TimeProvider,
) -> Result<Dev, Message> {
    kept(directory, provider, time, true)
}

fn kept(
    directory: &Path,
    provider: &Arc<CryptoProvider>,
    time: &dyn TimeProvider,
    anew: bool,
) -> Result<Dev, Message> {
    let now = time
        .current_time()
        .unwrap_or(UnixTime::since_unix_epoch(Duration::ZERO));
    let dev = look_or_make(directory, provider, now, anew);
    dev.map_err(|error| {
        let shown = directory.display();
        let what = format!("cannot keep development certificates in {shown}");
        Message::new(Code::DevCertificates, what)
            .note(files::reason(&error))
            .help("make it writable, or choose another place with --data-dir DIR")
    })
}

fn look_or_make(
    dir: &Path,
    provider: &Arc<CryptoProvider>,
    now: UnixTime,
    anew: bool,
) -> io::Result<Dev> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    set_permissions(dir, Permissions::from_mode(0o700))?;
    // Held until this returns: closing the file gives it back, also when the process dies.
    let lock = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(dir.join("lock"))?;
    flock(&lock, FlockOperation::LockExclusive)?;

    let authority = match authority(dir) {
        Some(known) => known,
        None => make_authority(dir, now)?,
    };
    let trusted = dir.join("ca.pem");
    if std::fs::read_to_string(&trusted).ok().as_ref() != Some(&authority.pem) {
        write(&trusted, &authority.pem)?;
    }
    let served = dir.join("localhost.pem");
    let good = good(&served, &authority.der, provider, now);
    let certified = match good.filter(|_| !anew) {
        Some(certified) => certified,
        None => {
            make_certificate(&served, &authority, now)?;
            let both = CertificateFiles {
                cert: served.clone(),
                key: served.clone(),
            };
            files::load(&both, provider)
                .map_err(|message| io::Error::other(message.what().to_owned()))?
        }
    };
    let fingerprint = certified
        .cert
        .first()
        .map(|leaf| fingerprint(leaf, provider))
        .unwrap_or_default();
    Ok(Dev {
        certified,
        served,
        authority: trusted,
        fingerprint,
    })
}

/// The authority: its certificate, in both forms, and its key.
struct Authority {
    pem: String,
    der: CertificateDer<'static>,
    key: KeyPair,
}

/// The authority kept in `dir`; none if there is none, or it is damaged.
fn authority(dir: &Path) -> Option<Authority> {
    let text = std::fs::read_to_string(dir.join("authority.pem")).ok()?;
    let (pem, key) = text.split_at(text.find("-----BEGIN PRIVATE KEY-----")?);
    let der = CertificateDer::from_pem_slice(pem.as_bytes()).ok()?;
    let key = KeyPair::from_pem(key).ok()?;
    Some(Authority {
        pem: pem.to_owned(),
        der,
        key,
    })
}

fn make_authority(dir: &Path, now: UnixTime) -> io::Result<Authority> {
    let key = KeyPair::generate().map_err(io::Error::other)?;
    let mut params = CertificateParams::default();
    params
        .distinguished_name
        .push(DnType::CommonName, "tidegate development authority");
    // Not from today: a clock that was once ahead must not make it useless for years.
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(1970, 1, 1) + since_1970(now) + AUTHORITY_VALID;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![
            GeneralSubtree::DnsName("localhost".to_owned()),
            GeneralSubtree::IpAddress(CidrSubnet::from_v4_prefix([127, 0, 0, 0], 8)),
            GeneralSubtree::IpAddress(CidrSubnet::from_v6_prefix(
                Ipv6Addr::LOCALHOST.octets(),
                128,
            )),
        ],
        excluded_subtrees: vec![],
    });
    let certificate = params.self_signed(&key).map_err(io::Error::other)?;
    let pem = certificate.pem();
    write(
        &dir.join("authority.pem"),
        &format!("{pem}{}", key.serialize_pem()),
    )?;
    Ok(Authority {
        pem,
        der: certificate.der().clone(),
        key,
    })
}

fn make_certificate(path: &Path, authority: &Authority, now: UnixTime) -> io::Result<()> {
    // Not `*.localhost`: clients ask for two labels after a wildcard, and some refuse the whole
    // certificate for it.
    let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let mut params = CertificateParams::new(names).map_err(io::Error::other)?;
    params
        .distinguished_name
        .push(DnType::CommonName, "localhost");
    let from = date_time_ymd(1970, 1, 1) + since_1970(now);
    params.not_before = from - Duration::from_secs(DAY);
    params.not_after = from + VALID;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate().map_err(io::Error::other)?;
    let issuer =
        Issuer::from_ca_cert_der(&authority.der, &authority.key).map_err(io::Error::other)?;
    let certificate = params.signed_by(&key, &issuer).map_err(io::Error::other)?;
    let text = format!(
        "{}{}{}",
        certificate.pem(),
        authority.pem,
        key.serialize_pem()
    );
    write(path, &text)
}

/// What is kept at `path`, if a client that trusts `authority` would accept it, now and for a
/// good while.
fn good(
    path: &Path,
    authority: &CertificateDer<'static>,
    provider: &Arc<CryptoProvider>,
    now: UnixTime,
) -> Option<CertifiedKey> {
    let both = CertificateFiles {
        cert: path.to_path_buf(),
        key: path.to_path_buf(),
    };
    let certified = files::load(&both, provider).ok()?;
    let mut roots = RootCertStore::empty();
    roots.add(authority.clone()).ok()?;
    let client = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
    let client = client.build().ok()?;
    let name = ServerName::try_from("localhost").ok()?;
    for at in [now, UnixTime::since_unix_epoch(since_1970(now) + RENEW)] {
        let leaf = certified.end_entity_cert().ok()?;
        client.verify_server_cert(leaf, &[], &name, &[], at).ok()?;
    }
    Some(certified)
}

fn since_1970(now: UnixTime) -> Duration {
    Duration::from_secs(now.as_secs())
}

/// Replaces the file at `path` as a whole, readable for its owner only. The caller has the lock.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let new = path.with_extension("new");
    // One that was left over may have been opened by others: it is not reused.
    match std::fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&new, path)?;
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests;

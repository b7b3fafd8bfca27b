//! What development certificates promise, on a clock that stands.

use super::*;
use crate::tls::testing::{At, Scratch, provider};
use std::os::unix::fs::MetadataExt;

const T0: u64 = 1_800_000_000;

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().mode() & 0o777
}

fn load_at(dir: &Path, seconds: u64) -> Dev {
    load(dir, &provider(), &At(seconds)).unwrap()
}

#[test]
fn it_is_made_once_for_its_owner_only_and_kept() {
    let scratch = Scratch::new("dev-once");
    let dir = scratch.path("a/dev");
    let first = load_at(&dir, T0);
    assert_eq!(mode(&dir), 0o700);
    for name in ["authority.pem", "ca.pem", "localhost.pem", "lock"] {
        assert_eq!(mode(&dir.join(name)), 0o600, "{name}");
    }
    let kept = std::fs::read(&first.authority).unwrap();
    assert!(!String::from_utf8_lossy(&kept).contains("PRIVATE"));
    assert_eq!(first.fingerprint.len(), 32 * 3 - 1);

    let second = load_at(&dir, T0 + 59 * DAY);
    assert_eq!(second.fingerprint, first.fingerprint);
    assert_eq!(std::fs::read(&second.authority).unwrap(), kept);
}

#[test]
fn near_its_expiry_it_is_made_anew_by_the_same_authority() {
    let scratch = Scratch::new("dev-expiry");
    let first = load_at(scratch.root(), T0);
    let authority = std::fs::read(&first.authority).unwrap();
    let second = load_at(scratch.root(), T0 + 61 * DAY);
    assert_ne!(second.fingerprint, first.fingerprint);
    assert_eq!(std::fs::read(&second.authority).unwrap(), authority);
}

#[test]
fn what_is_damaged_is_made_anew() {
    let scratch = Scratch::new("dev-damaged");
    let first = load_at(scratch.root(), T0);
    std::fs::write(scratch.path("localhost.pem"), "junk").unwrap();
    let second = load_at(scratch.root(), T0);
    assert_ne!(second.fingerprint, first.fingerprint);
    // Another authority: its own certificate with it, or no client would accept it.
    std::fs::write(scratch.path("authority.pem"), "junk").unwrap();
    let third = load_at(scratch.root(), T0);
    assert_ne!(third.fingerprint, second.fingerprint);
    assert_eq!(load_at(scratch.root(), T0).fingerprint, third.fingerprint);
}

#[test]
fn many_that_start_at_once_get_the_same() {
    let scratch = Scratch::new("dev-race");
    let dir = scratch.root();
    let start = std::sync::Barrier::new(8);
    let all: Vec<String> = std::thread::scope(|scope| {
        let one = || {
            start.wait();
            load_at(dir, T0).fingerprint
        };
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(one)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    assert!(all.iter().all(|one| *one == all[0]), "{all:?}");
}

#[test]
fn it_is_for_this_machine_and_nothing_else() {
    let scratch = Scratch::new("dev-names");
    let dev = load_at(scratch.root(), T0);
    let mut roots = RootCertStore::empty();
    let trusted = CertificateDer::from_pem_file(&dev.authority).unwrap();
    roots.add(trusted).unwrap();
    let client = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider());
    let client = client.build().unwrap();
    let accepts = |name: &str| {
        let name = ServerName::try_from(name).unwrap();
        let (leaf, chain) = dev.certified.cert.split_first().unwrap();
        let now = UnixTime::since_unix_epoch(Duration::from_secs(T0));
        client
            .verify_server_cert(leaf, chain, &name, &[], now)
            .is_ok()
    };
    for name in ["localhost", "127.0.0.1", "::1"] {
        assert!(accepts(name), "{name}");
    }
    for name in ["example.com", "127.0.0.2", "10.0.0.1"] {
        assert!(!accepts(name), "{name}");
    }
}

#[test]
fn a_directory_that_cannot_be_made_is_said_so() {
    let scratch = Scratch::new("dev-blocked");
    std::fs::write(scratch.path("file"), "").unwrap();
    let error = load(&scratch.path("file/dev"), &provider(), &At(T0)).unwrap_err();
    assert_eq!(error.code(), Code::DevCertificates);
}

#[test]
fn the_directory_follows_the_flag_then_the_environment() {
    let env = |known: &'static [(&str, &str)]| {
        move |name: &str| {
            known
                .iter()
                .find(|(n, _)| *n == name)
                .map(|(_, v)| v.to_string())
        }
    };
    let home: &'static [_] = &[("HOME", "/users/ann")];
    let xdg: &'static [_] = &[("XDG_DATA_HOME", "/data"), ("HOME", "/users/ann")];
    let own: &'static [_] = &[("TIDEGATE_DATA_DIR", "/own"), ("XDG_DATA_HOME", "/data")];
    let relative: &'static [_] = &[("XDG_DATA_HOME", "data"), ("HOME", "/users/ann")];
    for (flag, known, expected) in [
        (None, home, "/users/ann/.local/share/tidegate/dev"),
        (None, xdg, "/data/tidegate/dev"),
        (None, relative, "/users/ann/.local/share/tidegate/dev"),
        (None, own, "/own/dev"),
        (Some("/flag"), own, "/flag/dev"),
    ] {
        assert_eq!(
            directory(flag.map(Path::new), &env(known)).unwrap(),
            Path::new(expected)
        );
    }
    let error = directory(None, &env(&[])).unwrap_err();
    assert_eq!(error.code(), Code::DevCertificates);
}

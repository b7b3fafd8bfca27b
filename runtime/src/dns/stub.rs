//! The resolver of this machine: its files, and the servers that they, or the configuration, name.
//!
//! It owns the way of a question: `/etc/hosts` first, then what the name may be short for, each server
//! in its turn, a connection where a datagram was too small. It keeps nothing: files are read each
//! time, so what is changed in them is heard of, and answers are the caller's.

use super::{
    Answer, Failure, Families, Family, Found, Resolver,
    files::{Settings, hosts, localhost, resolv_conf},
    message::{Heard, Question},
};
use crate::{
    config::Dns,
    net::kernel::{ask, ask_at_length, interface},
    tls::files::reason,
};
use rustls::crypto::SecureRandom;
use std::{
    fmt, io,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};
use tidegate_core::time::Span;
use tokio::time::timeout;

/// What is in `/etc/hosts` is good for so long: then it is read again.
const HOSTS_TTL: Span = Span::from_secs(10);

/// The resolver of this machine.
#[derive(Clone)]
pub struct Stub {
    dns: Dns,
    hosts: PathBuf,
    resolv_conf: PathBuf,
    random: &'static dyn SecureRandom,
}

impl fmt::Debug for Stub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stub")
            .field("dns", &self.dns)
            .finish_non_exhaustive()
    }
}

impl Stub {
    /// As configured; `random` makes ids that nobody can guess.
    #[must_use]
    pub fn new(dns: &Dns, random: &'static dyn SecureRandom) -> Stub {
        Stub {
            dns: dns.clone(),
            hosts: "/etc/hosts".into(),
            resolv_conf: "/etc/resolv.conf".into(),
            random,
        }
    }

    fn settings(&self) -> Settings {
        let Dns {
            servers,
            timeout,
            attempts,
            families: _,
        } = &self.dns;
        let base = match servers.is_empty() {
            true => resolv_conf(&text(&self.resolv_conf), interface),
            // Who names servers means those, and names as they are written.
            false => Settings {
                servers: servers.clone(),
                ..Settings::default()
            },
        };
        Settings {
            timeout: timeout.unwrap_or(base.timeout),
            attempts: attempts.map_or(base.attempts, Into::into),
            ..base
        }
    }

    /// What one name, which is complete, has.
    async fn of(&self, name: &str, families: Families, settings: &Settings) -> Found {
        of_families(families, async |family| {
            self.answer(name, family, settings).await
        })
        .await
    }

    /// Asks every server in its turn until one knows.
    async fn answer(&self, name: &str, family: Family, settings: &Settings) -> Answer {
        let mut failure = Failure::Late;
        for _ in 0..settings.attempts {
            for server in &settings.servers {
                let answer = self.once(name, family, *server);
                let limit = Duration::from_micros(settings.timeout.0);
                failure = match timeout(limit, answer).await {
                    Ok(Ok(Err(failure))) if !failure.is_final() => failure,
                    Ok(Ok(answer)) => return answer,
                    Ok(Err(error)) => Failure::Unasked(format!("{server}: {}", reason(&error))),
                    Err(_) => Failure::Late,
                };
            }
        }
        Err(failure)
    }

    /// Asks one server once, and waits for as long as it takes.
    async fn once(&self, name: &str, family: Family, server: SocketAddr) -> io::Result<Answer> {
        let mut id = [0; 2];
        let filled = self.random.fill(&mut id);
        filled.map_err(|_| io::Error::other("no random numbers"))?;
        let Some(question) = Question::new(u16::from_be_bytes(id), name, family) else {
            return Ok(Err(Failure::NoName));
        };
        let bytes = question.bytes();
        let asked = ask(server, &bytes).await?;
        loop {
            match question.heard(&asked.next().await?) {
                Heard::Noise => {}
                Heard::Answer(answer) => return Ok(answer),
                Heard::Truncated => break,
            }
        }
        match question.heard(&ask_at_length(server, &bytes).await?) {
            Heard::Answer(answer) => Ok(answer),
            Heard::Noise | Heard::Truncated => Err(io::Error::other("its answer is malformed")),
        }
    }
}

/// A file that is not there says nothing.
fn text(path: &Path) -> String {
    let bytes = std::fs::read(path).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

impl Resolver for Stub {
    async fn look_up(&self, name: &str, families: Families) -> Found {
        let known = hosts(&text(&self.hosts), name);
        if !known.is_empty() {
            return Found::of(&known, HOSTS_TTL);
        }
        if let Some(loopback) = localhost(name) {
            return Found::of(&loopback, HOSTS_TTL);
        }
        let settings = self.settings();
        let of = async |name: String| self.of(&name, families, &settings).await;
        first(name, settings.candidates(name), of).await
    }
}

/// Where one family is preferred, the other is asked for only if there is none of it: two questions cost
/// more than one, and some servers never answer to the second.
async fn of_families(families: Families, ask: impl AsyncFn(Family) -> Answer) -> Found {
    let (first, other) = match families {
        Families::V4 => (Family::V4, None),
        Families::V6 => (Family::V6, None),
        Families::PreferV4 => (Family::V4, Some(Family::V6)),
        Families::PreferV6 => (Family::V6, Some(Family::V4)),
        Families::All => {
            let (v4, v6) = tokio::join!(ask(Family::V4), ask(Family::V6));
            return Found::new(Some(v4), Some(v6));
        }
    };
    let answer = ask(first).await;
    let other = match (&answer, other) {
        (Err(Failure::NoAddress), Some(other)) => Some(ask(other).await),
        (Ok(_) | Err(_), _) => None,
    };
    match first {
        Family::V4 => Found::new(Some(answer), other),
        Family::V6 => Found::new(other, Some(answer)),
    }
}

/// What the first of `candidates` has that has anything, of all that `name` may be short for. Whether there is
/// such a name must be known before another is taken for it: one that could not be looked up ends it. A domain
/// of the search list whose servers answer that they have failed is passed over, as the system does: it is
/// broken for every name, also for those that have nothing to do with it.
async fn first(name: &str, candidates: Vec<String>, of: impl AsyncFn(String) -> Found) -> Found {
    let (mut broken, mut last) = (false, Found::failed(&Failure::NoName));
    for candidate in candidates {
        let is_longer = candidate != name;
        let found = of(candidate).await;
        if failed(&found, Failure::is_final) {
            last = found;
        } else if is_longer && failed(&found, |one| one.is_final() || *one == Failure::SERVFAIL) {
            broken = true;
        } else {
            return found;
        }
    }
    match broken {
        // It may be what was meant: nobody can say that there is no such name, or none of one family.
        true => Found::failed(&Failure::SERVFAIL),
        false => last,
    }
}

/// Whether all that was asked for has failed, and so.
fn failed(found: &Found, so: impl Fn(&Failure) -> bool) -> bool {
    let mut answers = found.v4.iter().chain(&found.v6);
    answers.all(|one| one.as_ref().err().is_some_and(&so))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    /// What `db1` comes to, where each of its candidates has what is said here; and who was asked.
    fn looked_up(has: &[(&str, Found)]) -> (Found, String) {
        let asked = RefCell::new(Vec::new());
        let of = async |name: String| {
            let (_, found) = has.iter().find(|(known, _)| *known == name).unwrap();
            asked.borrow_mut().push(name);
            found.clone()
        };
        let all = has.iter().map(|(name, _)| (*name).to_owned()).collect();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let found = runtime.block_on(first("db1", all, of));
        (found, asked.into_inner().join(" "))
    }

    #[test]
    fn the_first_that_has_an_address_is_meant() {
        let no = || Found::failed(&Failure::NoName);
        let empty = || Found::failed(&Failure::NoAddress);
        let good = || Found::of(&["10.0.0.1".parse().unwrap()], HOSTS_TTL);
        let all = [("db1.a", no()), ("db1.b", good()), ("db1", good())];
        assert_eq!(looked_up(&all), (good(), "db1.a db1.b".to_owned()));
        let all = [("db1.a", no()), ("db1", empty())];
        assert_eq!(looked_up(&all), (empty(), "db1.a db1".to_owned()));
    }

    /// What is asked for, where there are addresses of `has`, or a failure.
    fn asked(families: Families, has: &[Family], failure: &Failure) -> (Found, Vec<Family>) {
        let asked = RefCell::new(Vec::new());
        let ask = async |family| {
            asked.borrow_mut().push(family);
            match has.contains(&family) {
                true => Ok((vec![], HOSTS_TTL)),
                false => Err(failure.clone()),
            }
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let found = runtime.block_on(of_families(families, ask));
        (found, asked.into_inner())
    }

    #[test]
    fn the_other_family_is_asked_for_where_there_is_none_of_the_first() {
        use Families::{All, PreferV4, PreferV6};
        use Family::{V4, V6};
        let none = Failure::NoAddress;
        for (families, has, questions) in [
            (PreferV4, vec![V4, V6], vec![V4]),
            (PreferV4, vec![V6], vec![V4, V6]),
            (PreferV6, vec![V4, V6], vec![V6]),
            (PreferV6, vec![V4], vec![V6, V4]),
            (Families::V4, vec![V6], vec![V4]),
            (Families::V6, vec![V4], vec![V6]),
            (All, vec![V4], vec![V4, V6]),
        ] {
            let (found, asked) = asked(families, &has, &none);
            assert_eq!(asked, questions, "{families:?} {has:?}");
            let answers = [(V4, &found.v4), (V6, &found.v6)];
            for (family, answer) in answers {
                assert_eq!(answer.is_some(), questions.contains(&family));
                let good = answer.as_ref().is_some_and(Result::is_ok);
                assert_eq!(good, answer.is_some() && has.contains(&family));
            }
        }
        for failure in [Failure::NoName, Failure::Late] {
            let (_, asked) = asked(PreferV4, &[V6], &failure);
            assert_eq!(asked, [V4], "{failure}");
        }
    }

    #[test]
    fn no_other_is_taken_for_one_that_could_not_be_looked_up() {
        let good = || Found::of(&["10.0.0.1".parse().unwrap()], HOSTS_TTL);
        let refused = Failure::Answered(5);
        for failure in [
            Failure::Late,
            Failure::Unasked("no route".to_owned()),
            refused,
        ] {
            let failed = || Found::failed(&failure);
            let all = [("db1.a", failed()), ("db1", good())];
            assert_eq!(looked_up(&all), (failed(), "db1.a".to_owned()));
        }
        // The name as it was written is meant if anything is.
        let failed = || Found::failed(&Failure::SERVFAIL);
        let all = [("db1", failed()), ("db1.a", good())];
        assert_eq!(looked_up(&all), (failed(), "db1".to_owned()));
    }

    /// A domain whose servers have failed says nothing of any name: without this, one such domain in the search
    /// list has no name found at all that is not beneath it.
    #[test]
    fn a_domain_whose_servers_have_failed_is_passed_over() {
        let failed = || Found::failed(&Failure::SERVFAIL);
        let no = || Found::failed(&Failure::NoName);
        let good = || Found::of(&["10.0.0.1".parse().unwrap()], HOSTS_TTL);
        let half = || Found::new(Some(Err(Failure::NoAddress)), Some(Err(Failure::SERVFAIL)));
        for broken in [failed(), half()] {
            let a = ("db1.a", broken);
            let all = [a.clone(), ("db1.b", no()), ("db1", good())];
            assert_eq!(looked_up(&all), (good(), "db1.a db1.b db1".to_owned()));
            // Where nothing is found, it is not known that there is nothing.
            let all = [a, ("db1.b", no()), ("db1", no())];
            assert_eq!(looked_up(&all), (failed(), "db1.a db1.b db1".to_owned()));
        }
        let some = || Found::new(Some(Err(Failure::SERVFAIL)), good().v4);
        let all = [("db1.a", some()), ("db1", good())];
        assert_eq!(looked_up(&all), (some(), "db1.a".to_owned()));
    }

    #[test]
    fn who_names_servers_means_those_alone() {
        let random = rustls::crypto::aws_lc_rs::default_provider().secure_random;
        let servers = vec![SocketAddr::from(([10, 0, 0, 53], 5353))];
        let dns = Dns {
            servers: servers.clone(),
            attempts: std::num::NonZeroU32::new(4),
            ..Dns::default()
        };
        let expected = Settings {
            servers,
            attempts: 4,
            ..Settings::default()
        };
        assert_eq!(Stub::new(&dns, random).settings(), expected);
    }
}

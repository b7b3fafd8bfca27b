//! What is known of one name, and what an answer changes in it.
//!
//! Pure. It owns the addresses: the last ones that were found stay for as long as nothing better is
//! known, also where a server says that the name is gone. Addresses that do not answer any more cost a
//! failed connect; addresses forgotten for the mistake of a server cost everything.

use super::{Answer, Failure, Families, Family, Found};
use std::{collections::BTreeSet, net::IpAddr};
use tidegate_core::time::Span;

/// What is known of a name.
#[derive(Clone, Debug)]
pub struct Known {
    families: Families,
    v4: Vec<IpAddr>,
    v6: Vec<IpAddr>,
    used: Vec<IpAddr>,
    /// What was told last, until it is over.
    trouble: Option<Failure>,
}

/// What an answer has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Learnt {
    /// How long that is good for; nothing if something failed, and is to be asked again.
    pub good: Option<Span>,
    /// The addresses that are gone, if the addresses are others than before.
    pub changed: Option<Vec<IpAddr>>,
    /// What failed, if that is news.
    pub trouble: Option<Failure>,
    /// Whether what had failed, and was told, is over.
    pub over: bool,
}

impl Known {
    /// Nothing.
    #[must_use]
    pub fn new(families: Families) -> Known {
        Known {
            families,
            v4: Vec::new(),
            v6: Vec::new(),
            used: Vec::new(),
            trouble: None,
        }
    }

    /// What somebody else has known.
    pub fn since(families: Families, had: impl IntoIterator<Item = IpAddr>) -> Known {
        let mut known = Known::new(families);
        let had: BTreeSet<IpAddr> = had.into_iter().collect();
        (known.v4, known.v6) = had.into_iter().partition(IpAddr::is_ipv4);
        known.used = known.chosen(&known.v4, &known.v6);
        known
    }

    /// The addresses in use, in their order.
    #[must_use]
    pub fn addresses(&self) -> &[IpAddr] {
        &self.used
    }

    /// Takes an answer in. A family that could not be asked keeps what it had.
    pub fn learn(&mut self, found: Found) -> Learnt {
        let Found { v4, v6 } = found;
        let v4 = v4.filter(|_| self.families.asks(Family::V4));
        let v6 = v6.filter(|_| self.families.asks(Family::V6));
        let failure = transient(v4.as_ref()).or_else(|| transient(v6.as_ref()));
        let (next_v4, next_v6) = (kept(&self.v4, v4.as_ref()), kept(&self.v6, v6.as_ref()));
        let used = self.chosen(&next_v4, &next_v6);
        if used.is_empty() {
            let last = [v4, v6].into_iter().flatten().filter_map(Result::err);
            let last = || last.min_by_key(|one| *one != Failure::NoName);
            let failure = failure.or_else(last).unwrap_or(Failure::NoAddress);
            return self.failed(failure, None);
        }
        let gone = (used != self.used).then(|| {
            let before = self.used.iter().copied();
            before.filter(|one| !used.contains(one)).collect()
        });
        let ttl = self.ttl(&used, v4.as_ref(), v6.as_ref());
        (self.v4, self.v6, self.used) = (next_v4, next_v6, used);
        if let Some(failure) = failure {
            return self.failed(failure, gone);
        }
        Learnt {
            good: Some(ttl),
            changed: gone,
            trouble: None,
            over: self.trouble.take().is_some(),
        }
    }

    fn failed(&mut self, failure: Failure, changed: Option<Vec<IpAddr>>) -> Learnt {
        let news = self.trouble.as_ref() != Some(&failure);
        self.trouble = Some(failure.clone());
        Learnt {
            good: None,
            changed,
            trouble: news.then_some(failure),
            over: false,
        }
    }

    fn chosen(&self, v4: &[IpAddr], v6: &[IpAddr]) -> Vec<IpAddr> {
        let first = match self.families {
            Families::PreferV4 if !v4.is_empty() => [v4, &[]],
            Families::PreferV6 if !v6.is_empty() => [v6, &[]],
            // What was not asked for is not there.
            Families::PreferV4 | Families::PreferV6 | Families::All => [v4, v6],
            Families::V4 => [v4, &[]],
            Families::V6 => [v6, &[]],
        };
        first.concat()
    }

    /// The shortest TTL of those in use.
    fn ttl(&self, used: &[IpAddr], v4: Option<&Answer>, v6: Option<&Answer>) -> Span {
        let good = |answer: Option<&Answer>| {
            let (all, ttl) = answer?.as_ref().ok()?;
            all.iter().any(|one| used.contains(one)).then_some(*ttl)
        };
        let ttls = [good(v4), good(v6)];
        ttls.into_iter().flatten().min().unwrap_or_default()
    }
}

fn transient(answer: Option<&Answer>) -> Option<Failure> {
    let failure = answer?.as_ref().err()?;
    (!failure.is_final()).then(|| failure.clone())
}

/// What a family has now.
fn kept(before: &[IpAddr], answer: Option<&Answer>) -> Vec<IpAddr> {
    match answer {
        Some(Ok((all, _))) => {
            let mut all = all.clone();
            // Servers turn the order round from answer to answer; that is no change.
            all.sort_unstable();
            all.dedup();
            all
        }
        Some(Err(failure)) if failure.is_final() => Vec::new(),
        Some(Err(_)) | None => before.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TTL: Span = Span::from_secs(60);

    fn ips(text: &str) -> Vec<IpAddr> {
        let words = text.split_whitespace();
        words.map(|word| word.parse().unwrap()).collect()
    }

    fn found(text: &str) -> Found {
        Found::of(&ips(text), TTL)
    }

    fn known(families: Families, text: &str) -> Known {
        let mut known = Known::new(families);
        let learnt = known.learn(found(text));
        assert_eq!(learnt.good, Some(TTL));
        known
    }

    fn both(v4: Answer, v6: Answer) -> Found {
        let (v4, v6) = (Some(v4), Some(v6));
        Found { v4, v6 }
    }

    #[test]
    fn a_change_is_one_and_another_order_is_none() {
        let mut known = known(Families::PreferV4, "10.0.0.3 10.0.0.1");
        assert_eq!(known.addresses(), ips("10.0.0.1 10.0.0.3"));
        assert_eq!(known.learn(found("10.0.0.1 10.0.0.3")).changed, None);
        let learnt = known.learn(found("10.0.0.2 10.0.0.1"));
        assert_eq!(learnt.changed, Some(ips("10.0.0.3")));
        assert_eq!(known.addresses(), ips("10.0.0.1 10.0.0.2"));
        let learnt = known.learn(found("10.0.0.4 10.0.0.2 10.0.0.1"));
        assert_eq!(learnt.changed, Some(vec![]), "one more, and none gone");
    }

    #[test]
    fn one_family_is_preferred() {
        let text = "fd00::1 10.0.0.1";
        for (families, used) in [
            (Families::PreferV4, "10.0.0.1"),
            (Families::PreferV6, "fd00::1"),
            (Families::V4, "10.0.0.1"),
            (Families::V6, "fd00::1"),
            (Families::All, "10.0.0.1 fd00::1"),
        ] {
            assert_eq!(known(families, text).addresses(), ips(used), "{families:?}");
        }
        let mut six = known(Families::PreferV4, "fd00::1");
        assert_eq!(six.addresses(), ips("fd00::1"));
        let learnt = six.learn(found(text));
        assert_eq!(learnt.changed, Some(ips("fd00::1")), "there is one of IPv4");
    }

    #[test]
    fn what_was_known_stays_where_nothing_is() {
        let failures = [
            Failure::NoName,
            Failure::NoAddress,
            Failure::Answered(2),
            Failure::Late,
            Failure::Unasked("no route".to_owned()),
        ];
        for failure in failures {
            let mut known = known(Families::All, "10.0.0.1 fd00::1");
            let learnt = known.learn(Found::failed(&failure));
            let expected = Learnt {
                good: None,
                changed: None,
                trouble: Some(failure.clone()),
                over: false,
            };
            assert_eq!(learnt, expected);
            assert_eq!(known.addresses(), ips("10.0.0.1 fd00::1"), "{failure}");
            let again = known.learn(Found::failed(&failure));
            assert_eq!(again.trouble, None, "told once");
            let learnt = known.learn(found("10.0.0.1 fd00::1"));
            assert!(learnt.over && learnt.changed.is_none());
            assert!(!known.learn(found("10.0.0.1 fd00::1")).over);
        }
    }

    #[test]
    fn a_family_that_could_not_be_asked_keeps_its_own() {
        let mut known = known(Families::All, "10.0.0.1 fd00::1");
        let learnt = known.learn(both(Ok((ips("10.0.0.2"), TTL)), Err(Failure::Late)));
        assert_eq!(known.addresses(), ips("10.0.0.2 fd00::1"));
        assert_eq!(learnt.changed, Some(ips("10.0.0.1")));
        assert_eq!((learnt.good, learnt.trouble), (None, Some(Failure::Late)));
        let learnt = known.learn(both(Ok((ips("10.0.0.2"), TTL)), Err(Failure::NoAddress)));
        assert_eq!(learnt.changed, Some(ips("fd00::1")), "it has none any more");
        assert_eq!((learnt.good, learnt.trouble), (Some(TTL), None));
    }

    /// As a reload does: the one before has found them.
    #[test]
    fn what_somebody_else_has_known_is_kept_as_well() {
        let mut known = Known::since(Families::All, ips("fd00::1 10.0.0.1 10.0.0.1"));
        assert_eq!(known.addresses(), ips("10.0.0.1 fd00::1"));
        let learnt = known.learn(both(Ok((ips("10.0.0.1"), TTL)), Err(Failure::Late)));
        assert_eq!(learnt.changed, None);
        assert_eq!(known.addresses(), ips("10.0.0.1 fd00::1"));
    }

    #[test]
    fn the_shortest_ttl_in_use_counts() {
        let mut known = Known::new(Families::PreferV4);
        let (long, short) = (Span::from_secs(9), Span::from_secs(3));
        let answers = both(Ok((ips("10.0.0.1"), long)), Ok((ips("fd00::1"), short)));
        assert_eq!(known.learn(answers.clone()).good, Some(long));
        assert_eq!(Known::new(Families::All).learn(answers).good, Some(short));
    }

    #[test]
    fn of_two_failures_the_one_that_may_pass_is_told() {
        let mut known = Known::new(Families::PreferV4);
        let learnt = known.learn(both(Err(Failure::NoAddress), Err(Failure::Answered(2))));
        assert_eq!(learnt.trouble, Some(Failure::Answered(2)));
        let learnt = known.learn(both(Err(Failure::NoAddress), Err(Failure::NoName)));
        assert_eq!(learnt.trouble, Some(Failure::NoName));
        assert!(known.addresses().is_empty());
    }
}

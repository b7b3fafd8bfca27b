//! The addresses of names: who is asked for them, what is made of the answers, and who hears of it.
//!
//! It owns the names of a process, each looked up by one task whatever the number of clusters and
//! workers, on the thread that no request uses. When a name is looked up next,
//! `core/src/lookup.rs` decides. Servers are asked by a small client of our own, [`stub`]: all that is
//! wanted of DNS here is addresses and their TTLs, and a whole resolver (hickory-resolver) would be some
//! 46 packages more. Reading what a server sends is not ours: NLnet Labs' `domain` does that, of which
//! no more is built than its words (five packages), and which follows no pointer out of a message or
//! in a circle. The system's own way (getaddrinfo) says no TTL, and blocks.
//!
//! [`Resolver`] is a trait, so that tests can say what the answers are.

pub mod files;
mod follow;
mod known;
mod message;
mod once;
mod stub;

pub use self::{
    follow::{Hearer, Name, follow},
    known::{Known, Learnt},
    once::unresolved,
    stub::Stub,
};

use std::{fmt, future::Future, net::IpAddr};
use tidegate_core::{
    lookup::{Rcode, Unresolved},
    time::Span,
};

/// One family of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// A records.
    V4,
    /// AAAA records.
    V6,
}

/// Which addresses of a name are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Families {
    /// Those of IPv4, or of IPv6 if there are none: a name that has both has, most often, each host
    /// twice, and IPv4 is what works where only one of them does.
    #[default]
    PreferV4,
    /// The other way round.
    PreferV6,
    /// Those of IPv4 alone.
    V4,
    /// Those of IPv6 alone.
    V6,
    /// All of them.
    All,
}

impl Families {
    /// Whether a name is asked for addresses of `family`.
    #[must_use]
    pub const fn asks(self, family: Family) -> bool {
        match self {
            Families::PreferV4 | Families::PreferV6 | Families::All => true,
            Families::V4 => matches!(family, Family::V4),
            Families::V6 => matches!(family, Family::V6),
        }
    }
}

/// Addresses, at least one, and how long they are good for.
pub type Answer = Result<(Vec<IpAddr>, Span), Failure>;

/// Why there are no addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// There is no such name (NXDOMAIN).
    NoName,
    /// There is one, and it has no address (of this family).
    NoAddress,
    /// A server has answered with this code.
    Answered(u8),
    /// No server has answered in time.
    Late,
    /// No server could be asked, for this reason.
    Unasked(String),
}

impl Failure {
    /// A server has answered that it has failed: there may be such a name, or not.
    pub const SERVFAIL: Failure = Failure::Answered(2);

    /// Whether that is all there is to know for now. Others may be over in a moment.
    #[must_use]
    pub const fn is_final(&self) -> bool {
        matches!(self, Failure::NoName | Failure::NoAddress)
    }

    /// What a client hears of it.
    #[must_use]
    pub const fn unresolved(&self) -> Unresolved {
        match self {
            Failure::NoName => Unresolved::Failed(Some(Rcode::NxDomain)),
            Failure::Answered(code) => Unresolved::Failed(Rcode::of(*code)),
            Failure::NoAddress | Failure::Unasked(_) => Unresolved::Failed(None),
            Failure::Late => Unresolved::Late,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::NoName => f.write_str("there is no such name (NXDOMAIN)"),
            Failure::NoAddress => f.write_str("it has no address"),
            Failure::Answered(code) => match Rcode::of(*code) {
                Some(code) => write!(f, "its server answered {}", code.word()),
                None => write!(f, "its server answered with code {code}"),
            },
            Failure::Late => f.write_str("no server has answered in time"),
            Failure::Unasked(why) => write!(f, "no server could be asked: {why}"),
        }
    }
}

/// What was found out about a name; nothing of a family that was not asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Of IPv4.
    pub v4: Option<Answer>,
    /// Of IPv6.
    pub v6: Option<Answer>,
}

impl Found {
    fn new(v4: Option<Answer>, v6: Option<Answer>) -> Found {
        Found { v4, v6 }
    }

    /// The same for every family.
    #[must_use]
    pub fn failed(failure: &Failure) -> Found {
        Found {
            v4: Some(Err(failure.clone())),
            v6: Some(Err(failure.clone())),
        }
    }

    /// Those there are of `all`, whose order is kept, good for `ttl`.
    #[must_use]
    pub fn of(all: &[IpAddr], ttl: Span) -> Found {
        let of = |which: fn(&IpAddr) -> bool| {
            let some: Vec<_> = all.iter().copied().filter(which).collect();
            Some(match some.is_empty() {
                true => Err(Failure::NoAddress),
                false => Ok((some, ttl)),
            })
        };
        Found {
            v4: of(IpAddr::is_ipv4),
            v6: of(IpAddr::is_ipv6),
        }
    }
}

/// Who knows the addresses of names.
pub trait Resolver: 'static {
    /// Looks `name` up. It comes to an end by itself.
    fn look_up(&self, name: &str, families: Families) -> impl Future<Output = Found>;
}

//! When a route is for a request: its conditions, how specific they are, and whether two routes could
//! be for the same request.

use super::{Host, Path, Sent, host::Named};
use alloc::{string::String, vec::Vec};
use core::cmp::Reverse;

/// The conditions of a route. All of them have to hold.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct When {
    /// The hosts it is for.
    pub host: Host,
    /// The paths it is for.
    pub path: Path,
    /// The methods it is for, in order and each once; none: all of them.
    pub methods: Vec<String>,
    /// What it wants of fields, in the order of their names and each name once.
    pub headers: Vec<Header>,
}

/// What a route wants of one field.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Header {
    /// The name, in lower case.
    pub name: String,
    /// The value that the only field of this name has; none: it is there, be it once or more often.
    pub value: Option<String>,
}

/// How often a field is there, and what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen<'a> {
    /// It is not there.
    Never,
    /// Once, and its value.
    Once(&'a [u8]),
    /// More than once: which of them an origin will take is nobody's guess.
    Often,
}

/// The fields of a request, as a route asks for them.
pub trait Fields {
    /// What there is of the field with this name, of any case.
    fn seen(&self, name: &str) -> Seen<'_>;
}

/// There are none.
impl Fields for () {
    fn seen(&self, _name: &str) -> Seen<'_> {
        Seen::Never
    }
}

/// Names and values.
impl Fields for &[(String, String)] {
    fn seen(&self, name: &str) -> Seen<'_> {
        let mut all = self
            .iter()
            .filter(|(one, _)| one.eq_ignore_ascii_case(name));
        match (all.next(), all.next()) {
            (None, _) => Seen::Never,
            (Some((_, value)), None) => Seen::Once(value.as_bytes()),
            (Some(_), Some(_)) => Seen::Often,
        }
    }
}

/// A request, as far as it is routed by.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    pub(super) host: Named<'a>,
    pub(super) path: Sent<'a>,
    method: &'a str,
    fields: &'a dyn Fields,
}

impl core::fmt::Debug for Asked<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Asked")
            .field(
                "host",
                &format_args!("{}", self.host.bytes().escape_ascii()),
            )
            .field("path", &self.path)
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

impl<'a> Asked<'a> {
    /// A request for `host` (as it was sent, with its port if it has one) and `path` (with or
    /// without its query).
    #[must_use]
    pub fn new(
        host: Option<&'a str>,
        path: &'a str,
        method: &'a str,
        fields: &'a dyn Fields,
    ) -> Self {
        Asked::received(host.map(str::as_bytes), path, method, fields)
    }

    /// The same of a host whose bytes have been looked at.
    #[must_use]
    pub fn received(
        host: Option<&'a [u8]>,
        path: &'a str,
        method: &'a str,
        fields: &'a dyn Fields,
    ) -> Self {
        Asked {
            host: Named::of(host.unwrap_or_default()),
            path: Sent::of(path),
            method,
            fields,
        }
    }

    /// A connection to `host`, which asks for no path.
    #[must_use]
    pub fn named(host: Option<&'a str>) -> Self {
        Asked::new(host, "", "", &())
    }
}

/// The first condition that does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Miss<'a> {
    /// It is for other hosts.
    Host,
    /// It is for other paths.
    Path,
    /// It is for other methods.
    Method,
    /// It wants something else of this field.
    Header(&'a Header),
}

impl When {
    /// How much of the path it covers, in bytes, if all hold.
    pub(super) fn covers(&self, asked: &Asked<'_>) -> Option<usize> {
        if !self.host.matches(asked.host.bytes()) {
            return None;
        }
        let covered = self.path.covers(&asked.path)?;
        let holds = self.takes(asked.method)
            && self.headers.iter().all(|header| header.holds(asked.fields));
        holds.then_some(covered)
    }

    /// Why it is not for a request; `None` if it is.
    #[must_use]
    pub fn misses(&self, asked: &Asked<'_>) -> Option<Miss<'_>> {
        if !self.host.matches(asked.host.bytes()) {
            return Some(Miss::Host);
        }
        if self.path.covers(&asked.path).is_none() {
            return Some(Miss::Path);
        }
        if !self.takes(asked.method) {
            return Some(Miss::Method);
        }
        let mut missing = self.headers.iter().filter(|one| !one.holds(asked.fields));
        missing.next().map(Miss::Header)
    }

    /// Whether it is for all there is.
    #[must_use]
    pub fn is_always(&self) -> bool {
        let any = self.host == Host::Any && self.path == Path::Under(String::new());
        any && self.methods.is_empty() && self.headers.is_empty()
    }

    /// Whether some request could be for both, and neither is the more specific one.
    #[must_use]
    pub fn ties(&self, other: &When) -> bool {
        // Hosts, and paths, of the same rank cover nothing in common unless they are the same.
        self.rank() == other.rank()
            && self.host == other.host
            && self.path == other.path
            && (self.methods.is_empty() || self.methods.iter().any(|one| other.takes(one)))
            && !self.headers.iter().any(|one| other.wants_another(one))
    }

    /// The order in which routes are tried, the most specific first: by host, by path, by the number
    /// of fields wanted, of values among those, and whether it is for some methods only.
    pub(super) fn rank(&self) -> impl Ord + use<> {
        let values = self.headers.iter().filter(|one| one.value.is_some());
        (
            self.host.rank(),
            self.path.rank(),
            Reverse((self.headers.len(), values.count())),
            self.methods.is_empty(),
        )
    }

    fn takes(&self, method: &str) -> bool {
        self.methods.is_empty() || self.methods.iter().any(|one| one == method)
    }

    /// Whether it wants another value of the same field.
    fn wants_another(&self, of: &Header) -> bool {
        self.headers.iter().any(|one| {
            let both = one.value.as_ref().zip(of.value.as_ref());
            one.name == of.name && both.is_some_and(|(one, other)| one != other)
        })
    }
}

impl Header {
    fn holds(&self, fields: &dyn Fields) -> bool {
        match (fields.seen(&self.name), &self.value) {
            (Seen::Never, _) | (Seen::Often, Some(_)) => false,
            (Seen::Once(_) | Seen::Often, None) => true,
            (Seen::Once(value), Some(wanted)) => value == wanted.as_bytes(),
        }
    }
}

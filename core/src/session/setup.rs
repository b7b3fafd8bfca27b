//! What a session is made for: its kind, its limits, its time-outs, its policy. It never changes
//! while the session lives.

use super::policy::Policy;
use crate::limits::{Limits, Waits};
use core::hash::{Hash, Hasher};

/// What the bytes of a session are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// HTTP/1 messages.
    Http,
    /// Opaque bytes: one tunnel.
    Tcp,
}

/// Everything a session is told at its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setup {
    /// What its bytes are.
    pub kind: Kind,
    /// Whether the downstream leg is TLS.
    pub down_tls: bool,
    /// Whether its peer says first, in a PROXY header, for whom it speaks.
    pub proxy_header: bool,
    /// Whether the client's TLS is passed through, and only its ClientHello read (LIFECYCLE 4.2).
    pub passthrough: bool,
    /// Whether the upstream leg is TLS.
    pub up_tls: bool,
    /// How much it may hold.
    pub limits: Limits,
    /// How long it may wait.
    pub timeouts: Waits,
    /// How it decides where the standards leave it open.
    pub policy: Policy,
    /// How many bytes the id of a request has whose head did not come; 0 if they have none.
    pub id_bytes: u8,
    /// A deliberately wrong rule.
    #[cfg(feature = "known-bad")]
    pub variant: Option<crate::variant::Variant>,
}

impl Setup {
    /// A setup with the defaults of its kind.
    #[must_use]
    pub fn new(kind: Kind, down_tls: bool) -> Self {
        Setup {
            kind,
            down_tls,
            proxy_header: false,
            passthrough: false,
            up_tls: false,
            limits: Limits::default(),
            timeouts: match kind {
                Kind::Http => Waits::HTTP,
                Kind::Tcp => Waits::TCP,
            },
            policy: Policy::default(),
            id_bytes: 0,
            #[cfg(feature = "known-bad")]
            variant: None,
        }
    }
}

impl Hash for Setup {
    /// What a session was told tells no two of its states apart.
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

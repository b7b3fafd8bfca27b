//! The closed set of error codes: what each means and what to do about it. A code keeps its
//! number for ever; one that is no longer given is not given again to something else.

use std::fmt;

macro_rules! codes {
    ($($(#[doc = $text:literal])+ $name:ident = $number:literal,)+) => {
        /// What an error is about. `E01xx`: the text of a file. `E02xx`: what it means.
        /// `E03xx`: the machine it meets. `E04xx`: what is allowed, and probably not meant (warnings).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u16)]
        pub enum Code { $($(#[doc = $text])+ $name = $number,)+ }

        impl Code {
            /// Every code, in order.
            pub const ALL: &'static [Code] = &[$(Code::$name),+];

            /// What it means and what to do about it, in plain sentences.
            #[must_use]
            pub const fn explanation(self) -> &'static str {
                match self { $(Code::$name => concat!($($text),+),)+ }
            }
        }
    };
}

codes! {
    /// The configuration file cannot be read: it does not exist, is a directory, is not readable
    /// for this user, or is not UTF-8.
    FileUnreadable = 101,
    /// The file is not TOML. Nothing else about it is checked until it is.
    Syntax = 102,
    /// `defaults` names an edition of the default values that this version does not have.
    Edition = 103,
    /// A value is of another type than its key takes.
    WrongType = 104,
    /// A key that has no default is not there.
    MissingKey = 105,
    /// A key that is not known here. Unknown keys are never ignored: a misspelt time-out would
    /// silently be the default.
    UnknownKey = 107,
    /// A duration or size without its unit. Is `30` seconds or milliseconds? Write the unit.
    BareNumber = 108,
    /// A string that is not a duration. Durations are whole numbers with a unit out of `us`,
    /// `ms`, `s`, `m`, `h`.
    BadDuration = 109,
    /// A string that is not a size. Sizes are whole numbers with a unit out of `B`, `KiB`,
    /// `MiB`, `GiB`.
    BadSize = 110,
    /// A word out of a closed list was expected.
    BadChoice = 111,
    /// `${env:NAME}` names a variable that the environment does not have, or is not closed.
    Environment = 112,
    /// A list or string is empty where that would mean nothing.
    Empty = 113,
    /// A value is outside of the range that makes sense.
    OutOfRange = 114,
    /// Two values, each fine by itself, contradict each other.
    Contradiction = 115,
    /// The name of a field or of a cookie has a sign in it that no such name can have.
    BadToken = 116,
    /// A key or a table of which there can be one stands in two files.
    DuplicateKey = 117,
    /// A file that was included includes others. Only the main file may: so one look at it says which
    /// files there are, and no file can include itself.
    NestedInclude = 118,
    /// What `include` names is no path, or not one that can be read.
    BadPattern = 119,
    /// A template of log lines has a key that requests do not have, or a brace too many or too few.
    BadTemplate = 120,
    /// Two listeners or two clusters have the same name.
    DuplicateName = 201,
    /// A route or listener names something that is not in the file.
    UnknownReference = 202,
    /// An address to listen at is not `IP:PORT` or `:PORT`.
    BadBind = 203,
    /// An endpoint is neither `HOST:PORT` nor `unix:PATH`. A Unix socket, be it an endpoint's or the admin
    /// interface's, has a path that is not too long for the kernel.
    BadEndpoint = 204,
    /// The name of an endpoint has no address at the moment, as `check` finds. It is looked up again
    /// while serving, so this stops nothing.
    Unresolved = 205,
    /// A host in a route is neither a name nor a name with a leading `*.`.
    BadHost = 206,
    /// A path in a route is not a path, or not as clients send it.
    BadPath = 207,
    /// Two routes of one listener could be for the same request, and neither is more specific: which of
    /// them is used would be a matter of chance.
    DuplicateRoute = 208,
    /// An HTTP listener has no route and no `to`: it could answer nothing.
    NoRoute = 209,
    /// The same address is listened at twice.
    DuplicateBind = 210,
    /// A key or route that has no meaning for a listener of this kind.
    WrongKind = 211,
    /// The file has no listener: there is nothing to serve.
    NothingToServe = 212,
    /// An entry of a list of networks is neither an address nor an address with the number of its
    /// bits that count (`10.0.0.0/8`).
    BadNetwork = 213,
    /// A name or value that cannot stand in a header, or a header that is not ours to change.
    BadHeader = 214,
    /// A word that is not a method, as requests have it.
    BadMethod = 215,
    /// A redirect that does not lead to a URL or a path.
    BadLocation = 216,
    /// A DNS server is not an IP address, with or without a port.
    BadServer = 217,
    /// The admin interface would be open to whoever reaches it: beyond the loopback it needs a
    /// `client_ca` for the certificates of those who ask, or a `token_file`.
    Exposed = 218,
    /// An address cannot be bound.
    CannotBind = 301,
    /// A worker thread cannot be started: the machine has no threads or descriptors left.
    WorkerFailed = 302,
    /// A certificate or key file does not exist.
    CertificateMissing = 310,
    /// A certificate or key file cannot be read by this user, or at all.
    CertificateUnreadable = 311,
    /// A file that should hold a certificate chain holds none.
    NoCertificate = 312,
    /// A file that should hold a private key holds none.
    NoKey = 313,
    /// A private key does not belong to the certificate beside it.
    KeyMismatch = 314,
    /// A certificate or key is damaged, or of a kind that cannot be used.
    CertificateUnusable = 315,
    /// The directory of the development certificates cannot be found, made or written.
    DevCertificates = 316,
    /// The system has no certificate authorities, so that no endpoint's certificate could be
    /// trusted.
    NoAuthorities = 317,
    /// The file with the token of the admin interface cannot be read, or has no word in it.
    NoToken = 318,
    /// The file that lines are to be logged to cannot be opened.
    CannotLog = 319,
    /// The process cannot be the `user` that it is to be, or that user cannot open what it will have to.
    CannotBecome = 320,
    /// What `include` names is not there: no file was read for it.
    NothingIncluded = 401,
    /// A cluster that no listener and no route leads to. It is checked and looked up, and gets nothing.
    UnusedCluster = 402,
    /// A cluster has the same endpoint twice. It counts as two: it gets two shares, and its checks and
    /// limits are doubled.
    DuplicateEndpoint = 403,
    /// `idle` is not above what the balancer of `behind` waits for. So it may be us who closes a
    /// connection that the balancer is about to use, and the client is answered 502.
    IdleBelowBalancer = 411,
    /// An answer may take longer than the balancer of `behind` lets a connection be idle. It has given up by
    /// then, and the origin works for nobody.
    ResponseBeyondIdle = 412,
    /// Keepalive would take longer to find a dead peer than a connection in which nothing moves is
    /// kept: it is never the one to find it.
    KeepaliveBeyondIdle = 413,
    /// TCP_USER_TIMEOUT is shorter than `write`: the kernel gives up a peer that reads slowly, and is
    /// there, before its time is up (LIFECYCLE K24).
    UserTimeoutBelowWrite = 414,
    /// Keepalive asks later than packet filters and balancers between us and the peer remember the
    /// connection: 60 s for a half-closed one, 350 s for an open one (LIFECYCLE K26).
    KeepaliveForgotten = 415,
    /// The whole of a flush before a reset may last longer than one wait for a peer that takes nothing.
    FlushBeyondWrite = 416,
    /// The admin interface is asked beyond the loopback with a token, and without TLS: whoever can see what
    /// is on the wire has the token, and may change everything with it.
    TokenInTheClear = 417,
}

impl Code {
    /// The code that is written so: `E0107`, `e107`, `107`.
    #[must_use]
    pub fn find(text: &str) -> Option<Code> {
        let number = text.trim_start_matches(['e', 'E']);
        let number = number.parse::<u16>().ok()?;
        Code::ALL
            .iter()
            .copied()
            .find(|code| *code as u16 == number)
    }

    /// What it means, on one line.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        self.explanation().trim()
    }

    /// What to do about it, and an example (it may be empty).
    #[must_use]
    pub fn advice(self) -> (&'static str, &'static str) {
        super::explain::more(self)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "E{:04}", *self as u16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_explained_in_sentences_and_numbered_in_order() {
        for pair in Code::ALL.windows(2) {
            assert!(pair[0] < pair[1], "{} before {}", pair[0], pair[1]);
        }
        for code in Code::ALL {
            let text = code.explanation().trim();
            assert!(text.ends_with('.'), "{code}: {text}");
            assert!(code.advice().0.ends_with('.'), "{code}: what to do?");
        }
        assert_eq!(Code::UnknownKey.to_string(), "E0107");
        for text in ["E0107", "e107", "107"] {
            assert_eq!(Code::find(text), Some(Code::UnknownKey));
        }
        for text in ["E0106", "", "E", "-107", "E99999", "unknown"] {
            assert_eq!(Code::find(text), None, "{text}");
        }
    }
}

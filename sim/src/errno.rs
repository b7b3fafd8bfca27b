//! The errors a socket can fail with, by the names the kernel and schedules give them.
//!
//! It owns the names and numbers of Linux; it decides nothing.

use std::{fmt, io, str::FromStr};

macro_rules! errnos {
    ($($name:ident = $number:literal, $meaning:literal;)*) => {
        /// An error number of Linux.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Errno {
            $(#[doc = $meaning] $name,)*
        }

        impl Errno {
            /// All of them, in the order of their declaration.
            pub const ALL: &'static [Errno] = &[$(Errno::$name),*];

            /// The number the kernel returns.
            #[must_use]
            pub const fn number(self) -> i32 {
                match self { $(Errno::$name => $number),* }
            }

            /// The name, as in `errno.h`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Errno::$name => stringify!($name)),* }
            }
        }
    };
}

errnos! {
    EMFILE = 24, "The process has no descriptor left.";
    EPIPE = 32, "The peer takes no more.";
    ECONNABORTED = 103, "The connection went before it was accepted.";
    ECONNRESET = 104, "The peer sent an RST.";
    ENOBUFS = 105, "The kernel has no memory left.";
    ENOTCONN = 107, "The connection is no more.";
    ETIMEDOUT = 110, "The peer has not answered for too long.";
    ECONNREFUSED = 111, "Nobody listens there.";
    EHOSTUNREACH = 113, "There is no way there.";
}

impl From<Errno> for io::Error {
    fn from(errno: Errno) -> io::Error {
        io::Error::from_raw_os_error(errno.number())
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Errno {
    type Err = ();
    fn from_str(name: &str) -> Result<Errno, ()> {
        let found = Errno::ALL.iter().find(|errno| errno.name() == name);
        found.copied().ok_or(())
    }
}

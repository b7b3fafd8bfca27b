//! `tidegate probe`: its flags, and what they come to.
//!
//! It owns their syntax and help, and looks up the addresses; it opens no socket.

use crate::config::CertificateFiles;
use crate::probe::{
    self,
    scenario::{Mode, Versions},
    server,
    step::Pace,
    wire::Version,
};
use clap::{Args, Subcommand, ValueEnum};
use std::{path::PathBuf, time::Duration};

/// What `tidegate probe` is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Probe {
    /// Look at a proxy.
    Proxy {
        /// How.
        asked: probe::Asked,
        /// The row whose swim-lanes are to be shown.
        show: bool,
        /// For machines.
        json: bool,
    },
    /// Look at a server.
    Server {
        /// How.
        asked: server::Asked,
        /// For machines.
        json: bool,
    },
    /// Name the rows.
    List {
        /// For machines.
        json: bool,
    },
}

#[derive(Args, Debug)]
pub(super) struct ProbeFlags {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Be client and origin around any proxy, and see how it ends connections
    ///
    /// Exit status: 0 if every row that was played passed, 1 if one failed, 2 if none could be
    /// played: nobody listens there, or nobody connects to the origin. The proxy's certificate is not verified.
    Proxy(ProxyFlags),
    /// Ask an HTTP server as its client how it ends connections
    ///
    /// Its certificate is not verified. Exit status: 0, or 2 if it could not be asked.
    Server(ServerFlags),
    /// Name the rows: what each claims, where it applies, and which are not played
    List {
        /// Say it as JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ModeFlag {
    /// It relays TCP
    Tcp,
    /// It ends TLS and relays what is inside
    Tls,
    /// It forwards HTTP/1.1
    Http,
    /// It ends TLS and forwards HTTP/1.1
    Https,
    /// It lets HTTP/1.1 requests upgrade
    Ws,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum TlsFlag {
    /// TLS 1.2
    #[value(name = "1.2")]
    Tls12,
    /// TLS 1.3
    #[value(name = "1.3")]
    Tls13,
    /// Each row over either
    Both,
}

#[derive(Args, Debug)]
struct ProxyFlags {
    /// Where the proxy listens
    #[arg(long, value_name = "HOST:PORT")]
    via: String,
    /// Where the probe itself listens, and the proxy forwards to
    #[arg(long, value_name = "HOST:PORT")]
    origin: String,
    /// What the proxy does
    #[arg(long, default_value = "tcp")]
    mode: ModeFlag,
    /// Play these rows only: S06, S2*, S39-chunked, *@1.3, tls-*
    #[arg(long, value_name = "ROW,…", value_delimiter = ',')]
    only: Vec<String>,
    /// Play this row only, and draw what crossed the wires
    #[arg(long, value_name = "ROW", conflicts_with_all = ["only", "json"])]
    show: Option<String>,
    /// Say it as JSON
    #[arg(long)]
    json: bool,
    /// Play each row so often; it passes if it passes every time
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    repeat: u32,
    /// How late "at once" may be
    #[arg(long, value_name = "MS", default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=60_000))]
    slack: u64,
    /// Think and pause as long as LIFECYCLE section 5 says: minutes instead of seconds
    #[arg(long)]
    long: bool,
    /// How long the proxy lets a silent connection live; without it, rows about that are skipped
    #[arg(long, value_name = "SECS", value_parser = clap::value_parser!(u64).range(1..=3_600))]
    idle: Option<u64>,
    /// The proxy speaks TLS to its origin
    #[arg(long)]
    origin_tls: bool,
    /// The certificate to show it there, if it verifies: PEM
    #[arg(long, value_name = "FILE", requires_all = ["origin_tls", "origin_key"])]
    origin_cert: Option<PathBuf>,
    /// The key of that certificate: PEM
    #[arg(long, value_name = "FILE", requires = "origin_cert")]
    origin_key: Option<PathBuf>,
    /// Speak this version of TLS only, where there is TLS
    #[arg(long, value_name = "VERSION", default_value = "both")]
    tls: TlsFlag,
    /// The host to ask for, in HTTP and in TLS
    #[arg(long, value_name = "NAME", default_value = "localhost")]
    host: String,
}

#[derive(Args, Debug)]
struct ServerFlags {
    /// Where it listens
    #[arg(value_name = "HOST:PORT")]
    server: String,
    /// It speaks TLS
    #[arg(long)]
    tls: bool,
    /// The host to ask for; the one of HOST:PORT if not given
    #[arg(long, value_name = "NAME")]
    host: Option<String>,
    /// How long a silent connection is watched
    #[arg(long, value_name = "SECS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    wait: u64,
    /// Say it as JSON
    #[arg(long)]
    json: bool,
}

impl ProbeFlags {
    /// What they ask for.
    ///
    /// # Errors
    /// In words, which address is none.
    pub(super) fn decide(self) -> Result<Probe, String> {
        match self.what {
            What::List { json } => Ok(Probe::List { json }),
            What::Proxy(flags) => {
                let (show, json) = (flags.show.is_some(), flags.json);
                let asked = flags.asked()?;
                Ok(Probe::Proxy { asked, show, json })
            }
            What::Server(flags) => {
                let json = flags.json;
                let asked = flags.asked()?;
                Ok(Probe::Server { asked, json })
            }
        }
    }
}

impl ProxyFlags {
    fn asked(self) -> Result<probe::Asked, String> {
        let mode = match self.mode {
            ModeFlag::Tcp => Mode::Tcp,
            ModeFlag::Tls => Mode::Tls,
            ModeFlag::Http => Mode::Http,
            ModeFlag::Https => Mode::Https,
            ModeFlag::Ws => Mode::Ws,
        };
        let (via, origin) = (probe::address(&self.via)?, probe::address(&self.origin)?);
        Ok(probe::Asked {
            only: self.show.map_or(self.only, |row| vec![row]),
            repeat: self.repeat,
            slack: Duration::from_millis(self.slack),
            pace: if self.long { Pace::LONG } else { Pace::SHORT },
            idle: self.idle.map(Duration::from_secs),
            origin_tls: self.origin_tls,
            origin_cert: self
                .origin_cert
                .zip(self.origin_key)
                .map(|(cert, key)| CertificateFiles { cert, key }),
            tls: match self.tls {
                TlsFlag::Tls12 => Versions::Only(Version::Tls12),
                TlsFlag::Tls13 => Versions::Only(Version::Tls13),
                TlsFlag::Both => Versions::Both,
            },
            long: self.long,
            host: self.host,
            ..probe::Asked::new(via, origin, mode)
        })
    }
}

impl ServerFlags {
    fn asked(self) -> Result<server::Asked, String> {
        let name = self.server.rsplit_once(':').map(|(host, _)| host);
        let name = name.unwrap_or_default().trim_matches(['[', ']']).to_owned();
        Ok(server::Asked {
            server: probe::address(&self.server)?,
            tls: self.tls,
            host: self.host.unwrap_or(name),
            wait: Duration::from_secs(self.wait),
        })
    }
}

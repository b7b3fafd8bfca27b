//! A proxy that is scraped, and what a scrape says.
//!
//! Owns the proxy. Whoever waits for a value scrapes until it is there, within the limit of time.

use crate::{
    admin::asked_at,
    harness::Proxy,
    peers::{Peer, Raw},
};
use std::{net::SocketAddr, process::Command};

/// A proxy, and where it is asked by HTTP.
pub(crate) struct Scraped {
    pub(crate) proxy: Proxy,
    pub(crate) http: SocketAddr,
}

/// So often it is scraped for a value that may be long in coming.
const MOST: usize = 20_000;

/// The Unix socket where it is asked, too.
pub(crate) const SOCKET: &str = "admin.sock";

impl Scraped {
    /// One worker and one listener, configured by these lines, in front of `to`.
    pub(crate) fn configured(to: SocketAddr, listener: &str, rest: &str) -> Scraped {
        Scraped::of_file(&text(to, listener, rest))
    }

    /// What a file of this text says, which says nothing of `[admin]`.
    pub(crate) fn of_file(text: &str) -> Scraped {
        Scraped::of(Proxy::asked(with_admin(text)))
    }

    /// The same, started by another program, which is given the command line.
    pub(crate) fn by(program: Command, text: &str) -> Scraped {
        Scraped::of(Proxy::asked_by(program, with_admin(text)))
    }

    fn of(mut proxy: Proxy) -> Scraped {
        let http = asked_at(&mut proxy);
        Scraped { proxy, http }
    }

    /// What a scrape says now.
    pub(crate) fn scrape(&self) -> Scrape {
        scrape(self.http)
    }

    /// Scrapes until this is so, and what it was then.
    pub(crate) fn until<T>(&self, what: &str, find: impl Fn(&Scrape) -> Option<T>) -> T {
        for _ in 0..MOST {
            if let Some(found) = find(&self.scrape()) {
                return found;
            }
        }
        panic!("no {what} in\n{}", self.scrape().0)
    }

    /// Scrapes until a series has this value.
    pub(crate) fn shows(&self, series: &str, value: f64) {
        self.until(&format!("{series} {value}"), |scrape| {
            (scrape.value(series) == Some(value)).then_some(())
        });
    }

    /// The same for several.
    pub(crate) fn show(&self, all: &[(&str, f64)]) {
        for (series, value) in all {
            self.shows(series, *value);
        }
    }

    /// Serves by a file of this text from now on, if it can.
    pub(crate) fn rewrite(&self, text: &str) {
        let text = with_admin(text);
        self.proxy.scratch().file("tidegate.toml", text);
    }
}

/// What a scrape of this place says.
pub(crate) fn scrape(http: SocketAddr) -> Scrape {
    let mut client = Raw::connect(http);
    client.say(SCRAPE);
    let answer = client.message();
    assert_eq!(answer.status(), 200);
    Scrape(String::from_utf8(answer.body).unwrap())
}

/// The question.
pub(crate) const SCRAPE: &[u8] = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// One worker and one listener, configured by these lines, in front of `to`.
pub(crate) fn text(to: SocketAddr, listener: &str, rest: &str) -> String {
    format!(
        "defaults = \"2026\"\nworkers = 1\n\
        [[listener]]\nname = \"l\"\nbind = [\"127.0.0.1:0\"]\nto = \"c\"\n{listener}\n\
        [[cluster]]\nname = \"c\"\nendpoints = [\"{to}\"]\n{rest}\n"
    )
}

fn with_admin(text: &str) -> String {
    format!("{text}[admin]\nunix = \"{SOCKET}\"\nhttp = \"127.0.0.1:0\"\n")
}

/// What a scrape says.
#[derive(Debug)]
pub(crate) struct Scrape(pub(crate) String);

impl Scrape {
    /// The value of the series that is written so, labels and all.
    pub(crate) fn value(&self, series: &str) -> Option<f64> {
        let of = |line: &str| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok();
        self.0.lines().find_map(of)
    }

    /// The sum of all series that begin so.
    pub(crate) fn sum(&self, start: &str) -> f64 {
        let all = self.0.lines().filter(|line| line.starts_with(start));
        let values = all.filter_map(|line| line.rsplit_once(' '));
        values
            .filter_map(|(_, value)| value.parse::<f64>().ok())
            .sum()
    }
}

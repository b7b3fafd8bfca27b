//! A schedule from its text. What it does not understand it refuses, and says in which line.

use super::{
    BufferBytes, Carrier, Exchange, Latencies, Link, LinkAct, LinkEvent, Reader, Request, Schedule,
    Script, SocketBytes, Step, Traffic, render::HEADER, words::Words,
};
use crate::{fault::Plan, tls::Version};
use std::{fmt, str::FromStr};

/// Why a text is no schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub what: String,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)
    }
}

impl std::error::Error for ParseError {}

/// What has been read so far; `None` where nothing has.
#[derive(Default)]
struct Draft {
    seed: Option<u64>,
    mode: Option<(bool, Carrier, bool)>,
    upstream: Option<Carrier>,
    client_proxy_ms: Option<u32>,
    proxy_origin_ms: Option<u32>,
    relay: Option<u32>,
    pipe: Option<(u32, u32)>,
    sockets: [Option<SocketBytes>; 4],
    exchanges: Vec<Exchange>,
    request: Option<Request>,
    client: DraftScript,
    origin: DraftScript,
    faults: Plan,
    links: Vec<LinkEvent>,
    drain_ms: Option<u32>,
}

#[derive(Default)]
struct DraftScript {
    writer: Vec<Step>,
    reader: Option<Reader>,
}

impl FromStr for Schedule {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Schedule, ParseError> {
        let mut draft = Draft::default();
        let mut headed = false;
        let mut last = 0;
        for (index, raw) in text.lines().enumerate() {
            let line = index + 1;
            last = line;
            let fact = without_comment(raw).trim();
            if fact.is_empty() {
                continue;
            }
            let outcome = if headed {
                draft.line(fact)
            } else if fact == HEADER {
                headed = true;
                Ok(())
            } else {
                Err(format!("the first line is `{HEADER}`"))
            };
            outcome.map_err(|what| ParseError { line, what })?;
        }
        draft
            .finish()
            .map_err(|what| ParseError { line: last, what })
    }
}

/// A comment's `#` begins the line or follows a space; that of a fault's point does not.
fn without_comment(raw: &str) -> &str {
    if raw.starts_with('#') {
        return "";
    }
    raw.split_once(" #").map_or(raw, |(before, _)| before)
}

impl Draft {
    fn line(&mut self, fact: &str) -> Result<(), String> {
        let mut words = Words::of(fact);
        match words.next()? {
            "seed" => set(&mut self.seed, seed(words.next()?)?)?,
            "mode" => set(&mut self.mode, mode(&mut words)?)?,
            "upstream" => set(&mut self.upstream, carrier(&mut words)?)?,
            "latency" => match link(words.next()?)? {
                Link::ClientProxy => set(&mut self.client_proxy_ms, words.ms()?)?,
                Link::ProxyOrigin => set(&mut self.proxy_origin_ms, words.ms()?)?,
            },
            "buffer" => self.buffer(&mut words)?,
            "request" => set(&mut self.request, words.request()?)?,
            "response" => {
                let request = self.request.take().ok_or("a response without a request")?;
                let response = words.response()?;
                self.exchanges.push(Exchange { request, response });
            }
            "client" => self.client.word(&mut words)?,
            "origin" => self.origin.word(&mut words)?,
            "fault" => {
                let point = words.next()?;
                let parsed = point
                    .parse()
                    .map_err(|()| format!("`{point}` is no call"))?;
                let rest = words.rest.by_ref().collect::<Vec<_>>().join(" ");
                let fault = rest.parse().map_err(|()| format!("`{rest}` is no fault"))?;
                if self.faults.insert(parsed, fault).is_some() {
                    return Err("said twice".to_owned());
                }
            }
            "at" => {
                let at_ms = words.ms()?;
                let act = match words.next()? {
                    "hold" => LinkAct::Hold,
                    "release" => LinkAct::Release,
                    "drain" => {
                        set(&mut self.drain_ms, at_ms)?;
                        return words.end();
                    }
                    other => return Err(format!("`{other}`: hold, release or drain")),
                };
                let link = link(words.next()?)?;
                self.links.push(LinkEvent { at_ms, link, act });
            }
            other => return Err(format!("`{other}` begins no line")),
        }
        words.end()
    }

    fn buffer(&mut self, words: &mut Words<'_>) -> Result<(), String> {
        let name = words.next()?;
        if name == "relay" {
            return set(&mut self.relay, words.number()?);
        }
        if name == "pipe" {
            let bytes = words.number()?;
            words.expect("from")?;
            return set(&mut self.pipe, (bytes, words.number()?));
        }
        let index = ["client", "down", "up", "origin"]
            .iter()
            .position(|n| *n == name);
        let index = index.ok_or_else(|| format!("`{name}` has no buffer"))?;
        words.expect("send")?;
        let send = words.number()?;
        words.expect("recv")?;
        let recv = words.number()?;
        set(&mut self.sockets[index], SocketBytes { send, recv })
    }

    fn finish(self) -> Result<Schedule, String> {
        if self.request.is_some() {
            return Err("the last request has no response".to_owned());
        }
        let (http, carrier, pipelined) = self.mode.ok_or("there is no line `mode`")?;
        let traffic = if http {
            let exchanges = self.exchanges;
            Traffic::Http {
                exchanges,
                pipelined,
            }
        } else if self.exchanges.is_empty() {
            Traffic::Relay
        } else {
            return Err("a relay has no requests".to_owned());
        };
        let latencies = Latencies::default();
        let [client, down, up, origin] = self.sockets.map(Option::unwrap_or_default);
        let (pipe, pipe_from) = self.pipe.unwrap_or_default();
        Ok(Schedule {
            seed: self.seed.ok_or("there is no line `seed`")?,
            carrier,
            upstream: self.upstream.unwrap_or_default(),
            traffic,
            latencies: Latencies {
                client_proxy_ms: self.client_proxy_ms.unwrap_or(latencies.client_proxy_ms),
                proxy_origin_ms: self.proxy_origin_ms.unwrap_or(latencies.proxy_origin_ms),
            },
            buffers: BufferBytes {
                relay: self.relay.unwrap_or(BufferBytes::default().relay),
                pipe,
                pipe_from,
                client,
                down,
                up,
                origin,
            },
            client: self.client.into(),
            origin: self.origin.into(),
            faults: self.faults,
            links: self.links,
            drain_ms: self.drain_ms,
        })
    }
}

impl DraftScript {
    fn word(&mut self, words: &mut Words<'_>) -> Result<(), String> {
        let step = match words.next()? {
            "write" => Step::Write(words.number()?),
            "sleep" => Step::Sleep(words.ms()?),
            "await-eof" => Step::AwaitEof,
            "close-notify" => Step::CloseNotify,
            "fin" => Step::Fin,
            "reset" => Step::Reset,
            "hang" => Step::Hang,
            "reader" => return set(&mut self.reader, reader(words)?),
            other => return Err(format!("`{other}` is nothing a peer does")),
        };
        self.writer.push(step);
        Ok(())
    }
}

impl From<DraftScript> for Script {
    fn from(draft: DraftScript) -> Script {
        Script {
            writer: draft.writer,
            reader: draft.reader.unwrap_or_default(),
        }
    }
}

fn set<T>(slot: &mut Option<T>, value: T) -> Result<(), String> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err("said twice".to_owned()),
    }
}

fn seed(word: &str) -> Result<u64, String> {
    let digits = word.strip_prefix("0x");
    let number = digits.and_then(|digits| u64::from_str_radix(digits, 16).ok());
    number.ok_or_else(|| format!("`{word}` is no seed, like 0x2a"))
}

fn mode(words: &mut Words<'_>) -> Result<(bool, Carrier, bool), String> {
    let http = match words.next()? {
        "relay" => false,
        "http" => true,
        other => return Err(format!("`{other}`: relay or http")),
    };
    let carrier = carrier(words)?;
    Ok((http, carrier, http && words.maybe("pipelined")))
}

fn carrier(words: &mut Words<'_>) -> Result<Carrier, String> {
    let carriers = [
        Carrier::Tcp,
        Carrier::Tls(Version::Tls12),
        Carrier::Tls(Version::Tls13),
    ];
    let word = words.next()?;
    let carrier = carriers.into_iter().find(|carrier| carrier.word() == word);
    carrier.ok_or_else(|| format!("`{word}`: tcp, tls12 or tls13"))
}

fn link(word: &str) -> Result<Link, String> {
    let mut links = [Link::ClientProxy, Link::ProxyOrigin].into_iter();
    let link = links.find(|link| link.word() == word);
    link.ok_or_else(|| format!("`{word}`: client-proxy or proxy-origin"))
}

fn reader(words: &mut Words<'_>) -> Result<Reader, String> {
    words.expect("delay")?;
    let delay_ms = words.ms()?;
    words.expect("chunk")?;
    let chunk = words.number()?;
    words.expect("pause")?;
    let pause_ms = words.ms()?;
    let stop = if words.maybe("stop") {
        Some(words.number()?)
    } else {
        None
    };
    Ok(Reader {
        delay_ms,
        chunk,
        pause_ms,
        stop,
    })
}

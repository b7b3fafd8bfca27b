//! A plan as text, and from it: a line a fact, each in one way only. What is not understood is refused,
//! and in which line.

use super::plan::{
    Client, Ejection, Endpoint, Health, Leave, Method, Mood, Plan, Queue, Request, Retries,
};
use crate::schedule::{ParseError, Words};
use std::{fmt, num::NonZeroU32, str::FromStr};
use tidegate_core::balance::Balance;

const HEADER: &str = "cluster-plan v1";

const BALANCES: [(&str, Balance); 3] = [
    ("least-request", Balance::LeastRequest),
    ("round-robin", Balance::RoundRobin),
    ("random", Balance::Random),
];

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let balance = BALANCES.iter().find(|(_, one)| *one == self.balance);
        let balance = balance.map_or("maglev", |(word, _)| word);
        writeln!(f, "{HEADER}\nseed {}\nbalance {balance}", self.seed)?;
        if let Some(Ejection {
            failures,
            base_ms,
            most_ms,
            percent,
        }) = self.ejection
        {
            writeln!(f, "ejection {failures} {base_ms}ms {most_ms}ms {percent}")?;
        }
        if self.slow_start_ms > 0 {
            writeln!(f, "slow-start {}ms", self.slow_start_ms)?;
        }
        write!(
            f,
            "retries {} {}",
            self.retries.percent, self.retries.per_second
        )?;
        for status in &self.retries.statuses {
            write!(f, " {status}")?;
        }
        writeln!(f)?;
        if let Some(Queue { depth, timeout_ms }) = self.queue {
            writeln!(f, "queue {depth} {timeout_ms}ms")?;
        }
        if let Some(Health {
            interval_ms,
            timeout_ms,
            rise,
            fall,
        }) = self.health
        {
            writeln!(f, "health {interval_ms}ms {timeout_ms}ms {rise} {fall}")?;
        }
        writeln!(f, "response {}ms", self.response_ms)?;
        writeln!(f, "latency {}ms", self.latency_ms)?;
        self.endpoints
            .iter()
            .try_for_each(|one| write!(f, "{one}"))?;
        self.clients.iter().try_for_each(|one| write!(f, "{one}"))?;
        if self.calm > 0 {
            writeln!(f, "calm {}", self.calm)?;
        }
        Ok(())
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "endpoint {}ms weight {}", self.latency_ms, self.weight)?;
        if let Some(most) = self.most {
            write!(f, " most {most}")?;
        }
        writeln!(f)?;
        for (at_ms, mood) in &self.moods {
            writeln!(f, "mood {at_ms}ms {mood}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Mood {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Mood::Serve(ms) => write!(f, "serve {ms}ms"),
            Mood::Refuse => f.write_str("refuse"),
            Mood::Stall => f.write_str("stall"),
            Mood::Busy(ms) => write!(f, "busy {ms}ms"),
            Mood::Last(ms) => write!(f, "last {ms}ms"),
            Mood::Idle(ms, idle_ms) => write!(f, "idle {ms}ms {idle_ms}ms"),
            Mood::Reset => f.write_str("reset"),
            Mood::Hangup => f.write_str("hangup"),
            Mood::Dead => f.write_str("dead"),
        }
    }
}

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "client {}ms", self.at_ms)?;
        self.requests.iter().try_for_each(|one| write!(f, "{one}"))
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "request {}ms {}", self.after_ms, self.method.word())?;
        if self.method != Method::Get {
            write!(f, " body {} pause {}ms", self.body_bytes, self.pause_ms)?;
        }
        if self.close {
            write!(f, " close")?;
        }
        match self.leaves {
            None => {}
            Some((ms, Leave::Reset)) => write!(f, " leaves {ms}ms reset")?,
            Some((ms, Leave::Fin)) => write!(f, " leaves {ms}ms fin")?,
        }
        writeln!(f)
    }
}

/// What has been read so far.
#[derive(Default)]
struct Draft {
    seed: Option<u64>,
    balance: Option<Balance>,
    ejection: Option<Ejection>,
    slow_start_ms: Option<u32>,
    retries: Option<Retries>,
    queue: Option<Queue>,
    health: Option<Health>,
    response_ms: Option<u32>,
    latency_ms: Option<u32>,
    endpoints: Vec<Endpoint>,
    clients: Vec<Client>,
    calm: Option<u32>,
}

impl FromStr for Plan {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Plan, ParseError> {
        let mut draft = Draft::default();
        let mut lines = text.lines().map(str::trim).zip(1..);
        match lines.next() {
            Some((HEADER, _)) => {}
            Some(_) | None => {
                let what = format!("the first line is `{HEADER}`");
                return Err(ParseError { line: 1, what });
            }
        }
        let mut last = 1;
        for (text, line) in lines {
            last = line;
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let read = draft.line(text);
            read.map_err(|what| ParseError { line, what })?;
        }
        let finished = draft.finish();
        finished.map_err(|what| ParseError { line: last, what })
    }
}

fn set<T>(slot: &mut Option<T>, value: T) -> Result<(), String> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err("this was said before".to_owned()),
    }
}

impl Draft {
    fn line(&mut self, text: &str) -> Result<(), String> {
        let mut words = Words::of(text);
        match words.next()? {
            "seed" => {
                let seed = words.next()?;
                let number = seed.parse().map_err(|_| format!("`{seed}` is no seed"))?;
                set(&mut self.seed, number)?;
            }
            "balance" => {
                let word = words.next()?;
                let known = BALANCES.iter().find(|(one, _)| *one == word);
                let (_, balance) = known.ok_or_else(|| format!("`{word}` is no balance"))?;
                set(&mut self.balance, *balance)?;
            }
            "ejection" => set(&mut self.ejection, ejection(&mut words)?)?,
            "slow-start" => set(&mut self.slow_start_ms, words.ms()?)?,
            "retries" => set(&mut self.retries, retries(&mut words)?)?,
            "queue" => {
                let (depth, timeout_ms) = (positive(words.number()?)?, words.ms()?);
                set(&mut self.queue, Queue { depth, timeout_ms })?;
            }
            "health" => set(&mut self.health, health(&mut words)?)?,
            "response" => set(&mut self.response_ms, words.ms()?)?,
            "latency" => set(&mut self.latency_ms, words.ms()?)?,
            "endpoint" => self.endpoints.push(endpoint(&mut words)?),
            "mood" => {
                let last = self.endpoints.last_mut();
                let moods = &mut last.ok_or("a mood of no endpoint")?.moods;
                let (at_ms, mood) = (words.ms()?, mood(&mut words)?);
                match moods.last() {
                    None if at_ms > 0 => return Err("the first mood is at 0ms".to_owned()),
                    Some((before, _)) if at_ms <= *before => {
                        return Err("moods stand in the order of their times".to_owned());
                    }
                    Some(_) | None => moods.push((at_ms, mood)),
                }
            }
            "client" => self.clients.push(Client {
                at_ms: words.ms()?,
                requests: Vec::new(),
            }),
            "request" => {
                let last = self.clients.last_mut();
                let requests = &mut last.ok_or("a request of no client")?.requests;
                requests.push(request(&mut words)?);
            }
            "calm" => set(&mut self.calm, words.number()?)?,
            word => return Err(format!("`{word}` is not known")),
        }
        words.end()
    }

    fn finish(self) -> Result<Plan, String> {
        if self.endpoints.is_empty() || self.endpoints.iter().any(|one| one.moods.is_empty()) {
            return Err("there are endpoints, and each has a mood".to_owned());
        }
        Ok(Plan {
            seed: self.seed.ok_or("there is a seed")?,
            balance: self.balance.ok_or("there is a balance")?,
            ejection: self.ejection,
            slow_start_ms: self.slow_start_ms.unwrap_or_default(),
            retries: self.retries.ok_or("there are retries")?,
            queue: self.queue,
            health: self.health,
            response_ms: self.response_ms.ok_or("there is a response")?,
            latency_ms: self.latency_ms.ok_or("there is a latency")?,
            endpoints: self.endpoints,
            clients: self.clients,
            calm: self.calm.unwrap_or_default(),
        })
    }
}

fn positive(number: u32) -> Result<NonZeroU32, String> {
    NonZeroU32::new(number).ok_or_else(|| "this is not 0".to_owned())
}

fn ejection(words: &mut Words<'_>) -> Result<Ejection, String> {
    Ok(Ejection {
        failures: words.number()?,
        base_ms: words.ms()?,
        most_ms: words.ms()?,
        percent: words.number()?,
    })
}

fn retries(words: &mut Words<'_>) -> Result<Retries, String> {
    let (percent, per_second) = (words.number()?, words.number()?);
    let mut statuses = Vec::new();
    while !words.is_over() {
        let status = words.number()?;
        statuses.push(u16::try_from(status).map_err(|_| format!("`{status}` is no status"))?);
    }
    Ok(Retries {
        percent,
        per_second,
        statuses,
    })
}

fn health(words: &mut Words<'_>) -> Result<Health, String> {
    Ok(Health {
        interval_ms: words.ms()?,
        timeout_ms: words.ms()?,
        rise: words.number()?,
        fall: words.number()?,
    })
}

fn endpoint(words: &mut Words<'_>) -> Result<Endpoint, String> {
    let latency_ms = words.ms()?;
    words.expect("weight")?;
    let weight = positive(words.number()?)?.get();
    let most = match words.maybe("most") {
        true => Some(positive(words.number()?)?),
        false => None,
    };
    Ok(Endpoint {
        latency_ms,
        weight,
        most,
        moods: Vec::new(),
    })
}

fn mood(words: &mut Words<'_>) -> Result<Mood, String> {
    Ok(match words.next()? {
        "serve" => Mood::Serve(words.ms()?),
        "refuse" => Mood::Refuse,
        "stall" => Mood::Stall,
        "busy" => Mood::Busy(words.ms()?),
        "last" => Mood::Last(words.ms()?),
        "idle" => Mood::Idle(words.ms()?, words.ms()?),
        "reset" => Mood::Reset,
        "hangup" => Mood::Hangup,
        "dead" => Mood::Dead,
        word => return Err(format!("`{word}` is no mood")),
    })
}

fn request(words: &mut Words<'_>) -> Result<Request, String> {
    let after_ms = words.ms()?;
    let method = match words.next()? {
        "GET" => Method::Get,
        "PUT" => Method::Put,
        "POST" => Method::Post,
        word => return Err(format!("`{word}` is no method")),
    };
    let (mut body_bytes, mut pause_ms) = (0, 0);
    if method != Method::Get {
        words.expect("body")?;
        body_bytes = words.number()?;
        words.expect("pause")?;
        pause_ms = words.ms()?;
    }
    let close = words.maybe("close");
    let leaves = match words.maybe("leaves") {
        false => None,
        true => {
            let ms = words.ms()?;
            Some((
                ms,
                match words.next()? {
                    "reset" => Leave::Reset,
                    "fin" => Leave::Fin,
                    word => return Err(format!("`{word}` is no way to leave")),
                },
            ))
        }
    };
    Ok(Request {
        after_ms,
        method,
        body_bytes,
        pause_ms,
        close,
        leaves,
    })
}

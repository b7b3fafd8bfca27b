//! A schedule's text, one fact a line.

use super::{
    BufferBytes, Carrier, Link, LinkAct, Reader, Schedule, Script, SocketBytes, Step, Traffic,
};
use crate::tls::Version;
use std::fmt;

/// The first line of every schedule.
pub(super) const HEADER: &str = "relay-schedule v1";

impl Carrier {
    pub(super) fn word(self) -> &'static str {
        match self {
            Carrier::Tcp => "tcp",
            Carrier::Tls(Version::Tls12) => "tls12",
            Carrier::Tls(Version::Tls13) => "tls13",
        }
    }
}

impl Link {
    /// As schedules name it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Link::ClientProxy => "client-proxy",
            Link::ProxyOrigin => "proxy-origin",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Write(n) => write!(f, "write {n}"),
            Step::Sleep(ms) => write!(f, "sleep {ms}ms"),
            Step::AwaitEof => f.write_str("await-eof"),
            Step::CloseNotify => f.write_str("close-notify"),
            Step::Fin => f.write_str("fin"),
            Step::Reset => f.write_str("reset"),
            Step::Hang => f.write_str("hang"),
        }
    }
}

impl fmt::Display for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Reader {
            delay_ms,
            chunk,
            pause_ms,
            stop,
        } = self;
        write!(
            f,
            "reader delay {delay_ms}ms chunk {chunk} pause {pause_ms}ms"
        )?;
        match stop {
            Some(n) => write!(f, " stop {n}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        writeln!(f, "seed {:#x}", self.seed)?;
        let carrier = self.carrier.word();
        match &self.traffic {
            Traffic::Relay => writeln!(f, "mode relay {carrier}")?,
            Traffic::Http {
                pipelined: false, ..
            } => writeln!(f, "mode http {carrier}")?,
            Traffic::Http {
                pipelined: true, ..
            } => writeln!(f, "mode http {carrier} pipelined")?,
        }
        if self.upstream != Carrier::Tcp {
            writeln!(f, "upstream {}", self.upstream.word())?;
        }
        let latencies = self.latencies;
        writeln!(f, "latency client-proxy {}ms", latencies.client_proxy_ms)?;
        writeln!(f, "latency proxy-origin {}ms", latencies.proxy_origin_ms)?;
        buffers(f, &self.buffers)?;
        if let Traffic::Http { exchanges, .. } = &self.traffic {
            for exchange in exchanges {
                writeln!(f, "request {}", exchange.request)?;
                writeln!(f, "response {}", exchange.response)?;
            }
        }
        script(f, "client", &self.client)?;
        script(f, "origin", &self.origin)?;
        for (point, fault) in &self.faults {
            writeln!(f, "fault {point} {fault}")?;
        }
        for event in &self.links {
            let act = match event.act {
                LinkAct::Hold => "hold",
                LinkAct::Release => "release",
            };
            writeln!(f, "at {}ms {act} {}", event.at_ms, event.link.word())?;
        }
        match self.drain_ms {
            Some(at_ms) => writeln!(f, "at {at_ms}ms drain"),
            None => Ok(()),
        }
    }
}

fn buffers(f: &mut fmt::Formatter<'_>, buffers: &BufferBytes) -> fmt::Result {
    if buffers.relay != BufferBytes::default().relay {
        writeln!(f, "buffer relay {}", buffers.relay)?;
    }
    if buffers.pipe > 0 {
        writeln!(f, "buffer pipe {} from {}", buffers.pipe, buffers.pipe_from)?;
    }
    for (name, bytes) in [
        ("client", buffers.client),
        ("down", buffers.down),
        ("up", buffers.up),
        ("origin", buffers.origin),
    ] {
        if bytes != SocketBytes::default() {
            writeln!(f, "buffer {name} send {} recv {}", bytes.send, bytes.recv)?;
        }
    }
    Ok(())
}

fn script(f: &mut fmt::Formatter<'_>, name: &str, script: &Script) -> fmt::Result {
    for step in &script.writer {
        writeln!(f, "{name} {step}")?;
    }
    if script.reader != Reader::default() {
        writeln!(f, "{name} {}", script.reader)?;
    }
    Ok(())
}

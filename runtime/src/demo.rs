//! `tidegate demo`: the connection ends that started this project, played in one process.
//!
//! It owns an origin, the proxy and their clients, all on loopback, with a certificate in memory.
//! It waits for all of them, judges what the clients saw and what the proxy's traces tell, and
//! never touches a file.

mod answer;
mod client;
mod judge;
mod origin;
mod proxy;
mod report;
#[cfg(test)]
mod tests;

pub use judge::Verdict;

use crate::{net::Buffers, tls::memory::Certificate};
use client::Client;
use judge::{Evidence, Leaving, Slow, Traced, judge, spread};
use origin::Origin;
use proxy::{Plan, Proxy, Trace};
use report::ms;
use rustls::{
    ClientConfig,
    version::{TLS12, TLS13},
};
use std::{
    io::{self, Write},
    sync::Arc,
    thread,
    time::Duration,
};
use tidegate_core::limits::Limits;

/// Exchanges of which the latency is measured, unless the user says otherwise.
const EXCHANGES: u32 = 200;

/// MUSEUM 1: the sizes of the chunks, and of the whole answer, in bytes.
const CHUNKS: [usize; 5] = [16, 24, 32, 40, 64];
const TOTALS: [usize; 5] = [24_000, 33_000, 42_000, 51_000, 60_000];

/// MUSEUM 1: how long the client reads nothing.
const PAUSE: Duration = Duration::from_millis(2_500);

/// MUSEUM 1: the proxy's send buffer, in bytes as given to the kernel.
const SEND_BYTES: u32 = 4_608;

/// The slow clients' receive buffer, and what a session may hold of an answer: small enough that
/// every one of the answers fills both, and the proxy has to hold the origin.
const RECEIVE_BYTES: usize = 8_192;
const RELAY_BYTES: u32 = 4_096;

/// Runs the demo and prints what it sees to `out`; `serve` keeps the proxy running afterwards,
/// until an interrupt. `count` is the number of exchanges to measure.
///
/// # Errors
///
/// When the demo itself cannot be played, or `out` does not take what is printed. What the proxy
/// does wrong is in the verdict.
pub fn run(serve: bool, count: Option<u32>, out: &mut dyn Write) -> io::Result<Verdict> {
    writeln!(
        out,
        "A client, the proxy and an origin in one process, over loopback; the certificate is in \
         memory.\n"
    )?;
    let origin = Origin::start()?;
    let certificate = Certificate::make()?;
    let plan = |buffers, limits| Plan {
        tls: Arc::clone(&certificate.server),
        origin: origin.address,
        buffers,
        limits,
    };
    let (tls13, tls12) = (certificate.client(&TLS13)?, certificate.client(&TLS12)?);
    let mut evidence = Evidence::default();

    let mut web = Proxy::start(plan(Buffers::default(), Limits::default()))?;
    show_leaving(&mut web, [&tls13, &tls12], &mut evidence, out)?;
    measure(
        &mut web,
        &tls13,
        count.unwrap_or(EXCHANGES).max(1),
        &mut evidence,
        out,
    )?;

    let small = Buffers {
        send_bytes: Some(SEND_BYTES),
        recv_bytes: None,
    };
    let limits = Limits {
        relay_bytes: RELAY_BYTES,
        pipe_bytes: 0,
        ..Limits::default()
    };
    let mut narrow = Proxy::start(plan(small, limits))?;
    show_slow(&mut narrow, &tls13, &mut evidence, out)?;
    evidence.drained = narrow.drain();

    if serve {
        let verdict = judge(&evidence);
        report::verdict(out, &verdict)?;
        keep_serving(web, out)?;
        origin.stop();
        return Ok(verdict);
    }
    evidence.drained &= web.drain();
    origin.stop();
    let verdict = judge(&evidence);
    report::verdict(out, &verdict)?;
    Ok(verdict)
}

/// The exchange that started this project, once in each version of TLS.
fn show_leaving(
    proxy: &mut Proxy,
    versions: [&Arc<ClientConfig>; 2],
    evidence: &mut Evidence,
    out: &mut dyn Write,
) -> io::Result<()> {
    writeln!(
        out,
        "1. A client takes its whole answer and leaves: close_notify, then FIN.\n   \
         D is the client's side of the proxy, U the origin's. A direction is drawn as it flows:\n   \
         source, bytes inside, sink. `=` open, `#` held, `-` message complete, `/` told to finish,\n   \
         `|` finished, `.` no connection."
    )?;
    for version in versions {
        evidence.leaving.push(leave(proxy, version)?);
    }
    let traces = proxy.traces(versions.len());
    for (name, trace) in ["TLS 1.3", "TLS 1.2"].into_iter().zip(&traces) {
        writeln!(out, "\n   {name}")?;
        report::whole(out, trace)?;
    }
    Ok(())
}

fn leave(proxy: &Proxy, config: &Arc<ClientConfig>) -> io::Result<Leaving> {
    let mut client = Client::connect(proxy.address, config, None)?;
    client.ask("/", false)?;
    Ok(client.leave(origin::text()))
}

/// The same, many times, one after the other.
fn measure(
    proxy: &mut Proxy,
    config: &Arc<ClientConfig>,
    count: u32,
    evidence: &mut Evidence,
    out: &mut dyn Write,
) -> io::Result<()> {
    writeln!(
        out,
        "\n2. The same, {count} times over TLS 1.3, each on a connection of its own: how long until \
         the\n   proxy's FIN is read?\n"
    )?;
    let before = evidence.leaving.len();
    for _ in 0..count {
        evidence.leaving.push(leave(proxy, config)?);
    }
    let measured = &evidence.leaving[before..];
    writeln!(
        out,
        "   {:36}{:>8}{:>12}{:>12}",
        "", "median", "99 %", "maximum"
    )?;
    let fin = spread(measured.iter().map(|one| one.from_fin));
    let notify = spread(measured.iter().map(|one| one.from_notify));
    for (name, spans) in [
        ("from the client's FIN", fin),
        ("from its close_notify, just before", notify),
    ] {
        if let Some([median, high, most]) = spans.map(|spans| spans.map(ms)) {
            writeln!(out, "   {name:36}{median:>8}{high:>12}{most:>12}")?;
        }
    }
    let traces = proxy.traces(evidence.leaving.len());
    evidence.traced.add(&traces);
    Ok(())
}

/// The stall recipe, many clients at once.
fn show_slow(
    proxy: &mut Proxy,
    config: &Arc<ClientConfig>,
    evidence: &mut Evidence,
    out: &mut dyn Write,
) -> io::Result<()> {
    let recipes: Vec<(usize, usize)> = CHUNKS
        .into_iter()
        .flat_map(|chunk| TOTALS.map(|total| (chunk, total)))
        .collect();
    let count = recipes.len();
    writeln!(
        out,
        "\n3. The recipe of the stall that started this project: {count} clients at once ask with\n   \
         `connection: close` and read nothing for 2.5 s. The origin sends chunks of 16, 24, 32, 40\n   \
         and 64 bytes, one write each, 24 to 60 kB in all; the proxy's send buffer is {SEND_BYTES} \
         bytes."
    )?;
    out.flush()?;
    evidence.slow = slow_clients(proxy, config, &recipes)?;
    let traces = proxy.traces(count);
    evidence.traced.add(&traces);
    // The clients connected one after the other, so the sessions are in their order. Where there
    // is one to look at, it is the one that went wrong.
    let wrong = evidence
        .slow
        .iter()
        .position(|one| one.stalled || !one.whole);
    let at = wrong.unwrap_or(count / 2);
    if let (Some(trace), Some((chunk, total))) = (traces.get(at), recipes.get(at)) {
        writeln!(out, "\n   One of them: chunks of {chunk}, {total} bytes")?;
        report::condensed(out, trace)?;
    }
    Ok(())
}

fn slow_clients(
    proxy: &Proxy,
    config: &Arc<ClientConfig>,
    recipes: &[(usize, usize)],
) -> io::Result<Vec<Slow>> {
    let clients: Vec<Client> = recipes
        .iter()
        .map(|_| Client::connect(proxy.address, config, Some(RECEIVE_BYTES)))
        .collect::<io::Result<_>>()?;
    thread::scope(|scope| {
        let threads: Vec<_> = clients
            .into_iter()
            .zip(recipes)
            .map(|(client, &(chunk, total))| scope.spawn(move || client.pause(PAUSE, chunk, total)))
            .collect();
        let panicked = |_| io::Error::other("a client of the demo panicked");
        threads
            .into_iter()
            .map(|thread| thread.join().map_err(panicked))
            .collect()
    })
}

fn keep_serving(proxy: Proxy, out: &mut dyn Write) -> io::Result<()> {
    let port = proxy.address.port();
    writeln!(
        out,
        "\nServing https://localhost:{port}/ until ctrl-C; no browser knows the certificate.\n  \
         curl -k https://localhost:{port}/\nThe trace of each connection follows when it is over."
    )?;
    out.flush()?;
    let drained = proxy.serve(|trace| {
        writeln!(out)?;
        report::condensed(out, trace)?;
        out.flush()
    })?;
    let how = if drained {
        "every connection is closed"
    } else {
        "connections were cut"
    };
    writeln!(out, "\nDrained: {how}.")
}

impl Traced {
    fn add(&mut self, traces: &[&Trace]) {
        for trace in traces {
            self.sessions += 1;
            self.over += usize::from(trace.is_over());
            self.held += usize::from(trace.lines.iter().any(|line| line.held));
            self.armed += trace.lines.iter().map(|line| line.armed).sum::<usize>();
            let fired = trace.lines.iter().filter(|line| line.fired);
            self.fired.extend(fired.map(|line| line.row.precise()));
        }
    }
}

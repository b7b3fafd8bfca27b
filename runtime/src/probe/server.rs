//! `tidegate probe server`: how a server ends connections, asked as its client.
//!
//! It owns the questions, each on connections of its own and all at once, and waits for the
//! slowest. It judges nothing: servers may choose, and whoever puts a proxy before one wants to
//! know what they chose.

use super::{
    judge::end,
    message,
    play::Alone,
    report::Paint,
    step::{
        Payload::{Pattern, Text},
        Step::{self, Finish, ReadEnd, ReadHead, ReadMessage, Write},
    },
    transcript::{End, Transcript, What, span},
    wire::Version,
};
use std::{fmt::Write as _, io, net::SocketAddr, thread, time::Duration};

const GET: Step = Write(Text("GET / HTTP/1.1\r\nHost: $HOST\r\n\r\n"));
const LAST_GET: Step = Write(Text(
    "GET / HTTP/1.1\r\nHost: $HOST\r\nConnection: close\r\n\r\n",
));
const EXPECT: Step = Write(Text(
    "POST / HTTP/1.1\r\nHost: $HOST\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n",
));

/// How many requests are tried on one connection.
const REQUESTS: usize = 1_001;

/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(5);

/// How long a 100 is waited for.
const CONTINUE: Duration = Duration::from_secs(2);

/// `tidegate probe server`: whom to ask, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Where the server listens.
    pub server: SocketAddr,
    /// Whether it speaks TLS.
    pub tls: bool,
    /// Whom to ask for.
    pub host: String,
    /// How long a silent connection is watched.
    pub wait: Duration,
}

/// What is known of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// For machines.
    pub key: &'static str,
    /// What was asked, for people.
    pub question: &'static str,
    /// The answer, for people.
    pub answer: String,
    /// The answer as a number, if it is one.
    pub number: Option<u64>,
    /// How long it took, if that is what was asked.
    pub took: Option<Duration>,
    /// What else there is to say.
    pub note: Option<String>,
}

impl Finding {
    fn new(key: &'static str, question: &'static str, answer: impl Into<String>) -> Finding {
        Finding {
            key,
            question,
            answer: answer.into(),
            number: None,
            took: None,
            note: None,
        }
    }
}

/// Asks.
///
/// # Errors
/// When it cannot be asked: in words, why.
pub fn server(asked: &Asked) -> Result<Vec<Finding>, String> {
    let alone = open(asked)?;
    let wait = asked.wait;
    let questions: [fn(&Alone, Duration) -> Vec<Finding>; 7] = [
        |alone, _| close(alone),
        |alone, _| half_close(alone),
        |alone, _| unread(alone),
        |alone, _| requests(alone),
        |alone, _| expect(alone),
        |alone, wait| idle(alone, wait),
        |alone, wait| silent(alone, wait),
    ];
    thread::scope(|scope| {
        let alone = &alone;
        let asking: Vec<_> = questions
            .into_iter()
            .map(|question| scope.spawn(move || question(alone, wait)))
            .collect();
        let mut findings = Vec::new();
        for one in asking {
            let found = one.join().map_err(|_| "a question panicked".to_owned())?;
            findings.extend(found);
        }
        Ok(findings)
    })
}

/// Looks whether there is a server at all, and which TLS it speaks.
fn open(asked: &Asked) -> Result<Alone, String> {
    let versions = if asked.tls {
        vec![Some(Version::Tls13), Some(Version::Tls12)]
    } else {
        vec![None]
    };
    let mut why = String::new();
    for version in versions {
        let alone = Alone::new(asked.server, version, asked.host.clone())
            .map_err(|error: io::Error| error.to_string())?;
        let transcript = alone.play(&[], ANSWER);
        let unconnected = transcript.unconnected().map(str::to_owned);
        let unsecured = transcript
            .unsecured()
            .map(|instead| format!("TLS: {instead}"));
        let fault = unconnected.or(unsecured);
        match fault {
            None => return Ok(alone),
            Some(fault) => why = fault,
        }
    }
    Err(format!("cannot speak to {}: {why}", asked.server))
}

/// The first response.
fn response(transcript: &Transcript) -> Option<message::Message> {
    message::read_all(&transcript.bytes)
        .into_iter()
        .find(|response| response.status >= 200)
}

/// Whether all of it has come: a FIN is the end of a response that nothing else delimits.
fn is_whole(response: &message::Message, transcript: &Transcript) -> bool {
    let ends = response.framing == message::Framing::End && transcript.end().0 == End::Fin;
    response.complete || ends
}

/// How long after the last that was sent or came the end came.
fn silence(transcript: &Transcript) -> Option<Duration> {
    let (_, end) = transcript.end();
    let before = transcript.events.iter().rev().find(|event| {
        matches!(
            event.what,
            What::Got(_) | What::Sent(_) | What::Connected | What::Secured(_)
        )
    });
    end?.checked_sub(before?.at)
}

fn close(alone: &Alone) -> Vec<Finding> {
    let transcript = alone.play(&[LAST_GET, ReadEnd], ANSWER);
    let asked = "the end, when it is asked to close";
    let mut ends = Finding::new("close", asked, end(&transcript));
    ends.took = silence(&transcript);
    ends.note = response(&transcript).map(|one| format!("behind status {}", one.status));
    let mut found = vec![ends];
    if transcript.tls {
        let says = if transcript.notified() {
            "sent"
        } else {
            "not sent"
        };
        found.push(Finding::new(
            "close_notify",
            "close_notify at the end",
            says,
        ));
    }
    found
}

fn half_close(alone: &Alone) -> Vec<Finding> {
    let transcript = alone.play(&[GET, Finish, ReadEnd], ANSWER);
    let answer = match response(&transcript) {
        Some(response) if is_whole(&response, &transcript) => {
            format!(
                "honoured: status {}, then {}",
                response.status,
                end(&transcript)
            )
        }
        Some(_) => format!("response cut off: {}", end(&transcript)),
        None => format!("no response: {}", end(&transcript)),
    };
    let asked = "a client's FIN behind its request";
    vec![Finding::new("half_close", asked, answer)]
}

fn unread(alone: &Alone) -> Vec<Finding> {
    let transcript = alone.play(&[LAST_GET, Write(Pattern(65_536)), ReadEnd], ANSWER);
    let whole = response(&transcript).is_some_and(|one| is_whole(&one, &transcript));
    let answer = format!(
        "{}, {}",
        if whole {
            "response whole"
        } else {
            "response lost"
        },
        end(&transcript)
    );
    let asked = "64 kB it does not want behind a last request";
    vec![Finding::new("unread_input", asked, answer)]
}

fn requests(alone: &Alone) -> Vec<Finding> {
    let steps: Vec<Step> = [GET, ReadMessage]
        .into_iter()
        .cycle()
        .take(2 * REQUESTS)
        .collect();
    let transcript = alone.play(&steps, ANSWER);
    let answered = message::read_all(&transcript.bytes)
        .iter()
        .filter(|one| one.status >= 200)
        .count();
    let answer = if answered >= REQUESTS {
        format!("more than {}", REQUESTS - 1)
    } else {
        format!("{answered}, then {}", end(&transcript))
    };
    let asked = "requests on one connection";
    let mut finding = Finding::new("requests", asked, answer);
    finding.number = Some(answered as u64);
    vec![finding]
}

fn expect(alone: &Alone) -> Vec<Finding> {
    let transcript = alone.play(&[EXPECT, ReadHead], CONTINUE);
    let first = message::read_all(&transcript.bytes)
        .first()
        .map(|one| one.status);
    let answer = match first {
        Some(100) => "100".to_owned(),
        Some(status) => format!("status {status} without 100"),
        None => format!("nothing within {}", span(CONTINUE)),
    };
    let asked = "`Expect: 100-continue`";
    let mut finding = Finding::new("expect", asked, answer);
    finding.number = first.map(u64::from);
    vec![finding]
}

fn idle(alone: &Alone, wait: Duration) -> Vec<Finding> {
    let transcript = alone.play(&[GET, ReadMessage, ReadEnd], wait);
    vec![limit("idle", "silence after a response", &transcript, wait)]
}

fn silent(alone: &Alone, wait: Duration) -> Vec<Finding> {
    let transcript = alone.play(&[ReadEnd], wait);
    let mut finding = limit("silent", "silence before a request", &transcript, wait);
    finding.note = response(&transcript).map(|one| format!("with status {}", one.status));
    vec![finding]
}

fn limit(
    key: &'static str,
    question: &'static str,
    transcript: &Transcript,
    wait: Duration,
) -> Finding {
    let took = silence(transcript);
    let answer = match took {
        Some(took) => format!("{} after {}", end(transcript), span(took)),
        None => format!("no end within {}", span(wait)),
    };
    let mut finding = Finding::new(key, question, answer);
    finding.took = took;
    finding
}

/// The findings, for people.
#[must_use]
pub fn report(asked: &Asked, findings: &[Finding], paint: Paint) -> String {
    let mut text = String::new();
    let tls = if asked.tls { "  tls" } else { "" };
    let title = format!("probe  server {}{tls}", asked.server);
    let _infallible = writeln!(text, "{}\n", paint.strong(&title));
    let questions = findings.iter().map(|finding| finding.question.len());
    let width = questions.max().unwrap_or(0);
    for finding in findings {
        let note = finding
            .note
            .as_ref()
            .map_or_else(String::new, |note| paint.quiet(&format!("  ({note})")));
        let _infallible = writeln!(
            text,
            "  {:width$}  {}{note}",
            finding.question, finding.answer
        );
    }
    text
}

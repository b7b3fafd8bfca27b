//! Asking a running process, for whoever types a command.
//!
//! It owns one connection to the admin interface a question. It waits for the answer, so long at most.

#[cfg(test)]
mod tests;

pub use super::reach::{Https, Where};
use super::{
    changed, kept,
    query::{Filter, encoded},
    reach::{self, Reach},
    recorded::Records,
    told, top,
    watched::{Until, watch},
};
use crate::{cli::Exit, config::duration, server::Wish};
use http_body_util::BodyExt;
use hyper::{Method, Response, StatusCode, body::Incoming};
use serde_json::Value;
use std::{
    io::{self, Write},
    path::PathBuf,
    time::Duration,
};
use tokio::{
    runtime::Builder,
    task::LocalSet,
    time::{sleep, timeout},
};

/// How long an answer may take: a reload looks up names and starts checks.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
/// How long a screen of `top` stands.
const SCREEN: Duration = Duration::from_secs(1);

/// What is asked, and of whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Where the process is asked.
    pub at: Where,
    /// What.
    pub what: What,
    /// Whether the answer is wanted as it comes.
    pub json: bool,
}

/// What may be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// `status`.
    Status,
    /// `conns`.
    Conns(Filter),
    /// `why`: in words, or as a trace that can be played again.
    Why(String, bool),
    /// `kill`, at once or not.
    Kill(String, bool),
    /// `endpoint`: what is wanted of it, and whether it is waited for until nobody has it.
    Endpoint(Wish, bool),
    /// `reload`, or only what it would change.
    Reload(bool),
    /// `cert show`: all, or those of this name.
    Certificates(Option<String>),
    /// `cert renew`.
    Renew,
    /// `upgrade`.
    Upgrade(Upgrade),
    /// `drain`: within so long, and whether its end is waited for.
    Drain(Option<String>, bool),
    /// `stop`.
    Stop,
    /// `top`: once only, or until it is interrupted.
    Top(bool),
    /// `trace record`: whom, and into which folder.
    Record(Records, Option<PathBuf>),
}

/// What is wanted of an upgrade; spans as they were written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Upgrade {
    /// What is to be started.
    pub binary: Option<PathBuf>,
    /// How long that may take.
    pub within: Option<String>,
    /// How long the old process may take to be over.
    pub deadline: Option<String>,
    /// Whether that is waited for.
    pub wait: bool,
}

impl Upgrade {
    fn query(&self) -> String {
        let binary = self.binary.as_ref().map(|path| path.display().to_string());
        let parts = [
            ("binary", &binary),
            ("within", &self.within),
            ("deadline", &self.deadline),
        ];
        let said = parts
            .into_iter()
            .filter_map(|(key, value)| Some(format!("{key}={}", encoded(value.as_ref()?))));
        said.collect::<Vec<_>>().join("&")
    }

    /// How long an answer may take.
    fn patience(&self) -> Duration {
        let within = self.within.as_deref().and_then(duration);
        PATIENCE + within.map_or(PATIENCE, |span| Duration::from_micros(span.0))
    }
}

/// Asks, and says what the answer was.
pub fn run(ask: &Ask, out: &mut dyn Write) -> Exit {
    let runtime = match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.to_string()),
    };
    match LocalSet::new().block_on(&runtime, asked(ask, out)) {
        Ok(exit) => exit,
        // Whoever read it has read enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Ok,
        Err(error) => failed(&error.to_string()),
    }
}

fn failed(why: &str) -> Exit {
    eprintln!("error: {why}");
    Exit::Failure
}

async fn asked(ask: &Ask, out: &mut dyn Write) -> io::Result<Exit> {
    let at = match Reach::open(&ask.at) {
        Ok(at) => at,
        Err(message) => {
            eprintln!("{}", message.line());
            return Ok(Exit::Failure);
        }
    };
    if let What::Top(once) = ask.what {
        return top(&at, once, out).await;
    }
    let (method, path) = request(&ask.what);
    if let What::Record(_, folder) = &ask.what {
        let answer = at.ask((method, &path));
        return kept::keep(answer, (folder.as_deref(), ask.json), out).await;
    }
    let (status, text) = match fetch(&at, (method, &path), ask.what.patience()).await {
        // It has heard that, and was gone before it could answer.
        Err(error) if ask.what == What::Stop && reach::was_heard(&error) => {
            (StatusCode::ACCEPTED, "{}\n".to_owned())
        }
        answer => answer?,
    };
    let value: Value = serde_json::from_str(&text).unwrap_or(Value::String(text.clone()));
    if !status.is_success() {
        let why = value["error"].as_str().unwrap_or(text.trim());
        eprintln!("{}", why.trim_end());
        // A configuration that is wrong ends as it does at the start.
        return Ok(match status {
            StatusCode::UNPROCESSABLE_ENTITY => Exit::Config,
            StatusCode::BAD_REQUEST => Exit::Usage,
            _ => Exit::Failure,
        });
    }
    if ask.json {
        write!(out, "{text}")?;
    } else {
        write!(out, "{}", told::told(&ask.what, &value))?;
    }
    wait(&at, &ask.what, &value, out).await?;
    Ok(Exit::Ok)
}

/// Watches what was begun, if that is wanted. `value`: how it was answered.
async fn wait(at: &Reach, what: &What, value: &Value, out: &mut dyn Write) -> io::Result<()> {
    match what {
        What::Drain(_, true) => {
            let all = ("/v1/connections", Until::Over);
            watch(at, all, out).await?;
        }
        What::Endpoint(wish, true) => {
            let filter = Filter {
                cluster: Some(wish.cluster.clone()),
                endpoint: value["endpoint"].as_str().map(str::to_owned),
                ..Filter::default()
            };
            let path = format!("/v1/connections?{}", filter.show());
            watch(at, (&path, Until::Nobody), out).await?;
        }
        What::Upgrade(Upgrade { wait: true, .. }) => {
            // The old one, where it says that it is asked from now on.
            match (value["old"]["admin"].as_str(), at) {
                (Some(path), Reach::Unix(_)) => {
                    let all = ("/v1/connections", Until::Over);
                    watch(&Reach::Unix(path.into()), all, out).await?;
                }
                // A path of another machine, perhaps.
                (Some(path), Reach::Http(_) | Reach::Https { .. }) => writeln!(
                    out,
                    "the old process is not watched from here: it is asked on its own machine, at {path}"
                )?,
                (None, _) => writeln!(out, "the old process cannot be asked any more")?,
            }
        }
        What::Drain(_, false)
        | What::Upgrade(_)
        | What::Status
        | What::Conns(_)
        | What::Why(..)
        | What::Kill(..)
        | What::Endpoint(_, false)
        | What::Reload(_)
        | What::Certificates(_)
        | What::Renew
        | What::Record(..)
        | What::Top(_)
        | What::Stop => {}
    }
    Ok(())
}

impl What {
    /// How long an answer may take.
    fn patience(&self) -> Duration {
        match self {
            What::Upgrade(upgrade) => upgrade.patience(),
            What::Status
            | What::Conns(_)
            | What::Why(..)
            | What::Kill(..)
            | What::Endpoint(..)
            | What::Reload(_)
            | What::Certificates(_)
            | What::Renew
            | What::Drain(..)
            | What::Record(..)
            | What::Top(_)
            | What::Stop => PATIENCE,
        }
    }
}

fn request(what: &What) -> (Method, String) {
    match what {
        What::Status | What::Top(_) => (Method::GET, "/v1/status".to_owned()),
        What::Conns(filter) => (Method::GET, format!("/v1/connections?{}", filter.show())),
        What::Why(conn, _) => (Method::GET, format!("/v1/connections/{conn}")),
        What::Kill(conn, false) => (Method::DELETE, format!("/v1/connections/{conn}")),
        What::Kill(conn, true) => (Method::DELETE, format!("/v1/connections/{conn}?rst")),
        What::Endpoint(wish, _) => {
            let path = format!("/v1/endpoints?{}", changed::show(wish));
            (Method::POST, path)
        }
        What::Reload(false) => (Method::POST, "/v1/reload".to_owned()),
        What::Reload(true) => (Method::POST, "/v1/config/plan".to_owned()),
        What::Certificates(None) => (Method::GET, "/v1/certificates".to_owned()),
        What::Certificates(Some(name)) => {
            let path = format!("/v1/certificates?name={}", encoded(name));
            (Method::GET, path)
        }
        What::Renew => (Method::POST, "/v1/certificates/renew".to_owned()),
        What::Upgrade(upgrade) => (Method::POST, format!("/v1/upgrade?{}", upgrade.query())),
        What::Drain(None, _) => (Method::POST, "/v1/drain".to_owned()),
        What::Drain(Some(most), _) => (Method::POST, format!("/v1/drain?deadline={most}")),
        What::Stop => (Method::POST, "/v1/stop".to_owned()),
        What::Record(records, _) => (Method::GET, format!("/v1/trace?{}", records.show())),
    }
}

/// How it stands, once a second on a terminal that is cleared for it, until the process is over.
async fn top(at: &Reach, once: bool, out: &mut dyn Write) -> io::Result<Exit> {
    let mut before = None;
    loop {
        let mut answers = [Value::Null, Value::Null];
        for (answer, path) in answers.iter_mut().zip(["/v1/status", "/v1/connections"]) {
            let (_, text) = fetch(at, (Method::GET, path), PATIENCE).await?;
            *answer = serde_json::from_str(&text).unwrap_or(Value::Null);
        }
        let [status, connections] = answers;
        let screen = top::screen(&status, &connections, before.as_ref());
        if once {
            write!(out, "{screen}")?;
            return Ok(Exit::Ok);
        }
        // To the corner, and clear.
        write!(out, "\x1b[H\x1b[2J{screen}")?;
        out.flush()?;
        before = Some(status);
        sleep(SCREEN).await;
    }
}

pub(super) async fn fetch(
    at: &Reach,
    question: (Method, &str),
    patience: Duration,
) -> io::Result<(StatusCode, String)> {
    let talk = async { text(at.ask(question).await?).await };
    let late = |_| io::Error::new(io::ErrorKind::TimedOut, "it does not answer");
    timeout(patience, talk).await.map_err(late)?
}

/// The whole of an answer.
pub(super) async fn text(answer: Response<Incoming>) -> io::Result<(StatusCode, String)> {
    let status = answer.status();
    let body = answer.into_body().collect().await;
    let bytes = body.map_err(io::Error::other)?.to_bytes();
    Ok((status, String::from_utf8_lossy(&bytes).into_owned()))
}

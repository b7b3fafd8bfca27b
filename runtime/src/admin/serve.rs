//! The questions, and what answers them.
//!
//! It owns the paths and who may ask what. Everybody who gets in by the Unix socket may do everything;
//! by HTTP one may look, and change nothing without the token, or a certificate in place of it. A page of
//! the web that has its reader's browser ask the loopback gets nothing either: the name that it asks for is
//! not ours.

use super::{
    Asked, Secure,
    allowed::lets_in,
    certificates, changed,
    events::{Events, Told},
    json, look,
    query::Filter,
    recorded::{Recorded, Records},
    upgrade,
};
use crate::{
    clock::unix_seconds,
    config,
    observe::{
        Conn, Metrics, Usage, Whole,
        whole::{self, Certificate},
    },
    picture::picture,
    roll::{Order, Said},
    server::Refused,
};
use http_body_util::{Either, Full};
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Bytes, Incoming},
    header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE},
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, convert::Infallible};
use tidegate_core::{event::Kill, session::Wait};
use tokio::sync::watch;

/// By which way a question has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Unix,
    Http,
    /// By HTTP, and with a certificate of who may change everything.
    Certified,
}

/// Who answers.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) asked: Asked,
    pub(super) token: Option<String>,
    pub(super) secure: Option<Secure>,
    pub(super) events: Events,
    pub(super) sockets: look::Sockets,
    /// Set when nobody is to ask any more. Each conversation listens to it until it has ended.
    pub(super) over: watch::Sender<bool>,
}

/// The page that shows it all.
const PAGE: &str = include_str!("ui/index.html");

pub(super) type Answer = Response<Either<Full<Bytes>, Either<Told, Recorded>>>;

impl Service {
    pub(super) async fn answer(
        &self,
        way: Way,
        request: Request<Incoming>,
    ) -> Result<Answer, Infallible> {
        if let Err((status, why)) = lets_in(way, self.token.as_deref(), &request) {
            return Ok(fault(status, why));
        }
        let (path, query) = (
            request.uri().path().to_owned(),
            request.uri().query().unwrap_or_default().to_owned(),
        );
        let path: Vec<&str> = path.trim_matches('/').split('/').collect();
        let method = request.method();
        Ok(match (method, &*path) {
            (&Method::GET | &Method::HEAD, path) => self.look(path, &query).await,
            (&Method::POST, ["v1", "config", "plan"]) => self.plan().await,
            (&Method::POST, ["v1", "reload"]) => self.reload().await,
            (&Method::POST, ["v1", "endpoints"]) => changed::change(&self.asked, &query).await,
            (&Method::POST, ["v1", "upgrade"]) => upgrade::upgrade(&self.asked, way, &query).await,
            (&Method::POST, ["v1", "certificates", "renew"]) => self.renew().await,
            (&Method::POST, ["v1", "drain"]) => self.drain(&query).await,
            (&Method::POST, ["v1", "stop"]) => done(self.asked.process.stop().await),
            (&Method::DELETE, ["v1", "connections", conn]) => {
                let kill = match &*query {
                    "rst" | "rst=true" => Kill::Reset,
                    _ => Kill::Last,
                };
                self.one(conn, Order::Kill(kill)).await
            }
            _ => fault(
                StatusCode::METHOD_NOT_ALLOWED,
                "nothing is done that way here",
            ),
        })
    }

    async fn look(&self, path: &[&str], query: &str) -> Answer {
        match path {
            ["livez"] => text(StatusCode::OK, "ok\n"),
            ["readyz"] => self.ready(query).await,
            ["metrics"] => self.metrics().await,
            ["v1", "status"] => match self.asked.process.status().await {
                Some(status) => {
                    let all = self.asked.workers.sessions(None, Order::Look).await;
                    let mut told = json::status(&status, all.answers.len());
                    let metrics = self.asked.workers.metrics().await.answers;
                    told["closed"] = json::closed(&metrics);
                    json::strips(&mut told, &metrics);
                    value(StatusCode::OK, &told)
                }
                None => over(),
            },
            ["v1", "clusters"] => match self.asked.process.status().await {
                Some(status) => value(StatusCode::OK, &json::clusters(&status)),
                None => over(),
            },
            ["v1", "config"] => match self.asked.process.status().await {
                Some(status) => text(StatusCode::OK, &status.config),
                None => over(),
            },
            ["v1", "certificates"] => self.show(query),
            ["v1", "connections"] => match Filter::read(query) {
                Ok(filter) => value(StatusCode::OK, &self.connections(&filter).await),
                Err(why) => fault(StatusCode::BAD_REQUEST, &why),
            },
            ["v1", "connections", conn] => self.why(conn, query).await,
            ["v1", "events"] => {
                let mut answer = Response::new(Either::Right(Either::Left(self.events.listen())));
                let kind = hyper::header::HeaderValue::from_static("text/event-stream");
                answer.headers_mut().insert(CONTENT_TYPE, kind);
                answer
            }
            ["v1", "trace"] => self.record(query),
            ["ui"] => page(),
            _ => fault(StatusCode::NOT_FOUND, "there is nothing here"),
        }
    }

    /// The certificates that are shown now: those of listeners, and our own.
    fn certificates(&self) -> Vec<Certificate> {
        let mut all = self.asked.facts.certificates();
        all.extend(self.secure.iter().flat_map(Secure::certificates));
        all
    }

    fn show(&self, query: &str) -> Answer {
        match certificates::asked(query, self.certificates()) {
            Ok(all) => value(StatusCode::OK, &certificates::value(&all, unix_seconds())),
            Err((status, why)) => fault(status, &why),
        }
    }

    async fn renew(&self) -> Answer {
        let before = self.certificates();
        match self.asked.process.renew().await {
            Some(Ok(generation)) => {
                let now = (self.certificates(), unix_seconds());
                let told = certificates::renewed(&before, &now.0, generation, now.1);
                value(StatusCode::OK, &told)
            }
            Some(Err(why)) => refused(&why, StatusCode::UNPROCESSABLE_ENTITY),
            None => over(),
        }
    }

    /// The connections that are meant, and the sockets that none of them has.
    async fn connections(&self, filter: &Filter) -> Value {
        let (all, without) = self.sockets.connections(&self.asked, filter).await;
        json::connections(all, without.as_ref())
    }

    /// Ready until the first signal: whoever sends connections is to hear of it before any listener
    /// closes (G1).
    async fn ready(&self, query: &str) -> Answer {
        let ready = self.asked.readiness.is_ready();
        let status = match ready {
            true => StatusCode::OK,
            false => StatusCode::SERVICE_UNAVAILABLE,
        };
        let word = if ready { "ready" } else { "not ready" };
        if !query.split('&').any(|key| key == "verbose") {
            return text(status, &format!("{word}\n"));
        }
        let silent = self.asked.workers.metrics().await.silent;
        let state = self.asked.process.status().await;
        let state = state.map_or("over", |status| status.state);
        let workers = match &*silent {
            [] => "all workers answer".to_owned(),
            silent => format!("workers that do not answer: {silent:?}"),
        };
        text(status, &format!("{word}\n{state}\n{workers}\n"))
    }

    async fn metrics(&self) -> Answer {
        let mut sums = Metrics::default();
        for one in self.asked.workers.metrics().await.answers {
            sums.add(&one);
        }
        let whole = Whole {
            sockets: self.sockets.now(&self.asked).await,
            remaining: self.remaining().await,
            usage: Usage::now(),
            ..self.asked.facts.whole()
        };
        let mut answer = text(StatusCode::OK, &sums.render(&whole));
        let kind = hyper::header::HeaderValue::from_static("text/plain; version=0.0.4");
        answer.headers_mut().insert(CONTENT_TYPE, kind);
        answer
    }

    /// Who is waited for in a drain, by what that waits for.
    async fn remaining(&self) -> BTreeMap<&'static str, u64> {
        let mut remaining = BTreeMap::new();
        // Before it, every session would be asked for nothing.
        if self.asked.readiness.is_draining() {
            let all = self.asked.workers.sessions(None, Order::Look).await;
            for said in &all.answers {
                *remaining.entry(whole::waits(waits(said))).or_default() += 1;
            }
        }
        remaining
    }

    async fn one(&self, conn: &str, order: Order) -> Answer {
        match self.asked_of(conn, order).await {
            Ok(said) => value(StatusCode::OK, &json::connection(&said)),
            Err(why) => why,
        }
    }

    /// How a connection stands, and how it came to that; with `?picture` its last steps drawn, too.
    async fn why(&self, conn: &str, query: &str) -> Answer {
        let said = match self.asked_of(conn, Order::Why).await {
            Ok(said) => said,
            Err(why) => return why,
        };
        let mut told = json::connection(&said);
        if query == "picture" {
            told["picture"] = said.timeline.as_deref().and_then(picture).into();
        }
        value(StatusCode::OK, &told)
    }

    async fn asked_of(&self, conn: &str, order: Order) -> Result<Said, Answer> {
        let Ok(which) = conn.parse::<Conn>() else {
            let why = format!("`{conn}` is no connection's name, as 0-17");
            return Err(fault(StatusCode::BAD_REQUEST, &why));
        };
        let all = self.asked.workers.sessions(Some(which), order).await;
        let none = || {
            let why = format!("there is no connection {conn}");
            fault(StatusCode::NOT_FOUND, &why)
        };
        all.answers.into_iter().next().ok_or_else(none)
    }

    /// Sessions as they end.
    fn record(&self, query: &str) -> Answer {
        let records = match Records::read(query) {
            Ok(records) => records,
            Err(why) => return fault(StatusCode::BAD_REQUEST, &why),
        };
        let (recorded, recording) = records.begin();
        self.asked.workers.record(&recording);
        let mut answer = Response::new(Either::Right(Either::Right(recorded)));
        let kind = hyper::header::HeaderValue::from_static("application/x-ndjson");
        answer.headers_mut().insert(CONTENT_TYPE, kind);
        answer
    }

    async fn plan(&self) -> Answer {
        match self.asked.process.plan().await {
            Some(Ok(plan)) => value(StatusCode::OK, &json!({ "plan": plan })),
            Some(Err(why)) => fault(StatusCode::UNPROCESSABLE_ENTITY, &why),
            None => over(),
        }
    }

    async fn reload(&self) -> Answer {
        match self.asked.process.reload().await {
            Some(Ok(done)) => {
                let done = json!({ "generation": done.generation, "plan": done.plan });
                value(StatusCode::OK, &done)
            }
            Some(Err(why)) => fault(StatusCode::UNPROCESSABLE_ENTITY, &why),
            None => over(),
        }
    }

    async fn drain(&self, query: &str) -> Answer {
        let deadline = match query.strip_prefix("deadline=") {
            None => None,
            Some(text) => match config::duration(text) {
                Some(span) => Some(span),
                None => {
                    let why = format!("`{text}` is not a duration, as 30s");
                    return fault(StatusCode::BAD_REQUEST, &why);
                }
            },
        };
        done(self.asked.process.drain(deadline).await)
    }
}

fn text(status: StatusCode, text: &str) -> Answer {
    written(status, "text/plain; charset=utf-8", text.to_owned())
}

pub(super) fn value(status: StatusCode, value: &Value) -> Answer {
    written(status, "application/json", format!("{value}\n"))
}

pub(super) fn fault(status: StatusCode, why: &str) -> Answer {
    value(status, &json!({ "error": why }))
}

/// Why it was not done; `wrong`: the status where that is for good.
pub(super) fn refused(why: &Refused, wrong: StatusCode) -> Answer {
    match why {
        Refused::Wrong(why) => fault(wrong, why),
        Refused::Busy(why) => fault(StatusCode::CONFLICT, why),
    }
}

/// It fetches nothing from elsewhere, and nobody else's page may show it.
fn page() -> Answer {
    let mut answer = written(StatusCode::OK, "text/html; charset=utf-8", PAGE.to_owned());
    let policy = "default-src 'self' 'unsafe-inline'; frame-ancestors 'none'";
    let policy = hyper::header::HeaderValue::from_static(policy);
    answer.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    answer
}

fn done(heard: Option<()>) -> Answer {
    match heard {
        Some(()) => value(StatusCode::ACCEPTED, &json!({})),
        None => over(),
    }
}

pub(super) fn over() -> Answer {
    fault(StatusCode::SERVICE_UNAVAILABLE, "the process is over")
}

fn written(status: StatusCode, kind: &'static str, body: String) -> Answer {
    let mut answer = Response::new(Either::Left(Full::new(Bytes::from(body))));
    *answer.status_mut() = status;
    let kind = hyper::header::HeaderValue::from_static(kind);
    answer.headers_mut().insert(CONTENT_TYPE, kind);
    answer
}

/// What a session waits for: of the other leg, where the client's waits for that.
fn waits(said: &Said) -> Wait {
    let [client, origin] = said
        .legs
        .each_ref()
        .map(|leg| leg.as_ref().map(|leg| leg.wait));
    match (client, origin) {
        (Some(Wait::Other) | None, Some(wait)) | (Some(wait), _) => wait,
        (None, None) => Wait::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_asked_again_later_is_told_apart_from_what_is_wrong() {
        let status = |why: Refused, wrong| refused(&why, wrong).status();
        let why = || "why".to_owned();
        for wrong in [StatusCode::NOT_FOUND, StatusCode::UNPROCESSABLE_ENTITY] {
            assert_eq!(status(Refused::Wrong(why()), wrong), wrong);
            assert_eq!(status(Refused::Busy(why()), wrong), StatusCode::CONFLICT);
        }
    }
}

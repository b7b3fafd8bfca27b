//! `tidegate route`: which listener, route and cluster a request would come to, and why not the others.
//!
//! Pure: a configuration and a request in, lines out. It opens no connection.

mod ask;
mod report;

use self::ask::Request;
use super::banner;
use crate::config::{Action, Config, Forwarding, Listener, Plan, Protocol, pattern};
use clap::Args;
use std::{net::IpAddr, path::PathBuf};
use tidegate_core::{
    http1::{Reject, is_claim},
    route::{Asked, Fields, Front, Miss, Place, Route, Seen, Table, When},
};

// `route`: its fields are its help.
#[derive(Args, Debug)]
pub(super) struct RouteFlags {
    /// What a client asks for; its scheme and port choose the listener
    #[arg(value_name = "URL")]
    url: String,
    /// The file to look into
    #[arg(short, long, value_name = "FILE")]
    pub(super) config: PathBuf,
    /// A header that the client sends; may be given several times
    #[arg(short = 'H', long, value_name = "NAME: VALUE")]
    header: Vec<String>,
    /// The method
    #[arg(short = 'X', long, value_name = "METHOD", default_value = "GET")]
    method: String,
    /// The client's address: it may be one that is trusted
    #[arg(long, value_name = "IP")]
    from: Option<IpAddr>,
    /// Say it to machines
    #[arg(long)]
    json: bool,
}

impl RouteFlags {
    /// What the request would come to, and whether it comes to anything.
    ///
    /// # Errors
    /// What is wrong with the request.
    pub(super) fn say(&self, config: &Config) -> Result<(bool, String), String> {
        let request = Request::new(&self.url, &self.method, &self.header, self.from)?;
        let found = explain(config, &request);
        let text = match self.json {
            true => report::json(&request, &found),
            false => report::text(&request, &found),
        };
        let led = found.iter().any(|one| one.is && one.led());
        Ok((led, text))
    }
}

/// What became of a request at one listener.
struct Found {
    name: String,
    /// Whether the request would come to it.
    is: bool,
    /// Why not; or what it does that asks no route.
    why: String,
    tried: Vec<Tried>,
    /// What the route that answers does, line by line.
    answer: Vec<(&'static str, String)>,
}

/// What became of it at one route.
struct Tried {
    pattern: String,
    is: Is,
    why: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Is {
    Yes,
    No,
    /// A more specific one has answered.
    Later,
}

impl Found {
    /// Whether something answers that is no error.
    fn led(&self) -> bool {
        !self.answer.is_empty()
    }

    fn not(listener: &Listener, why: String) -> Found {
        Found {
            name: listener.name.clone(),
            is: false,
            why,
            tried: Vec::new(),
            answer: Vec::new(),
        }
    }
}

fn explain(config: &Config, request: &Request) -> Vec<Found> {
    let of = |listener: &Listener| match elsewhere(listener, request) {
        Some(why) => Found::not(listener, why),
        None => at(config, listener, request),
    };
    config.listeners.iter().map(of).collect()
}

/// Why a request does not come to a listener.
fn elsewhere(listener: &Listener, request: &Request) -> Option<String> {
    let ports: Vec<u16> = listener.bind.iter().map(|address| address.port()).collect();
    if !ports.contains(&request.port) {
        let ports: Vec<_> = ports.iter().map(ToString::to_string).collect();
        return Some(format!("it listens on port {}", ports.join(", ")));
    }
    let secured = match &listener.protocol {
        Protocol::Http(_) => listener.tls.is_some(),
        Protocol::Passthrough(_) => true,
        // Whatever is in it.
        Protocol::Tcp(_) => return None,
    };
    match (secured, request.https) {
        (true, false) => Some("it speaks TLS, and the URL does not".to_owned()),
        (false, true) => Some("it does not speak TLS, and the URL does".to_owned()),
        (true, true) | (false, false) => None,
    }
}

fn at(config: &Config, listener: &Listener, request: &Request) -> Found {
    let cluster = |index: usize| to(config, &Plan::to(index));
    let relayed = |to: String, why: &str| Found {
        is: true,
        answer: vec![("to", to)],
        ..Found::not(listener, why.to_owned())
    };
    match &listener.protocol {
        Protocol::Tcp(index) => relayed(cluster(*index), "it relays bytes, and asks no route"),
        Protocol::Passthrough(table) => {
            let asked = Asked::named(Some(&request.authority));
            let (tried, found) = try_all(table, &asked, &(), |route| route.when.clone());
            Found {
                is: true,
                tried,
                answer: found
                    .map(|(route, _)| ("to", cluster(route.to)))
                    .into_iter()
                    .collect(),
                ..Found::not(listener, "TLS is passed through by its name".to_owned())
            }
        }
        Protocol::Http(table) => {
            let found = Found {
                is: true,
                ..Found::not(listener, String::new())
            };
            if let Some(fault) = listener.forwarding.paths.fault(&request.path) {
                let why = format!("400: {}", Reject::Request(fault));
                return Found { why, ..found };
            }
            let fields = Believed {
                request,
                forwarding: &listener.forwarding,
            };
            let host = Some(request.authority.as_str());
            let asked = Asked::new(host, &request.path, &request.method, &fields);
            let (tried, route) = try_all(table, &asked, &fields, |route| {
                route.to.hidden.when(&route.when)
            });
            let answer = route.map(|(route, covered)| answer(config, route, covered, request));
            let why = match answer {
                Some(_) => String::new(),
                None => "404: no route is for it".to_owned(),
            };
            Found {
                tried,
                why,
                answer: answer.unwrap_or_default(),
                ..found
            }
        }
    }
}

/// The fields of the request that the listener takes for true.
struct Believed<'a> {
    request: &'a Request,
    forwarding: &'a Forwarding,
}

impl Believed<'_> {
    fn trusts(&self) -> bool {
        let from = self.request.from;
        from.is_some_and(|from| self.forwarding.trusted.contain(from))
    }
}

impl Fields for Believed<'_> {
    fn seen(&self, name: &str) -> Seen<'_> {
        if is_claim(name) && !self.trusts() {
            return Seen::Never;
        }
        let mut all = self.request.fields.iter();
        let mut named = all
            .by_ref()
            .filter(|(one, _)| one.eq_ignore_ascii_case(name));
        match (named.next(), named.next()) {
            (None, _) => Seen::Never,
            (Some((_, value)), None) => Seen::Once(value.as_bytes()),
            (Some(_), Some(_)) => Seen::Often,
        }
    }
}

fn try_all<'t, T>(
    table: &'t Table<T>,
    asked: &Asked<'_>,
    fields: &dyn Fields,
    shown: impl Fn(&Route<T>) -> When,
) -> (Vec<Tried>, Option<(&'t Route<T>, usize)>) {
    let found = table.find(asked);
    let mut is = Is::No;
    let tried = table.routes().iter().map(|route| {
        let here = found.is_some_and(|(found, _)| std::ptr::eq(found, route));
        is = match (here, is) {
            (true, _) => Is::Yes,
            (false, Is::No) => Is::No,
            (false, Is::Yes | Is::Later) => Is::Later,
        };
        let why = match (is, route.when.misses(asked)) {
            (Is::Yes, _) | (Is::No, None) => String::new(),
            (Is::Later, None) => "the one above is more specific".to_owned(),
            (Is::No | Is::Later, Some(miss)) => missing(miss, fields),
        };
        let pattern = pattern(&shown(route));
        Tried { pattern, is, why }
    });
    (tried.collect(), found)
}

fn missing(miss: Miss<'_>, fields: &dyn Fields) -> String {
    let header = match miss {
        Miss::Host => return "another host".to_owned(),
        Miss::Path => return "another path".to_owned(),
        Miss::Method => return "another method".to_owned(),
        Miss::Header(header) => header,
    };
    let name = &header.name;
    match fields.seen(name) {
        Seen::Never if is_claim(name) => {
            format!("no {name}, or not from a client that is trusted")
        }
        Seen::Never => format!("no {name}"),
        Seen::Often => format!("{name} is there more than once"),
        Seen::Once(value) => format!("{name} is \"{}\"", String::from_utf8_lossy(value)),
    }
}

/// What becomes of a request, with the name of its cluster.
fn to(config: &Config, plan: &Plan) -> String {
    let name = match &plan.action {
        Action::Forward(split) => match split.shares() {
            [share] => format!("{}: ", config.clusters[share.cluster].name),
            _ => String::new(),
        },
        Action::Redirect(_) | Action::Respond(_) => String::new(),
    };
    name + &banner::plan(config, plan)
}

/// What a route does with the request.
fn answer(
    config: &Config,
    route: &Route<Plan>,
    covered: usize,
    request: &Request,
) -> Vec<(&'static str, String)> {
    let plan = &route.to;
    let path = plan.front.apply(&request.path, covered);
    let mut lines = vec![("to", to(config, plan))];
    match &plan.action {
        Action::Redirect(redirect) => {
            let place = Place {
                https: request.https,
                authority: Some(&request.authority),
                path,
                query: request.query.as_deref(),
            };
            let mut location = Vec::new();
            redirect.to.write(&place, &mut location);
            let location = String::from_utf8_lossy(&location).into_owned();
            lines.push(("location", location));
        }
        Action::Respond(_) => {}
        Action::Forward(_) => {
            if plan.front != Front::Kept {
                let query = request.query.as_ref().map(|query| format!("?{query}"));
                let (front, rest) = path;
                lines.push((
                    "path",
                    format!("{front}{rest}{}", query.unwrap_or_default()),
                ));
            }
            lines.extend(plan.host.clone().map(|host| ("host", host)));
        }
    }
    lines
}

//! Routes as they are written: in a file, and in a line for people.

use crate::config::{Action, Page, Plan, print::quote, waits};
use tidegate_core::{
    http1::{Edits, Line},
    route::{Front, Host, Path, Route, When},
};

/// What a route is for, in one line: `GET api.example.com/v1 x-version=2`.
pub(crate) fn pattern(when: &When) -> String {
    let mut words = Vec::new();
    if !when.methods.is_empty() {
        words.push(when.methods.join(","));
    }
    let host = match &when.host {
        Host::Exact(host) => host.clone(),
        Host::Below(host) => format!("*.{host}"),
        Host::Any => String::new(),
    };
    let path = match &when.path {
        Path::Exact(path) => format!("={path}"),
        Path::Under(path) if path.is_empty() && host.is_empty() => "/".to_owned(),
        Path::Under(path) => path.clone(),
    };
    words.push(host + &path);
    for header in &when.headers {
        let value = header.value.as_ref().map(|value| format!("={value}"));
        words.push(format!("{}{}", header.name, value.unwrap_or_default()));
    }
    words.join(" ")
}

/// The lines of a route, without its listener. `name_of` a cluster is quoted.
pub(in crate::config) fn show(route: &Route<Plan>, name_of: &dyn Fn(usize) -> String) -> String {
    conditions(&route.when) + &plan(route, name_of)
}

/// The lines that say when a route is for a request.
pub(in crate::config) fn conditions(when: &When) -> String {
    let mut text = match &when.host {
        Host::Exact(host) => format!("host = {}\n", quote(host)),
        Host::Below(host) => format!("host = {}\n", quote(&format!("*.{host}"))),
        Host::Any => String::new(),
    };
    text += &match &when.path {
        Path::Exact(path) => format!("exact = {}\n", self::path(path)),
        Path::Under(path) if path.is_empty() => String::new(),
        Path::Under(path) => format!("path = {}\n", self::path(path)),
    };
    if !when.methods.is_empty() {
        let methods: Vec<_> = when.methods.iter().map(|one| quote(one)).collect();
        text += &format!("methods = [{}]\n", methods.join(", "));
    }
    let header = |one: &tidegate_core::route::Header| {
        let value = one.value.as_ref().map(|value| quote(value));
        format!(
            "{} = {}",
            quote(&one.name),
            value.as_deref().unwrap_or("true")
        )
    };
    let headers: Vec<_> = when.headers.iter().map(header).collect();
    if !headers.is_empty() {
        text += &format!("headers = {{ {} }}\n", headers.join(", "));
    }
    text
}

/// As it may be written: a `*` that stands for itself is encoded.
fn path(path: &str) -> String {
    quote(&path.replace('*', "%2A"))
}

fn plan(route: &Route<Plan>, name_of: &dyn Fn(usize) -> String) -> String {
    let Plan {
        action,
        front,
        host,
        request,
        response,
        timeouts,
        hidden: _,
    } = &route.to;
    let mut text = self::action(action, name_of);
    match (front, &route.when.path) {
        (Front::Kept, _) => {}
        (Front::Replaced(front), Path::Under(path)) if front.is_empty() && !path.is_empty() => {
            text += "strip_prefix = true\n";
        }
        // There is no prefix to be taken away.
        (Front::Replaced(front), Path::Under(_) | Path::Exact(_)) if front.is_empty() => {
            text += "replace_prefix = \"/\"\n";
        }
        (Front::Replaced(front), _) => text += &format!("replace_prefix = {}\n", quote(front)),
    }
    if let Some(host) = host {
        text += &format!("host_header = {}\n", quote(host));
    }
    text += &edits("request_headers", request);
    text += &edits("response_headers", response);
    let rows = waits::show_cluster(*timeouts);
    if !rows.is_empty() {
        text += &format!("timeouts = {{ {} }}\n", rows.join(", "));
    }
    text
}

fn action(action: &Action, name_of: &dyn Fn(usize) -> String) -> String {
    match action {
        Action::Forward(split) => match split.shares() {
            // One alone gets everything, whatever its weight.
            [share] => format!("to = {}\n", name_of(share.cluster)),
            shares => {
                let shares: Vec<_> = shares
                    .iter()
                    .map(|share| {
                        let name = name_of(share.cluster);
                        format!("{{ cluster = {name}, weight = {} }}", share.weight)
                    })
                    .collect();
                format!("to = [{}]\n", shares.join(", "))
            }
        },
        Action::Redirect(redirect) => {
            let (status, to) = (redirect.status, quote(&redirect.to.to_string()));
            format!("redirect = {{ status = {status}, to = {to} }}\n")
        }
        Action::Respond(Page {
            status,
            body,
            content_type,
        }) => {
            let mut rows = vec![format!("status = {status}")];
            if !body.is_empty() {
                rows.push(format!("body = {}", quote(body)));
                if content_type != Page::TEXT {
                    rows.push(format!("content_type = {}", quote(content_type)));
                }
            }
            format!("respond = {{ {} }}\n", rows.join(", "))
        }
    }
}

fn edits(key: &str, edits: &Edits) -> String {
    let lines = |lines: &[Line]| {
        let line = |line: &Line| format!("{} = {}", quote(&line.name), quote(&line.value));
        let all: Vec<_> = lines.iter().map(line).collect();
        format!("{{ {} }}", all.join(", "))
    };
    let mut rows = Vec::new();
    if !edits.set().is_empty() {
        rows.push(format!("set = {}", lines(edits.set())));
    }
    if !edits.add().is_empty() {
        rows.push(format!("add = {}", lines(edits.add())));
    }
    if !edits.remove().is_empty() {
        let names: Vec<_> = edits.remove().iter().map(|name| quote(name)).collect();
        rows.push(format!("remove = [{}]", names.join(", ")));
    }
    match rows.is_empty() {
        true => String::new(),
        false => format!("{key} = {{ {} }}\n", rows.join(", ")),
    }
}

//! What each verb says, as people review it.

use super::{left, told};
use crate::{
    admin::{
        client::{Upgrade, What},
        query::Filter,
        top,
    },
    server::Wish,
};
use serde_json::{Value, json};

fn leg(waits: &str, state: &str, state_for: f64) -> Value {
    json!({
        "waits_for": waits, "state": state, "state_for": state_for, "bytes_in": 812, "bytes_out": 40,
        "unsent": 0, "unacked": 3, "half_closed": null,
    })
}

/// A relay whose client has said all.
fn half_closed() -> Value {
    let mut client = leg("the other leg", "close_wait", 61.2);
    client["half_closed"] = json!(61.2);
    json!({
        "conn": "1-2", "listener": "db", "client.address": "203.0.113.9:50000", "phase": "tunnel", "cluster": "db",
        "server.address": "10.0.0.11:5432", "age": 75.301, "quiet": 61.2, "draining": false,
        "timer": { "name": "tunnel", "left": 3538.8 }, "client": client,
        "origin": leg("bytes", "fin_wait_2", 61.1), "timeline": null,
    })
}

/// A client between two requests.
fn idle() -> Value {
    json!({
        "conn": "0-17", "listener": "web", "client.address": "203.0.113.10:50100", "phase": "idle", "cluster": null,
        "server.address": null, "age": 4.2, "quiet": 0.12, "draining": false,
        "timer": { "name": "idle", "left": 74.88 }, "client": leg("a request", "established", 4.2),
        "origin": null, "timeline": null,
    })
}

fn connections() -> Value {
    json!({
        "connections": [half_closed(), idle()], "silent_workers": [3],
        "without_connection": [{
            "scope": "cluster", "name": "db", "side": "upstream", "state": "established", "count": 2, "oldest": 2.5,
        }],
    })
}

fn cluster() -> Value {
    let endpoint = |name, address, up, weight, drained, changed| {
        json!({
            "endpoint": name, "address": address, "up": up, "weight": weight, "drained": drained, "changed": changed,
        })
    };
    json!({ "name": "db", "balance": "least-request", "endpoints": [
        endpoint("db-1.internal:5432", "10.0.0.11:5432", true, 1, false, false),
        endpoint("db-1.internal:5432", "10.0.0.12:5432", false, 1, false, false),
        endpoint("10.0.0.13:5432", "10.0.0.13:5432", true, 5, false, true),
        endpoint("10.0.0.14:5432", "10.0.0.14:5432", true, 1, true, true),
    ] })
}

fn drained() -> Value {
    let mut cluster = cluster();
    cluster["endpoints"].as_array_mut().unwrap().drain(..3);
    cluster
}

fn status() -> Value {
    json!({
        "version": "0.1.0", "pid": 812, "state": "draining", "drain_left": 12.5, "generation": 3, "workers": 2,
        "connections": 2, "confined": "partly: the kernel knows an older Landlock",
        "listeners": [
            { "name": "web", "bind": ["0.0.0.0:443", "[::]:443"] }, { "name": "db", "bind": ["127.0.0.1:5432"] },
        ],
        "clusters": [cluster()], "closed": { "client_fin": 17, "half_close_timeout": 1 },
    })
}

/// Each with what was asked, what was typed for it, and the answer.
fn verbs() -> Vec<(&'static str, What, Value)> {
    let wish = || Wish::default();
    let plan = json!({ "generation": 4, "plan": ["listener `web` changed", "cluster `db` changed (+1 -1 endpoints)"] });
    let upgraded = json!({ "pid": 9146, "old": {
        "pid": 812, "admin": "/run/tidegate/admin.sock.812", "connections": [half_closed()],
    } });
    let watched = Upgrade {
        wait: true,
        ..Upgrade::default()
    };
    vec![
        ("status", What::Status, status()),
        ("conns", What::Conns(Filter::default()), connections()),
        ("why 1-2", What::Why("1-2".to_owned(), false), half_closed()),
        ("why 0-17", What::Why("0-17".to_owned(), false), idle()),
        (
            "kill 1-2",
            What::Kill("1-2".to_owned(), false),
            half_closed(),
        ),
        (
            "endpoint weight db 10.0.0.13:5432 5",
            What::Endpoint(wish(), false),
            json!({ "endpoint": "10.0.0.13:5432", "cluster": cluster() }),
        ),
        (
            "endpoint drain db 10.0.0.14:5432",
            What::Endpoint(wish(), false),
            json!({ "endpoint": "10.0.0.14:5432", "cluster": drained() }),
        ),
        ("reload", What::Reload(false), plan.clone()),
        ("reload --dry-run", What::Reload(true), plan),
        (
            "upgrade",
            What::Upgrade(Upgrade::default()),
            upgraded.clone(),
        ),
        ("upgrade --wait", What::Upgrade(watched), upgraded),
        ("drain", What::Drain(None, false), json!({})),
        ("stop", What::Stop, json!({})),
    ]
}

#[test]
fn every_verb_has_its_words() {
    let mut text = String::new();
    for (typed, what, answer) in verbs() {
        text += &format!("$ tidegate {typed}\n{}\n", told(&what, &answer));
    }
    // Behind `--wait`, and what `top` shows.
    text += &format!("who is left\n{}\n", left(&connections()).1);
    let screen = top::screen(&status(), &connections(), Some(&status()));
    text += &format!("$ tidegate top --once\n{screen}");
    insta::with_settings!({snapshot_path => "../../../../snapshots/verbs", prepend_module_to_snapshot => false, omit_expression => true}, {
        insta::assert_snapshot!("verbs", text);
    });
}

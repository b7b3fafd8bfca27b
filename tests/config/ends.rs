//! What is said of ends and waits that were configured wrongly.

use crate::{CLUSTER, said, snapshot};

#[test]
fn knobs() {
    let text = format!(
        r#"
[[listener]]
name = "web"
bind = [":1"]
to   = "api"
client_fin = "canel"
tunnel_close = true
idle = "5m"

[[listener]]
name = "db"
kind = "tcp"
bind = [":2"]
to   = "api"
client_fin = "cancel"
tunnel_close = "both"
{CLUSTER}"#
    );
    snapshot("knobs", &said(&text));
}

#[test]
fn drains() {
    let text = format!(
        r#"
[drain]
pre_delay = "11s"
timeout = "721h"
delay = "5s"

[[listener]]
name = "web"
bind = [":1"]
to   = "api"
{CLUSTER}"#
    );
    snapshot("drains", &said(&text));
}

#[test]
fn what_the_process_does_by_itself() {
    let text = format!(
        r#"
user = 65534

[reload]
watch = "yes"
wach  = true

[[listener]]
name = "web"
bind = [":1"]
to   = "api"
{CLUSTER}"#
    );
    snapshot("what_the_process_does_by_itself", &said(&text));
}

#[test]
fn tls_inside_tls() {
    let text = r#"
[[listener]]
name = "passed"
kind = "tcp"
bind = [":1"]
tls  = "passthrough"
to   = "secure"

[[route]]
listener = "passed"
host = "a.example.org"
to   = "secure"

[[cluster]]
name = "secure"
endpoints = ["127.0.0.1:443"]
tls = { server_name = "a.example.org" }
"#;
    snapshot("tls_inside_tls", &said(text));
}

#[test]
fn waits_in_the_wrong_order() {
    let text = format!(
        r#"
[[listener]]
name = "web"
bind = [":1"]
to   = "api"
keepalive = {{ established = "20s", interval = "5s", probes = 3, user_timeout = "34s" }}
timeouts = {{ idle = "5s", idle_least = "5001ms" }}

[[listener]]
name = "brief"
bind = [":2"]
to   = "api"
keepalive = {{ established = "20s", interval = "5s", probes = 3, user_timeout = "35s" }}
timeouts = {{ idle = "500ms" }}

[[listener]]
name = "patient"
bind = [":3"]
to   = "api"
timeouts = {{ idle_least = "76s" }}
{CLUSTER}"#
    );
    snapshot("waits_in_the_wrong_order", &said(&text));
}

#[test]
fn keepalives() {
    let text = format!(
        r#"
[[listener]]
name = "web"
bind = [":1"]
to   = "api"
keepalive = {{ idle = "60s", interval = "100ms", probes = 0 }}

[[listener]]
name = "db"
kind = "tcp"
bind = [":2"]
to   = "api"
keepalive = "60s"
timeouts = {{ tunnel_write = "5s", half_idle = "0s" }}
{CLUSTER}"#
    );
    snapshot("keepalives", &said(&text));
}

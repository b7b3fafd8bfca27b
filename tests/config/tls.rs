//! What is said of TLS that was configured wrongly: to endpoints, of clients, passed through.

use crate::{CLUSTER, said, snapshot};

#[test]
fn tls_to_endpoints() {
    let text = r#"
[[listener]]
name = "a"
bind = [":1"]
to   = "one"

[[cluster]]
name = "one"
endpoints = ["https://api.example.com"]
tls = "systems"

[[cluster]]
name = "two"
endpoints = ["-a-:443"]
tls = { ca = "none.pem", cert = "good.pem", name = "b" }

[[cluster]]
name = "three"
endpoints = ["127.0.0.1:443"]
tls = { server_name = "b:443" }

[[cluster]]
name = "four"
endpoints = ["127.0.0.1:443"]
timeouts = { tls = "1s" }
"#;
    snapshot("tls_to_endpoints", &said(text));
}

#[test]
fn tls_of_clients() {
    let text = format!(
        r#"
[[listener]]
name = "a"
bind = [":1"]
to   = "api"
tls  = {{ certs = ["good.pem"], client_auth = "required" }}

[[listener]]
name = "b"
bind = [":2"]
to   = "api"
tls  = {{ certs = ["good.pem"], client_ca = "none.pem", client_auth = "maybe" }}
tls12_half_close = "never"
{CLUSTER}"#
    );
    snapshot("tls_of_clients", &said(&text));
}

#[test]
fn tls_passed_through() {
    let text = format!(
        r#"
[[listener]]
name = "a"
bind = [":1"]
to   = "api"
tls  = "passthrough"

[[listener]]
name = "b"
kind = "tcp"
bind = [":2"]
tls  = "passthrough"
bare_fin = "clean"

[[listener]]
name = "c"
kind = "tcp"
bind = [":3"]
tls  = "passthrough"

[[route]]
listener = "c"
host = "a.example.org"
path = "/v1"
to   = "api"
{CLUSTER}"#
    );
    snapshot("tls_passed_through", &said(&text));
}

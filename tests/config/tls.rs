//! What is said of TLS that was configured wrongly: to endpoints, of clients, passed through.

use crate::{
    CLUSTER,
    good::{FULL, good},
    said, snapshot,
};
use tidegate::config::{
    self, CertificateFiles, ClientAuth, Clients, HalfClose, OriginTls, Protocol, Roots, Tls,
};
use tidegate_core::{route::Asked, time::Span};

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

#[test]
fn every_key_of_tls_arrives() {
    let config = good(FULL);
    let mutual = &config.listeners[2];
    let clients = Clients {
        ca: "conf/good.pem".into(),
        auth: ClientAuth::Optional,
    };
    assert_eq!(mutual.clients, Some(clients));
    assert_eq!(mutual.policy.tls12_half_close, HalfClose::Strict);
    let Protocol::Passthrough(names) = &config.listeners[3].protocol else {
        panic!("{:?}", config.listeners[3])
    };
    let to = |name| {
        names
            .find(&Asked::named(name))
            .map(|(route, _)| config.clusters[route.to].name.as_str())
    };
    assert_eq!(to(Some("a.example.org")), Some("files"));
    assert_eq!(
        (to(Some("example.org")), to(None)),
        (Some("db"), Some("db"))
    );
    assert_eq!(config.listeners[3].timeouts.tls, Span::from_secs(1));

    let cluster = |name| config.clusters.iter().find(|one| one.name == name).unwrap();
    let secure = cluster("secure");
    assert_eq!(secure.timeouts.tls, Some(Span::from_secs(7)));
    let tls = OriginTls {
        roots: Roots::File("conf/good.pem".into()),
        server_name: Some("db.example.org".to_owned()),
        identity: Some(CertificateFiles {
            cert: "conf/good.pem".into(),
            key: "conf/good.key".into(),
        }),
    };
    assert_eq!(secure.tls.as_ref(), Some(&tls));
    let expected = |cluster: &config::Cluster, n: usize| {
        let name = cluster.expected(&cluster.endpoints[n]).unwrap();
        name.to_str().into_owned()
    };
    assert_eq!(expected(secure, 1), "db.example.org");
    let trusted = cluster("trusted");
    assert_eq!(trusted.tls, Some(OriginTls::default()));
    assert_eq!(expected(trusted, 0), "db1");
    assert_eq!(expected(trusted, 1), "127.0.0.1");
    assert_eq!(cluster("db").tls, None);
}

/// A key may be a credential of the service manager: its path is what counts.
#[test]
fn credentials() {
    let listener = |key: &str| {
        format!(
            "[[listener]]\nname = \"a\"\nbind = [\":1\"]\nto = \"api\"\n\
             tls = {{ cert = \"good.pem\", key = \"{key}\" }}\n{CLUSTER}"
        )
    };
    let config = good(&listener("${credential:web.key}"));
    let Some(Tls::Files(files)) = &config.listeners[0].tls else {
        panic!("{config:?}")
    };
    assert_eq!(
        files[0].key.to_str(),
        Some("/run/credentials/tidegate/web.key")
    );
    let wrong = ["${credential:../x}", "${credential:}", "${credentials:x}"];
    let all = wrong.map(|key| said(&listener(key)));
    snapshot("credentials", &all.join("\n"));
}

//! `curl` as the client: somebody else's idea of HTTP and TLS.

use crate::{
    harness::{Done, Proxy, arg},
    peers::pattern,
    serving::Serving,
};

/// What `curl` says of a transfer, besides the body.
const TOLD: &str = "\n%{http_code} %{http_version} %{num_connects} %{size_download}";

fn ok(done: &Done) -> &str {
    assert_eq!(done.code(), Some(0), "{}", done.said);
    &done.said
}

#[test]
fn get_head_and_post() {
    let origin = Serving::echo();
    let proxy = Proxy::http(origin.address());
    let url = proxy.url("http", "/path?query");
    let done = proxy.curl(&["-w", TOLD, &url]);
    assert_eq!(ok(&done), "GET /path?query HTTP/1.1\n\n200 1.1 1 25");
    let done = proxy.curl(&["-I", &url]);
    assert!(
        ok(&done).starts_with("HTTP/1.1 200 OK\r\n"),
        "{}",
        done.said
    );
    let done = proxy.curl(&["-d", "hello", "-w", TOLD, &url]);
    assert_eq!(ok(&done), "POST /path?query HTTP/1.1\nhello\n200 1.1 1 31");
    let chunked = ["-H", "Transfer-Encoding: chunked", "-d", "hello", &url];
    assert_eq!(
        ok(&proxy.curl(&chunked)),
        "POST /path?query HTTP/1.1\nhello"
    );
}

#[test]
fn every_framing_of_a_response() {
    let origin = Serving::echo();
    let proxy = Proxy::http(origin.address());
    for path in ["/length", "/chunked", "/close"] {
        for flag in ["--http1.1", "--http1.0"] {
            let done = proxy.curl(&[flag, &proxy.url("http", path)]);
            assert_eq!(ok(&done), format!("GET {path} HTTP/1.1\n"), "{flag}");
        }
    }
}

#[test]
fn one_connection_for_many_requests() {
    let origin = Serving::echo();
    let proxy = Proxy::http(origin.address());
    let url = proxy.url("http", "/length");
    let done = proxy.curl(&["-w", "%{num_connects}\n", &url, &url, &url]);
    let line = "GET /length HTTP/1.1\n";
    assert_eq!(ok(&done), format!("{line}1\n{line}0\n{line}0\n"));
    assert_eq!(origin.connections(), 1);
}

#[test]
fn big_bodies_over_clear_text_and_tls() {
    let body = pattern(10_000_000);
    let origin = Serving::echo();
    for flags in [&[][..], &["--tlsv1.2", "--tls-max", "1.2"], &["--tlsv1.3"]] {
        let (proxy, scheme) = if flags.is_empty() {
            (Proxy::http(origin.address()), "http")
        } else {
            (Proxy::https(origin.address()), "https")
        };
        let upload = proxy.scratch().file("upload", &body);
        let download = proxy.scratch().path("download");
        let data = format!("@{}", arg(&upload));
        let (url, authority) = (proxy.url(scheme, "/body"), proxy.authority());
        let mut args = flags.to_vec();
        args.extend(["--data-binary", &data, "-o", arg(&download), &url]);
        if scheme == "https" {
            args.extend(["--cacert", arg(&authority)]);
        }
        ok(&proxy.curl(&args));
        assert!(std::fs::read(download).unwrap() == body, "{flags:?}");
    }
}

#[test]
fn tls_versions_and_alpn() {
    let origin = Serving::echo();
    let proxy = Proxy::https(origin.address());
    let (url, authority) = (proxy.url("https", "/close"), proxy.authority());
    for version in [&["--tlsv1.2", "--tls-max", "1.2"][..], &["--tlsv1.3"]] {
        let mut args = version.to_vec();
        args.extend(["--cacert", arg(&authority), "-w", TOLD, &url]);
        let done = proxy.curl(&args);
        assert_eq!(ok(&done), "GET /close HTTP/1.1\n\n200 1.1 1 20");
    }
    // Nobody has to trust it.
    let done = proxy.curl(&[&url]);
    assert_eq!(done.code(), Some(60), "{}", done.said);
}

#[test]
fn a_broken_response_is_an_error() {
    let origin = Serving::echo();
    for (path, code) in [("/cut-length", 18), ("/cut-chunked", 18)] {
        let proxy = Proxy::http(origin.address());
        let done = proxy.curl(&[&proxy.url("http", path)]);
        let told = [Some(code), Some(56)].contains(&done.code());
        assert!(told, "{path}: {:?}", done);
    }
}

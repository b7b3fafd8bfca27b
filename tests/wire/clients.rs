//! Other programs at either end: Python's client and one that asks like a browser, before nginx and
//! a server of Node. Somebody else's idea of HTTP.

use crate::{
    harness::{Done, Proxy, Running, Scratch, arg},
    peers::{Peer, Raw, pattern},
    serving::Serving,
};
use std::process::Command;

/// A script of Python's with these arguments, to its end.
fn python(script: &str, args: &[&str]) -> Done {
    let mut python = Command::new("python3");
    python
        .arg("-c")
        .arg(script)
        .args(args)
        .env_remove("PYTHONPATH")
        .env("no_proxy", "*");
    Running::start(&mut python, "python3").end()
}

#[test]
fn pythons_client_keeps_its_connection_and_uploads_in_chunks() {
    let origin = Serving::echo();
    let proxy = Proxy::http(origin.address());
    let port = proxy.url("http", "").rsplit(':').next().unwrap().to_owned();
    let done = python(include_str!("client.py"), &[&port]);
    assert_eq!(done.code(), Some(0), "{}", done.said);
    assert!(done.said.ends_with("all is well\n"), "{}", done.said);
    assert_eq!(origin.connections(), 1);
}

/// What a browser sends with every request.
const BROWSER: &str = "Host: h\r\nConnection: keep-alive\r\nUpgrade-Insecure-Requests: 1\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36\r\n\
    Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8\r\n\
    Accept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: en-GB,en;q=0.9\r\n\
    Cookie: a=b; c=d\r\n";

/// Requests in a row, without waiting for an answer; the answers in the same order.
fn in_a_row(proxy: &Proxy, paths: &[&str]) -> Vec<Vec<u8>> {
    let mut client = proxy.client();
    let requests: String = paths
        .iter()
        .map(|path| format!("GET {path} HTTP/1.1\r\n{BROWSER}\r\n"))
        .collect();
    client.say(requests.as_bytes());
    let answer = |client: &mut Raw| {
        let mut answer = client.message();
        while answer.status() < 200 {
            answer = client.message();
        }
        assert_eq!(answer.status(), 200, "{}", answer.head);
        answer.body
    };
    paths.iter().map(|_| answer(&mut client)).collect()
}

#[test]
fn h11_a_client_that_asks_in_a_row_is_answered_in_a_row() {
    let origin = Serving::echo();
    let proxy = Proxy::http(origin.address());
    let paths = ["/length", "/chunked", "/a?b", "/chunked", "/length?c"];
    let bodies = in_a_row(&proxy, &paths);
    for (path, body) in paths.iter().zip(bodies) {
        assert_eq!(body, format!("GET {path} HTTP/1.1\n").as_bytes());
    }
}

/// nginx at a path in its own directory, with one page.
fn nginx(files: &Scratch) -> Running {
    files.file("page", pattern(300_000));
    let here = files.path("");
    let here = arg(&here).trim_end_matches('/');
    let places = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let places: String = places
        .iter()
        .map(|place| format!(" {place}_temp_path {here}/{place};\n"))
        .collect();
    let config = format!(
        "daemon off;\nmaster_process off;\npid {here}/nginx.pid;\nerror_log stderr notice;\n\
         events {{}}\nhttp {{\n access_log off;\n{places} server {{\n  \
         listen unix:{here}/nginx.sock;\n  root {here};\n  \
         location = /moved {{ return 302 /page; }}\n  \
         location = /text {{ return 200 \"$request_method $http_via\"; }}\n }}\n}}\n"
    );
    let config = files.file("nginx.conf", config);
    let mut command = Command::new("nginx");
    command.args(["-e", "stderr", "-p", here, "-c", arg(&config)]);
    let mut running = Running::start(&mut command, "nginx-light");
    // It listens before it says so.
    running.until("nginx at work", |said| {
        said.contains("using the").then_some(())
    });
    running
}

#[test]
fn nginx_as_an_origin() {
    let files = Scratch::new();
    let _nginx = nginx(&files);
    let proxy = Proxy::of_file(format!(
        "workers = 1\n[[listener]]\nname = \"l\"\nbind = [\"127.0.0.1:0\"]\nto = \"c\"\n\
         [[cluster]]\nname = \"c\"\nendpoints = [\"unix:{}\"]\n",
        arg(&files.path("nginx.sock"))
    ));
    serves(&proxy);
    let answers = in_a_row(&proxy, &["/text", "/page", "/text"]);
    assert_eq!(answers[0], b"GET 1.1 tidegate");
    assert!(answers[1] == pattern(300_000));
    let mut client = proxy.client();
    client.say(b"GET /moved HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(client.message().status(), 302);
    client.say(b"GET /page HTTP/1.1\r\nHost: h\r\nRange: bytes=1-3\r\n\r\n");
    let part = client.message();
    assert_eq!((part.status(), &part.body[..]), (206, &pattern(4)[1..]));
}

/// What both servers have: a page of 300,000 bytes, and its head alone.
fn serves(proxy: &Proxy) {
    let done = proxy.curl(&["-I", &proxy.url("http", "/page")]);
    assert!(
        done.said.starts_with("HTTP/1.1 200 OK\r\n"),
        "{}",
        done.said
    );
    assert!(
        done.said.contains("Content-Length: 300000\r\n"),
        "{}",
        done.said
    );
    let into = proxy.scratch().path("page");
    let done = proxy.curl(&["-o", arg(&into), &proxy.url("http", "/page")]);
    assert_eq!(done.code(), Some(0), "{}", done.said);
    assert!(std::fs::read(into).unwrap() == pattern(300_000));
}

#[test]
fn a_server_of_node_as_an_origin() {
    let files = Scratch::new();
    let page = files.file("page", pattern(300_000));
    let mut command = Command::new("node");
    command.args(["-e", include_str!("server.js"), arg(&page)]);
    let mut running = Running::start(&mut command, "nodejs");
    let address = running.until("an address", |said| said.strip_suffix('\n')?.parse().ok());
    let proxy = Proxy::http(address);
    serves(&proxy);
    assert_eq!(
        in_a_row(&proxy, &["/chunked", "/hints"]),
        [b"one two three".to_vec(), b"hinted here.".to_vec()]
    );
    // What it takes in chunks comes back in chunks, with its trailer.
    let mut client = proxy.client();
    client.say(
        b"POST /echo HTTP/1.1\r\nHost: h\r\nTE: trailers\r\nConnection: TE\r\n\
          Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n",
    );
    let echo = client.message();
    assert_eq!((echo.status(), &echo.body[..]), (200, &b"hello!"[..]));
    assert_eq!(echo.trailers, "X-Bytes: 6\n");
    // It says how long it keeps a connection, and is believed.
    client.say(
        b"GET /continue HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n",
    );
    assert_eq!(client.message().status(), 100);
    client.say(b"ok");
    assert_eq!(client.message().body, b"ok");
}

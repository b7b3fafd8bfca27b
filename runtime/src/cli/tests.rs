//! What arguments come to: what is started, what is said, and the code at the end.

use super::*;
use crate::config::{At, Authority, CertificateFiles, Dns, OriginTls, Protocol, Tls};
use crate::tls::testing::Scratch;
use std::net::SocketAddr;
use tidegate_core::{limits::Timeouts, route::Asked};

mod handbook;
mod names;
mod probe;

/// A machine with two names and no files.
struct Still {
    no_color: bool,
    data_dir: Option<PathBuf>,
}

impl Outside for Still {
    fn variable(&self, name: &str) -> Option<String> {
        (name == "NO_COLOR" && self.no_color).then(|| "1".to_owned())
    }

    fn files(&self, base: &Path, pattern: &str) -> io::Result<Vec<PathBuf>> {
        machine().files(base, pattern)
    }

    fn text(&self, file: &Path) -> io::Result<String> {
        machine().text(file)
    }

    fn unresolved(&self, _: &Dns, names: &[&str]) -> Vec<(String, String)> {
        let unknown = names.iter().filter(|name| !["db1", "db2"].contains(name));
        let why = |name: &&str| ((*name).to_owned(), "no such name".to_owned());
        unknown.map(why).collect()
    }

    fn certificate(&self, files: &CertificateFiles) -> Result<(), Message> {
        let missing = || Message::new(Code::CertificateMissing, "no certificate");
        files
            .cert
            .ends_with("good.pem")
            .then_some(())
            .ok_or_else(missing)
    }

    fn authorities(&self, file: &Path) -> Result<(), Message> {
        let missing = || Message::new(Code::CertificateMissing, "no certificate");
        file.ends_with("good.pem").then_some(()).ok_or_else(missing)
    }

    fn dev_directory(&self) -> Result<PathBuf, Message> {
        Ok(self
            .data_dir
            .clone()
            .unwrap_or_else(|| "/data".into())
            .join("dev"))
    }
}

fn machine() -> Machine {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let data_dir = None;
    Machine { data_dir, provider }
}

fn ask_with(line: &str, terminal: bool, no_color: bool) -> Decision {
    let args = std::iter::once("tidegate").chain(line.split_whitespace());
    let still = |data_dir| -> Box<dyn Outside> { Box::new(Still { no_color, data_dir }) };
    decide(args.map(OsString::from), terminal, &still)
}

fn ask(line: &str) -> Decision {
    ask_with(line, false, false)
}

fn started(line: &str) -> Command {
    match ask(line) {
        Decision::Start(command, _) => command,
        Decision::Say { err, .. } => panic!("{line}: {err}"),
    }
}

fn served(line: &str) -> Config {
    match started(line) {
        Command::Serve(config, _) => *config,
        other @ (Command::Demo(_) | Command::Probe(_) | Command::Ask(_)) => {
            panic!("{line}: {other:?}")
        }
    }
}

fn said(line: &str) -> (Exit, String, String) {
    match ask(line) {
        Decision::Say { exit, out, err } => (exit, out, err),
        other @ Decision::Start(..) => panic!("{line}: {other:?}"),
    }
}

fn output(line: &str, terminal: bool, no_color: bool) -> Output {
    match ask_with(line, terminal, no_color) {
        Decision::Start(_, output) => output,
        Decision::Say { err, .. } => panic!("{line}: {err}"),
    }
}

#[test]
fn one_line_is_an_http_proxy() {
    let config = served("--listen :8443 --tls dev --to 127.0.0.1:3000");
    let listener = &config.listeners[0];
    assert_eq!(listener.bind, [SocketAddr::from(([0, 0, 0, 0], 8443))]);
    assert_eq!(listener.tls, Some(Tls::Dev("/data/dev".into())));
    assert_eq!(listener.timeouts, Timeouts::http());
    let Protocol::Http(routes) = &listener.protocol else {
        panic!("{listener:?}")
    };
    let asked = Asked::new(Some("any.example"), "/any", "GET", &());
    let found = routes.find(&asked).map(|(route, _)| route.to.plain());
    assert_eq!(found, Some(Some(0)));
    assert_eq!(config.clusters[0].endpoints[0].authority, "127.0.0.1:3000");
    assert_eq!(
        served("run --listen :8443 --tls dev --to 127.0.0.1:3000"),
        config
    );
}

#[test]
fn tcp_takes_several_endpoints_by_name() {
    let config = served("tcp --listen :5432 --listen [::]:5432 --to db1:5432,db2:5432 --workers 2");
    assert_eq!(config.listeners[0].bind.len(), 2);
    assert_eq!(config.listeners[0].protocol, Protocol::Tcp(0));
    assert_eq!(config.listeners[0].timeouts, Timeouts::tcp());
    let to: Vec<_> = config.clusters[0]
        .endpoints
        .iter()
        .map(|one| &one.at)
        .collect();
    let name = |host: &str| {
        let host = host.to_owned();
        At::Name(Authority { host, port: 5432 })
    };
    assert_eq!(to, [&name("db1"), &name("db2")]);
    assert_eq!(config.workers.map(usize::from), Some(2));
}

#[test]
fn an_endpoint_with_a_scheme_is_spoken_to_over_tls() {
    for (line, authority) in [
        ("--listen :80 --to https://db1", "db1:443"),
        (
            "tcp --listen :80 --to tls://db1:5432,tls://db2:5432",
            "db1:5432",
        ),
    ] {
        let cluster = &served(line).clusters[0];
        assert_eq!(cluster.endpoints[0].authority, authority);
        assert_eq!(cluster.tls, Some(OriginTls::default()));
    }
    let Decision::Say { err, .. } = ask("tcp --listen :80 --to tls://db1:1,db2:1") else {
        panic!("half of it in the clear")
    };
    assert!(err.contains("E0115"), "{err}");
}

#[test]
fn tcp_may_pass_tls_through_to_its_endpoints() {
    let line = "tcp --listen :443 --to db1:443,db2:443 --tls passthrough";
    let config = served(line);
    let listener = &config.listeners[0];
    assert_eq!((&listener.tls, listener.timeouts), (&None, Timeouts::tcp()));
    let Protocol::Passthrough(routes) = &listener.protocol else {
        panic!("{listener:?}")
    };
    for name in [Some("any.example"), None] {
        let found = routes.find(&Asked::named(name));
        assert_eq!(found.map(|(route, _)| route.to), Some(0));
    }
    let (_, out, _) = said(&format!("{line} --print-config"));
    let due = "\
defaults = \"2026\"

[[listener]]
name = \"main\"
bind = [\"0.0.0.0:443\"]
kind = \"tcp\"
tls = \"passthrough\"
to = \"main\"

[[cluster]]
name = \"main\"
endpoints = [\"db1:443\", \"db2:443\"]
";
    assert_eq!(out, due);
}

#[test]
fn what_is_passed_through_is_neither_read_nor_wrapped() {
    for (line, hint) in [
        ("--listen :1 --to db1:1 --tls passthrough", "tidegate tcp"),
        ("run --listen :1 --to db1:1 --tls passthrough", "over http"),
        (
            "tcp --listen :1 --to tls://db1:1 --tls passthrough",
            "write --to without tls://",
        ),
    ] {
        let (exit, out, err) = said(line);
        assert_eq!((exit, out.as_str()), (Exit::Config, ""), "{line}: {err}");
        assert!(err.starts_with("error[E0211]: "), "{line}: {err}");
        assert!(err.contains(hint), "{line}: {err}");
    }
}

#[test]
fn what_is_printed_means_the_same() {
    let scratch = Scratch::new("cli-print");
    for line in [
        "--listen :8080 --to 127.0.0.1:3000",
        "--listen :8080 --to https://127.0.0.1:3000",
        "--listen :8443 --tls dev --to 127.0.0.1:3000 --workers 3",
        "--listen :8443 --cert /etc/good.pem --key /etc/good.key --to db1:1,db2:2",
        "--listen :0 --listen :0 --cert good.pem --key good.pem --to db1:1",
        "tcp --listen [::1]:5432 --to db1:5432,db2:5432",
        "tcp --listen :443 --to db1:443,db2:443 --tls passthrough --workers 3",
    ] {
        let (exit, out, _) = said(&format!("{line} --print-config"));
        assert_eq!(exit, Exit::Ok);
        let file = scratch.file("printed.toml", &out);
        let file = file.to_str().unwrap();
        assert_eq!(served(&format!("-c {file}")), served(line), "{out}");
        assert_eq!(said(&format!("run -c {file} --print-config")).1, out);
        let (exit, out, _) = said(&format!("check -c {file}"));
        assert_eq!(exit, Exit::Ok, "{out}");
    }
}

#[test]
fn a_wrong_line_ends_with_64() {
    for (line, hint) in [
        ("", "Usage"),
        ("--lisen :80", "similar argument"),
        ("--listen :80", "--to"),
        ("--to db1:1", "--listen"),
        ("--listen 80 --to db1:1", "write `:80`"),
        ("--listen :80 --to db1", "`db1:PORT`"),
        ("--listen :80 --to http://db1:1", "without scheme"),
        ("--listen :80 --to db1:1 --cert a", "--key"),
        (
            "--listen :80 --to db1:1 --tls dev --cert a --key b",
            "cannot be used",
        ),
        (
            "tcp --listen :80 --to db1:1 --tls passthrough --cert a --key b",
            "cannot be used",
        ),
        ("--listen :80 --to db1:1 --tls pass", "passthrough"),
        ("--listen :80 --to db1:1 -c file", "cannot be used"),
        ("--listen :80 --to db1:1 --workers 0", "0 is not in"),
        (
            "--listen :80 --to db1:1 tcp --listen :80 --to db1:1",
            "after the command",
        ),
        ("tcp", "say what to serve"),
        ("tcp -c file", "unexpected argument"),
        ("--workers 2", "say what to serve"),
        ("check", "--config"),
    ] {
        let (exit, out, err) = said(line);
        assert_eq!((exit, out.as_str()), (Exit::Usage, ""), "{line}: {err}");
        assert!(err.contains(hint), "{line}: {err}");
    }
}

#[test]
fn a_wrong_configuration_ends_with_2() {
    let scratch = Scratch::new("cli-wrong");
    let bad = scratch.file("bad.toml", "[[listener]]\nnam = 1\n");
    let latin = scratch.path("latin.toml");
    std::fs::write(&latin, b"\xe9").unwrap();
    for (line, hint) in [
        ("-c none.toml", "error[E0101]: cannot read none.toml"),
        (&format!("-c {}", latin.display()), "not utf-8"),
        (&format!("-c {}", bad.display()), "did you mean `name`?"),
        (
            &format!("check -c {}", bad.display()),
            "errors; nothing was changed",
        ),
        ("--listen :80 --to nowhere:1 --cert a --key b", "1 error"),
    ] {
        let (exit, out, err) = said(line);
        assert_eq!((exit, out.as_str()), (Exit::Config, ""), "{line}: {err}");
        assert!(err.contains(hint), "{line}: {err}");
    }
}

#[test]
fn a_file_may_be_told_how_many_workers() {
    let scratch = Scratch::new("cli-workers");
    let (_, out, _) = said("--listen :80 --to db1:1 --workers 3 --print-config");
    let file = scratch.file("three.toml", &out);
    let workers = |flags: &str| {
        let config = served(&format!("-c {} {flags}", file.display()));
        config.workers.map(usize::from)
    };
    assert_eq!((workers(""), workers("--workers 5")), (Some(3), Some(5)));
}

#[test]
fn paths_in_a_file_are_relative_to_it() {
    let scratch = Scratch::new("cli-relative");
    let text = "[[listener]]\nname = \"a\"\nbind = [\":1\"]\nto = \"a\"\n\
                tls = { certs = [\"certs/good.pem\"] }\n\
                [[cluster]]\nname = \"a\"\nendpoints = [\"db1:1\"]\n";
    let file = scratch.file("a.toml", text);
    let config = served(&format!("-c {}", file.display()));
    let Some(Tls::Files(files)) = &config.listeners[0].tls else {
        panic!("{config:?}")
    };
    assert_eq!(files[0].cert, scratch.path("certs/good.pem"));
}

#[test]
fn the_demonstration_is_handed_over() {
    let demo = |serve, count| Command::Demo(Demo { serve, count });
    assert_eq!(started("demo"), demo(false, None));
    assert_eq!(started("demo --serve --count 7"), demo(true, Some(7)));
}

#[test]
fn colours_follow_the_flag_then_the_environment_then_the_terminal() {
    let color =
        |flag: &str, terminal, no_color| output(&format!("demo {flag}"), terminal, no_color).color;
    assert!(color("", true, false));
    assert!(!color("", false, false));
    assert!(!color("", true, true));
    assert!(color("--color always", false, true));
    assert!(!color("--color never", true, false));
}

#[test]
fn loudness_counts_both_ways() {
    let verbosity = |flags: &str| output(&format!("{flags} demo"), false, false).verbosity;
    assert_eq!(
        [verbosity(""), verbosity("-vv"), verbosity("-q")],
        [0, 2, -1]
    );
    assert_eq!(output("demo -v -q -q", false, false).verbosity, -1);
}

#[test]
fn the_data_directory_is_for_development_certificates() {
    let config = served("--listen :1 --tls dev --to db1:1 --data-dir /elsewhere");
    assert_eq!(
        config.listeners[0].tls,
        Some(Tls::Dev("/elsewhere/dev".into()))
    );
}

#[test]
fn help_and_version_are_answers() {
    let (exit, out, err) = said("--version");
    assert_eq!((exit, err.as_str()), (Exit::Ok, ""));
    assert_eq!(out, concat!("tidegate ", env!("CARGO_PKG_VERSION"), "\n"));
    let (exit, out, _) = said("--help");
    assert_eq!(exit, Exit::Ok);
    assert!(out.contains("--print-config"));
    assert_eq!(
        [Exit::Ok as u8, Exit::Failure as u8, Exit::Config as u8],
        [0, 1, 2]
    );
    assert_eq!(
        [Exit::Bind as u8, Exit::Forced as u8, Exit::Usage as u8],
        [3, 4, 64]
    );
}

/// The parser's own check of the flags.
#[test]
fn the_flags_are_consistent() {
    Arguments::command().debug_assert();
}

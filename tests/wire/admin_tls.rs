//! Asking over TLS: who is let in for which certificate, and what becomes of everybody else (PRODUCT 8).

use crate::{
    admin::{SOCKET, file},
    harness::{Done, PATIENCE, Proxy, Scratch, arg, program, run},
    keys::{Authority, Leaf, provider},
    peers::{End, Last, Origin, Peer, Raw},
    secure::{Secure, Version},
};
use rustls::{ClientConfig, HandshakeKind, version};
use std::{fs, net::SocketAddr, path::PathBuf, sync::Arc};

/// A proxy that is asked over TLS.
struct Stage {
    proxy: Proxy,
    origin: Origin,
    http: SocketAddr,
    servers: Authority,
    operators: Authority,
    files: Scratch,
}

const STATUS: &[u8] = b"GET /v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n";
const RELOAD: &[u8] = b"POST /v1/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n";

impl Stage {
    /// One that asks for certificates, if `certified`, and has what is in `more` of `[admin]`.
    fn new(certified: bool, more: &str) -> Stage {
        let (origin, files) = (Origin::new(), Scratch::new());
        let (servers, operators) = (Authority::new("servers"), Authority::new("operators"));
        servers.leaf("localhost").files(&files, "own");
        servers.file(&files, "servers.pem");
        operators.file(&files, "operators.pem");
        let text = format!("{}{more}", tls(&files, certified));
        let mut proxy = Proxy::asked(file(origin.address(), &text));
        let http = proxy.process.until("where it is asked", |said| {
            let (_, rest) = said.split_once("admin  https://")?;
            rest.split_whitespace().next()?.parse().ok()
        });
        Stage {
            proxy,
            origin,
            http,
            servers,
            operators,
            files,
        }
    }

    /// A client with this certificate, or with none.
    fn client(&self, own: Option<&Leaf>, version: Version) -> Result<Secure, String> {
        Secure::try_connect(Raw::connect(self.http), self.config(own, version))
    }

    fn config(&self, own: Option<&Leaf>, version: Version) -> ClientConfig {
        let version = match version {
            Version::Tls12 => &version::TLS12,
            Version::Tls13 => &version::TLS13,
        };
        let builder = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(self.servers.roots());
        match own {
            None => builder.with_no_client_auth(),
            Some(leaf) => builder
                .with_client_auth_cert(leaf.chain(), leaf.secret())
                .unwrap(),
        }
    }

    /// The status of what an operator with this certificate is answered.
    fn answered(&self, own: Option<&Leaf>, request: &[u8]) -> u16 {
        let mut client = self.client(own, Version::Tls13).unwrap();
        client.say(request);
        client.message().status()
    }

    /// A client that is refused hears this, and whoever comes next is answered.
    fn refuses(&mut self, own: Option<&Leaf>, version: Version, alert: &str) {
        let heard = match self.client(own, version) {
            // In TLS 1.3 it learns of it behind its own handshake only, and has asked by then.
            Ok(mut client) => {
                // More than one read takes in: what is unread is no reason to reset it, which could take
                // the alert along.
                client.say(&[STATUS, &[b'x'; 256 * 1024]].concat());
                let heard = client.broken();
                assert_eq!(client.raw().last(), Last::plain("", End::Fin));
                heard
            }
            Err(error) => error,
        };
        assert!(heard.contains(alert), "{alert}: {heard}");
        self.proxy.process.until("the refusal", |said| {
            said.contains("the admin interface refuses a client's certificate")
                .then_some(())
        });
        let good = self.operators.leaf("somebody");
        assert_eq!(self.answered(Some(&good), STATUS), 200);
    }

    /// What a command comes to that asks over TLS, with the files of this name, if any.
    fn ask(&self, args: &str, own: Option<&str>) -> Done {
        let mut command = program(self.proxy.scratch());
        let port = self.http.port();
        command.args(args.split(' '));
        command
            .arg("--admin")
            .arg(format!("https://localhost:{port}"));
        command
            .arg("--admin-ca")
            .arg(self.files.path("servers.pem"));
        if let Some(own) = own {
            let [cert, key] = ["pem", "key"].map(|kind| self.files.path(&format!("{own}.{kind}")));
            command.arg("--admin-cert").arg(cert);
            command.arg("--admin-key").arg(key);
        }
        run(command)
    }

    fn curl(&self, path: &str, args: &[&str]) -> Done {
        let ca = self.files.path("servers.pem");
        let url = format!("https://localhost:{}{path}", self.http.port());
        let mut all = vec![
            "--cacert",
            arg(&ca),
            "-w",
            "%{http_code}",
            "-o",
            "/dev/null",
        ];
        all.extend(args);
        all.push(&url);
        self.proxy.curl(&all)
    }

    /// Reads its configuration again, at the Unix socket.
    fn reload(&self) -> Done {
        let mut command = program(self.proxy.scratch());
        command.arg("reload").arg("--admin");
        command.arg(self.proxy.scratch().path(SOCKET));
        run(command)
    }
}

/// The line of `[admin]`.
fn tls(files: &Scratch, certified: bool) -> String {
    let [cert, key, ca] = ["own.pem", "own.key", "operators.pem"].map(|name| files.path(name));
    let ca = match certified {
        true => format!(", client_ca = \"{}\"", ca.display()),
        false => String::new(),
    };
    let (cert, key) = (cert.display(), key.display());
    format!("tls = {{ cert = \"{cert}\", key = \"{key}\"{ca} }}\n")
}

#[test]
fn a_certificate_is_enough_to_look_and_to_change() {
    let stage = Stage::new(true, "");
    let own = stage.operators.leaf("somebody");
    for version in Version::BOTH {
        let mut client = stage.client(Some(&own), version).unwrap();
        client.say(STATUS);
        assert_eq!(client.message().status(), 200);
        client.say(RELOAD);
        assert_eq!(client.message().status(), 200);
    }
    // What was true of a certificate is asked again each time.
    let config = Arc::new(stage.config(Some(&own), Version::Tls13));
    for _ in 0..2 {
        let mut client = Secure::try_shared(Raw::connect(stage.http), &config).unwrap();
        client.say(STATUS);
        assert_eq!(client.message().status(), 200);
        let full = Some(HandshakeKind::Full);
        assert_eq!(client.tls().handshake_kind(), full);
    }
    // A page of the web that has its reader's browser show it.
    let elsewhere =
        b"POST /v1/stop HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.example\r\n\
        Content-Length: 0\r\n\r\n";
    assert_eq!(stage.answered(Some(&own), elsewhere), 403);
    own.files(&stage.files, "somebody");
    let done = stage.ask("status", Some("somebody"));
    assert_eq!(done.code(), Some(0), "{}", done.said);
    assert!(done.said.contains("generation 3"), "{}", done.said);
    let done = stage.ask("reload", Some("somebody"));
    assert!(done.said.starts_with("generation 4:"), "{}", done.said);
    // By a program that is none of ours.
    let [cert, key] = ["somebody.pem", "somebody.key"].map(|name| stage.files.path(name));
    let with = ["--cert", arg(&cert), "--key", arg(&key)];
    for version in ["--tls-max", "--tlsv1.3"] {
        let version = match version {
            "--tls-max" => &["--tls-max", "1.2"][..],
            one => &[one][..],
        };
        let done = stage.curl("/readyz", &[&with[..], version].concat());
        assert_eq!(done.said, "200", "{version:?}");
    }
    let done = stage.curl("/v1/reload", &[&with[..], &["-X", "POST"]].concat());
    assert_eq!(done.said, "200");
}

#[test]
fn the_commands_take_their_certificates_from_the_environment_too() {
    let stage = Stage::new(true, "");
    let (cert, key) = stage.operators.leaf("somebody").files(&stage.files, "own2");
    let mut both = fs::read(cert).unwrap();
    both.extend(fs::read(key).unwrap());
    let both = stage.files.file("both.pem", both);
    let mut command = program(stage.proxy.scratch());
    let at = format!("https://localhost:{}", stage.http.port());
    command.arg("status").env("TIDEGATE_ADMIN", at);
    command.env("TIDEGATE_ADMIN_CERT", both);
    command.env("TIDEGATE_ADMIN_CA", stage.files.path("servers.pem"));
    let done = run(command);
    assert_eq!(done.code(), Some(0), "{}", done.said);
    assert!(done.said.contains("serving"), "{}", done.said);
}

#[test]
fn who_has_no_certificate_or_a_wrong_one_is_told_and_is_nobody_elses_trouble() {
    for version in Version::BOTH {
        let mut stage = Stage::new(true, "");
        let alert = match version {
            Version::Tls12 => "fatal alert",
            Version::Tls13 => "CertificateRequired",
        };
        stage.refuses(None, version, alert);
        let stranger = Authority::new("strangers").leaf("somebody");
        stage.refuses(Some(&stranger), version, "UnknownCA");
        let late = stage.operators.expired("somebody");
        stage.refuses(Some(&late), version, "CertificateExpired");
    }
}

#[test]
fn a_command_that_is_refused_says_what_to_do() {
    let stage = Stage::new(true, "");
    let without = stage.ask("status", None);
    assert_eq!(without.code(), Some(1), "{}", without.said);
    let help = "it asks for a client's certificate: --admin-cert and --admin-key";
    assert!(without.said.contains(help), "{}", without.said);
    let stranger = Authority::new("strangers").leaf("somebody");
    stranger.files(&stage.files, "stranger");
    let done = stage.ask("status", Some("stranger"));
    let help = "it refuses the certificate of --admin-cert";
    assert!(done.said.contains(help), "{}", done.said);
    let done = stage.ask("status", Some("nothing"));
    assert_eq!(done.code(), Some(1), "{}", done.said);
    assert!(
        done.said.contains("error[E0310]: no certificate file"),
        "{}",
        done.said
    );
    // In the clear, and by somebody who does not trust it.
    let ask = |admin: String, ca: Option<PathBuf>| {
        let mut command = program(stage.proxy.scratch());
        command.args(["status", "--admin", &admin]);
        if let Some(ca) = ca {
            command.arg("--admin-ca").arg(ca);
        }
        run(command)
    };
    let done = ask(stage.http.to_string(), None);
    assert_eq!(done.code(), Some(1), "{}", done.said);
    assert!(
        done.said.contains("write https://HOST:PORT"),
        "{}",
        done.said
    );
    let at = format!("https://localhost:{}", stage.http.port());
    let done = ask(at, Some(stage.files.path("operators.pem")));
    assert_eq!(done.code(), Some(1), "{}", done.said);
    assert!(
        done.said.contains("UnknownIssuer; --admin-ca"),
        "{}",
        done.said
    );
    for wrong in [
        "https://",
        "https://localhost",
        "https://:1",
        "https://a/b:1",
    ] {
        assert_eq!(ask(wrong.to_owned(), None).code(), Some(64), "{wrong}");
    }
}

#[test]
fn without_authorities_for_clients_it_is_as_in_the_clear() {
    let stage = Stage::new(false, "");
    assert_eq!(stage.answered(None, STATUS), 200);
    assert_eq!(stage.answered(None, RELOAD), 403);
    let evil = b"GET /v1/config HTTP/1.1\r\nHost: evil.example\r\n\r\n";
    assert_eq!(stage.answered(None, evil), 421);
    let tokens = Scratch::new();
    let token = tokens.file("token", "s3cret\n");
    let stage = Stage::new(false, &format!("token_file = \"{}\"\n", token.display()));
    assert_eq!(stage.answered(None, STATUS), 401);
    let with = b"POST /v1/reload HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\
        Authorization: Bearer s3cret\r\n\r\n";
    assert_eq!(stage.answered(None, with), 200);
}

/// There are 32 places for those who shake hands: whoever says something is answered meanwhile, in the place
/// of whoever has said nothing for longest; and the others are gone after 10 seconds.
#[test]
fn a_handshake_that_stalls_is_ended_and_nobody_waits_for_it() {
    let stage = Stage::new(true, "");
    let own = stage.operators.leaf("somebody");
    let mut open = stage.client(Some(&own), Version::Tls13).unwrap();
    let mut silent: Vec<_> = (0..100).map(|_| Raw::connect(stage.http)).collect();
    // One has begun: a record of a handshake, of which the rest does not come.
    silent[99].say(&[22, 3, 1, 2, 0, 1]);
    for _ in 0..3 {
        assert_eq!(stage.answered(Some(&own), STATUS), 200);
    }
    let (gone, left) = silent.split_at_mut(68);
    for client in gone {
        assert_eq!(client.last(), Last::plain("", End::Fin));
    }
    // Whoever has shaken hands is in nobody's way, and nobody is in theirs.
    open.say(STATUS);
    assert_eq!(open.message().status(), 200);
    assert!(left.iter().skip(3).all(Raw::is_quiet));
    for client in left {
        client
            .stream()
            .set_read_timeout(Some(PATIENCE * 2))
            .unwrap();
        assert_eq!(client.last(), Last::plain("", End::Fin));
    }
    assert_eq!(stage.answered(Some(&own), STATUS), 200);
}

#[test]
fn its_files_are_read_again_with_the_others_or_none_is() {
    let mut stage = Stage::new(true, "");
    let before = stage.operators.leaf("somebody");
    let early = || stage.client(Some(&before), Version::Tls13).unwrap();
    let (mut open, mut hears) = (early(), early());
    hears.say(b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!(stage.answered(Some(&before), STATUS), 200);
    // Something is wrong: all is as it was.
    let good = fs::read(stage.files.path("own.key")).unwrap();
    stage.files.file("own.key", "no key");
    let done = stage.reload();
    assert_eq!(done.code(), Some(2), "{}", done.said);
    assert!(done.said.contains("no private key in"), "{}", done.said);
    assert_eq!(stage.answered(Some(&before), STATUS), 200);
    stage.files.file("own.key", good);
    // Others sign what we show: who is there stays.
    stage.servers = Authority::new("other servers");
    stage.servers.leaf("localhost").files(&stage.files, "own");
    assert_eq!(stage.reload().code(), Some(0));
    open.say(STATUS);
    assert_eq!(open.message().status(), 200);
    // Others sign what operators show: who was let in before is not any more.
    stage.operators = Authority::new("other operators");
    stage.operators.file(&stage.files, "operators.pem");
    let done = stage.reload();
    assert_eq!(done.code(), Some(0), "{}", done.said);
    stage.refuses(Some(&before), Version::Tls13, "UnknownCA");
    assert_eq!(open.last(), Last::notified(""));
    let heard = hears.last();
    assert_eq!(heard.end, End::Fin);
    assert!(!heard.bytes.is_empty(), "it was told of events");
    // What the file has in its place is for the next start, and what is served need not be there any more.
    let text = file(stage.origin.address(), "");
    stage.proxy.scratch().file("tidegate.toml", text);
    fs::remove_file(stage.files.path("own.key")).unwrap();
    let done = stage.reload();
    let said = "generation 4: admin stays as it is until the next start";
    assert!(done.said.starts_with(said), "{}", done.said);
    let own = stage.operators.leaf("somebody");
    assert_eq!(stage.answered(Some(&own), STATUS), 200);
}

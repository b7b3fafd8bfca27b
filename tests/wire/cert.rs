//! `cert`: which certificates are served, and new ones (PRODUCT 3).

use crate::{
    admin::SOCKET,
    harness::{Done, Proxy, Running, Scratch, address_in, arg, program, run},
    keys::{Authority, provider},
    peers::{Origin, Raw},
    secure::Secure,
};
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore, pki_types::CertificateDer};
use std::{fs, net::SocketAddr, path::Path, process::Command};

/// Two listeners: with a certificate of a file, and with one for development; and one where it is asked.
struct Stage {
    proxy: Proxy,
    files: Scratch,
    servers: Authority,
    dev: SocketAddr,
    _origin: Origin,
}

impl Stage {
    fn new() -> Stage {
        let (origin, files) = (Origin::new(), Scratch::new());
        let servers = Authority::new("servers");
        for name in ["www", "ops"] {
            servers.leaf(&format!("{name}.example")).files(&files, name);
        }
        let both = |name: &str| {
            let [cert, key] = ["pem", "key"].map(|kind| files.path(&format!("{name}.{kind}")));
            format!(
                "tls = {{ cert = \"{}\", key = \"{}\" }}",
                cert.display(),
                key.display()
            )
        };
        let text = format!(
            "defaults = \"2026\"\nworkers = 1\n\
            [[listener]]\nname = \"dev\"\nbind = [\"127.0.0.1:0\"]\nto = \"c\"\ntls = \"dev\"\n\
            [[listener]]\nname = \"web\"\nbind = [\"127.0.0.1:0\"]\nto = \"c\"\n{}\n\
            [[cluster]]\nname = \"c\"\nendpoints = [\"{}\"]\n\
            [admin]\nunix = \"{SOCKET}\"\nhttp = \"127.0.0.1:0\"\n{}\n",
            both("www"),
            origin.address(),
            both("ops")
        );
        let mut proxy = Proxy::asked(text);
        // The first line of the banner is the first listener's.
        let dev = proxy.process.until("its address", address_in);
        Stage {
            proxy,
            files,
            servers,
            dev,
            _origin: origin,
        }
    }

    fn ask(&self, args: &str) -> Done {
        let mut command = program(self.proxy.scratch());
        command.args(args.split(' ')).arg("--admin");
        command.arg(self.proxy.scratch().path(SOCKET));
        run(command)
    }

    fn told(&self, args: &str) -> String {
        let done = self.ask(args);
        assert_eq!(done.code(), Some(0), "{args}: {}", done.said);
        done.said
    }

    /// Puts another certificate in the place of this one.
    fn replace(&self, name: &str) {
        let leaf = self.servers.leaf(&format!("{name}.example"));
        leaf.files(&self.files, name);
    }

    /// SHA-256 of what the development listener shows to whoever trusts its authority.
    fn shown(&self) -> String {
        let mut roots = RootCertStore::empty();
        let ca = CertificateDer::from_pem_file(self.proxy.authority()).unwrap();
        roots.add(ca).unwrap();
        let config = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let client = Secure::try_connect(Raw::connect(self.dev), config).unwrap();
        let leaf = &client.tls().peer_certificates().unwrap()[0];
        digest(&self.files.file("shown.der", leaf), "DER")
    }
}

/// SHA-256 of a certificate, as another program has it, in our spelling.
fn digest(file: &Path, form: &str) -> String {
    let mut openssl = Command::new("openssl");
    openssl.args(["x509", "-noout", "-fingerprint", "-sha256", "-inform", form]);
    openssl.args(["-in", arg(file)]);
    let said = Running::start(&mut openssl, "openssl").end().said;
    let (_, digest) = said.trim().split_once('=').unwrap();
    digest.to_lowercase()
}

/// The digests that are told of.
fn digests(told: &str) -> Vec<&str> {
    let lines = told
        .lines()
        .filter_map(|line| line.trim().strip_prefix("sha256"));
    lines.map(str::trim).collect()
}

#[test]
fn what_is_shown_is_what_is_served() {
    let stage = Stage::new();
    let all = stage.told("cert show");
    let www = stage.files.path("www.pem");
    let expected = [
        stage.shown(),
        digest(&www, "PEM"),
        digest(&stage.files.path("ops.pem"), "PEM"),
    ];
    assert_eq!(digests(&all), expected, "{all}");
    for said in [
        "names   localhost, 127.0.0.1, ::1\n",
        "issuer  CN=tidegate development authority\n",
        "d left\n",
        "key     ECDSA P-256\n",
        &format!("listener web  {}\n", www.display()),
        "names   www.example\n",
        "issuer  CN=servers\n",
        &format!("admin  {}\n", stage.files.path("ops.pem").display()),
    ] {
        assert!(all.contains(said), "{said}: {all}");
    }
    for (name, at) in [
        ("web", 1),
        ("www.example", 1),
        ("localhost", 0),
        ("ops.example", 2),
    ] {
        let told = stage.told(&format!("cert show {name}"));
        assert_eq!(digests(&told), [&*expected[at]], "{name}: {told}");
    }
    let done = stage.ask("cert show nobody.example");
    assert_eq!(done.code(), Some(1), "{}", done.said);
    let json = stage.told("cert show --json web");
    for said in [
        "\"listener\":\"web\"",
        "\"names\":[\"www.example\"]",
        "\"loaded\":\"20",
        &expected[1],
    ] {
        assert!(json.contains(said), "{said}: {json}");
    }
    // A file, whoever serves it.
    let mut command = program(&stage.files);
    command.args(["cert", "show", "--file"]).arg(&www);
    let done = run(command);
    assert_eq!(digests(&done.said), [&*expected[1]], "{}", done.said);
    let mut command = program(&stage.files);
    command
        .args(["cert", "show", "--file"])
        .arg(stage.files.path("www.key"));
    let done = run(command);
    assert_eq!(done.code(), Some(1), "{}", done.said);
    assert!(done.said.starts_with("error[E0312]"), "{}", done.said);
}

#[test]
fn what_is_renewed_is_made_anew_or_read_again_and_served() {
    let stage = Stage::new();
    let authority = fs::read(stage.proxy.authority()).unwrap();
    let before = stage.shown();
    let new = |told: &str| -> Vec<bool> {
        let lines = told.lines().skip(1);
        lines
            .map(|line| line.contains("  new, valid until "))
            .collect()
    };
    let told = stage.told("cert renew");
    assert!(told.starts_with("generation 2\nlistener dev  "), "{told}");
    assert_eq!(new(&told), [true, false, false], "{told}");
    assert_ne!(stage.shown(), before);
    assert_eq!(fs::read(stage.proxy.authority()).unwrap(), authority);
    assert_eq!(digests(&stage.told("cert show dev")), [stage.shown()]);
    stage.replace("www");
    stage.replace("ops");
    let told = stage.told("cert renew");
    assert_eq!(new(&told), [true, true, true], "{told}");
    let www = digest(&stage.files.path("www.pem"), "PEM");
    assert_eq!(digests(&stage.told("cert show web")), [www]);
    let json = stage.told("cert renew --json");
    assert_eq!(json.matches("\"new\":false").count(), 2, "{json}");
    // What cannot be read changes nothing.
    let served = stage.told("cert show web");
    let made = || fs::read(stage.proxy.authority().with_file_name("localhost.pem")).unwrap();
    let before = made();
    stage.files.file("www.pem", "nothing");
    let done = stage.ask("cert renew");
    assert_eq!(done.code(), Some(2), "{}", done.said);
    assert!(
        done.said.contains("E0312: no certificate in"),
        "{}",
        done.said
    );
    assert_eq!(stage.told("cert show web"), served);
    assert!(made() == before, "none was made for the next start either");
}

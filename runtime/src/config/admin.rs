//! `[admin]`: where an operator asks, and who may.

use crate::{
    config::{
        CertificateFiles,
        credentials::{authorities, certificates},
        endpoint,
        print::{certificate_rows, quote},
        read::{Reader, Section, Word},
    },
    message::{Code, Message, Place},
};
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

/// Where an operator asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Admin {
    /// A Unix socket, for whoever runs as the same user, or as root.
    pub unix: Door<PathBuf>,
    /// HTTP.
    pub http: Door<SocketAddr>,
    /// A file with the word that whoever comes by `http` has to know: for everything where that is not
    /// the loopback, and for changes.
    pub token: Option<PathBuf>,
    /// By what HTTP is secured; it is in the clear if not given.
    pub tls: Option<AdminTls>,
}

/// TLS for whoever asks by HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdminTls {
    /// What we show: one or more, chosen by the name that is asked for.
    pub certificates: Vec<CertificateFiles>,
    /// Who signs the certificates of those who ask: each has to have one then, and it stands for the token.
    pub client_ca: Option<PathBuf>,
}

/// One of the two ways in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Door<T> {
    /// Where it usually is, if it can be there.
    #[default]
    Usual,
    /// There is none.
    Off,
    /// Here, and nowhere else.
    At(T),
}

const KEYS: [&str; 4] = ["unix", "http", "token_file", "tls"];
const TLS_KEYS: [&str; 4] = ["certs", "cert", "key", "client_ca"];
/// A process binds `PATH.PID` before that takes the name, and a PID has up to 7 digits (proc(5), `pid_max`).
const UNIX_MOST: usize = endpoint::UNIX_MOST - ".4194304".len();

pub(super) fn read(reader: &mut Reader<'_>, root: &Section<'_, '_>) -> Admin {
    let section = root
        .get("admin")
        .and_then(|node| reader.section("admin", node, &KEYS));
    let Some(section) = section else {
        return Admin::default();
    };
    let mut admin = Admin::default();
    if let Some(word) = section
        .get("unix")
        .and_then(|node| reader.word("unix", node))
    {
        admin.unix = match &*word.text {
            "off" => Door::Off,
            _ => Door::At(socket(reader, &word)),
        };
    }
    let token = section.get("token_file");
    let token = token.and_then(|node| reader.word("token_file", node));
    admin.token = token.map(|word| reader.path(&word));
    let tls = section
        .get("tls")
        .and_then(|node| reader.section("tls", node, &TLS_KEYS));
    admin.tls = tls.as_ref().and_then(|tls| secured(reader, tls));
    if let Some(word) = section
        .get("http")
        .and_then(|node| reader.word("http", node))
    {
        admin.http = match address(&word.text) {
            None => {
                let what = format!("`{}` is not an address to listen at", word.text);
                let message = Message::new(Code::BadBind, what).at(word.place.clone(), "");
                reader.say(message.help("write IP:PORT, as 127.0.0.1:9901, or \"off\""));
                Door::Off
            }
            Some(door) => door,
        };
        exposed(reader, &admin, &word, (&section, tls.as_ref()));
    }
    admin
}

/// The path of a Unix socket.
fn socket(reader: &mut Reader<'_>, word: &Word) -> PathBuf {
    let path = reader.path(word);
    if path.as_os_str().len() > UNIX_MOST {
        let what = format!("`{}` is too long for a Unix socket", word.text);
        let message = Message::new(Code::BadEndpoint, what).at(word.place.clone(), "");
        let message = message.note("until it has its name, it has the process's id behind that");
        reader.say(message.help(format!(
            "a path has at most {UNIX_MOST} bytes here, with the directory that it starts from"
        )));
    }
    path
}

/// Sees that no listener is where HTTP is spoken: listeners share an address, and with nobody else. `bound`
/// are their addresses.
pub(super) fn apart(
    reader: &mut Reader<'_>,
    root: &Section<'_, '_>,
    admin: &Admin,
    bound: &[(SocketAddr, Place)],
) {
    let Door::At(address) = admin.http else {
        return;
    };
    let Some((_, first)) = bound.iter().find(|(other, _)| meet(address, *other)) else {
        return;
    };
    let what = format!("{address} is listened at twice");
    let message = Message::new(Code::DuplicateBind, what)
        .at(root.deep(&["admin", "http"]), "again here")
        .and(first.clone(), "first here");
    reader.say(message);
}

/// Whether whoever listens at one of them is in the way of the other. Port 0 is another port each time.
fn meet(one: SocketAddr, other: SocketAddr) -> bool {
    let every = |address: SocketAddr| address.ip().is_unspecified();
    let family = one.is_ipv4() == other.is_ipv4();
    let both = family && one.port() == other.port() && (every(one) || every(other));
    one.port() != 0 && (one == other || both)
}

/// What secures HTTP.
fn secured(reader: &mut Reader<'_>, tls: &Section<'_, '_>) -> Option<AdminTls> {
    let forms = "write { certs = [\"FILE\"] } or { cert = \"FILE\", key = \"FILE\" }";
    let client_ca = authorities(reader, tls, "client_ca");
    Some(AdminTls {
        certificates: certificates(reader, tls, forms)?,
        client_ca,
    })
}

/// Beyond the loopback whoever asks has to be known, and a token is better not read on the way.
fn exposed(
    reader: &mut Reader<'_>,
    admin: &Admin,
    word: &Word,
    (section, tls): (&Section<'_, '_>, Option<&Section<'_, '_>>),
) {
    let Door::At(address) = admin.http else {
        return;
    };
    if address.ip().is_loopback() {
        return;
    }
    // One with something wrong in it has been spoken of.
    let certified = tls.is_some_and(|tls| tls.get("client_ca").is_some());
    if section.get("token_file").is_none() && !certified {
        let what = format!("whoever reaches {address} could read and change everything");
        let message = Message::new(Code::Exposed, what).at(word.place.clone(), "");
        let help = "give a tls with client_ca, or a token_file, or listen at the loopback";
        reader.say(message.help(help));
    } else if tls.is_none() && section.get("tls").is_none() {
        let what = format!("the token of {address} goes over the network in the clear");
        let message = Message::new(Code::TokenInTheClear, what).warning();
        let message = message
            .at(word.place.clone(), "")
            .and(section.key_place("token_file"), "");
        reader.say(message.help("add tls = { cert = \"FILE\", key = \"FILE\" }"));
    }
}

fn address(text: &str) -> Option<Door<SocketAddr>> {
    match text {
        "off" => Some(Door::Off),
        text => text.parse().ok().map(Door::At),
    }
}

impl Admin {
    /// Nowhere.
    pub const OFF: Admin = Admin {
        unix: Door::Off,
        http: Door::Off,
        token: None,
        tls: None,
    };

    /// What `--admin` says: `off`, an address for HTTP, or the path of a Unix socket.
    ///
    /// # Errors
    /// It is none of these.
    pub fn asked(text: &str) -> Result<Admin, String> {
        if text.contains('/') {
            return Ok(Admin {
                unix: Door::At(PathBuf::from(text)),
                ..Admin::OFF
            });
        }
        match address(text) {
            Some(Door::At(http)) if !http.ip().is_loopback() => Err(
                "beyond the loopback it needs a token, or certificates: see [admin] of the file"
                    .to_owned(),
            ),
            None if text.starts_with("https://") => {
                Err("for TLS it needs a certificate: see [admin] of the file".to_owned())
            }
            Some(http) => Ok(Admin { http, ..Admin::OFF }),
            None => Err("write off, IP:PORT, or the path of a Unix socket".to_owned()),
        }
    }
}

pub(super) fn show(admin: &Admin) -> String {
    let Admin {
        unix,
        http,
        token,
        tls,
    } = admin;
    let mut text = String::new();
    let mut line = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            text += &format!("{key} = {}\n", quote(&value));
        }
    };
    line("unix", said(unix, |path| path.display().to_string()));
    line("http", said(http, ToString::to_string));
    line(
        "token_file",
        token.as_ref().map(|path| path.display().to_string()),
    );
    text + &tls.as_ref().map(show_tls).unwrap_or_default()
}

fn show_tls(tls: &AdminTls) -> String {
    let AdminTls {
        certificates,
        client_ca,
    } = tls;
    let mut rows = certificate_rows(certificates);
    let ca = client_ca.as_deref().map(Path::to_string_lossy);
    rows.extend(ca.map(|path| format!("client_ca = {}", quote(&path))));
    format!("tls = {{ {} }}\n", rows.join(", "))
}

fn said<T>(door: &Door<T>, show: impl Fn(&T) -> String) -> Option<String> {
    match door {
        Door::Usual => None,
        Door::Off => Some("off".to_owned()),
        Door::At(at) => Some(show(at)),
    }
}

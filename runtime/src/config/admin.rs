//! `[admin]`: where an operator asks, and who may.

use crate::{
    config::{
        print::quote,
        read::{Reader, Section},
    },
    message::{Code, Message},
};
use std::{net::SocketAddr, path::PathBuf};

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

const KEYS: [&str; 3] = ["unix", "http", "token_file"];

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
            _ => Door::At(reader.path(&word)),
        };
    }
    let token = section.get("token_file");
    let token = token.and_then(|node| reader.word("token_file", node));
    admin.token = token.map(|word| reader.path(&word));
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
        if let Door::At(address) = admin.http
            && !address.ip().is_loopback()
            && admin.token.is_none()
        {
            let what = format!("whoever reaches {address} could read and change everything");
            let message = Message::new(Code::Exposed, what).at(word.place, "");
            reader.say(message.help("give a token_file, or listen at the loopback"));
        }
    }
    admin
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
            Some(Door::At(http)) if !http.ip().is_loopback() => {
                Err("beyond the loopback it needs a token: see [admin] of the file".to_owned())
            }
            Some(http) => Ok(Admin { http, ..Admin::OFF }),
            None => Err("write off, IP:PORT, or the path of a Unix socket".to_owned()),
        }
    }
}

pub(super) fn show(admin: &Admin) -> String {
    let Admin { unix, http, token } = admin;
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
    text
}

fn said<T>(door: &Door<T>, show: impl Fn(&T) -> String) -> Option<String> {
    match door {
        Door::Usual => None,
        Door::Off => Some("off".to_owned()),
        Door::At(at) => Some(show(at)),
    }
}

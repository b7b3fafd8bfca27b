//! The knobs of LIFECYCLE 4.12, key by key: what a listener decides where the standards, or those who
//! wrote clients before them, leave it open.

use crate::{
    config::{
        BareFin, ClientFin, HalfClose, OnIdle, Policy, TunnelClose,
        listener::Kind,
        read::{Reader, Section},
    },
    message::{Code, Message},
};

const BARE_FIN: [(&str, BareFin); 2] =
    [("truncated", BareFin::Truncated), ("clean", BareFin::Clean)];
const TLS12_HALF_CLOSE: [(&str, HalfClose); 2] = [
    ("deliver", HalfClose::Deliver),
    ("strict", HalfClose::Strict),
];
const CLIENT_FIN: [(&str, ClientFin); 3] = [
    ("deliver", ClientFin::Deliver),
    ("cancel", ClientFin::Cancel),
    ("probe", ClientFin::Probe),
];
const TUNNEL_CLOSE: [(&str, TunnelClose); 2] = [
    ("independent", TunnelClose::Independent),
    ("both", TunnelClose::Both),
];
const IDLE: [(&str, OnIdle); 2] = [("abort", OnIdle::Abort), ("finish", OnIdle::Finish)];

/// What stands in the way of a knob: why it has no meaning, and a note.
type Senseless = Option<(&'static str, &'static str)>;

/// Reads the knobs of a listener.
pub(super) fn read(reader: &mut Reader<'_>, section: &Section<'_, '_>, kind: Kind) -> Policy {
    let tls = match (section.get("tls"), kind) {
        (None, _) => Some((
            "without `tls`",
            "on a plain connection every FIN is a clean end",
        )),
        (Some(_), Kind::Passthrough) => {
            Some(("with `tls = \"passthrough\"`", "the TLS ends elsewhere"))
        }
        (Some(_), Kind::Http | Kind::Tcp) => None,
    };
    let http = match kind {
        Kind::Http => None,
        Kind::Tcp | Kind::Passthrough => Some((
            "on a tcp listener",
            "it is about requests and their tunnels",
        )),
    };
    Policy {
        bare_fin: choice(reader, section, "bare_fin", tls, &BARE_FIN),
        tls12_half_close: choice(reader, section, "tls12_half_close", tls, &TLS12_HALF_CLOSE),
        client_fin: choice(reader, section, "client_fin", http, &CLIENT_FIN),
        tunnel_close: choice(reader, section, "tunnel_close", http, &TUNNEL_CLOSE),
        idle: choice(reader, section, "idle", None, &IDLE),
    }
}

fn choice<T: Copy + Default>(
    reader: &mut Reader<'_>,
    section: &Section<'_, '_>,
    key: &str,
    senseless: Senseless,
    choices: &[(&str, T)],
) -> T {
    let Some(node) = section.get(key) else {
        return T::default();
    };
    if let Some((without, note)) = senseless {
        let what = format!("`{key}` has no meaning {without}");
        let message = Message::new(Code::WrongKind, what).at(section.key_place(key), "");
        reader.say(message.note(note));
    }
    reader.choice(key, node, choices).unwrap_or_default()
}

/// The knobs that do not stand at their defaults, a line each.
pub(super) fn show(policy: &Policy) -> String {
    let Policy {
        bare_fin,
        tls12_half_close,
        client_fin,
        tunnel_close,
        idle,
    } = *policy;
    [
        line("bare_fin", bare_fin, &BARE_FIN),
        line("tls12_half_close", tls12_half_close, &TLS12_HALF_CLOSE),
        line("client_fin", client_fin, &CLIENT_FIN),
        line("tunnel_close", tunnel_close, &TUNNEL_CLOSE),
        line("idle", idle, &IDLE),
    ]
    .concat()
}

fn line<T: Copy + Default + PartialEq>(key: &str, value: T, choices: &[(&str, T)]) -> String {
    choices
        .iter()
        .filter(|(_, choice)| *choice == value && value != T::default())
        .map(|(word, _)| format!("{key} = \"{word}\"\n"))
        .collect()
}

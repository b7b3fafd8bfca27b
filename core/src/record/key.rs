//! Values by their names, as a trace has them: `relay_bytes=65536 idle=75s`. One list a type, from which
//! it is both written and read.

use crate::{
    event::Want,
    session::{ClientFin, Kind, OnIdle, TunnelClose},
    time::Span,
    tls::{BareFin, HalfClose},
    vigil::Keepalive,
};
use alloc::{
    format,
    string::{String, ToString},
};

/// The longest line.
const COLUMNS: usize = 100;

/// A value with fields that have names.
pub(super) trait Keys {
    /// Says each field's name and value.
    fn each(&self, say: &mut dyn FnMut(&str, String));

    /// Sets the field of this name. Says what is wrong, if anything is.
    fn set(&mut self, name: &str, value: &str) -> Result<(), &'static str>;
}

/// A list of fields. It does not compile until every field is in it, unless there are `others apart`.
macro_rules! keys {
    ($type:ident: $($field:ident)+) => {
        $crate::record::key::keys!(@ $type ($($field)+) ());
    };
    ($type:ident: $($field:ident)+; others apart) => {
        $crate::record::key::keys!(@ $type ($($field)+) (..));
    };
    (@ $type:ident ($($field:ident)+) ($($rest:tt)*)) => {
        fn each(&self, say: &mut dyn FnMut(&str, alloc::string::String)) {
            let $type { $($field,)+ $($rest)* } = self;
            $(say(stringify!($field), $crate::record::key::Value::said(*$field));)+
        }

        fn set(&mut self, name: &str, value: &str) -> Result<(), &'static str> {
            match name {
                $(stringify!($field) => {
                    let read = $crate::record::key::Value::read(value);
                    self.$field = read.ok_or("no value of this key")?;
                })+
                _ => return Err("no key of this line"),
            }
            Ok(())
        }
    };
}
pub(super) use keys;

/// Writes the fields behind `name`, in as many lines as they need.
pub(super) fn write(name: &str, value: &dyn Keys, text: &mut String) {
    let head = format!("{name:<9}");
    let mut line = head.clone();
    value.each(&mut |key, value| {
        let word = format!(" {key}={value}");
        if line.len() + word.len() > COLUMNS {
            text.push_str(&line);
            text.push('\n');
            line.clone_from(&head);
        }
        line.push_str(&word);
    });
    text.push_str(&line);
    text.push('\n');
}

/// Reads the fields of a line.
pub(super) fn read(words: &str, into: &mut dyn Keys) -> Result<(), String> {
    for word in words.split_whitespace() {
        let Some((key, value)) = word.split_once('=') else {
            return Err(format!("`{word}` is no key and value"));
        };
        into.set(key, value)
            .map_err(|why| format!("`{word}`: {why}"))?;
    }
    Ok(())
}

/// The value of a key.
pub(super) trait Value: Sized {
    /// As it is written.
    fn said(self) -> String;

    /// As it is read.
    fn read(text: &str) -> Option<Self>;
}

macro_rules! numbers {
    ($($type:ty)+) => { $(
        impl Value for $type {
            fn said(self) -> String {
                self.to_string()
            }

            fn read(text: &str) -> Option<Self> {
                text.parse().ok()
            }
        }
    )+ };
}

numbers!(u8 u16 u32 u64);

macro_rules! words {
    ($($type:ty: $($value:path = $word:literal),+;)+) => { $(
        impl Value for $type {
            fn said(self) -> String {
                match self { $($value => $word),+ }.to_string()
            }

            fn read(text: &str) -> Option<Self> {
                Some(match text { $($word => $value,)+ _ => return None })
            }
        }
    )+ };
}

words! {
    Kind: Kind::Http = "http", Kind::Tcp = "tcp";
    Want: Want::Bytes = "bytes", Want::Room = "room", Want::Turn = "turn";
    BareFin: BareFin::Truncated = "truncated", BareFin::Clean = "clean";
    HalfClose: HalfClose::Deliver = "deliver", HalfClose::Strict = "strict";
    ClientFin: ClientFin::Deliver = "deliver", ClientFin::Cancel = "cancel", ClientFin::Probe = "probe";
    TunnelClose: TunnelClose::Independent = "independent", TunnelClose::Both = "both";
    OnIdle: OnIdle::Abort = "abort", OnIdle::Finish = "finish";
}

impl Value for bool {
    fn said(self) -> String {
        if self { "yes" } else { "no" }.to_string()
    }

    fn read(text: &str) -> Option<Self> {
        match text {
            "yes" => Some(true),
            "no" => Some(false),
            _ => None,
        }
    }
}

impl Value for Span {
    fn said(self) -> String {
        self.to_string()
    }

    fn read(text: &str) -> Option<Self> {
        let digits = text.find(|letter: char| !letter.is_ascii_digit())?;
        let (number, unit) = text.split_at(digits);
        let micros: u64 = match unit {
            "s" => 1_000_000,
            "ms" => 1_000,
            "us" => 1,
            _ => return None,
        };
        number.parse::<u64>().ok()?.checked_mul(micros).map(Span)
    }
}

impl Value for Keepalive {
    fn said(self) -> String {
        let Keepalive {
            established,
            half_closed,
            interval,
            probes,
            user_timeout,
        } = self;
        let unacked = user_timeout.map_or_else(|| "none".to_string(), Value::said);
        format!("{established}/{half_closed}/{interval}/{probes}/{unacked}")
    }

    fn read(text: &str) -> Option<Self> {
        let mut parts = text.split('/');
        let mut part = || parts.next();
        let keepalive = Keepalive {
            established: Span::read(part()?)?,
            half_closed: Span::read(part()?)?,
            interval: Span::read(part()?)?,
            probes: u8::read(part()?)?,
            user_timeout: match part()? {
                "none" => None,
                span => Some(Span::read(span)?),
            },
        };
        parts.next().is_none().then_some(keepalive)
    }
}

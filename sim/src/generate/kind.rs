//! Kinds of seeds by name: what `--kind` takes, and what a reproduce command says.

use super::Kind;
use crate::{schedule::Carrier, tls::Version};
use std::{fmt, str::FromStr};

/// What the client says and speaks, by name; `https` is `https13`.
const BASES: [(&str, bool, Carrier); 7] = [
    ("tcp", false, Carrier::Tcp),
    ("tls12", false, Carrier::Tls(Version::Tls12)),
    ("tls13", false, Carrier::Tls(Version::Tls13)),
    ("http", true, Carrier::Tcp),
    ("https12", true, Carrier::Tls(Version::Tls12)),
    ("https13", true, Carrier::Tls(Version::Tls13)),
    ("https", true, Carrier::Tls(Version::Tls13)),
];

/// What the origin speaks.
const TO: [(&str, Version); 2] = [("-to-tls12", Version::Tls12), ("-to-tls13", Version::Tls13)];

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (http, carrier, to) = match *self {
            Kind::Any => return f.write_str("any"),
            Kind::Relay(carrier) => (false, carrier, None),
            Kind::Http(carrier) => (true, carrier, None),
            Kind::RelayTo(carrier, version) => (false, carrier, Some(version)),
            Kind::HttpTo(carrier, version) => (true, carrier, Some(version)),
        };
        let base =
            |(_, is_http, spoken): &&(&str, bool, Carrier)| (*is_http, *spoken) == (http, carrier);
        let base = BASES.iter().find(base).map_or("", |(name, ..)| name);
        let to = TO.iter().find(|(_, version)| Some(*version) == to);
        write!(f, "{base}{}", to.map_or("", |(name, _)| name))
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Kind, String> {
        if text == "any" {
            return Ok(Kind::Any);
        }
        let ends = |(name, version): &(&str, Version)| Some((text.strip_suffix(name)?, *version));
        let (base, to) = match TO.iter().find_map(ends) {
            Some((base, version)) => (base, Some(version)),
            None => (text, None),
        };
        let known = BASES.iter().find(|(name, ..)| *name == base);
        let &(_, http, carrier) = known.ok_or(
            "any, tcp, tls12, tls13, http, https12 or https13; `-to-tls12` or `-to-tls13` behind \
             it for an origin that speaks TLS",
        )?;
        Ok(match (http, to) {
            (false, None) => Kind::Relay(carrier),
            (true, None) => Kind::Http(carrier),
            (false, Some(version)) => Kind::RelayTo(carrier, version),
            (true, Some(version)) => Kind::HttpTo(carrier, version),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_read_as_it_is_written() {
        let tails = ["", "-to-tls12", "-to-tls13"];
        let bases = ["tcp", "tls12", "tls13", "http", "https12", "https13"];
        for base in bases {
            for tail in tails {
                let name = format!("{base}{tail}");
                assert_eq!(name.parse::<Kind>().unwrap().to_string(), name);
            }
        }
        assert_eq!(
            "https".parse(),
            Ok(Kind::Http(Carrier::Tls(Version::Tls13)))
        );
        assert_eq!("any".parse::<Kind>().unwrap().to_string(), "any");
        assert!("ftp".parse::<Kind>().is_err());
        assert!("any-to-tls13".parse::<Kind>().is_err());
    }
}

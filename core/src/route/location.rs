//! Where a redirect leads: a pattern, and what a request makes of it.

use super::bare_host;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// A pattern for Location: text, with words in braces that stand for parts of the request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Location(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Part {
    Text(String),
    Word(Word),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Word {
    Scheme,
    Host,
    Authority,
    Path,
    Query,
}

const WORDS: [(&str, Word); 5] = [
    ("scheme", Word::Scheme),
    ("host", Word::Host),
    ("authority", Word::Authority),
    ("path", Word::Path),
    ("query", Word::Query),
];

/// What is wrong with a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// It is neither an `http` or `https` URL nor a path.
    NoUrl,
    /// A word in braces that stands for nothing.
    Unknown(String),
    /// A brace without the other one.
    Brace,
    /// A byte that no URL has.
    Byte(char),
    /// A client could make a URL of another host of it: two slashes at its front.
    Host,
}

/// What a request was for.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// It came over TLS.
    pub https: bool,
    /// Host and perhaps port, as they were sent.
    pub authority: Option<&'a str>,
    /// The path, in the two parts that the route has made of it.
    pub path: (&'a str, &'a str),
    /// What follows `?`.
    pub query: Option<&'a str>,
}

impl Location {
    /// The words that a pattern may have.
    pub fn words() -> impl Iterator<Item = &'static str> {
        WORDS.into_iter().map(|(name, _)| name)
    }

    /// Reads a pattern, such as `https://{host}{path}{query}` or `/new{path}`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(pattern: &str) -> Result<Location, Flaw> {
        let parts = parts(pattern)?;
        let url = ["http://", "https://", "{scheme}://"]
            .into_iter()
            .find_map(|scheme| pattern.strip_prefix(scheme));
        match (url, parts.first()) {
            // RFC 9110, 4.2.1: no URL is without a host.
            (Some(rest), _) if rest.is_empty() || rest.starts_with(['/', ':', '?']) => {
                return Err(Flaw::NoUrl);
            }
            (Some(rest), _) if rest.starts_with("{path}") || rest.starts_with("{query}") => {
                return Err(Flaw::NoUrl);
            }
            (Some(_), _) | (None, Some(Part::Word(Word::Path))) => {}
            // RFC 3986, 4.2: it would begin with an authority.
            (None, Some(Part::Text(text))) if text.starts_with("//") => return Err(Flaw::Host),
            (None, Some(Part::Text(text))) if text == "/" => match parts.get(1) {
                None | Some(Part::Word(Word::Query)) => {}
                Some(_) => return Err(Flaw::Host),
            },
            (None, Some(Part::Text(text))) if text.starts_with('/') => {}
            (None, _) => return Err(Flaw::NoUrl),
        }
        Ok(Location(parts))
    }

    /// Whether it needs to know whom the client asked for: some of HTTP/1.0 do not say.
    #[must_use]
    pub fn needs_host(&self) -> bool {
        let mut parts = self.0.iter();
        parts.any(|part| matches!(part, Part::Word(Word::Host | Word::Authority)))
    }

    /// Appends where a request for `place` is led.
    pub fn write(&self, place: &Place<'_>, out: &mut Vec<u8>) {
        let authority = place.authority.unwrap_or_default();
        for part in &self.0 {
            let text = match part {
                Part::Text(text) => text.as_str(),
                Part::Word(Word::Scheme) if place.https => "https",
                Part::Word(Word::Scheme) => "http",
                Part::Word(Word::Host) => bare_host(authority),
                Part::Word(Word::Authority) => authority,
                Part::Word(Word::Query) => {
                    if let Some(query) = place.query {
                        out.push(b'?');
                        out.extend_from_slice(query.as_bytes());
                    }
                    continue;
                }
                Part::Word(Word::Path) => {
                    write_path(place.path, out);
                    continue;
                }
            };
            out.extend_from_slice(text.as_bytes());
        }
    }
}

/// One slash at its front, never two: they would begin an authority. `*` is no path.
fn write_path((front, rest): (&str, &str), out: &mut Vec<u8>) {
    out.push(b'/');
    let (front, rest) = match front.trim_start_matches('/') {
        "" => ("", rest.trim_start_matches('/')),
        front => (front, rest),
    };
    out.extend_from_slice(front.as_bytes());
    if rest != "*" {
        // RFC 3986, 3.3 has no backslash, and browsers take it for a slash.
        for byte in rest.bytes() {
            match byte {
                b'\\' => out.extend_from_slice(b"%5C"),
                byte => out.push(byte),
            }
        }
    }
}

fn parts(pattern: &str) -> Result<Vec<Part>, Flaw> {
    let mut parts = Vec::new();
    let mut rest = pattern;
    while !rest.is_empty() {
        let end = rest.find(['{', '}']).unwrap_or(rest.len());
        let (text, more) = rest.split_at(end);
        // RFC 3986, 2: nothing else is in a URL.
        let strange = |c: &char| !c.is_ascii_graphic() || "\"<>\\^`|".contains(*c);
        if let Some(byte) = text.chars().find(strange) {
            return Err(Flaw::Byte(byte));
        }
        if !text.is_empty() {
            parts.push(Part::Text(text.into()));
        }
        let Some(word) = more.strip_prefix('{') else {
            match more.is_empty() {
                true => break,
                false => return Err(Flaw::Brace),
            }
        };
        let (word, behind) = word.split_once('}').ok_or(Flaw::Brace)?;
        let known = WORDS.iter().find(|(name, _)| *name == word);
        let (_, known) = known.ok_or_else(|| Flaw::Unknown(word.into()))?;
        parts.push(Part::Word(*known));
        rest = behind;
    }
    Ok(parts)
}

/// The pattern.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.0 {
            match part {
                Part::Text(text) => f.write_str(text)?,
                Part::Word(word) => {
                    let name = WORDS.iter().find(|(_, one)| one == word);
                    write!(f, "{{{}}}", name.map_or("", |(name, _)| name))?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    const PLACE: Place<'static> = Place {
        https: false,
        authority: Some("a.example:8080"),
        path: ("", "/x/y"),
        query: Some("q=1"),
    };

    fn led(pattern: &str, place: &Place<'_>) -> String {
        let mut out = Vec::new();
        Location::new(pattern).unwrap().write(place, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn words_stand_for_parts_of_the_request() {
        for (pattern, expected) in [
            ("https://{host}{path}{query}", "https://a.example/x/y?q=1"),
            (
                "{scheme}://www.{authority}{path}",
                "http://www.a.example:8080/x/y",
            ),
            ("https://{host}:8443/", "https://a.example:8443/"),
            ("/new{path}{query}", "/new/x/y?q=1"),
            ("{path}", "/x/y"),
            ("/{query}", "/?q=1"),
            ("http://b/?from={path}", "http://b/?from=/x/y"),
        ] {
            assert_eq!(led(pattern, &PLACE), expected);
            assert_eq!(Location::new(pattern).unwrap().to_string(), pattern);
        }
        let bare = Place {
            query: None,
            https: true,
            ..PLACE
        };
        assert_eq!(
            led("{scheme}://{host}{path}{query}", &bare),
            "https://a.example/x/y"
        );
    }

    #[test]
    fn no_path_leads_to_another_host() {
        for (path, expected) in [
            (("", "//evil.example/x"), "/evil.example/x"),
            (("/", "/evil.example"), "/evil.example"),
            (("", "/\\evil.example"), "/%5Cevil.example"),
            (("/", "\\evil.example"), "/%5Cevil.example"),
            (("", "*"), "/"),
            (("/a", "//b"), "/a//b"),
        ] {
            assert_eq!(led("{path}", &Place { path, ..PLACE }), expected);
        }
    }

    #[test]
    fn a_pattern_is_a_url_or_a_path() {
        for (pattern, flaw) in [
            ("", Flaw::NoUrl),
            ("x", Flaw::NoUrl),
            ("ftp://h/", Flaw::NoUrl),
            ("https://", Flaw::NoUrl),
            ("https:///x", Flaw::NoUrl),
            ("https://{path}", Flaw::NoUrl),
            ("{query}", Flaw::NoUrl),
            ("{host}/x", Flaw::NoUrl),
            ("//h/x", Flaw::Host),
            ("/{path}", Flaw::Host),
            ("/a{path", Flaw::Brace),
            ("/a}", Flaw::Brace),
            ("/a b", Flaw::Byte(' ')),
            ("/a\r\nX: y", Flaw::Byte('\r')),
            ("/\\h", Flaw::Byte('\\')),
            ("/{uri}", Flaw::Unknown("uri".into())),
        ] {
            assert_eq!(Location::new(pattern), Err(flaw), "{pattern}");
        }
    }

    #[test]
    fn some_patterns_need_a_host() {
        assert!(Location::new("https://{host}/").unwrap().needs_host());
        assert!(Location::new("//").is_err());
        assert!(!Location::new("{path}").unwrap().needs_host());
    }
}

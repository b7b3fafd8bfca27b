//! Requests and responses as lines of a schedule, both ways.

use super::{
    http::{Body, Cut, CutBy, HttpVersion, Method, Request, Response},
    words::Words,
};
use std::fmt;

impl HttpVersion {
    fn word(self) -> &'static str {
        match self {
            HttpVersion::V10 => "1.0",
            HttpVersion::V11 => "1.1",
        }
    }
}

fn keep_word(keep: bool) -> &'static str {
    if keep { "keep" } else { "close" }
}

impl fmt::Display for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Body::Empty => f.write_str("empty"),
            Body::Length { total, by } => write!(f, "length {total} by {by}"),
            Body::Chunked {
                total,
                by,
                trailers,
            } => {
                write!(f, "chunked {total} by {by}")?;
                if *trailers {
                    f.write_str(" trailers")
                } else {
                    Ok(())
                }
            }
            Body::UntilClose { total, by } => write!(f, "until-close {total} by {by}"),
        }
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (method, version) = (self.method.name(), self.version.word());
        let keep = keep_word(self.keep);
        write!(f, "{method} {} {version} {keep} {}", self.path, self.body)?;
        if self.expect {
            f.write_str(" expect")?;
        }
        if self.upgrade {
            f.write_str(" upgrade")?;
        }
        cut(f, self.cut)
    }
}

fn cut(f: &mut fmt::Formatter<'_>, cut: Option<Cut>) -> fmt::Result {
    match cut {
        None => Ok(()),
        Some(Cut { at, by: CutBy::Fin }) => write!(f, " cut {at} fin"),
        Some(Cut {
            at,
            by: CutBy::Reset,
        }) => write!(f, " cut {at} reset"),
    }
}

impl fmt::Display for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (version, keep) = (self.version.word(), keep_word(self.keep));
        write!(f, "{} {version} {keep} {}", self.status, self.body)?;
        if let Some(interim) = self.interim {
            write!(f, " interim {interim}")?;
        }
        if self.early {
            f.write_str(" early")?;
        }
        if self.delay_ms > 0 {
            write!(f, " delay {}ms", self.delay_ms)?;
        }
        cut(f, self.cut)
    }
}

impl Words<'_> {
    fn version(&mut self) -> Result<HttpVersion, String> {
        match self.next()? {
            "1.0" => Ok(HttpVersion::V10),
            "1.1" => Ok(HttpVersion::V11),
            other => Err(format!("`{other}` is no version: 1.0 or 1.1")),
        }
    }

    fn keep(&mut self) -> Result<bool, String> {
        match self.next()? {
            "keep" => Ok(true),
            "close" => Ok(false),
            other => Err(format!("`{other}`: keep or close")),
        }
    }

    fn body(&mut self) -> Result<Body, String> {
        let kind = self.next()?;
        if kind == "empty" {
            return Ok(Body::Empty);
        }
        let total = self.number()?;
        self.expect("by")?;
        let by = self.number()?;
        match kind {
            "length" => Ok(Body::Length { total, by }),
            "chunked" => {
                let trailers = self.maybe("trailers");
                Ok(Body::Chunked {
                    total,
                    by,
                    trailers,
                })
            }
            "until-close" => Ok(Body::UntilClose { total, by }),
            other => Err(format!("`{other}`: empty, length, chunked or until-close")),
        }
    }

    fn cut(&mut self) -> Result<Option<Cut>, String> {
        if !self.maybe("cut") {
            return Ok(None);
        }
        let at = self.number()?;
        match self.next()? {
            "fin" => Ok(Some(Cut { at, by: CutBy::Fin })),
            "reset" => Ok(Some(Cut {
                at,
                by: CutBy::Reset,
            })),
            other => Err(format!("`{other}`: fin or reset")),
        }
    }

    pub(super) fn request(&mut self) -> Result<Request, String> {
        let name = self.next()?;
        let mut all = Method::ALL.into_iter();
        let method = all.find(|method| method.name() == name);
        Ok(Request {
            method: method.ok_or_else(|| format!("`{name}` is no method here"))?,
            path: self.next()?.to_owned(),
            version: self.version()?,
            keep: self.keep()?,
            body: self.body()?,
            expect: self.maybe("expect"),
            upgrade: self.maybe("upgrade"),
            cut: self.cut()?,
        })
    }

    pub(super) fn response(&mut self) -> Result<Response, String> {
        Ok(Response {
            status: self.status()?,
            version: self.version()?,
            keep: self.keep()?,
            body: self.body()?,
            interim: if self.maybe("interim") {
                Some(self.status()?)
            } else {
                None
            },
            early: self.maybe("early"),
            delay_ms: if self.maybe("delay") { self.ms()? } else { 0 },
            cut: self.cut()?,
        })
    }

    fn status(&mut self) -> Result<u16, String> {
        let number = self.number()?;
        let status = u16::try_from(number)
            .ok()
            .filter(|n| (100..600).contains(n));
        status.ok_or_else(|| format!("{number} is no status"))
    }
}

//! Where a head ends, and whether it fits.
//!
//! Owns the second look at a head, which knows lines and nothing else. Never judges what they say.

use super::reject::Fault;
use super::start::Start;
use super::text::section_end;
use httparse::Status::{Complete, Partial};

/// RFC 9112, 3: 414 as soon as the target, whole or not, is too long.
pub(super) fn target_fits(text: &[u8], most: usize) -> Result<(), Fault> {
    if text.len() <= most {
        return Ok(());
    }
    let line = text.split(|byte| *byte == b'\n').next();
    let target = line.and_then(|line| line.split(|byte| *byte == b' ').nth(1));
    if target.is_some_and(|target| target.len() > most) {
        return Err(Fault::TargetTooLong);
    }
    Ok(())
}

/// Where the head ends. `None`: not yet, and it may still fit.
pub(super) fn head_end(text: &[u8], most: usize) -> Result<Option<usize>, Fault> {
    let end = section_end(&text[..text.len().min(most)])?;
    if end.is_none() && text.len() >= most {
        return Err(Fault::HeadTooLong);
    }
    Ok(end)
}

/// Both readers of the head have to find its end at the same byte, or none of it counts.
pub(super) fn whole<L>(
    end: Option<usize>,
    parsed: httparse::Status<Start<L>>,
    line: Fault,
) -> Result<Option<Start<L>>, Fault> {
    match (end, parsed) {
        (None, Partial) => Ok(None),
        (Some(end), Complete(start)) if start.length == end => Ok(Some(start)),
        (Some(_), _) | (_, Complete(_)) => Err(line),
    }
}

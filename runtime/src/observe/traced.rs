//! The trace that a request says it belongs to (W3C Trace Context, level 1).
//!
//! It owns the two ids of one request, and reads nothing that is longer than they are. What is passed to
//! the origin is not its business: that is what the client sent, unchanged.

/// `version-traceid-parentid-flags`, of the one version that there is.
const BYTES: usize = 55;

/// The ids of a valid `traceparent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Traced {
    trace: [u8; 32],
    span: [u8; 16],
}

impl Traced {
    /// What these fields say, if they say it once and as it has to be said. Whoever says it otherwise has
    /// said nothing (3.2.2.5, 3.2.2.3).
    pub(super) fn of<'a>(fields: impl Iterator<Item = (&'a str, &'a [u8])>) -> Option<Traced> {
        let mut all = fields.filter(|(name, _)| name.eq_ignore_ascii_case("traceparent"));
        let (_, value) = all.next()?;
        match all.next() {
            None => Traced::read(value),
            Some(_) => None,
        }
    }

    fn read(value: &[u8]) -> Option<Traced> {
        let (known, rest) = value.split_at_checked(BYTES)?;
        let [version, trace, span, flags] = [(0, 2), (3, 35), (36, 52), (53, 55)]
            .map(|(from, to): (usize, usize)| known.get(from..to).unwrap_or_default());
        let dashes = [2, 35, 52].iter().all(|at: &usize| known[*at] == b'-');
        // A later version may say more behind another dash; 255 is none.
        let whole = rest.is_empty() || version != b"00" && rest.starts_with(b"-");
        let all = [version, trace, span, flags];
        let digits = |part: &[u8]| {
            part.iter()
                .all(|one| matches!(one, b'0'..=b'9' | b'a'..=b'f'))
        };
        let zero = |part: &[u8]| part.iter().all(|one| *one == b'0');
        let valid = dashes && whole && version != b"ff" && all.into_iter().all(digits);
        if !valid || zero(trace) || zero(span) {
            return None;
        }
        Some(Traced {
            trace: *trace.first_chunk()?,
            span: *span.first_chunk()?,
        })
    }

    /// The ids: of the trace, and of what the client was doing when it asked.
    pub(super) fn ids(&self) -> [&[u8]; 2] {
        [&self.trace, &self.span]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &[u8] = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn ids(value: &[u8]) -> Option<String> {
        let traced = Traced::of([("TraceParent", value)].into_iter())?;
        let [trace, span] = traced.ids().map(String::from_utf8_lossy);
        Some(format!("{trace} {span}"))
    }

    #[test]
    fn a_valid_one_has_two_ids() {
        let both = "4bf92f3577b34da6a3ce929d0e0e4736 00f067aa0ba902b7";
        assert_eq!(ids(GOOD).as_deref(), Some(both));
        let later = [b"cc", &GOOD[2..], b"-what.comes"].concat();
        assert_eq!(ids(&later).as_deref(), Some(both));
    }

    #[test]
    fn whatever_else_is_said_says_nothing() {
        let with = |at: usize, byte: u8| {
            let mut value = GOOD.to_vec();
            value[at] = byte;
            value
        };
        let zeroed = |from: usize, to: usize| {
            let mut value = GOOD.to_vec();
            value[from..to].fill(b'0');
            value
        };
        let mut bad = vec![
            Vec::new(),
            GOOD[..54].to_vec(),
            [GOOD, b"0"].concat(),
            [GOOD, b"-more"].concat(),
            [b"ff", &GOOD[2..]].concat(),
            [b"cc", &GOOD[2..], b"more"].concat(),
            zeroed(3, 35),
            zeroed(36, 52),
            b"a".repeat(1 << 20),
        ];
        // Capitals are no digits here, and neither is anything else.
        for at in 0..GOOD.len() {
            bad.extend([b'A', b'\n', b'"', b'g', 0xff].map(|byte| with(at, byte)));
        }
        for value in bad {
            assert_eq!(ids(&value), None, "{}", String::from_utf8_lossy(&value));
        }
        let twice = [("traceparent", GOOD), ("Traceparent", GOOD)];
        assert_eq!(Traced::of(twice.into_iter()), None);
    }
}

//! Max-Forwards: how many servers may still pass a request on (RFC 9110, 7.6.2).
//!
//! Owns the count, and what is said when it is used up. Only for OPTIONS and TRACE; in any other
//! request, and if it is not one number, the field is as any other.

use super::RequestHead;
use super::fields::Known;
use super::text::put_decimal;
use alloc::vec::Vec;

/// What the last server that may see a request has in Allow: any of these it would have passed on.
pub const ALLOW: &[u8] = b"GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH";

impl RequestHead<'_> {
    /// The status of an answer that has to be our own, because the request may go no further. It has
    /// [`ALLOW`]. TRACE is not reflected: what a client sends need not be for its scripts to read.
    #[must_use]
    pub fn ends_here(&self) -> Option<u16> {
        match (self.hops()?, self.method()) {
            (0, "OPTIONS") => Some(200),
            (0, _) => Some(405),
            (_, _) => None,
        }
    }

    /// How many servers may pass it on, us included. One that is beyond all numbers is the greatest.
    fn hops(&self) -> Option<u64> {
        let mut all = self.fields.known(Known::MaxForwards);
        let field = all.next()?;
        let counts = matches!(self.method(), "OPTIONS" | "TRACE") && all.next().is_none();
        let digits = !field.value.is_empty() && field.value.iter().all(u8::is_ascii_digit);
        let more = |sum: u64, byte: &u8| {
            let sum = sum.saturating_mul(10);
            sum.saturating_add(u64::from(byte - b'0'))
        };
        (counts && digits).then(|| field.value.iter().fold(0, more))
    }

    /// Appends the count as the next server is told it. False: it is not counted.
    pub(super) fn put_hops(&self, out: &mut Vec<u8>) -> bool {
        let Some(left) = self.hops() else {
            return false;
        };
        out.extend_from_slice(b"Max-Forwards: ");
        put_decimal(left.saturating_sub(1), out);
        out.extend_from_slice(b"\r\n");
        true
    }
}

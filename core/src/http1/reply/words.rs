//! The content of an error of ours: what it says to people, and to programs.
//!
//! Owns those words. No letter of them needs an escape.

use super::{Detail, Reply, decimal, phrase::phrase};

impl Reply {
    /// Whose fault it was, and which: in a line for people, or for programs with the members of
    /// RFC 9457.
    pub(super) fn words(&self, id: &[u8], put: &mut dyn FnMut(&[u8])) {
        let status = decimal(self.status.into());
        let cause = self.cause.unwrap_or_default();
        let detail = self.detail.map(Detail::words);
        if !self.wording.json {
            for text in [&status, &b" "[..], phrase(self.status).as_bytes(), b": "] {
                put(text);
            }
            put(detail.unwrap_or(cause).as_bytes());
            put(b"\n");
            if !id.is_empty() {
                [b"request ", id, b"\n"].into_iter().for_each(put);
            }
            return;
        }
        put(b"{\"status\":");
        put(&status);
        let mut member = |name: &str, value: &[u8]| {
            for text in [b",\"", name.as_bytes(), b"\":\"", value, b"\""] {
                put(text);
            }
        };
        member("title", phrase(self.status).as_bytes());
        member("error", cause.as_bytes());
        if let Some(detail) = detail {
            member("detail", detail.as_bytes());
        }
        if !id.is_empty() {
            member("request_id", id);
        }
        put(b"}\n");
    }
}

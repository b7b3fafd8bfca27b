//! The request of a health check: nothing but what HTTP asks for.

use alloc::vec::Vec;

/// Appends a GET of `path` (origin form) from `host`, after whose answer the connection is closed.
pub fn write_check(path: &str, host: &str, out: &mut Vec<u8>) {
    for part in [
        "GET ",
        path,
        " HTTP/1.1\r\nhost: ",
        host,
        "\r\nuser-agent: tidegate-check\r\naccept: */*\r\nconnection: close\r\n\r\n",
    ] {
        out.extend_from_slice(part.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{http1::request_head, limits::Limits};

    #[test]
    fn it_is_a_request_as_we_would_take_it_ourselves() {
        let mut out = Vec::new();
        write_check("/healthz?deep=1", "db1:80", &mut out);
        let (length, head) = request_head(&out, &Limits::default()).unwrap().unwrap();
        assert_eq!(length, out.len());
        assert_eq!((head.method(), head.target()), ("GET", "/healthz?deep=1"));
        assert_eq!(head.host(), Some(&b"db1:80"[..]));
        assert!(head.facts.close);
    }
}

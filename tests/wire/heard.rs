//! What a socket has to say: bytes, or how it ends.

use crate::peers::{End, Heard};
use std::io::{ErrorKind, Read};

/// What a socket has to say next.
pub(crate) fn next(stream: &mut impl Read) -> Heard {
    let mut buf = vec![0; 64 * 1024];
    match stream.read(&mut buf) {
        Ok(0) => Heard::End(End::Fin),
        Ok(n) => {
            buf.truncate(n);
            Heard::Bytes(buf)
        }
        // EPIPE: the reset of a connection whose FIN had come.
        Err(error)
            if [ErrorKind::ConnectionReset, ErrorKind::BrokenPipe].contains(&error.kind()) =>
        {
            Heard::End(End::Reset)
        }
        Err(error) => panic!("neither bytes nor an end: {error}"),
    }
}

//! What a connection has to tell while nobody reads it: that it has failed, or that a FIN has come.
//!
//! It owns nothing, waits for readiness alone, and takes nothing but the socket's one-shot error.

use socket2::Socket;
use std::{
    future::Future,
    io,
    pin::pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};
use tokio::io::{Interest, Ready, unix::AsyncFd};

/// Waits until the socket has failed, and takes its error. Readiness to read is no part of it, so
/// unread bytes do not make it spin (R18, R22).
pub(super) async fn failed(fd: Rc<AsyncFd<Socket>>) -> io::Error {
    loop {
        let mut guard = match fd.ready(Interest::ERROR).await {
            Ok(guard) => guard,
            Err(gone) => return gone,
        };
        match fd.get_ref().take_error() {
            Ok(Some(error)) | Err(error) => return error,
            Ok(None) => guard.clear_ready_matching(Ready::ERROR),
        }
    }
}

/// Waits until a FIN has arrived, read or not. Readiness for urgent data brings its word along, and
/// is never cleared (`urgent`): after that nothing more is told.
pub(super) async fn hung_up(fd: Rc<AsyncFd<Socket>>) {
    match fd.ready(Interest::PRIORITY).await {
        Ok(guard) if guard.ready().is_read_closed() => {}
        Ok(_) | Err(_) => std::future::pending().await,
    }
}

/// Whether it is urgent data that readiness for it tells of, and not a FIN.
pub(super) fn is_urgent(fd: &AsyncFd<Socket>) -> bool {
    let mut nobody = Context::from_waker(Waker::noop());
    let ready = pin!(fd.ready(Interest::PRIORITY)).poll(&mut nobody);
    matches!(ready, Poll::Ready(Ok(guard)) if guard.ready().is_priority())
}

//! Words and descriptors between two processes, the one that serves and the one that is to.
//!
//! It owns the form: a message of JSON a packet, and descriptors in packets of their own, as many as were
//! announced. It waits for the other, so long at most.

use crate::clock::Clock;
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::{Errno, IoSlice, IoSliceMut},
    net::{
        RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
        SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
    },
};
use serde_json::Value;
use std::{
    io,
    mem::MaybeUninit,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    time::Duration,
};

/// The longest message: some thousand sockets, or a configuration with very much wrong in it.
pub(super) const MOST_BYTES: usize = 160 << 10;

/// Descriptors in a packet; the kernel takes 253.
const FDS: usize = 64;

/// Says `message`.
pub(super) fn say(line: impl AsFd, message: &Value) -> io::Result<()> {
    let text = message.to_string();
    // Whoever is gone is an error, and no signal.
    rustix::net::send(line, text.as_bytes(), SendFlags::NOSIGNAL)?;
    Ok(())
}

/// Gives all of `fds`.
pub(super) fn give(line: impl AsFd, fds: &[BorrowedFd<'_>]) -> io::Result<()> {
    for some in fds.chunks(FDS) {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(FDS))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !control.push(SendAncillaryMessage::ScmRights(some)) {
            return Err(Errno::MSGSIZE.into());
        }
        let packet = [IoSlice::new(b"+")];
        sendmsg(&line, &packet, &mut control, SendFlags::NOSIGNAL)?;
    }
    Ok(())
}

/// What was said, within `most`; nothing if the other is gone, or what comes first of `or` and `most`.
pub(super) fn hear(line: impl AsFd, most: Duration, or: Option<BorrowedFd<'_>>) -> Heard {
    match is_there(line.as_fd(), most, or) {
        Ok(true) => {}
        Ok(false) => return Heard::Nothing,
        Err(_) => return Heard::Gone,
    }
    let mut bytes = vec![0; MOST_BYTES];
    let mut heard = rustix::net::recv(&line, &mut bytes[..], RecvFlags::empty());
    if heard == Err(Errno::CONNRESET) {
        // unix(7): the other is gone, and had not read all; its last word is behind that.
        heard = rustix::net::recv(&line, &mut bytes[..], RecvFlags::empty());
    }
    match heard {
        Ok((0, _)) | Err(_) => Heard::Gone,
        Ok((length, _)) => match serde_json::from_slice(&bytes[..length]) {
            Ok(value) => Heard::Said(value),
            Err(_) => Heard::Gone,
        },
    }
}

/// What came of waiting.
#[derive(Debug)]
pub(super) enum Heard {
    Said(Value),
    /// Nobody is there to say anything, or nobody whom we understand.
    Gone,
    /// Not in time.
    Nothing,
}

/// So many descriptors.
pub(super) fn take(line: impl AsFd, count: usize, most: Duration) -> io::Result<Vec<OwnedFd>> {
    let mut all = Vec::new();
    while all.len() < count {
        if !is_there(line.as_fd(), most, None)? {
            return Err(Errno::TIMEDOUT.into());
        }
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(FDS))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let mut byte = [0];
        let mut packet = [IoSliceMut::new(&mut byte)];
        let flags = RecvFlags::CMSG_CLOEXEC;
        let got = recvmsg(&line, &mut packet, &mut control, flags)?;
        let before = all.len();
        for message in control.drain() {
            if let RecvAncillaryMessage::ScmRights(fds) = message {
                all.extend(fds);
            }
        }
        if got.bytes == 0 || all.len() == before {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(all)
}

/// Whether something came within `most` and before anything came of `or`.
fn is_there(line: BorrowedFd<'_>, most: Duration, or: Option<BorrowedFd<'_>>) -> io::Result<bool> {
    let clock = Clock::start();
    loop {
        let past = Duration::from_micros(clock.now().0);
        let left = most.saturating_sub(past);
        let left = Timespec::try_from(left).map_err(|_| Errno::INVAL)?;
        let mut both = [
            PollFd::from_borrowed_fd(line, PollFlags::IN),
            PollFd::from_borrowed_fd(or.unwrap_or(line), PollFlags::IN),
        ];
        match poll(&mut both, Some(&left)) {
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
            Ok(0) => return Ok(false),
            Ok(_) => return Ok(or.is_none() || both[1].revents().is_empty()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
    use serde_json::json;

    const PATIENCE: Duration = Duration::from_secs(10);

    fn line() -> (OwnedFd, OwnedFd) {
        let (family, kind) = (AddressFamily::UNIX, SocketType::SEQPACKET);
        socketpair(family, kind, SocketFlags::CLOEXEC, None).unwrap()
    }

    #[test]
    fn words_and_descriptors_arrive() {
        let (ours, theirs) = line();
        let file = std::fs::File::open("/dev/null").unwrap();
        let fds = vec![file.as_fd(); 2 * FDS + 1];
        say(&ours, &json!({ "count": fds.len() })).unwrap();
        give(&ours, &fds).unwrap();
        let Heard::Said(said) = hear(&theirs, PATIENCE, None) else {
            panic!("it was said");
        };
        assert_eq!(said["count"], fds.len());
        let taken = take(&theirs, fds.len(), PATIENCE).unwrap();
        assert_eq!(taken.len(), fds.len());
        drop(ours);
        assert!(matches!(hear(&theirs, PATIENCE, None), Heard::Gone));
        assert!(take(&theirs, 1, PATIENCE).is_err());
    }

    #[test]
    fn the_last_word_is_heard_of_whoever_has_not_heard_ours() {
        let (ours, theirs) = line();
        say(&ours, &json!(1)).unwrap();
        say(&theirs, &json!(2)).unwrap();
        drop(theirs);
        let heard = hear(&ours, PATIENCE, None);
        assert!(
            matches!(&heard, Heard::Said(said) if *said == json!(2)),
            "{heard:?}"
        );
        assert!(matches!(hear(&ours, PATIENCE, None), Heard::Gone));
    }

    #[test]
    fn nobody_waits_for_ever_or_for_whoever_was_told_to_stop() {
        let (ours, _theirs) = line();
        assert!(matches!(hear(&ours, Duration::ZERO, None), Heard::Nothing));
        let (stop, stopped) = line();
        drop(stop);
        let heard = hear(&ours, PATIENCE, Some(stopped.as_fd()));
        assert!(matches!(heard, Heard::Nothing));
        assert!(take(&ours, 1, Duration::ZERO).is_err());
    }
}

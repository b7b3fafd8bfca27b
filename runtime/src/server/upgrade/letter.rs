//! Words and descriptors between two processes, the one that serves and the one that is to.
//!
//! It owns the form: a message of JSON in a packet, or in several if it is a long one, and descriptors in
//! packets of their own, as many as were announced. It waits for the other, so long at most.

use super::PATIENCE;
use crate::clock::Clock;
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::{Errno, IoSlice, IoSliceMut, retry_on_intr},
    net::{
        RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
        SendAncillaryMessage, SendFlags, recvmsg, sendmsg, sockopt,
    },
};
use serde_json::Value;
use std::{
    io,
    mem::MaybeUninit,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    time::Duration,
};

/// What of a message goes into a packet: some thousand sockets, or a configuration with very much wrong in it. A
/// process of a version that knows of one packet only understands as much, and no more.
pub(super) const MOST_BYTES: usize = 160 << 10;

/// What may come in a packet: whoever knows of one only sends as much as the kernel takes (socket(7), wmem_default).
const PACKET_BYTES: usize = 256 << 10;

/// The longest message: some fifty thousand sockets, more than anybody listens at.
const MESSAGE_BYTES: usize = 4 << 20;

/// Descriptors in a packet; the kernel takes 253.
const FDS: usize = 64;

/// Says `message`.
pub(super) fn say(line: impl AsFd, message: &Value) -> io::Result<()> {
    let text = message.to_string();
    if text.len() > MESSAGE_BYTES {
        return Err(Errno::MSGSIZE.into());
    }
    for part in text.as_bytes().chunks(MOST_BYTES) {
        // Whoever is gone is an error, and no signal.
        let flags = SendFlags::NOSIGNAL;
        sent(line.as_fd(), || rustix::net::send(&line, part, flags))?;
    }
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
        let flags = SendFlags::NOSIGNAL;
        sent(line.as_fd(), || {
            sendmsg(&line, &packet, &mut control, flags)
        })?;
    }
    Ok(())
}

/// Sends a packet, once there is room for it: what was sent before waits for the other, who may never take it.
fn sent(line: BorrowedFd<'_>, send: impl FnMut() -> rustix::io::Result<usize>) -> io::Result<()> {
    sockopt::set_socket_timeout(line, sockopt::Timeout::Send, Some(PATIENCE))?;
    match retry_on_intr(send) {
        Ok(_) => Ok(()),
        // socket(7), SO_SNDTIMEO: there was none for so long.
        Err(Errno::AGAIN) => Err(Errno::TIMEDOUT.into()),
        Err(error) => Err(error.into()),
    }
}

/// Whether nothing could be sent because the other is gone: it may have said why.
pub(super) fn is_gone(error: &io::Error) -> bool {
    let gone = [
        io::ErrorKind::BrokenPipe,
        io::ErrorKind::ConnectionReset,
        io::ErrorKind::NotConnected,
    ];
    gone.contains(&error.kind())
}

/// What was said, each part of it within `most`; nothing if the other is gone, or what comes first of `or` and
/// `most`.
pub(super) fn hear(line: impl AsFd, most: Duration, or: Option<BorrowedFd<'_>>) -> Heard {
    let (mut message, mut packet) = (Vec::<u8>::new(), vec![0_u8; PACKET_BYTES]);
    loop {
        match is_there(line.as_fd(), most, or) {
            Ok(true) => {}
            Ok(false) => return Heard::Nothing,
            Err(_) => return Heard::Gone,
        }
        let Some(length) = part(line.as_fd(), &mut packet) else {
            return Heard::Gone;
        };
        message.extend_from_slice(&packet[..length]);
        match serde_json::from_slice(&message) {
            Ok(value) => return Heard::Said(value),
            // It is not whole: the rest is in the next packet.
            Err(error) if error.is_eof() && message.len() < MESSAGE_BYTES => {}
            Err(_) => return Heard::Gone,
        }
    }
}

/// The next packet, and how long it is; nothing if the other is gone.
fn part(line: BorrowedFd<'_>, packet: &mut [u8]) -> Option<usize> {
    let mut heard = rustix::net::recv(line, &mut *packet, RecvFlags::empty());
    if heard == Err(Errno::CONNRESET) {
        // unix(7): the other is gone, and had not read all; its last word is behind that.
        heard = rustix::net::recv(line, &mut *packet, RecvFlags::empty());
    }
    match heard {
        Ok((0, _)) | Err(_) => None,
        Ok((length, _)) => Some(length),
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

    /// Also behind a message that leaves no room: whoever sends it waits.
    #[test]
    fn a_long_message_takes_several_packets() {
        let (ours, theirs) = line();
        let long = json!([
            "x".repeat(5 * MOST_BYTES / 2),
            "\u{1F980}".repeat(MOST_BYTES)
        ]);
        let message = long.clone();
        let says = std::thread::spawn(move || {
            say(&ours, &message)?;
            give(&ours, &[ours.as_fd()])
        });
        let heard = hear(&theirs, PATIENCE, None);
        assert!(matches!(heard, Heard::Said(heard) if heard == long));
        assert_eq!(take(&theirs, 1, PATIENCE).unwrap().len(), 1);
        says.join().unwrap().unwrap();
    }

    /// So it came of a version that knows of one packet only, with as many sockets as it could name.
    #[test]
    fn a_packet_is_heard_that_is_as_long_as_the_kernel_takes() {
        let (ours, theirs) = line();
        let long = json!("x".repeat(200 << 10)).to_string();
        rustix::net::send(&ours, long.as_bytes(), SendFlags::NOSIGNAL).unwrap();
        assert!(matches!(hear(&theirs, PATIENCE, None), Heard::Said(_)));
    }

    #[test]
    fn what_is_too_long_or_does_not_end_is_not_understood() {
        let (ours, theirs) = line();
        let error = say(&ours, &json!("x".repeat(MESSAGE_BYTES))).unwrap_err();
        assert!(!is_gone(&error), "{error}");
        rustix::net::send(&ours, b"[1, ", SendFlags::NOSIGNAL).unwrap();
        rustix::net::send(&ours, b"+", SendFlags::NOSIGNAL).unwrap();
        assert!(matches!(hear(&theirs, PATIENCE, None), Heard::Gone));
        drop(theirs);
        let error = say(&ours, &json!(1)).unwrap_err();
        assert!(is_gone(&error), "{error}");
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

//! Watching the files of a configuration: whoever changes what is in one has it read again.
//!
//! It owns a thread that waits for the directories to tell of something (inotify(7)), lets whoever writes
//! come to an end, and compares what is there with what was read. Only another content counts: a file that
//! is touched, or written as it was, has nothing read. It ends with the first change that it tells of: what
//! is read then is watched anew.

use crate::{clock::Clock, config::Noted};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::inotify::{CreateFlags, WatchFlags, add_watch, init},
    io::{Errno, read},
    pipe::{PipeFlags, pipe_with},
};
use std::{
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// As long as something still happens after so short a time, somebody is still writing.
const QUIET: Duration = Duration::from_millis(100);

/// And after so long nobody waits for them any longer.
const MOST: Duration = Duration::from_secs(2);

/// One that watches, or none; dropped, it ends.
#[derive(Debug, Default)]
pub(super) struct Watch(Option<(UnboundedReceiver<PathBuf>, OwnedFd)>);

impl Watch {
    /// Watches for whatever becomes of what was `noted`.
    pub(super) fn over(noted: &Noted) -> Watch {
        // As it is now: what is read aside meanwhile is nothing to watch for.
        let started = start(noted.snapshot());
        started
            .inspect_err(
                |error| tracing::error!(%error, "the files of the configuration are not watched"),
            )
            .map_or(Watch(None), |watching| Watch(Some(watching)))
    }

    /// The first of what is not as it was read.
    pub(super) async fn changed(&mut self) -> PathBuf {
        let changed = match &mut self.0 {
            Some((changed, _)) => changed.recv().await,
            None => None,
        };
        match changed {
            Some(path) => path,
            None => std::future::pending().await,
        }
    }
}

fn start(noted: Noted) -> std::io::Result<(UnboundedReceiver<PathBuf>, OwnedFd)> {
    let (stopped, go_on) = pipe_with(PipeFlags::CLOEXEC)?;
    let (tell, told) = unbounded_channel();
    thread::Builder::new()
        .name("watch".to_owned())
        .spawn(move || {
            if let Err(error) = watch(&noted, stopped.as_fd(), &tell) {
                tracing::error!(%error, "the files of the configuration are not watched any more");
            }
        })?;
    Ok((told, go_on))
}

fn watch(
    noted: &Noted,
    stopped: BorrowedFd<'_>,
    tell: &UnboundedSender<PathBuf>,
) -> rustix::io::Result<()> {
    loop {
        // Made anew each time: a link may lead elsewhere by now.
        let events = init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        for directory in noted.directories() {
            listen(&events, &directory)?;
        }
        if let Some(path) = noted.changed() {
            // Whoever leads may have left.
            let _heard = tell.send(path);
            return Ok(());
        }
        if !happens(&events, stopped, None)? {
            return Ok(());
        }
        let clock = Clock::start();
        while happens(&events, stopped, Some(QUIET))? {
            if Duration::from_micros(clock.now().0) > MOST {
                break;
            }
        }
    }
}

/// Hears of what happens in `directory`; of where it is to come, if it is not there.
fn listen(events: &OwnedFd, directory: &Path) -> rustix::io::Result<()> {
    let what = WatchFlags::CLOSE_WRITE
        | WatchFlags::CREATE
        | WatchFlags::DELETE
        | WatchFlags::MOVE
        | WatchFlags::DELETE_SELF
        | WatchFlags::MOVE_SELF;
    for place in directory.ancestors() {
        match add_watch(events, place, what) {
            Err(Errno::NOENT | Errno::NOTDIR | Errno::ACCESS) => {}
            done => return done.map(drop),
        }
    }
    Ok(())
}

/// Whether something has happened, within `most` if that is given, and before it was to stop.
fn happens(
    events: &OwnedFd,
    stopped: BorrowedFd<'_>,
    most: Option<Duration>,
) -> rustix::io::Result<bool> {
    let most = most.map(Timespec::try_from).transpose();
    let most = most.map_err(|_| Errno::INVAL)?;
    loop {
        let mut both = [
            PollFd::new(events, PollFlags::IN),
            PollFd::from_borrowed_fd(stopped, PollFlags::IN),
        ];
        match poll(&mut both, most.as_ref()) {
            Err(Errno::INTR) => {}
            Err(error) => return Err(error),
            Ok(0) => return Ok(false),
            Ok(_) if !both[1].revents().is_empty() => return Ok(false),
            Ok(_) => break,
        }
    }
    // What it was does not matter: what is in the files does.
    let mut bytes = [0; 4096];
    while matches!(read(events, &mut bytes), Ok(1..)) {}
    Ok(true)
}

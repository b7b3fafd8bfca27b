//! Starting the process that is to serve after this one, and what it comes to.
//!
//! It owns the child until that serves, and ends it if it does not. It waits for it on a thread of its own,
//! so long at most, so that whoever leads this process can do otherwise meanwhile.

use super::{
    super::{changes, inherited::Given, supervised},
    Handed, LAST, LINE, PATIENCE, Wanted,
    letter::{self, Heard},
    own::Own,
};
use crate::admin;
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::{FdFlags, fcntl_setfd},
    net::{AddressFamily, SocketFlags, SocketType, socketpair},
    pipe::{PipeFlags, pipe_with},
    process::{Pid, PidfdFlags, pidfd_open},
};
use serde_json::json;
use std::{
    io,
    os::{
        fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd},
        unix::process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command},
    thread,
    time::Duration,
};
use tokio::sync::oneshot;

/// How long a process that has closed its line may take to end.
const END: Duration = Duration::from_secs(2);

/// One that is on its way; without `go_on` it is ended, if that is not over.
#[derive(Debug)]
pub(super) struct Started {
    pub(super) done: oneshot::Receiver<Result<Handed, String>>,
    pub(super) go_on: OwnedFd,
}

/// What it is given.
#[derive(Debug)]
pub(super) struct Gifts {
    pub(super) listening: Vec<Given>,
    pub(super) admin: admin::Given,
    pub(super) changes: changes::All,
}

/// Starts it.
pub(super) fn start(own: &Own, wanted: &Wanted, gifts: Gifts) -> Result<Started, String> {
    let path = own.program(wanted.binary.as_deref())?;
    let mut command = Command::new(&path);
    command.args(own.args());
    // A name that is looked up, or a link, is looked up again the next time.
    command.arg0(wanted.binary.as_deref().map_or(own.name(), Path::as_os_str));
    let cannot = |error: io::Error| format!("cannot start another process: {error}");
    let (stop, go_on) = pipe_with(PipeFlags::CLOEXEC).map_err(|error| cannot(error.into()))?;
    let (done, outcome) = oneshot::channel();
    let (within, start) = (wanted.within, Start { path, command });
    thread::Builder::new()
        .name("upgrade".to_owned())
        .spawn(move || start.lead(&gifts, within, stop.as_fd(), done))
        .map_err(cannot)?;
    Ok(Started {
        done: outcome,
        go_on,
    })
}

struct Start {
    path: PathBuf,
    command: Command,
}

impl Start {
    /// The life of the thread.
    fn lead(
        mut self,
        gifts: &Gifts,
        within: Duration,
        stop: BorrowedFd<'_>,
        done: oneshot::Sender<Result<Handed, String>>,
    ) {
        let (line, mut child) = match self.spawned() {
            Ok(started) => started,
            Err(error) => {
                let why = format!("cannot start {}: {error}", self.path.display());
                // Whoever leads may have left.
                let _heard = done.send(Err(why));
                return;
            }
        };
        let led = converse(&line, &child, gifts, within, stop);
        match led {
            Ok(handed) => {
                let _heard = done.send(Ok(handed));
                // It outlives us, or else nobody would ever know that it has ended.
                let _ended = child.wait();
            }
            Err(why) => {
                let status = ended(&mut child, &why);
                let why = self.why(why, within, &status);
                let _heard = done.send(Err(why));
            }
        }
    }

    fn spawned(&mut self) -> io::Result<(OwnedFd, Child)> {
        let (family, kind) = (AddressFamily::UNIX, SocketType::SEQPACKET);
        let (ours, theirs) = socketpair(family, kind, SocketFlags::CLOEXEC, None)?;
        // Nothing else is started here that could take it along.
        fcntl_setfd(&theirs, FdFlags::empty())?;
        let command = self.command.env(LINE, theirs.as_raw_fd().to_string());
        for of_ours in ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "WATCHDOG_PID"] {
            command.env_remove(of_ours);
        }
        Ok((ours, command.spawn()?))
    }

    fn why(&self, why: Why, within: Duration, status: &str) -> String {
        let path = self.path.display();
        match why {
            Why::Said(why) => why,
            Why::Gone => format!(
                "{path} ended before it was ready ({status}); what it said is on the error stream"
            ),
            Why::Late => format!("{path} was not ready within {within:?}, and was ended"),
        }
    }
}

/// Why nothing came of it.
enum Why {
    /// In its own words.
    Said(String),
    Gone,
    Late,
}

fn converse(
    line: &OwnedFd,
    child: &Child,
    gifts: &Gifts,
    within: Duration,
    stop: BorrowedFd<'_>,
) -> Result<Handed, Why> {
    // One that will not take it may have said why.
    let _given = give(line, gifts);
    let mut handed = Handed {
        pid: child.id(),
        unix: false,
        http: false,
    };
    match letter::hear(line, within, Some(stop)) {
        Heard::Said(said) => match said["failed"].as_str() {
            Some(why) => return Err(Why::Said(why.to_owned())),
            None => {
                let is = |key: &str| said["ready"][key].as_bool() == Some(true);
                (handed.unix, handed.http) = (is("unix"), is("http"));
            }
        },
        Heard::Gone => return Err(Why::Gone),
        Heard::Nothing => return Err(Why::Late),
    }
    // Whoever supervises hears of it from us: it believes nobody else until then.
    supervised::is_led_by(child.id());
    // From that word on it serves, whoever leaves meanwhile: it is not ended, but heard.
    let serving = letter::say(line, &json!({ "serve": true }));
    let serving = serving.map(|()| match letter::hear(line, PATIENCE, Some(stop)) {
        Heard::Nothing => letter::hear(line, LAST, None),
        heard @ (Heard::Said(_) | Heard::Gone) => heard,
    });
    let why = match serving {
        Ok(Heard::Said(_)) => return Ok(handed),
        Ok(Heard::Gone) | Err(_) => Why::Gone,
        Ok(Heard::Nothing) => Why::Late,
    };
    supervised::is_led_by(std::process::id());
    Err(why)
}

fn give(line: &OwnedFd, gifts: &Gifts) -> io::Result<()> {
    let sockets = gifts.listening.iter().map(|given| {
        let bind = given.bind.map(|bind| bind.to_string());
        json!({ "name": given.name, "bind": bind, "at": given.at.to_string() })
    });
    let admin::Given { unix, http } = &gifts.admin;
    // A path of other bytes is opened anew by the other, at its own risk.
    let unix = unix
        .as_ref()
        .and_then(|(path, fd)| Some((path.to_str()?, fd)));
    let message = json!({
        "sockets": sockets.collect::<Vec<_>>(),
        "admin": {
            "unix": unix.map(|(path, _)| path),
            "http": http.as_ref().map(|(address, _)| address.to_string()),
        },
        "changes": changes::written(&gifts.changes),
    });
    letter::say(line, &message)?;
    let listening = gifts.listening.iter().map(|given| given.socket.as_fd());
    let admin = unix.map(|(_, fd)| fd.as_fd()).into_iter();
    let admin = admin.chain(http.iter().map(|(_, fd)| fd.as_fd()));
    letter::give(line, &listening.chain(admin).collect::<Vec<_>>())
}

/// Waits for the end of a child that is ending by itself, or ends it; says how it was.
fn ended(child: &mut Child, why: &Why) -> String {
    let alone = match why {
        Why::Said(_) | Why::Gone => exits(child),
        Why::Late => false,
    };
    if !alone {
        // One that is gone by now is what was wanted.
        let _gone = child.kill();
    }
    match child.wait() {
        Ok(status) => status.to_string(),
        Err(error) => error.to_string(),
    }
}

fn exits(child: &Child) -> bool {
    let exits = || {
        let child = pidfd_open(Pid::from_child(child), PidfdFlags::empty())?;
        let most = Timespec::try_from(END).map_err(|_| rustix::io::Errno::INVAL)?;
        let mut end = [PollFd::new(&child, PollFlags::IN)];
        poll(&mut end, Some(&most))
    };
    matches!(exits(), Ok(1..))
}

//! The process between this one and its heir, the one that is to serve after it: it starts that one and waits
//! for its end, or for ours. Once it is gone itself, the heir is a child of whoever looks after orphans.
//!
//! Under systemd that is systemd, which hears of its own children's ends alone: a main process that is somebody
//! else's child a stop kills at once, whatever it is about to finish, and when it crashes, nobody starts it
//! again. And a child that has been named as such stays so, whoever looks after it later. So an heir is let go
//! before it is named.
//!
//! It owns both processes until then, and knows how the heir has ended; behind that it holds on to the heir, and
//! can end it. It waits for no more than it is told to.

use super::{
    Before, LINE, PATIENCE,
    before::inherited,
    letter::{self, Heard},
};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::{FdFlags, fcntl_setfd, retry_on_intr},
    net::{AddressFamily, SocketFlags, SocketType, socketpair},
    process::{
        Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, pidfd_open, pidfd_send_signal, waitid,
    },
};
use serde_json::json;
use std::{
    env,
    ffi::{OsStr, OsString},
    io,
    os::{
        fd::{AsFd, AsRawFd, OwnedFd},
        unix::process::{CommandExt, ExitStatusExt},
    },
    path::PathBuf,
    process::{Child, Command, ExitCode, ExitStatus},
    time::Duration,
};

/// The variable that names the line between us and the process between.
const BETWEEN: &str = "TIDEGATE_BETWEEN";

/// What runs here, whatever is by now where it was started from: both ends of that line are of one version.
const OURS: &str = "/proc/self/exe";

/// How long a process that has closed its line may take to end.
const END: Duration = Duration::from_secs(2);

/// What is to be started.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) path: PathBuf,
    /// As which.
    pub(super) name: OsString,
    pub(super) args: Vec<OsString>,
}

/// The process that is to serve after this one.
#[derive(Debug)]
pub(super) struct Heir {
    pub(super) pid: u32,
    /// Whatever else gets that number later, this is the heir.
    pidfd: OwnedFd,
    /// Until it is let go.
    between: Option<Between>,
}

/// The process between, for as long as this is kept.
#[derive(Debug)]
struct Between {
    process: Child,
    line: OwnedFd,
}

/// Starts `program`, at the other end of a line to it.
pub(super) fn start(program: &Program) -> io::Result<(OwnedFd, Heir)> {
    let (ours, theirs) = pair()?;
    let heir = match Between::start(program, &theirs) {
        Ok(between) => between.heir()?,
        Err(error) => {
            tracing::warn!(
                "cannot start {OURS}: {error}; the other process is a child of ours, and systemd would not wait \
                for it in a stop"
            );
            let mut command = command(program.path.as_os_str(), &program.name, &theirs);
            command.args(&program.args);
            let (child, pidfd) = spawned(&mut command)?;
            Heir {
                pid: child.id(),
                pidfd,
                between: None,
            }
        }
    };
    Ok((ours, heir))
}

impl Between {
    fn start(program: &Program, line: &OwnedFd) -> io::Result<Between> {
        let (ours, theirs) = pair()?;
        let mut command = command(OURS.as_ref(), &program.name, line);
        command.env(BETWEEN, theirs.as_raw_fd().to_string());
        command.arg(&program.path).arg(&program.name);
        let process = command.args(&program.args).spawn()?;
        Ok(Between {
            process,
            line: ours,
        })
    }

    /// What it has started.
    fn heir(self) -> io::Result<Heir> {
        let torn = || io::Error::other("the process that was to start it has failed");
        let Heard::Said(said) = letter::hear(&self.line, PATIENCE, None) else {
            return Err(torn());
        };
        if let Some(why) = said["cannot"].as_str() {
            return Err(io::Error::other(why.to_owned()));
        }
        let pid = said["started"].as_u64();
        let pid = pid.and_then(|pid| u32::try_from(pid).ok());
        let pidfd = letter::take(&self.line, 1, PATIENCE)?.pop();
        let (pid, pidfd) = pid.zip(pidfd).ok_or_else(torn)?;
        Ok(Heir {
            pid,
            pidfd,
            between: Some(self),
        })
    }

    /// How the heir has ended, which it waits for.
    fn last_word(&self) -> Option<String> {
        match letter::hear(&self.line, END, None) {
            Heard::Said(said) => said["ended"].as_str().map(str::to_owned),
            Heard::Gone | Heard::Nothing => None,
        }
    }
}

impl Drop for Between {
    fn drop(&mut self) {
        // All that it may be doing is to wait; one that is gone is what was wanted.
        let _gone = self.process.kill();
        let _ended = self.process.wait();
    }
}

impl Heir {
    /// From now on it is no child of anybody's here, and what it ends as is not known here.
    pub(super) fn let_go(&mut self) {
        self.between = None;
    }

    /// Waits a while for its end if it ends `alone`, and else ends it; says how it has ended, if that is known.
    pub(super) fn end(mut self, alone: bool) -> Option<String> {
        if !(alone && self.has_ended(Some(END))) {
            // One that is gone by now is what was wanted.
            let _gone = pidfd_send_signal(&self.pidfd, Signal::KILL);
        }
        match self.between.take() {
            Some(between) => between.last_word(),
            None => self.ended(),
        }
    }

    /// Waits for its end; says how that was, if it is known.
    pub(super) fn ended(&self) -> Option<String> {
        self.has_ended(None);
        // Whoever looks after orphans has to see to their ends. If that is not us, this fails, and so it may.
        let status = waitid(WaitId::PidFd(self.pidfd.as_fd()), WaitIdOptions::EXITED);
        let status = status.ok()??;
        let code = status.exit_status().map(|code| code << 8);
        let raw = code.or(status.terminating_signal())?;
        Some(ExitStatus::from_raw(raw).to_string())
    }

    /// Whether it has ended; waits for that, so long if there is a limit.
    fn has_ended(&self, most: Option<Duration>) -> bool {
        let most = most.and_then(|most| Timespec::try_from(most).ok());
        let ended = retry_on_intr(|| {
            let mut end = [PollFd::new(&self.pidfd, PollFlags::IN)];
            poll(&mut end, most.as_ref())
        });
        matches!(ended, Ok(1..))
    }
}

impl Before {
    /// If this process is one between, it is nothing else, and is over with this: with which status.
    #[must_use]
    pub fn between() -> Option<ExitCode> {
        let line = inherited(BETWEEN)?;
        match begun() {
            Ok((child, pidfd)) => attend(&line, child, &pidfd),
            Err(error) => {
                let cannot = json!({ "cannot": error.to_string() });
                // Whoever wanted it may be gone.
                let _heard = letter::say(&line, &cannot);
            }
        }
        Some(ExitCode::SUCCESS)
    }
}

/// Starts what is named first among our arguments: by the name that is the second, and with the others.
fn begun() -> io::Result<(Child, OwnedFd)> {
    let mut args = env::args_os().skip(1);
    let (Some(path), Some(name), Some(line)) = (args.next(), args.next(), inherited(LINE)) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    // It is the heir's. Ours is closed with this, so that nobody but the heir is at its end.
    fcntl_setfd(&line, FdFlags::empty())?;
    let mut command = Command::new(path);
    command.arg0(name).args(args).env_remove(BETWEEN);
    spawned(&mut command)
}

/// Tells whoever is at the other end of `line` of the child, and waits for the end of one of the two.
fn attend(line: &OwnedFd, mut child: Child, pidfd: &OwnedFd) {
    let told = letter::say(line, &json!({ "started": child.id() }));
    if told
        .and_then(|()| letter::give(line, &[pidfd.as_fd()]))
        .is_err()
    {
        return;
    }
    let ended = retry_on_intr(|| {
        // Nothing is said there: all there is to hear is that nobody is there any more.
        let mut both = [line, pidfd].map(|fd| PollFd::new(fd, PollFlags::IN));
        poll(&mut both, None)?;
        Ok(!both[1].revents().is_empty())
    });
    if ended == Ok(true)
        && let Ok(status) = child.wait()
    {
        let _heard = letter::say(line, &json!({ "ended": status.to_string() }));
    }
}

/// A command that runs `program` as `name`, at the other end of `line`.
fn command(program: &OsStr, name: &OsStr, line: &OwnedFd) -> Command {
    let mut command = Command::new(program);
    command.arg0(name).env(LINE, line.as_raw_fd().to_string());
    for of_ours in ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "WATCHDOG_PID"] {
        command.env_remove(of_ours);
    }
    command
}

/// A child, and a hold of it.
fn spawned(command: &mut Command) -> io::Result<(Child, OwnedFd)> {
    let mut child = command.spawn()?;
    match pidfd_open(Pid::from_child(&child), PidfdFlags::empty()) {
        Ok(pidfd) => Ok((child, pidfd)),
        Err(error) => {
            // Nobody could end it later.
            let _gone = child.kill();
            let _ended = child.wait();
            Err(error.into())
        }
    }
}

/// A line, whose second end is for a child to have.
fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
    let (family, kind) = (AddressFamily::UNIX, SocketType::SEQPACKET);
    let (ours, theirs) = socketpair(family, kind, SocketFlags::CLOEXEC, None)?;
    // Nothing else is started here that could take it along.
    fcntl_setfd(&theirs, FdFlags::empty())?;
    Ok((ours, theirs))
}

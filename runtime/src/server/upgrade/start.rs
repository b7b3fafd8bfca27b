//! Starting the process that is to serve after this one, and what it comes to.
//!
//! It owns that process until it serves, and ends it if it does not. It waits for it on a thread of its own,
//! so long at most, so that whoever leads this process can do otherwise meanwhile; and then for its end, which
//! nobody else here would know of.

use super::{
    super::{changes, inherited::Given, supervised},
    Handed, LAST, PATIENCE, Wanted,
    before::has_left,
    between::{self, Heir, Program},
    letter::{self, Heard},
    own::Own,
};
use crate::admin;
use rustix::pipe::{PipeFlags, pipe_with};
use serde_json::json;
use std::{
    io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    path::Path,
    thread,
    time::Duration,
};
use tokio::sync::oneshot;

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
    // A name that is looked up, or a link, is looked up again the next time.
    let name = wanted.binary.as_deref().map_or(own.name(), Path::as_os_str);
    let program = Program {
        path,
        name: name.to_owned(),
        args: own.args().to_vec(),
    };
    let cannot = |error: io::Error| format!("cannot start another process: {error}");
    let (stop, go_on) = pipe_with(PipeFlags::CLOEXEC).map_err(|error| cannot(error.into()))?;
    let (done, outcome) = oneshot::channel();
    let (within, start) = (wanted.within, Start { program });
    thread::Builder::new()
        .name("upgrade".to_owned())
        .spawn(move || start.lead(gifts, within, stop.as_fd(), done))
        .map_err(cannot)?;
    Ok(Started {
        done: outcome,
        go_on,
    })
}

struct Start {
    program: Program,
}

impl Start {
    /// The life of the thread.
    fn lead(
        &self,
        gifts: Gifts,
        within: Duration,
        stop: BorrowedFd<'_>,
        done: oneshot::Sender<Result<Handed, String>>,
    ) {
        let (line, mut heir) = match between::start(&self.program) {
            Ok(started) => started,
            Err(error) => {
                let why = format!("cannot start {}: {error}", self.program.path.display());
                // Whoever leads may have left.
                let _heard = done.send(Err(why));
                return;
            }
        };
        let outcome = converse(&line, &mut heir, gifts, within, stop);
        match outcome {
            Ok(handed) => {
                let _heard = done.send(Ok(handed));
                watch(&line, &heir);
            }
            Err(why) => {
                let status = heir.end(why.is_its_own());
                let why = self.why(why, within, status.as_deref());
                let _heard = done.send(Err(why));
            }
        }
    }

    fn why(&self, why: Why, within: Duration, status: Option<&str>) -> String {
        let path = self.program.path.display();
        match (why, status) {
            (Why::Said(why), _) => why,
            (Why::Gone, Some(status)) => format!(
                "{path} ended before it was ready ({status}); what it said is on the error stream"
            ),
            (Why::Gone, None) => {
                format!("{path} ended before it served; what it said is on the error stream")
            }
            (Why::Full(error), _) => {
                format!("{path} cannot be given all listening sockets, and was ended: {error}")
            }
            (Why::Late, _) => format!("{path} was not ready within {within:?}, and was ended"),
            (Why::Mute, _) => {
                format!("{path} was told to serve and did not say that it does, and was ended")
            }
        }
    }
}

/// Why nothing came of it.
enum Why {
    /// In its own words.
    Said(String),
    Gone,
    /// It does not take, or cannot be given, what there is to hand over.
    Full(io::Error),
    Late,
    /// Told to serve, it has not said that it does.
    Mute,
}

impl Why {
    /// Whether it ends by itself.
    fn is_its_own(&self) -> bool {
        match self {
            Why::Said(_) | Why::Gone => true,
            Why::Full(_) | Why::Late | Why::Mute => false,
        }
    }
}

fn converse(
    line: &OwnedFd,
    heir: &mut Heir,
    gifts: Gifts,
    within: Duration,
    stop: BorrowedFd<'_>,
) -> Result<Handed, Why> {
    match give(line, gifts) {
        Err(error) if !letter::is_gone(&error) => return Err(Why::Full(error)),
        // One that is gone may have said why.
        Ok(()) | Err(_) => {}
    }
    let mut handed = Handed {
        pid: heir.pid,
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
    heir.let_go();
    // From that word on it serves, whoever leaves meanwhile: it is not ended, but heard.
    let serving = letter::say(line, &json!({ "serve": true, "names": true }));
    let serving = serving.map(|()| match letter::hear(line, PATIENCE, Some(stop)) {
        Heard::Nothing => letter::hear(line, LAST, None),
        heard @ (Heard::Said(_) | Heard::Gone) => heard,
    });
    match serving {
        Ok(Heard::Said(said)) => match said["failed"].as_str() {
            Some(why) => return Err(Why::Said(why.to_owned())),
            None if said["serving"].is_number() => {}
            None => return Err(Why::Gone),
        },
        Ok(Heard::Gone) | Err(_) => return Err(Why::Gone),
        Ok(Heard::Nothing) => return Err(Why::Mute),
    }
    // Whoever supervises hears of it from us: it believes nobody else until then, and us no more from then on. So
    // nothing may fail behind that; and the other one says nothing to it before, unless it is of a version that
    // does not wait: that word is lost, and no more.
    supervised::is_led_by(heir.pid);
    let _heard = letter::say(line, &json!({ "named": true }));
    Ok(handed)
}

/// Gives it all. What is ours of it is closed by that: what the other does not want is to be open nowhere once
/// our workers have closed it.
fn give(line: &OwnedFd, gifts: Gifts) -> io::Result<()> {
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

/// Waits for the end of the one that serves now, and tells of it unless it has said that it leaves: nobody
/// serves from then on.
fn watch(line: &OwnedFd, heir: &Heir) {
    let status = heir.ended();
    if has_left(line) {
        return;
    }
    let (pid, status) = (heir.pid, status.as_deref().unwrap_or("not known here"));
    tracing::error!(
        pid,
        status,
        "the process that took over has ended, and did not say that it would: nobody serves unless a supervisor \
        starts another one"
    );
}

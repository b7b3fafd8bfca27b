//! The checks that read messages: what statuses came, whether a body is whole, and whether one that
//! is not can be seen to be cut off.
//!
//! Pure, like the rest of the verdict. It waits for nothing and never looks at a socket.

use super::{Court, Judged, compare};
use crate::probe::{
    message::{self, Framing, Message},
    scenario::{After, Bound, Cause},
    step::{Payload, Who, written},
    transcript::{End, Transcript},
};
use std::time::Duration;

impl Court<'_> {
    pub(super) fn responses(&self) -> Vec<Message> {
        message::read_all(&self.play.client.bytes)
    }

    pub(super) fn statuses(&self, due: &[u16]) -> Judged {
        let got: Vec<u16> = self.responses().iter().map(|one| one.status).collect();
        if got == due {
            return Ok(());
        }
        let list = |statuses: &[u16]| match statuses {
            [] => "nothing".to_owned(),
            some => {
                let some: Vec<String> = some.iter().map(u16::to_string).collect();
                some.join(", ")
            }
        };
        Err(format!(
            "the client read {} where {} was due{}",
            list(&got),
            list(due),
            if self.play.client.end().0 == End::Reset {
                ", then RST"
            } else {
                ""
            }
        ))
    }

    /// How often the origin would have acted.
    pub(super) fn asked(&self, due: usize) -> Judged {
        let requests = |origin: &Transcript| {
            let messages = message::read_all(&origin.bytes);
            messages.iter().filter(|one| one.complete).count()
        };
        let got: usize = self.play.origins.iter().map(requests).sum();
        if got == due {
            return Ok(());
        }
        Err(format!(
            "the origin read {got} complete requests where {due} were due"
        ))
    }

    pub(super) fn body(&self, parts: &[Payload]) -> Judged {
        let due = written(Who::Origin, parts, self.terms.pace, self.terms.host);
        let Some(last) = self.responses().pop() else {
            return Err("the client read no response".to_owned());
        };
        compare(Who::Client, &last.body, &due)?;
        let ends = last.framing == Framing::End && self.play.client.end().0 == End::Fin;
        if last.complete || ends {
            return Ok(());
        }
        Err("the response was not completed".to_owned())
    }

    pub(super) fn visibly_cut(&self) -> Judged {
        let client = &self.play.client;
        let Some(last) = self.responses().pop() else {
            return Err("the client read no response".to_owned());
        };
        if last.complete {
            return Err("a response that broke off was completed for the client".to_owned());
        }
        if client.notified() {
            return Err("a response that broke off was followed by close_notify".to_owned());
        }
        if last.framing == Framing::End && client.end().0 == End::Fin && !client.tls {
            return Err(
                "a response that broke off ended with FIN, by which it looks complete".to_owned(),
            );
        }
        self.ended(Who::Client)
    }

    pub(super) fn never_complete(&self, latency: &mut Option<Duration>) -> Judged {
        // A proxy that first reads the whole request has nothing to take back.
        let Some(origin) = self.play.of(Who::Origin) else {
            return Ok(());
        };
        if message::read(&origin.bytes).is_some_and(|request| request.complete) {
            return Err("the origin read a complete request, which the client never sent".into());
        }
        self.broken(Who::Origin)?;
        let after = After(Cause::Fin, Bound::L0);
        self.prompt(Who::Origin, Some(after), latency)
    }
}

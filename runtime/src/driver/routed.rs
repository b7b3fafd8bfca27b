//! What a request's route makes of it: other fields, another path, or an answer of our own.
//!
//! It owns the bytes of that answer, until the session orders it. It decides nothing: the route says
//! what is to be done.

use super::{
    carry::Carry,
    id::{Numbers, Space},
    queue::Queue,
};
use crate::{
    config::{Action, Forwarding},
    upstream::Routed,
};
use tidegate_core::{
    event::Refusal,
    http1::{
        ALLOW, Added, Content, Edits, Fault, Forwarded, NO_EDITS, Reply, RequestHead, Returned,
    },
    route::Place,
};

/// An answer that the route of a request gives by itself: nothing for most requests, and then it costs a
/// word.
#[derive(Debug, Default)]
pub(super) struct Answer(Option<Box<Own>>);

#[derive(Debug)]
struct Own {
    status: u16,
    /// Whole field lines.
    fields: Queue,
}

/// How a request is written, as its way says. `told`: what it is without one.
pub(super) fn forwarded<'a>(
    routed: Option<&'a Routed>,
    head: &RequestHead<'a>,
    told: Forwarded<'a>,
) -> Forwarded<'a> {
    let Some(routed) = routed else { return told };
    let plan = &routed.way.plan;
    Forwarded {
        authority: routed.target().map_or("", |target| &target.authority),
        host: plan.host.as_deref(),
        path: Some(plan.front.apply(head.path(), routed.covered())),
        edits: &plan.request,
        ..told
    }
}

/// How a response is written.
pub(super) fn returned<'a>(routed: Option<&'a Routed>, forwarding: &'a Forwarding) -> Returned<'a> {
    Returned {
        via: &forwarding.via,
        edits: routed.map_or(&NO_EDITS, |routed| &routed.way.plan.response),
    }
}

impl Answer {
    /// Composes what the route answers by itself, if it does.
    ///
    /// # Errors
    /// The request does not say what the answer needs to know.
    pub(super) fn prepare(
        &mut self,
        routed: Option<&Routed>,
        head: &RequestHead<'_>,
        https: bool,
    ) -> Result<(), Fault> {
        self.forget();
        let Some(routed) = routed else { return Ok(()) };
        let plan = &routed.way.plan;
        match &plan.action {
            Action::Forward(_) => {
                if let Some(status) = head.ends_here() {
                    self.compose(status, &NO_EDITS, &[("Allow", ALLOW)]);
                }
            }
            Action::Redirect(redirect) => {
                let authority = head.host().and_then(|host| std::str::from_utf8(host).ok());
                if authority.is_none() && redirect.to.needs_host() {
                    // HTTP/1.0 may do without, but then nobody can say where to go.
                    return Err(Fault::HostMissing);
                }
                let place = Place {
                    https,
                    authority,
                    path: plan.front.apply(head.path(), routed.covered()),
                    query: head.query(),
                };
                let mut location = Queue::default();
                redirect.to.write(&place, location.tail());
                let own = [("Location", location.front())];
                self.compose(redirect.status, &plan.response, &own);
            }
            Action::Respond(page) => {
                let own = [("Content-Type", page.content_type.as_bytes())];
                let own = if page.body.is_empty() { &[][..] } else { &own };
                self.compose(page.status, &plan.response, own);
            }
        }
        Ok(())
    }

    fn compose(&mut self, status: u16, edits: &Edits, own: &[(&str, &[u8])]) {
        let mut fields = Queue::default();
        edits.write(own, fields.tail());
        self.0 = Some(Box::new(Own { status, fields }));
    }

    /// What a session is told of it in place of an upstream leg.
    pub(super) fn refusal(&self, routed: Option<&Routed>) -> Option<Refusal> {
        let bytes = |text: &[u8]| u32::try_from(text.len()).unwrap_or(u32::MAX);
        self.0.as_ref().map(|own| Refusal::Configured {
            status: own.status,
            fields: bytes(own.fields.front()),
            content: bytes(content(routed)),
        })
    }

    /// What a reply of the route's own is made of.
    pub(super) fn added<'a>(&'a self, routed: Option<&'a Routed>) -> Added<'a> {
        Added {
            fields: self.0.as_ref().map_or(&[], |own| own.fields.front()),
            content: content(routed),
            ..Added::default()
        }
    }

    /// Whether there is none.
    pub(super) fn is_forgotten(&self) -> bool {
        self.0.is_none()
    }

    /// It was given, or will not be.
    pub(super) fn forget(&mut self) {
        self.0 = None;
    }
}

/// What is behind the head of a page.
fn content(routed: Option<&Routed>) -> &[u8] {
    match routed.map(|routed| &routed.way.plan.action) {
        Some(Action::Respond(page)) => page.body.as_bytes(),
        Some(Action::Forward(_) | Action::Redirect(_)) | None => b"",
    }
}

impl Carry {
    /// What the last request is answered with in place of an origin, as the session is told of it.
    pub(super) fn refusal(&self) -> Option<Refusal> {
        self.answer.refusal(self.routed.as_ref())
    }

    /// Writes a response of our own, with what the session does not know of it.
    pub(super) fn reply(&mut self, reply: &Reply, numbers: &Numbers, out: &mut Vec<u8>) {
        let mut space = Space::default();
        let id = self.id.said(reply.wording, numbers, &mut space);
        let Reply { status, cause, .. } = *reply;
        tracing::debug!(id = %id.escape_ascii(), status, error = cause, "answered by the proxy");
        let added = match reply.content {
            Content::Added(_) => self.answer.added(self.routed.as_ref()),
            Content::Words => Added::default(),
        };
        reply.write(&Added { id, ..added }, out);
        self.answer.forget();
    }
}

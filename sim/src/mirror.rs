//! A relay's schedule with its peers exchanged: they must see each other's view (LIFECYCLE I17).
//!
//! A session begins with its client, so both runs wait until both legs are there; from then on they
//! are the same run with the legs exchanged. Over TCP on the fast network every moment is the same
//! too; a handshake leaves windows behind that differ, as its two sides say different things.

use crate::{
    case::observed,
    fault::{Fault, Point, Site},
    peer::{Begun, Log, Seen, Sent},
    schedule::{Carrier, Latencies, Link, LinkEvent, Schedule, Script, Step, Traffic},
    world::Net,
};
use tidegate_core::{time::Time, variant::Variant};

/// When the peers of both runs begin, in whole milliseconds: long after the last connect.
const BEGIN_MS: u32 = 1_000;

/// What a peer did and saw, and when it was done.
type View = (Sent, Seen, Option<Time>);

impl Schedule {
    /// The same with client and origin exchanged; `None` where that means nothing: an exchange has
    /// its own roles, and nobody dials a client.
    #[must_use]
    pub fn mirrored(&self) -> Option<Schedule> {
        let mut image = self.clone();
        std::mem::swap(&mut image.client, &mut image.origin);
        std::mem::swap(&mut image.carrier, &mut image.upstream);
        let buffers = &mut image.buffers;
        std::mem::swap(&mut buffers.client, &mut buffers.origin);
        std::mem::swap(&mut buffers.down, &mut buffers.up);
        image.latencies = Latencies {
            client_proxy_ms: self.latencies.proxy_origin_ms,
            proxy_origin_ms: self.latencies.client_proxy_ms,
        };
        for event in &mut image.links {
            event.link = match event.link {
                Link::ClientProxy => Link::ProxyOrigin,
                Link::ProxyOrigin => Link::ClientProxy,
            };
        }
        image.faults.clear();
        for (point, fault) in &self.faults {
            image.faults.insert(exchanged(*point, *fault)?, *fault);
        }
        (self.traffic == Traffic::Relay).then_some(image)
    }

    /// The same, in which each peer waits so long once it is connected.
    fn delayed(&self, client_ms: u32, origin_ms: u32) -> Schedule {
        let wait = |script: &Script, ms| {
            let mut script = script.clone();
            script.writer.insert(0, Step::Sleep(ms));
            script.reader.delay_ms += ms;
            script
        };
        let later = |event: &LinkEvent| LinkEvent {
            at_ms: event.at_ms + BEGIN_MS,
            ..*event
        };
        Schedule {
            client: wait(&self.client, client_ms),
            origin: wait(&self.origin, origin_ms),
            links: self.links.iter().map(later).collect(),
            ..self.clone()
        }
    }
}

/// A call's image. One that fails before anything was said fails while the legs are not there yet.
fn exchanged(point: Point, fault: Fault) -> Option<Point> {
    let at_once = matches!(fault, Fault::Fail(_)) && point.ordinal == 1;
    match point.site {
        Site::Stream { side, number, call } if !at_once => Some(Point {
            site: Site::Stream {
                side: side.other(),
                number,
                call,
            },
            ..point
        }),
        Site::Stream { .. } | Site::Dial | Site::Accept | Site::Pipe => None,
    }
}

/// Plays a schedule so that both peers begin at [`BEGIN_MS`]; both peers' views.
fn views(net: Net, schedule: &Schedule, variant: Option<Variant>) -> Option<[View; 2]> {
    let first = observed(net, &schedule.delayed(BEGIN_MS, BEGIN_MS), variant);
    let wait = |log: &Log| match log.begun {
        Some(Begun::Open(at)) => BEGIN_MS.checked_sub(u32::try_from(at.as_ms()).ok()?),
        Some(Begun::Failed(_)) | None => None,
    };
    let (client_ms, origin_ms) = (wait(&first.client)?, wait(first.origins.first()?)?);
    let played = observed(net, &schedule.delayed(client_ms, origin_ms), variant);
    let view = |log: &Log| (log.sent.clone(), log.seen.clone(), log.done_at);
    Some([view(&played.client), view(played.origins.first()?)])
}

/// A view without its moments.
fn timeless((sent, seen, done): View) -> View {
    let at = |at: Option<Time>| at.map(|_| Time(0));
    let sent = Sent {
        last_at: at(sent.last_at),
        notify_at: at(sent.notify_at),
        fin_at: at(sent.fin_at),
        reset_at: at(sent.reset_at),
        failed_at: at(sent.failed_at),
        ..sent
    };
    let seen = Seen {
        first_at: at(seen.first_at),
        last_at: at(seen.last_at),
        notify_at: at(seen.notify_at),
        fin_at: at(seen.fin_at),
        reset_at: seen.reset_at.map(|(_, errno)| (Time(0), errno)),
        ..seen
    };
    (sent, seen, at(done))
}

/// How the peers of `schedule` and of its `image` differ; `None` if both legs never were there.
#[must_use]
pub fn differ(
    net: Net,
    schedule: &Schedule,
    image: &Schedule,
    variant: Option<Variant>,
) -> Option<Result<(), String>> {
    let [client, origin] = views(net, schedule, variant)?;
    let [image_client, image_origin] = views(net, image, variant)?;
    let plain = [schedule.carrier, schedule.upstream] == [Carrier::Tcp; 2];
    let pairs = [(client, image_origin), (origin, image_client)];
    for (one, other) in pairs {
        let (one, other) = match (net, plain) {
            (Net::Fast, true) => (one, other),
            (Net::Fast | Net::Turmoil, _) => (timeless(one), timeless(other)),
        };
        if one != other {
            return Some(Err(format!("{net}:\n{one:?}\n{other:?}")));
        }
    }
    Some(Ok(()))
}

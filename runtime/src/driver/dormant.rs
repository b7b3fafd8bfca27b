//! A driver whose session rests between two requests, put away: less than half of its memory.
//!
//! It owns the list of what such a driver has. What is left out is empty, follows from the rest, or is set anew
//! before anybody asks for it. Its socket, its alarm and its ears stay as they are, and so does the waker that
//! they know: whatever would have woken it awake wakes it so.

use super::{
    Before, Driver, Service, Tapped,
    http::Http,
    lane::Lane,
    seen::Seen,
    shelf::Shelves,
    stage::Staged,
    wire::{self, Wire},
};
use crate::{
    admission::Admitted,
    drain::Ticket,
    linger::Place,
    net::{Network, Packed},
    observe::Conn,
    pool::Lease,
    port::{Port, client},
    roll::Presence,
};
use std::rc::Rc;
use tidegate_core::{
    record::Recorder,
    session,
    side::Side,
    time::{Moment, Time},
};

/// A driver that was put away.
pub(crate) struct Dormant<N: Network> {
    service: Rc<Service<N>>,
    session: session::Dormant,
    quiet: bool,
    /// Of the client's leg, which is the only one.
    port: Option<Port<N::Stream>>,
    seen: [Seen; 2],
    /// How many reads in a row spoke for a pipe, of each leg.
    reads: [u8; 2],
    trusted: bool,
    /// The cluster of the last request.
    cluster: Option<u32>,
    endpoint: Option<Rc<str>>,
    conn: Conn,
    client: Packed,
    before: Option<Box<Before>>,
    admitted: Admitted,
    stage: Staged,
    sleep: Option<(Time, N::Sleep)>,
    ticket: Ticket,
    presence: Presence,
    place: Place,
    begun: Time,
    progress: Time,
    tap: Option<Box<Tapped>>,
    recorder: Recorder,
}

impl<N: Network> Driver<N> {
    /// Puts it away, which can be.
    pub(super) fn put_away(self) -> Dormant<N> {
        // Every field by its name: what is added is lost on purpose, or not.
        let Driver {
            service,
            session,
            asks: _,
            due: _,
            quiet,
            wires: [down, up],
            lanes,
            carry,
            coming: _,
            lease: _,
            held: _,
            endpoint,
            dialled_at: _,
            conn,
            client,
            before,
            admitted,
            halves: _,
            stage,
            sleep,
            asleep: _,
            watch_at: _,
            put_off: _,
            desk: _,
            now: _,
            ending: _,
            ticket,
            presence,
            place,
            begun,
            progress,
            tap,
            recorder,
        } = self;
        // No configuration has as many.
        let cluster = carry
            .cluster()
            .and_then(|cluster| u32::try_from(cluster).ok());
        let trusted = carry.trusts();
        carry.give_back();
        Dormant {
            service,
            session: session.put_away(),
            quiet,
            port: down.port,
            seen: [down.told, up.told],
            reads: lanes.map(|lane| lane.reads()),
            trusted,
            cluster,
            endpoint,
            conn,
            client,
            before,
            admitted,
            stage,
            sleep,
            ticket,
            presence,
            place,
            begun,
            progress,
            tap,
            recorder,
        }
    }

    /// Whether its session can be put away, and nothing else is here that would be lost.
    pub(super) fn can_be_put_away(&self) -> bool {
        let empty = |wire: &Wire<N::Stream>| {
            let queues = [&wire.inbox, &wire.outbox];
            let bare = queues
                .iter()
                .all(|queue| !queue.has_memory() && !queue.keeps());
            bare && wire.unacked.is_none()
        };
        let nothing_to_do = !self.put_off && self.desk.is_none() && self.ending.is_none();
        let no_origin = self.coming.is_none() && self.held.is_none() && self.lease.is_none();
        nothing_to_do
            && no_origin
            && (self.watch_at == Moment::NEVER || !self.is_unwatched(Side::Down))
            && self.wires[Side::Up as usize].port.is_none()
            && self.wires.iter().all(empty)
            && self.lanes.iter().all(Lane::is_bare)
            && self.carry.is_idle()
            && self.session.can_be_put_away()
    }
}

impl<N: Network> Dormant<N> {
    /// Where it has its place.
    pub(super) fn shelves(&self) -> &Rc<Shelves<N>> {
        &self.service.shelves
    }

    /// As it was before.
    pub(super) fn wake(self) -> Driver<N> {
        let Dormant {
            service,
            session,
            quiet,
            port,
            seen: [down, up],
            reads,
            trusted,
            cluster,
            endpoint,
            conn,
            client: address,
            before,
            admitted,
            stage,
            sleep,
            ticket,
            presence,
            place,
            begun,
            progress,
            tap,
            recorder,
        } = self;
        let session = session.wake(&service.setup);
        let (asks, _) = session.asks_of_both(quiet);
        let ip = client(address.get()).ip();
        Driver {
            asks,
            due: session.due(),
            quiet,
            wires: [Wire::seen(port, down), Wire::seen(None, up)],
            lanes: reads.map(Lane::after),
            carry: Http::idle(ip, service.tls.is_some(), trusted, cluster.map(wire::size)),
            coming: None,
            lease: Lease::default(),
            held: None,
            endpoint,
            // Of the next one it is said when it is looked for.
            dialled_at: progress,
            conn,
            client: address,
            before,
            admitted,
            halves: service.observer.halves(Some(service.listened.clone())),
            stage,
            sleep,
            asleep: false,
            watch_at: Moment::NEVER,
            put_off: false,
            desk: None,
            // As far as its last step knows: a turn looks at the clock first.
            now: progress,
            ending: None,
            ticket,
            presence,
            place,
            begun,
            progress,
            tap,
            recorder,
            session,
            service,
        }
    }
}

//! I17: a relay is a symmetric machine. Two worlds go the same way, each step of the one mirrored in
//! the other, and have to stay each other's image: states, waits, interest and orders.
//!
//! By nature there is no image of how a session begins: its client is accepted, its origin dialled
//! (R19 to R21), and only a client's ClientHello is looked at (4.2). So the walk begins where both
//! legs are there. Nor is there one of two knobs that are about clients alone: `bare_fin` (T05) and
//! `tls12_half_close` (T02). An image turns `client` and `origin` around in a last word too.

use crate::{
    quiet,
    search::key,
    shapes,
    world::{Action, World, oracle::Found, shape::Shape},
};
use std::collections::{HashSet, VecDeque};
use tidegate_core::{
    effect::Effect,
    ending::{By, Ending},
    event::{Event, Origin},
    session::RULES,
    side::Side,
    timer::Timer,
    tls::{BareFin, Version},
};

/// Two worlds that are each other's image: here, and with the legs exchanged.
#[derive(Clone, Hash)]
struct Pair {
    here: World,
    there: World,
}

/// Both legs are there, and nobody has said anything.
fn opened(shape: &Shape) -> World {
    let mut world = World::new(shape);
    let mut act = |event| {
        let acted = world.act(shape, Action::Tell(event), &RULES);
        acted.expect("a good beginning");
    };
    act(Event::Accepted);
    if shape.setup.down_tls {
        act(Event::Secured(Side::Down, Version::V13));
    }
    act(Event::Connected(Origin::Fresh));
    if shape.setup.up_tls {
        act(Event::Secured(Side::Up, Version::V13));
    }
    world
}

/// The event with the legs exchanged, if it is one of a relay.
fn event(event: Event) -> Option<Event> {
    Some(match event {
        Event::Received(side, n) => Event::Received(side.other(), n),
        Event::Piped(side, n) => Event::Piped(side.other(), n),
        Event::Copied(side) => Event::Copied(side.other()),
        Event::Sent(side, n) => Event::Sent(side.other(), n),
        Event::CloseNotify(side) => Event::CloseNotify(side.other()),
        Event::Fin(side) => Event::Fin(side.other()),
        Event::Failed(side, cause, call) => Event::Failed(side.other(), cause, call),
        Event::Hinted(side) => Event::Hinted(side.other()),
        Event::Finished(side) => Event::Finished(side.other()),
        Event::Acked(side) => Event::Acked(side.other()),
        _ => return None,
    })
}

fn action(action: Action) -> Option<Action> {
    match action {
        Action::Tell(told) => event(told).map(Action::Tell),
        Action::Discard(side) => Some(Action::Discard(side.other())),
        Action::Lose(side, told) => event(told).map(|told| Action::Lose(side.other(), told)),
        Action::Fill(..) | Action::Look(_) => None,
    }
}

fn effect(effect: Effect) -> Option<Effect> {
    Some(match effect {
        Effect::Finish(side) => Effect::Finish(side.other()),
        Effect::Reset(side) => Effect::Reset(side.other()),
        Effect::Close(side) => Effect::Close(side.other()),
        Effect::End(ending) => Effect::End(Ending {
            by: match ending.by {
                By::Client => By::Origin,
                By::Origin => By::Client,
                By::Both | By::Proxy => ending.by,
            },
            ..ending
        }),
        _ => return None,
    })
}

const fn timer(timer: Timer) -> Timer {
    match timer {
        Timer::WriteDown => Timer::WriteUp,
        Timer::WriteUp => Timer::WriteDown,
        Timer::FlushDown => Timer::FlushUp,
        Timer::FlushUp => Timer::FlushDown,
        same => same,
    }
}

impl Pair {
    /// What is not each other's image, in words.
    fn differs(&self) -> Result<(), Found> {
        let (here, there) = (&self.here, &self.there);
        let (one, other) = (&here.session, &there.session);
        let mut same = vec![
            ("phase", one.phase() == other.phase()),
            ("over", here.over == there.over),
            ("deadline", deadline(here) == deadline(there)),
        ];
        for side in Side::BOTH {
            let image = side.other();
            same.extend([
                ("leg", one.leg(side) == other.leg(image)),
                ("relay", one.from(side) == other.from(image)),
                ("interest", one.interest(side) == other.interest(image)),
                ("network", here.wire(side) == there.wire(image)),
                (
                    "faults",
                    one.observes_faults(side) == other.observes_faults(image),
                ),
                (
                    "writes",
                    one.observes_writes(side) == other.observes_writes(image),
                ),
            ]);
        }
        for wait in Timer::ALL {
            same.push((
                "timer",
                one.timers().at(wait) == other.timers().at(timer(wait)),
            ));
        }
        match same.into_iter().find(|(_, same)| !same) {
            None => Ok(()),
            Some((what, _)) => Err(Found::new("I17", format!("{what}:\n{one:?}\n{other:?}"))),
        }
    }

    /// One step here, and its image there.
    fn act(&mut self, shapes: &[Shape; 2], step: Action) -> Result<(), Found> {
        let Some(image) = action(step) else {
            return Err(Found::new("I17", format!("{step:?} has no image")));
        };
        let mut orders = [Vec::new(), Vec::new()];
        let mut judged = Ok(());
        let worlds = [(&mut self.here, step), (&mut self.there, image)];
        for ((world, step), (shape, orders)) in
            worlds.into_iter().zip(shapes.iter().zip(&mut orders))
        {
            let acted = world.act_telling(shape, step, &RULES, &mut |told| {
                orders.extend(told.effects.iter().copied());
            });
            judged = judged.and(acted);
        }
        let [here, there] = orders;
        let mirrored: Option<Vec<Effect>> = here.iter().copied().map(effect).collect();
        let text = |orders: &[Effect]| {
            let mut text: Vec<String> = orders.iter().map(|order| format!("{order:?}")).collect();
            text.sort();
            text
        };
        if mirrored.is_none_or(|mirrored| text(&mirrored) != text(&there)) {
            let orders = format!("{step:?}: {here:?} and {there:?}");
            return Err(Found::new("I17", orders));
        }
        self.differs().and(judged)
    }
}

/// The next deadline: which of two that are due at once comes first is no matter of legs.
fn deadline(world: &World) -> Option<tidegate_core::time::Time> {
    world.session.deadline().map(|(at, _)| at)
}

fn offers(world: &World, shape: &Shape, image: bool) -> Vec<String> {
    let actions = world.actions(shape).into_iter();
    let mut offers: Vec<String> = actions
        .map(|step| format!("{:?}", if image { action(step) } else { Some(step) }))
        .collect();
    offers.sort();
    offers
}

/// Walks over two relays of which each is to be the other's image.
fn mirrored(shapes: &[Shape; 2]) -> Result<(usize, usize), Found> {
    let [here, there] = [opened(&shapes[0]), opened(&shapes[1])];
    let first = Pair { here, there };
    first.differs()?;
    let mut known = HashSet::from([key(&first)]);
    let (mut queue, mut transitions) = (VecDeque::from([first]), 0);
    while let Some(pair) = queue.pop_front() {
        let here = offers(&pair.here, &shapes[0], true);
        if here != offers(&pair.there, &shapes[1], false) {
            return Err(Found::new("I17", format!("offers: {:?}", pair.here)));
        }
        for step in pair.here.actions(&shapes[0]) {
            let mut next = pair.clone();
            next.act(shapes, step)?;
            transitions += 1;
            if known.insert(key(&next)) {
                queue.push_back(next);
            }
        }
    }
    Ok((known.len(), transitions))
}

#[test]
fn i17_a_relay_with_its_legs_exchanged_does_the_same() {
    quiet();
    for shapes in [
        [shapes::tcp(), shapes::tcp()],
        [shapes::piped().remove(0), shapes::piped().remove(0)],
        [shapes::both(), shapes::both()],
        [shapes::tcp().hinting(), shapes::tcp().hinting()],
        // 4.3, and mirrored for a TLS origin.
        [shapes::tls(), shapes::tcp().to_tls()],
    ] {
        let name = shapes[0].name;
        match mirrored(&shapes) {
            Ok((pairs, transitions)) => {
                println!("{name:<32} {pairs:>8} states {transitions:>9} transitions, mirrored");
            }
            Err(found) => panic!("{name}: {}: {}", found.check, found.detail),
        }
    }
}

/// A knob for old clients is no knob for origins: the mirror sees it.
#[test]
fn i17_what_is_not_symmetric_is_seen() {
    quiet();
    let mut shape = shapes::both();
    shape.setup.policy.bare_fin = BareFin::Clean;
    let found = mirrored(&[shape, shape]).expect_err("an asymmetry");
    assert_eq!(found.check, "I17", "{found:?}");
}

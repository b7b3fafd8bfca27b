//! Random paths of HTTP sessions too large to be walked over: larger counts, longer messages, a
//! second request, a drain; judged by the checks of the walk.

use crate::world::{
    Action, World,
    shape::{CLOSING, CONNECT, GET, HEAD, OLD, Shape, UPGRADE, post},
};
use proptest::prelude::*;
use tidegate_core::{
    event::Event, http1::BodyKind, http1::RequestFacts, session::RULES, variant::Variant,
};

const POSTS: &[RequestFacts] = &[post(BodyKind::Length(9)), GET, CLOSING];
const CHUNKS: &[RequestFacts] = &[post(BodyKind::Chunked), post(BodyKind::Chunked), GET];
const GETS: &[RequestFacts] = &[GET, GET, GET];
const UPGRADES: &[RequestFacts] = &[UPGRADE, GET];
const CONNECTS: &[RequestFacts] = &[GET, CONNECT];
const MIXED: &[RequestFacts] = &[GET, HEAD, OLD];

/// Shapes of many bytes.
pub(crate) fn shapes() -> Vec<Shape> {
    let chunked = b"iiHbbbbbbbbbbbbbbb0X";
    let counted = b"hHbbbbbbbbbbbbX";
    let mut shapes = vec![
        Shape::http("gets, chunked", b"HhHHh", chunked).answering(BodyKind::Chunked),
        Shape::http("mixed, counted", b"HhHHX", counted).answering(BodyKind::Length(12)),
        Shape::http("posts, to the close", b"hHbbbbbbbbbHH", counted).answering(BodyKind::Close),
        Shape::http("posts, bodyless", b"HbbbbbbbbbHH", b"HX"),
        Shape::http("chunks, counted", b"Hbbbbbb0hHbbb0H", counted).answering(BodyKind::Length(12)),
        Shape::http("chunks, chunked", b"Hbbbbbb0HbbX", chunked).answering(BodyKind::Chunked),
        Shape::http("gets, broken", b"HhHHh", b"iHbbbbbbX").answering(BodyKind::Chunked),
    ];
    let asked: [&'static [RequestFacts]; 7] = [GETS, MIXED, POSTS, POSTS, CHUNKS, CHUNKS, GETS];
    shapes.extend(tunnels());
    let asked = asked
        .into_iter()
        .chain([UPGRADES, CONNECTS, UPGRADES, UPGRADES]);
    for (shape, requests) in shapes.iter_mut().zip(asked) {
        *shape = shape.asking(requests).draining();
        shape.setup.limits.relay_bytes = 5;
        shape.setup.limits.inbox_bytes = 6;
    }
    let secured: Vec<Shape> = shapes.iter().map(|shape| shape.over_tls()).collect();
    shapes.extend(secured);
    shapes
}

/// Exchanges that leave HTTP after another, or at once, or ask and may not.
fn tunnels() -> [Shape; 4] {
    [
        Shape::http("upgrade", b"hHtttttttttttt", b"iHtttttttttttttt").switching(),
        Shape::http("connect, kept", b"HHtttttttttttt", b"Htttttttttttttt"),
        Shape::http("upgrade, awaited", b"Htttttttt", b"iiiiiiiiiH").switching(),
        Shape::http("upgrade, declined", b"Hhtttt", b"Hbbbb").answering(BodyKind::Length(4)),
    ]
}

/// Which shape, and which of its actions, one after the other.
pub(crate) fn paths() -> impl Strategy<Value = (usize, Vec<u8>)> {
    (
        0..shapes().len(),
        prop::collection::vec(any::<u8>(), 1..120),
    )
}

/// Whether a peer ends with this.
fn ends(action: Action) -> bool {
    matches!(
        action,
        Action::Tell(Event::Fin(_) | Event::CloseNotify(_) | Event::Unconnected(_))
    )
}

/// Takes a path, then the first harmless action each time until the session is over.
pub(crate) fn run(path: &(usize, Vec<u8>), variant: Option<Variant>) -> Result<(), String> {
    let mut shape = shapes()[path.0];
    shape.setup.variant = variant;
    let mut world = World::new(&shape);
    let mut taken = Vec::new();
    let picks = path.1.iter().map(|pick| Some(usize::from(*pick)));
    for pick in picks.chain(std::iter::repeat_n(None, 2_000)) {
        let actions = world.actions(&shape);
        let harmless: Vec<_> = actions.iter().filter(|action| !action.is_fault()).collect();
        let going: Vec<_> = harmless.iter().filter(|action| !ends(***action)).collect();
        let action = match pick {
            // One in sixteen may be an end or a fault, so that paths get somewhere.
            Some(pick) if pick % 16 == 0 && !actions.is_empty() => {
                actions[pick / 16 % actions.len()]
            }
            Some(pick) if !going.is_empty() => **going[pick % going.len()],
            Some(_) | None if !harmless.is_empty() => *harmless[0],
            Some(_) | None => break,
        };
        taken.push(action);
        if let Err(found) = world.act(&shape, action, &RULES) {
            let rows = crate::world::rows::trace(&shape, &taken, &RULES);
            return Err(format!("{}: {}\n{rows}", found.check, found.detail));
        }
    }
    if world.over {
        Ok(())
    } else {
        Err(format!("liveness: {:?}", world.session))
    }
}

#[test]
fn http_sessions_keep_the_rules_on_random_paths() {
    crate::all_pass("http sessions", 6_000, &paths(), |path| run(path, None));
}

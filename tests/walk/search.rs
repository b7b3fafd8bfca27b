//! Breadth first over every reachable state of a shape, and what to print of a path that went
//! wrong.

use crate::world::{Action, World, oracle::Found, rows::trace, shape::Shape};
use std::{
    collections::{HashMap, VecDeque},
    hash::{DefaultHasher, Hash, Hasher},
};
use tidegate_core::session::RULES;

/// What a walk saw.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) states: usize,
    pub(crate) transitions: usize,
}

/// A broken rule, and the shortest way to it.
#[derive(Debug)]
pub(crate) struct Broken {
    pub(crate) found: Found,
    pub(crate) after: usize,
    pub(crate) trace: String,
}

/// A look at a state and the actions it offers.
pub(crate) type Look<'a> = dyn FnMut(&World, &[Action]) -> Result<(), Found> + 'a;

/// Visits every state of `shape`; `each` may look at one with the actions it offers.
pub(crate) fn walk(shape: &Shape, each: &mut Look<'_>) -> Result<Seen, Broken> {
    let mut paths = Paths::default();
    let mut seen = Seen::default();
    let first = World::new(shape);
    paths.add(&first, None);
    let mut queue = VecDeque::from([(0, first)]);
    while let Some((at, world)) = queue.pop_front() {
        let actions = world.actions(shape);
        let checked = each(&world, &actions).and_then(|()| ends(&world, &actions));
        if let Err(found) = checked {
            return Err(paths.broken(shape, at, None, found));
        }
        for action in actions {
            seen.transitions += 1;
            let mut next = world.clone();
            if let Err(found) = next.act(shape, action, &RULES) {
                return Err(paths.broken(shape, at, Some(action), found));
            }
            if let Some(id) = paths.add(&next, Some((at, action))) {
                queue.push_back((id, next));
            }
        }
    }
    seen.states = paths.known.len();
    paths.acyclic(shape)?;
    Ok(seen)
}

/// Every fair path ends: where no peer has anything left to do, the session is over.
fn ends(world: &World, actions: &[Action]) -> Result<(), Found> {
    let stuck = !world.over && actions.iter().all(|action| action.is_fault());
    if stuck {
        return Err(Found::new(
            "liveness",
            format!("nothing ends this: {:?}", world.session),
        ));
    }
    Ok(())
}

/// The states that are known, and how each was reached.
#[derive(Default)]
struct Paths {
    known: HashMap<(u64, u64), usize>,
    parents: Vec<Option<(usize, Action)>>,
    edges: Vec<(usize, usize)>,
}

impl Paths {
    /// Remembers a state; its number, if it is new.
    fn add(&mut self, world: &World, parent: Option<(usize, Action)>) -> Option<usize> {
        let number = self.parents.len();
        let id = *self.known.entry(key(world)).or_insert(number);
        if let Some((from, action)) = parent
            && !(id == from && action.is_nothing())
        {
            self.edges.push((from, id));
        }
        if id < number {
            return None;
        }
        self.parents.push(parent);
        Some(id)
    }

    /// Every path ends: no state leads back to itself, but by news of what is no news.
    fn acyclic(&self, shape: &Shape) -> Result<(), Broken> {
        let mut into = vec![0_u32; self.parents.len()];
        for (_, to) in &self.edges {
            into[*to] += 1;
        }
        let mut edges = self.edges.clone();
        edges.sort_unstable();
        let mut ready: Vec<usize> = (0..into.len()).filter(|at| into[*at] == 0).collect();
        let mut done = 0;
        while let Some(at) = ready.pop() {
            done += 1;
            let start = edges.partition_point(|(from, _)| *from < at);
            for (_, to) in edges[start..].iter().take_while(|(from, _)| *from == at) {
                into[*to] -= 1;
                if into[*to] == 0 {
                    ready.push(*to);
                }
            }
        }
        if done == into.len() {
            return Ok(());
        }
        let at = into.iter().position(|n| *n > 0).unwrap_or(0);
        Err(self.broken(shape, at, None, Found::new("liveness", "a circle")))
    }

    fn broken(&self, shape: &Shape, at: usize, last: Option<Action>, found: Found) -> Broken {
        let mut path: Vec<Action> = last.into_iter().collect();
        let mut at = at;
        while let Some((from, action)) = self.parents[at] {
            path.push(action);
            at = from;
        }
        path.reverse();
        Broken {
            found,
            after: self.known.len(),
            trace: trace(shape, &path, &RULES),
        }
    }
}

/// 128 bits stand for a state: two states in one key are not to be expected.
pub(crate) fn key(state: &impl Hash) -> (u64, u64) {
    let mut said = Said(Vec::with_capacity(2048));
    state.hash(&mut said);
    let mut first = DefaultHasher::new();
    first.write(&said.0);
    let mut second = DefaultHasher::new();
    second.write_u64(0x7469_6465);
    second.write(&said.0);
    (first.finish(), second.finish())
}

/// What a state says of itself, in one piece: a hasher is slow at many small ones, and is asked twice.
struct Said(Vec<u8>);

impl Hasher for Said {
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn finish(&self) -> u64 {
        unreachable!("it is not hashed yet")
    }
}

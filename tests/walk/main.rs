//! Every reachable state of the session machine for small counts, with all timer events removed
//! (DESIGN section 4, level 1). Run with `--nocapture` to see how many there are.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm)] // the model fails loudly

#[path = "../world/world.rs"]
mod world;

mod order;
mod relay;
mod search;
mod shapes;
mod timers;
mod variants;

use self::{
    search::{Broken, Seen, walk},
    world::shape::Shape,
};

/// Walks over `shape`, and says what went wrong as rows.
fn whole(shape: &Shape) -> Seen {
    quiet();
    match walk(shape, &mut |_, _| Ok(())) {
        Ok(seen) => {
            println!(
                "{:<28} {:>8} states {:>9} transitions",
                shape.name, seen.states, seen.transitions
            );
            seen
        }
        Err(Broken {
            found,
            after,
            trace,
        }) => {
            panic!(
                "{} after {after} states: {}\n{trace}",
                found.check, found.detail
            )
        }
    }
}

/// A panic inside a step is told with the way to it, and not twice.
fn quiet() {
    std::panic::set_hook(Box::new(|info| {
        if info
            .location()
            .is_some_and(|at| !at.file().starts_with("core/"))
        {
            eprintln!("{info}");
        }
    }));
}

#[test]
fn a_relay_over_tcp() {
    whole(&shapes::tcp());
}

#[test]
fn a_relay_over_tls() {
    whole(&shapes::tls());
}

#[test]
fn a_relay_over_tls_on_both_legs() {
    whole(&shapes::both());
}

#[test]
fn a_relay_passed_through() {
    whole(&shapes::passed());
}

#[test]
fn nobody_waits_for_a_proxy_that_waits_for_them() {
    for shape in shapes::patient() {
        whole(&shape);
    }
}

#[test]
fn exchanges_that_become_tunnels() {
    for shape in shapes::tunnels() {
        whole(&shape);
    }
}

#[test]
fn http_sessions() {
    for shape in shapes::http() {
        whole(&shape);
    }
}

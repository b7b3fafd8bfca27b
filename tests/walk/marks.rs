//! Where a record of a session may begin: at every state that is marked so, what the mark holds is all
//! there is (`core/src/record/mark.rs`).

use super::{
    search::walk,
    shapes,
    world::{oracle::Found, shape::Shape},
};
use tidegate_core::{record::rebuilt, time::Time};

/// How many states of a shape are marked: each is built anew, and is the same.
fn marked(shape: &Shape) -> usize {
    let mut marked = 0;
    let walked = walk(shape, &mut |world, _| {
        let Some(again) = rebuilt(&world.session, Time(0)) else {
            return Ok(());
        };
        marked += 1;
        match again == world.session {
            true => Ok(()),
            false => Err(Found::new(
                "mark",
                format!("{again:?} is not {:?}", world.session),
            )),
        }
    });
    if let Err(broken) = walked {
        panic!("{broken:?}");
    }
    marked
}

#[test]
fn a_session_is_built_anew_wherever_it_is_marked() {
    let relays = marked(&shapes::tcp());
    let exchanges: usize = shapes::small().iter().map(marked).sum();
    assert!(relays > 0 && exchanges > 0, "nothing is marked");
}

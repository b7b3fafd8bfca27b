//! Where a record of a session may begin: at every state that is marked so, what the mark holds is all
//! there is (`core/src/record/mark.rs`). And so it is with whoever is put away (`core/src/session/dormant.rs`).

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

/// How many states of a shape can be put away: each is woken as the same, and tells the same of itself.
fn put_away(shape: &Shape) -> usize {
    let mut put_away = 0;
    let walked = walk(shape, &mut |world, _| {
        let session = &world.session;
        if !session.can_be_put_away() {
            return Ok(());
        }
        put_away += 1;
        let again = session.clone().put_away().wake(session.setup());
        match again == *session && again.report() == session.report() {
            true => Ok(()),
            false => Err(Found::new(
                "dormant",
                format!("{again:?} is not {session:?}"),
            )),
        }
    });
    if let Err(broken) = walked {
        panic!("{broken:?}");
    }
    put_away
}

#[test]
fn a_session_that_is_put_away_is_woken_the_same() {
    let exchanges: usize = shapes::small().iter().map(put_away).sum();
    assert!(exchanges > 0, "nobody is put away");
    assert_eq!(
        put_away(&shapes::tcp()),
        0,
        "a relay has no rest of this kind"
    );
}

#[test]
fn a_session_is_built_anew_wherever_it_is_marked() {
    let relays = marked(&shapes::tcp());
    let exchanges: usize = shapes::small().iter().map(marked).sum();
    assert!(relays > 0 && exchanges > 0, "nothing is marked");
}

//! Where a record of a session may begin: at every state that is marked so, what the mark holds is all
//! there is (`core/src/record/mark.rs`). And so it is with whoever is put away (`core/src/session/dormant.rs`).

use super::{
    search::walk,
    shapes,
    world::{oracle::Found, shape::Shape},
};
use tidegate_core::{record::rebuilt, session::Session, time::Time};

/// How many states of a shape are marked, and in how many a session can be put away.
#[derive(Default)]
struct Seen {
    marked: usize,
    put_away: usize,
}

/// Looks at every state of a shape: built anew, it is the same; woken, it also tells the same of itself.
fn seen(shape: &Shape) -> Seen {
    let mut seen = Seen::default();
    let walked = walk(shape, &mut |world, _| {
        let session = &world.session;
        if let Some(again) = rebuilt(session, Time(0)) {
            seen.marked += 1;
            same("mark", &again, session)?;
        }
        if session.can_be_put_away() {
            seen.put_away += 1;
            let again = session.clone().put_away().wake(session.setup());
            same("dormant", &again, session)?;
            if again.report() != session.report() {
                return Err(Found::new(
                    "dormant",
                    format!("{session:?} tells another story"),
                ));
            }
        }
        Ok(())
    });
    if let Err(broken) = walked {
        panic!("{broken:?}");
    }
    seen
}

fn same(check: &'static str, again: &Session, session: &Session) -> Result<(), Found> {
    match again == session {
        true => Ok(()),
        false => Err(Found::new(check, format!("{again:?} is not {session:?}"))),
    }
}

#[test]
fn a_session_is_built_anew_wherever_it_is_marked_and_woken_as_it_was_put_away() {
    let relays = seen(&shapes::tcp());
    let exchanges = shapes::small();
    let exchanges: Vec<Seen> = exchanges.iter().map(seen).collect();
    let marked: usize = exchanges.iter().map(|seen| seen.marked).sum();
    let put_away: usize = exchanges.iter().map(|seen| seen.put_away).sum();
    assert!(relays.marked > 0 && marked > 0, "nothing is marked");
    assert!(put_away > 0, "nobody is put away");
    assert_eq!(relays.put_away, 0, "a relay has no rest of this kind");
}

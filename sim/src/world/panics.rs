//! Panics of simulated tasks, which their runtimes swallow.
//!
//! It owns a hook that writes down, silently, the first panic of a thread that is simulating, and
//! leaves every other thread's to the hook that was there before.

use std::{
    cell::RefCell,
    panic::{self, PanicHookInfo},
    sync::Once,
};

/// What this thread is doing.
enum State {
    Elsewhere,
    Simulating(Option<String>),
}

thread_local! {
    static STATE: RefCell<State> = const { RefCell::new(State::Elsewhere) };
}

/// Runs `f` with this thread's panics written down.
pub(crate) fn watched<T>(f: impl FnOnce() -> T) -> T {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !noted(info) {
                before(info);
            }
        }));
    });
    STATE.set(State::Simulating(None));
    let leave = Leave;
    let out = f();
    drop(leave);
    out
}

/// The panic written down since the last call, if any.
pub(crate) fn taken() -> Option<String> {
    STATE.with_borrow_mut(|state| match state {
        State::Simulating(panic) => panic.take(),
        State::Elsewhere => None,
    })
}

/// Ends the watch, also when `f` itself panics.
struct Leave;

impl Drop for Leave {
    fn drop(&mut self) {
        let state = STATE.replace(State::Elsewhere);
        if let State::Simulating(Some(panic)) = state
            && std::thread::panicking()
        {
            // Not a task of the simulation, but the simulation itself.
            eprintln!("{panic}");
        }
    }
}

fn noted(info: &PanicHookInfo<'_>) -> bool {
    STATE.with_borrow_mut(|state| match state {
        State::Simulating(first) => {
            first.get_or_insert_with(|| info.to_string());
            true
        }
        State::Elsewhere => false,
    })
}

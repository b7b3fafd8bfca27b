//! Operations of the core that are measured by themselves, by time (`benches/`) and by instructions
//! (`tidegate-bench repeat`, which `bench/instructions` calls).

mod exchange;
mod heads;

pub use exchange::{Sessions, session_bytes};

/// Something that is done again and again.
pub type Repeated = Box<dyn FnMut()>;

/// How to get ready for it.
pub type Make = fn() -> Repeated;

/// All that can be measured, by name.
pub const OPERATIONS: [(&str, Make); 10] = [
    ("keep_alive_exchange", exchange::keep_alive),
    ("keep_alive_recorded", exchange::recorded),
    ("keep_alive_steps_only", exchange::steps_only),
    ("connection_of_one_exchange", exchange::connection),
    ("trace_line", exchange::trace_line),
    ("read_request_small", heads::read_small),
    ("read_request_browser", heads::read_browser),
    ("write_request_small", heads::write_small),
    ("write_request_browser", heads::write_browser),
    ("response_head", heads::response),
];

/// Gets ready for the operation of this name.
#[must_use]
pub fn operation(name: &str) -> Option<Repeated> {
    let found = OPERATIONS.iter().find(|(known, _)| *known == name);
    found.map(|(_, make)| make())
}

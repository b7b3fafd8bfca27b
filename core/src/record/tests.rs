//! Every event as entries and back; what a recorder keeps, and forgets; its steps on one line.

mod brief;
mod events;
mod ring;

//! Every event as entries and back; what a recorder keeps, and forgets.

mod events;
mod ring;

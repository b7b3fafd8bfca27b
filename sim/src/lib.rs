//! Simulation: the program that ships, on networks that can be made to do anything.
//!
//! The package owns simulated networks and their faults, peers that follow scripts, the text those
//! scripts are kept in, and the oracles that judge what the peers saw. It never re-implements the
//! proxy, draws chance outside a seed, or reads a clock that is not simulated.

pub mod batch;
pub mod case;
pub mod cluster;
pub mod errno;
pub mod fast;
pub mod fault;
pub mod generate;
pub mod mirror;
pub mod museum;
pub mod net;
pub mod oracle;
pub mod peer;
pub mod probe;
pub mod proxy;
pub mod reproduce;
pub mod rng;
pub mod schedule;
pub mod shrink;
pub mod simulated;
pub mod socket;
pub mod stopwatch;
#[cfg(test)]
mod testing;
pub mod tls;
pub mod watch;
pub mod world;

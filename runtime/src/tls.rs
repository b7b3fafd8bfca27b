//! TLS: the engine's legs, and where certificates come from.

pub mod accept;
pub mod dev;
pub mod files;
pub mod leaf;
pub(crate) mod memory;
pub mod origin;
pub mod port;
pub mod provider;
mod sessions;
#[cfg(test)]
pub(crate) mod testing;
mod tickets;

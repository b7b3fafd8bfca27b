//! TLS: the engine's legs, and where certificates come from.

pub mod port;

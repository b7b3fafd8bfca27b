//! Tidegate: a reverse proxy that ends connections well.
pub mod net;

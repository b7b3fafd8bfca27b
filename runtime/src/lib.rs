//! Tidegate: a reverse proxy that ends connections well.
pub mod net;
pub mod port;
pub mod tls;

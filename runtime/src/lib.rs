//! Tidegate: a reverse proxy that ends connections well.
pub mod clock;
pub mod net;
pub mod port;
mod sys;
pub mod tls;

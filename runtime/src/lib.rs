//! Tidegate: a reverse proxy that ends connections well.

pub mod accept;
pub mod admin;
pub mod admission;
pub mod check;
pub mod cli;
pub mod clock;
pub mod config;
pub mod demo;
pub mod dns;
pub mod drain;
pub mod driver;
pub mod linger;
pub mod members;
pub mod message;
pub mod net;
pub mod observe;
pub mod pool;
pub mod port;
pub mod probe;
pub mod roll;
pub mod server;
mod sys;
pub mod tap;
pub mod tls;
pub mod upstream;
pub mod variant;
pub mod worker;

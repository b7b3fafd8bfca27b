//! core
#![no_std]
extern crate alloc;
pub mod ending;
pub mod http1;
pub mod limits;
pub mod side;
pub mod time;
pub mod timer;

//! core
#![no_std]
pub mod ending;
pub mod limits;
pub mod side;
pub mod time;
pub mod timer;

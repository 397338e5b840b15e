//! The service RAM.

mod calls;
mod changes;
mod limits;
mod responses;
mod restart;
mod rights;

//! The service RAM.

mod calls;
mod changes;
mod limits;
mod restart;
mod rights;

//! Who of several controllers works.

mod election;
mod fence;

pub use election::{Election, ElectionError, ElectionTimes};
pub use fence::{Deposed, Fence};

//! What is under way, and how much of it at once.

mod jobs;
mod queue;
mod rotation;

pub(super) use jobs::{JobKey, Jobs};
pub(super) use queue::Queue;

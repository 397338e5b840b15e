//! What is under way, and how much of it at once.

mod attempts;
mod jobs;
mod looks;
mod queue;
mod rotation;

pub(super) use attempts::{Attempt, Pauses, Work};
pub(super) use jobs::{JobKey, Jobs};
pub(super) use looks::Looks;
pub(super) use queue::Queue;

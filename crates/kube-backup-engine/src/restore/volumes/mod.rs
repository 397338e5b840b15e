//! The data of restored claims.
//!
//! What a backup says of its volumes is read before anything is created (`loaded`). Once the target's classes
//! and nodes are known, a plain function decides for each claim what becomes of its data (`plan`), and
//! a plan prints that. Claims are then restored at their turn, all at once (`provide`): each waits for its own
//! source, what it is made from is created (`snapshots`), and it is created with what leads to its data
//! (`claim`). Those that are filled through a mount are filled before any Pod is restored (`fill`).
//!
//! A claim whose data could come back and does not is not created empty: its users would start on nothing,
//! and no later run would touch what they have written. It fails by name, what uses it waits, and the same
//! restore run again completes it.

pub(crate) mod claim;
pub(crate) mod data;
pub(crate) mod fill;
pub(crate) mod held_back;
pub(crate) mod loaded;
pub(crate) mod machine;
pub(crate) mod plan;
pub(crate) mod provide;
mod size;
pub(crate) mod snapshots;
pub(crate) mod target;
pub(crate) mod turns;
pub(crate) mod users;
mod zones;

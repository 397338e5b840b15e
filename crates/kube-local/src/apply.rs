//! Server-side apply and the record of who owns which field (`metadata.managedFields`).

mod fieldset;
mod managers;
mod merge;

pub(crate) use managers::{Manager, apply, track_update};

//! Server-side apply and the record of who owns which field (`metadata.managedFields`).

mod fieldset;
mod managers;
mod merge;
mod typed;

pub(crate) use managers::{Manager, apply, track_update};
pub(crate) use typed::typed_problems;

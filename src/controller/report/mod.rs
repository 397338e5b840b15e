//! What users are told: status, conditions and events.

mod conditions;
mod estimate;
mod reporter;
mod text;

pub(super) use conditions::{Note, fields_known, set};
pub(super) use estimate::Estimate;
pub(super) use reporter::{Gone, Reporter};
pub(super) use text::{Messages, cut};

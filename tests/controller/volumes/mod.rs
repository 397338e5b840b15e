//! The data of volumes, by applied custom resources alone.

mod conversion;
mod csi;
mod day;
mod files;
pub(crate) mod stage;

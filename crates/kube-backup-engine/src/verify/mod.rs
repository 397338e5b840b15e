//! Whether a backup is undamaged and can be restored, found out without writing anything.
//!
//! It says nothing of who wrote it: see [`OpenBackup::expecting`](crate::OpenBackup::expecting).
//!
//! [`Verify`] reads a backup from its record to its last object, once from beginning to end, and says
//! what it found: bytes other than those that were committed, an index that disagrees with the
//! archive, objects that are not what their entries say, owners and references that lead nowhere. With a
//! cluster to restore to, it also says what that cluster would refuse.
//!
//! Each check is a function over a short summary of one object (`summary`, `references`); what is
//! remembered of an object is a few hashes, so a backup of any size is verified in little memory.

mod archive;
mod asked;
mod inventory;
mod record;
mod references;
mod report;
mod summary;
mod target;
#[expect(
    clippy::module_inception,
    reason = "the entry point bears the module's name"
)]
mod verify;
mod volumes;

pub use asked::{AskedPowers, AskingObject};
pub use report::{Check, Finding, Severity, VerifyReport};
pub use verify::Verify;

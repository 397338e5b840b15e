//! Drills: whether a backup comes back, found out by restoring it.
//!
//! [`Drill`] restores a backup into a cluster in this process, `kube-local`, that listens nowhere and is gone afterwards, and
//! compares every object that came back with the archive, field by field. No other cluster is asked anything.
//!
//! ```no_run
//! use ack_backup_center::drill::Drill;
//! # async fn example(repository: ack_backup_center::engine::Repository)
//! # -> Result<(), ack_backup_center::engine::Error> {
//! let report = Drill::new(repository, "nightly").run().await?;
//! println!("{report}");
//! if !report.is_proved() {
//!     eprintln!("keep the older backups");
//! }
//! # Ok(()) }
//! ```
//!
//! - **Objects of the cluster come first**, definitions among them, and are there while each namespace comes in its turn: it is
//!   restored, compared and deleted before the next. So memory holds the cluster's own objects and one namespace, beside the
//!   names of all.
//! - **What may differ** is what may differ after any restore: [`compare::TOLERATED`](crate::engine::compare::TOLERATED).
//! - **What no restore brings back**, since controllers or the cluster make it again, is counted and not compared.
//! - **The data of volumes** is not in it: claims come back empty. Whether their snapshots are there is what a
//!   [verification](crate::engine::verify::Verify) looks at.
//! - **No webhook is called**, since none of their backends runs; objects come back as if they let everything pass.
//! - **No controller runs** but those of namespaces, definitions and garbage: that Pods would start is not shown.

mod cluster;
#[expect(
    clippy::module_inception,
    reason = "the entry point bears the module's name"
)]
mod drill;
mod report;

pub use drill::Drill;
pub use report::{Difference, DrillReport};

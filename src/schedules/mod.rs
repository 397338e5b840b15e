//! Plans: what a BackupSchedule asks for, step by step, for a controller of one's own as for that of this crate.
//!
//! [`Scheduler::step`] does all that is to be done about a plan now: it makes the backup that is due, has those deleted that its
//! retention does not keep, and returns the status to be written, what people are to be told, and when to come again.
//!
//! ```no_run
//! use ack_backup_center::crds::BackupSchedule;
//! use ack_backup_center::schedules::{Scheduler, Step};
//! use chrono::Utc;
//!
//! # async fn example(client: kube::Client, plan: BackupSchedule) -> Result<(), kube::Error> {
//! let scheduler = Scheduler::new(client, "csdr", "the uid of namespace kube-system");
//! let Step { status, notices, wake_in, .. } = scheduler.step(&plan, Utc::now()).await?;
//! for notice in notices {
//!     println!("{}: {}", notice.reason, notice.message); // an event of the plan
//! }
//! // Then the status is written. What a crash leaves undone before that is done by the next step.
//! # drop((status, wake_in));
//! # Ok(()) }
//! ```
//!
//! - **No slot is run twice.** A backup is called after its plan and its slot, and is made only if absent; one of that name that
//!   is the plan's own is taken for the run, whoever made it, and one that is somebody else's is left alone and said.
//! - **Namespaces that are gone** are left out of a run and named. If none is left, the run fails as ACK's does: "get target
//!   namespace failed".
//! - **A run waits** until every backup of the plan before it has ended.
//! - **Nothing in a specification is rewritten.** `skipImmediately` counts once each time that it becomes true.
//! - Deletions are DeleteRequests, which delete snapshots, record and archive in their order, and are there to be seen.

mod backups;
mod expire;
mod fates;
mod namespaces;
mod notice;
mod retain;
mod run;
mod scheduler;
mod settings;
mod step;

#[cfg(feature = "controller")]
pub(crate) use backups::is_own;
#[cfg(feature = "controller")]
pub(crate) use namespaces::{all as all_namespaces, gone as gone_namespaces};
pub use notice::Notice;
pub use scheduler::Scheduler;
pub use step::Step;

//! Which backups are kept, and how the others are deleted.
//!
//! [`RetentionPolicy::apply`] is a plain function from what is known of backups, and the time, to a [`PrunePlan`]: every
//! backup is in it, with what becomes of it and why. [`Prune`] carries one out.
//!
//! ```
//! use chrono::{DateTime, Utc};
//! use kube_backup_engine::retention::{Candidate, RetentionPolicy, Verdict};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let policy = RetentionPolicy { keep_last: Some(2), keep_daily: Some(4), ..RetentionPolicy::default() };
//! let at = |day| format!("2026-03-{day:02}T02:00:00Z").parse::<DateTime<Utc>>();
//! let backups: Vec<_> = (1..=10)
//!     .map(|day| Ok(Candidate::completed(format!("nightly-{day}"), at(day)?)))
//!     .collect::<Result<_, chrono::ParseError>>()?;
//!
//! let plan = policy.apply(&backups, at(10)?)?;
//! let kept: Vec<&str> = plan.with(Verdict::Keep).map(|backup| backup.name.as_str()).collect();
//! assert_eq!(kept, ["nightly-10", "nightly-9", "nightly-8", "nightly-7"]);
//! println!("{plan}"); // every keep and delete, with its reasons
//! # Ok(()) }
//! ```
//!
//! # What the rules mean
//!
//! They are restic's. For each plan the backups are gone through from the newest to the oldest, and each is kept that any
//! rule keeps: `keep_daily: 7` keeps the newest backup of each of the last seven days **that have one**. The oldest backup
//! is kept as well while a rule has some left, so that history grows to its full length. `keep_within: 2d` keeps what is
//! less than two days older than the newest. Weeks are ISO weeks; `-1` is all of them. A policy without rules
//! deletes nothing but what has expired.
//!
//! | | restic, and here | Proxmox Backup Server |
//! |---|---|---|
//! | `keep_last: 2, keep_daily: 4`, a backup a day | four are kept: rules share backups | six are kept: a rule passes over periods that another has a backup of |
//! | fewer backups than a rule may keep | the oldest is kept, too | only one of each period |
//! | periods are of | UTC, or the `time_zone` of the policy (restic: the offset that each snapshot was made at) | the server's time zone |
//!
//! And what restic does not have, since its snapshots are always whole, and nobody else deletes them:
//!
//! - **Only good backups count**: `Completed` ones whose drill, if there was one, did not fail. Others take no slot, and
//!   are kept until there is a newer good one.
//! - **The newest good backup of each plan is never deleted**, whatever its age; without a good one, the newest that
//!   anything can be restored from.
//! - **Expiry is an upper bound**: what has expired is deleted, whatever rules say, except that newest one. (Copies of files in
//!   Cloud Backup are gone by then.) What has not expired is kept as long as a rule keeps it, or there are no rules.
//! - **Backups dated in the future** are kept, flagged, and take no slot. In restic they do.
//! - **Backups of others**, such as Velero, are shown with their expiry and left to them: they have data elsewhere that only
//!   they can delete.
//! - **What is locked or held** is pending, with the reason, and so is what exceeds the policy's number of deletions a pass.
//! - After a [jump of the clock](ClockWatch) nothing is deleted for an hour.

mod candidate;
mod clock;
mod plan;
mod policy;
mod prune;
mod reason;
mod rules;
mod within;

pub use candidate::{Candidate, Verified};
pub use clock::ClockWatch;
pub use plan::{BackupVerdict, PrunePlan, Verdict};
pub use policy::RetentionPolicy;
pub use prune::{Prune, PruneReport, Pruned, PrunedState};
pub use reason::Reason;
pub use within::Within;

//! When backups are made: cron and intervals, and what is to be done now.
//!
//! All of it is plain functions of what is passed in, the time too: whoever calls waits until
//! [`Decision::wake_at`], reads the cluster, and asks again.
//!
//! ```
//! use chrono::{DateTime, Utc};
//! use kube_backup_engine::schedule::{Action, ScheduleSpec, ScheduleStatus, backup_name, decide};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let spec = ScheduleSpec {
//!     time_zone: Some("Asia/Shanghai".to_owned()),
//!     ..ScheduleSpec::new("30 2 * * *")
//! };
//! let schedule = spec.check()?; // what is wrong with it, before anything depends on it
//!
//! let created: DateTime<Utc> = "2026-03-01T00:00:00Z".parse()?;
//! let status = ScheduleStatus::since(created); // kept with the plan
//! let now: DateTime<Utc> = "2026-03-01T18:30:04Z".parse()?;
//! let is_running = false; // whether a backup of the plan has not ended yet
//! let decision = decide(&schedule, &spec, &status, is_running, now);
//!
//! let Action::Run(run) = decision.action else { panic!() };
//! // The same name from whoever decides this, and as often as it is decided: no slot is run twice.
//! assert_eq!(backup_name("nightly", run.slot)?, "nightly-20260301183000");
//! // First the backup, then the status: what a crash between the two leaves is found by its name.
//! let status = decision.status;
//! assert_eq!(decide(&schedule, &spec, &status, is_running, now).action, Action::Wait);
//! # Ok(()) }
//! ```
//!
//! # What is read
//!
//! | schedule | means |
//! |---|---|
//! | `30 2 * * *` | five fields: minute, hour, day of month, month, day of week. Names (`JAN`, `MON`), ranges, steps (`*/15`, `5/15`), lists |
//! | `@hourly`, `@daily`, `@midnight`, `@weekly`, `@monthly`, `@yearly`, `@annually` | as cron has them |
//! | `6h30m`, `@every 6h30m` | an interval, of a minute at least, from the slot before it and not from when its backup ended |
//! | `CRON_TZ=Asia/Shanghai 30 2 * * *` | a time zone, which may also stand beside it; otherwise UTC |
//!
//! Where day of month and day of week are both given, **either** is enough, as in every cron; [`Schedule::warnings`] says
//! so, with the next runs. `+MON` as day of week means both. There are no fields for seconds and years, and `L`, `W`
//! and `#` are not taken, since Velero takes none of these.
//!
//! # Clocks that are put forward and back
//!
//! A schedule whose hour is `*` goes by the hours that pass: it runs in both of two equal hours, and has no hour to run in
//! where one is skipped. Any other names times of the day: one that is skipped is made up for at the first moment after
//! the gap, and one that comes twice is run at the first. (croner and Vixie's cron draw the line elsewhere, so that
//! `0 2,14 * * *` or `0 */6 * * *` lose a run; robfig's, which is Velero's, loses all that are skipped.)

mod cron;
mod decide;
mod fields;
mod name;
mod parse;
mod spec;

pub use decide::{Action, Decision, PassedOver, Run, RunCause, WhyPassedOver, decide};
pub use name::backup_name;
pub use parse::{Schedule, ScheduleWarning};
pub use spec::{ScheduleSpec, ScheduleStatus};

//! The controller: what the custom resources ask for is done.
//!
//! [`run`] is a whole controller; `examples/migrate-controller` is a program around it. It keeps nothing but what is in the cluster and in
//! the vaults, and asks the API server for nothing again and again: there is one watch for each kind.
//!
//! | kind | what is done |
//! |---|---|
//! | BackupLocation | looked at when it appears and every `validationFrequency`: credentials, endpoint, and a probe that is written, read, listed and deleted; its backups have ApplicationBackups here, by whichever cluster or Velero they were written |
//! | ApplicationBackup | made by the engine under the uid of the object, in its turn; and proved, where it, its plan or its vault asks for that: read back, or restored into a cluster in this process ([`drill`](crate::drill)) |
//! | ApplicationRestore | done by the engine under the uid of the object, in its turn; images are changed as it says, and as the ConfigMap with labels `velero.io/plugin-config` and `velero.io/change-image-name: RestoreItemAction` says for all restores |
//! | BackupSchedule | its backups are made, and those deleted that it does not keep: [`schedules`](crate::schedules) |
//! | DeleteRequest | met, and gone then; one that failed, as for the lock of a bucket, is tried again every six hours |
//! | ConvertToSnapshot | files of a backup are put onto disks, which are snapshotted for its restores |
//!
//! # What goes wrong
//!
//! - **A process that is killed** anywhere leaves work that the next one goes on with, under the same uids. Nothing fails because a
//!   controller was restarted.
//! - **Two processes**: a Lease says who leads ([`Election`]), and whoever leads no more writes no more, neither to the cluster nor to
//!   vaults ([`Fence`]).
//! - **One object** that cannot be read, or whose reconcile fails or panics, stops no other.
//! - **No finalizers**: with the controller gone, objects and their namespace can be deleted as any others. What was backed up stays in its
//!   vault until a DeleteRequest is met.
//!
//! # In turn
//!
//! So many backups, restores and deletions are under way at once as ConfigMap `csdr-config` says ([`Settings`]); changes of it
//! count at once. Places go round by what the work is of, so that one application with a hundred backups waiting does not
//! keep another waiting for all of them.

mod backups;
mod context;
mod conversions;
mod deletions;
mod http;
mod kept;
mod leader;
mod metrics;
mod options;
mod plans;
mod present;
mod report;
mod restores;
mod run;
mod settings;
mod shown;
mod snapshotters;
mod streams;
mod vaults;
mod verification;
mod work;

pub use leader::{Deposed, Election, ElectionError, ElectionTimes, Fence};
pub use options::Options;
pub use run::{RunError, run};
pub use settings::{CONFIG, Settings};
pub use vaults::SOURCE_CLUSTER;

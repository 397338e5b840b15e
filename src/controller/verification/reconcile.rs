//! What is to be done about proving a backup.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use kube::ResourceExt as _;

use super::due::{Due, due};
use super::job;
use crate::controller::context::Context;
use crate::controller::work::JobKey;
use crate::crds::ApplicationBackup;

/// What proves backups, as jobs are told apart.
pub(in crate::controller) const KIND: &str = "Verification";

/// Sees to it that a backup that is over is being proved, if that is asked for. Returns when to look again, unless something
/// changes before: the backup, or what vaults ask for.
pub(in crate::controller) fn see_to(
    context: &Arc<Context>,
    backup: &Arc<ApplicationBackup>,
) -> Option<Duration> {
    let status = backup.status.clone().unwrap_or_default();
    let vault = context.vaults.get(&backup.spec.storage_location);
    let spec = vault.as_ref().map(|known| &known.location.spec);
    match due(backup.spec.verification, spec, &status, Utc::now()) {
        Due::Now(level) => {
            let key = JobKey::new(KIND, backup.name_any());
            let uid = backup.uid().unwrap_or_default();
            let work = job::run(context.clone(), backup.clone(), level);
            context
                .jobs
                .ensure(&key, &uid, work, std::future::ready(()));
            // In case that it panicked, or waits for another one of its name.
            Some(Duration::from_secs(60))
        }
        Due::In(left) => Some(left),
        Due::No => None,
    }
}

//! The backups of a plan, as they stand in the cluster.

use chrono::{DateTime, Utc};
use kube::ResourceExt as _;
use kube::api::ListParams;
use kube::core::DeserializeGuard;
use kube_backup_engine::label_value;

use super::scheduler::Scheduler;
use crate::crds::{ApplicationBackup, SCHEDULE_LABEL, SYNCED_FROM, from_time, phase};

impl Scheduler {
    /// What [`Scheduler::with_backups`] knows of them, if it knows any.
    pub(super) fn known_backups_of(&self, plan: Option<&str>) -> Option<Vec<ApplicationBackup>> {
        let known = self.known.as_ref()?;
        known(plan.map(label_value).as_deref())
    }

    /// The backups that this plan made, or those that no plan made, as the API server has them now. Those that cannot be read are left
    /// out: nothing is known of them, so nothing is done about them.
    pub(super) async fn backups_of(
        &self,
        plan: Option<&str>,
    ) -> Result<Vec<ApplicationBackup>, kube::Error> {
        let selector = plan.map_or_else(
            || format!("!{SCHEDULE_LABEL}"),
            |plan| format!("{SCHEDULE_LABEL}={}", label_value(plan)),
        );
        let only = ListParams::default().labels(&selector);
        let found = kube::Api::<DeserializeGuard<ApplicationBackup>>::namespaced(
            self.client.clone(),
            &self.namespace,
        );
        let found = found.list(&only).await?;
        Ok(found.items.into_iter().filter_map(|it| it.0.ok()).collect())
    }
}

/// Whether a backup has ended, whatever came of it.
pub(super) fn has_ended(backup: &ApplicationBackup) -> bool {
    let phase = backup.status.as_ref().and_then(|it| it.phase.as_deref());
    phase.is_some_and(phase::is_over)
}

/// One that has not ended and is not being deleted: the next one waits for it. What was found in a vault is no run of a plan.
pub(super) fn running(backups: &[ApplicationBackup]) -> Option<&ApplicationBackup> {
    backups.iter().find(|backup| {
        is_own(backup) && !has_ended(backup) && backup.metadata.deletion_timestamp.is_none()
    })
}

/// Whether this cluster made it, and did not only find it in a vault.
pub(crate) fn is_own(backup: &ApplicationBackup) -> bool {
    // Such an object is there before it is known what it stands for.
    if backup.annotations().contains_key(SYNCED_FROM) {
        return false;
    }
    let of_record = backup.status.as_ref();
    let of_record = of_record.and_then(|it| it.backup_uid.as_ref());
    of_record.is_none_or(|uid| backup.metadata.uid.as_ref() == Some(uid))
}

/// Whether a plan made it.
pub(super) fn is_of(backup: &ApplicationBackup, plan: &str) -> bool {
    backup.labels().get(SCHEDULE_LABEL).map(String::as_str) == Some(&label_value(plan))
}

/// When one was last completed that this cluster has made.
pub(super) fn last_completed(backups: &[ApplicationBackup]) -> Option<DateTime<Utc>> {
    let own = backups.iter().filter(|backup| is_own(backup));
    let completed = own.filter_map(|backup| backup.status.as_ref());
    let completed = completed.filter(|status| status.phase.as_deref() == Some(phase::COMPLETED));
    completed
        .filter_map(|status| status.completion_timestamp.as_ref())
        .map(from_time)
        .max()
}

/// When one that this cluster has made was last proved to be as it should be.
pub(super) fn last_verified(backups: &[ApplicationBackup]) -> Option<DateTime<Utc>> {
    let own = backups.iter().filter(|backup| is_own(backup));
    let verified = own.filter_map(|backup| backup.status.as_ref()?.verification.as_ref());
    let passed = verified.filter(|it| it.phase.as_deref() == Some(phase::PASSED));
    passed
        .filter_map(|it| it.completion_timestamp.as_ref())
        .map(from_time)
        .max()
}

//! Making the backup of a slot.

use chrono::{DateTime, Utc};
use kube::api::PostParams;
use kube::{Api, ResourceExt as _};
use kube_backup_engine::label_value;
use kube_backup_engine::schedule::backup_name;

use super::backups::is_of;
use super::namespaces::{Namespaces, all, keep_those_there};
use super::notice::Notice;
use super::scheduler::Scheduler;
use crate::crds::{ApplicationBackup, BackupSchedule, SCHEDULE_LABEL};

/// What came of a slot.
#[derive(Debug)]
pub(super) enum Made {
    /// There is a backup of this name, made now or before.
    Backup(String),
    /// There is none, and will be none for this slot.
    Nothing,
}

impl Scheduler {
    /// Makes the backup of a slot, or finds it made. What is to be said of it is added to `notices`.
    ///
    /// # Errors
    /// When the cluster cannot be asked; then the slot is tried again.
    pub(super) async fn make(
        &self,
        plan: &BackupSchedule,
        slot: DateTime<Utc>,
        notices: &mut Vec<Notice>,
    ) -> Result<Made, kube::Error> {
        let plan_name = plan.name_any();
        let name = match backup_name(&plan_name, slot) {
            Ok(name) => name,
            Err(error) => {
                notices.push(Notice::warning("NotMade", error.to_string()));
                return Ok(Made::Nothing);
            }
        };
        let mut spec = plan.spec.template.clone();
        spec.verification = spec.verification.or(plan.spec.verification);
        match keep_those_there(&mut spec, &all(&self.client).await?) {
            Namespaces::Gone(gone) if gone.is_empty() => {}
            Namespaces::Gone(gone) => notices.push(Notice::warning(
                "NamespacesGone",
                format!("`{name}` is without namespaces `{}`, which are gone: remove them from the plan", gone.join("`, `")),
            )),
            Namespaces::NoneLeft(why) => {
                // ACK's own text.
                let message = format!("get target namespace failed: {why}: edit the plan");
                notices.push(Notice::warning("NoNamespaces", message));
                return Ok(Made::Nothing);
            }
        }
        let mut backup = ApplicationBackup::new(&name, spec);
        backup.metadata.namespace = Some(self.namespace.clone());
        backup
            .labels_mut()
            .insert(SCHEDULE_LABEL.to_owned(), label_value(&plan_name));
        let backups = Api::<ApplicationBackup>::namespaced(self.client.clone(), &self.namespace);
        match backups.create(&PostParams::default(), &backup).await {
            Ok(_) => {
                notices.push(Notice::normal(
                    "BackupMade",
                    format!("made ApplicationBackup `{name}`"),
                ));
                Ok(Made::Backup(name))
            }
            Err(kube::Error::Api(status)) if status.is_already_exists() => {
                let there = backups.get_opt(&name).await?;
                // Made by this controller before it was stopped, or by another one.
                if there.is_some_and(|there| is_of(&there, &plan_name)) {
                    return Ok(Made::Backup(name));
                }
                notices.push(Notice::warning(
                    "NameTaken",
                    format!("there is no backup for this slot, since an ApplicationBackup `{name}` is there that is not of this plan"),
                ));
                Ok(Made::Nothing)
            }
            // What the API server does not take now it will not take later.
            Err(kube::Error::Api(status)) if matches!(status.code, 400 | 422) => {
                notices.push(Notice::warning(
                    "NotMade",
                    format!("make ApplicationBackup `{name}`: {}", status.message),
                ));
                Ok(Made::Nothing)
            }
            Err(error) => Err(error),
        }
    }
}

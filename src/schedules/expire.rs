//! Backups that no plan looks after, made by hand or by a plan that is gone: they are deleted once they have expired.

use std::collections::HashSet;
use std::time::Duration;

use chrono::{DateTime, Utc};
use kube::api::ListParams;
use kube::{Api, ResourceExt as _};
use kube_backup_engine::label_value;
use kube_backup_engine::retention::RetentionPolicy;

use super::backups::has_ended;
use super::fates::{Fates, id};
use super::notice::Notice;
use super::retain::{Asked, doomed};
use super::scheduler::Scheduler;
use crate::crds::{ApplicationBackup, BackupSchedule, SCHEDULE_LABEL, from_time};

/// How often to look whether one that has expired may go.
const AGAIN: Duration = Duration::from_secs(6 * 3600);

impl Scheduler {
    /// Asks for the deletion of a backup that no plan looks after, once it has expired: one made by hand, or by a plan that is
    /// gone. The newest good one of those beside it stays. Returns what is to be told, and when to look again.
    ///
    /// However many have expired together, the API server is asked once for all of them, by the first that this scheduler or a clone of it
    /// looks at.
    ///
    /// # Errors
    /// When the cluster cannot be asked.
    pub async fn expire(
        &self,
        backup: &ApplicationBackup,
        now: DateTime<Utc>,
    ) -> Result<(Vec<Notice>, Option<Duration>), kube::Error> {
        let Some(expires_at) = expiration(backup) else {
            return Ok((Vec::new(), None));
        };
        if let Ok(left) = (expires_at - now).to_std() {
            return Ok((Vec::new(), Some(left + Duration::from_secs(1))));
        }
        let plan = backup.labels().get(SCHEDULE_LABEL).map(String::as_str);
        let Some(goes) = self.goes(plan, backup, now).await? else {
            return Ok((Vec::new(), None));
        };
        let mut notices = Vec::new();
        if goes && matches!(self.request_deletion(&backup.name_any()).await?, Asked::Now) {
            notices.push(Notice::normal(
                "BackupExpired",
                format!("it expired at {}, and is deleted", expires_at.to_rfc3339()),
            ));
        }
        // The newest one stays until there is another.
        Ok((notices, Some(AGAIN)))
    }

    /// Whether one that has expired goes; `None` when there is its plan, which looks after it.
    async fn goes(
        &self,
        plan: Option<&str>,
        backup: &ApplicationBackup,
        now: DateTime<Utc>,
    ) -> Result<Option<bool>, kube::Error> {
        if plan.is_some_and(|plan| self.knows_plan(plan)) {
            return Ok(None);
        }
        let mut decided = self.decided.lock().await;
        if let Some(goes) = decided.take(plan, backup, now) {
            return Ok(Some(goes));
        }
        if let Some(plan) = plan
            && self.has_plan(plan).await?
        {
            return Ok(None);
        }
        let fates = self.fates(plan, now).await?;
        decided.put(plan, now, fates);
        // One that is gone by now is not among them.
        Ok(Some(decided.take(plan, backup, now).unwrap_or(false)))
    }

    async fn fates(&self, plan: Option<&str>, now: DateTime<Utc>) -> Result<Fates, kube::Error> {
        // What is known may be old: it says what stays for now, and not what goes.
        if let Some(known) = self.known_backups_of(plan) {
            let fates = self.fates_of(&known, now);
            if !fates.values().any(|goes| *goes) {
                return Ok(fates);
            }
        }
        Ok(self.fates_of(&self.backups_of(plan).await?, now))
    }

    /// Whether each that has expired goes, by all that are beside it.
    fn fates_of(&self, beside: &[ApplicationBackup], now: DateTime<Utc>) -> Fates {
        let (candidates, own) = self.candidates(beside.iter());
        let policy = RetentionPolicy::default();
        let plans = (policy.apply(&candidates, now), policy.apply(&own, now));
        let doomed: HashSet<&str> = match &plans {
            (Ok(plan), Ok(of_own)) => doomed(plan, &own, of_own)
                .into_iter()
                .map(|it| it.name.as_str())
                .collect(),
            _ => HashSet::new(),
        };
        let expired = beside
            .iter()
            .filter(|it| expiration(it).is_some_and(|at| at <= now));
        expired
            .map(|backup| (id(backup), doomed.contains(&*backup.name_any())))
            .collect()
    }

    /// Whether there is the plan that a label is of. The label of a long name is not the name.
    async fn has_plan(&self, label: &str) -> Result<bool, kube::Error> {
        let plans = Api::<BackupSchedule>::namespaced(self.client.clone(), &self.namespace);
        if plans.get_metadata_opt(label).await?.is_some() {
            return Ok(true);
        }
        let all = plans.list_metadata(&ListParams::default()).await?;
        Ok(all
            .items
            .iter()
            .any(|plan| label_value(&plan.name_any()) == label))
    }
}

/// When one expires that has ended.
fn expiration(backup: &ApplicationBackup) -> Option<DateTime<Utc>> {
    let status = backup.status.as_ref().filter(|_| has_ended(backup))?;
    status.expiration.as_ref().map(from_time)
}

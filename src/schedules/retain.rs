//! Having the backups deleted that a plan does not keep.

use std::cmp::Reverse;
use std::collections::HashSet;

use chrono::{DateTime, Utc};
use kube::api::PostParams;
use kube::{Api, ResourceExt as _};
use kube_backup_engine::Phase;
use kube_backup_engine::retention::{
    BackupVerdict, Candidate, ClockWatch, PrunePlan, Reason, RetentionPolicy, Verdict, Verified,
};

use super::backups::is_own;
use super::notice::Notice;
use super::scheduler::Scheduler;
use crate::crds::{
    ApplicationBackup, DeleteObjectType, DeleteRequest, DeleteRequestSpec, RetentionStatus,
    VerificationStatus, from_time, phase,
};

/// How many backups that could not be deleted are named.
const NAMED: usize = 5;

impl Scheduler {
    /// What `policy` does not keep of these backups of one plan; `None` where it is no policy.
    pub(super) fn prune(
        &self,
        policy: &RetentionPolicy,
        backups: &[ApplicationBackup],
        before: Option<&RetentionStatus>,
        now: DateTime<Utc>,
    ) -> Option<Pruning> {
        let mut watch: ClockWatch = before.and_then(|it| it.clock.clone()).unwrap_or_default();
        let backups = backups.iter();
        let left = backups.filter(|backup| backup.metadata.deletion_timestamp.is_none());
        let (candidates, own) = self.candidates(left);
        let plan = policy.apply(&candidates, now).ok()?;
        let of_own = policy.apply(&own, now).ok()?;
        let plan = plan.watched_by(&mut watch);
        let doomed = doomed(&plan, &own, &of_own).into_iter().cloned().collect();
        Some(Pruning {
            plan,
            doomed,
            watch,
        })
    }

    /// Asks for the deletion of what is not kept. Asked again, it asks for nothing twice.
    pub(super) async fn retain(
        &self,
        pruning: Pruning,
        notices: &mut Vec<Notice>,
    ) -> Result<RetentionStatus, kube::Error> {
        let Pruning {
            plan,
            doomed: all_doomed,
            watch,
        } = pruning;
        let mut refused = Vec::new();
        for doomed in &all_doomed {
            let reasons: Vec<String> = doomed.reasons.iter().map(Reason::to_string).collect();
            match self.request_deletion(&doomed.name).await? {
                Asked::Now => notices.push(Notice::normal(
                    "BackupExpired",
                    format!(
                        "ApplicationBackup `{}` is deleted: {}",
                        doomed.name,
                        reasons.join(", ")
                    ),
                )),
                Asked::Before => {}
                Asked::Refused(why) => refused.push(format!("`{}`: {why}", doomed.name)),
            }
        }
        let deleting = all_doomed.len();
        let spared = plan.with(Verdict::Delete).count() - deleting;
        let number = |count| i64::try_from(count).unwrap_or(i64::MAX);
        let shown = refused
            .iter()
            .take(NAMED)
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join("; ");
        Ok(RetentionStatus {
            kept: number(plan.with(Verdict::Keep).count() + spared),
            deleting: number(deleting),
            pending: number(plan.with(Verdict::Pending).count()),
            message: (!shown.is_empty()).then_some(shown),
            clock: Some(watch),
        })
    }

    /// What retention knows of backups of a plan: of all, and of those that this cluster has made.
    pub(super) fn candidates<'b>(
        &self,
        backups: impl Iterator<Item = &'b ApplicationBackup>,
    ) -> (Vec<Candidate>, Vec<Candidate>) {
        let mut all = Vec::new();
        let mut own = Vec::new();
        for backup in latest_first(backups) {
            let candidate = self.candidate(backup);
            if is_own(backup) {
                own.push(candidate.clone());
            }
            all.push(candidate);
        }
        (all, own)
    }

    /// What retention knows of a backup of a plan. Backups in another vault are of another plan, in that each vault keeps
    /// its newest good one.
    fn candidate(&self, backup: &ApplicationBackup) -> Candidate {
        let status = backup.status.clone().unwrap_or_default();
        let created = status.start_timestamp.as_ref().map(from_time);
        let created =
            created.or_else(|| backup.metadata.creation_timestamp.as_ref().map(from_time));
        let mut candidate = Candidate::completed(backup.name_any(), created.unwrap_or_default())
            .of_plan(backup.spec.storage_location.clone());
        candidate.uid = status
            .backup_uid
            .or_else(|| backup.uid())
            .unwrap_or_default();
        candidate.created_at = created;
        candidate.expires_at = Ok(status.expiration.as_ref().map(from_time));
        candidate.phase = match status.phase.as_deref() {
            // It never began, so that nothing is in its vault.
            Some(phase::FAILED_VALIDATION) => Phase::Failed,
            phase => phase.unwrap_or_default().to_owned().into(),
        };
        candidate.verified = status
            .verification
            .as_ref()
            .map(verified)
            .unwrap_or_default();
        // Those of other clusters are theirs to delete.
        candidate.is_foreign = status
            .source_cluster
            .is_some_and(|source| source != self.cluster);
        candidate
    }

    pub(super) async fn request_deletion(&self, name: &str) -> Result<Asked, kube::Error> {
        let spec = DeleteRequestSpec {
            delete_object_name: name.to_owned(),
            delete_object_type: DeleteObjectType::Backup,
            unknown: std::collections::BTreeMap::new(),
        };
        // The name follows from the backup's, so that it is asked for once.
        let request = DeleteRequest::new(name, spec);
        let requests = Api::<DeleteRequest>::namespaced(self.client.clone(), &self.namespace);
        match requests.create(&PostParams::default(), &request).await {
            Ok(_) => Ok(Asked::Now),
            Err(kube::Error::Api(status)) if status.is_already_exists() => {
                let status = requests
                    .get_opt(name)
                    .await?
                    .and_then(|it| it.status)
                    .unwrap_or_default();
                Ok(match status.phase.as_deref() {
                    Some(phase::FAILED) => Asked::Refused(status.message.unwrap_or_default()),
                    _ => Asked::Before,
                })
            }
            Err(error) => Err(error),
        }
    }
}

/// What proving a backup came to. While it is proved again, what was found before counts.
fn verified(status: &VerificationStatus) -> Verified {
    match (&status.first_difference, status.phase.as_deref()) {
        (Some(difference), _) => Verified::Failed(difference.clone()),
        (None, Some(phase::PASSED)) => Verified::Passed,
        (None, Some(phase::FAILED)) => Verified::Failed("it says no more".to_owned()),
        _ => Verified::Not,
    }
}

/// What is to go of a plan. What was only found in a vault takes the place of nothing that this cluster has made: records say
/// of plans and times what whoever writes to the bucket likes.
pub(super) fn doomed<'p>(
    plan: &'p PrunePlan,
    own: &[Candidate],
    of_own: &PrunePlan,
) -> Vec<&'p BackupVerdict> {
    let own: HashSet<&str> = own.iter().map(|it| it.name.as_str()).collect();
    let by_itself = of_own.with(Verdict::Delete);
    let by_itself: HashSet<&str> = by_itself.map(|it| it.name.as_str()).collect();
    let doomed = plan.with(Verdict::Delete);
    doomed
        .filter(|it| !own.contains(&*it.name) || by_itself.contains(&*it.name))
        .collect()
}

/// What becomes of the backups of a plan.
pub(super) struct Pruning {
    plan: PrunePlan,
    /// Those that are to go.
    doomed: Vec<BackupVerdict>,
    watch: ClockWatch,
}

impl Pruning {
    /// Whether anything is to go.
    pub(super) fn deletes(&self) -> bool {
        !self.doomed.is_empty()
    }
}

/// In the order in which retention takes those of one second: a plan names its runs by their time.
fn latest_first<'b>(
    backups: impl Iterator<Item = &'b ApplicationBackup>,
) -> Vec<&'b ApplicationBackup> {
    let mut backups: Vec<_> = backups.collect();
    backups.sort_by_key(|backup| Reverse(backup.name_any()));
    backups
}

/// What came of asking for a deletion.
pub(super) enum Asked {
    Now,
    Before,
    /// It was tried, and failed.
    Refused(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Times have seconds, and two runs may begin in one.
    #[test]
    fn of_two_runs_of_one_second_the_later_one_is_the_newer() {
        let now: DateTime<Utc> = "2026-05-20T00:00:00Z".parse().unwrap();
        let runs = ["plan-20260520000001", "plan-20260520000002"].map(|name| {
            ApplicationBackup::new(name, crate::crds::ApplicationBackupSpec::default())
        });
        let candidates: Vec<_> = latest_first(runs.iter())
            .into_iter()
            .map(|run| Candidate::completed(run.name_any(), now))
            .collect();
        let policy = RetentionPolicy {
            keep_last: Some(1),
            ..RetentionPolicy::default()
        };
        let plan = policy.apply(&candidates, now).unwrap();
        let kept: Vec<_> = plan
            .with(Verdict::Keep)
            .map(|it| it.name.as_str())
            .collect();
        assert_eq!(kept, ["plan-20260520000002"]);
    }

    #[test]
    fn what_was_found_in_a_vault_makes_nothing_go_that_this_cluster_has_made() {
        let now: DateTime<Utc> = "2026-05-20T00:00:00Z".parse().unwrap();
        let of = |name: &str, day: u32| {
            let at: DateTime<Utc> = format!("2026-05-{day:02}T00:00:00Z").parse().unwrap();
            Candidate::completed(name, at)
        };
        let own = [of("own-1", 1), of("own-2", 2), of("own-3", 3)];
        let forged: Vec<_> = (4..10)
            .map(|day| of(&format!("forged-{day}"), day))
            .collect();
        let all = [&own[..], &forged].concat();
        let policy = RetentionPolicy {
            keep_last: Some(2),
            ..RetentionPolicy::default()
        };
        let plan = policy.apply(&all, now).unwrap();
        let of_own = policy.apply(&own, now).unwrap();
        let names: Vec<_> = doomed(&plan, &own, &of_own)
            .into_iter()
            .map(|it| it.name.as_str())
            .collect();
        // The third of its own goes as it would without the others.
        assert!(names.contains(&"own-1"), "{names:?}");
        assert!(
            !names.contains(&"own-2") && !names.contains(&"own-3"),
            "{names:?}"
        );
        assert_eq!(
            names.iter().filter(|it| it.starts_with("forged")).count(),
            4,
            "{names:?}"
        );
    }
}

//! What is told of a backup that is over.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube_backup_engine::{Error, ErrorKind, Phase, Record, Results};

use crate::controller::report::{Messages, Note, cut, set};
use crate::controller::vaults::SOURCE_CLUSTER;
use crate::crds::{ApplicationBackupStatus, SCHEDULE_LABEL, condition, phase, to_time};

/// Fills a status with what the record says, which is all there is to know of a backup.
pub(super) fn of_record(status: &mut ApplicationBackupStatus, record: &Record, results: &Results) {
    let stored = &record.status;
    status.phase = Some(match &stored.phase {
        Phase::Completed => phase::COMPLETED.to_owned(),
        Phase::PartiallyFailed => phase::PARTIALLY_FAILED.to_owned(),
        Phase::Failed => phase::FAILED.to_owned(),
        other => other.to_string(),
    });
    status.progress = None;
    status.message = None;
    status.start_timestamp = stored
        .start_timestamp
        .map(to_time)
        .or(status.start_timestamp.take());
    status.completion_timestamp = stored.completion_timestamp.map(to_time);
    status.expiration = record.expires_at().ok().flatten().map(to_time);
    let count = |count: u64| i64::try_from(count).ok();
    status.objects = stored.progress.and_then(|it| count(it.items_backed_up));
    status.warnings = count(stored.warnings);
    status.errors = count(stored.errors);
    status.archive_bytes = record
        .archive()
        .ok()
        .flatten()
        .and_then(|it| count(it.size));
    status.backup_uid = Some(record.uid().to_owned());
    let label = |name: &str| record.metadata.labels.get(name).cloned();
    status.source_cluster = label(SOURCE_CLUSTER);
    status.from_schedule = label(SCHEDULE_LABEL).or_else(|| label("velero.io/schedule-name"));
    let mut messages = Messages::default();
    for (kind, of) in [("error", &results.errors), ("warning", &results.warnings)] {
        of.messages()
            .for_each(|text| messages.add(&format!("{kind}: {text}")));
    }
    status.first_messages = messages.first;
}

/// A backup that failed.
pub(super) fn failed(status: &mut ApplicationBackupStatus, why: &str) {
    status.phase = Some(phase::FAILED.to_owned());
    status.message = Some(cut(why, 2000));
    status.progress = None;
    status.completion_timestamp = Some(to_time(chrono::Utc::now()));
}

/// The summary of a backup that is over.
pub(super) fn summary(
    conditions: &mut Vec<Condition>,
    generation: Option<i64>,
    phase: &str,
    why: Option<&str>,
) {
    let (holds, reason, words) = match phase {
        phase::COMPLETED => (true, "Completed", "everything that was asked for is in it"),
        phase::PARTIALLY_FAILED => (
            false,
            "PartiallyFailed",
            "something that was asked for is not in it: see status.firstMessages",
        ),
        _ => (false, "Failed", "there is no backup"),
    };
    let note = Note {
        holds,
        reason,
        message: why.unwrap_or(words),
    };
    set(conditions, condition::READY, generation, &note);
}

/// What a failure is called, in the words that people search for ("FAQ about the backup center"), with what was said.
pub(super) fn in_words(error: &Error) -> String {
    let said = error.chain();
    match error.kind() {
        ErrorKind::AlreadyExists => format!("backup already exists in OSS bucket: {said}"),
        ErrorKind::Timeout => format!(
            "velero backup process timeout: {said}; a higher velero_timeout_minutes in ConfigMap `csdr/csdr-config` gives it more time"
        ),
        ErrorKind::Store => format!("upload backup files to OSS bucket failed: {said}"),
        ErrorKind::NotFound => format!("VaultError: backup vault is unavailable: {said}"),
        _ => said,
    }
}

/// Whether the same backup may be tried again, by itself.
pub(super) fn may_pass(error: &Error) -> bool {
    match error.kind() {
        // Its own deadline is over.
        ErrorKind::Timeout
        | ErrorKind::AlreadyExists
        | ErrorKind::Invalid
        | ErrorKind::Internal => false,
        ErrorKind::Busy => true,
        _ => error.is_retryable(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_have_the_words_that_people_search_for() {
        for (kind, words, again) in [
            (
                ErrorKind::AlreadyExists,
                "backup already exists in OSS bucket",
                false,
            ),
            (ErrorKind::Timeout, "velero backup process timeout", false),
            (
                ErrorKind::Store,
                "upload backup files to OSS bucket failed",
                false,
            ),
            (
                ErrorKind::NotFound,
                "VaultError: backup vault is unavailable",
                false,
            ),
            (ErrorKind::Busy, "step", true),
        ] {
            let error = Error::new(kind, "step");
            assert!(in_words(&error).contains(words), "{kind:?}");
            assert_eq!(may_pass(&error), again, "{kind:?}");
        }
        assert!(may_pass(
            &Error::new(ErrorKind::Store, "step").with_retryable(true)
        ));
    }
}

//! What is told of a restore that is over.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube_backup_engine::restore::{Outcome, RestoreReport};
use kube_backup_engine::{Error, ErrorKind};

use crate::controller::report::{Messages, Note, cut, set};
use crate::crds::{ApplicationRestoreStatus, condition, phase, to_time};

/// Fills a status with what became of the objects.
pub(super) fn of_report(status: &mut ApplicationRestoreStatus, report: &RestoreReport) {
    let (mut messages, mut warnings) = (Messages::default(), 0_usize);
    for item in report.failed() {
        if let Outcome::Failed(why) = &item.outcome {
            messages.add(&format!("error: {}: {why}", item.id));
        }
    }
    let errors = messages.count;
    let of_objects = report.items.iter().flat_map(|item| {
        let of_object = item.warnings.into_iter();
        of_object.map(move |text| format!("warning: {}: {text}", item.id))
    });
    let of_all = report
        .warnings
        .iter()
        .map(|text| format!("warning: {text}"));
    for text in of_all.chain(of_objects) {
        messages.add(&text);
        warnings += 1;
    }
    for issue in &report.health_issues {
        messages.add(&format!(
            "warning: {}: {}; {}",
            issue.id, issue.reason, issue.remedy
        ));
        warnings += 1;
    }
    let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let counts = report.counts();
    status.outcomes = counts
        .into_iter()
        .map(|(name, of)| (name.to_owned(), count(of)))
        .collect();
    status.errors = Some(count(errors));
    status.warnings = Some(count(warnings));
    status.first_messages = messages.first;
    status.progress = None;
    status.message = None;
    status.completion_timestamp = Some(to_time(chrono::Utc::now()));
    if report.items.is_empty() {
        return failed(
            status,
            "nothing in the backup is what was asked for: see the warnings in status.firstMessages",
        );
    }
    let whole = report.is_complete();
    status.phase = Some(
        if whole {
            phase::COMPLETED
        } else {
            phase::PARTIALLY_FAILED
        }
        .to_owned(),
    );
}

/// A restore that failed.
pub(super) fn failed(status: &mut ApplicationRestoreStatus, why: &str) {
    status.phase = Some(phase::FAILED.to_owned());
    status.message = Some(cut(why, 2000));
    status.progress = None;
    status.completion_timestamp = Some(to_time(chrono::Utc::now()));
}

/// The summary of a restore that is over.
pub(super) fn summary(
    conditions: &mut Vec<Condition>,
    generation: Option<i64>,
    phase: &str,
    why: Option<&str>,
) {
    let (holds, reason, words) = match phase {
        phase::COMPLETED => (
            true,
            "Completed",
            "everything that was asked for is in the cluster",
        ),
        phase::PARTIALLY_FAILED => (
            false,
            "PartiallyFailed",
            "some objects could not be restored: see status.firstMessages",
        ),
        _ => (false, "Failed", "nothing more is restored"),
    };
    let note = Note {
        holds,
        reason,
        message: why.unwrap_or(words),
    };
    set(conditions, condition::READY, generation, &note);
}

/// What a failure is called, in the words that people search for, with what was said.
pub(super) fn in_words(error: &Error) -> String {
    let said = error.chain();
    match error.kind() {
        ErrorKind::Store => format!("download backup files from OSS bucket failed: {said}"),
        ErrorKind::Timeout => format!("velero restore process timeout: {said}"),
        _ => said,
    }
}

//! What the record says of itself and of how the backup went.

use super::report::{Check, Finding, Severity};
use crate::{Phase, PointInTime, Record, Results};

/// Findings about a record that could be read.
pub(super) fn check(record: &Record, point_in_time: Option<&PointInTime>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut add = |severity, message: String, remedy: &str| {
        findings.push(Finding::new(severity, Check::Record, message).remedy(remedy));
    };
    match &record.status.phase {
        Phase::Completed => {}
        Phase::PartiallyFailed => add(
            Severity::Warning,
            "the backup is PartiallyFailed: something that was chosen is not in it".into(),
            "see its results for what is missing",
        ),
        other => add(
            Severity::Error,
            format!("the backup's phase is `{other}`, and not one that a finished backup has"),
            "use a backup that is Completed",
        ),
    }
    let format = record.status.format_version.as_str();
    // Early versions of Velero wrote none, with archives as in 1.0.0.
    if !format.is_empty() && !format.starts_with("1.") {
        add(
            Severity::Error,
            format!("its format `{format}` is not one this version reads"),
            "read it with the program that wrote it",
        );
    }
    for (kind, reason) in point_in_time.into_iter().flat_map(|point| &point.except) {
        add(
            Severity::Note,
            format!("`{kind}` was not read at the same point in time as the rest: {reason}"),
            "",
        );
    }
    findings
}

/// What the backup itself reported to be missing.
pub(super) fn check_results(results: &Results) -> Vec<Finding> {
    let errors = results
        .errors
        .messages()
        .map(|message| (Severity::Warning, message));
    let warnings = results
        .warnings
        .messages()
        .map(|message| (Severity::Note, message));
    errors
        .chain(warnings)
        .map(|(severity, message)| {
            Finding::new(
                severity,
                Check::Record,
                format!("reported by the backup: {message}"),
            )
        })
        .collect()
}

/// A finding when the record counts another number of objects than were found.
pub(super) fn check_count(record: &Record, found: u64) -> Option<Finding> {
    let said = record.status.progress?.items_backed_up;
    (said != found).then(|| {
        let message = format!("the record counts {said} objects, the archive holds {found}");
        Finding::new(Severity::Error, Check::Archive, message)
            .remedy("use another backup, or restore what is there by name")
    })
}

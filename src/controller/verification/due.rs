//! Whether a backup is to be proved now.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::crds::{
    ApplicationBackupStatus, BackupLocationSpec, GoDuration, VerificationLevel, from_time, phase,
};

/// Vaults are asked for no more often than this, whatever they say.
const AT_MOST: Duration = Duration::from_secs(60);

/// What is to be done about proving a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// It is to be proved like this.
    Now(VerificationLevel),
    /// It is to be proved again in so long.
    In(Duration),
    /// Nobody asks for it, or it was done.
    No,
}

/// By what the backup asks for and what its vault does, of which the more counts.
pub(super) fn due(
    own: Option<VerificationLevel>,
    vault: Option<&BackupLocationSpec>,
    status: &ApplicationBackupStatus,
    now: DateTime<Utc>,
) -> Due {
    let of_vault = vault.and_then(|it| it.verification);
    let Some(asked) = own.max(of_vault) else {
        return Due::No;
    };
    let phase = status.phase.as_deref();
    if !matches!(phase, Some(phase::COMPLETED | phase::PARTIALLY_FAILED)) {
        return Due::No;
    }
    let Some(done) = &status.verification else {
        return Due::Now(asked);
    };
    let is_over = matches!(done.phase.as_deref(), Some(phase::PASSED | phase::FAILED));
    let is_enough = done.level.as_deref() == Some(asked.name())
        || done.level.as_deref() == Some(VerificationLevel::Drill.name());
    if !(is_over && is_enough) {
        return Due::Now(asked);
    }
    let often = vault.and_then(|it| often(it.verification_frequency.as_ref()));
    let (Some(often), Some(at)) = (often, &done.completion_timestamp) else {
        return Due::No;
    };
    // A clock that went back makes nothing due.
    let since = (now - from_time(at)).to_std().unwrap_or_default();
    match often.checked_sub(since) {
        Some(left) if !left.is_zero() => Due::In(left),
        _ => Due::Now(asked),
    }
}

fn often(said: Option<&GoDuration>) -> Option<Duration> {
    let said = said?.parse().ok().filter(|it| !it.is_zero())?;
    Some(said.max(AT_MOST))
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use serde_json::json;

    use super::*;
    use crate::crds::{VerificationStatus, to_time};
    use VerificationLevel::{Drill, Verify};

    fn vault(
        verification: Option<VerificationLevel>,
        frequency: Option<&str>,
    ) -> BackupLocationSpec {
        let spec = json!({"objectStorage": {"bucket": "vault"}, "verification": verification, "verificationFrequency": frequency});
        serde_json::from_value(spec).unwrap()
    }

    fn proved(level: VerificationLevel, phase: &str, ago: TimeDelta) -> ApplicationBackupStatus {
        ApplicationBackupStatus {
            phase: Some(phase::COMPLETED.to_owned()),
            verification: Some(VerificationStatus {
                phase: Some(phase.to_owned()),
                level: Some(level.name().to_owned()),
                completion_timestamp: Some(to_time(now() - ago)),
                ..VerificationStatus::default()
            }),
            ..ApplicationBackupStatus::default()
        }
    }

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap()
    }

    #[test]
    fn the_most_that_anybody_asks_for_is_done_once_and_after_a_restart_again() {
        let day = TimeDelta::days(1);
        let fresh = ApplicationBackupStatus {
            phase: Some(phase::COMPLETED.to_owned()),
            ..ApplicationBackupStatus::default()
        };
        let running = ApplicationBackupStatus {
            phase: Some(phase::IN_PROGRESS.to_owned()),
            ..ApplicationBackupStatus::default()
        };
        let failed = ApplicationBackupStatus {
            phase: Some(phase::FAILED.to_owned()),
            ..ApplicationBackupStatus::default()
        };
        let nothing = vault(None, None);
        let drills = vault(Some(Drill), None);
        let weekly = vault(Some(Verify), Some("168h"));
        for (own, vault, status, wanted) in [
            (None, &nothing, &fresh, Due::No),
            (Some(Verify), &nothing, &fresh, Due::Now(Verify)),
            (Some(Verify), &drills, &fresh, Due::Now(Drill)),
            (Some(Drill), &weekly, &fresh, Due::Now(Drill)),
            (None, &drills, &running, Due::No),
            (None, &drills, &failed, Due::No),
            // What was under way when a controller stopped.
            (
                None,
                &drills,
                &proved(Drill, phase::IN_PROGRESS, day),
                Due::Now(Drill),
            ),
            (None, &drills, &proved(Drill, phase::PASSED, day), Due::No),
            (None, &drills, &proved(Drill, phase::FAILED, day), Due::No),
            // More is asked for than was done; and less.
            (
                None,
                &drills,
                &proved(Verify, phase::PASSED, day),
                Due::Now(Drill),
            ),
            (
                Some(Verify),
                &nothing,
                &proved(Drill, phase::PASSED, day),
                Due::No,
            ),
            (
                None,
                &weekly,
                &proved(Verify, phase::PASSED, day),
                Due::In(Duration::from_secs(6 * 24 * 3600)),
            ),
            (
                None,
                &weekly,
                &proved(Verify, phase::FAILED, day * 7),
                Due::Now(Verify),
            ),
            (
                None,
                &weekly,
                &proved(Verify, phase::PASSED, -day),
                Due::In(Duration::from_secs(7 * 24 * 3600)),
            ),
        ] {
            let found = due(own, Some(vault), status, now());
            assert_eq!(found, wanted, "{own:?} {vault:?} {status:?}");
        }
        assert_eq!(due(Some(Drill), None, &fresh, now()), Due::Now(Drill));
    }
}

//! One backup, from its turn until it is proved or not.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use kube::ResourceExt as _;
use kube_backup_engine::verify::{Severity, Verify, VerifyReport};
use kube_backup_engine::{Error, ErrorKind};
use tokio::time::{Instant, timeout};

use crate::chain::chain;
use crate::controller::context::Context;
use crate::controller::report::{Gone, Note, cut, set};
use crate::controller::vaults::{OpenLocation, Waited};
use crate::controller::work::Pauses;
use crate::crds::{
    ApplicationBackup, ApplicationBackupStatus, BackupLocation, VerificationLevel,
    VerificationStatus, condition, phase, to_time,
};
use crate::drill::Drill;

/// Between two attempts, at most.
const MAX_PAUSE: Duration = Duration::from_secs(300);

/// What was found.
struct Found {
    objects: u64,
    differences: u64,
    first: Option<String>,
}

/// Proves a backup, and tells.
pub(super) async fn run(
    context: Arc<Context>,
    backup: Arc<ApplicationBackup>,
    level: VerificationLevel,
) {
    let Some(backup) = whole(&context, &backup).await else {
        return;
    };
    let job = Job {
        context: &context,
        backup: &backup,
        status: backup.status.clone().unwrap_or_default(),
        level,
    };
    // An object that is gone needs no more words.
    let _ = job.run().await;
}

/// All of a backup, of which little is kept once it is over: its status is written whole. `None` when it is gone.
async fn whole(context: &Context, backup: &ApplicationBackup) -> Option<ApplicationBackup> {
    let name = backup.name_any();
    let mut pauses = Pauses::up_to(MAX_PAUSE);
    loop {
        match context.backups().get_opt(&name).await {
            Ok(found) => return found.filter(|it| it.metadata.uid == backup.metadata.uid),
            Err(error) => {
                let error = chain(&error);
                tracing::warn!(name, error, "read a backup that is to be proved");
            }
        }
        pauses.pause().await;
    }
}

struct Job<'a> {
    context: &'a Context,
    backup: &'a ApplicationBackup,
    /// Nobody else writes it once the backup is over.
    status: ApplicationBackupStatus,
    level: VerificationLevel,
}

impl Job<'_> {
    async fn run(mut self) -> Result<(), Gone> {
        let vault = self.backup.spec.storage_location.clone();
        let mut began = None;
        let mut pauses = Pauses::up_to(MAX_PAUSE);
        let (found, _place) = loop {
            let attempt = match self.location(&vault).await {
                Ok(location) => {
                    // Nobody keeps the place who waits: not for a vault, and not for the next attempt.
                    let place = self.context.queues.verifications.place(&vault).await;
                    if began.is_none() {
                        self.begin().await?;
                        began = Some(Instant::now());
                    }
                    self.attempt(&location).await.map(|found| (found, place))
                }
                Err(why) => Err(why),
            };
            let why = match attempt {
                Ok(found) => break found,
                Err(why) => why,
            };
            let name = self.backup.name_any();
            tracing::warn!(name, why, "the verification of a backup is tried again");
            let message = Some(cut(&format!("it is tried again: {why}"), 2000));
            if self.verification().message != message {
                self.verification().message = message;
                self.write().await?;
            }
            pauses.pause().await;
        };
        self.finish(&found).await?;
        let took = began.map(|it| it.elapsed()).unwrap_or_default();
        let metrics = &self.context.metrics;
        metrics.verification_ended(&self.status, took.as_secs_f64());
        Ok(())
    }

    /// Says that it has its turn.
    async fn begin(&mut self) -> Result<(), Gone> {
        let schedule = self.status.from_schedule.clone();
        let level = self.level.name();
        let verification = self.verification();
        let resumed = verification.phase.as_deref() == Some(phase::IN_PROGRESS);
        // What was found before stays there, and counts, until something else is.
        verification.phase = Some(phase::IN_PROGRESS.to_owned());
        verification.level = Some(level.to_owned());
        verification.start_timestamp = Some(to_time(Utc::now()));
        verification.message = None;
        self.write().await?;
        if !resumed {
            let metrics = &self.context.metrics;
            metrics.verification_begins(schedule.as_deref());
        }
        Ok(())
    }

    fn verification(&mut self) -> &mut VerificationStatus {
        self.status
            .verification
            .get_or_insert_with(VerificationStatus::default)
    }

    /// The vault, once it can be used; why not, when the time is over.
    async fn location(&self, vault: &str) -> Result<Arc<BackupLocation>, String> {
        let within = self.context.settings.read().timeout;
        let mut wait = self.context.vaults.wait_for(vault, within);
        loop {
            match wait.next().await {
                Waited::Usable(location) => return Ok(location),
                Waited::Still(_) => {}
                Waited::Over(why) => return Err(why),
            }
        }
    }

    /// What is found, or why nothing could be.
    async fn attempt(&self, location: &BackupLocation) -> Result<Found, String> {
        let within = self.context.settings.read().timeout;
        let open = OpenLocation::of(self.context, location).await?;
        match timeout(within, self.look(&open)).await {
            Ok(found) => found,
            Err(_) => Err(format!(
                "it took more than the {} minutes of velero_timeout_minutes in ConfigMap `csdr-config`",
                within.as_secs() / 60
            )),
        }
    }

    async fn look(&self, open: &OpenLocation) -> Result<Found, String> {
        let name = self.backup.name_any();
        let read = open.repository.volumes(&name).await;
        // What is wrong with these files is found by the verification itself.
        let has_volumes = read.is_ok_and(|volumes| !volumes.is_empty());
        // Rights on snapshots are only needed where there are any.
        let snapshotters = match has_volumes {
            true => open.snapshotters(self.context).await?,
            false => Vec::new(),
        };
        let verify = Verify::new(open.repository.clone(), &name).with_snapshotters(snapshotters);
        let report = match verify.run().await {
            Ok(report) => report,
            Err(error) => return missing(&error),
        };
        let found = self.of_verification(&report);
        if self.level == VerificationLevel::Verify || found.differences > 0 {
            return Ok(found);
        }
        match Drill::new(open.repository.clone(), &name).run().await {
            Ok(report) => Ok(Found {
                objects: report.objects,
                differences: report.differing,
                first: report.differences.first().map(ToString::to_string),
            }),
            Err(error) => missing(&error),
        }
    }

    /// What a verification found, of this very backup.
    fn of_verification(&self, report: &VerifyReport) -> Found {
        let is_another = |expected: &Option<String>, found: &str| {
            expected.as_ref().is_some_and(|expected| expected != found)
        };
        let sha256 = report.record_sha256.map(|it| it.to_string());
        let first = if !report.uid.is_empty() && is_another(&self.status.backup_uid, &report.uid) {
            Some("the backup of its name in the vault is another one".to_owned())
        } else if sha256.is_some_and(|it| is_another(&self.status.record_sha256, &it)) {
            Some("its record was changed since it was made".to_owned())
        } else {
            let mut errors = report.findings.iter();
            let error = errors.find(|it| it.severity == Severity::Error);
            error.map(|it| match &it.object {
                Some(object) => format!("{}: {object}: {}", it.check, it.message),
                None => format!("{}: {}", it.check, it.message),
            })
        };
        let differences = report.count(Severity::Error);
        Found {
            objects: report.objects,
            differences: differences.max(u64::from(first.is_some())),
            first,
        }
    }

    async fn finish(&mut self, found: &Found) -> Result<(), Gone> {
        let level = self.level;
        let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let passed = found.differences == 0;
        let word = if passed { phase::PASSED } else { phase::FAILED };
        let first = (!passed).then(|| found.first.clone().unwrap_or_default());
        let verification = self.verification();
        verification.phase = Some(word.to_owned());
        verification.completion_timestamp = Some(to_time(Utc::now()));
        verification.objects = Some(count(found.objects));
        verification.differences = Some(count(found.differences));
        verification.first_difference = first.as_deref().map(|first| cut(first, 1000));
        verification.message = None;
        let said = match (level, &first) {
            (VerificationLevel::Verify, None) => format!(
                "all {} objects were read back, and every reference in them leads somewhere",
                found.objects
            ),
            (VerificationLevel::Drill, None) => format!(
                "it came back: {} objects were restored and are as they were",
                found.objects
            ),
            (_, Some(first)) => format!(
                "{} of it is not as it should be, at first {first}; it is no good backup: make another one",
                found.differences
            ),
        };
        let note = Note {
            holds: passed,
            reason: match (level, passed) {
                (VerificationLevel::Verify, true) => "ReadBack",
                (VerificationLevel::Drill, true) => "Restored",
                (_, false) => "NotProved",
            },
            message: &said,
        };
        let generation = self.backup.metadata.generation;
        set(
            &mut self.status.conditions,
            condition::VERIFIED,
            generation,
            &note,
        );
        let reporter = &self.context.reporter;
        if passed {
            reporter.normal(self.backup, "Verified", &said).await;
        } else {
            reporter
                .warning(self.backup, "VerificationFailed", &said)
                .await;
        }
        self.write().await
    }

    async fn write(&self) -> Result<(), Gone> {
        let reporter = &self.context.reporter;
        reporter.status(self.backup, &self.status).await
    }
}

/// A backup that is not there, or that nobody here can read, is not proved; a store that cannot be asked says nothing.
fn missing(error: &Error) -> Result<Found, String> {
    let said = error.chain();
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::Locked | ErrorKind::Corrupt | ErrorKind::Untrusted => {
            Ok(Found {
                objects: 0,
                differences: 1,
                first: Some(said),
            })
        }
        _ => Err(said),
    }
}

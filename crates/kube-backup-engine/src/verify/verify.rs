//! The steps of a verification, in their order.

use std::fmt;
use std::sync::Arc;

use super::archive::{self, Checked};
use super::inventory::{Inventory, Missing};
use super::record;
use super::report::{Check, Finding, Severity, VerifyReport};
use super::target::Target;
use super::volumes;
use crate::repository::StoredRecord;
use crate::seal::{self, Seal};
use crate::volumes::VolumeSnapshotter;
use crate::{EntryFilter, Error, ErrorKind, ObjectId, OpenBackup, PointInTime, Repository, Result};

/// A verification to be done.
///
/// ```no_run
/// # async fn example(client: kube::Client, repository: kube_backup_engine::Repository)
/// # -> Result<(), kube_backup_engine::Error> {
/// use kube_backup_engine::verify::Verify;
///
/// let report = Verify::new(repository, "nightly").against(client).run().await?;
/// print!("{report}");
/// if !report.is_restorable() {
///     eprintln!("keep the older backups");
/// }
/// # Ok(()) }
/// ```
///
/// # What is checked
/// - The seal, if the repository has a [trust](Repository::with_trust); what that does not admit is not read any
///   further.
/// - The record: that it can be read, how the backup ended, and what it reported to be missing.
/// - The archive: length, CRC-64 and SHA-256 against the record; that it ends where it should; for backups
///   of other programs, whose records name none of these, that it can be read to its end.
/// - What is encrypted, if an identity opens it; without one, that the stored bytes are those that the record names.
/// - The files beside it: that those the record names are there, with the SHA-256 it names.
/// - The index: its digests, and that it lists what the archive holds, at its places and no more.
/// - Every object: its SHA-256, its JSON, that name, namespace and group are those of its place, and that
///   no other has its name.
/// - Owners by their uids, and other objects that an object needs: what Pods mount, read and run as,
///   volumes and classes of claims, roles and accounts of bindings, Services of Ingresses, webhooks and
///   APIServices, targets of autoscalers, definitions of custom resources.
/// - With snapshotters: that the snapshots of its volumes are there.
/// - The powers that it asks for, as a [plan](crate::restore::RestorePlan) begins with: who can write to a bucket chooses what a
///   restore creates.
/// - With a cluster: kinds and versions that it does not serve, each object that the archive holds in
///   another scope than the cluster's, fields that the cluster's own definitions and OpenAPI documents do
///   not have, and which of the missing objects the cluster has.
///
/// Archives in format 1.1.0 hold objects once more in a folder for each version; like restores,
/// this reads the first copy.
pub struct Verify {
    repository: Repository,
    name: String,
    cluster: Option<kube::Client>,
    snapshotters: Vec<Arc<dyn VolumeSnapshotter>>,
}

impl fmt::Debug for Verify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verify")
            .field("name", &self.name)
            .field("against_cluster", &self.cluster.is_some())
            .field("snapshotters", &self.snapshotters)
            .finish_non_exhaustive()
    }
}

impl Verify {
    /// A verification of the backup `name`.
    pub fn new(repository: Repository, name: impl Into<String>) -> Self {
        Self {
            repository,
            name: name.into(),
            cluster: None,
            snapshotters: Vec::new(),
        }
    }

    /// Also looks whether the snapshots that these have made are still there: one that is gone is a finding, and its
    /// volume cannot be restored.
    #[must_use]
    pub fn with_snapshotters(mut self, snapshotters: Vec<Arc<dyn VolumeSnapshotter>>) -> Self {
        self.snapshotters = snapshotters;
        self
    }

    /// Also looks at what the cluster that `client` connects to would refuse. It is only read from.
    #[must_use]
    pub fn against(mut self, client: kube::Client) -> Self {
        self.cluster = Some(client);
        self
    }

    /// Verifies. The archive is read once, and a second time when owners or references are missing, to
    /// find out whose they are.
    ///
    /// # Errors
    /// When there is no backup of that name, or store or cluster cannot be asked. Whatever is wrong with
    /// the backup itself is a finding.
    pub async fn run(self) -> Result<VerifyReport> {
        let mut report = VerifyReport::default();
        report.backup.clone_from(&self.name);
        report.against_cluster = self.cluster.is_some();
        let Some(stored) = self.record(&mut report).await? else {
            return Ok(report);
        };
        report.uid = stored.record.uid().to_owned();
        report.record_sha256 = Some(stored.sha256);
        let seal = self.repository.seal_of(&stored).await;
        let Some(seal) = admitted(seal, &mut report)? else {
            return Ok(report);
        };
        report.seal = seal;
        self.look_at_others(&mut report).await?;
        let Some(backup) = self.open(stored, &mut report).await? else {
            return Ok(report);
        };

        if !self.snapshotters.is_empty() {
            let volumes = or_finding(backup.volumes().await, Check::Files, &mut report)?;
            let volumes = volumes.unwrap_or_default();
            volumes::check(&self.snapshotters, &volumes, &mut report).await;
        }
        let target = match &self.cluster {
            Some(client) => Some(Box::pin(Target::open(client)).await?),
            None => None,
        };
        let schemas = match &target {
            Some(target) => target.schemas(&backup, report.indexed, &mut report).await,
            None => Arc::default(),
        };
        let mut inventory = Inventory::default();
        for secret in self.locked_secrets(&backup, &mut report).await? {
            inventory.note_locked(&secret);
        }
        archive::pass(&backup, report.indexed, &schemas, |checked| match checked {
            Checked::Fault(finding) => report.add(finding),
            Checked::Object(id, summary) => {
                report.powers.note(&id, &summary.powers);
                if let Some(finding) = inventory.note(&id, &summary) {
                    report.add(finding);
                }
            }
        })
        .await?;
        report.objects = inventory.objects;
        let all = inventory.objects + report.locked_secrets;
        if let Some(finding) = record::check_count(backup.record(), all) {
            report.add(finding);
        }

        let mut missing = Missing::default();
        if !inventory.is_closed() {
            let look = |checked| {
                if let Checked::Object(id, summary) = checked {
                    missing.note(&inventory, &id, &summary);
                }
            };
            archive::pass(&backup, report.indexed, &Arc::default(), look).await?;
        }
        if let Some(target) = &target {
            Box::pin(target.check(&inventory, &mut missing, &mut report)).await?;
        }
        missing.tell(&mut report);
        Ok(report)
    }

    /// The Secrets that are encrypted to others, which are there as far as their names say.
    async fn locked_secrets(
        &self,
        backup: &OpenBackup,
        report: &mut VerifyReport,
    ) -> Result<Vec<ObjectId>> {
        let Some(why) = backup.secrets_locked() else {
            return Ok(Vec::new());
        };
        let names = backup.locked(&EntryFilter::default(), why).await;
        let names = or_finding(names, Check::Files, report)?.unwrap_or_default();
        let names: Vec<ObjectId> = names.into_iter().filter_map(|name| name.id).collect();
        report.locked_secrets = names.len() as u64;
        let message = format!(
            "{} Secrets were not looked at, and are not restored without an identity: {why}",
            names.len()
        );
        report.add(Finding::new(Severity::Warning, Check::Encryption, message));
        Ok(names)
    }

    /// What the seals of the repository say of others that are gone.
    async fn look_at_others(&self, report: &mut VerifyReport) -> Result<()> {
        let Some(trust) = self.repository.trust() else {
            return Ok(());
        };
        let seals = self.repository.seals(trust).await?;
        for issue in seal::issues(&seals, &trust.known) {
            let finding = Finding::new(Severity::Note, Check::Seal, issue.to_string());
            report.add(finding.remedy("find out who deleted it, unless you know"));
        }
        Ok(())
    }

    /// `None` when it cannot be read, which is then a finding.
    async fn record(&self, report: &mut VerifyReport) -> Result<Option<StoredRecord>> {
        let found = match self.repository.stored_record(&self.name).await {
            Ok(Some(stored)) => match stored.record.point_in_time() {
                Ok(point_in_time) => Ok((stored, point_in_time)),
                Err(error) => Err(error),
            },
            Ok(None) => {
                return Err(Error::new(
                    ErrorKind::NotFound,
                    format!(
                        "verify backup `{}`: there is no backup of that name",
                        self.name
                    ),
                ));
            }
            Err(error) => Err(error),
        };
        let Some((stored, point_in_time)) = or_finding(found, Check::Record, report)? else {
            return Ok(None);
        };
        let point_in_time: Option<PointInTime> = point_in_time;
        for finding in record::check(&stored.record, point_in_time.as_ref()) {
            report.add(finding);
        }
        Ok(Some(stored))
    }

    /// `None` when there is nothing to read.
    async fn open(
        &self,
        stored: StoredRecord,
        report: &mut VerifyReport,
    ) -> Result<Option<OpenBackup>> {
        let opened = self.repository.open_unchecked(stored).await;
        let Some(backup) = or_finding(opened, Check::Archive, report)? else {
            return Ok(None);
        };
        report.archive_bytes = backup.archive_size();
        report.encryption = backup.encryption().cloned();
        if let Some(why) = backup.why_locked() {
            for name in backup.names_of_files() {
                or_finding(backup.check_file(&name).await, Check::Files, report)?;
            }
            let message = format!("nothing of it was looked at but its bytes: {why}");
            report.add(Finding::new(Severity::Error, Check::Encryption, message));
            return Ok(None);
        }
        if report.seal.is_some() {
            let same = backup.check_before_unpacking().await;
            if or_finding(same, Check::Archive, report)?.is_none() {
                return Ok(None);
            }
        }
        if let Err(error) = backup.check_length() {
            report.add(
                Finding::failed(Check::Archive, &error)
                    .remedy("restores refuse it; use another backup"),
            );
        }
        for name in backup.names_beside() {
            or_finding(backup.check_file(&name).await, Check::Files, report)?;
        }
        // What is damaged was said above.
        let results = match backup.results().await {
            Err(error)
                if error.kind() == ErrorKind::Corrupt && !backup.names_beside().is_empty() =>
            {
                None
            }
            results => or_finding(results, Check::Files, report)?,
        };
        for finding in results.flatten().iter().flat_map(record::check_results) {
            report.add(finding);
        }
        match backup.facts() {
            None => report.add(Finding::new(
                Severity::Note,
                Check::Record,
                "the record holds no digest of its archive, so a changed archive cannot be told from the original",
            )),
            Some(facts) if facts.index.is_some() => match archive::check_index(&backup).await? {
                Some(finding) => report.add(finding),
                None => report.indexed = backup.has_index().await?,
            },
            Some(_) => {}
        }
        Ok(Some(backup))
    }
}

/// A backup that is not admitted is a finding, and nothing of it is unpacked: then there is nothing to go on with.
fn admitted(seal: Result<Option<Seal>>, report: &mut VerifyReport) -> Result<Option<Option<Seal>>> {
    match seal {
        Err(error) if error.kind() == ErrorKind::Untrusted => {
            let finding = Finding::failed(Check::Seal, &error);
            report.add(
                finding.remedy("restores refuse it; find out who wrote it, or use another backup"),
            );
            Ok(None)
        }
        seal => or_finding(seal, Check::Seal, report),
    }
}

/// What is wrong with the backup is a finding, what is wrong with the store an error.
fn or_finding<T>(result: Result<T>, check: Check, report: &mut VerifyReport) -> Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == ErrorKind::Corrupt => {
            report.add(Finding::failed(check, &error).remedy("use another backup"));
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

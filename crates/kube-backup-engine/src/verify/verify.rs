//! The steps of a verification, in their order.

use std::fmt;

use super::archive::{self, Checked};
use super::inventory::{Inventory, Missing};
use super::report::{Check, Finding, Severity, VerifyReport};
use super::{record, target};
use crate::{Error, ErrorKind, OpenBackup, PointInTime, Record, Repository, Result};

/// A verification to be done.
///
/// ```no_run
/// # async fn example(client: kube::Client, repository: kube_backup_engine::Repository)
/// # -> Result<(), kube_backup_engine::Error> {
/// use kube_backup_engine::verify::Verify;
///
/// let report = Verify::new(repository, "nightly").against(client).run().await?;
/// print!("{report}");
/// if !report.is_sound() {
///     eprintln!("keep the older backups");
/// }
/// # Ok(()) }
/// ```
///
/// # What is checked
/// - The record: that it can be read, how the backup ended, and what it reported to be missing.
/// - The archive: length, ETag and CRC-64 against the record; that it ends where it should; for backups
///   of other programs, whose records name none of these, that it can be read to its end.
/// - The index: its digests, and that it lists what the archive holds, at its places and no more.
/// - Every object: its SHA-256, its JSON, that name, namespace and group are those of its place, and that
///   no other has its name.
/// - Owners by their uids, and other objects that an object needs: what Pods mount, read and run as,
///   volumes and classes of claims, roles and accounts of bindings, Services of Ingresses, webhooks and
///   APIServices, targets of autoscalers, definitions of custom resources.
/// - With a cluster: kinds and versions that it does not serve, and which of the missing objects it has.
///
/// Archives in format 1.1.0 hold objects once more in a folder for each version; like restores,
/// this reads the first copy.
pub struct Verify {
    repository: Repository,
    name: String,
    cluster: Option<kube::Client>,
}

impl fmt::Debug for Verify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verify")
            .field("name", &self.name)
            .field("against_cluster", &self.cluster.is_some())
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
        }
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
        let Some(record) = self.record(&mut report).await? else {
            return Ok(report);
        };
        report.uid = record.uid().to_owned();
        let Some(backup) = self.open(record, &mut report).await? else {
            return Ok(report);
        };

        let mut inventory = Inventory::default();
        archive::pass(&backup, report.indexed, |checked| match checked {
            Checked::Fault(finding) => report.add(finding),
            Checked::Object(id, summary) => {
                if let Some(finding) = inventory.note(&id, &summary) {
                    report.add(finding);
                }
            }
        })
        .await?;
        report.objects = inventory.objects;
        if let Some(finding) = record::check_count(backup.record(), inventory.objects) {
            report.add(finding);
        }

        let mut missing = Missing::default();
        if !inventory.is_closed() {
            let look = |checked| {
                if let Checked::Object(id, summary) = checked {
                    missing.note(&inventory, &id, &summary);
                }
            };
            archive::pass(&backup, report.indexed, look).await?;
        }
        if let Some(client) = &self.cluster {
            target::check(client, &inventory, &mut missing, &mut report).await?;
        }
        missing.tell(&mut report);
        Ok(report)
    }

    /// `None` when it cannot be read, which is then a finding.
    async fn record(&self, report: &mut VerifyReport) -> Result<Option<Record>> {
        let found = match self.repository.record(&self.name).await {
            Ok(Some(record)) => match record.point_in_time() {
                Ok(point_in_time) => Ok((record, point_in_time)),
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
        let Some((record, point_in_time)) = or_finding(found, Check::Record, report)? else {
            return Ok(None);
        };
        let point_in_time: Option<PointInTime> = point_in_time;
        for finding in record::check(&record, point_in_time.as_ref()) {
            report.add(finding);
        }
        Ok(Some(record))
    }

    /// `None` when there is nothing to read.
    async fn open(&self, record: Record, report: &mut VerifyReport) -> Result<Option<OpenBackup>> {
        let opened = self.repository.open_unchecked(record).await;
        let Some(backup) = or_finding(opened, Check::Archive, report)? else {
            return Ok(None);
        };
        report.archive_bytes = backup.archive_length();
        if let Err(error) = backup.check_identity() {
            report.add(
                Finding::failed(Check::Archive, &error)
                    .remedy("restores refuse it; use another backup"),
            );
        }
        let results = or_finding(backup.results().await, Check::Record, report)?;
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
                None if backup.has_index().await? => report.indexed = true,
                None => report.add(
                    Finding::new(Severity::Warning, Check::Index, "the index is missing")
                        .remedy("restores read the whole archive, whatever is chosen"),
                ),
            },
            Some(_) => {}
        }
        Ok(Some(backup))
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

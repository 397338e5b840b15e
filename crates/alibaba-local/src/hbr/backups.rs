//! Making a backup: what a job copies, and what it leaves in the vault.

use std::io;
use std::path::PathBuf;

use chrono::{DateTime, FixedOffset, Timelike as _, Utc};

use super::contents::manifest::Manifest;
use super::contents::pieces::PieceId;
use super::copy::backup::{From, copy};
use super::copy::report::Report;
use super::copy::rules::Rules;
use super::records::{BackupJob, Counts, Mount, Records, Selection, Snapshot, Source};
use super::run::{End, Run};
use super::state::Hbr;
use super::{bounds, ids};
use crate::openapi::error::ApiError;

/// Where the kubelet usually keeps what Pods mount; the `hostPrefix` of a job is below it.
const PODS: &str = "/var/lib/kubelet/pods";

/// A job that is to be made.
pub(super) struct NewBackup {
    pub(super) region: String,
    pub(super) vault: String,
    pub(super) name: Option<String>,
    pub(super) source: Source,
    pub(super) selection: Selection,
    pub(super) backup_type: String,
    pub(super) retention_days: i64,
    pub(super) keep_latest: bool,
    pub(super) options: Option<String>,
    pub(super) speed_limit: Option<String>,
    pub(super) plan: Option<String>,
    pub(super) trigger: &'static str,
    /// When it begins.
    pub(super) at: DateTime<Utc>,
}

/// What a source came to.
type Copied = Result<(Manifest, Report), String>;

impl Hbr {
    /// Makes a job and copies what it is about. The job and its snapshots are seen as the clock goes
    /// on. The job's id.
    pub(super) fn back_up(
        &self,
        records: &mut Records,
        new: NewBackup,
    ) -> Result<String, ApiError> {
        let id = ids::new("job");
        let mut counts = Report::default();
        let mut errors = Vec::new();
        let mut made = Vec::new();
        for (source, copied) in self.copy_all(records, &new) {
            match copied {
                Ok((manifest, report)) => {
                    made.push((source, manifest, Counts::of(&report)));
                    counts.add(report);
                }
                Err(error) => errors.push(error),
            }
        }
        let is_partial = !counts.failures.is_empty() || !errors.is_empty();
        let end = match (made.is_empty(), is_partial) {
            (true, _) => End::Failed,
            (false, true) => End::PartialComplete,
            (false, false) => End::Complete,
        };
        let error = match (errors.pop(), counts.failures.len()) {
            (Some(error), _) => Some(error),
            (None, 0) => None,
            (None, failed) => Some(format!(
                "{failed} of {} items could not be backed up.",
                counts.items
            )),
        };
        let speed = self.speed_at(new.at, new.speed_limit.as_deref())?;
        let run = Run::new(new.at, counts.bytes_done, speed, end);
        let mut snapshots = Vec::new();
        for (source, manifest, counts) in made {
            let snapshot = self.keep(records, &new, &id, &run, (source, manifest, counts))?;
            snapshots.push(snapshot);
        }
        let job = BackupJob {
            id: id.clone(),
            serial: records.next_serial(),
            region: new.region,
            vault: new.vault,
            name: new.name,
            source: new.source,
            selection: new.selection,
            backup_type: new.backup_type,
            options: new.options,
            speed_limit: new.speed_limit,
            plan: new.plan,
            trigger: new.trigger.to_owned(),
            run,
            counts: Counts::of(&counts),
            error,
            snapshots,
        };
        records.backup_jobs.insert(id.clone(), job);
        Ok(id)
    }

    /// Keeps a snapshot, its list first: what is listed must be there. Its id.
    fn keep(
        &self,
        records: &mut Records,
        new: &NewBackup,
        job: &str,
        run: &Run,
        (source, manifest, counts): (Source, Manifest, Counts),
    ) -> Result<String, ApiError> {
        let id = ids::new("s");
        let repository = &self.shared.repository;
        let saved = repository.save(&new.vault, &id, &manifest);
        saved.map_err(|error| ApiError::internal(&error))?;
        let parent = match new.backup_type.as_str() {
            "INCREMENTAL" => records
                .snapshots_at(new.at)
                .into_iter()
                .rfind(|it| it.vault == new.vault && it.source == source)
                .map(|it| it.hash.clone()),
            _ => None,
        };
        let snapshot = Snapshot {
            id: id.clone(),
            serial: records.next_serial(),
            hash: PieceId::of(format!("{id} {job}").as_bytes()).to_string(),
            parent,
            region: new.region.clone(),
            vault: new.vault.clone(),
            job: job.to_owned(),
            plan: new.plan.clone(),
            keep_latest: new.keep_latest,
            source,
            selection: new.selection.clone(),
            backup_type: new.backup_type.clone(),
            is_partial: !counts.error_file.is_empty(),
            retention_days: new.retention_days,
            created_at: run.created_at,
            started_at: run.starts_at(),
            completed_at: run.ends_at(),
            counts,
        };
        records.snapshots.insert(id.clone(), snapshot);
        Ok(id)
    }

    /// Copies a source: of a container job, every volume, each of which makes a snapshot of its own.
    fn copy_all(&self, records: &Records, new: &NewBackup) -> Vec<(Source, Copied)> {
        let include = &new.selection.include;
        let rules = Rules::new(include, &new.selection.exclude);
        match &new.source {
            Source::Container {
                cluster,
                identifier,
                mounts,
            } => {
                let is_ready = records
                    .clusters
                    .get(cluster)
                    .is_some_and(|cluster| records.agent_status(cluster, new.at) == "READY");
                let copied = mounts.iter().map(|mount| {
                    let source = Source::Container {
                        cluster: cluster.clone(),
                        identifier: identifier.clone(),
                        mounts: vec![mount.clone()],
                    };
                    let copied = match self.node(&mount.host).filter(|_| is_ready) {
                        Some(root) => {
                            let folder = mount.folder(&self.pods(&mount.host));
                            self.copy_folder(&root, &folder, &rules, &new.vault)
                        }
                        None => Err("ClientNotExist".to_owned()),
                    };
                    (source, copied)
                });
                copied.collect()
            }
            Source::Files { instance, paths } => {
                let copied = match self.node(instance) {
                    Some(root) => self.copy_paths(&root, paths, rules, &new.vault),
                    None => Err("ClientNotExist".to_owned()),
                };
                vec![(new.source.clone(), copied)]
            }
            Source::Nas {
                file_system, paths, ..
            } => {
                let root = self.file_system(file_system);
                let copied = match root {
                    Some(root) => self.copy_paths(&root, paths, rules, &new.vault),
                    None => Err("SOURCE_NOT_EXIST".to_owned()),
                };
                vec![(new.source.clone(), copied)]
            }
            Source::Oss { bucket, prefix } => {
                let copied = match self.objects.as_deref().filter(|it| it.has_bucket(bucket)) {
                    Some(objects) => {
                        let from = From::Bucket {
                            objects,
                            name: bucket,
                            prefix,
                        };
                        copy(&from, &rules, &self.shared.repository, &new.vault)
                            .map_err(|error| error.to_string())
                    }
                    None => Err("SOURCE_NOT_EXIST".to_owned()),
                };
                vec![(new.source.clone(), copied)]
            }
        }
    }

    fn copy_folder(
        &self,
        root: &std::path::Path,
        below: &str,
        rules: &Rules,
        vault: &str,
    ) -> Copied {
        let from = From::Folder { root, below };
        copy(&from, rules, &self.shared.repository, vault).map_err(|error| reason(&error))
    }

    /// Copies some paths of a root. One of them that is missing fails by its name, unless all are.
    fn copy_paths(
        &self,
        root: &std::path::Path,
        paths: &[String],
        rules: Rules,
        vault: &str,
    ) -> Copied {
        let missing: Vec<_> = paths
            .iter()
            .filter(|path| !super::copy::backup::exists(root, path))
            .collect();
        if !paths.is_empty() && missing.len() == paths.len() {
            return Err("SOURCE_NOT_EXIST".to_owned());
        }
        let (manifest, mut report) = self.copy_folder(root, "/", &rules.at(paths), vault)?;
        for path in missing {
            report.items += 1;
            let failure = (path.clone(), "SOURCE_NOT_EXIST".to_owned());
            report.failures.push(failure);
        }
        Ok((manifest, report))
    }

    pub(super) fn node(&self, name: &str) -> Option<PathBuf> {
        self.shared.folders.lock().nodes.get(name).cloned()
    }

    /// Where a node has what Pods mount.
    pub(super) fn pods(&self, node: &str) -> String {
        let folders = self.shared.folders.lock();
        folders
            .pods
            .get(node)
            .map_or_else(|| PODS.to_owned(), Clone::clone)
    }

    pub(super) fn file_system(&self, id: &str) -> Option<PathBuf> {
        self.shared.folders.lock().file_systems.get(id).cloned()
    }

    /// Bytes a second, by the hour of the day in UTC+8: that zone is assumed.
    fn speed_at(&self, at: DateTime<Utc>, limit: Option<&str>) -> Result<u64, ApiError> {
        let hour = match FixedOffset::east_opt(8 * 3600) {
            Some(zone) => at.with_timezone(&zone).hour(),
            None => at.hour(),
        };
        let windows = bounds::speed_limit(limit)?;
        let limit = windows
            .iter()
            .find(|(from, to, _)| (*from..*to).contains(&hour))
            .map(|(.., speed)| speed.saturating_mul(1024));
        Ok(limit.map_or(self.speed, |limit| limit.min(self.speed)))
    }
}

impl Mount {
    /// Its path on the node: a relative prefix is one below the kubelet's directory of Pods.
    pub(super) fn folder(&self, pods: &str) -> String {
        match self.prefix.starts_with('/') {
            true => format!("{}/{}", self.prefix, self.path),
            false => format!("{pods}/{}/{}", self.prefix, self.path),
        }
    }
}

impl Counts {
    pub(super) fn of(report: &Report) -> Self {
        Self {
            bytes: report.bytes,
            bytes_done: report.bytes_done,
            items: report.items,
            items_done: report.items_done,
            new_bytes: report.new_bytes,
            new_items: report.new_items,
            error_file: report.error_file(),
            skipped: report.skipped.clone(),
        }
    }
}

/// The code of a source that cannot be opened. Links on the way to it are not followed, so they are as
/// good as nothing.
fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound
        | io::ErrorKind::NotADirectory
        | io::ErrorKind::InvalidInput
        | io::ErrorKind::InvalidFilename => "SOURCE_NOT_EXIST".to_owned(),
        _ if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) => {
            "SOURCE_NOT_EXIST".to_owned()
        }
        _ => error.to_string(),
    }
}

//! Restore jobs.

use std::io;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{paths, seconds, sparse, text};
use super::backup_jobs::{EDITIONS, course, cross_account, merge};
use super::conditions::Filter;
use super::copy::ConflictPolicy;
use super::copy::report::Report;
use super::copy::restore::{Into, copy};
use super::copy::rules::Rules;
use super::listing::{self, is_asked};
use super::page::Paging;
use super::records::{Counts, Mount, Records, RestoreJob, Selection, Snapshot, Target};
use super::refusal::{job_finished, job_not_exist, snapshot_not_exist, unsupported};
use super::run::{End, Run};
use super::state::Hbr;
use super::{bounds, ids};
use crate::openapi::call::Call;
use crate::openapi::error::ApiError;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Create {
    restore_type: String,
    source_type: String,
    vault_id: Option<String>,
    snapshot_id: Option<String>,
    snapshot_hash: Option<String>,
    target_container: Option<TargetContainer>,
    target_container_cluster_id: Option<String>,
    target_instance_id: Option<String>,
    target_path: Option<String>,
    target_file_system_id: Option<String>,
    target_create_time: Option<i64>,
    target_bucket: Option<String>,
    target_prefix: Option<String>,
    include: Option<String>,
    exclude: Option<String>,
    options: Option<String>,
    edition: Option<String>,
    cross_account_type: Option<String>,
}

/// As it travels within JSON text.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TargetContainer {
    host: String,
    host_prefix: String,
    #[serde(default)]
    pv_path: String,
}

/// What of `Options` means something here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Options {
    #[serde(default)]
    includes: Vec<String>,
    #[serde(default)]
    excludes: Vec<String>,
    #[serde(default)]
    conflict_policy: String,
}

pub(super) fn create(hbr: &Hbr, call: &Call<'_>) -> Result<Value, ApiError> {
    let new: Create = call.parameters.read()?;
    let now = call.now();
    bounds::word("Edition", new.edition.as_deref(), &EDITIONS)?;
    cross_account(new.cross_account_type.as_deref())?;
    match new.restore_type.as_str() {
        "CONTAINER" | "ECS_FILE" | "NAS" | "OSS" => {}
        other @ ("COMMON_FILE_SYSTEM" | "OTS_TABLE" | "UDM_ECS_ROLLBACK") => {
            return Err(unsupported("RestoreType", other));
        }
        _ => return Err(ApiError::invalid("RestoreType")),
    }
    // "Must be the same kind."
    if new.source_type != new.restore_type {
        return Err(ApiError::invalid("SourceType"));
    }
    let options = bounds::options(new.options.as_deref())?;
    let options: Options =
        serde_json::from_value(options).map_err(|_| ApiError::invalid("Options"))?;
    let policy = ConflictPolicy::parse(&options.conflict_policy);
    let policy = policy.ok_or_else(|| ApiError::invalid("Options"))?;
    let mut selection = Selection {
        include: bounds::paths("Include", new.include.as_deref())?,
        exclude: bounds::paths("Exclude", new.exclude.as_deref())?,
    };
    selection.include.extend(options.includes);
    selection.exclude.extend(options.excludes);
    let vault = new
        .vault_id
        .clone()
        .ok_or_else(|| ApiError::missing("VaultId"))?;
    let id = new
        .snapshot_id
        .clone()
        .ok_or_else(|| ApiError::missing("SnapshotId"))?;
    let target = new.target()?;
    hbr.change(call, |records| {
        records.usable_vault(&call.region, &vault, now)?;
        let snapshot = records.snapshot(&call.region, &id, now)?;
        let is_it = snapshot.vault == vault
            && new
                .snapshot_hash
                .as_ref()
                .is_none_or(|it| *it == snapshot.hash);
        if !is_it {
            return Err(snapshot_not_exist(&id));
        }
        if snapshot.source.kind() != target.kind() {
            return Err(ApiError::invalid("RestoreType"));
        }
        if let Target::Container { cluster, .. } = &target {
            records.cluster(&call.region, cluster)?;
        }
        let (result, speed) = (
            hbr.restore(records, snapshot, &target, &selection, policy, now)?,
            hbr.speed,
        );
        let (report, error) = match result {
            Ok(report) => (report, None),
            Err(error) => (Report::default(), Some(error)),
        };
        let end = match (&error, report.failures.len()) {
            (Some(_), _) => End::Failed,
            (None, 0) => End::Complete,
            (None, _) => End::PartialComplete,
        };
        let error = error.or_else(|| {
            let (failed, all) = (report.failures.len(), report.items);
            (failed > 0).then(|| format!("{failed} of {all} items could not be restored."))
        });
        let job = RestoreJob {
            id: ids::new("r"),
            serial: records.next_serial(),
            region: call.region.clone(),
            vault,
            hash: snapshot.hash.clone(),
            resource: snapshot.source.resource().to_owned(),
            snapshot: id,
            target,
            selection,
            options: new.options,
            run: Run::new(now, report.bytes_done, speed, end),
            counts: Counts::of(&report),
            error,
        };
        let id = job.id.clone();
        records.restore_jobs.insert(id.clone(), job);
        Ok(json!({ "RestoreId": id }))
    })
}

impl Create {
    fn target(&self) -> Result<Target, ApiError> {
        let need = |name: &'static str, value: &Option<String>| {
            value.clone().ok_or_else(|| ApiError::missing(name))
        };
        let path = || {
            let path = self.target_path.clone().unwrap_or_else(|| "/".to_owned());
            bounds::path("TargetPath", &path).map(|()| path)
        };
        Ok(match self.restore_type.as_str() {
            "CONTAINER" => {
                let cluster = need(
                    "TargetContainerClusterId",
                    &self.target_container_cluster_id,
                )?;
                let missing = || ApiError::missing("TargetContainer");
                let target = self.target_container.as_ref().ok_or_else(missing)?;
                bounds::path("TargetContainer", &target.host_prefix)?;
                bounds::path("TargetContainer", &target.pv_path)?;
                // Here it is a path from the node's root on.
                if !target.host_prefix.starts_with('/') {
                    return Err(ApiError::invalid("TargetContainer"));
                }
                let mount = Mount {
                    host: target.host.clone(),
                    prefix: target.host_prefix.clone(),
                    path: target.pv_path.clone(),
                };
                Target::Container { cluster, mount }
            }
            "ECS_FILE" => Target::Files {
                instance: need("TargetInstanceId", &self.target_instance_id)?,
                path: need("TargetPath", &self.target_path).and(path())?,
            },
            "NAS" => Target::Nas {
                file_system: need("TargetFileSystemId", &self.target_file_system_id)?,
                created: self
                    .target_create_time
                    .ok_or_else(|| ApiError::missing("TargetCreateTime"))?,
                path: path()?,
            },
            _ => Target::Oss {
                bucket: need("TargetBucket", &self.target_bucket)?,
                prefix: self.target_prefix.clone().unwrap_or_default(),
            },
        })
    }
}

impl Hbr {
    /// Copies a snapshot to a target. What a job fails with is the inner error.
    fn restore(
        &self,
        records: &Records,
        snapshot: &Snapshot,
        target: &Target,
        selection: &Selection,
        policy: ConflictPolicy,
        now: DateTime<Utc>,
    ) -> Result<Result<Report, String>, ApiError> {
        let repository = &self.shared.repository;
        let manifest = repository.manifest(&snapshot.vault, &snapshot.id);
        let mut manifest = manifest.map_err(|error| ApiError::internal(&error))?;
        let rules = Rules::new(&selection.include, &selection.exclude);
        manifest.retain(|name| rules.takes(name));
        let client_missing = || Ok(Err("ClientNotExist".to_owned()));
        let root;
        let folder;
        let into = match target {
            Target::Container { cluster, mount } => {
                let ready = records
                    .clusters
                    .get(cluster)
                    .is_some_and(|it| records.agent_status(it, now) == "READY");
                root = match self.node(&mount.host).filter(|_| ready) {
                    Some(root) => root,
                    None => return client_missing(),
                };
                folder = mount.folder(&self.pods(&mount.host));
                // A Pod has it mounted, or it is not there.
                Into::Folder {
                    root: &root,
                    below: &folder,
                    make: false,
                }
            }
            Target::Files { instance, path } => {
                root = match self.node(instance) {
                    Some(root) => root,
                    None => return client_missing(),
                };
                Into::Folder {
                    root: &root,
                    below: path,
                    make: true,
                }
            }
            Target::Nas {
                file_system, path, ..
            } => {
                root = match self.file_system(file_system) {
                    Some(root) => root,
                    None => return Ok(Err("TARGET_NOT_EXIST".to_owned())),
                };
                Into::Folder {
                    root: &root,
                    below: path,
                    make: true,
                }
            }
            Target::Oss { bucket, prefix } => match self.objects.as_deref() {
                Some(objects) => Into::Bucket {
                    objects,
                    name: bucket,
                    prefix,
                },
                None => return Ok(Err("TARGET_NOT_EXIST".to_owned())),
            },
        };
        let copied = copy(&manifest, &into, policy, repository, &snapshot.vault);
        Ok(copied.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => "TARGET_NOT_EXIST".to_owned(),
            _ if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) => {
                "TARGET_NOT_EXIST".to_owned()
            }
            _ => error.to_string(),
        }))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Describe {
    restore_type: Option<String>,
    edition: Option<String>,
    #[serde(default)]
    filters: Vec<Filter>,
}

/// The keys of filters, and the members of rows that they are about. Restore jobs have no plan, and
/// none of backup: these find nothing.
const MEMBERS: &[(&str, &str)] = &[
    ("RegionId", "RegionId"),
    ("PlanId", "PlanId"),
    ("JobId", "JobId"),
    ("VaultId", "VaultId"),
    ("InstanceId", "TargetInstanceId"),
    ("Bucket", "TargetBucket"),
    ("FileSystemId", "TargetFileSystemId"),
    ("Status", "Status"),
    ("CompleteTime", "CompleteTime"),
];

pub(super) fn describe(hbr: &Hbr, call: &Call<'_>) -> Result<Value, ApiError> {
    let wanted: Describe = call.parameters.read()?;
    let paging: Paging = call.parameters.read()?;
    bounds::word("Edition", wanted.edition.as_deref(), &EDITIONS)?;
    let now = call.now();
    hbr.change(call, |records| {
        let kind = wanted.restore_type.as_deref();
        let rows = listing::rows(
            records.restore_jobs.values(),
            &call.region,
            |it| is_asked(kind, it.target.kind()),
            |job| show(job, now),
        );
        let rows = listing::filtered(rows, &wanted.filters, MEMBERS, &["RegionId"])?;
        paging.page(rows, |rows| ("RestoreJobs", json!({ "RestoreJob": rows })))
    })
}

fn show(job: &RestoreJob, now: DateTime<Utc>) -> Value {
    let moment = job.run.at(now);
    let mut row = json!({
        "RegionId": job.region,
        "RestoreId": job.id,
        "RestoreType": job.target.kind(),
        "SourceType": job.target.kind(),
        "VaultId": job.vault,
        "SnapshotId": job.snapshot,
        "SnapshotHash": job.hash,
        "SourceResourceId": job.resource,
        "Options": job.options.as_deref().unwrap_or_default(),
        "Include": paths(&job.selection.include),
        "Exclude": paths(&job.selection.exclude),
        "ErrorFile": moment.ended_at.map(|_| text(&job.counts.error_file)),
        "CreatedTime": seconds(job.run.created_at),
        "UpdatedTime": seconds(moment.ended_at.or(moment.started_at).unwrap_or(job.run.created_at)),
        "CrossAccountType": "SELF_ACCOUNT",
        "StorageClass": "STANDARD",
    });
    let target = match &job.target {
        Target::Container { cluster, mount } => json!({
            "ClusterId": cluster,
            "TargetPath": mount.prefix,
        }),
        Target::Files { instance, path } => json!({
            "TargetInstanceId": instance,
            "SourceInstanceId": job.resource,
            "TargetPath": path,
        }),
        Target::Nas {
            file_system,
            created,
            path,
        } => json!({
            "TargetFileSystemId": file_system,
            "TargetCreateTime": created,
            "TargetPath": path,
        }),
        Target::Oss { bucket, prefix } => json!({
            "TargetBucket": bucket,
            "TargetPrefix": text(prefix),
        }),
    };
    merge(&mut row, target);
    merge(&mut row, course(&moment, &job.counts, job.error.as_deref()));
    sparse(row)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Cancel {
    restore_id: String,
    vault_id: Option<String>,
    edition: Option<String>,
}

/// What was restored by then stays.
pub(super) fn cancel(hbr: &Hbr, call: &Call<'_>) -> Result<Value, ApiError> {
    let Cancel {
        restore_id: id,
        vault_id,
        edition,
    } = call.parameters.read()?;
    bounds::word("Edition", edition.as_deref(), &EDITIONS)?;
    let now = call.now();
    hbr.change(call, |records| {
        let job = records.restore_jobs.get(&id).filter(|job| {
            job.region == call.region && vault_id.as_ref().is_none_or(|it| *it == job.vault)
        });
        let job = job.ok_or_else(|| job_not_exist(&id))?;
        if job.run.canceled_at.is_none() {
            if !job.run.is_under_way(now) {
                return Err(job_finished(&id));
            }
            if let Some(job) = records.restore_jobs.get_mut(&id) {
                job.run.canceled_at = Some(now);
            }
        }
        Ok(json!({}))
    })
}

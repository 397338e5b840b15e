//! Backup jobs.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{paths, seconds, sparse, text};
use super::backups::NewBackup;
use super::bounds;
use super::conditions::Filter;
use super::listing::{self, is_asked};
use super::page::Paging;
use super::records::{BackupJob, Counts, Mount, Selection, Source, Volume};
use super::refusal::{job_finished, job_not_exist, unsupported};
use super::run::Moment;
use super::state::Hbr;
use crate::openapi::call::Call;
use crate::openapi::error::ApiError;

pub(super) const BACKUP_TYPES: [&str; 2] = ["COMPLETE", "INCREMENTAL"];
pub(super) const EDITIONS: [&str; 2] = ["STANDARD", "BASIC"];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Create {
    source_type: String,
    retention: i64,
    vault_id: Option<String>,
    backup_type: Option<String>,
    job_name: Option<String>,
    container_cluster_id: Option<String>,
    container_resources: Option<Vec<ContainerResource>>,
    instance_id: Option<String>,
    include: Option<String>,
    exclude: Option<String>,
    options: Option<String>,
    speed_limit: Option<String>,
    cross_account_type: Option<String>,
}

/// A volume of a container cluster, as it travels within JSON text.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ContainerResource {
    resource_type: String,
    backup_method: String,
    resource_id: String,
    #[serde(default)]
    resource_info: String,
    host: String,
    host_prefix: String,
    #[serde(default)]
    pv_path: String,
}

impl ContainerResource {
    fn mount(&self) -> Result<Mount, ApiError> {
        let invalid = || ApiError::invalid("ContainerResources");
        let is_good = self.resource_type == "PV"
            && self.backup_method == "FILE"
            && !self.resource_id.is_empty()
            && !self.host_prefix.is_empty();
        let stays = [&self.host_prefix, &self.pv_path];
        let stays = stays.iter().all(|it| bounds::path("", it).is_ok());
        match is_good && stays {
            true => Ok(Mount {
                host: self.host.clone(),
                prefix: self.host_prefix.clone(),
                path: self.pv_path.clone(),
            }),
            false => Err(invalid()),
        }
    }
}

pub(super) fn create(hbr: &Hbr, call: &Call<'_>) -> Result<Value, ApiError> {
    let new: Create = call.parameters.read()?;
    let now = call.now();
    let retention_days = bounds::retention("Retention", new.retention)?;
    bounds::word("BackupType", new.backup_type.as_deref(), &BACKUP_TYPES)?;
    bounds::options(new.options.as_deref())?;
    bounds::speed_limit(new.speed_limit.as_deref())?;
    let selection = Selection {
        include: bounds::paths("Include", new.include.as_deref())?,
        exclude: bounds::paths("Exclude", new.exclude.as_deref())?,
    };
    cross_account(new.cross_account_type.as_deref())?;
    let is_container = match new.source_type.as_str() {
        "CONTAINER" => true,
        "ECS_FILE" => false,
        // Whole instances are snapshots of disks, and the rest is for plans.
        other @ ("UDM_ECS" | "OSS" | "NAS" | "COMMON_FILE_SYSTEM" | "OTS_TABLE") => {
            return Err(unsupported("SourceType", other));
        }
        _ => return Err(ApiError::invalid("SourceType")),
    };
    let vault = new.vault_id.ok_or_else(|| ApiError::missing("VaultId"))?;
    hbr.change(call, |records| {
        records.usable_vault(&call.region, &vault, now)?;
        let source = if is_container {
            let missing = || ApiError::missing("ContainerClusterId");
            let cluster = new.container_cluster_id.ok_or_else(missing)?;
            let resources = new.container_resources.unwrap_or_default();
            if resources.is_empty() {
                return Err(ApiError::missing("ContainerResources"));
            }
            let mounts = resources.iter().map(ContainerResource::mount);
            let mounts = mounts.collect::<Result<_, _>>()?;
            let identifier = records.cluster(&call.region, &cluster)?.identifier.clone();
            for resource in resources {
                let key = format!("{cluster}/{}", resource.resource_id);
                let volume = Volume {
                    cluster: cluster.clone(),
                    id: resource.resource_id,
                    kind: resource.resource_type,
                    info: resource.resource_info,
                };
                records.volumes.insert(key, volume);
            }
            Source::Container {
                cluster,
                identifier,
                mounts,
            }
        } else {
            let instance = new
                .instance_id
                .ok_or_else(|| ApiError::missing("InstanceId"))?;
            bounds::id("InstanceId", &instance, "i-")?;
            Source::Files {
                instance,
                paths: vec!["/".to_owned()],
            }
        };
        let job = hbr.back_up(
            records,
            NewBackup {
                region: call.region.clone(),
                vault,
                name: new.job_name,
                source,
                selection,
                backup_type: new
                    .backup_type
                    .unwrap_or_else(|| BACKUP_TYPES[0].to_owned()),
                retention_days,
                keep_latest: false,
                options: new.options,
                speed_limit: new.speed_limit,
                plan: None,
                trigger: "MANUAL",
                at: now,
            },
        )?;
        Ok(json!({ "JobId": job }))
    })
}

/// Everything here belongs to one account.
pub(super) fn cross_account(kind: Option<&str>) -> Result<(), ApiError> {
    match bounds::word("CrossAccountType", kind, &["SELF_ACCOUNT", "CROSS_ACCOUNT"])? {
        Some("CROSS_ACCOUNT") => Err(unsupported("CrossAccountType", "CROSS_ACCOUNT")),
        _ => Ok(()),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Describe {
    source_type: Option<String>,
    sort_direction: Option<String>,
    edition: Option<String>,
    #[serde(default)]
    filters: Vec<Filter>,
}

/// The keys of filters, and the members of rows that they are about.
const MEMBERS: &[(&str, &str)] = &[
    ("RegionId", "RegionId"),
    ("PlanId", "PlanId"),
    ("JobId", "JobId"),
    ("VaultId", "VaultId"),
    ("InstanceId", "InstanceId"),
    ("Bucket", "Bucket"),
    ("FileSystemId", "FileSystemId"),
    ("Status", "Status"),
    ("CreatedTime", "CreatedTime"),
    ("CompleteTime", "CompleteTime"),
    ("InstanceName", "InstanceName"),
    ("BackupType", "BackupType"),
    ("ParentId", "ParentId"),
];

pub(super) fn describe(hbr: &Hbr, call: &Call<'_>) -> Result<Value, ApiError> {
    let wanted: Describe = call.parameters.read()?;
    let paging: Paging = call.parameters.read()?;
    bounds::word("Edition", wanted.edition.as_deref(), &EDITIONS)?;
    let is_ascending = bounds::word(
        "SortDirection",
        wanted.sort_direction.as_deref(),
        &["DESCEND", "ASCEND"],
    )? == Some("ASCEND");
    let now = call.now();
    hbr.change(call, |records| {
        let kind = wanted.source_type.as_deref();
        let mut rows = listing::rows(
            records.backup_jobs.values(),
            &call.region,
            |it| is_asked(kind, it.source.kind()),
            |job| show(job, now),
        );
        if is_ascending {
            rows.reverse();
        }
        // Only those who ask for containers are told their cluster.
        let hidden: &[&str] = match kind {
            Some("CONTAINER") => &["RegionId"],
            _ => &["RegionId", "Identifier"],
        };
        let rows = listing::filtered(rows, &wanted.filters, MEMBERS, hidden)?;
        paging.page(rows, |rows| ("BackupJobs", json!({ "BackupJob": rows })))
    })
}

fn show(job: &BackupJob, now: DateTime<Utc>) -> Value {
    let moment = job.run.at(now);
    let mut row = json!({
        "RegionId": job.region,
        "JobId": job.id,
        "JobName": job.name,
        "VaultId": job.vault,
        "PlanId": job.plan,
        "SourceType": job.source.kind(),
        "BackupType": job.backup_type,
        "TriggerMode": job.trigger,
        "Options": job.options.as_deref().unwrap_or_default(),
        "SpeedLimit": job.speed_limit.as_deref().unwrap_or_default(),
        "Include": paths(&job.selection.include),
        "Exclude": paths(&job.selection.exclude),
        "Paths": { "Path": job.source.paths() },
        "CrossAccountType": "SELF_ACCOUNT",
    });
    merge(&mut row, source(&job.source));
    merge(&mut row, course(&moment, &job.counts, job.error.as_deref()));
    merge(
        &mut row,
        json!({
            "ActualFiles": moment.ended_at.map(|_| job.counts.new_items),
            "FilesTotal": moment.started_at.map(|_| job.counts.items),
            "FilesDone": moment.started_at.map(|_| share(&moment, job.counts.items_done)),
            "CreatedTime": seconds(job.run.created_at),
            "UpdatedTime": seconds(moment.ended_at.or(moment.started_at).unwrap_or(job.run.created_at)),
        }),
    );
    sparse(row)
}

/// What a row says of a source.
pub(super) fn source(source: &Source) -> Value {
    match source {
        Source::Container { identifier, .. } => json!({ "Identifier": identifier }),
        Source::Files { instance, .. } => json!({ "InstanceId": instance }),
        Source::Nas {
            file_system,
            created,
            ..
        } => json!({
            "FileSystemId": file_system,
            "CreateTime": created,
        }),
        Source::Oss { bucket, prefix } => json!({ "Bucket": bucket, "Prefix": text(prefix) }),
    }
}

/// What a row says of how far a job has come.
pub(super) fn course(moment: &Moment, counts: &Counts, error: Option<&str>) -> Value {
    let ended = moment.ended_at.is_some_and(|_| moment.status != "CANCELED");
    let started = moment.started_at;
    let seconds_of_run = match (started, moment.ended_at) {
        (Some(from), Some(to)) => (to - from).num_seconds().max(1).unsigned_abs(),
        _ => 1,
    };
    json!({
        "Status": moment.status,
        "Progress": moment.progress,
        "ErrorMessage": ended.then_some(error).flatten().unwrap_or_default(),
        "StartTime": seconds(started),
        "CompleteTime": seconds(moment.ended_at),
        "BytesTotal": started.map(|_| counts.bytes),
        "BytesDone": started.map(|_| share(moment, counts.bytes_done)),
        "ItemsTotal": started.map(|_| counts.items),
        "ItemsDone": started.map(|_| share(moment, counts.items_done)),
        "ActualBytes": ended.then_some(counts.new_bytes),
        "ActualItems": ended.then_some(counts.new_items),
        // KB/s.
        "Speed": ended.then_some(counts.bytes_done / 1024 / seconds_of_run),
        "Report": ended.then(|| report(counts)),
    })
}

/// As much of a number as is done.
fn share(moment: &Moment, total: u64) -> u64 {
    let share = u128::from(total) * u128::from(moment.progress) / 10_000;
    u64::try_from(share).unwrap_or(total)
}

fn report(counts: &Counts) -> Value {
    json!({
        "FailedFiles": text(&counts.error_file),
        "SkippedFiles": text(&counts.skipped.join("\n")),
        "ReportTaskStatus": "COMPLETE",
    })
}

/// Adds the members of an object to another.
pub(super) fn merge(row: &mut Value, more: Value) {
    if let (Value::Object(row), Value::Object(more)) = (row, more) {
        row.extend(more);
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Cancel {
    job_id: String,
    vault_id: Option<String>,
    edition: Option<String>,
}

/// Leaves no snapshot.
pub(super) fn cancel(hbr: &Hbr, call: &Call<'_>) -> Result<Value, ApiError> {
    let Cancel {
        job_id: id,
        vault_id,
        edition,
    } = call.parameters.read()?;
    bounds::word("Edition", edition.as_deref(), &EDITIONS)?;
    let now = call.now();
    hbr.change(call, |records| {
        let job = records.backup_jobs.get(&id).filter(|job| {
            job.region == call.region && vault_id.as_ref().is_none_or(|it| *it == job.vault)
        });
        let job = job.ok_or_else(|| job_not_exist(&id))?;
        if job.run.canceled_at.is_some() {
            return Ok(json!({}));
        }
        if !job.run.is_under_way(now) {
            return Err(job_finished(&id));
        }
        if let Some(job) = records.backup_jobs.get_mut(&id) {
            job.run.canceled_at = Some(now);
            for snapshot in std::mem::take(&mut job.snapshots) {
                records.snapshots.remove(&snapshot);
            }
        }
        hbr.shared.sweep(records)?;
        Ok(json!({}))
    })
}

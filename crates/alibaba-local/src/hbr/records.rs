//! What Cloud Backup keeps of vaults, clusters, jobs, snapshots, plans and policies.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::run::Run;
use crate::journal::{Journaled, Table, Tables};

/// Everything, by id. Ids are those of one region only, and rows name it.
#[derive(Debug, Default)]
pub(super) struct Records {
    pub(super) vaults: Table<Vault>,
    /// Vaults that were deleted, and when.
    pub(super) deleted_vaults: Table<DateTime<Utc>>,
    pub(super) clusters: Table<Cluster>,
    /// ACK clusters in which no backup client runs.
    pub(super) stopped_agents: Table<bool>,
    pub(super) volumes: Table<Volume>,
    pub(super) backup_jobs: Table<BackupJob>,
    pub(super) restore_jobs: Table<RestoreJob>,
    pub(super) snapshots: Table<Snapshot>,
    pub(super) plans: Table<Plan>,
    pub(super) policies: Table<Policy>,
}

impl Tables for Records {
    fn tables(&mut self) -> Vec<(&'static str, &mut dyn Journaled)> {
        vec![
            ("vaults", &mut self.vaults),
            ("deletedVaults", &mut self.deleted_vaults),
            ("clusters", &mut self.clusters),
            ("stoppedAgents", &mut self.stopped_agents),
            ("volumes", &mut self.volumes),
            ("backupJobs", &mut self.backup_jobs),
            ("restoreJobs", &mut self.restore_jobs),
            ("snapshots", &mut self.snapshots),
            ("plans", &mut self.plans),
            ("policies", &mut self.policies),
        ]
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Vault {
    pub(super) id: String,
    pub(super) region: String,
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) kind: String,
    pub(super) storage_class: String,
    pub(super) encryption: String,
    pub(super) kms_key: Option<String>,
    pub(super) replication: bool,
    pub(super) worm: bool,
    pub(super) resource_group: Option<String>,
    /// The task that makes it.
    pub(super) task: String,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Cluster {
    pub(super) id: String,
    pub(super) region: String,
    pub(super) kind: String,
    /// The id that ACK gives it.
    pub(super) identifier: String,
    pub(super) name: Option<String>,
    pub(super) description: Option<String>,
    pub(super) network: String,
    pub(super) token: String,
    pub(super) created_at: DateTime<Utc>,
}

/// A volume of a container cluster, as jobs name it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Volume {
    pub(super) cluster: String,
    pub(super) id: String,
    pub(super) kind: String,
    pub(super) info: String,
}

/// What is backed up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Source {
    Container {
        cluster: String,
        identifier: String,
        mounts: Vec<Mount>,
    },
    /// Files of an ECS instance.
    Files {
        instance: String,
        paths: Vec<String>,
    },
    Nas {
        file_system: String,
        /// When the file system was created, in UNIX seconds.
        created: i64,
        paths: Vec<String>,
    },
    Oss {
        bucket: String,
        prefix: String,
    },
}

/// Where a Pod has a volume mounted on its node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mount {
    pub(super) host: String,
    pub(super) prefix: String,
    pub(super) path: String,
}

impl Source {
    /// As `SourceType` has it.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Container { .. } => "CONTAINER",
            Self::Files { .. } => "ECS_FILE",
            Self::Nas { .. } => "NAS",
            Self::Oss { .. } => "OSS",
        }
    }

    /// What it is the data of: an instance, a file system, a bucket or a cluster.
    pub(super) fn resource(&self) -> &str {
        match self {
            Self::Container { cluster, .. } => cluster,
            Self::Files { instance, .. } => instance,
            Self::Nas { file_system, .. } => file_system,
            Self::Oss { bucket, .. } => bucket,
        }
    }

    /// The paths in it, and for the source of one volume, its mount.
    pub(super) fn paths(&self) -> Vec<String> {
        match self {
            Self::Container { mounts, .. } => mounts.iter().map(|it| it.prefix.clone()).collect(),
            Self::Files { paths, .. } | Self::Nas { paths, .. } => paths.clone(),
            Self::Oss { .. } => Vec::new(),
        }
    }
}

/// What a job copied.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Counts {
    pub(super) bytes: u64,
    pub(super) bytes_done: u64,
    pub(super) items: u64,
    pub(super) items_done: u64,
    pub(super) new_bytes: u64,
    pub(super) new_items: u64,
    pub(super) error_file: String,
    pub(super) skipped: Vec<String>,
}

/// What is taken of a source, as it was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Selection {
    pub(super) include: Vec<String>,
    pub(super) exclude: Vec<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct BackupJob {
    pub(super) id: String,
    pub(super) serial: u64,
    pub(super) region: String,
    pub(super) vault: String,
    pub(super) name: Option<String>,
    pub(super) source: Source,
    pub(super) selection: Selection,
    pub(super) backup_type: String,
    pub(super) options: Option<String>,
    pub(super) speed_limit: Option<String>,
    /// The plan or policy that made it.
    pub(super) plan: Option<String>,
    pub(super) trigger: String,
    pub(super) run: Run,
    pub(super) counts: Counts,
    pub(super) error: Option<String>,
    pub(super) snapshots: Vec<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct RestoreJob {
    pub(super) id: String,
    pub(super) serial: u64,
    pub(super) region: String,
    pub(super) vault: String,
    pub(super) snapshot: String,
    pub(super) hash: String,
    /// What the snapshot is of.
    pub(super) resource: String,
    pub(super) target: Target,
    pub(super) selection: Selection,
    pub(super) options: Option<String>,
    pub(super) run: Run,
    pub(super) counts: Counts,
    pub(super) error: Option<String>,
}

/// Where a snapshot is restored to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Target {
    Container {
        cluster: String,
        mount: Mount,
    },
    Files {
        instance: String,
        path: String,
    },
    Nas {
        file_system: String,
        created: i64,
        path: String,
    },
    Oss {
        bucket: String,
        prefix: String,
    },
}

impl Target {
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Container { .. } => "CONTAINER",
            Self::Files { .. } => "ECS_FILE",
            Self::Nas { .. } => "NAS",
            Self::Oss { .. } => "OSS",
        }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Snapshot {
    pub(super) id: String,
    pub(super) serial: u64,
    pub(super) hash: String,
    pub(super) parent: Option<String>,
    pub(super) region: String,
    pub(super) vault: String,
    pub(super) job: String,
    pub(super) plan: Option<String>,
    /// Whether the newest of its plan is kept whatever its age.
    pub(super) keep_latest: bool,
    pub(super) source: Source,
    pub(super) selection: Selection,
    pub(super) backup_type: String,
    pub(super) is_partial: bool,
    pub(super) retention_days: i64,
    pub(super) created_at: DateTime<Utc>,
    pub(super) started_at: DateTime<Utc>,
    /// From then on it is there.
    pub(super) completed_at: DateTime<Utc>,
    pub(super) counts: Counts,
}

/// A rule of a plan or policy that makes backups.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Rule {
    pub(super) id: String,
    pub(super) name: Option<String>,
    pub(super) backup_type: String,
    pub(super) schedule: String,
    pub(super) retention_days: i64,
    pub(super) is_disabled: bool,
    pub(super) do_copy: Option<bool>,
    pub(super) destination_region: Option<String>,
    pub(super) destination_retention: Option<i64>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Plan {
    pub(super) id: String,
    pub(super) serial: u64,
    pub(super) region: String,
    pub(super) vault: String,
    pub(super) name: String,
    pub(super) source: Source,
    pub(super) selection: Selection,
    pub(super) options: Option<String>,
    pub(super) speed_limit: Option<String>,
    pub(super) keep_latest: bool,
    pub(super) is_disabled: bool,
    /// One of the plan itself, without a name, or several.
    pub(super) rules: Vec<Rule>,
    pub(super) has_rules: bool,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
    /// Up to here, what was due has been done.
    pub(super) fired_until: DateTime<Utc>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Policy {
    pub(super) id: String,
    pub(super) serial: u64,
    pub(super) region: String,
    pub(super) name: Option<String>,
    pub(super) description: Option<String>,
    pub(super) kind: String,
    /// As they were given, with their ids.
    pub(super) rules: Vec<serde_json::Map<String, serde_json::Value>>,
    pub(super) bindings: Vec<Binding>,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
    pub(super) fired_until: DateTime<Utc>,
}

/// A data source that a policy backs up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Binding {
    pub(super) source: Source,
    pub(super) selection: Selection,
    pub(super) speed_limit: Option<String>,
    pub(super) is_disabled: bool,
}

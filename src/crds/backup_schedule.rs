//! Plans.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::{CustomResource, KubeSchema};
use kube_backup_engine::retention::ClockWatch;
use kube_backup_engine::schedule::ScheduleStatus;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::application_backup::ApplicationBackupSpec;
use super::duration::GoDuration;
use super::verification::VerificationLevel;

/// Backups by a plan.
#[derive(CustomResource, KubeSchema, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "csdr.alibabacloud.com",
    version = "v1beta1",
    kind = "BackupSchedule",
    plural = "backupschedules",
    namespaced,
    status = "BackupScheduleStatus",
    derive = "PartialEq",
    shortname = "bs",
    category = "csdr",
    doc = "Backups by a plan. Deleting it deletes none of its backups.",
    printcolumn(
        name = "Phase",
        type_ = "string",
        json_path = ".status.phase",
        description = "Enabled, Paused or FailedValidation"
    ),
    printcolumn(
        name = "Schedule",
        type_ = "string",
        json_path = ".spec.schedule",
        description = "When it makes backups"
    ),
    printcolumn(
        name = "Last Backup",
        type_ = "date",
        json_path = ".status.lastBackup",
        description = "When it last made one"
    ),
    printcolumn(
        name = "Next",
        type_ = "string",
        json_path = ".status.nextBackup",
        description = "When it will make the next one"
    ),
    printcolumn(
        name = "Age",
        type_ = "date",
        json_path = ".metadata.creationTimestamp"
    ),
    printcolumn(
        name = "Message",
        type_ = "string",
        json_path = ".status.message",
        priority = 1
    )
)]
#[serde(rename_all = "camelCase")]
pub struct BackupScheduleSpec {
    /// When: five fields of cron (`1 4 * * *`, names such as `MON`), a word such as `@daily`, or an interval such as `6h30m`.
    #[schemars(length(min = 1, max = 253))]
    #[x_kube(validation = Rule::new("!self.matches('(^|[ ])(CRON_TZ|TZ)=')")
        .message("say the time zone in timeZone, and not in the schedule"))]
    pub schedule: String,

    /// The time zone of the schedule, as `Asia/Shanghai`. Default: UTC.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 63))]
    pub time_zone: String,

    /// Whether it waits. Default: false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub paused: bool,

    /// Whether its next run is left out. Default: false. Each change of it to `true` leaves out one run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub skip_immediately: bool,

    /// What happens about runs that were missed: `None`, or `Latest` makes one backup for all of them. Default: `None`.
    #[serde(default, skip_serializing_if = "CatchUp::is_default")]
    pub catch_up: CatchUp,

    /// Makes one backup more at this time, even while paused; a time that has passed is now, unless it had passed ten minutes before the plan was made. Each later time is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_at: Option<Time>,

    /// What the backups are of.
    pub template: ApplicationBackupSpec,

    /// How its backups are proved, unless the template says. Default: as their vault asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verification: Option<VerificationLevel>,

    /// Which of its backups are kept, of those whose `ttl` has not passed. Default: all. The newest good one is always kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<ScheduleRetention>,

    /// Fields that nobody reads.
    #[serde(flatten)]
    pub unknown: BTreeMap<String, Value>,
}

/// What happens about runs that were missed.
#[derive(JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum CatchUp {
    /// Nothing.
    #[default]
    None,
    /// One backup for all of them.
    Latest,
}

impl CatchUp {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Which backups of a plan are kept, in the words of restic and Proxmox. Each rule keeps the newest backup of each of so many periods
/// that have one; what no rule keeps goes.
#[derive(JsonSchema, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScheduleRetention {
    /// So many of the newest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 100_000))]
    pub keep_last: Option<i64>,
    /// One of each of so many hours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 100_000))]
    pub keep_hourly: Option<i64>,
    /// One of each of so many days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 100_000))]
    pub keep_daily: Option<i64>,
    /// One of each of so many weeks, which begin on Mondays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 100_000))]
    pub keep_weekly: Option<i64>,
    /// One of each of so many months.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 100_000))]
    pub keep_monthly: Option<i64>,
    /// One of each of so many years.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 100_000))]
    pub keep_yearly: Option<i64>,
    /// All that are less than this older than the newest, in whole hours, as in `48h`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_within: Option<GoDuration>,
}

/// What is known of a plan.
#[derive(JsonSchema, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BackupScheduleStatus {
    /// `Enabled`, `Paused` or `FailedValidation`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<String>,
    /// What is to know of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The generation of the specification that this is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The time for which the last backup was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_backup: Option<Time>,
    /// The name of that backup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_backup_name: Option<String>,
    /// When a backup of this plan was last completed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_successful: Option<Time>,
    /// When a backup of this plan was last proved to be as it should be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_verified: Option<Time>,
    /// The time of the last run that was left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_skipped: Option<Time>,
    /// The generation whose wish to leave out a run was met.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skipped_generation: Option<i64>,
    /// The time of the next backup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_backup: Option<Time>,
    /// The times of the next five backups, as the plan is read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub upcoming: Vec<Time>,
    /// The backup that is being made now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<String>,
    /// What many read otherwise in its schedule.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// Which of its times were dealt with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slots: Option<ScheduleStatus>,
    /// What becomes of its backups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<RetentionStatus>,
    /// `Ready` and `FieldsKnown`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
}

/// What becomes of the backups of a plan.
#[derive(JsonSchema, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RetentionStatus {
    /// How many are kept.
    #[serde(default)]
    pub kept: i64,
    /// How many are being deleted.
    #[serde(default)]
    pub deleting: i64,
    /// How many are to go, and cannot or may not yet.
    #[serde(default)]
    pub pending: i64,
    /// Those that could not be deleted, the first few, each with the reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Whether the clock is believed, by which backups are old.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<ClockWatch>,
}

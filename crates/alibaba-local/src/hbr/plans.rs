//! Backup plans.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{paths, seconds, sparse};
use super::backup_jobs::{BACKUP_TYPES, EDITIONS, cross_account, merge, source};
use super::backups::NewBackup;
use super::conditions::Filter;
use super::listing::{self, is_asked};
use super::page::Paging;
use super::records::{Plan, Records, Rule, Selection, Source};
use super::refusal::{plan_exists, plan_has_running_jobs, plan_not_exist, unsupported};
use super::schedule::Schedule;
use super::state::Hbr;
use super::{bounds, ids};
use crate::openapi::call::Call;
use crate::openapi::error::ApiError;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Create {
    source_type: String,
    plan_name: String,
    vault_id: String,
    backup_type: Option<String>,
    schedule: Option<String>,
    retention: Option<i64>,
    keep_latest_snapshots: Option<u32>,
    disabled: Option<bool>,
    rule: Option<Vec<NewRule>>,
    path: Option<Vec<String>>,
    include: Option<String>,
    exclude: Option<String>,
    options: Option<String>,
    speed_limit: Option<String>,
    bucket: Option<String>,
    prefix: Option<String>,
    file_system_id: Option<String>,
    create_time: Option<i64>,
    instance_id: Option<String>,
    edition: Option<String>,
    cross_account_type: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct NewRule {
    rule_name: Option<String>,
    backup_type: Option<String>,
    schedule: Option<String>,
    retention: Option<i64>,
    disabled: Option<bool>,
    do_copy: Option<bool>,
    destination_region_id: Option<String>,
    destination_retention: Option<i64>,
}

impl NewRule {
    fn check(self, parameter: &str) -> Result<Rule, ApiError> {
        let of = |member: &str| match parameter {
            "" => member.to_owned(),
            _ => parameter.to_owned(),
        };
        let backup_type = self.backup_type.as_deref();
        let backup_type = bounds::word(&of("BackupType"), backup_type, &BACKUP_TYPES)?;
        let schedule = self
            .schedule
            .ok_or_else(|| ApiError::missing(&of("Schedule")))?;
        if Schedule::parse(&schedule).is_none() {
            return Err(ApiError::invalid(&of("Schedule")));
        }
        let retention = self
            .retention
            .ok_or_else(|| ApiError::missing(&of("Retention")))?;
        Ok(Rule {
            id: ids::new("rule"),
            name: self.rule_name,
            backup_type: backup_type.unwrap_or(BACKUP_TYPES[0]).to_owned(),
            schedule,
            retention_days: bounds::retention(&of("Retention"), retention)?,
            is_disabled: self.disabled.unwrap_or(false),
            do_copy: self.do_copy,
            destination_region: self.destination_region_id,
            destination_retention: self.destination_retention,
        })
    }
}

impl Create {
    fn source(&self) -> Result<Source, ApiError> {
        let need = |name: &'static str, value: &Option<String>| {
            value.clone().ok_or_else(|| ApiError::missing(name))
        };
        let paths = || {
            let paths = self.path.clone().unwrap_or_default();
            let all = vec!["/".to_owned()];
            let paths = if paths.is_empty() { all } else { paths };
            let good = paths.iter().try_for_each(|path| bounds::path("Path", path));
            good.map(|()| paths)
        };
        Ok(match self.source_type.as_str() {
            "OSS" => Source::Oss {
                bucket: need("Bucket", &self.bucket)?,
                prefix: self.prefix.clone().unwrap_or_default(),
            },
            "NAS" => Source::Nas {
                file_system: need("FileSystemId", &self.file_system_id)?,
                created: self
                    .create_time
                    .ok_or_else(|| ApiError::missing("CreateTime"))?,
                paths: paths()?,
            },
            "ECS_FILE" => {
                let instance = need("InstanceId", &self.instance_id)?;
                bounds::id("InstanceId", &instance, "i-")?;
                Source::Files {
                    instance,
                    paths: paths()?,
                }
            }
            other @ ("UDM_ECS" | "COMMON_FILE_SYSTEM" | "OTS_TABLE" | "SYNC" | "CONTAINER") => {
                return Err(unsupported("SourceType", other));
            }
            _ => return Err(ApiError::invalid("SourceType")),
        })
    }
}

pub(super) fn create(hbr: &Hbr, call: &Call<'_>) -> Result<Value, ApiError> {
    let new: Create = call.parameters.read()?;
    let now = call.now();
    bounds::text("PlanName", Some(&new.plan_name), 1..=64)?;
    bounds::word("Edition", new.edition.as_deref(), &EDITIONS)?;
    bounds::options(new.options.as_deref())?;
    bounds::speed_limit(new.speed_limit.as_deref())?;
    cross_account(new.cross_account_type.as_deref())?;
    if new.keep_latest_snapshots.is_some_and(|it| it > 1) {
        return Err(ApiError::invalid("KeepLatestSnapshots"));
    }
    let selection = Selection {
        include: bounds::paths("Include", new.include.as_deref())?,
        exclude: bounds::paths("Exclude", new.exclude.as_deref())?,
    };
    let source = new.source()?;
    let has_rules = new.rule.as_ref().is_some_and(|rules| !rules.is_empty());
    let rules = match new.rule {
        Some(rules) if has_rules => rules.into_iter().map(|rule| rule.check("Rule")).collect(),
        _ => NewRule {
            rule_name: None,
            backup_type: new.backup_type,
            schedule: new.schedule,
            retention: new.retention,
            disabled: None,
            do_copy: None,
            destination_region_id: None,
            destination_retention: None,
        }
        .check("")
        .map(|rule| vec![rule]),
    }?;
    hbr.change(call, |records| {
        records.usable_vault(&call.region, &new.vault_id, now)?;
        // "Unique per source type within a vault."
        let is_taken = records.plans.values().any(|plan| {
            plan.vault == new.vault_id
                && plan.name == new.plan_name
                && plan.source.kind() == source.kind()
        });
        if is_taken {
            return Err(plan_exists(&new.plan_name));
        }
        let plan = Plan {
            id: ids::new("plan"),
            serial: records.next_serial(),
            region: call.region.clone(),
            vault: new.vault_id,
            name: new.plan_name,
            source,
            selection,
            options: new.options,
            speed_limit: new.speed_limit,
            keep_latest: new.keep_latest_snapshots == Some(1),
            is_disabled: new.disabled.unwrap_or(false),
            rules,
            has_rules,
            created_at: now,
            updated_at: now,
            fired_until: now,
        };
        let result = json!({ "PlanId": plan.id });
        records.plans.insert(plan.id.clone(), plan);
        Ok(result)
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Describe {
    source_type: Option<String>,
    edition: Option<String>,
    #[serde(default)]
    filters: Vec<Filter>,
}

/// The keys of filters, and the members of rows that they are about.
const MEMBERS: &[(&str, &str)] = &[
    ("RegionId", "RegionId"),
    ("PlanId", "PlanId"),
    ("PlanName", "PlanName"),
    ("VaultId", "VaultId"),
    ("InstanceId", "InstanceId"),
    ("Bucket", "Bucket"),
    ("FileSystemId", "FileSystemId"),
    ("CreatedTime", "CreatedTime"),
    ("InstanceName", "InstanceName"),
    ("BackupType", "BackupType"),
];

pub(super) fn describe(hbr: &Hbr, call: &Call<'_>) -> Result<Value, ApiError> {
    let wanted: Describe = call.parameters.read()?;
    let paging: Paging = call.parameters.read()?;
    bounds::word("Edition", wanted.edition.as_deref(), &EDITIONS)?;
    let now = call.now();
    hbr.change(call, |records| {
        let kind = wanted.source_type.as_deref();
        let rows = listing::rows(
            records.plans.values(),
            &call.region,
            |it| is_asked(kind, it.source.kind()),
            |plan| show(records, plan, now),
        );
        let rows = listing::filtered(rows, &wanted.filters, MEMBERS, &["RegionId"])?;
        paging.page(rows, |rows| ("BackupPlans", json!({ "BackupPlan": rows })))
    })
}

fn show(records: &Records, plan: &Plan, now: DateTime<Utc>) -> Value {
    let jobs = records.backup_jobs.values();
    let mut jobs: Vec<_> = jobs
        .filter(|it| it.plan.as_ref() == Some(&plan.id))
        .collect();
    jobs.sort_by_key(|it| (it.run.created_at, it.serial));
    let finished = jobs.iter().rfind(|it| it.run.at(now).ended_at.is_some());
    let first = plan.rules.first();
    let rules = plan.rules.iter().filter(|_| plan.has_rules).map(|rule| {
        json!({
            "RuleId": rule.id,
            "RuleName": rule.name,
            "BackupType": rule.backup_type,
            "Schedule": rule.schedule,
            "Retention": rule.retention_days,
            "Disabled": rule.is_disabled,
            "DoCopy": rule.do_copy,
            "DestinationRegionId": rule.destination_region,
            "DestinationRetention": rule.destination_retention,
        })
    });
    let mut row = json!({
        "RegionId": plan.region,
        "PlanId": plan.id,
        "PlanName": plan.name,
        "VaultId": plan.vault,
        "SourceType": plan.source.kind(),
        "DataSourceId": plan.source.resource(),
        "BackupType": first.map(|it| it.backup_type.as_str()),
        "Schedule": first.map(|it| it.schedule.as_str()),
        "Retention": first.map(|it| it.retention_days),
        "KeepLatestSnapshots": u8::from(plan.keep_latest),
        "Disabled": plan.is_disabled,
        "CreatedByTag": false,
        "BusinessStatus": "ACTIVE",
        "Options": plan.options.as_deref().unwrap_or_default(),
        "SpeedLimit": plan.speed_limit.as_deref().unwrap_or_default(),
        "Include": paths(&plan.selection.include),
        "Exclude": paths(&plan.selection.exclude),
        "Paths": { "Path": plan.source.paths() },
        "Rules": { "Rule": rules.collect::<Vec<_>>() },
        "Resources": { "Resource": [] },
        "HitTags": { "HitTag": [] },
        "LatestExecuteJobId": jobs.last().map(|it| it.id.as_str()),
        "LatestFinishJobId": finished.map(|it| it.id.as_str()),
        "CrossAccountType": "SELF_ACCOUNT",
        "CreatedTime": seconds(plan.created_at),
        "UpdatedTime": seconds(plan.updated_at),
    });
    merge(&mut row, source(&plan.source));
    sparse(row)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Execute {
    plan_id: String,
    rule_id: Option<String>,
    vault_id: Option<String>,
    source_type: Option<String>,
    edition: Option<String>,
}

impl Records {
    fn plan(
        &self,
        call: &Call<'_>,
        id: &str,
        vault: Option<&str>,
        kind: Option<&str>,
    ) -> Result<&Plan, ApiError> {
        let plan = self.plans.get(id).filter(|plan| {
            plan.region == call.region
                && vault.is_none_or(|vault| vault == plan.vault)
                && kind.is_none_or(|kind| kind == plan.source.kind())
        });
        plan.ok_or_else(|| plan_not_exist(id))
    }
}

impl Plan {
    /// A run of it by one of its rules.
    pub(super) fn backup(
        &self,
        rule: &Rule,
        trigger: &'static str,
        at: DateTime<Utc>,
    ) -> NewBackup {
        NewBackup {
            region: self.region.clone(),
            vault: self.vault.clone(),
            name: None,
            source: self.source.clone(),
            selection: self.selection.clone(),
            backup_type: rule.backup_type.clone(),
            retention_days: rule.retention_days,
            keep_latest: self.keep_latest,
            options: self.options.clone(),
            speed_limit: self.speed_limit.clone(),
            plan: Some(self.id.clone()),
            trigger,
            at,
        }
    }
}

pub(super) fn execute(hbr: &Hbr, call: &Call<'_>) -> Result<Value, ApiError> {
    let wanted: Execute = call.parameters.read()?;
    bounds::word("Edition", wanted.edition.as_deref(), &EDITIONS)?;
    let now = call.now();
    hbr.change(call, |records| {
        let (vault, kind) = (wanted.vault_id.as_deref(), wanted.source_type.as_deref());
        let plan = records.plan(call, &wanted.plan_id, vault, kind)?.clone();
        records.usable_vault(&call.region, &plan.vault, now)?;
        let rule = match &wanted.rule_id {
            Some(id) => plan.rules.iter().find(|rule| rule.id == *id),
            None => plan.rules.first(),
        };
        let rule = rule.ok_or_else(|| ApiError::invalid("RuleId"))?;
        let job = hbr.back_up(records, plan.backup(rule, "MANUAL", now))?;
        Ok(json!({ "JobId": job }))
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Delete {
    plan_id: String,
    vault_id: Option<String>,
    source_type: Option<String>,
    require_no_running_jobs: Option<bool>,
    edition: Option<String>,
}

/// What it has made stays.
pub(super) fn delete(hbr: &Hbr, call: &Call<'_>) -> Result<Value, ApiError> {
    let wanted: Delete = call.parameters.read()?;
    bounds::word("Edition", wanted.edition.as_deref(), &EDITIONS)?;
    let now = call.now();
    hbr.change(call, |records| {
        let (vault, kind) = (wanted.vault_id.as_deref(), wanted.source_type.as_deref());
        let id = &records.plan(call, &wanted.plan_id, vault, kind)?.id.clone();
        let mut jobs = records.backup_jobs.values();
        let is_running = jobs.any(|it| it.plan.as_ref() == Some(id) && it.run.is_under_way(now));
        if is_running && wanted.require_no_running_jobs == Some(true) {
            return Err(plan_has_running_jobs(id));
        }
        records.plans.remove(id);
        Ok(json!({}))
    })
}

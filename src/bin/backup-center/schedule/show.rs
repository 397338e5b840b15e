//! `schedule get` and `schedule describe`.

use std::fmt::Write as _;

use ack_backup_center::crds::{BackupSchedule, from_time};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt as _;
use kube::api::ListParams;
use serde_json::json;

use super::plan::{At, One, failure};
use crate::exit::{Done, Result};
use crate::output::{Output, table};
use crate::place::Place;

pub(super) async fn get(names: &[String], at: &At, place: &Place, output: Output) -> Result<Done> {
    let api = at.plans(place).await?;
    let mut plans = Vec::new();
    for name in names {
        let found = api.get(name).await;
        plans.push(found.map_err(|error| failure(&format!("find plan `{name}`"), error))?);
    }
    if names.is_empty() {
        let listed = api.list(&ListParams::default()).await;
        plans = listed.map_err(|error| failure("list plans", error))?.items;
    }
    let list = json!({"apiVersion": "csdr.alibabacloud.com/v1beta1", "kind": "BackupScheduleList", "items": plans});
    output.print(&list, || {
        let mut names = vec![
            "NAME",
            "STATUS",
            "SCHEDULE",
            "LAST BACKUP",
            "NEXT",
            "PAUSED",
        ];
        if output.is_wide() {
            names.push("MESSAGE");
        }
        let rows: Vec<Vec<String>> = plans
            .iter()
            .map(|plan| row(plan, output.is_wide()))
            .collect();
        table(&names, &rows)
    })?;
    Ok(Done::Whole)
}

fn row(plan: &BackupSchedule, wide: bool) -> Vec<String> {
    let status = plan.status.clone().unwrap_or_default();
    let mut row = vec![
        plan.name_any(),
        status.phase.unwrap_or_default(),
        plan.spec.schedule.clone(),
        time(status.last_backup.as_ref()),
        time(status.next_backup.as_ref()),
        plan.spec.paused.to_string(),
    ];
    if wide {
        row.push(status.message.unwrap_or_default());
    }
    row
}

pub(super) async fn describe(one: &One, place: &Place, output: Output) -> Result<Done> {
    let plans = one.at.plans(place).await?;
    let found = plans.get(&one.name).await;
    let plan = found.map_err(|error| failure(&format!("find plan `{}`", one.name), error))?;
    output.print(&plan, || text(&plan))?;
    Ok(Done::Whole)
}

fn text(plan: &BackupSchedule) -> String {
    let status = plan.status.clone().unwrap_or_default();
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "<none>".to_owned());
    let lines = [
        ("Name", plan.name_any()),
        ("Phase", or_none(status.phase)),
        ("Message", or_none(status.message)),
        ("Paused", plan.spec.paused.to_string()),
        ("Schedule", plan.spec.schedule.clone()),
        (
            "Time zone",
            or_none(Some(plan.spec.time_zone.clone()).filter(|zone| !zone.is_empty())),
        ),
        ("Vault", plan.spec.template.storage_location.clone()),
        ("Last backup", time(status.last_backup.as_ref())),
        ("Its name", or_none(status.last_backup_name)),
        ("Last successful", time(status.last_successful.as_ref())),
        ("Next backup", time(status.next_backup.as_ref())),
        ("Being made now", or_none(status.active)),
    ];
    let mut text = String::new();
    for (name, value) in lines {
        // A `String` takes everything.
        let _ = writeln!(text, "{:<20}{value}", format!("{name}:"));
    }
    for warning in status.warnings {
        let _ = writeln!(text, "Warning: {warning}");
    }
    text
}

fn time(time: Option<&Time>) -> String {
    let time = time.map(from_time);
    time.map_or_else(
        || "n/a".to_owned(),
        |time| time.format("%Y-%m-%d %H:%M:%S +0000 UTC").to_string(),
    )
}

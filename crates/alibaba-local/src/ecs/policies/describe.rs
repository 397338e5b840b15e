//! DescribeAutoSnapshotPolicyEx.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::ecs::page::Paging;
use crate::ecs::place;
use crate::ecs::records::Records;
use crate::ecs::records::policy::Policy;
use crate::ecs::rights::Sight;
use crate::ecs::store::Store;
use crate::ecs::tag::{self, Tag, Tags};
use crate::ecs::time;
use crate::openapi::call::Call;
use crate::openapi::error::ApiError;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Describe {
    auto_snapshot_policy_id: Option<String>,
    auto_snapshot_policy_name: Option<String>,
    resource_group_id: Option<String>,
    #[serde(default)]
    tag: Vec<Tag>,
}

pub(in crate::ecs) fn describe(store: &Store, call: &Call<'_>) -> Result<Value, ApiError> {
    let region = place::required(store, call)?;
    let action = "ecs:DescribeAutoSnapshotPolicyEx";
    let sight = Sight::new(
        call,
        action,
        &region,
        ("snapshotpolicy", "AutoSnapshotPolicyId"),
    )?;
    let (asked, paging) = sight.unless_denied(read(call))?;
    store.change(|state, _| {
        let is = |wanted: &Option<String>, found: &str| {
            wanted.as_ref().is_none_or(|wanted| wanted == found)
        };
        let rows = state.records.policies.values().filter(|policy| {
            policy.region == region
                && is(&asked.auto_snapshot_policy_id, &policy.id)
                && is(&asked.auto_snapshot_policy_name, &policy.name)
                && (asked.resource_group_id.is_none()
                    || asked.resource_group_id == policy.resource_group)
                && tag::has_all(&policy.tags, &asked.tag)
        });
        let page = paging.page(rows, |it| it.number, |it| sight.sees(&it.id, &it.tags));
        sight.heed(!page.rows.is_empty())?;
        let shown = page.rows.iter().map(|it| show(&state.records, it));
        let shown = shown.collect::<Vec<_>>();
        Ok(page.finish(json!({ "AutoSnapshotPolicies": { "AutoSnapshotPolicy": shown } })))
    })
}

fn read(call: &Call<'_>) -> Result<(Describe, Paging), ApiError> {
    let asked: Describe = call.parameters.read()?;
    tag::filter(&asked.tag)?;
    Ok((asked, Paging::read_number(call)?))
}

/// A list of numbers as JSON text of texts.
fn texts(numbers: &BTreeSet<u32>) -> String {
    let texts = numbers.iter().map(|it| Value::from(it.to_string()));
    Value::from_iter(texts).to_string()
}

fn days(retention: Option<u32>) -> i64 {
    retention.map_or(-1, i64::from)
}

fn show(records: &Records, policy: &Policy) -> Value {
    let disks = records.disks.values();
    let disks = disks.filter(|disk| disk.policies.iter().any(|it| it.policy == policy.id));
    let association = match policy.target_tags {
        None => "AssociatedWithDisk",
        Some(_) => "AssociatedWithInstanceTag",
    };
    let none = Tags::new();
    let mut shown = json!({
        "AutoSnapshotPolicyId": policy.id,
        "AutoSnapshotPolicyName": policy.name,
        "RegionId": policy.region,
        "TimePoints": texts(&policy.hours),
        "RepeatWeekdays": texts(&policy.weekdays),
        "RetentionDays": days(policy.retention),
        "EnableCrossRegionCopy": policy.copies,
        "TargetCopyRegions": Value::from_iter(policy.target_region.as_deref()).to_string(),
        "CopiedSnapshotsRetentionDays": days(policy.copy_retention),
        "CopyEncryptionConfiguration": {
            "Encrypted": policy.copy_encrypted == Some(true),
            "KMSKeyId": policy.copy_kms_key.as_deref().unwrap_or_default(),
        },
        "AssociationType": association,
        "CreationTime": time::text(policy.created),
        "DiskNums": disks.count(),
        "VolumeNums": 0,
        "Status": "Normal",
        "Type": "Custom",
        "ResourceGroupId": policy.resource_group.as_deref().unwrap_or_default(),
        "Tags": tag::show(&policy.tags),
    });
    let targets = tag::show(policy.target_tags.as_ref().unwrap_or(&none));
    shown["TargetTags"] = json!({ "TargetTag": targets["Tag"] });
    shown
}

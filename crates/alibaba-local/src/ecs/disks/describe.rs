//! DescribeDisks.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::ecs::bounds;
use crate::ecs::categories;
use crate::ecs::filter::{self, TimeFilter, Times};
use crate::ecs::object::join;
use crate::ecs::page::Paging;
use crate::ecs::place;
use crate::ecs::records::disk::Disk;
use crate::ecs::refusal;
use crate::ecs::rights::Sight;
use crate::ecs::store::Store;
use crate::ecs::tag::{self, Tag};
use crate::ecs::time;
use crate::openapi::call::Call;
use crate::openapi::error::ApiError;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Describe {
    disk_ids: Option<String>,
    instance_id: Option<String>,
    zone_id: Option<String>,
    snapshot_id: Option<String>,
    disk_name: Option<String>,
    disk_type: Option<String>,
    disk_charge_type: Option<String>,
    category: Option<String>,
    performance_level: Option<String>,
    status: Option<String>,
    auto_snapshot_policy_id: Option<String>,
    enable_auto_snapshot: Option<bool>,
    enable_automated_snapshot_policy: Option<bool>,
    enable_shared: Option<bool>,
    delete_auto_snapshot: Option<bool>,
    delete_with_instance: Option<bool>,
    portable: Option<bool>,
    multi_attach: Option<String>,
    encrypted: Option<bool>,
    #[serde(rename = "KMSKeyId")]
    kms_key_id: Option<String>,
    lock_reason: Option<String>,
    resource_group_id: Option<String>,
    #[serde(default)]
    additional_attributes: Vec<String>,
    dry_run: Option<bool>,
    #[serde(default)]
    tag: Vec<Tag>,
    #[serde(default)]
    filter: Vec<TimeFilter>,
}

const STATES: [&str; 7] = [
    "In_use",
    "Available",
    "Attaching",
    "Detaching",
    "Creating",
    "ReIniting",
    "All",
];

pub(in crate::ecs) fn describe(store: &Store, call: &Call<'_>) -> Result<Value, ApiError> {
    let region = place::required(store, call)?;
    let sight = Sight::new(call, "ecs:DescribeDisks", &region, ("disk", "DiskIds"))?;
    let (asked, ids, times, paging) = sight.unless_denied(read(call))?;
    store.change(|state, now| {
        let rows = state.records.disks.values().filter(|disk| {
            disk.region == region
                && ids.as_ref().is_none_or(|ids| ids.contains(&disk.id))
                && asked.hold(disk, now)
                && times.hold(disk.created)
        });
        let page = paging.page(rows, |it| it.number, |it| sight.sees(&it.id, &it.tags));
        sight.heed(!page.rows.is_empty())?;
        if asked.dry_run == Some(true) {
            return Err(refusal::dry_run());
        }
        let wants_placement = asked
            .additional_attributes
            .iter()
            .any(|it| it == "Placement");
        let shown = page.rows.iter().map(|disk| {
            let mut shown = show(disk, now);
            if wants_placement {
                shown["Placement"] = json!({ "ZoneIds": disk.zone });
            }
            shown
        });
        let shown = shown.collect::<Vec<_>>();
        Ok(page.finish(json!({ "Disks": { "Disk": shown } })))
    })
}

type Read = (Describe, Option<Vec<String>>, Times, Paging);

fn read(call: &Call<'_>) -> Result<Read, ApiError> {
    let asked: Describe = call.parameters.read()?;
    let ids = asked.disk_ids.as_deref();
    let ids = bounds::id_list(ids, "d", "InvalidDiskIds.Malformed")?;
    let times = check(&asked)?;
    Ok((asked, ids, times, Paging::read(call, 500)?))
}

fn check(asked: &Describe) -> Result<Times, ApiError> {
    let status = asked.status.as_deref();
    if status.is_some_and(|status| !STATES.iter().any(|it| it.eq_ignore_ascii_case(status))) {
        return Err(ApiError::bad_request(
            "InvalidStatus.ValueNotSupported",
            "The specified parameter \"Status\" is not valid.",
        ));
    }
    if let Some(category) = asked.category.as_deref()
        && !category.eq_ignore_ascii_case("all")
        && categories::find(category).is_none()
        && !category.starts_with("local_")
    {
        return Err(ApiError::bad_request(
            "InvalidCategory.ValueNotSupported",
            "The specified parameter \"Category\" is not valid.",
        ));
    }
    let one_of = |name: &str, value: &Option<String>, words: &[&str]| match value {
        Some(value) if !words.iter().any(|it| it.eq_ignore_ascii_case(value)) => {
            Err(ApiError::invalid(name))
        }
        _ => Ok(()),
    };
    one_of("DiskType", &asked.disk_type, &["all", "system", "data"])?;
    one_of(
        "DiskChargeType",
        &asked.disk_charge_type,
        &["PrePaid", "PostPaid"],
    )?;
    let attach = ["Disabled", "Enabled", "LegacyShared"];
    one_of("MultiAttach", &asked.multi_attach, &attach)?;
    one_of("LockReason", &asked.lock_reason, &["financial", "security"])?;
    tag::filter(&asked.tag)?;
    filter::read(&asked.filter)
}

impl Describe {
    fn hold(&self, disk: &Disk, now: DateTime<Utc>) -> bool {
        let is = |wanted: &Option<String>, found: &str| {
            wanted
                .as_ref()
                .is_none_or(|it| it.eq_ignore_ascii_case(found))
        };
        let or_all = |wanted: &Option<String>, found: &str| {
            let wanted = wanted.as_deref();
            wanted.is_none_or(|it| it.eq_ignore_ascii_case("all") || it.eq_ignore_ascii_case(found))
        };
        let same = |wanted: &Option<String>, found: Option<&str>| {
            wanted.is_none() || wanted.as_deref() == found
        };
        let flag = |wanted: Option<bool>, found: bool| wanted.is_none_or(|it| it == found);
        let instance = disk.attached.as_ref().map(|it| it.instance.as_str());
        let policy = self.auto_snapshot_policy_id.as_ref();
        or_all(&self.status, disk.status(now))
            && or_all(&self.disk_type, disk.kind())
            && or_all(&self.category, &disk.category)
            && same(&self.instance_id, instance)
            && same(&self.zone_id, Some(&disk.zone))
            && same(&self.snapshot_id, disk.source_snapshot.as_deref())
            && same(&self.disk_name, Some(&disk.name))
            && same(&self.performance_level, disk.performance_level.as_deref())
            && is(&self.disk_charge_type, charge_type(disk))
            && is(&self.multi_attach, multi_attach(disk))
            && policy.is_none_or(|id| disk.policies.iter().any(|it| it.policy == *id))
            && flag(
                self.enable_automated_snapshot_policy,
                !disk.policies.is_empty(),
            )
            && flag(self.enable_auto_snapshot, true)
            && flag(self.enable_shared, false)
            && flag(self.delete_auto_snapshot, disk.delete_auto_snapshot)
            && flag(self.delete_with_instance, disk.goes_with_instance())
            && flag(self.portable, disk.is_portable())
            && (self.encrypted != Some(true) || disk.encrypted)
            && same(&self.kms_key_id, disk.kms_key.as_deref())
            && same(&self.lock_reason, lock_reason(disk))
            && same(&self.resource_group_id, disk.resource_group.as_deref())
            && tag::has_all(&disk.tags, &self.tag)
    }
}

fn charge_type(disk: &Disk) -> &'static str {
    if disk.prepaid { "PrePaid" } else { "PostPaid" }
}

fn multi_attach(disk: &Disk) -> &'static str {
    if disk.multi_attach {
        "Enabled"
    } else {
        "Disabled"
    }
}

fn lock_reason(disk: &Disk) -> Option<&'static str> {
    disk.in_arrears.then_some("financial")
}

/// Operations and MB a second, by the formulas in the page on the performance of block storage, up to the
/// most that the category has.
fn performance(disk: &Disk) -> (u64, u64) {
    let size = disk.size_gib;
    let level = disk.performance_level.as_deref();
    let (iops, throughput) = match (disk.category.as_str(), level) {
        ("cloud", _) => ((200, 0, 200), (30, 0, 30)),
        ("cloud_efficiency", _) => ((1800, 8, 5000), (100, 15, 140)),
        ("cloud_ssd", _) => ((1800, 30, 25_000), (120, 50, 300)),
        ("cloud_essd", Some("PL0")) => ((1800, 12, 10_000), (100, 25, 180)),
        ("cloud_essd", Some("PL2")) => ((1800, 50, 100_000), (120, 50, 750)),
        ("cloud_essd", Some("PL3")) => ((1800, 50, 1_000_000), (120, 50, 4000)),
        ("cloud_essd_entry", _) => ((1800, 8, 6000), (100, 15, 150)),
        _ => ((1800, 50, 50_000), (120, 50, 350)),
    };
    (
        (iops.0 + iops.1 * size).min(iops.2) + disk.provisioned_iops.unwrap_or_default(),
        (throughput.0 + throughput.1 * size / 100).min(throughput.2),
    )
}

/// A disk as DescribeDisks has it.
fn show(disk: &Disk, now: DateTime<Utc>) -> Value {
    let (iops, throughput) = performance(disk);
    let locks = lock_reason(disk).map(|reason| json!({ "LockReason": reason }));
    let attachments = disk.attached.as_ref().map(|it| {
        json!({
            "InstanceId": it.instance,
            "Device": it.device,
            "AttachedTime": time::text(it.since),
        })
    });
    let attachments = Value::from_iter(attachments);
    let attached = disk.attached.as_ref();
    let source = disk.source_snapshot.as_deref().unwrap_or_default();
    let own = json!({
        "DiskId": disk.id,
        "DiskName": disk.name,
        "Description": disk.description,
        "RegionId": disk.region,
        "ZoneId": disk.zone,
        "Category": disk.category,
        "Size": disk.size_gib,
        "Type": disk.kind(),
        "Status": disk.status(now),
        "CreationTime": time::text(disk.created),
    });
    let use_of_it = json!({
        "AttachedTime": attached.map(|it| time::text(it.since)).unwrap_or_default(),
        "DetachedTime": disk.detached_at.map(time::text).unwrap_or_default(),
        "InstanceId": attached.map(|it| it.instance.as_str()).unwrap_or_default(),
        "Device": attached.map(|it| it.device.as_str()).unwrap_or_default(),
        "Attachments": { "Attachment": attachments },
        "MountInstances": { "MountInstance": attachments },
        "MountInstanceNum": u32::from(attached.is_some()),
    });
    let more = json!({
        "SourceSnapshotId": source,
        "SourceDiskId": "",
        "ImageId": "",
        "ProductCode": "",
        "BdfId": "",
        "SerialNumber": disk.id.strip_prefix("d-").unwrap_or_default(),
        "DiskChargeType": charge_type(disk),
        "ExpiredTime": "2999-09-08T16:00Z",
        "Encrypted": disk.encrypted,
        "KMSKeyId": disk.kms_key.as_deref().unwrap_or_default(),
        "MultiAttach": multi_attach(disk),
        "Portable": disk.is_portable(),
        "DeleteWithInstance": disk.goes_with_instance(),
        "DeleteAutoSnapshot": disk.delete_auto_snapshot,
        "EnableAutoSnapshot": true,
        "EnableAutomatedSnapshotPolicy": !disk.policies.is_empty(),
        "AutoSnapshotPolicyId": disk.policies.first().map(|it| it.policy.as_str()).unwrap_or_default(),
        "BurstingEnabled": disk.bursting,
        "IOPS": iops,
        "IOPSRead": iops,
        "IOPSWrite": iops,
        "Throughput": throughput,
        "ThroughputRead": throughput,
        "ThroughputWrite": throughput,
        "StorageSetId": disk.storage_set.as_deref().unwrap_or_default(),
        "StorageClusterId": disk.storage_cluster.as_deref().unwrap_or_default(),
        "ResourceGroupId": disk.resource_group.as_deref().unwrap_or_default(),
        "OperationLocks": { "OperationLock": Value::from_iter(locks) },
        "Tags": tag::show(&disk.tags),
    });
    let mut shown = join(join(own, use_of_it), more);
    let optional = [
        (
            "PerformanceLevel",
            disk.performance_level.as_deref().map(Value::from),
        ),
        ("ProvisionedIops", disk.provisioned_iops.map(Value::from)),
        (
            "StorageSetPartitionNumber",
            disk.storage_set_partitions.map(Value::from),
        ),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            shown[name] = value;
        }
    }
    if !source.is_empty() {
        shown["DataSource"] = json!({ "Id": source, "Type": "Snapshot" });
    }
    shown
}

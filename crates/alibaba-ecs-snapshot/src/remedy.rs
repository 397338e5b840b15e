//! What to do about ECS's refusals.

use alibaba_core::Error;

/// What to do about an error of ECS, where its code says so.
///
/// ```no_run
/// # async fn example(ecs: alibaba_ecs_snapshot::Client) {
/// if let Err(error) = ecs.create_snapshot("d-bp1fake0000000000001").send().await {
///     eprintln!("{error}");
///     if let Some(remedy) = alibaba_ecs_snapshot::remedy(&error) {
///         eprintln!("{remedy}");
///     }
/// }
/// # }
/// ```
#[must_use]
pub fn remedy(error: &Error) -> Option<&'static str> {
    of_code(error.service_code()?)
}

fn of_code(code: &str) -> Option<&'static str> {
    Some(match code {
        "InvalidAccountStatus.SnapshotServiceUnavailable" => {
            "open the snapshot service, by `open_snapshot_service` or in the console"
        }
        "InvalidAccountStatus.NotEnoughBalance" | "DiskInArrears" => "settle the account's bills",
        "IncorrectDiskStatus.NeverAttached" | "IncorrectDiskStatus.NeverUsed" => {
            "attach the disk to an instance once: it holds nothing yet"
        }
        "IncorrectDiskStatus.CreatingSnapshot"
        | "IncorrectDiskStatus.TooManyCreatingSnapshots"
        | "QuotaExceed.ConcurrentSnapshotQuota" => {
            "wait until the disk's unfinished snapshots are done"
        }
        "QuotaExceed.Snapshot" | "QuotaExceed.SnapshotQuota" => {
            "delete snapshots of the disk that are no longer needed, or have the quota raised"
        }
        "DiskCategory.OperationNotSupported"
        | "DiskId.ValueNotSupported"
        | "IncorrectDiskType.NotSupport"
        | "PartofDiskCategory.OperationNotSupported" => {
            "back up the files instead: disks of this category have no snapshots"
        }
        "IncorrectInstanceStatus" => "wait until the instance is running or stopped",
        "InstanceLockedForSecurity" => "have the instance's security lock lifted",
        "SnapshotCreatedDisk" => "delete it with `force(true)`: disks were made of it",
        "SnapshotCreatedImage" => "delete the images that were made of it first",
        "InvalidOperation.RelatedSnapshotNotFinished"
        | "InvalidOperation.UnfinishedCrossRegionCopy" => "wait until its copies are done",
        "InvalidSnapshotId.NotReady" | "InvalidSnapshot.NotReady" => {
            "wait until the snapshot is accomplished"
        }
        "InvalidSnapshotId.NotDataDiskSnapshot" => {
            "take a snapshot of a data disk: this one is of a system disk"
        }
        "InvalidOperation.NotSupportCopyInSameRegion" => "copy it to another region",
        "IdempotentParameterMismatch" => {
            "use another client token: this one was used with other parameters"
        }
        "AutoSnapshotPolicy.QuotaExceed" => "delete a policy: a region has up to 100",
        "QuotaExceed.AppliedAutoSnapshotPolicyQuota" => {
            "take a policy off the disk: it has up to 10"
        }
        "OperationDenied.TooManyAutoSnapshotPolicies" => {
            "say which of the disk's policies, by `auto_snapshot_policy_id`"
        }
        "InvalidOperation.PolicyTypeUnsupported" => {
            "change a policy of your own: this one is ECS's"
        }
        "QuotaExceed.PostPaidDisk" => "delete disks, or have the quota raised",
        "QuotaExceed.Tags" => "take tags off: a resource has up to 20",
        "InvalidDiskIds.NotInSameZone" => "make a group for each zone",
        "NumberExceed.TooManyDisks" | "CapacityExceed.TooManyDisks" => "make several groups",
        "MissingParamter.InstanceId" => "give the group an instance, or disks",
        "InvalidParam.ExcludeDiskIdsAndDiskIds.Conflict" => {
            "give the disks to take or those not to take, not both"
        }
        "Forbidden.RAM" => "allow the action to the caller, or call as another",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_remedies_and_unknown_ones_none() {
        let remedy = of_code("SnapshotCreatedDisk").unwrap();
        assert!(remedy.contains("force"));
        assert_eq!(of_code("InvalidSnapshotId.NotFound"), None);
    }
}

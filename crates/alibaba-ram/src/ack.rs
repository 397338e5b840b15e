//! The policies that ACK's backup center needs, as its documentation prints them.
//!
//! They are those of "Install migrate-controller and grant permissions" (Container Service for
//! Kubernetes, 12 December 2024), for dedicated and registered clusters. The page writes
//! `ecs:DescribeAutoSnapshotPolicyEX`, with both last letters in upper case, where the API is named
//! `DescribeAutoSnapshotPolicyEx`; RAM compares action names without case, and so does
//! [`action_matches`](crate::action_matches). The spelling is kept.

use crate::document::{PolicyDocument, Statement, Values};

/// What it does with OSS.
pub const OSS_ACTIONS: [&str; 7] = [
    "oss:PutObject",
    "oss:GetObject",
    "oss:DeleteObject",
    "oss:GetBucket",
    "oss:ListObjects",
    "oss:ListBuckets",
    "oss:GetBucketStat",
];

/// What it does with ECS snapshots.
pub const ECS_ACTIONS: [&str; 14] = [
    "ecs:CreateSnapshot",
    "ecs:DeleteSnapshot",
    "ecs:DescribeSnapshotGroups",
    "ecs:CreateAutoSnapshotPolicy",
    "ecs:ApplyAutoSnapshotPolicy",
    "ecs:CancelAutoSnapshotPolicy",
    "ecs:DeleteAutoSnapshotPolicy",
    "ecs:DescribeAutoSnapshotPolicyEX",
    "ecs:ModifyAutoSnapshotPolicyEx",
    "ecs:DescribeSnapshots",
    "ecs:DescribeInstances",
    "ecs:CopySnapshot",
    "ecs:CreateSnapshotGroup",
    "ecs:DeleteSnapshotGroup",
];

/// What it does with Cloud Backup.
pub const HBR_ACTIONS: [&str; 10] = [
    "hbr:CreateVault",
    "hbr:CreateBackupJob",
    "hbr:DescribeVaults",
    "hbr:DescribeBackupJobs2",
    "hbr:DescribeRestoreJobs",
    "hbr:SearchHistoricalSnapshots",
    "hbr:CreateRestoreJob",
    "hbr:AddContainerCluster",
    "hbr:DescribeContainerCluster",
    "hbr:DescribeRestoreJobs2",
];

/// The policy for backups in any bucket of the account.
///
/// ```
/// use alibaba_ram::{Request, ack, evaluate};
///
/// let policy = ack::backup_center();
/// assert_eq!(policy.statements().len(), 3);
/// assert!(evaluate([&policy], &Request::new("hbr:CreateVault", "*")).is_allowed());
/// ```
#[must_use]
pub fn backup_center() -> PolicyDocument {
    document("*")
}

/// The policy for backups in these buckets alone: of each the bucket itself and what is in it.
///
/// Without a bucket, it allows nothing of OSS.
///
/// ```
/// use alibaba_ram::{Request, ack, evaluate};
///
/// let policy = ack::backup_center_in(["mybackups"]);
/// let put = |bucket: &str| {
///     let key = format!("acs:oss:oss-cn-hangzhou:1234567890123456:{bucket}/nightly.tar.gz");
///     evaluate([&policy], &Request::new("oss:PutObject", key)).is_allowed()
/// };
/// assert!(put("mybackups") && !put("otherbucket"));
/// ```
#[must_use]
pub fn backup_center_in<B: AsRef<str>>(buckets: impl IntoIterator<Item = B>) -> PolicyDocument {
    let resources = buckets.into_iter().flat_map(|bucket| {
        let bucket = format!("acs:oss:*:*:{}", bucket.as_ref());
        let objects = format!("{bucket}/*");
        [bucket, objects]
    });
    document(resources.collect::<Values>())
}

fn document(buckets: impl Into<Values>) -> PolicyDocument {
    PolicyDocument::new()
        .statement(Statement::allow().action(OSS_ACTIONS).resource(buckets))
        .statement(Statement::allow().action(ECS_ACTIONS).resource("*"))
        .statement(Statement::allow().action(HBR_ACTIONS).resource("*"))
}

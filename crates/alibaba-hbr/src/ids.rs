//! Ids and names of what Cloud Backup keeps.

use alibaba_core::openapi::is_word;
use alibaba_core::{InvalidRegion, Region};
use serde::{Deserialize, Serialize};

fn has_prefix(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix)
        .is_some_and(|rest| is_word(rest, 1..=64, "-_"))
}

fn is_name(text: &str) -> bool {
    (1..=64).contains(&text.chars().count())
}

alibaba_core::identifiers! {
    /// The id of a vault.
    VaultId: "`v-` and letters and digits" = |text| has_prefix(text, "v-");
    /// The name of a vault. Names are not unique.
    VaultName: "1 to 64 characters" = is_name;
    /// The id that Cloud Backup gives a registered container cluster.
    ContainerClusterId: "`cc-` and letters and digits" = |text| has_prefix(text, "cc-");
    /// The id of an ACK cluster, as ACK gives it.
    AckClusterId: "33 letters and digits, the first a `c`" = |text| {
        text.starts_with('c') && is_word(text, 33..=33, "")
    };
    /// The id of a resource of a container cluster: for a volume, a UUID.
    ContainerResourceId: "letters, digits, `-` and `_`" = |text| is_word(text, 1..=128, "-_");
    /// The id of a backup job.
    BackupJobId: "`job-` and letters and digits" = |text| has_prefix(text, "job-");
    /// The id of a restore job.
    RestoreJobId: "`r-` and letters and digits" = |text| has_prefix(text, "r-");
    /// The id of a backup snapshot: what a backup job has made.
    SnapshotId: "`s-` and letters and digits" = |text| has_prefix(text, "s-");
    /// The hash of a backup snapshot.
    SnapshotHash: "letters and digits" = |text| is_word(text, 1..=256, "-_");
    /// The id of a backup plan.
    PlanId: "`plan-` and letters and digits" = |text| has_prefix(text, "plan-");
    /// The name of a backup plan.
    PlanName: "1 to 64 characters" = is_name;
    /// The id of a rule of a plan or policy.
    RuleId: "letters, digits, `-` and `_`" = |text| is_word(text, 1..=128, "-_");
    /// The id of a backup policy.
    PolicyId: "letters, digits, `-` and `_`" = |text| is_word(text, 1..=128, "-_");
    /// The id of what a policy backs up: an instance, a file system, a bucket.
    DataSourceId: "an id" = |text| !text.is_empty();
    /// The id of a task that goes on by itself.
    TaskId: "`t-` and letters and digits" = |text| has_prefix(text, "t-");
    /// The id of an installed backup client.
    BackupClientId: "`c-` and letters and digits" = |text| has_prefix(text, "c-");
    /// The id of a group of backup clients. It has nothing to do with container clusters.
    ClientGroupId: "`cl-` and letters and digits" = |text| has_prefix(text, "cl-");
    /// The id of an ECS instance.
    InstanceId: "`i-` and letters and digits" = |text| has_prefix(text, "i-");
    /// The id of a file system.
    FileSystemId: "letters, digits, `-` and `_`" = |text| is_word(text, 1..=128, "-_");
    /// The name of an OSS bucket.
    BucketName: "3 to 63 letters, digits and `-`" = |text| is_word(text, 3..=63, "-");
    /// The id of a resource group.
    ResourceGroupId: "`rg-` and letters and digits" = |text| has_prefix(text, "rg-");
    /// The id of a region, such as `cn-hangzhou`.
    RegionId: "a region id such as `cn-hangzhou`" = |text| Region::new(text).is_ok();
    /// The id or alias of a key of the Key Management Service.
    KmsKeyId: "the id or alias of a key" = |text| is_word(text, 1..=256, "-_/:");
    /// The name of a RAM role.
    RoleName: "1 to 64 letters, digits, `.` and `-`" = |text| is_word(text, 1..=64, ".-");
}

impl From<Region> for RegionId {
    fn from(region: Region) -> Self {
        Self::new(region.as_str())
    }
}

impl From<&Region> for RegionId {
    fn from(region: &Region) -> Self {
        Self::new(region.as_str())
    }
}

impl TryFrom<RegionId> for Region {
    type Error = InvalidRegion;

    fn try_from(id: RegionId) -> Result<Self, InvalidRegion> {
        Self::new(id.as_str())
    }
}

/// The number of an Alibaba Cloud account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(transparent)]
pub struct AccountId(pub u64);

impl From<u64> for AccountId {
    fn from(number: u64) -> Self {
        Self(number)
    }
}

//! Ids and names of what ECS keeps.

use alibaba_core::openapi::is_word;
use alibaba_core::{InvalidRegion, Region};

fn has_prefix(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix)
        .is_some_and(|rest| is_word(rest, 1..=64, "-_"))
}

fn is_name(text: &str, also: &str) -> bool {
    (2..=128).contains(&text.chars().count())
        && text.starts_with(char::is_alphabetic)
        && text
            .chars()
            .all(|char| char.is_alphanumeric() || also.contains(char))
}

fn is_description(text: &str) -> bool {
    (2..=256).contains(&text.chars().count())
        && !text.starts_with("http://")
        && !text.starts_with("https://")
}

alibaba_core::identifiers! {
    /// The id of a disk.
    DiskId: "`d-` and letters and digits" = |text| has_prefix(text, "d-");
    /// The id of an instance.
    InstanceId: "`i-` and letters and digits" = |text| has_prefix(text, "i-");
    /// The id of a snapshot.
    SnapshotId: "`s-` and letters and digits" = |text| has_prefix(text, "s-");
    /// The id of a group of snapshots.
    SnapshotGroupId: "`ssg-` and letters and digits" = |text| has_prefix(text, "ssg-");
    /// The id of a chain of snapshots: those of one disk.
    SnapshotLinkId: "`sl-` and letters and digits" = |text| has_prefix(text, "sl-");
    /// The id of an automatic snapshot policy.
    AutoSnapshotPolicyId: "`sp-` and letters and digits" = |text| has_prefix(text, "sp-");
    /// The id of a resource group.
    ResourceGroupId: "`rg-` and letters and digits" = |text| has_prefix(text, "rg-");
    /// The id of a region, such as `cn-hangzhou`.
    RegionId: "a region id such as `cn-hangzhou`" = |text| Region::new(text).is_ok();
    /// The id of a zone of a region, such as `cn-hangzhou-k`.
    ZoneId: "a zone id such as `cn-hangzhou-k`" = |text| is_word(text, 1..=64, "-");
    /// The id of a key of the Key Management Service.
    KmsKeyId: "the id or alias of a key" = |text| is_word(text, 1..=256, "-_/:");
    /// The id of any resource that can have tags.
    ResourceId: "an id such as `s-bp1fake0000000000001`" = |text| is_word(text, 1..=128, "-_.");
    /// The name of a snapshot.
    SnapshotName: "2 to 128 letters, digits, `:`, `_`, `.` and `-`, the first a letter, and not `auto` at the beginning"
        = |text| is_name(text, ":_.-") && !text.starts_with("auto");
    /// The name of a disk or of a group of snapshots.
    ResourceName: "2 to 128 letters, digits, `:`, `_`, `.` and `-`, the first a letter" = |text| is_name(text, ":_.-");
    /// The name of an automatic snapshot policy.
    PolicyName: "2 to 128 letters, digits, `:`, `_` and `-`, the first a letter" = |text| is_name(text, ":_-");
    /// What a resource is for.
    Description: "2 to 256 characters that do not begin with `http://` or `https://`" = is_description;
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

macro_rules! resource_ids {
    ($($id:ident)*) => {$(
        impl From<$id> for ResourceId {
            fn from(id: $id) -> Self {
                Self::new(id.as_str())
            }
        }

        impl From<&$id> for ResourceId {
            fn from(id: &$id) -> Self {
                Self::new(id.as_str())
            }
        }
    )*};
}

resource_ids! { DiskId InstanceId SnapshotId SnapshotGroupId AutoSnapshotPolicyId }

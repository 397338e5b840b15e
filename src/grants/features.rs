//! What is to be done, and which rights that takes.

use std::fmt;
use std::str::FromStr;

use alibaba_ram::ack;

/// Something that the backup center does and needs rights for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Feature {
    /// The objects of applications, in OSS.
    Applications,
    /// Disks, as ECS snapshots.
    DiskSnapshots,
    /// Volumes of files, by Cloud Backup.
    FileVolumes,
    /// Disks in another region: snapshots are copied there. From version 1.7.7 of the component on.
    CrossRegionDisks,
    /// Jobs of Cloud Backup that are cancelled when their backup is deleted.
    CancelFileJobs,
    /// Backups of files that are deleted with their application's, before their retention is over.
    DeleteFileBackups,
    /// Disks that are made here, where a cluster serves no CSI snapshots.
    RestoreDisks,
    /// Disks of a snapshot group that are restored by CSI snapshots.
    GroupMembers,
    /// What disks are like, by ECS rather than by their PersistentVolumes.
    DiskDetails,
    /// Parts of interrupted uploads that are found and deleted.
    SweepUploads,
    /// Buckets that are encrypted with a key of one's own in Key Management Service.
    CustomerKeys,
}

/// Rights beyond those of the page, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Extra {
    /// The feature.
    pub feature: Feature,
    /// The actions.
    pub actions: &'static [&'static str],
    /// What they are for, and where that is written.
    pub why: &'static str,
}

/// Every right that a feature needs beyond those of the page. They are asked for only when the feature
/// is wanted.
///
/// | feature | actions | why |
/// |---|---|---|
/// | `cancel-file-jobs` | `hbr:CancelBackupJob` | a deleted backup cancels its job |
/// | `delete-file-backups` | `hbr:DeleteSnapshot` | a deleted backup's files go before their retention is over |
/// | `restore-disks` | `ecs:CreateDisk`, `ecs:DescribeDisks` | disks are made here where the cluster serves no CSI snapshots |
/// | `group-members` | `ecs:ModifySnapshotAttribute` | a member of a group is given a name of its own, for the CSI driver takes it for part of the group otherwise |
/// | `disk-details` | `ecs:DescribeDisks` | category, level and zone are asked of ECS, and a group that one disk spoils is made of the others |
/// | `sweep-uploads` | `oss:AbortMultipartUpload`, `oss:ListParts`, `oss:ListMultipartUploads` | parts of interrupted uploads are found and deleted |
/// | `customer-keys` | `kms:List*`, `kms:DescribeKey`, `kms:GenerateDataKey`, `kms:Decrypt` | buckets encrypted with a key of one's own |
pub const EXTRAS: [Extra; 7] = [
    Extra {
        feature: Feature::CancelFileJobs,
        actions: &["hbr:CancelBackupJob"],
        why: "a deleted backup cancels its job (change record of migrate-controller, v1.8.4)",
    },
    Extra {
        feature: Feature::DeleteFileBackups,
        actions: &["hbr:DeleteSnapshot"],
        why: "files of a deleted backup go at once; without it, Cloud Backup deletes them when their retention is over",
    },
    Extra {
        feature: Feature::RestoreDisks,
        actions: &["ecs:CreateDisk", "ecs:DescribeDisks"],
        why: "disks are made from snapshots where the cluster serves no CSI snapshots; else the CSI driver makes them",
    },
    Extra {
        feature: Feature::GroupMembers,
        actions: &["ecs:ModifySnapshotAttribute"],
        why: "ACK's CSI driver takes a snapshot that is described as `Created_from_ssg-` for part of a group, and never \
              restores it alone (alibaba-cloud-csi-driver, pkg/disk)",
    },
    Extra {
        feature: Feature::DiskDetails,
        actions: &["ecs:DescribeDisks"],
        why: "static PersistentVolumes say little of their disks, and one disk that cannot be snapshotted spoils a group",
    },
    Extra {
        feature: Feature::SweepUploads,
        actions: &[
            "oss:AbortMultipartUpload",
            "oss:ListParts",
            "oss:ListMultipartUploads",
        ],
        why: "parts of interrupted uploads are found and deleted, instead of by a lifecycle rule of the bucket",
    },
    Extra {
        feature: Feature::CustomerKeys,
        actions: &[
            "kms:List*",
            "kms:DescribeKey",
            "kms:GenerateDataKey",
            "kms:Decrypt",
        ],
        why: "buckets are encrypted with a key of one's own (FAQ about the backup center)",
    },
];

impl Feature {
    /// What ACK's page grants.
    pub const DOCUMENTED: [Self; 3] = [Self::Applications, Self::DiskSnapshots, Self::FileVolumes];

    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Applications,
        Self::DiskSnapshots,
        Self::FileVolumes,
        Self::CrossRegionDisks,
        Self::CancelFileJobs,
        Self::DeleteFileBackups,
        Self::RestoreDisks,
        Self::GroupMembers,
        Self::DiskDetails,
        Self::SweepUploads,
        Self::CustomerKeys,
    ];

    /// Its name on a command line and in a configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Applications => "applications",
            Self::DiskSnapshots => "disk-snapshots",
            Self::FileVolumes => "file-volumes",
            Self::CrossRegionDisks => "cross-region-disks",
            Self::CancelFileJobs => "cancel-file-jobs",
            Self::DeleteFileBackups => "delete-file-backups",
            Self::RestoreDisks => "restore-disks",
            Self::GroupMembers => "group-members",
            Self::DiskDetails => "disk-details",
            Self::SweepUploads => "sweep-uploads",
            Self::CustomerKeys => "customer-keys",
        }
    }

    /// Whether it is about the data of volumes.
    #[must_use]
    pub fn is_about_volumes(self) -> bool {
        match self {
            Self::DiskSnapshots
            | Self::FileVolumes
            | Self::CrossRegionDisks
            | Self::CancelFileJobs
            | Self::DeleteFileBackups
            | Self::RestoreDisks
            | Self::GroupMembers
            | Self::DiskDetails => true,
            Self::Applications | Self::SweepUploads | Self::CustomerKeys => false,
        }
    }

    /// The actions that it needs, as the page writes them.
    #[must_use]
    pub fn actions(self) -> &'static [&'static str] {
        match self {
            Self::Applications => &ack::OSS_ACTIONS,
            // The page asks for the whole template where disks are to be restored in another region.
            Self::DiskSnapshots | Self::CrossRegionDisks => &ack::ECS_ACTIONS,
            Self::FileVolumes => &ack::HBR_ACTIONS,
            Self::CancelFileJobs
            | Self::DeleteFileBackups
            | Self::RestoreDisks
            | Self::GroupMembers
            | Self::DiskDetails
            | Self::SweepUploads
            | Self::CustomerKeys => EXTRAS
                .iter()
                .find(|extra| extra.feature == self)
                .map_or(&[], |extra| extra.actions),
        }
    }

    /// Whether the role of managed clusters has these actions too, on buckets of its own.
    ///
    /// The role's policy is the page's three lists and the two that cancel jobs (policy
    /// `AliyunCSManagedBackupRestoreRolePolicy`, as ack-ram-tool carries it).
    pub(super) fn is_of_managed_role(self) -> bool {
        matches!(
            self,
            Self::Applications
                | Self::DiskSnapshots
                | Self::FileVolumes
                | Self::CrossRegionDisks
                | Self::CancelFileJobs
        )
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Feature {
    type Err = String;

    /// Reads the name of a feature.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|it| it.name() == text)
            .ok_or_else(|| {
                let names: Vec<_> = Self::ALL.iter().map(|it| it.name()).collect();
                format!("`{text}` is not a feature: use {}", names.join(", "))
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_feature_has_its_actions() {
        for feature in Feature::ALL {
            assert!(!feature.actions().is_empty(), "{feature}");
            assert_eq!(feature.name().parse(), Ok(feature));
        }
        for extra in EXTRAS {
            assert!(!Feature::DOCUMENTED.contains(&extra.feature));
        }
    }
}

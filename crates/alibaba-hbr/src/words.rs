//! Words that several families of operations share.

alibaba_core::words! {
    /// What kind of data is backed up.
    SourceType {
        /// Files of an ECS instance.
        EcsFile = "ECS_FILE",
        /// Objects of an OSS bucket.
        Oss = "OSS",
        /// Files of a NAS file system.
        Nas = "NAS",
        /// Files of a NAS file system of another kind.
        CommonNas = "COMMON_NAS",
        /// Files of a CPFS file system.
        CommonFileSystem = "COMMON_FILE_SYSTEM",
        /// Tables of a Tablestore instance.
        OtsTable = "OTS_TABLE",
        /// A Tablestore instance.
        Ots = "OTS",
        /// A whole ECS instance.
        UdmEcs = "UDM_ECS",
        /// A disk of a whole ECS instance.
        UdmEcsDisk = "UDM_ECS_DISK",
        /// Volumes of a container cluster.
        Container = "CONTAINER",
        /// Files of a machine outside of Alibaba Cloud.
        File = "File",
        /// What a data source is copied to continuously.
        Sync = "SYNC",
    }

    /// What a restore job restores to.
    RestoreType {
        /// Files of an ECS instance.
        EcsFile = "ECS_FILE",
        /// Objects of an OSS bucket.
        Oss = "OSS",
        /// Files of a NAS file system.
        Nas = "NAS",
        /// Files of a CPFS file system.
        CommonFileSystem = "COMMON_FILE_SYSTEM",
        /// Tables of a Tablestore instance.
        OtsTable = "OTS_TABLE",
        /// A whole ECS instance, as it was.
        UdmEcsRollback = "UDM_ECS_ROLLBACK",
        /// A volume of a container cluster. ACK uses it; the public documentation does not list it.
        Container = "CONTAINER",
    }

    /// How much a backup copies.
    BackupType {
        /// Everything.
        Complete = "COMPLETE",
        /// What has changed since the backup before.
        Incremental = "INCREMENTAL",
    }

    /// What a backup or restore job has come to.
    JobStatus {
        /// It is accepted.
        Created = "CREATED",
        /// It waits for its turn.
        Queued = "QUEUED",
        /// It copies.
        Running = "RUNNING",
        /// All was copied.
        Complete = "COMPLETE",
        /// Some was copied, and some was not: the report and the error message say what.
        PartialComplete = "PARTIAL_COMPLETE",
        /// It failed; the error message says why.
        Failed = "FAILED",
        /// It is being stopped.
        Canceling = "CANCELING",
        /// It was stopped.
        Canceled = "CANCELED",
        /// It has expired.
        Expired = "EXPIRED",
        /// It is not available.
        Unavailable = "UNAVAILABLE",
    }

    /// The edition of the service that holds the data.
    Edition {
        /// The standard edition.
        Standard = "STANDARD",
        /// The basic edition.
        Basic = "BASIC",
    }

    /// Whose data is backed up.
    CrossAccountType {
        /// The account's own.
        SelfAccount = "SELF_ACCOUNT",
        /// Another account's, through a role there.
        CrossAccount = "CROSS_ACCOUNT",
    }

    /// How data is stored and billed.
    StorageClass {
        /// For data that may be needed at any time.
        Standard = "STANDARD",
        /// Infrequent access. No longer offered for new vaults.
        InfrequentAccess = "IA",
        /// Archive. No longer offered for new vaults.
        Archive = "ARCHIVE",
        /// Cold archive. No longer offered for new vaults.
        ColdArchive = "COLD_ARCHIVE",
    }
}

impl JobStatus {
    /// Whether the job has come to an end, good or bad. Words not known here say nothing.
    #[must_use]
    pub fn is_final(&self) -> bool {
        self.has_data()
            || matches!(
                self,
                Self::Failed | Self::Canceled | Self::Expired | Self::Unavailable
            )
    }

    /// Whether the job has copied all or some of its data.
    #[must_use]
    pub fn has_data(&self) -> bool {
        matches!(self, Self::Complete | Self::PartialComplete)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_has_ended_where_its_status_says_so() {
        for (word, is_final, has_data) in [
            ("CREATED", false, false),
            ("QUEUED", false, false),
            ("RUNNING", false, false),
            ("CANCELING", false, false),
            ("RESTING", false, false),
            ("COMPLETE", true, true),
            ("PARTIAL_COMPLETE", true, true),
            ("FAILED", true, false),
            ("CANCELED", true, false),
            ("EXPIRED", true, false),
            ("UNAVAILABLE", true, false),
        ] {
            let status = JobStatus::from(word);
            assert_eq!(
                (status.is_final(), status.has_data()),
                (is_final, has_data),
                "{word}"
            );
            assert_eq!(status.as_str(), word);
        }
    }
}

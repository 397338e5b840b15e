//! What is refused of backup and restore jobs.

use super::case::Case;

pub(super) const CASES: &[Case] = &[
    (
        "CreateBackupJob",
        &[
            ("SourceType", "CONTAINER"),
            ("VaultId", "<vault>"),
            ("Retention", "1"),
            ("ContainerClusterId", "<cluster>"),
            ("ContainerResources", "<resources>"),
        ],
        &[
            ("SourceType", "TAPE", 400, "InvalidParameter.SourceType"),
            ("SourceType", "UDM_ECS", 400, "UnsupportedParameter"),
            ("SourceType", "ECS_FILE", 400, "MissingParameter.InstanceId"),
            ("VaultId", "v-other", 404, "VaultNotExist"),
            ("Retention", "0", 400, "InvalidParameter.Retention"),
            ("Retention", "long", 400, "InvalidParameter.Retention"),
            ("BackupType", "HALF", 400, "InvalidParameter.BackupType"),
            ("ContainerClusterId", "cc-other", 404, "ClusterNotExist"),
            (
                "ContainerResources",
                "[]",
                400,
                "MissingParameter.ContainerResources",
            ),
            (
                "ContainerResources",
                "[{}]",
                400,
                "InvalidParameter.ContainerResources",
            ),
            (
                "ContainerResources",
                "no json",
                400,
                "InvalidParameter.ContainerResources",
            ),
            (
                "ContainerResources",
                "<escaping>",
                400,
                "InvalidParameter.ContainerResources",
            ),
            (
                "ContainerResources",
                "<blocks>",
                400,
                "InvalidParameter.ContainerResources",
            ),
            ("SpeedLimit", "8:7:1", 400, "InvalidParameter.SpeedLimit"),
            (
                "SpeedLimit",
                "8:12:1|11:13:1",
                400,
                "InvalidParameter.SpeedLimit",
            ),
            ("Include", "/a", 400, "InvalidParameter.Include"),
            ("Exclude", "{}", 400, "InvalidParameter.Exclude"),
            ("Options", "[]", 400, "InvalidParameter.Options"),
            (
                "CrossAccountType",
                "CROSS_ACCOUNT",
                400,
                "UnsupportedParameter",
            ),
        ],
    ),
    (
        "DescribeBackupJobs2",
        &[
            ("Filters.1.Key", "Status"),
            ("Filters.1.Values.1", "FAILED"),
        ],
        &[
            ("Filters.1.Key", "Colour", 400, "InvalidParameter.Filters"),
            (
                "Filters.1.Key",
                "CompleteTime",
                400,
                "InvalidParameter.Filters",
            ),
            (
                "Filters.1.Operator",
                "LIKE",
                400,
                "InvalidParameter.Filters",
            ),
            (
                "Filters.1.Operator",
                "BETWEEN",
                400,
                "InvalidParameter.Filters",
            ),
            ("SortDirection", "UP", 400, "InvalidParameter.SortDirection"),
            ("Edition", "GOLD", 400, "InvalidParameter.Edition"),
        ],
    ),
    (
        "CancelBackupJob",
        &[],
        &[("JobId", "job-other", 404, "JobNotExist")],
    ),
    (
        "CreateRestoreJob",
        &[
            ("RestoreType", "NAS"),
            ("SourceType", "NAS"),
            ("VaultId", "<vault>"),
            ("SnapshotId", "s-other"),
            ("TargetFileSystemId", "f"),
            ("TargetCreateTime", "1"),
        ],
        &[
            // What is good but for the snapshot.
            ("TargetPath", "/x", 404, "SnapshotNotExist"),
            ("RestoreType", "TAPE", 400, "InvalidParameter.RestoreType"),
            ("RestoreType", "OTS_TABLE", 400, "UnsupportedParameter"),
            ("RestoreType", "OSS", 400, "InvalidParameter.SourceType"),
            ("VaultId", "v-other", 404, "VaultNotExist"),
            (
                "TargetFileSystemId",
                "",
                400,
                "MissingParameter.TargetFileSystemId",
            ),
            (
                "TargetCreateTime",
                "",
                400,
                "MissingParameter.TargetCreateTime",
            ),
            ("TargetPath", "/x/../..", 400, "InvalidParameter.TargetPath"),
            (
                "Options",
                r#"{"conflictPolicy":"ASK"}"#,
                400,
                "InvalidParameter.Options",
            ),
        ],
    ),
    (
        "CancelRestoreJob",
        &[],
        &[("RestoreId", "r-other", 404, "JobNotExist")],
    ),
];

//! What is refused of vaults and of the service itself.

use super::case::Case;

pub(super) const CASES: &[Case] = &[
    (
        "CreateVault",
        &[("VaultName", "v"), ("VaultRegionId", "cn-hangzhou")],
        &[
            ("VaultName", "", 400, "InvalidParameter.VaultName"),
            (
                "VaultName",
                "12345678901234567890123456789012345678901234567890123456789012345",
                400,
                "InvalidParameter.VaultName",
            ),
            (
                "VaultRegionId",
                "cn-nowhere",
                400,
                "InvalidParameter.VaultRegionId",
            ),
            (
                "VaultRegionId",
                "cn-shanghai",
                400,
                "InvalidParameter.VaultRegionId",
            ),
            ("VaultType", "LARGE", 400, "InvalidParameter.VaultType"),
            (
                "VaultStorageClass",
                "TAPE",
                400,
                "InvalidParameter.VaultStorageClass",
            ),
            ("EncryptType", "ROT13", 400, "InvalidParameter.EncryptType"),
            ("EncryptType", "KMS", 400, "MissingParameter.KmsKeyId"),
            (
                "WormEnabled",
                "perhaps",
                400,
                "InvalidParameter.WormEnabled",
            ),
        ],
    ),
    (
        "DescribeVaults",
        &[],
        &[
            ("PageNumber", "0", 400, "InvalidParameter.PageNumber"),
            ("PageNumber", "-1", 400, "InvalidParameter.PageNumber"),
            ("PageSize", "0", 400, "InvalidParameter.PageSize"),
            ("PageSize", "100", 400, "InvalidParameter.PageSize"),
            ("Status", "DONE", 400, "InvalidParameter.Status"),
            ("VaultType", "LARGE", 400, "InvalidParameter.VaultType"),
        ],
    ),
    (
        "UpdateVault",
        &[("VaultId", "<vault>")],
        &[
            ("VaultId", "v-other", 404, "VaultNotExist"),
            (
                "ResourceGroupId",
                "group",
                400,
                "InvalidParameter.ResourceGroupId",
            ),
        ],
    ),
    (
        "DeleteVault",
        &[],
        &[
            ("VaultId", "v-other", 404, "VaultNotExist"),
            ("Other", "", 400, "MissingParameter.VaultId"),
        ],
    ),
    (
        "DescribeTask",
        &[],
        &[
            ("TaskId", "t-other", 404, "TaskNotExist"),
            ("TaskId", "other", 400, "InvalidParameter.TaskId"),
        ],
    ),
    (
        "CheckRole",
        &[],
        &[(
            "CheckRoleType",
            "KingRole",
            400,
            "InvalidParameter.CheckRoleType",
        )],
    ),
    (
        "GenerateRamPolicy",
        &[("ActionType", "BACKUP"), ("VaultId", "<vault>")],
        &[
            ("ActionType", "DANCE", 400, "InvalidParameter.ActionType"),
            ("VaultId", "v-other", 404, "VaultNotExist"),
        ],
    ),
];

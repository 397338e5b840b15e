//! What is refused of plans and policies.

use super::case::Case;

pub(super) const CASES: &[Case] = &[
    (
        "CreateBackupPlan",
        &[
            ("SourceType", "NAS"),
            ("PlanName", "p"),
            ("VaultId", "<vault>"),
            ("FileSystemId", "f"),
            ("CreateTime", "1"),
            ("Schedule", "I|1|P1D"),
            ("Retention", "1"),
        ],
        &[
            ("SourceType", "UDM_ECS", 400, "UnsupportedParameter"),
            ("SourceType", "TAPE", 400, "InvalidParameter.SourceType"),
            ("SourceType", "OSS", 400, "MissingParameter.Bucket"),
            ("PlanName", "", 400, "InvalidParameter.PlanName"),
            ("VaultId", "v-other", 404, "VaultNotExist"),
            ("FileSystemId", "", 400, "MissingParameter.FileSystemId"),
            ("CreateTime", "", 400, "MissingParameter.CreateTime"),
            ("Schedule", "daily", 400, "InvalidParameter.Schedule"),
            ("Schedule", "", 400, "MissingParameter.Schedule"),
            ("Retention", "-1", 400, "InvalidParameter.Retention"),
            (
                "KeepLatestSnapshots",
                "2",
                400,
                "InvalidParameter.KeepLatestSnapshots",
            ),
            ("Path.1", "/a/../b", 400, "InvalidParameter.Path"),
            ("Rule.1.Schedule", "daily", 400, "InvalidParameter.Rule"),
        ],
    ),
    (
        "ExecuteBackupPlan",
        &[],
        &[("PlanId", "plan-other", 404, "PlanNotExist")],
    ),
    (
        "DeleteBackupPlan",
        &[],
        &[("PlanId", "plan-other", 404, "PlanNotExist")],
    ),
    (
        "CreatePolicyV2",
        &[],
        &[
            ("PolicyType", "GOLD", 400, "InvalidParameter.PolicyType"),
            (
                "Rules",
                r#"[{"RuleType":"DANCE"}]"#,
                400,
                "InvalidParameter.Rules",
            ),
            (
                "Rules",
                r#"[{"RuleType":"BACKUP"}]"#,
                400,
                "InvalidParameter.Rules",
            ),
            (
                "Rules",
                r#"[{"RuleType":"TRANSITION","Retention":0}]"#,
                400,
                "InvalidParameter.Rules",
            ),
            (
                "Rules",
                r#"[{"RuleType":"BACKUP","Schedule":"I|1|P1D","VaultId":"v-other"}]"#,
                404,
                "VaultNotExist",
            ),
        ],
    ),
    (
        "CreatePolicyBindings",
        &[
            ("PolicyId", "po-other"),
            (
                "PolicyBindingList",
                r#"[{"SourceType":"OSS","DataSourceId":"b"}]"#,
            ),
        ],
        &[
            ("PolicyId", "po-another", 404, "PolicyNotExist"),
            (
                "PolicyBindingList",
                "[]",
                400,
                "MissingParameter.PolicyBindingList",
            ),
            (
                "PolicyBindingList",
                r#"[{"SourceType":"TAPE","DataSourceId":"b"}]"#,
                400,
                "InvalidParameter.PolicyBindingList",
            ),
            (
                "PolicyBindingList",
                r#"[{"SourceType":"UDM_ECS","DataSourceId":"b"}]"#,
                400,
                "UnsupportedParameter",
            ),
            (
                "PolicyBindingList",
                r#"[{"SourceType":"NAS","DataSourceId":"b","Source":"/../x"}]"#,
                400,
                "InvalidParameter.PolicyBindingList",
            ),
        ],
    ),
    (
        "DescribePoliciesV2",
        &[],
        &[("MaxResults", "9", 400, "InvalidParameter.MaxResults")],
    ),
];

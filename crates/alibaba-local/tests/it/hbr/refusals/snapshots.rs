//! What is refused of backup snapshots.

use super::case::Case;

pub(super) const CASES: &[Case] = &[
    (
        "SearchHistoricalSnapshots",
        &[(
            "Query",
            r#"[{"field":"VaultId","operation":"MATCH_TERM","value":"v"}]"#,
        )],
        &[
            ("Query", "[]", 400, "InvalidParameter.Query"),
            (
                "Query",
                r#"[{"field":"PlanId","operation":"MATCH_TERM","value":"v"}]"#,
                400,
                "InvalidParameter.Query",
            ),
            (
                "Query",
                r#"[{"field":"VaultId","operation":"LIKE","value":"v"}]"#,
                400,
                "InvalidParameter.Query",
            ),
            (
                "Query",
                r#"[{"field":"VaultId","operation":"IN","value":[]}]"#,
                400,
                "InvalidParameter.Query",
            ),
            (
                "Query",
                r#"[{"field":"VaultId","operation":"IN","value":[{}]}]"#,
                400,
                "InvalidParameter.Query",
            ),
            ("Order", "UP", 400, "InvalidParameter.Order"),
            ("Limit", "101", 400, "InvalidParameter.Limit"),
            ("NextToken", "???", 400, "InvalidParameter.NextToken"),
        ],
    ),
    (
        "ListSnapshots",
        &[("ProtectedResourceId", "i-1"), ("SourceType", "ECS_FILE")],
        &[
            (
                "ProtectedResourceId",
                "i-2",
                400,
                "InvalidParameter.ProtectedResourceId",
            ),
            ("MaxResults", "0", 400, "InvalidParameter.MaxResults"),
            ("Skip", "3", 400, "InvalidParameter.Skip"),
        ],
    ),
    (
        "DeleteSnapshot",
        &[],
        &[
            ("SnapshotId", "s-other", 404, "SnapshotNotExist"),
            ("SnapshotId", "other", 400, "InvalidParameter.SnapshotId"),
        ],
    ),
];

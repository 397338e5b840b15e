//! What is refused of container clusters.

use super::case::Case;

pub(super) const CASES: &[Case] = &[
    (
        "AddContainerCluster",
        &[
            ("ClusterType", "ACK"),
            ("Identifier", "c0000000000000000000000000000fake"),
            ("NetworkType", "VPC"),
        ],
        &[
            ("ClusterType", "EKS", 400, "InvalidParameter.ClusterType"),
            ("Identifier", "c1", 400, "InvalidParameter.Identifier"),
            (
                "Identifier",
                "d0000000000000000000000000000fake",
                400,
                "InvalidParameter.Identifier",
            ),
            ("NetworkType", "WIRE", 400, "InvalidParameter.NetworkType"),
        ],
    ),
    (
        "UpdateContainerCluster",
        &[("ClusterId", "<cluster>")],
        &[
            ("ClusterId", "cc-other", 404, "ClusterNotExist"),
            ("NetworkType", "WIRE", 400, "InvalidParameter.NetworkType"),
        ],
    ),
    (
        "DeleteContainerCluster",
        &[],
        &[("ClusterId", "cc-other", 404, "ClusterNotExist")],
    ),
    (
        "DescribeContainerResource",
        &[],
        &[
            ("ClusterId", "cc-other", 404, "ClusterNotExist"),
            ("ResourceType", "NODE", 400, "InvalidParameter.ResourceType"),
        ],
    ),
];

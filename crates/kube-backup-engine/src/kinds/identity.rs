//! Annotations that give whoever runs under an account an identity outside of the cluster.
//!
//! Whoever can put one on an account becomes, in the cloud, whom it names. So an account that exists never
//! gains one by a restore, unless that is allowed.

/// Keys, and whom they name.
const ANNOTATIONS: [(&str, &str); 9] = [
    // Alibaba Cloud ACK, ack-pod-identity-webhook (RRSA).
    (
        "pod-identity.alibabacloud.com/role-name",
        "a RAM role of Alibaba Cloud",
    ),
    (
        "pod-identity.alibabacloud.com/role-arn",
        "a RAM role of Alibaba Cloud",
    ),
    // aws/amazon-eks-pod-identity-webhook, README.
    ("eks.amazonaws.com/role-arn", "an IAM role of AWS"),
    // GKE, Workload Identity Federation.
    (
        "iam.gke.io/gcp-service-account",
        "a service account of Google Cloud",
    ),
    // Azure/azure-workload-identity, docs "Labels and Annotations".
    (
        "azure.workload.identity/client-id",
        "an application of Microsoft Entra",
    ),
    (
        "azure.workload.identity/tenant-id",
        "a tenant of Microsoft Entra",
    ),
    // HashiCorp Vault Secrets Operator and injector.
    ("vault.hashicorp.com/role", "a role of Vault"),
    // kube2iam and kiam, on Pods.
    ("iam.amazonaws.com/role", "an IAM role of AWS"),
    // IBM/kube-samples trusted profiles.
    (
        "iam.cloud.ibm.com/trusted-profile",
        "a trusted profile of IBM Cloud",
    ),
];

/// The keys of all such annotations.
pub(crate) fn annotations() -> impl Iterator<Item = &'static str> {
    ANNOTATIONS.iter().map(|(key, _)| *key)
}

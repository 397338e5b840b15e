//! The names of what a grant makes.

use sha2::{Digest, Sha256};

use crate::clusters::ClusterKind;

/// The RAM user and the policy of a cluster.
///
/// They follow from the cluster, so that another run, on another machine, finds what an earlier one
/// made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Names {
    /// The RAM user.
    pub user: String,
    /// The policy.
    pub policy: String,
}

/// The policy that onectl makes: one for all registered clusters of an account.
const REGISTERED_POLICY: &str = "ack-one-registered-cluster-policy-migrate-controller";

impl Names {
    /// Those of a cluster, by the uid of its namespace `kube-system`.
    ///
    /// A registered cluster gets the names that onectl gives: a user of its own, and one policy for all
    /// registered clusters of the account.
    ///
    /// ```
    /// use ack_backup_center::clusters::ClusterKind;
    /// use ack_backup_center::grants::Names;
    ///
    /// let names = Names::of(ClusterKind::Registered, "5e4a1c3b-0d0f-4a51-9d93-3a8b1f0e2c47");
    /// assert_eq!(names.user, "ack-one-user-aa3120a272");
    /// assert_eq!(names.policy, "ack-one-registered-cluster-policy-migrate-controller");
    /// ```
    #[must_use]
    pub fn of(kind: ClusterKind, cluster_uid: &str) -> Self {
        let digest = Sha256::digest(cluster_uid.as_bytes());
        let suffix: String = base16ct::lower::encode_string(&digest[..5]);
        if kind == ClusterKind::Registered {
            return Self {
                user: format!("ack-one-user-{suffix}"),
                policy: REGISTERED_POLICY.to_owned(),
            };
        }
        Self {
            user: format!("ack-backup-center-{suffix}"),
            policy: format!("ack-backup-center-policy-{suffix}"),
        }
    }

    /// Takes a RAM user that was made by hand.
    #[must_use]
    pub fn with_user(mut self, user: impl Into<String>) -> Self {
        self.user = user.into();
        self
    }

    /// Takes a policy that was made by hand.
    #[must_use]
    pub fn with_policy(mut self, policy: impl Into<String>) -> Self {
        self.policy = policy.into();
        self
    }
}

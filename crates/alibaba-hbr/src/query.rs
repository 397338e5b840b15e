//! What to look for among snapshots.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::ids::{BucketName, FileSystemId, InstanceId, PlanId, VaultId};

alibaba_core::words! {
    /// How a search compares.
    SearchOperation {
        /// Equal.
        MatchTerm = "MATCH_TERM",
        /// Greater.
        GreaterThan = "GREATER_THAN",
        /// Greater or equal.
        GreaterThanOrEqual = "GREATER_THAN_OR_EQUAL",
        /// Less.
        LessThan = "LESS_THAN",
        /// Less or equal.
        LessThanOrEqual = "LESS_THAN_OR_EQUAL",
        /// From the first value to the second.
        Between = "BETWEEN",
        /// Equal to any of the values.
        In = "IN",
        /// Equal to none of the values.
        NotIn = "NOT_IN",
    }
}

/// Which snapshots of a vault to find.
///
/// ```
/// use alibaba_hbr::SnapshotQuery;
///
/// let query = SnapshotQuery::in_vault("v-000fake00000000001").completed_from("2026-01-01T00:00:00Z".parse()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct SnapshotQuery(Vec<Condition>);

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Condition {
    field: String,
    operation: SearchOperation,
    value: SearchValue,
}

/// What a search compares with.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum SearchValue {
    /// A text.
    Text(String),
    /// A number, such as a time in UNIX seconds.
    Number(i64),
    /// Several texts.
    Texts(Vec<String>),
    /// Several numbers.
    Numbers(Vec<i64>),
    /// A vault.
    Vault(VaultId),
    /// An instance.
    Instance(InstanceId),
    /// A bucket.
    Bucket(BucketName),
    /// A file system.
    FileSystem(FileSystemId),
    /// A plan.
    Plan(PlanId),
}

impl SnapshotQuery {
    /// The snapshots of a vault.
    pub fn in_vault(vault_id: impl Into<VaultId>) -> Self {
        Self(Vec::new()).is("VaultId", SearchValue::Vault(vault_id.into()))
    }

    /// Only those of this ECS instance.
    #[must_use]
    pub fn of_instance(self, instance_id: impl Into<InstanceId>) -> Self {
        self.is("InstanceId", SearchValue::Instance(instance_id.into()))
    }

    /// Only those of this OSS bucket.
    #[must_use]
    pub fn of_bucket(self, bucket: impl Into<BucketName>) -> Self {
        self.is("Bucket", SearchValue::Bucket(bucket.into()))
    }

    /// Only those of this NAS file system, which was created at this time.
    #[must_use]
    pub fn of_file_system(self, id: impl Into<FileSystemId>, created_at: DateTime<Utc>) -> Self {
        self.is("FileSystemId", SearchValue::FileSystem(id.into()))
            .is("CreateTime", SearchValue::Number(created_at.timestamp()))
    }

    /// Only those of this backup plan.
    #[must_use]
    pub fn of_plan(self, plan_id: impl Into<PlanId>) -> Self {
        self.is("PlanId", SearchValue::Plan(plan_id.into()))
    }

    /// Only those that were complete at this time or later.
    #[must_use]
    pub fn completed_from(self, time: DateTime<Utc>) -> Self {
        let from = SearchOperation::GreaterThanOrEqual;
        self.and("CompleteTime", from, SearchValue::Number(time.timestamp()))
    }

    /// Only those that were complete before this time.
    #[must_use]
    pub fn completed_before(self, time: DateTime<Utc>) -> Self {
        let before = SearchOperation::LessThan;
        self.and(
            "CompleteTime",
            before,
            SearchValue::Number(time.timestamp()),
        )
    }

    /// Any other condition.
    #[must_use]
    pub fn and(
        mut self,
        field: impl Into<String>,
        operation: SearchOperation,
        value: SearchValue,
    ) -> Self {
        self.0.push(Condition {
            field: field.into(),
            operation,
            value,
        });
        self
    }

    fn is(self, field: &str, value: SearchValue) -> Self {
        self.and(field, SearchOperation::MatchTerm, value)
    }
}

impl From<VaultId> for SnapshotQuery {
    fn from(vault_id: VaultId) -> Self {
        Self::in_vault(vault_id)
    }
}

impl From<&VaultId> for SnapshotQuery {
    fn from(vault_id: &VaultId) -> Self {
        Self::in_vault(vault_id)
    }
}

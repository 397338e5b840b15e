//! Filters of the listings of jobs and plans.

use serde::ser::Error as _;
use serde::{Serialize, Serializer};

alibaba_core::words! {
    /// What jobs are filtered by. Which keys a listing takes, its own page says.
    FilterKey {
        /// The region.
        RegionId = "RegionId",
        /// The backup plan.
        PlanId = "PlanId",
        /// The backup job.
        JobId = "JobId",
        /// The vault.
        VaultId = "VaultId",
        /// The ECS instance.
        InstanceId = "InstanceId",
        /// The OSS bucket.
        Bucket = "Bucket",
        /// The NAS file system.
        FileSystemId = "FileSystemId",
        /// The status.
        Status = "Status",
        /// When it was made, in UNIX seconds.
        CreatedTime = "CreatedTime",
        /// When it came to its end, in UNIX seconds. It cannot be compared by [`FilterOperator::In`].
        CompleteTime = "CompleteTime",
        /// The Tablestore instance.
        InstanceName = "InstanceName",
        /// How much a backup copies.
        BackupType = "BackupType",
        /// The job that this one is a part of.
        ParentId = "ParentId",
    }

    /// How a filter compares.
    FilterOperator {
        /// Equal.
        Equal = "EQUAL",
        /// Not equal.
        NotEqual = "NOT_EQUAL",
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
    }
}

/// A condition that listed jobs fulfil.
///
/// ```
/// use alibaba_hbr::{Filter, FilterKey, FilterOperator, JobStatus};
///
/// let of_vault = Filter::equal(FilterKey::VaultId, "v-000fake00000000001");
/// let ended_badly = Filter::any_of(FilterKey::Status, [JobStatus::Failed, JobStatus::PartialComplete]);
/// let recent = Filter::new(FilterKey::CompleteTime, FilterOperator::GreaterThan, ["1767225600"]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Filter {
    key: FilterKey,
    operator: FilterOperator,
    values: Vec<String>,
}

impl Filter {
    /// A condition by key, operator and values.
    pub fn new(
        key: FilterKey,
        operator: FilterOperator,
        values: impl IntoIterator<Item = impl ToString>,
    ) -> Self {
        Self {
            key,
            operator,
            values: values.into_iter().map(|value| value.to_string()).collect(),
        }
    }

    /// The key has this value.
    pub fn equal(key: FilterKey, value: impl ToString) -> Self {
        Self::new(key, FilterOperator::Equal, [value])
    }

    /// The key has any of these values.
    pub fn any_of(key: FilterKey, values: impl IntoIterator<Item = impl ToString>) -> Self {
        Self::new(key, FilterOperator::In, values)
    }

    fn problem(&self) -> Option<String> {
        let (key, operator, count) = (&self.key, &self.operator, self.values.len());
        match (key, operator) {
            (FilterKey::CompleteTime, FilterOperator::In) => {
                Some(format!("`{key}` cannot be compared by `{operator}`"))
            }
            (_, FilterOperator::Between) if count != 2 => Some(format!(
                "expected two values for `{key}` `{operator}`, got {count}"
            )),
            _ if count == 0 => Some(format!("expected a value for `{key}`, got none")),
            _ => None,
        }
    }
}

impl Serialize for Filter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "PascalCase")]
        struct Wire<'a> {
            key: &'a FilterKey,
            operator: &'a FilterOperator,
            values: &'a [String],
        }
        match self.problem() {
            Some(problem) => Err(S::Error::custom(problem)),
            None => Wire {
                key: &self.key,
                operator: &self.operator,
                values: &self.values,
            }
            .serialize(serializer),
        }
    }
}

/// A condition that listed plans fulfil: the key has any of the values.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct PlanFilter {
    key: FilterKey,
    values: Vec<String>,
}

impl PlanFilter {
    /// The key has any of these values.
    pub fn any_of(key: FilterKey, values: impl IntoIterator<Item = impl ToString>) -> Self {
        Self {
            key,
            values: values.into_iter().map(|value| value.to_string()).collect(),
        }
    }
}

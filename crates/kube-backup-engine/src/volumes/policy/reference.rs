//! `resourcePolicy`, which is a reference in Velero's specifications and the rules themselves in ours.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::VolumePolicies;

/// The rules of a backup, or the ConfigMap that Velero would read them from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum ResourcePolicy {
    /// The rules.
    Inline(VolumePolicies),
    /// A ConfigMap. A backup that is run is refused with it, since what it holds belongs in its place.
    Reference {
        /// `configmap`.
        kind: String,
        /// Its name.
        name: String,
    },
}

impl ResourcePolicy {
    pub(crate) fn check(&self) -> Result<(), String> {
        match self {
            Self::Inline(policies) => policies.check(),
            Self::Reference { kind, name } => Err(format!(
                "`resourcePolicy` names {kind} `{name}`, which is not read here; put the rules that it holds in its \
                 place"
            )),
        }
    }

    /// The rules, where they are known.
    #[must_use]
    pub fn policies(&self) -> Option<&VolumePolicies> {
        match self {
            Self::Inline(policies) => Some(policies),
            Self::Reference { .. } => None,
        }
    }
}

impl From<VolumePolicies> for ResourcePolicy {
    fn from(policies: VolumePolicies) -> Self {
        Self::Inline(policies)
    }
}

// Not derived: what is wrong with a rule is to be said, and not that no variant fits.
impl<'de> Deserialize<'de> for ResourcePolicy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Reference {
            #[serde(default, rename = "apiGroup")]
            _api_group: Option<String>,
            kind: String,
            name: String,
        }
        let value = Value::deserialize(deserializer)?;
        if value.get("name").is_some() {
            let Reference { kind, name, .. } =
                serde_json::from_value(value).map_err(D::Error::custom)?;
            return Ok(Self::Reference { kind, name });
        }
        let policies = serde_json::from_value(value).map_err(D::Error::custom)?;
        Ok(Self::Inline(policies))
    }
}

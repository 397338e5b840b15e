//! Tags.

use serde::{Deserialize, Serialize};

/// A tag of a policy or role.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Tag {
    /// The key.
    #[serde(rename(serialize = "Key", deserialize = "TagKey"))]
    pub key: String,
    /// The value.
    #[serde(rename(serialize = "Value", deserialize = "TagValue"))]
    pub value: String,
}

impl Tag {
    /// A tag of this key and value.
    pub fn new(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            value: value.into(),
        }
    }
}

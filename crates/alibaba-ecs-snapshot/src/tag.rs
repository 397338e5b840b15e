//! Tags.

use serde::{Deserialize, Serialize};

/// A tag of a resource.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Tag {
    /// The key.
    #[serde(rename(serialize = "Key", deserialize = "TagKey"), alias = "Key")]
    pub key: String,
    /// The value, which may be empty.
    #[serde(
        default,
        rename(serialize = "Value", deserialize = "TagValue"),
        alias = "Value"
    )]
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

/// Values of one tag to look for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct TagFilter {
    /// The key.
    pub tag_key: String,
    /// The values, any of which will do.
    pub tag_values: Vec<String>,
}

impl TagFilter {
    /// Any of these values of the tag.
    pub fn new(
        key: impl Into<String>,
        values: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        Self {
            tag_key: key.into(),
            tag_values: values.into_iter().map(Into::into).collect(),
        }
    }
}

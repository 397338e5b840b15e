//! Tags of policies and roles.

use serde::Deserialize;
use serde_json::{Value, json};

/// A tag as requests have it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tag {
    key: String,
    #[serde(default)]
    value: String,
}

/// As the directory keeps them.
pub(super) fn pairs(tags: Option<Vec<Tag>>) -> Vec<(String, String)> {
    let tags = tags.into_iter().flatten();
    tags.map(|tag| (tag.key, tag.value)).collect()
}

/// Whether something has all the tags that a listing asks for.
pub(super) fn has_all(tags: &[(String, String)], wanted: &[(String, String)]) -> bool {
    wanted.iter().all(|tag| tags.contains(tag))
}

pub(super) fn show(tags: &[(String, String)]) -> Value {
    let tag = |(key, value): &(String, String)| json!({ "TagKey": key, "TagValue": value });
    json!({ "Tag": tags.iter().map(tag).collect::<Vec<_>>() })
}

//! Tags, in requests and responses.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::openapi::error::ApiError;

/// The tags of a resource.
pub(super) type Tags = BTreeMap<String, String>;

/// How many a resource may have.
pub(super) const MOST: usize = 20;

/// A tag as requests have it. Without a value it is any, in a filter.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tag {
    pub(super) key: String,
    pub(super) value: Option<String>,
}

/// Checks tags that something is to get.
pub(super) fn read(tags: Vec<Tag>) -> Result<Tags, ApiError> {
    if tags.len() > MOST {
        return Err(ApiError::bad_request(
            "NumberExceed.Tags",
            "The number of tags exceeds the limit.",
        ));
    }
    let mut read = Tags::new();
    for Tag { key, value } in tags {
        let value = value.unwrap_or_default();
        let has_url = |text: &str| text.contains("http://") || text.contains("https://");
        let is_reserved = key.starts_with("aliyun") || key.starts_with("acs:");
        if !(1..=128).contains(&key.chars().count()) || is_reserved || has_url(&key) {
            return Err(malformed("InvalidTagKey.Malformed"));
        }
        if value.chars().count() > 128 || has_url(&value) {
            return Err(malformed("InvalidTagValue.Malformed"));
        }
        if read.insert(key, value).is_some() {
            return Err(ApiError::bad_request(
                "Duplicate.TagKey",
                "The Tag.N.Key contain duplicate key.",
            ));
        }
    }
    Ok(read)
}

/// Checks the tags of a filter.
pub(super) fn filter(tags: &[Tag]) -> Result<(), ApiError> {
    if tags.len() > MOST {
        return Err(ApiError::bad_request(
            "InvalidTagCount",
            "The specified tags are beyond the permitted range.",
        ));
    }
    if tags.iter().any(|tag| tag.key.is_empty()) {
        return Err(ApiError::bad_request(
            "InvalidTag.Mismatch",
            "The specified Tag.n.Key and Tag.n.Value are not match.",
        ));
    }
    Ok(())
}

/// Whether something has all the tags that a filter asks for.
pub(super) fn has_all(tags: &Tags, wanted: &[Tag]) -> bool {
    wanted.iter().all(|wanted| {
        let found = tags.get(&wanted.key);
        found.is_some_and(|found| wanted.value.as_ref().is_none_or(|value| value == found))
    })
}

/// As lists of snapshots, disks, instances and policies have them.
pub(super) fn show(tags: &Tags) -> Value {
    let tag = |(key, value)| json!({ "TagKey": key, "TagValue": value });
    json!({ "Tag": tags.iter().map(tag).collect::<Vec<_>>() })
}

/// As groups have them.
pub(super) fn show_of_group(tags: &Tags) -> Value {
    let tag = |(key, value)| json!({ "Key": key, "Value": value });
    json!({ "Tag": tags.iter().map(tag).collect::<Vec<_>>() })
}

fn malformed(code: &'static str) -> ApiError {
    ApiError::bad_request(code, "The specified tag is not valid.")
}
